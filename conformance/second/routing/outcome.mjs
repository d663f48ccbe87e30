// What can go wrong with an attempt (OTB-DEC-040).

/** The errors that an outcome may say. */
export const ERRORS = Object.freeze([
  'unavailable', 'rate_limited', 'timeout', 'context_exceeded', 'model_gone', 'content_filtered', 'bad_response', 'other',
]);
