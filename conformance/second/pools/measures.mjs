// What pools measure: the bound of an attempt, and what it used.

import {divideCeiling, PICO} from '../decimal.mjs';
import {isPartOf, isWithin, readMeter} from '../pricing/meters.mjs';
import {billedQuantities} from '../pricing/cost.mjs';

const WORDS = Object.freeze(['cost', 'tokens', 'value_tokens', 'requests', 'concurrent']);
// Weighted tokens are counted in 10^-6 (OTB-POOL-026).
const WEIGHTED = PICO / 1_000_000n;

/**
 * The one name of a measure.
 *
 * @param {string} key of a limit
 * @returns {string} a meter's tags in their order
 */
export function measureNamed(key) {
  return WORDS.includes(key) ? key : readMeter(key).name;
}

/**
 * What an attempt asks of a pool at most.
 *
 * @param {string} measure by `measureNamed`
 * @param {{bound: bigint, limit: number}} offer its cost and output limit
 * @param {{tokens: {input: number}, most: Map, value: bigint}} question the request
 * @returns {bigint} pico of the measure
 */
export function boundIn(measure, offer, {tokens, most, value}) {
  const all = BigInt(tokens.input + offer.limit) * PICO;
  switch (measure) {
    case 'cost':
      return offer.bound;
    case 'tokens':
      return all;
    case 'value_tokens':
      return weighed(all, value);
    case 'requests':
    case 'concurrent':
      return PICO;
    default:
      return meterBound(readMeter(measure), offer, tokens, most);
  }
}

function meterBound(meter, offer, tokens, most) {
  const entries = [...most.values()];
  const wholes = entries.filter((entry) => isWithin(meter, entry.meter)).map(({quantity}) => quantity);
  if (meter.tags.has('input')) wholes.push(BigInt(tokens.input) * PICO);
  if (meter.tags.has('output')) wholes.push(BigInt(offer.limit) * PICO);
  if (wholes.length > 0) return wholes.reduce((found, one) => (one < found ? one : found));
  const parts = entries.filter((entry) => isPartOf(entry.meter, meter));
  const named = parts.filter((entry) => !parts.some((other) => isPartOf(entry.meter, other.meter)));
  if (named.length > 0) return named.reduce((sum, {quantity}) => sum + quantity, 0n);
  return meter.tags.has('request') ? PICO : 0n;
}

/**
 * What an attempt used in a measure.
 *
 * @param {string} measure by `measureNamed`
 * @param {{usage: Map, cost?: bigint}} used `usage` as `readUsage` gives it; `cost` is absent where it has no price
 * @param {{bound: bigint, weight: bigint}} held what was reserved, and the value of the request then
 * @returns {bigint} pico of the measure; the bound for a cost that nobody knows (OTB-POOL-047)
 */
export function usedIn(measure, {usage, cost}, {bound, weight}) {
  switch (measure) {
    case 'cost':
      return cost ?? bound;
    case 'tokens':
      return tokensOf(usage);
    case 'value_tokens':
      return weighed(tokensOf(usage), weight);
    case 'requests':
      return PICO;
    case 'concurrent':
      return 0n;
    default:
      return meterUsed(readMeter(measure), usage);
  }
}

function weighed(tokens, weight) {
  return divideCeiling(tokens * weight, PICO * WEIGHTED) * WEIGHTED;
}

function tokensOf(usage) {
  return sumOf(usage, (meter) => meter.token);
}

function meterUsed(meter, usage) {
  const names = [...usage.values()].some((entry) => isWithin(entry.meter, meter));
  if (!names) return meter.tags.has('request') ? PICO : 0n;
  return sumOf(usage, (one) => isWithin(one, meter));
}

// Of each meter what is billed of itself, so that a part of two others counts once.
function sumOf(usage, counts) {
  let sum = 0n;
  for (const {meter, quantity} of billedQuantities([...usage.values()], []).values()) if (counts(meter)) sum += quantity;
  return sum;
}
