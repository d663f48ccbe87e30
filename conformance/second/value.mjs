// From facts to the weight of a request (30-value.md).

import {divideHalfEven, formatPico, GREATEST, parsePico, PICO} from './decimal.mjs';
import {evaluate} from './conditions/evaluate.mjs';
import {readCondition} from './conditions/read.mjs';
import {problem} from './problem.mjs';

/**
 * What is wrong with value rules of the right shape (OTB-VALUE-008 to 010, and their conditions).
 *
 * @param {Map} data the document
 * @param {(name: string) => string | undefined} [typeOf] types of the facts of a request; conditions go unread without it
 * @returns {object[]} problems with pointers of the document
 */
export function valueProblems(data, typeOf) {
  const problems = [];
  const floor = parsePico(data.get('floor'));
  const ceiling = parsePico(data.get('ceiling'));
  if (floor !== undefined && ceiling !== undefined && floor > ceiling) {
    problems.push(problem('floor-above-ceiling', '/floor', `${formatPico(floor)} is above ${formatPico(ceiling)}`, 'OTB-VALUE-008'));
  }
  const ids = new Set();
  data.get('rules').forEach((rule, index) => {
    const id = rule.get('id');
    if (ids.has(id)) problems.push(problem('duplicate-id', `/rules/${index}/id`, `two rules are called \`${id}\``, 'OTB-VALUE-009'));
    ids.add(id);
    if (rule.has('when') && typeOf !== undefined) readCondition(rule.get('when'), withoutValue(typeOf), `/rules/${index}/when`, problems);
  });
  return problems;
}

// A weight cannot depend on itself.
function withoutValue(typeOf) {
  return (name) => (name === 'value' ? undefined : typeOf(name));
}

/**
 * Value rules ready to weigh.
 *
 * @param {Map} data a document without problems
 * @param {(name: string) => string | undefined} typeOf
 * @returns {object} for `weigh`
 */
export function compileValueRules(data, typeOf) {
  const rules = data.get('rules').map((rule) => Object.freeze({
    id: rule.get('id'),
    group: rule.get('group'),
    weight: parsePico(rule.get('weight')),
    when: rule.has('when') ? readCondition(rule.get('when'), withoutValue(typeOf), '', []) : undefined,
  }));
  return Object.freeze({
    rules: Object.freeze(rules),
    default: parsePico(data.get('default')) ?? PICO,
    floor: parsePico(data.get('floor')) ?? 0n,
    ceiling: parsePico(data.get('ceiling')) ?? GREATEST,
  });
}

/**
 * The weight of a request (OTB-VALUE-001 to 007, 011, 015).
 *
 * @param {object} compiled by `compileValueRules`
 * @param {{get: (name: string) => unknown}} facts normalised
 * @returns {{value: bigint, rules: string[]}} the value in pico, and the rules that counted in document order
 */
export function weigh(compiled, facts) {
  const groups = new Set();
  const counted = compiled.rules.filter(({group, when}) => {
    if (group !== undefined && groups.has(group)) return false;
    if (when !== undefined && evaluate(when, facts) !== true) return false;
    if (group !== undefined) groups.add(group);
    return true;
  });
  const rounded = counted.length === 0 ? compiled.default : productOf(counted);
  const raised = rounded < compiled.floor ? compiled.floor : rounded;
  return {value: raised > compiled.ceiling ? compiled.ceiling : raised, rules: counted.map((rule) => rule.id)};
}

function productOf(rules) {
  const exact = rules.reduce((product, rule) => product * rule.weight, 1n);
  return divideHalfEven(exact, PICO ** BigInt(rules.length - 1));
}
