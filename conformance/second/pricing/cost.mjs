// What a usage costs, exactly: quantities that are billed, their rates, one rounding per line.

import {divideHalfEven, formatExact, formatPico, PICO} from '../decimal.mjs';
import {problem} from '../problem.mjs';
import {compareMeters, isPartOf, joinOf, readMeter} from './meters.mjs';
import {writeQuantity} from './quantities.mjs';
import {factsOf, isForbidden, rateFor, ratesInForce} from './situation.mjs';

const REQUEST = readMeter('request');

/**
 * The cost of a usage (OTB-PRICE-004 to 027, 035).
 *
 * @param {object} situation as `situationAt` answers it
 * @param {Map<string, {meter: object, quantity: bigint, pointer: string}>} usage reported quantities in pico
 * @param {Map<string, {quantity: bigint}>} [used] quantities used before, which let allowances count
 * @returns {{total: bigint, lines: object[]} | {problems: object[]}} `total` in pico; lines hold
 *   `meter`, `quantity`, `free` (pico), `rate`, `amount` (pico)
 */
export function costOf(situation, usage, used) {
  const namesRequest = situation.list.hasRequest && [...usage.values()].some(({meter}) => meter.tags.has('request'));
  const countsRequest = situation.list.hasRequest && !namesRequest;
  const facts = factsOf(situation, (name) => {
    const entry = usage.get(name);
    if (entry !== undefined) return entry.quantity;
    return countsRequest && name === 'request' ? PICO : 0n;
  });
  if (isForbidden(situation, facts)) {
    return {problems: [problem('forbidden-context', '/context', 'this combination is not sold', 'OTB-PRICE-025')]};
  }
  const rates = ratesInForce(situation, facts);
  let reported = usage;
  if (countsRequest && rates.has('request')) {
    reported = new Map(usage).set('request', {meter: REQUEST, quantity: PICO, pointer: '/usage'});
  }
  const problems = [];
  const entries = [...reported.values()];
  const billed = billedQuantities(entries, problems);
  requireJoins(entries, reported, rates, problems);
  const lines = linesOf(situation, billed, rates, used, problems);
  if (problems.length > 0) return {problems: inOrderOf(entries, problems)};
  return {lines, total: lines.reduce((sum, {amount}) => sum + amount, 0n)};
}

// Problems of the whole usage first, then those of its meters as they stand.
function inOrderOf(entries, problems) {
  // The request that is counted unnamed has no place of its own.
  const named = entries.filter(({pointer}) => pointer !== '/usage');
  const places = new Map(named.map(({pointer}, index) => [pointer, index]));
  const placeOf = ({pointer}) => places.get(pointer) ?? -1;
  return problems.sort((one, other) => placeOf(one) - placeOf(other));
}

/**
 * What is billed of each meter, the most specific first: what is billed of a part is known before its whole is
 * (OTB-PRICE-004, 005).
 *
 * @param {{meter: object, quantity: bigint, pointer: string}[]} entries reported quantities in pico
 * @param {object[]} problems to which what is wrong is added
 * @returns {Map<string, {meter: object, quantity: bigint, pointer: string}>} by the meter's one name
 */
export function billedQuantities(entries, problems) {
  const billed = new Map();
  const ordered = entries.length > 1 ? [...entries].sort((one, other) => other.meter.tags.size - one.meter.tags.size) : entries;
  const exceeded = new Set();
  for (const entry of ordered) {
    let quantity = entry.quantity;
    for (const part of billed.values()) if (isPartOf(part.meter, entry.meter)) quantity -= part.quantity;
    if (quantity < 0n) exceeded.add(entry);
    billed.set(entry.meter.name, {...entry, quantity});
  }
  for (const {meter, pointer} of entries.filter((entry) => exceeded.has(entry))) {
    problems.push(problem('subset-exceeds-parent', pointer, `the parts of \`${meter.name}\` are more than it`, 'OTB-PRICE-005'));
  }
  return billed;
}

// OTB-PRICE-009; only joins that have a rate can be missing, so the rates are asked, not the pairs of tags alone.
function requireJoins(entries, reported, rates, problems) {
  const positive = entries.filter(({quantity}) => quantity > 0n);
  const missing = new Set();
  for (let at = 0; at < positive.length; at += 1) {
    for (let next = at + 1; next < positive.length; next += 1) {
      const one = positive[at].meter;
      const other = positive[next].meter;
      if (isPartOf(one, other) || isPartOf(other, one)) continue;
      const join = joinOf(one, other);
      if (join !== undefined && rates.has(join.name) && !reported.has(join.name)) missing.add(join.name);
    }
  }
  for (const name of missing) problems.push(problem('join-required', '/usage', `\`${name}\` has to be reported`, 'OTB-PRICE-009'));
}

function linesOf({list}, billed, rates, used, problems) {
  const lines = [];
  for (const {meter, quantity, pointer} of billed.values()) {
    if (quantity <= 0n) continue;
    const rate = rateFor(meter, rates);
    if (typeof rate === 'string') {
      problems.push(problem(rate, pointer, `\`${meter.name}\` has no one rate`, RATE_REQUIREMENTS[rate]));
      continue;
    }
    const minimum = list.minimums.get(meter.name) ?? 0n;
    const counted = quantity < minimum ? minimum : quantity;
    const free = freePart(list, meter, counted, used);
    lines.push({meter, quantity: counted, free, rate, amount: amountOf(counted - free, rate)});
  }
  return lines.sort((one, other) => compareMeters(one.meter, other.meter));
}

const RATE_REQUIREMENTS = Object.freeze({'unpriced-meter': 'OTB-PRICE-008', 'ambiguous-rate': 'OTB-PRICE-007'});

// OTB-PRICE-026.
function freePart({allowances}, meter, quantity, used) {
  const allowance = used === undefined ? undefined : allowances.get(meter.name);
  if (allowance === undefined) return 0n;
  const left = allowance - (used.get(meter.name)?.quantity ?? 0n);
  if (left <= 0n) return 0n;
  return left < quantity ? left : quantity;
}

/**
 * The amount of a line, rounded once (OTB-PRICE-013, 015).
 *
 * @param {bigint} quantity pico of units
 * @param {{amount: {n: bigint, d: bigint}, per: bigint}} rate
 * @returns {bigint} pico of money
 */
function amountOf(quantity, {amount, per}) {
  return divideHalfEven(quantity * amount.n, amount.d * per);
}

/**
 * Writes a cost as an answer.
 *
 * @param {object} situation
 * @param {string} currency
 * @param {{total: bigint, lines: object[]}} cost
 * @returns {{model: string, currency: string, total: string, lines: object[]}}
 */
export function writeCost(situation, currency, {total, lines}) {
  return {
    model: situation.model.id,
    currency,
    total: formatPico(total),
    lines: lines.map(({meter, quantity, free, rate, amount}) => ({
      meter: meter.name,
      quantity: writeQuantity(quantity),
      free: free > 0n ? writeQuantity(free) : undefined,
      rate: {amount: formatExact(rate.amount), per: Number(rate.per)},
      amount: formatPico(amount),
    })),
  };
}
