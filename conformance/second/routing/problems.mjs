// What is wrong with a policy beyond its shape.

import {derivedType} from '../conditions/facts.mjs';
import {readCondition} from '../conditions/read.mjs';
import {pointerTo} from '../json.mjs';
import {problem} from '../problem.mjs';
import {deploymentProblems, ratingProblems, tierProblems} from './model-problems.mjs';
import {poolProblems} from './pool-problems.mjs';
import {acceptTypeOf, policyTypeOf, requireTypeOf, WORDS} from './types.mjs';

/**
 * The problems of a policy that has the shape of its schema, its classifiers' own excepted.
 *
 * @param {Map} data
 * @param {object} [catalog] compiled; without it nothing is said about models
 * @returns {object[]} in no particular order
 */
export function policyProblems(data, catalog) {
  const problems = [];
  const report = (code, pointer, message, requirement) => problems.push(problem(code, pointer, message, requirement));
  const tiers = data.get('tiers').map((tier) => tier.get('id'));
  const isTier = (id, pointer) => {
    if (!tiers.includes(id)) report('unknown-tier', pointer, `no tier is called \`${id}\``, 'OTB-POLICY-012');
  };
  const typeOf = withKnownContext(policyTypeOf(data), catalog);
  const check = {
    data, catalog, report, tiers, isTier, typeOf,
    candidateTypeOf: withKnownContext(requireTypeOf, catalog),
    isAttribute: attributeCheck(data, report),
    condition: (when, types, pointer) => {
      if (when !== undefined) readCondition(when, types, pointer, problems);
    },
  };
  attributeProblems(check);
  duplicateProblems(check);
  deploymentProblems(check);
  ratingProblems(check);
  tierProblems(check);
  (data.get('rules') ?? []).forEach((rule, index) => ruleProblems(rule, `/rules/${index}`, check));
  ruleProblems(data.get('default'), '/default', check);
  fallbackProblems(check);
  fairnessProblems(check);
  poolProblems(check);
  return problems;
}

// Of `context.<key>` those that some price of the catalog declares, where it is at hand.
function withKnownContext(typeOf, catalog) {
  if (catalog === undefined) return typeOf;
  const keys = new Set([...catalog.byId.values()].flatMap(({periods}) => periods.flatMap(({data}) => [...(data.get('context')?.keys() ?? [])])));
  return (name) => (name.startsWith('context.') && !keys.has(name.slice('context.'.length)) ? undefined : typeOf(name));
}

// What a classifier gives is declared too.
function attributeCheck(data, report) {
  const declared = new Set(data.get('attributes')?.keys() ?? []);
  for (const classifier of data.get('classifiers') ?? []) declared.add(classifier.get('gives'));
  return (name, pointer) => {
    const isDeclared = declared.has(name);
    if (!isDeclared) report('unknown-attribute', pointer, `no attribute \`${name}\` is declared`, 'OTB-POLICY-007');
    return isDeclared;
  };
}

function attributeProblems({data, report, isAttribute}) {
  const reserved = (name) => derivedType(name) !== undefined || name === 'score' || name === 'tier' || WORDS.includes(name);
  for (const name of data.get('attributes')?.keys() ?? []) {
    if (reserved(name)) report('reserved-name', pointerTo('/attributes', name), `\`${name}\` is derived`, 'OTB-POLICY-006');
  }
  (data.get('classifiers') ?? []).forEach((classifier, index) => {
    const name = classifier.get('gives');
    // A declared one is reported where it is declared.
    if (data.get('attributes')?.has(name) !== true && reserved(name)) {
      report('reserved-name', `/classifiers/${index}/gives`, `\`${name}\` is derived`, 'OTB-POLICY-006');
    }
  });
  const subject = data.get('subject');
  if (subject === undefined || !isAttribute(subject, '/subject')) return;
  const declared = data.get('attributes')?.get(subject);
  if (declared?.get('trust') !== 'verified') {
    report('subject-not-verified', '/subject', `\`${subject}\` is the caller's word`, 'OTB-POLICY-005');
  } else if (declared.get('type') !== 'string') {
    report('type-mismatch', '/subject', 'who asks is a string', 'OTB-POLICY-023');
  }
}

// OTB-POLICY-016.
function duplicateProblems({data, report}) {
  for (const field of ['tiers', 'rules', 'classifiers', 'deployments', 'pools']) {
    const ids = new Set();
    (data.get(field) ?? []).forEach((entry, index) => {
      const id = entry.get('id');
      if (ids.has(id)) report('duplicate-id', `/${field}/${index}/id`, `two ${field} are called \`${id}\``, 'OTB-POLICY-016');
      ids.add(id);
    });
  }
}

function ruleProblems(rule, pointer, {report, tiers, isTier, typeOf, candidateTypeOf, condition}) {
  condition(rule.get('when'), typeOf, `${pointer}/when`);
  condition(rule.get('require'), candidateTypeOf, `${pointer}/require`);
  for (const field of ['tier', 'floor']) if (rule.has(field)) isTier(rule.get(field), `${pointer}/${field}`);
  const cascade = rule.get('cascade');
  if (cascade === undefined) return;
  const places = cascade.get('tiers').map((id) => tiers.indexOf(id));
  cascade.get('tiers').forEach((id, index) => isTier(id, `${pointer}/cascade/tiers/${index}`));
  const known = places.filter((place) => place >= 0);
  if (known.some((place, index) => index > 0 && place < known[index - 1])) {
    report('cascade-not-ascending', `${pointer}/cascade/tiers`, 'not in the order of the tiers', 'OTB-POLICY-017');
  }
  condition(cascade.get('accept'), acceptTypeOf(typeOf), `${pointer}/cascade/accept`);
}

function fallbackProblems({data, report, isTier}) {
  const to = data.get('fallback')?.get('to');
  if (!(to instanceof Map)) return;
  for (const [from, target] of to) {
    const pointer = pointerTo('/fallback/to', from);
    isTier(from, pointer);
    if (target !== from) isTier(target, pointer);
    if (leadsBack(to, from)) report('fallback-loop', pointer, `\`${from}\` leads back to itself`, 'OTB-POLICY-020');
  }
}

function leadsBack(to, from) {
  const seen = new Set();
  for (let tier = to.get(from); tier !== undefined && !seen.has(tier); tier = to.get(tier)) {
    if (tier === from) return true;
    seen.add(tier);
  }
  return false;
}

function fairnessProblems({data, isAttribute, isTier}) {
  const fairness = data.get('fairness');
  (fairness?.get('groups') ?? []).forEach((name, index) => isAttribute(name, `/fairness/groups/${index}`));
  for (const [task, tier] of fairness?.get('quality_floor') ?? []) isTier(tier, pointerTo('/fairness/quality_floor', task));
}

/**
 * What a policy that is in order needs and this program does not do (OTB-POLICY-021).
 *
 * @param {Map} data
 * @returns {object[]} problems
 */
export function unsupportedProblems(data) {
  const found = [];
  const report = (pointer) => found.push(problem('unsupported-feature', pointer, 'this is not done here', 'OTB-POLICY-021'));
  if (data.has('explore')) report('/explore');
  (data.get('classifiers') ?? []).forEach((classifier, index) => {
    for (const kind of ['artefact', 'clusters']) if (classifier.has(kind)) report(`/classifiers/${index}/${kind}`);
  });
  return found;
}
