// Which balances an attempt is charged to, and with what limits.

import {evaluate} from '../conditions/evaluate.mjs';
import {formatPico, PICO} from '../decimal.mjs';

/**
 * The facts that conditions of pools read (50-pools.md).
 *
 * @param {Map<string, unknown>} facts of the request
 * @param {{tier: object, candidate?: object}} serving the `candidate` where it is known
 * @returns {{get: (name: string) => unknown}}
 */
export function factsWith(facts, {tier, candidate}) {
  const known = new Map([
    ['candidate.tier', tier.id], ['candidate.model', candidate?.model.id],
    ['candidate.provider', candidate?.provider], ['candidate.deployment', candidate?.name],
  ]);
  return {get: (name) => (known.has(name) ? known.get(name) : facts.get(name))};
}

/**
 * The pools that count an attempt, their parents included (OTB-POOL-020).
 *
 * @param {object[]} pools compiled
 * @param {{get: (name: string) => unknown}} facts by `factsWith`
 * @returns {object[]} in document order
 */
export function poolsThatCount(pools, facts) {
  const counted = new Set();
  for (const pool of pools) {
    if (pool.when !== undefined && evaluate(pool.when, facts) === false) continue;
    for (let one = pool; one !== undefined && !counted.has(one); one = pools[one.parent]) counted.add(one);
  }
  return pools.filter((pool) => counted.has(pool));
}

/**
 * The key of a request in a pool (OTB-POOL-021).
 *
 * @param {object} pool compiled
 * @param {Map<string, unknown>} facts of the request
 * @returns {string[] | undefined} texts of its values, none without a partition; undefined where one is missing
 */
export function keyOf({partitionBy}, facts) {
  const texts = (partitionBy ?? []).map((name) => textOf(facts.get(name)));
  return texts.includes(undefined) ? undefined : texts;
}

// The text of an attribute's value (OTB-POOL-023).
function textOf(value) {
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'bigint') return formatPico(value);
  if (Array.isArray(value)) return [...new Set(value)].sort(byCodePoints).map(escaped).join(',');
  return String(value);
}

function escaped(member) {
  return member.replaceAll('~', '~0').replaceAll(',', '~2');
}

function byCodePoints(one, other) {
  return Buffer.compare(Buffer.from(one), Buffer.from(other));
}

/**
 * The limit of a request in a pool (OTB-POOL-023, 024).
 *
 * @param {object} pool compiled
 * @param {string[]} key by `keyOf`
 * @param {Map<string, unknown>} facts of the request
 * @param {bigint} instant nanoseconds
 * @returns {bigint | null} pico; null is unlimited
 */
export function limitIn({limitBy, limitOf, adjustments}, key, facts, instant) {
  const limit = limitOf(limitBy === undefined ? undefined : textOf(facts.get(limitBy)));
  if (limit === null) return null;
  const applies = ({from, until, partition}) => from <= instant && (until === undefined || instant < until)
    && (partition === undefined || (partition.length === key.length && partition.every((text, index) => text === key[index])));
  const adjusted = adjustments.filter(applies).reduce((sum, {amount}) => sum + amount, limit);
  return adjusted < 0n ? 0n : adjusted;
}

/**
 * A balance of a pool: what the ledger knows it by, and the limit of the request.
 *
 * @param {object} pool compiled
 * @param {{key: string[], limit: bigint | null}} of
 * @returns {object} an entry of `part` undefined, without a bound
 */
export function balanceOf(pool, {key, limit}) {
  return {pool, key, part: undefined, measure: pool.measure, window: pool.window, limit};
}

/**
 * The balances together of those without a guarantee (OTB-POOL-045).
 *
 * @param {object} balance of the pool itself
 * @param {{get: (name: string) => unknown}} facts by `factsWith`
 * @returns {object[]} balances, one for each guarantee that the request does not have; none of what is unlimited
 */
export function othersOf(balance, facts) {
  const {pool, limit} = balance;
  if (limit === null) return [];
  return pool.guarantees.flatMap(({share, when}, index) => {
    if (when === undefined || evaluate(when, facts) === true) return [];
    return [{...balance, part: `others-${index}`, limit: (limit * (PICO - share)) / PICO}];
  });
}

/**
 * The balance of what a threshold lets through (OTB-POOL-064).
 *
 * @param {object} pool compiled
 * @param {string[]} key
 * @param {{requests: bigint, window: object}} action
 * @returns {object} an entry with its bound
 */
export function throttleOf(pool, key, {requests, window}) {
  return {pool, key, part: 'throttle', measure: 'requests', window, limit: requests, bound: PICO};
}
