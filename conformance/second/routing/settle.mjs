// What an attempt used: its record, and what pools are charged for it.

import {formatPico} from '../decimal.mjs';
import {formatInstant, SECOND} from '../instant.mjs';
import {heldOf, nameOf, usedIn, writeEntry} from '../pools/index.mjs';
import {costOf, readUsage, situationAt, writeCost} from '../pricing/index.mjs';
import {problem, Refusal, refuse} from '../problem.mjs';
import {ERRORS} from './outcome.mjs';

const SOURCES = Object.freeze(['provider', 'estimated', 'unknown']);
const LONGEST = 36_525n * 86_400n * SECOND;
const EXACTNESS = Object.freeze({provider: 'computed', estimated: 'estimated'});
// Where the usage itself is wrong, and not its price missing.
const CONTRADICTIONS = Object.freeze(['subset-exceeds-parent', 'join-required']);

/**
 * Settles the attempt of a decision (OTB-USAGE-001 to 008, OTB-POOL-046 to 050).
 *
 * @param {object} state of `decide` or `next`
 * @param {{usage?: Map, source?: string, served?: string, context?: Map, error?: string}} said
 * @param {object} store `ledger`, `now`, `isAvailable`
 * @returns {object} the record of the attempt
 * @throws {Refusal}
 */
export function settle(state, {usage, source, served, context, error}, store) {
  const {question, made} = attemptOf(state);
  if (error !== undefined && !ERRORS.includes(error)) refuse('bad-outcome', '/error', 'no known error', 'OTB-DEC-040');
  if (source !== undefined && !SOURCES.includes(source)) refuse('not-one-of', '/usage_source', 'no known source', 'OTB-USAGE-003');
  const used = readUsed(question, made, {usage: source === 'unknown' ? undefined : usage, served, context});
  const reservation = endAttempt(question, made, {used, error}, store);
  const outcome = error === undefined ? {status: 'ok'} : {status: 'error', error};
  return recordOf(question, made, {used, source, served, reservation, outcome});
}

/**
 * Releases the attempt of a decision, which was not made (OTB-POOL-048).
 *
 * @param {object} state of `decide` or `next`
 * @param {object} store as for `settle`
 * @returns {object} the record of the attempt
 * @throws {Refusal}
 */
export function release(state, store) {
  const {question, made} = attemptOf(state);
  const reservation = endInStore(made, store, (ledger, id) => ledger.release(id, store.now));
  return recordOf(question, made, {used: {context: contextOf(question, made)}, reservation, outcome: {status: 'aborted'}});
}

/**
 * Lets what is held for an attempt live on (OTB-POOL-049).
 *
 * @param {object} state of `decide` or `next`
 * @param {bigint} length nanoseconds from the store's clock
 * @param {object} store as for `settle`
 * @returns {{expires_at: string | null}}
 * @throws {Refusal}
 */
export function extend(state, length, store) {
  const {made} = attemptOf(state);
  if (length < SECOND || length > LONGEST) refuse('out-of-range', '/seconds', 'less than a second or more than 36,525 days', 'OTB-POOL-049');
  const isHeld = made.reservation !== undefined && store.isAvailable;
  const until = isHeld ? store.ledger.extend(made.reservation.id, length, store.now) : undefined;
  return {expires_at: until === undefined ? null : formatInstant(until)};
}

function attemptOf(state) {
  if (state.made === undefined) refuse('nothing-to-settle', '', 'the decision allowed no attempt', 'OTB-USAGE-007');
  return state;
}

/**
 * Reads a usage, and what it costs at the dispatch of its attempt (OTB-USAGE-008).
 *
 * @param {object} question
 * @param {object} made the attempt
 * @param {{usage?: Map, served?: string, context?: Map}} said
 * @returns {{context: Map, usage?: Map, reported?: Map, cost?: object, situation?: object}} without `usage` nobody knows it;
 *   without `cost` it has no price
 * @throws {Refusal}
 */
export function readUsed(question, made, {usage, served, context}) {
  const merged = new Map([...contextOf(question, made), ...(context ?? [])]);
  const priced = priceOf(question, made, {served, merged});
  const problems = [];
  const read = usage === undefined ? undefined : readUsage(usage, '/usage', problems);
  if (problems.length > 0) throw new Refusal(problems);
  const cost = priced.problems === undefined && read !== undefined ? costOf(priced, read) : priced;
  if (cost.problems !== undefined && (made.reservation === undefined || cost.problems.some(({code}) => CONTRADICTIONS.includes(code)))) {
    throw new Refusal(cost.problems);
  }
  if (read === undefined) return {context: merged};
  const known = {context: merged, usage: read, reported: usage};
  return cost.problems === undefined ? {...known, cost, situation: priced} : known;
}

// What is held for an attempt is charged whatever was served; else a price that is missing is a problem.
function priceOf({policy: {catalog}}, {served: {candidate}, instant}, {served, merged}) {
  const model = served === undefined ? candidate.model : catalog.byName.get(served);
  if (model === undefined) return {problems: [problem('unknown-model', '/served', 'no model has that exact name', 'OTB-CAT-008')]};
  return situationAt(catalog, model, instant, merged);
}

function contextOf({context}, {served}) {
  return new Map([...served.candidate.context, ...context]);
}

/**
 * Ends what is held for an attempt, by what it used.
 *
 * @param {object} question
 * @param {object} made the attempt
 * @param {{used: object, error?: string}} how `used` by `readUsed`
 * @param {object} store as for `settle`
 * @returns {object | undefined} the reservation as a record says it; undefined where no pool was asked
 */
export function endAttempt(question, made, {used, error}, store) {
  return endInStore(made, store, (ledger, id) => {
    if (used.usage === undefined && error !== undefined && error !== 'timeout') return ledger.release(id, store.now);
    return ledger.settle(id, (entry) => chargedFor(entry, used), store.now);
  });
}

// OTB-POOL-047; a slot is free when its call is over, whatever it used.
function chargedFor(entry, {usage, cost}) {
  if (usage !== undefined) return usedIn(entry.measure, {usage, cost: cost?.total}, entry);
  return entry.measure === 'concurrent' ? 0n : entry.bound;
}

function endInStore({reservation}, {isAvailable, ledger}, end) {
  if (reservation === undefined) return undefined;
  const {id} = reservation;
  const {status, entries} = isAvailable ? end(ledger, id) : {status: 'store-unavailable'};
  const ended = new Map((entries ?? []).map((one) => [nameOf(one.entry), one]));
  // What the router meant to hold, though the store may know of more.
  return {id, status, entries: reservation.entries.map((entry) => writeEntry(ended.get(nameOf(entry)) ?? {entry, reserved: heldOf(entry)}))};
}

function recordOf({policy, base, value}, {attempt, served, instant}, {used, source, served: named, reservation, outcome}) {
  const {context, reported, cost, situation} = used;
  const priced = cost && writeCost(situation, policy.catalog.currency, cost);
  const known = reported === undefined ? 'unknown' : source ?? 'provider';
  return {
    otb: '1.0',
    record: 'attempt',
    id: `${base.id}#${attempt.number}`,
    at: formatInstant(instant),
    decision: base.id,
    request: base.request,
    ...attempt,
    tier: served.tier.id,
    models: {routed: served.candidate.name, served: named, priced: priced?.model},
    context: context.size > 0 ? context : undefined,
    usage: reported,
    usage_source: known,
    lines: priced?.lines,
    total: priced?.total,
    currency: priced?.currency,
    exactness: priced === undefined ? 'unknown' : EXACTNESS[known],
    catalog: priced && policy.documents.catalog,
    value: formatPico(value),
    reservation,
    outcome,
  };
}
