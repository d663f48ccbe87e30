// Facts as conditions compare them: numbers as integers of 10^-12, instants as nanoseconds, the rest as it is.

import {parsePico, PICO} from '../decimal.mjs';
import {parseInstant} from '../instant.mjs';

/** The types that a fact can have. */
export const TYPES = Object.freeze(['string', 'integer', 'decimal', 'boolean', 'strings', 'time']);

/**
 * Brings a value of JSON into the form in which it is compared (OTB-COND-013).
 *
 * @param {unknown} value
 * @param {string} type one of `TYPES`
 * @returns {string | boolean | bigint | string[] | undefined} integers and decimals in pico, instants in nanoseconds;
 *   undefined where the value is null or not of the type
 */
export function normalise(value, type) {
  switch (type) {
    case 'string':
      return typeof value === 'string' ? value : undefined;
    case 'boolean':
      return typeof value === 'boolean' ? value : undefined;
    case 'integer':
      return typeof value === 'number' ? BigInt(value) * PICO : undefined;
    case 'decimal':
      return parsePico(value);
    case 'strings':
      return Array.isArray(value) && value.every((item) => typeof item === 'string') ? value : undefined;
    case 'time':
      return parseInstant(value);
    default:
      return undefined;
  }
}

/**
 * Brings an operand into the form in which it is compared; an integer is an operand of decimals, too (OTB-COND-013).
 *
 * @param {unknown} value
 * @param {string} type one of `TYPES`
 * @returns {string | boolean | bigint | string[] | undefined} as `normalise`
 */
export function normaliseOperand(value, type) {
  return normalise(value, type === 'decimal' && typeof value === 'number' ? 'integer' : type);
}

const DERIVED = Object.freeze({
  input_tokens: 'integer', max_output_tokens: 'integer', expected_output_tokens: 'integer', needs: 'strings',
  hour: 'integer', weekday: 'string', confidence: 'decimal', value: 'decimal', time: 'time',
});

/**
 * The type of a fact that is derived from a request (40-policy.md, "fact of a request").
 *
 * @param {string} name
 * @returns {string | undefined} undefined where no such fact is derived
 */
export function derivedType(name) {
  if (Object.hasOwn(DERIVED, name)) return DERIVED[name];
  return /^context\.[a-z][a-z0-9_]*$/.test(name) ? 'string' : undefined;
}
