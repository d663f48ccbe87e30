// What a call may cost at most: over the instants of its reservation, and the ranges that its quantities reach.

import {PICO} from '../decimal.mjs';
import {problem} from '../problem.mjs';
import {readMeter} from './meters.mjs';
import {dearestOf} from './dearest.mjs';
import {momentsBetween} from './moments.mjs';
import {mostOf} from './mosts.mjs';
import {factsOf, isForbidden, ratesInForce, situationAt} from './situation.mjs';

const LONGEST = 31n * 86_400n * 1_000_000_000n;
const ROOTS = Object.freeze(['input', 'output']);

/**
 * The upper bound of a call's cost (OTB-PRICE-041 to 049, 053, 054).
 *
 * @param {object} catalog compiled
 * @param {object} model compiled
 * @param {{input: bigint, output: bigint, most: Map<string, {meter: object, quantity: bigint}>}} limits pico of units
 * @param {{at: bigint, until: bigint, context?: Map<string, unknown>}} when both instants inside
 * @returns {{bound: bigint} | {problems: object[]}} pico of money
 */
export function boundOf(catalog, model, limits, {at, until, context}) {
  if (until - at > LONGEST) {
    return {problems: [problem('out-of-range', '/until', 'more than 31 days after the instant', 'OTB-PRICE-054')]};
  }
  let bound = 0n;
  let complete = false;
  for (const instant of momentsBetween(catalog, model, at, until)) {
    const situation = situationAt(catalog, model, instant, context);
    if (situation.problems !== undefined) continue;
    const found = boundAt(situation, {...limits, counted: situation.list.hasRequest});
    if (found.bound > bound) bound = found.bound;
    complete ||= found.complete;
  }
  if (complete) return {bound};
  return {problems: [problem('unpriced-meter', '', 'not all that this may use has a rate', 'OTB-PRICE-053')]};
}

function boundAt(situation, limits) {
  const tested = testedMeters(situation.list, limits);
  let bound = 0n;
  let complete = false;
  for (const ranges of combinations(tested.map(({points, most, unit}) => rangesOf(points, most, unit)))) {
    const reached = new Map(tested.map(({meter}, index) => [meter.name, ranges[index]]));
    const facts = factsOf(situation, (name) => reached.get(name)?.low ?? 0n);
    if (isForbidden(situation, facts)) continue;
    const tokens = new Map(ROOTS.map((name) => [name, (reached.get(name)?.high ?? limits[name]) / PICO]));
    const found = dearestOf(situation.list, ratesInForce(situation, facts), limits, tokens);
    if (found.cost > bound) bound = found.cost;
    complete ||= found.complete;
  }
  return {bound, complete};
}

// The meters that conditions compare with numbers, with these and the most that each may be.
function testedMeters({conditions}, limits) {
  const tested = new Map();
  for (const {name, operand} of conditions.flatMap(({tests}) => tests)) {
    const meter = readMeter(name);
    if (!tested.has(meter.name)) {
      tested.set(meter.name, {meter, points: new Set(), most: mostOf(meter, limits), unit: meter.token ? PICO : 1n});
    }
    for (const one of [operand].flat()) if (typeof one === 'bigint') tested.get(meter.name).points.add(one);
  }
  return [...tested.values()];
}

// Splits 0 to the most at every number, so that no comparison changes its answer within a range.
function rangesOf(points, most, unit) {
  const ordered = [...points].filter((point) => point >= 0n && point <= most).sort((one, other) => (one < other ? -1 : 1));
  const ranges = [];
  let next = 0n;
  for (const point of ordered) {
    if (point > next) ranges.push({low: next, high: point - unit});
    ranges.push({low: point, high: point});
    next = point + unit;
  }
  if (next <= most) ranges.push({low: next, high: most});
  return ranges;
}

function combinations(lists) {
  return lists.reduce((found, list) => found.flatMap((one) => list.map((item) => [...one, item])), [[]]);
}
