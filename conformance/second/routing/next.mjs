// What follows the outcome of an attempt: done, the next tier of a cascade, another candidate, or the end.

import {evaluate} from '../conditions/evaluate.mjs';
import {parsePico} from '../decimal.mjs';
import {formatInstant} from '../instant.mjs';
import {problem, Refusal} from '../problem.mjs';
import {allow, deny, traceOf} from './answer.mjs';
import {readHealth, readInstant} from './request.mjs';
import {search} from './search.mjs';

const ERRORS = Object.freeze([
  'unavailable', 'rate_limited', 'timeout', 'context_exceeded', 'model_gone', 'content_filtered', 'bad_response', 'other',
]);

/**
 * Answers the outcome of the last attempt (OTB-DEC-040, 050 to 060, 068).
 *
 * @param {object} state of `decide` or `next`
 * @param {{outcome: unknown, at?: unknown, clock: string, health?: unknown, trace?: boolean}} asked without `health` that
 *   of the last decision holds on (OTB-DEC-076)
 * @returns {{answer: object, state: object}}
 * @throws {Refusal}
 */
export function next(state, {outcome, at, clock, health, trace}) {
  const {error, score} = readOutcome(outcome);
  const now = {instant: readInstant(at ?? clock), health: readHealth(health) ?? state.now.health};
  const after = state.decision.final ? state : {...follow(state, error, score, now), now};
  const {question, decision, steps} = after;
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

function bad(pointer, message) {
  return problem('bad-outcome', pointer, message, 'OTB-DEC-040');
}

function follow(state, error, score, now) {
  if (error !== undefined) return afterError(state, error, now);
  const {question, served} = state;
  if (!question.rule.isCascade) return ended(state, ['completed'], now);
  if (isAccepted(question, served.tier, score)) return ended(state, ['accepted'], now);
  return afterRefusal({...state, answered: state.decision}, now);
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

function ended(state, reasons, {instant}, decision = state.decision) {
  return {...state, decision: {...decision, at: formatInstant(instant), reasons, final: true}};
}

// OTB-DEC-053, 054.
function afterRefusal(state, now) {
  const {question, attempts} = state;
  const most = question.policy.fallback?.attempts ?? question.tiers.length;
  const tiers = restOfCascade(state);
  if (attempts >= most || tiers.length === 0) return ended(state, ['unaccepted'], now);
  const seen = {...state, question: {...question, tried: triedBy(state)}};
  const result = search(seen.question, {tiers, attempt: attempts + 1, follows: true, goesOn: false}, now);
  const looked = {...seen, steps: [...state.steps, ...result.steps]};
  return result.found === undefined ? ended(looked, ['unaccepted'], now) : served(looked, result, now, result.reasons, 'cascade');
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
  if (policy.fallback?.after.has(error) !== true) return failed(state, ['error-not-retried'], now);
  if (state.attempts >= policy.fallback.attempts) return failed(state, ['attempts-exhausted'], now);
  const question = learned(state, error);
  const tiers = [state.served.tier.index, ...restOfCascade(state)];
  const result = search(question, {tiers, attempt: state.attempts + 1, follows: false, goesOn: true}, now);
  const looked = {...state, question, steps: [...state.steps, ...result.steps]};
  if (result.found === undefined) return failed(looked, ['no-candidate'], now);
  return served(looked, result, now, ['fallback', ...result.reasons], 'fallback');
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

function failed(state, reasons, now) {
  if (state.answered !== undefined) return ended(state, [...reasons, 'unaccepted'], now, state.answered);
  return {...state, decision: deny(state.question, now.instant, reasons)};
}

function served(state, {found}, {instant}, reasons, kind) {
  const attempts = state.attempts + 1;
  const decision = allow(state.question, found, {instant, reasons, attempt: {number: attempts, kind}});
  return {...state, decision, served: found, attempts};
}
