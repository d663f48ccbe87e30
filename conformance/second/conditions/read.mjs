// From the JSON of a condition to a tree that can be evaluated, with every problem on the way.

import {pointerTo} from '../json.mjs';
import {isZone, parseClock, parseDate, WEEKDAYS} from '../instant.mjs';
import {problem} from '../problem.mjs';
import {normalise, normaliseOperand} from './facts.mjs';
import {readRegexp} from './regexp.mjs';

const MAX_NESTING = 32;
const ORDERED = ['integer', 'decimal'];
const SCALARS = ['string', 'integer', 'decimal', 'boolean'];

// Which types an operator compares (OTB-COND-021).
const COMPARES = Object.freeze({
  lt: ORDERED, lte: ORDERED, gt: ORDERED, gte: ORDERED,
  prefix: ['string'], contains: ['string', 'strings'], matches: ['string'],
  exists: ['string', 'integer', 'decimal', 'boolean', 'strings', 'time'],
});

/**
 * Reads a condition (OTB-COND-001 to 003, 018 to 022, 024 to 026).
 *
 * @param {unknown} data
 * @param {(name: string) => string | undefined} typeOf the type of an attribute; undefined where it is not declared
 * @param {string} pointer where the condition stands
 * @param {object[]} problems to which what is wrong is added, in document order
 * @returns {object | undefined} nodes `{kind: 'all' | 'any', parts}`, `{kind: 'not', part}`,
 *   `{kind: 'time', windows, pointer}` and `{kind: 'test', name, type, operator, operand, pointer}`;
 *   undefined where there was a problem
 */
export function readCondition(data, typeOf, pointer, problems) {
  const found = problems.length;
  const tree = readMapping(data, {typeOf, problems}, pointer, 0);
  return problems.length === found ? tree : undefined;
}

function readMapping(data, context, pointer, level) {
  const {problems} = context;
  if (!(data instanceof Map)) return report(problems, 'bad-condition', pointer, 'a condition is a mapping', 'OTB-COND-001');
  if (level > MAX_NESTING) return report(problems, 'condition-too-deep', pointer, 'nested more than 32 deep', 'OTB-COND-022');
  if (data.size === 0) return report(problems, 'empty-condition', pointer, 'a condition is empty', 'OTB-COND-002');
  const parts = [];
  for (const [name, value] of data) {
    const place = pointerTo(pointer, name);
    if (name === 'all' || name === 'any') parts.push(readParts(name, value, context, place, level + 1));
    else if (name === 'not') parts.push(Object.freeze({kind: 'not', part: readMapping(value, context, place, level + 1)}));
    else readTest(name, value, context, place, parts);
  }
  return Object.freeze({kind: 'all', parts: Object.freeze(parts)});
}

function report(problems, code, pointer, message, requirement) {
  problems.push(problem(code, pointer, message, requirement));
}

function readParts(kind, data, context, pointer, level) {
  const {problems} = context;
  if (!Array.isArray(data)) return report(problems, 'bad-condition', pointer, `\`${kind}\` is a list of conditions`, 'OTB-COND-001');
  if (data.length === 0) return report(problems, 'empty-condition', pointer, `\`${kind}\` is empty`, 'OTB-COND-002');
  const parts = data.map((part, index) => readMapping(part, context, pointerTo(pointer, index), level));
  return Object.freeze({kind, parts: Object.freeze(parts)});
}

function readTest(name, data, context, pointer, parts) {
  const {problems} = context;
  const type = context.typeOf(name);
  if (type === undefined) return report(problems, 'unknown-attribute', pointer, `no attribute \`${name}\` is declared`, 'OTB-COND-019');
  if (type === 'time' && !(data instanceof Map)) {
    parts.push(readTime(data, problems, pointer));
    return undefined;
  }
  const test = {name, type, problems};
  if (data instanceof Map) {
    if (data.size === 0) report(problems, 'empty-condition', pointer, 'there is no operator', 'OTB-COND-002');
    for (const [operator, operand] of data) parts.push(readOperator(test, operator, operand, pointerTo(pointer, operator)));
    return undefined;
  }
  if (!SCALARS.includes(type)) {
    return report(problems, 'operator-mismatch', pointer, `\`${name}\` is of type ${type}, which has no equality`, 'OTB-COND-021');
  }
  if (Array.isArray(data) && data.length === 0) return report(problems, 'empty-condition', pointer, 'there is no value', 'OTB-COND-002');
  if (Array.isArray(data)) {
    const operand = data.map((item, index) => readOperand(test, item, pointerTo(pointer, index)));
    parts.push(Object.freeze({kind: 'test', name, type, operator: 'one-of', operand: Object.freeze(operand), pointer}));
  } else {
    parts.push(Object.freeze({kind: 'test', name, type, operator: 'equals', operand: readOperand(test, data, pointer), pointer}));
  }
  return undefined;
}

function readOperand({name, type, problems}, data, pointer) {
  const operand = normaliseOperand(data, type);
  if (operand === undefined) report(problems, 'type-mismatch', pointer, `\`${name}\` is of type ${type}`, 'OTB-COND-020');
  return operand;
}

function readOperator(test, operator, data, pointer) {
  const {name, type, problems} = test;
  if (!Object.hasOwn(COMPARES, operator)) return report(problems, 'unknown-operator', pointer, `there is no operator \`${operator}\``, 'OTB-COND-003');
  if (!COMPARES[operator].includes(type)) {
    return report(problems, 'operator-mismatch', pointer, `\`${operator}\` does not compare values of type ${type}`, 'OTB-COND-021');
  }
  let operand = readOperand({...test, type: operandType(operator, type)}, data, pointer);
  if (operator === 'matches' && operand !== undefined) {
    operand = readRegexp(operand);
    if (operand === undefined) report(problems, 'bad-regex', pointer, 'not an I-Regexp (RFC 9485), or too large', 'OTB-COND-024');
  }
  return Object.freeze({kind: 'test', name, type, operator, operand, pointer});
}

function operandType(operator, type) {
  if (operator === 'exists') return 'boolean';
  return type === 'strings' ? 'string' : type;
}

function readTime(data, problems, pointer) {
  if (!Array.isArray(data)) return report(problems, 'type-mismatch', pointer, 'an instant is tested by a list of windows', 'OTB-COND-020');
  if (data.length === 0) return report(problems, 'empty-condition', pointer, 'there is no window', 'OTB-COND-002');
  const windows = data.map((window, index) => readWindow(window, pointerTo(pointer, index), problems));
  return Object.freeze({kind: 'time', windows: Object.freeze(windows), pointer});
}

function readWindow(data, pointer, problems) {
  if (!(data instanceof Map)) return report(problems, 'bad-window', pointer, 'a window is a mapping', 'OTB-COND-014');
  if (data.size === 0) return report(problems, 'empty-condition', pointer, 'a window is empty', 'OTB-COND-002');
  const found = problems.length;
  const window = {days: undefined, start: 0, end: 86_400, zone: 'UTC', except: new Set()};
  for (const [field, value] of data) readWindowField(window, field, value, pointerTo(pointer, field), problems);
  if (problems.length > found) return undefined;
  // Midnight as an end is the end of the day, of a window that starts later.
  if (window.end === 0 && window.start > 0) window.end = 86_400;
  if (window.start === window.end) return report(problems, 'empty-window', pointer, 'the window ends when it starts', 'OTB-COND-018');
  return Object.freeze(window);
}

function readWindowField(window, field, value, pointer, problems) {
  const bad = (message, requirement = 'OTB-COND-014') => report(problems, 'bad-window', pointer, message, requirement);
  if (field === 'start' || field === 'end') {
    const second = parseClock(value);
    if (second === undefined) bad('a time of day is like `16:30`');
    else if (field === 'start' && second === 86_400) bad('`24:00` is the end of a day, not a start', 'OTB-COND-026');
    else window[field] = second;
  } else if (field === 'timezone') {
    if (isZone(value)) window.zone = value;
    else report(problems, 'unknown-zone', pointer, `the IANA database has no zone \`${value}\``, 'OTB-COND-025');
  } else if (field === 'days') {
    window.days = readSet(value, (day) => (WEEKDAYS.includes(day) ? day : undefined), pointer, problems);
    if (Array.isArray(value) && value.length === 0) report(problems, 'empty-condition', pointer, 'there is no day', 'OTB-COND-002');
  } else if (field === 'except_dates') {
    window.except = readSet(value, parseDate, pointer, problems);
  } else bad('a window has no such field');
}

function readSet(data, read, pointer, problems) {
  if (!Array.isArray(data)) return report(problems, 'bad-window', pointer, 'this is a list', 'OTB-COND-014');
  const members = new Set();
  data.forEach((item, index) => {
    const member = read(item);
    if (member === undefined) report(problems, 'bad-window', pointerTo(pointer, index), 'no such day', 'OTB-COND-014');
    else members.add(member);
  });
  return members;
}
