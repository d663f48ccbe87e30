// A decision as it is answered (decision.schema.json).

import {formatPico} from '../decimal.mjs';
import {formatInstant} from '../instant.mjs';

/**
 * A decision that lets a candidate serve.
 *
 * @param {object} question what is asked
 * @param {object} found the offer that was selected
 * @param {{instant: bigint, reasons: string[], attempt: {number: number, kind: string}, action?: string, rows: object[]}} how
 *   `rows`: the balances that were asked
 * @returns {object} the decision, without its trace
 */
export function allow(question, found, {instant, reasons, attempt, action = 'allow', rows}) {
  return {
    ...question.base,
    at: formatInstant(instant),
    action,
    reasons,
    final: false,
    attempt,
    candidate: found.candidate.name,
    model: found.candidate.model.id,
    tier: found.tier.id,
    context: found.context.size > 0 ? found.context : undefined,
    max_output_tokens: found.limit,
    cost: {expected: formatPico(found.expected), bound: formatPico(found.bound), currency: question.policy.catalog.currency},
    draw: found.draw?.toString(),
    pools: poolsOf(question, rows),
    reservation: writeReservation(found.admission.reservation),
  };
}

/**
 * A decision that lets nobody serve.
 *
 * @param {object} question what is asked
 * @param {bigint} instant
 * @param {string[]} reasons
 * @param {{action?: string, retryAfter?: bigint, rows?: object[]}} [refusal] of pools
 * @returns {object} the decision, without its trace
 */
export function deny(question, instant, reasons, {action = 'deny', retryAfter, rows = []} = {}) {
  return {
    ...question.base,
    at: formatInstant(instant),
    action,
    reasons,
    final: true,
    retry_after: retryAfter === undefined ? undefined : formatInstant(retryAfter),
    pools: poolsOf(question, rows),
  };
}

// Under a policy with pools a decision says what it asked, be it nothing.
function poolsOf({policy}, rows) {
  return policy.pools.length > 0 ? rows : undefined;
}

function writeReservation(reservation) {
  if (reservation === undefined) return undefined;
  const {id, expiresAt} = reservation;
  return {id, expires_at: expiresAt === undefined ? undefined : formatInstant(expiresAt)};
}

/**
 * What all decisions about a request say alike.
 *
 * @param {object} policy compiled
 * @param {Map} request
 * @param {{id: string, subject?: string, rule: object, classified: Map, value: bigint, matched: string[]}} concluded
 * @returns {object}
 */
export function baseOf({documents}, request, {id, subject, rule, classified, value, matched}) {
  return {
    otb: '1.0',
    kind: 'decision',
    id,
    request: request.get('id'),
    subject,
    rule: rule.id,
    classified: classified.size > 0 ? writeClassified(classified) : undefined,
    value: formatPico(value),
    value_rules_matched: matched.length > 0 ? matched : undefined,
    policy: documents.policy,
    catalog: documents.catalog,
    value_rules: documents.value_rules,
  };
}

function writeClassified(classified) {
  return new Map([...classified].map(([name, {value, confidence, classifier}]) => [name, {value, confidence: formatPico(confidence), classifier}]));
}

/**
 * The trace of a decision (OTB-DEC-061 to 063).
 *
 * @param {{classifiers: object[], rules: object[]}} question
 * @param {object[]} candidates steps of all attempts
 * @returns {object}
 */
export function traceOf({classifiers, rules}, candidates) {
  return {
    classifiers: classifiers.map(({id, reason, confidence}) => ({
      id, reason, confidence: confidence === undefined ? undefined : formatPico(confidence),
    })),
    rules,
    candidates,
  };
}
