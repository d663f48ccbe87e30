// What a call may cost at most: the dearest usage within the mosts, at the dearest instant.

import {evaluate} from '../conditions/evaluate.mjs';
import {PICO} from '../decimal.mjs';
import {problem} from '../problem.mjs';
import {readMeter} from './meters.mjs';
import {dearestOf} from './dearest.mjs';
import {momentsBetween} from './moments.mjs';
import {mostOf, mostsOf} from './mosts.mjs';
import {factsOf, isForbidden, rateFor, ratesInForce, situationAt} from './situation.mjs';

/**
 * The upper bound of a call's cost (OTB-PRICE-041 to 046).
 *
 * @param {object} catalog compiled
 * @param {object} model compiled
 * @param {{input: bigint, output: bigint, most: Map<string, {meter: object, quantity: bigint}>}} limits pico of units
 * @param {{at: bigint, until: bigint, context?: Map<string, unknown>}} when both instants inside
 * @returns {{bound: bigint} | {problems: object[]}} pico of money
 */
export function boundOf(catalog, model, limits, {at, until, context}) {
  let bound;
  for (const instant of momentsBetween(catalog, model, at, until)) {
    const situation = situationAt(catalog, model, instant, context);
    // A later instant at which nothing is sold cannot be what the call costs; the first one has to be.
    if (situation.problems !== undefined) {
      if (instant === at) return situation;
      continue;
    }
    const mosts = mostsOf(situation.list, limits);
    if (instant === at) {
      const problems = unpricedMosts(situation, mosts);
      if (problems.length > 0) return {problems};
    }
    const dearest = boundAt(situation, mosts);
    if (dearest !== undefined && (bound === undefined || dearest > bound)) bound = dearest;
  }
  if (bound !== undefined) return {bound};
  return {problems: [problem('forbidden-context', '/context', 'this combination is not sold', 'OTB-PRICE-025')]};
}

function unpricedMosts(situation, mosts) {
  const facts = factsOf(situation, (name) => mosts.get(name)?.quantity ?? 0n);
  const rates = ratesInForce(situation, facts);
  const problems = [];
  for (const {meter, quantity, pointer, implied} of mosts.values()) {
    if (quantity === 0n || implied === true) continue;
    const rate = rateFor(meter, rates);
    if (typeof rate === 'string') problems.push(problem(rate, pointer, `\`${meter.name}\` has no one rate`, 'OTB-PRICE-008'));
  }
  return problems;
}

function boundAt(situation, mosts) {
  const tested = testedMeters(situation, mosts);
  const cells = tested.map(({tests, most, unit, fixed}) => cellsOf(tests, most, unit, fixed));
  let bound;
  for (const region of combinations(cells)) {
    const ranges = new Map(tested.map(({meter}, index) => [meter.name, {meter, ...region[index]}]));
    const facts = factsOf(situation, (name) => ranges.get(name)?.low ?? 0n);
    if (isForbidden(situation, facts)) continue;
    const dearest = dearestOf(situation.list, ratesInForce(situation, facts), mosts, ranges);
    if (dearest !== undefined && (bound === undefined || dearest > bound)) bound = dearest;
  }
  return bound;
}

// The meters at which conditions look that quantities can make true, with the most that each may be.
function testedMeters(situation, mosts) {
  const tested = new Map();
  for (const {when, tests} of situation.list.conditions) {
    if (isFalseAnyway(situation, when, tests)) continue;
    for (const test of tests) {
      const meter = readMeter(test.name);
      let entry = tested.get(meter.name);
      if (entry === undefined) {
        entry = {meter, tests: [], most: mostOf(meter, mosts), unit: meter.token ? PICO : 1n, fixed: mosts.get(meter.name)?.implied};
        tested.set(meter.name, entry);
      }
      entry.tests.push(test);
    }
  }
  return [...tested.values()];
}

// A condition that is false while all quantities are unknown is false whatever they are; `exists` alone is never unknown.
function isFalseAnyway({context, instant}, when, tests) {
  if (tests.some(({operator}) => operator === 'exists')) return false;
  return evaluate(when, {get: (name) => (name === 'time' ? instant : context.get(name))}) === false;
}

// Splits 0 to the most at every operand, so that no test changes its answer within a cell.
function cellsOf(tests, most, unit, fixed) {
  if (fixed === true) return [{low: most, high: most}];
  const points = new Set();
  for (const {operand} of tests) for (const one of [operand].flat()) if (typeof one === 'bigint') points.add(one);
  const ordered = [...points].filter((point) => point >= 0n && point <= most).sort((one, other) => (one < other ? -1 : 1));
  const cells = [];
  let next = 0n;
  for (const point of ordered) {
    if (point > next) cells.push({low: next, high: point - unit});
    cells.push({low: point, high: point});
    next = point + unit;
  }
  if (next <= most) cells.push({low: next, high: most});
  return cells;
}

function combinations(lists) {
  return lists.reduce((found, list) => found.flatMap((one) => list.map((item) => [...one, item])), [[]]);
}
