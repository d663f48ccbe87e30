// The first decision about a request: classified, valued, matched with a rule, and served by a tier.

import {classify} from '../classifiers.mjs';
import {evaluate} from '../conditions/evaluate.mjs';
import {PICO} from '../decimal.mjs';
import {formatInstant} from '../instant.mjs';
import {askThresholds, reservationId} from '../pools/index.mjs';
import {Refusal} from '../problem.mjs';
import {weigh} from '../value.mjs';
import {allow, baseOf, deny, traceOf} from './answer.mjs';
import {checkRequest, decisionId, factsOf, readHealth, readInstant, remember, subjectOf, tokensOf} from './request.mjs';
import {search} from './search.mjs';

/**
 * Decides who serves a request (OTB-DEC-001 to 049, 061 to 067, OTB-POOL-020 to 080).
 *
 * @param {object} policy compiled
 * @param {{request: Map, at?: unknown, clock: string, health?: unknown, trace?: boolean, seed: string, memory: Map,
 *   kept: Map, store: object}} asked `kept`: the states of decisions that hold something, by reservation; `store`: `ledger`, `now`
 *   in whole microseconds, `isAvailable`
 * @returns {{answer: object, state: object}} `state` for `next`
 * @throws {Refusal}
 */
export function decide(policy, {request, at, clock, health, trace, seed, memory, kept, store}) {
  if (policy.unsupported.length > 0) throw new Refusal(policy.unsupported);
  const most = checkRequest(policy, request);
  // What is said beside the request goes before what it says itself (OTB-DEC-075).
  const now = {instant: readInstant(at ?? request.get('at') ?? clock), health: readHealth(health) ?? request.get('health') ?? new Map(), store};
  const subject = subjectOf(policy, request);
  remember(memory, subject, request);
  const id = decisionId(seed, subject, request.get('id'));
  const held = reservationId(id, FIRST);
  const before = store.isAvailable ? store.ledger.stateOf(held, store.now) : undefined;
  const state = before === 'live'
    ? {...kept.get(held), ...repeated(kept.get(held), store.ledger.expiresAt(held)), steps: [], now}
    : firstState(conclude(policy, request, {id, subject, most, instant: now.instant}), now, before);
  if (store.isAvailable && state.decision.reservation !== undefined) kept.set(held, state);
  const {question, decision, steps} = state;
  return {answer: trace ? {...decision, trace: traceOf(question, steps)} : decision, state};
}

const FIRST = 1;

/**
 * What is answered to what was asked before: no balance is asked this time, and what was said of one is not said again
 * (OTB-POOL-051).
 *
 * @param {object} state of then
 * @param {bigint} expiresAt as it is now
 * @returns {object} the part of it that is answered
 */
export function repeated({decision, served, made, attempts}, expiresAt) {
  const reasons = decision.reasons.filter((reason) => reason !== 'over-limit');
  const reservation = {...decision.reservation, expires_at: formatInstant(expiresAt)};
  return {decision: {...decision, reasons, pools: [], reservation}, served, made, attempts};
}

function firstState(question, now, before) {
  const {decision, served, steps} = firstDecision(question, now, before);
  const made = served === undefined ? undefined : {attempt: decision.attempt, served, instant: now.instant, reservation: served.admission.reservation};
  return {question, decision, steps, now, served, made, attempts: served === undefined ? 0 : 1};
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

function firstDecision(question, now, before) {
  const {rule, policy} = question;
  if (question.lacks) return {decision: deny(question, now.instant, ['missing-attribute']), steps: []};
  const reasons = [rule.id === undefined ? 'default' : 'rule'];
  const denied = (reason, refusal, steps = []) => ({decision: deny(question, now.instant, [...reasons, reason], refusal), steps});
  if (rule.deny) return denied('denied-by-rule');
  if (question.raised) reasons.push('floor-raised');
  // What was reserved for this request has ended (OTB-POOL-052).
  if (before !== undefined) return denied('already-ended');
  if (policy.pools.length > 0 && now.store.isAvailable && now.store.ledger.isStale(policy.documents.policy)) return denied('stale-policy');
  const gate = askThresholds(question, policy.tiers[question.tiers[0]], now);
  if (gate.refusal !== undefined) return denied(gate.refusal.reason, {...gate.refusal, rows: gate.rows});
  const tiers = tiersBelow(question.tiers, gate.ceiling, question.floor);
  const isLowered = tiers[0] !== question.tiers[0];
  if (isLowered) reasons.push('threshold-downgrade');
  const way = {tiers, attempt: FIRST, follows: false, goesOn: true, ceiling: Math.max(gate.ceiling, question.floor)};
  const result = search({...question, throttles: gate.throttles}, way, now);
  const rows = [...gate.rows, ...result.rows];
  if (result.found === undefined) {
    reasons.push(...result.reasons);
    const refusal = result.refusal ?? {reason: 'no-candidate'};
    return denied(refusal.reason, {...refusal, rows}, result.steps);
  }
  const {found, isLower, steps} = result;
  reasons.push(...result.reasons, ...found.admission.reasons);
  const how = {instant: now.instant, reasons, attempt: {number: FIRST, kind: 'primary'}, action: isLowered || isLower ? 'downgrade' : 'allow', rows};
  return {decision: allow(question, found, how), served: found, steps};
}

/**
 * The tiers that a threshold leaves (OTB-POOL-063).
 *
 * @param {number[]} tiers in the order in which they are tried
 * @param {number} ceiling the highest that may serve, the floor excepted
 * @param {number} floor
 * @returns {number[]} the ceiling alone where none is left
 */
export function tiersBelow(tiers, ceiling, floor) {
  const highest = Math.max(ceiling, floor);
  const left = tiers.filter((tier) => tier <= highest);
  return left.length > 0 ? left : [highest];
}
