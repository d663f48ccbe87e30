// The dearest usage at one set of rates: tokens and units spread over the priced parts of what is bounded.

import {divideCeiling, divideHalfEven, PICO} from '../decimal.mjs';
import {spread} from './allocation.mjs';
import {compareMeters, isPartOf, isWithin} from './meters.mjs';
import {mostOf} from './mosts.mjs';
import {greatest} from './simplex.mjs';
import {rateFor} from './situation.mjs';

// Each minimum trebles the ways to try; beyond this many the bound adds them up instead.
const MINIMA_TRIED = 6;

/**
 * The cost of the dearest usage within the mosts and the ranges (OTB-PRICE-041, 042).
 *
 * @param {object} list the price list of the period
 * @param {Map<string, object>} rates in force
 * @param {Map<string, {meter: object, quantity: bigint, implied?: boolean}>} mosts by meter
 * @param {Map<string, {meter: object, low: bigint, high: bigint}>} ranges in which tested meters have to lie
 * @returns {bigint | undefined} pico of money; undefined where no usage lies in all ranges
 */
export function dearestOf(list, rates, mosts, ranges) {
  let total = 0n;
  const taken = new Set();
  for (const root of rootsOf(mosts)) {
    const group = groupOf(root, list, rates, mosts, ranges, taken);
    const cost = dearestVariant(group);
    if (cost === undefined) return undefined;
    total += cost + roundingOf(group);
  }
  return total;
}

// What contains all else: input, output, and each named meter that is no part of another.
function rootsOf(mosts) {
  const entries = [...mosts.values()];
  return entries.filter(({meter}) => !entries.some((other) => isPartOf(meter, other.meter) && other.meter.group === meter.group));
}

function groupOf(root, list, rates, mosts, ranges, taken) {
  const unit = root.meter.token ? PICO : 1n;
  const inside = ({meter}) => meter.group === root.meter.group && isWithin(meter, root.meter);
  const members = new Map();
  for (const source of [mosts, ranges, rates]) {
    for (const [name, entry] of source) if (inside(entry) && !taken.has(name)) members.set(name, entry.meter);
  }
  const classes = [];
  for (const meter of [...members.values()].sort(compareMeters)) {
    if (mostOf(meter, mosts) === 0n) continue;
    const rate = rateFor(meter, rates);
    if (typeof rate === 'string') continue;
    taken.add(meter.name);
    classes.push({
      meter, priced: rates.has(meter.name),
      rate: divideCeiling(rate.amount.n * PICO, rate.amount.d * rate.per),
      least: (list.minimums.get(meter.name) ?? 0n) / unit,
    });
  }
  const limits = [limitOf(root, unit, ranges)];
  for (const entry of [...mosts.values(), ...ranges.values()]) {
    if (entry.meter.name === root.meter.name || !inside(entry) || limits.some(({meter}) => meter.name === entry.meter.name)) continue;
    limits.push(limitOf({...entry, quantity: mosts.get(entry.meter.name)?.quantity}, unit, ranges));
  }
  return {root: root.meter, unit, classes, limits};
}

function limitOf({meter, quantity, implied}, unit, ranges) {
  // A request that nobody names is counted where it has a rate, and is no quantity that has to be reached.
  const range = implied === true ? undefined : ranges.get(meter.name);
  return {
    meter,
    named: quantity === undefined ? undefined : quantity / unit,
    low: range === undefined ? 0n : range.low / unit,
    high: range === undefined ? undefined : range.high / unit,
  };
}

// A tested meter below the root counts 0 where it is not reported, although its parts are.
function dearestVariant(group) {
  const optional = group.limits.slice(1).filter(({meter, low, high}) => low === 0n && high !== undefined
    && group.classes.some((one) => isPartOf(one.meter, meter)));
  let dearest;
  for (let chosen = 0; chosen < 2 ** optional.length; chosen += 1) {
    const unreported = new Set(optional.filter((_, index) => (chosen >> index) % 2 === 1).map(({meter}) => meter.name));
    const cost = dearestOfMinima(variantOf(group, unreported));
    if (cost !== undefined && (dearest === undefined || cost > dearest)) dearest = cost;
  }
  return dearest;
}

function variantOf({limits, classes, unit}, unreported) {
  const ordered = [...limits].sort((one, other) => one.meter.tags.size - other.meter.tags.size);
  const nodes = ordered.map(({meter, low, high, named}, index) => ({
    meter,
    parent: index === 0 ? 0 : nearest(ordered.slice(0, index), meter),
    low,
    high: leastOf(unreported.has(meter.name) ? undefined : high, named) ?? capOf(ordered[0]),
  }));
  const placed = classes.filter(({meter}) => !unreported.has(meter.name)).map((one) => ({...one, node: nearest(nodes, one.meter)}));
  return {nodes, classes: placed, unit, cap: nodes[0].high, tree: isTree(nodes, placed)};
}

function leastOf(one, other) {
  if (one === undefined || other === undefined) return one ?? other;
  return one < other ? one : other;
}

function capOf({high, named}) {
  return leastOf(high, named) ?? 0n;
}

function nearest(nodes, meter) {
  let found = 0;
  nodes.forEach((node, index) => {
    if (isWithin(meter, node.meter) && node.meter.tags.size > nodes[found].meter.tags.size) found = index;
  });
  return found;
}

// Whether limits overlap: a class lies within a branch beside its own, so that the limits are no tree.
function isTree(nodes, classes) {
  return classes.every(({meter, node}) => {
    const chain = new Set([0]);
    for (let at = node; at !== 0; at = nodes[at].parent) chain.add(at);
    return nodes.every((one, index) => chain.has(index) || !isWithin(meter, one.meter));
  });
}

// A meter with a minimum is not used, or used for less than its minimum, or for at least as much (OTB-PRICE-024).
function dearestOfMinima({nodes, classes, unit, cap, tree}) {
  const plain = [];
  const tried = [];
  let added = 0n;
  for (const one of classes) {
    const whole = {...one, low: 0n, high: cap, fixed: 0n, price: one.rate};
    if (one.least <= 1n || one.rate === 0n) plain.push(whole);
    else if (tried.length < MINIMA_TRIED) tried.push([[], [belowMinimum(whole, unit)], [{...whole, low: one.least}]]);
    else {
      added += priceOf(one.least, one.rate, unit);
      plain.push(whole);
    }
  }
  let dearest;
  for (const ways of tried.reduce((found, three) => found.flatMap((one) => three.map((way) => [...one, ...way])), [[]])) {
    const cost = (tree ? costOfSpread : costOfOverlaps)(nodes, [...plain, ...ways], unit);
    if (cost !== undefined && (dearest === undefined || cost > dearest)) dearest = cost;
  }
  return dearest === undefined ? undefined : dearest + added;
}

function belowMinimum(whole, unit) {
  return {...whole, low: 1n, high: leastOf(whole.high, whole.least), rate: 0n, price: 0n, fixed: priceOf(whole.least, whole.rate, unit)};
}

function costOfSpread(nodes, classes, unit) {
  if (classes.some(({low, high}) => low > high)) return undefined;
  const units = spread(nodes, classes);
  if (units === undefined) return undefined;
  return classes.reduce((sum, {price, fixed}, index) => sum + fixed + priceOf(units[index], price, unit), 0n);
}

// The same where limits overlap: a linear program, whose greatest value is a whole number but in odd cases.
function costOfOverlaps(nodes, classes, unit) {
  if (classes.some(({low, high}) => low > high)) return undefined;
  const limits = classes.map(({low, high}, index) => ({sums: classes.map((_, at) => (at === index ? 1n : 0n)), most: high - low}));
  for (const {meter, low, high} of nodes) {
    const inside = classes.map((one) => isWithin(one.meter, meter));
    const held = classes.reduce((sum, one, index) => (inside[index] ? sum + one.low : sum), 0n);
    limits.push({sums: inside.map((is) => (is ? 1n : 0n)), most: high - held});
    if (low > 0n) limits.push({sums: inside.map((is) => (is ? -1n : 0n)), most: held - low});
  }
  const gained = greatest(classes.map(({rate}) => rate), limits);
  if (gained === undefined) return undefined;
  const spent = classes.reduce((sum, {price, fixed, low}) => sum + fixed + priceOf(low, price, unit), 0n);
  return spent + (unit === PICO ? gained : divideHalfEven(gained, PICO));
}

function priceOf(units, rate, unit) {
  return unit === PICO ? units * rate : divideHalfEven(units * rate, PICO);
}

// Each priced part of a meter that is not a token is a line of its own, which may be rounded up.
function roundingOf({root, classes}) {
  if (root.token) return 0n;
  return BigInt(classes.filter(({meter, priced}) => priced && meter.name !== root.name).length);
}
