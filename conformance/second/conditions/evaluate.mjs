// The three-valued logic of conditions: true, false, or `unknown` for want of a fact.

import {wallClock} from '../instant.mjs';

/** What is neither true nor false. */
const UNKNOWN = 'unknown';

/**
 * Whether a condition holds (OTB-COND-004 to 017, 023).
 *
 * @param {object} tree as `readCondition` gives it
 * @param {{get: (name: string) => unknown}} facts normalised; undefined and null are missing
 * @returns {true | false | 'unknown'}
 */
export function evaluate(tree, facts) {
  switch (tree.kind) {
    case 'all':
      return every(tree.parts, facts);
    case 'any':
      return some(tree.parts, facts);
    case 'not': {
      const inner = evaluate(tree.part, facts);
      return inner === UNKNOWN ? UNKNOWN : !inner;
    }
    case 'time': {
      const instant = facts.get('time');
      if (instant === undefined || instant === null) return UNKNOWN;
      return tree.windows.some((window) => windowHolds(window, instant));
    }
    default:
      return compareFact(tree, facts.get(tree.name));
  }
}

function every(parts, facts) {
  let result = true;
  for (const part of parts) {
    const one = evaluate(part, facts);
    if (one === false) return false;
    if (one === UNKNOWN) result = UNKNOWN;
  }
  return result;
}

function some(parts, facts) {
  let result = false;
  for (const part of parts) {
    const one = evaluate(part, facts);
    if (one === true) return true;
    if (one === UNKNOWN) result = UNKNOWN;
  }
  return result;
}

function compareFact({operator, operand}, fact) {
  const missing = fact === undefined || fact === null;
  if (operator === 'exists') return missing !== operand;
  if (missing) return UNKNOWN;
  switch (operator) {
    case 'equals':
      return fact === operand;
    case 'one-of':
      return operand.includes(fact);
    case 'lt':
      return fact < operand;
    case 'lte':
      return fact <= operand;
    case 'gt':
      return fact > operand;
    case 'gte':
      return fact >= operand;
    case 'prefix':
      return fact.startsWith(operand);
    case 'contains':
      return fact.includes(operand);
    default:
      return operand.test(fact);
  }
}

/**
 * Whether the wall clock of a window's zone is inside the window (OTB-COND-014 to 017).
 *
 * @param {{days?: Set<string>, start: number, end: number, zone: string, except: Set<number>}} window
 * @param {bigint} instant nanoseconds
 * @returns {boolean}
 */
function windowHolds(window, instant) {
  const {days, second, weekday} = wallClock(instant, window.zone);
  const {start, end} = window;
  if (start < end) return second >= start && second < end && startsOn(window, days, weekday);
  if (second >= start && startsOn(window, days, weekday)) return true;
  return second < end && startsOn(window, days - 1, DAY_BEFORE[weekday]);
}

const DAY_BEFORE = Object.freeze({mon: 'sun', tue: 'mon', wed: 'tue', thu: 'wed', fri: 'thu', sat: 'fri', sun: 'sat'});

function startsOn({days, except}, day, weekday) {
  return (days === undefined || days.has(weekday)) && !except.has(day);
}

/**
 * All tests of a condition, in document order.
 *
 * @param {object} tree
 * @returns {object[]} nodes of kind `test`
 */
export function testsIn(tree) {
  return nodesIn(tree, 'test');
}

/**
 * All time windows of a condition.
 *
 * @param {object} tree
 * @returns {object[]}
 */
export function windowsIn(tree) {
  return nodesIn(tree, 'time').flatMap((node) => node.windows);
}

function nodesIn(tree, kind) {
  if (tree.kind === kind) return [tree];
  if (tree.parts !== undefined) return tree.parts.flatMap((part) => nodesIn(part, kind));
  return tree.part === undefined ? [] : nodesIn(tree.part, kind);
}
