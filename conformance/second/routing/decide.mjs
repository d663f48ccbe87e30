// The first decision about a request: classified, valued, matched with a rule, and served by a tier.

import {classify} from '../classifiers.mjs';
import {evaluate} from '../conditions/evaluate.mjs';
import {PICO} from '../decimal.mjs';
import {Refusal} from '../problem.mjs';
import {weigh} from '../value.mjs';
import {allow, baseOf, deny, traceOf} from './answer.mjs';
import {checkRequest, decisionId, factsOf, readHealth, readInstant, remember, subjectOf, tokensOf} from './request.mjs';
import {search} from './search.mjs';

/**
 * Decides who serves a request (OTB-DEC-001 to 049, 061 to 067).
 *
 * @param {object} policy compiled
 * @param {{request: Map, at?: unknown, clock: string, health?: unknown, trace?: boolean, seed: string, memory: Map}} asked
 * @returns {{answer: object, state: object}} `state` for `next`
 * @throws {Refusal}
 */
export function decide(policy, {request, at, clock, health, trace, seed, memory}) {
  if (policy.unsupported.length > 0) throw new Refusal(policy.unsupported);
  const most = checkRequest(policy, request);
  // What is said beside the request goes before what it says itself (OTB-DEC-075).
  const now = {instant: readInstant(at ?? request.get('at') ?? clock), health: readHealth(health) ?? request.get('health') ?? new Map()};
  const subject = subjectOf(policy, request);
  remember(memory, subject, request);
  const id = decisionId(seed, subject, request.get('id'));
  const question = conclude(policy, request, {id, subject, most, instant: now.instant});
  const {decision, served, steps} = firstDecision(question, now);
  const state = {question, decision, steps, now, served, attempts: served === undefined ? 0 : 1};
  return {answer: trace ? {...decision, trace: traceOf(question, steps)} : decision, state};
}

// What is known before any model: OTB-DEC-017, 018, 019, 021, 022.
function conclude(policy, request, {id, subject, most, instant}) {
  const tokens = tokensOf(policy, request);
  const facts = factsOf(policy, request, tokens, instant);
  const {classified, steps} = classify(policy.classifiers, {
    text: request.get('text'), classifications: request.get('classifications'), has: (name) => facts.has(name),
  });
  for (const [name, {value}] of classified) facts.set(name, value);
  if (classified.has('task')) facts.set('confidence', classified.get('task').confidence);
  const {value, rules: matched} = policy.valueRules === undefined ? {value: PICO, rules: []} : weigh(policy.valueRules, facts);
  facts.set('value', value);
  const {rule, steps: rules} = matchRule(policy, facts);
  const task = facts.get('task');
  return {
    policy, id, facts, tokens, most, value, rule, rules, task,
    ...planOf(policy, rule, task),
    classifiers: steps,
    context: request.get('context') ?? new Map(),
    needs: request.get('needs') ?? [],
    lacks: policy.required.some((name) => !facts.has(name)),
    tried: new Set(),
    gone: new Set(),
    outgrown: undefined,
    base: baseOf(policy, request, {id, subject, rule, classified, value, matched}),
  };
}

const REASONS = new Map([[true, 'matched'], [false, 'not-matched'], ['unknown', 'unknown']]);

function matchRule(policy, facts) {
  const steps = [];
  let rule;
  for (const one of policy.rules) {
    const holds = rule !== undefined ? undefined : one.when === undefined || evaluate(one.when, facts);
    if (holds === true) rule = one;
    steps.push({id: one.id, reason: REASONS.get(holds) ?? 'not-reached'});
  }
  return {rule: rule ?? policy.default, steps};
}

// The tiers in the order in which they are tried: OTB-DEC-025, 026.
function planOf(policy, rule, task) {
  const floor = Math.max(rule.floor, policy.qualityFloors.get(task) ?? 0);
  const left = rule.tiers.filter((tier) => tier >= floor);
  return {floor, tiers: left.length > 0 ? left : [floor], raised: left.length < rule.tiers.length};
}

function firstDecision(question, now) {
  const {rule, tiers} = question;
  if (question.lacks) return {decision: deny(question, now.instant, ['missing-attribute']), steps: []};
  const reasons = [rule.id === undefined ? 'default' : 'rule'];
  if (rule.deny) return {decision: deny(question, now.instant, [...reasons, 'denied-by-rule']), steps: []};
  if (question.raised) reasons.push('floor-raised');
  const result = search(question, {tiers, attempt: 1, follows: false, goesOn: true}, now);
  reasons.push(...result.reasons);
  if (result.found === undefined) return {decision: deny(question, now.instant, [...reasons, 'no-candidate']), steps: result.steps};
  const attempt = {number: 1, kind: 'primary'};
  return {decision: allow(question, result.found, {instant: now.instant, reasons, attempt}), served: result.found, steps: result.steps};
}
