// Reserving for an attempt, and what is answered when there is no room.

import {balanceOf, factsWith, keyOf, limitIn, othersOf, poolsThatCount} from './charging.mjs';
import {boundIn} from './measures.mjs';
import {writeRow} from './rows.mjs';
import {latest} from './thresholds.mjs';
import {periodAt, wholeMicroseconds} from './windows.mjs';

const STRENGTH = Object.freeze(['deny', 'queue', 'throttle', 'downgrade']);

/**
 * The id of what is held for an attempt.
 *
 * @param {string} id of the decision
 * @param {number} attempt
 * @returns {string}
 */
export function reservationId(id, attempt) {
  return `${id}#${attempt}`;
}

/**
 * Reserves for an attempt in all pools that count it, or in none.
 *
 * @param {object} question what is asked; `throttles` are reserved in, too
 * @param {{tier: object, offer: object, attempt: number}} who would serve
 * @param {{instant: bigint, store: object}} now
 * @returns {{isHeld: boolean, rows: object[], reasons: string[], reservation?: object, refused?: object[], reason?: string}}
 *   `refused`: the entries that refused, as the ledger saw them; `reason` where that is no matter of room
 */
export function admit(question, {tier, offer, attempt}, {instant, store}) {
  const entries = entriesOf(question, tier, offer, instant);
  if (entries === undefined) return {isHeld: false, rows: [], reason: 'missing-partition-key'};
  if (entries.length === 0) return {isHeld: true, rows: [], reasons: []};
  const id = reservationId(question.id, attempt);
  if (!store.isAvailable) return withoutStore(id, entries, instant);
  const {isHeld, asked, expiresAt} = store.ledger.reserve(id, entries, {now: store.now, policy: question.policy.documents.policy});
  if (!isHeld) {
    const refused = asked.filter(({entry, fits}) => !fits && refuses(entry));
    return {isHeld, rows: refused.map(({entry, seen}) => writeRow(entry, seen, 'no-room')), refused};
  }
  const isOver = asked.some(({entry, fits}) => !fits && entry.pool.enforcement === 'soft');
  return {
    isHeld,
    rows: asked.map(({entry, seen, fits}) => writeRow(entry, seen, fits ? 'held' : 'over-limit')),
    reasons: isOver ? ['over-limit'] : [],
    reservation: {id, expiresAt, entries},
  };
}

// OTB-POOL-080.
function withoutStore(id, entries, instant) {
  const rows = entries.map((entry) => writeRow(entry, windowOf(entry, instant), 'store-unavailable'));
  if (!entries.every(({pool}) => pool.failsOpen || pool.enforcement === 'shadow')) return {isHeld: false, rows, reason: 'store-unavailable'};
  return {isHeld: true, rows, reasons: ['store-failed-open'], reservation: {id, entries}};
}

// The window by the router's own clock.
function windowOf({window}, instant) {
  return window.kind === 'calendar' || window.kind === 'fixed' ? periodAt(window, wholeMicroseconds(instant)) : {};
}

function refuses({pool, part}) {
  return part === 'throttle' || pool.enforcement === 'reserve' || pool.enforcement === 'check';
}

// Undefined where a partition lacks its key (OTB-POOL-022).
function entriesOf(question, tier, offer, instant) {
  const {facts, policy, throttles} = question;
  const seen = factsWith(facts, {tier, candidate: offer.candidate});
  const entries = [];
  for (const pool of poolsThatCount(policy.pools, seen)) {
    const key = keyOf(pool, facts);
    if (key === undefined) {
      if (pool.enforcement === 'reserve' || pool.enforcement === 'check') return undefined;
      continue;
    }
    const balance = {...balanceOf(pool, {key, limit: limitIn(pool, key, facts, instant)}), bound: boundIn(pool.measure, offer, question)};
    entries.push(...[balance, ...othersOf(balance, seen)].map((entry) => ({...entry, weight: question.value})));
  }
  // A pool that does not count the attempt does not throttle it.
  const counts = new Set(entries.map(({pool}) => pool));
  return [...entries, ...(throttles ?? []).filter(({pool}) => counts.has(pool))];
}

/**
 * What is answered when pools refuse (OTB-POOL-071, 072, 074).
 *
 * @param {object[]} refused as `admit` answers them
 * @param {{floor: number, index: number, store: object}} at `index`: the tier that was refused
 * @returns {{action: string, tier?: number, retryAfter?: bigint}} `tier` with the action `downgrade`
 */
export function answerRefused(refused, {floor, index, store}) {
  const throttled = new Set(refused.filter(({entry}) => entry.part === 'throttle').map(({entry}) => entry.pool));
  // What a throttle refuses is not asked of the other actions of its pool.
  const asking = refused.filter(({entry}) => entry.part === 'throttle' || !throttled.has(entry.pool));
  const kinds = asking.map(({entry}) => actionOf(entry).kind);
  const strongest = STRENGTH.find((kind) => kinds.includes(kind));
  const retryAfter = latest(refused.map((one) => movesOn(one, store)));
  if (strongest !== 'downgrade') return {action: strongest, retryAfter};
  const lowest = Math.min(...asking.map(({entry}) => actionOf(entry).tier));
  const tier = Math.max(floor, lowest);
  return tier < index ? {action: 'downgrade', tier, retryAfter} : {action: 'deny', retryAfter};
}

function actionOf({pool, part}) {
  return part === 'throttle' ? {kind: 'throttle'} : pool.atLimit;
}

function movesOn({entry, seen}, {ledger, now}) {
  const action = actionOf(entry);
  const window = entry.part !== 'throttle' && action.kind === 'throttle' ? action.window : entry.window;
  const whole = entry.limit + seen.granted;
  return ledger.movesOn({...entry, window}, {now, need: seen.settled + seen.reserved + entry.bound - whole, ever: entry.bound <= whole});
}

/**
 * What was asked in vain of the pools that refused, so that lower tiers can ask for less (OTB-POOL-073).
 *
 * @param {Map<object, bigint>} [before] by pool
 * @param {object[]} refused as `admit` answers them
 * @returns {Map<object, bigint>} the least bound by pool
 */
export function barredBy(before, refused) {
  const barred = new Map(before);
  for (const {entry} of refused) {
    const known = barred.get(entry.pool);
    if (known === undefined || entry.bound < known) barred.set(entry.pool, entry.bound);
  }
  return barred;
}

/**
 * Whether a candidate asks no less of a pool that refused.
 *
 * @param {object} question with `barred`, by `barredBy`
 * @param {object} tier
 * @param {object} offer
 * @returns {boolean}
 */
export function cannotHelp(question, tier, offer) {
  const {barred, facts, policy} = question;
  if (barred === undefined) return false;
  const counting = poolsThatCount(policy.pools, factsWith(facts, {tier, candidate: offer.candidate}));
  return counting.some((pool) => barred.has(pool) && boundIn(pool.measure, offer, question) >= barred.get(pool));
}
