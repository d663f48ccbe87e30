// What gives an attribute that a request lacks: keywords, others' classifications, and a last word (35-classifiers.md).

import {parsePico, PICO} from './decimal.mjs';
import {pointerTo} from './json.mjs';
import {problem} from './problem.mjs';

const WORD = '[A-Za-z0-9_\\u0080-\\uffff]';
const SPACE = '[ \\t\\n\\v\\f\\r]';
const BEGINS_WITH_WORD = new RegExp(`^${WORD}`);
const ENDS_WITH_WORD = new RegExp(`${WORD}$`);
const SPACE_AT_END = new RegExp(`^${SPACE}|${SPACE}$`);

/**
 * What is wrong with the classifiers of a policy of the right shape (OTB-CLASS-002, 003, 013).
 *
 * @param {Map} policy
 * @returns {object[]} problems with pointers of the policy
 */
export function classifierProblems(policy) {
  const problems = [];
  (policy.get('classifiers') ?? []).forEach((classifier, index) => {
    const pointer = `/classifiers/${index}`;
    const declared = policy.get('attributes')?.get(classifier.get('gives'));
    if (declared !== undefined && declared.get('type') !== 'string') {
      const words = `\`${classifier.get('gives')}\` is of type ${declared.get('type')}; a classifier gives a string`;
      problems.push(problem('type-mismatch', `${pointer}/gives`, words, 'OTB-CLASS-002'));
    }
    const judge = (value, place) => {
      if (isOneOf(declared, value)) return;
      problems.push(problem('not-one-of', place, `\`${value}\` is none of the declared values`, 'OTB-CLASS-003'));
    };
    if (classifier.has('otherwise')) judge(classifier.get('otherwise'), `${pointer}/otherwise`);
    (classifier.get('keywords') ?? []).forEach((entry, number) => {
      judge(entry.get('of'), `${pointer}/keywords/${number}/of`);
      entry.get('any').forEach((phrase, place) => {
        if (!SPACE_AT_END.test(phrase)) return;
        problems.push(problem('bad-keyword', `${pointer}/keywords/${number}/any/${place}`, 'white space at an end', 'OTB-CLASS-013'));
      });
    });
  });
  return problems;
}

/**
 * The classifiers that this program does not run (OTB-POLICY-021): whoever needs them is refused, not their policy.
 *
 * @param {Map} policy without problems
 * @returns {object[]} problems with pointers of the policy
 */
export function unsupportedClassifiers(policy) {
  return (policy.get('classifiers') ?? []).flatMap((classifier, index) => ['artefact', 'clusters']
    .filter((kind) => classifier.has(kind))
    .map((kind) => problem('unsupported-feature', `/classifiers/${index}/${kind}`, `classifiers by \`${kind}\` are not done here`, 'OTB-POLICY-021')));
}

function isOneOf(declared, value) {
  const values = declared?.get('values');
  return values === undefined || values.includes(value);
}

/**
 * The classifiers of a policy, ready to be asked.
 *
 * @param {Map} policy without problems
 * @returns {object[]} for `classify`, in document order
 */
export function compileClassifiers(policy) {
  return (policy.get('classifiers') ?? []).map((classifier) => Object.freeze({
    id: classifier.get('id'),
    gives: classifier.get('gives'),
    leastConfidence: parsePico(classifier.get('min_confidence')) ?? 0n,
    external: classifier.get('external') === true,
    values: policy.get('attributes')?.get(classifier.get('gives'))?.get('values'),
    otherwise: classifier.get('otherwise'),
    entries: classifier.get('keywords')?.map((entry) => ({value: entry.get('of'), expression: phrasesOf(entry.get('any'))})),
  }));
}

// One expression for all phrases of an entry (OTB-CLASS-010 to 012).
function phrasesOf(phrases) {
  return new RegExp(phrases.map(expressionOf).join('|'));
}

function expressionOf(phrase) {
  const before = BEGINS_WITH_WORD.test(phrase) ? `(?<!${WORD})` : '';
  const after = ENDS_WITH_WORD.test(phrase) ? `(?!${WORD})` : '';
  const body = phrase.replace(/[ \t\n\v\f\r]+|[A-Za-z]|[\\^$.*+?()[\]{}|/]/g, (found) => {
    if (/^[A-Za-z]$/.test(found)) return `[${found.toUpperCase()}${found.toLowerCase()}]`;
    return /^[ \t\n\v\f\r]/.test(found) ? `${SPACE}+` : `\\${found}`;
  });
  return before + body + after;
}

/**
 * Gives the attributes that a request lacks (OTB-CLASS-004 to 009).
 *
 * @param {object[]} compiled by `compileClassifiers`
 * @param {{text?: string, classifications?: Map, has: (attribute: string) => boolean}} request `has` says which
 *   attributes the request brings itself
 * @returns {{classified: Map, steps: object[]}} `classified`: by attribute `{value, confidence, classifier}`, the
 *   confidence in pico; `steps`: for each classifier `{id, reason, confidence?}`, for the trace (OTB-DEC-063)
 */
export function classify(compiled, {text, classifications, has}) {
  const classified = new Map();
  const steps = compiled.map((classifier) => {
    const {id, gives} = classifier;
    if (has(gives)) return {id, reason: 'skipped-given'};
    if (classified.has(gives)) return {id, reason: 'not-reached'};
    const answer = answerOf(classifier, text, classifications);
    if (answer === undefined) return {id, reason: 'no-signal'};
    const {value, confidence} = answer;
    // The last word is sure whatever its confidence is.
    if (confidence < classifier.leastConfidence && classifier.otherwise === undefined) return {id, reason: 'not-sure', confidence};
    classified.set(gives, {value, confidence, classifier: id});
    return {id, reason: 'won', confidence};
  });
  return {classified, steps};
}

function answerOf(classifier, text, classifications) {
  if (classifier.otherwise !== undefined) return {value: classifier.otherwise, confidence: 0n};
  if (classifier.external) {
    const said = classifications?.get(classifier.id);
    return said === undefined ? undefined : {value: said.get('value'), confidence: parsePico(said.get('confidence'))};
  }
  const entry = text === undefined ? undefined : classifier.entries?.find(({expression}) => expression.test(text));
  return entry === undefined ? undefined : {value: entry.value, confidence: PICO};
}

/**
 * Classifications of a request that its policy does not allow (OTB-DEC-067).
 *
 * @param {object[]} compiled by `compileClassifiers`
 * @param {Map | undefined} classifications of the right shape
 * @param {string} pointer where they stand
 * @returns {object[]} problems in the order of the classifications
 */
export function classificationProblems(compiled, classifications, pointer) {
  const problems = [];
  for (const [id, said] of classifications ?? []) {
    const classifier = compiled.find((one) => one.external && one.id === id);
    if (classifier?.values === undefined || classifier.values.includes(said.get('value'))) continue;
    const place = `${pointerTo(pointer, id)}/value`;
    problems.push(problem('not-one-of', place, `\`${said.get('value')}\` is none of the declared values`, 'OTB-DEC-067'));
  }
  return problems;
}
