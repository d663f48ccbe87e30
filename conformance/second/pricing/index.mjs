// What the session asks of a catalog: prices, bounds and lifecycles, and what is wrong with it.

import {formatPico, PICO} from '../decimal.mjs';
import {parseInstant} from '../instant.mjs';
import {problem, Refusal, refuse} from '../problem.mjs';
import {boundOf} from './bounds.mjs';
import {costOf, writeCost} from './cost.mjs';
import {readMeter} from './meters.mjs';
import {readQuantity, readUsage} from './quantities.mjs';
import {situationAt, statusOf} from './situation.mjs';

export {compileCatalog} from './catalog.mjs';
export {catalogProblems} from './problems.mjs';
export {situationAt, statusOf} from './situation.mjs';
export {costOf, writeCost} from './cost.mjs';
export {readUsage} from './quantities.mjs';

/**
 * The cost of a usage (op `price`).
 *
 * @param {object} catalog compiled
 * @param {Map} args `model`, `usage`, `at`, `context?`, `used?`
 * @returns {{model: string, currency: string, total: string, lines: object[]}}
 * @throws {Refusal}
 */
export function price(catalog, args) {
  const instant = readInstant(args, 'at');
  const model = readModel(catalog, args);
  const situation = orThrow(situationAt(catalog, model, instant, args.get('context')));
  const problems = [];
  const usage = readUsage(args.get('usage'), '/usage', problems);
  const used = args.has('used') ? readUsage(args.get('used'), '/used', problems) : undefined;
  throwAny(problems);
  return writeCost(situation, catalog.currency, orThrow(costOf(situation, usage, used)));
}

/**
 * Expected cost and upper bound of a call (op `bounds`).
 *
 * @param {object} catalog compiled
 * @param {Map} args `model`, `input_tokens`, `max_output_tokens`, `expected_output_tokens?`, `at`, `until?`, `context?`, `max_usage?`
 * @returns {{expected: string, bound: string}}
 * @throws {Refusal}
 */
export function bounds(catalog, args) {
  const at = readInstant(args, 'at');
  const until = args.has('until') ? readInstant(args, 'until') : at;
  const model = readModel(catalog, args);
  const context = args.get('context');
  const input = tokensOf(args.get('input_tokens'));
  const output = tokensOf(args.get('max_output_tokens'));
  const expected = args.has('expected_output_tokens') ? tokensOf(args.get('expected_output_tokens')) : output;
  const problems = [];
  const most = readMosts(args.get('max_usage'), '/max_usage', problems);
  throwAny(problems);
  const expectation = expectedCost(catalog, model, {input, output: expected}, {at, context});
  orThrow(expectation);
  if (output === undefined) throw new Refusal([noTokens('/max_output_tokens')]);
  const {bound} = orThrow(boundOf(catalog, model, {input, output, most}, {at, until, context}));
  return {expected: formatPico(expectation.expected), bound: formatPico(bound)};
}

/**
 * The status of a model at an instant (op `lifecycle`).
 *
 * @param {object} catalog compiled
 * @param {Map} args `model`, `at`
 * @returns {{status: string}}
 * @throws {Refusal}
 */
export function lifecycle(catalog, args) {
  const instant = readInstant(args, 'at');
  const model = readModel(catalog, args);
  return {status: statusOf(model, instant)};
}

/**
 * Expected cost of a call (OTB-PRICE-040).
 *
 * @param {object} catalog compiled
 * @param {object} model compiled
 * @param {{input: bigint, output: bigint}} tokens pico
 * @param {{at: bigint, context?: Map<string, unknown>}} when
 * @returns {{expected: bigint} | {problems: object[]}} pico of money
 */
function expectedCost(catalog, model, {input, output}, {at, context}) {
  const situation = situationAt(catalog, model, at, context);
  if (situation.problems !== undefined) return situation;
  const usage = new Map([
    ['input', {meter: INPUT, quantity: input, pointer: '/input_tokens'}],
    ['output', {meter: OUTPUT, quantity: output, pointer: '/max_output_tokens'}],
  ]);
  const problems = [...usage.values()].filter(({quantity}) => quantity === undefined).map(({pointer}) => noTokens(pointer));
  if (problems.length > 0) return {problems};
  const cost = costOf(situation, usage);
  return cost.problems === undefined ? {expected: cost.total} : cost;
}

const INPUT = readMeter('input');
const OUTPUT = readMeter('output');

/**
 * Expected cost and upper bound at one instant, for a router (OTB-DEC-049).
 *
 * @param {object} catalog compiled
 * @param {object} model compiled
 * @param {{input: bigint, output: bigint, expectedOutput: bigint, most: Map}} quantities pico of units
 * @param {{at: bigint, context: Map<string, string>}} when
 * @returns {{expected: bigint, bound: bigint} | {problems: object[]}} pico of money
 */
export function costs(catalog, model, {input, output, expectedOutput, most}, {at, context}) {
  const expectation = expectedCost(catalog, model, {input, output: expectedOutput}, {at, context});
  if (expectation.problems !== undefined) return expectation;
  const found = boundOf(catalog, model, {input, output, most}, {at, until: at, context});
  return found.problems === undefined ? {expected: expectation.expected, bound: found.bound} : found;
}

/**
 * Reads the mosts of further meters (OTB-DEC-065).
 *
 * @param {unknown} data
 * @param {string} pointer
 * @param {object[]} problems to which what is wrong is added
 * @returns {Map<string, {meter: object, quantity: bigint, pointer: string}>}
 */
export function readMosts(data, pointer, problems) {
  const most = readUsage(data, pointer, problems);
  for (const name of ['input', 'output']) {
    const entry = most.get(name);
    if (entry === undefined) continue;
    problems.push(problem('conflicting-fields', entry.pointer, `\`${name}\` has a field of its own`, 'OTB-DEC-065'));
  }
  return most;
}

function readInstant(args, field) {
  return parseInstant(args.get(field)) ?? refuse('bad-instant', `/${field}`, 'not an RFC 3339 instant with a zone', 'OTB-PRICE-031');
}

function readModel(catalog, args) {
  return catalog.byName.get(args.get('model')) ?? refuse('unknown-model', '/model', 'no model has that exact name', 'OTB-CAT-008');
}

function tokensOf(value) {
  return readQuantity(value, true);
}

function noTokens(pointer) {
  return problem('bad-quantity', pointer, 'no number of tokens', 'OTB-PRICE-002');
}

function throwAny(problems) {
  if (problems.length > 0) throw new Refusal(problems);
}

function orThrow(result) {
  throwAny(result.problems ?? []);
  return result;
}
