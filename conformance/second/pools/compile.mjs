// The pools of a policy made ready: conditions read, limits in pico, parents by their place.

import {readCondition} from '../conditions/read.mjs';
import {parsePico, PICO} from '../decimal.mjs';
import {parseDuration, parseMoment} from '../instant.mjs';
import {measureNamed} from './measures.mjs';
import {readWindow, throttleWindow} from './windows.mjs';

const EXPIRES_AFTER = 'PT10M';
const FAILS = Object.freeze({check: 'closed', soft: 'open', shadow: 'open'});

/**
 * Makes the pools of a policy ready that has no problems.
 *
 * @param {Map} data a policy
 * @param {{typeOf: (name: string) => string | undefined, tierIndex: Map<string, number>}} setting `typeOf`: the facts that
 *   conditions of pools read
 * @returns {object[]} in document order
 */
export function compilePools(data, {typeOf, tierIndex}) {
  const pools = data.get('pools') ?? [];
  const places = new Map(pools.map((pool, index) => [pool.get('id'), index]));
  const read = (from) => (from.has('when') ? readCondition(from.get('when'), typeOf, '', []) : undefined);
  return pools.map((pool, index) => {
    const enforcement = pool.get('enforcement');
    return {
      index,
      id: pool.get('id'),
      when: read(pool),
      parent: pool.has('parent') ? places.get(pool.get('parent')) : undefined,
      partitionBy: pool.get('partition_by'),
      ...compileLimit(pool.get('limit')),
      window: readWindow(pool.get('window')),
      enforcement,
      thresholds: (pool.get('thresholds') ?? []).map((one) => ({at: parsePico(one.get('at')), when: read(one), action: readAction(one.get('do'), tierIndex)})),
      guarantees: (pool.get('guarantees') ?? []).map((one) => ({share: parsePico(one.get('share')), when: read(one)})),
      atLimit: readAction(pool.get('at_limit') ?? (enforcement === 'soft' ? 'allow' : 'deny'), tierIndex),
      failsOpen: (pool.get('on_store_failure') ?? FAILS[enforcement]) === 'open',
      expiresAfter: parseDuration(pool.get('expires_after') ?? EXPIRES_AFTER),
      releases: pool.get('on_expiry') === 'release',
      carriesOverrun: pool.get('carry_overrun') === true,
      rollover: pool.has('rollover') ? {cap: parsePico(pool.get('rollover').get('cap'))} : undefined,
      adjustments: (pool.get('adjustments') ?? []).map(readAdjustment),
    };
  });
}

function compileLimit(limit) {
  if (!limit.has('by')) return {measure: measureOf(limit), limitOf: () => amountOf(limit)};
  const otherwise = amountOf(limit.get('otherwise'));
  const amounts = new Map([...limit.get('of')].map(([value, one]) => [value, amountOf(one)]));
  return {
    measure: measureOf(limit.get('otherwise')),
    limitBy: limit.get('by'),
    limitOf: (text) => (amounts.has(text) ? amounts.get(text) : otherwise),
  };
}

function measureOf(limit) {
  return measureNamed([...limit.keys()][0]);
}

// Pico; null is unlimited.
function amountOf(limit) {
  const [amount] = limit.values();
  if (amount === null) return null;
  return typeof amount === 'number' ? BigInt(amount) * PICO : parsePico(amount);
}

function readAction(action, tierIndex) {
  if (typeof action === 'string') return {kind: action};
  if (action.has('downgrade')) return {kind: 'downgrade', tier: tierIndex.get(action.get('downgrade'))};
  const throttle = action.get('throttle');
  return {kind: 'throttle', requests: BigInt(throttle.get('requests')) * PICO, window: throttleWindow(parseDuration(throttle.get('per')))};
}

function readAdjustment(one) {
  return {
    from: parseMoment(one.get('from')), until: one.has('until') ? parseMoment(one.get('until')) : undefined,
    amount: parsePico(one.get('amount')), partition: one.get('partition'),
  };
}
