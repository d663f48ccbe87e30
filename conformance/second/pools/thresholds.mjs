// What thresholds say to a request before anything is reserved for it.

import {evaluate} from '../conditions/evaluate.mjs';
import {PICO} from '../decimal.mjs';
import {balanceOf, factsWith, keyOf, limitIn, poolsThatCount, throttleOf} from './charging.mjs';
import {writeRow} from './rows.mjs';

/**
 * Asks the thresholds of the pools that count a request (OTB-POOL-060 to 064).
 *
 * @param {object} question what is asked
 * @param {object} tier in which the attempt would begin
 * @param {{instant: bigint, store: object}} now
 * @returns {{refusal?: {action: string, reason: string, retryAfter?: bigint}, ceiling: number, throttles: object[], rows: object[]}}
 *   `ceiling`: the index of the highest tier that may serve; `throttles`: entries to reserve in
 */
export function askThresholds(question, tier, {instant, store}) {
  const {facts, policy: {pools}} = question;
  const found = {ceiling: Infinity, throttles: [], rows: []};
  if (!store.isAvailable) return found;
  const refusing = [];
  const seenFacts = factsWith(facts, {tier});
  for (const pool of poolsThatCount(pools, seenFacts)) {
    const key = keyOf(pool, facts);
    if (pool.thresholds.length === 0 || key === undefined) continue;
    const entry = balanceOf(pool, {key, limit: limitIn(pool, key, facts, instant)});
    const seen = store.ledger.look(entry, store.now);
    for (const {action} of taken(pool, entry, seen, seenFacts)) {
      found.rows.push(writeRow({...entry, bound: 0n}, seen, `threshold-${action.kind}`));
      // A shadow says what it would do, and does nothing.
      if (pool.enforcement === 'shadow') continue;
      if (action.kind === 'downgrade' && action.tier < found.ceiling) found.ceiling = action.tier;
      if (action.kind === 'throttle') found.throttles.push(throttleOf(pool, key, action));
      if (action.kind === 'deny' || action.kind === 'queue') refusing.push({kind: action.kind, entry, seen});
    }
  }
  return {...found, refusal: refusalOf(refusing, store)};
}

// Those that are reached, of each kind the one with the highest `at`, in document order.
function taken({thresholds}, {limit}, seen, facts) {
  const used = (seen.settled + seen.reserved) * PICO;
  const whole = limit === null ? 0n : limit + seen.granted;
  // Of what is unlimited no share is used, and all of what is nothing (OTB-POOL-061).
  const isReached = (at) => (limit === null ? at === 0n : whole <= 0n || used >= at * whole);
  const reached = thresholds.filter(({at, when}) => isReached(at) && (when === undefined || evaluate(when, facts) !== false));
  return reached.filter((one) => one === highest(reached.filter(({action}) => action.kind === one.action.kind)));
}

function highest(thresholds) {
  return thresholds.reduce((found, one) => (one.at > found.at ? one : found));
}

function refusalOf(refusing, {ledger, now}) {
  const kind = ['deny', 'queue'].find((action) => refusing.some((one) => one.kind === action));
  if (kind === undefined) return undefined;
  const moves = refusing.filter((one) => one.kind === kind).map(({entry, seen}) => {
    const whole = entry.limit === null ? 0n : entry.limit + seen.granted;
    return ledger.movesOn(entry, {now, need: seen.settled + seen.reserved - whole, ever: whole > 0n});
  });
  return {action: kind, reason: `threshold-${kind}`, retryAfter: latest(moves)};
}

/**
 * The latest of some instants.
 *
 * @param {(bigint | undefined)[]} instants at least one
 * @returns {bigint | undefined} undefined where one of them never comes
 */
export function latest(instants) {
  if (instants.includes(undefined)) return undefined;
  return instants.reduce((found, one) => (one > found ? one : found));
}
