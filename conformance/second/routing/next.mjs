// What follows the outcome of an attempt: done, the next tier of a cascade, another candidate, or the end.

import {evaluate} from '../conditions/evaluate.mjs';
import {parsePico} from '../decimal.mjs';
import {formatInstant} from '../instant.mjs';
import {askThresholds, reservationId} from '../pools/index.mjs';
import {problem, Refusal} from '../problem.mjs';
import {allow, deny, traceOf} from './answer.mjs';
import {repeated, tiersBelow} from './decide.mjs';
import {ERRORS} from './outcome.mjs';
import {readHealth, readInstant} from './request.mjs';
import {search} from './search.mjs';
import {endAttempt, readUsed} from './settle.mjs';

/**
 * Answers the outcome of the last attempt (OTB-DEC-040, 050 to 060, 068).
 *
 * @param {object} state of `decide` or `next`
 * @param {{outcome: unknown, at?: unknown, clock: string, health?: unknown, trace?: boolean, kept: Map, store: object}} asked
 *   without `health` that of the last decision holds on (OTB-DEC-076); `kept` as for `decide`
 * @returns {{answer: object, state: object}}
 * @throws {Refusal}
 */
export function next(state, {outcome, at, clock, health, trace, kept, store}) {
  const {error, score} = readOutcome(outcome);
  const now = {instant: readInstant(at ?? clock), health: readHealth(health) ?? state.now.health, store, kept};
  if (!state.decision.final) settleOutcome(state, {error, usage: outcome.get('usage') ?? undefined}, store);
  const after = state.decision.final ? state : {...follow(state, error, score, now), now};
  const {question, decision, steps} = after;
  if (store.isAvailable && !decision.final && decision.reservation !== undefined) kept.set(decision.reservation.id, after);
  return {answer: trace ? {...decision, trace: traceOf(question, steps)} : decision, state: after};
}

function readOutcome(outcome) {
  if (!(outcome instanceof Map)) throw new Refusal([bad('', 'an outcome is a mapping')]);
  const error = outcome.get('error') ?? undefined;
  const score = outcome.get('score') ?? undefined;
  const problems = [];
  if (error !== undefined && !ERRORS.includes(error)) problems.push(bad('/error', 'no known error'));
  if (score !== undefined && parsePico(score) === undefined) problems.push(bad('/score', 'no decimal string'));
  if (problems.length > 0) throw new Refusal(problems);
  return {error, score: parsePico(score)};
}

// What the outcome says was used; a timeout keeps its hold, since the usage may still come.
function settleOutcome({question, made}, {error, usage}, store) {
  if (usage === undefined && (error === undefined || error === 'timeout')) return;
  endAttempt(question, made, {used: readUsed(question, made, {usage}), error}, store);
}

function bad(pointer, message) {
  return problem('bad-outcome', pointer, message, 'OTB-DEC-040');
}

function follow(state, error, score, now) {
  if (error !== undefined) return afterError(state, error, now);
  const {question, served} = state;
  if (!question.rule.isCascade) return ended(state, ['completed'], now);
  if (isAccepted(question, served.tier, score)) return ended(state, ['accepted'], now);
  return afterRefusal({...state, answered: {decision: state.decision, made: state.made}}, now);
}

// OTB-DEC-052: the facts at the first instant, whichever attempt is judged.
function isAccepted({rule, facts}, tier, score) {
  const seen = {
    get(name) {
      if (name === 'score') return score;
      return name === 'tier' ? tier.id : facts.get(name);
    },
  };
  return evaluate(rule.accept, seen) === true;
}

// What was asked of pools is said of the step in which it was asked.
function ended(state, reasons, {instant}, {decision, made} = state, rows = []) {
  const pools = decision.pools === undefined ? undefined : rows;
  return {...state, made, decision: {...decision, at: formatInstant(instant), action: 'allow', reasons, final: true, pools}};
}

// OTB-DEC-053, 054.
function afterRefusal(state, now) {
  const {question, attempts} = state;
  const most = question.policy.fallback?.attempts ?? question.tiers.length;
  const rest = restOfCascade(state);
  if (attempts >= most || rest.length === 0) return ended(state, ['unaccepted'], now);
  const before = askedBefore(state, now);
  if (before !== undefined) return before;
  const gate = askThresholds(question, question.policy.tiers[rest[0]], now);
  if (gate.refusal !== undefined) return failed(state, gate.refusal, gate.rows, now);
  const highest = Math.max(gate.ceiling, question.floor);
  const tiers = rest.filter((tier) => tier <= highest);
  if (tiers.length === 0) return ended(state, ['unaccepted'], now, state, gate.rows);
  const seen = {...question, tried: triedBy(state)};
  const way = {tiers, attempt: attempts + 1, follows: true, goesOn: false};
  const result = search({...seen, throttles: gate.throttles}, way, now);
  const looked = {...state, question: seen, steps: [...state.steps, ...result.steps]};
  const rows = [...gate.rows, ...result.rows];
  if (result.refusal !== undefined) return failed(looked, result.refusal, rows, now, result.reasons);
  if (result.found === undefined) return ended(looked, ['unaccepted'], now, looked, rows);
  return served(looked, {...result, rows}, now, result.reasons, 'cascade');
}

function triedBy({question, served: {candidate}}) {
  return new Set([...question.tried, candidate.name]);
}

// A tier outside of the cascade was reached when all of the cascade had been looked at.
function restOfCascade({question, served: {tier}}) {
  const place = question.tiers.indexOf(tier.index);
  return place < 0 ? [] : question.tiers.slice(place + 1);
}

// OTB-DEC-055 to 060, 068.
function afterError(state, error, now) {
  const {policy} = state.question;
  if (policy.fallback?.after.has(error) !== true) return failed(state, {reason: 'error-not-retried'}, [], now);
  if (state.attempts >= policy.fallback.attempts) return failed(state, {reason: 'attempts-exhausted'}, [], now);
  const question = learned(state, error);
  const begins = [state.served.tier.index, ...restOfCascade(state)];
  const before = askedBefore({...state, question}, now);
  if (before !== undefined) return before;
  const gate = askThresholds(question, policy.tiers[begins[0]], now);
  if (gate.refusal !== undefined) return failed({...state, question}, gate.refusal, gate.rows, now);
  const tiers = tiersBelow(begins, gate.ceiling, question.floor);
  const way = {tiers, attempt: state.attempts + 1, follows: false, goesOn: true, ceiling: Math.max(gate.ceiling, question.floor)};
  const result = search({...question, throttles: gate.throttles}, way, now);
  const looked = {...state, question, steps: [...state.steps, ...result.steps]};
  const rows = [...gate.rows, ...result.rows];
  const isLowered = tiers[0] !== begins[0];
  const lowered = isLowered ? ['threshold-downgrade'] : [];
  if (result.found === undefined) return failed(looked, result.refusal ?? {reason: 'no-candidate'}, rows, now, [...lowered, ...result.reasons]);
  const reasons = [...lowered, 'fallback', ...result.reasons];
  return served(looked, {...result, rows, isLower: isLowered || result.isLower}, now, reasons, 'fallback');
}

// What an error teaches about the candidates that are left.
function learned(state, error) {
  const {question} = state;
  const {model} = state.served.candidate;
  const gone = error === 'model_gone' ? new Set([...question.gone, model.id]) : question.gone;
  const window = error === 'context_exceeded' ? model.contextWindow ?? Infinity : undefined;
  const outgrown = window === undefined ? question.outgrown : Math.max(window, question.outgrown ?? 0);
  return {...question, tried: triedBy(state), gone, outgrown};
}

// What was reserved for this attempt before is answered again, and what has ended is over (OTB-POOL-051, 052).
function askedBefore(state, now) {
  const {store, kept} = now;
  const id = reservationId(state.question.id, state.attempts + 1);
  const status = store.isAvailable ? store.ledger.stateOf(id, store.now) : undefined;
  if (status === undefined) return undefined;
  return status === 'live' ? {...state, ...repeated(kept.get(id), store.ledger.expiresAt(id))} : failed(state, {reason: 'already-ended'}, [], now);
}

function failed(state, refusal, rows, now, before = []) {
  const reasons = [...before, refusal.reason];
  if (state.answered !== undefined) return ended(state, [...reasons, 'unaccepted'], now, state.answered, rows);
  return {...state, decision: deny(state.question, now.instant, reasons, {...refusal, rows})};
}

function served(state, {found, isLower, rows}, {instant}, reasons, kind) {
  const attempt = {number: state.attempts + 1, kind};
  const how = {instant, reasons: [...reasons, ...found.admission.reasons], attempt, action: isLower ? 'downgrade' : 'allow', rows};
  const decision = allow(state.question, found, how);
  const made = {attempt, served: found, instant, reservation: found.admission.reservation};
  return {...state, decision, served: found, made, attempts: attempt.number};
}
