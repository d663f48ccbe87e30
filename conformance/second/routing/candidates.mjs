// Who of a tier can serve a request, at what cost; and who cannot, with the first reason that holds.

import {evaluate} from '../conditions/evaluate.mjs';
import {PICO} from '../decimal.mjs';
import {cannotHelp} from '../pools/index.mjs';
import {costs, statusOf} from '../pricing/index.mjs';

const MODALITY = /^(input|output)\.(.*)$/s;

/**
 * Looks at one candidate (OTB-DEC-020, 027 to 037, 049, 057, 058, 066).
 *
 * @param {object} question what is asked; `tried`, `gone` and `outgrown` say what earlier attempts found
 * @param {object} tier compiled
 * @param {object} candidate compiled
 * @param {{instant: bigint, health: Map<string, string>}} now
 * @returns {{dropped: string} | {candidate: object, context: Map<string, string>, limit: number, expected: bigint,
 *   bound: bigint, latency?: number, quality?: bigint}} amounts in pico; `limit` in output tokens
 */
export function lookAt(question, tier, candidate, now) {
  const {model} = candidate;
  const limit = Math.min(question.tokens.maxOutput, model.maxOutput ?? Infinity);
  const dropped = dropBeforePrice(question, tier, candidate, now, limit);
  if (dropped !== undefined) return {dropped};
  const context = new Map([...candidate.context, ...question.context]);
  const cost = costs(question.policy.catalog, model, {
    input: BigInt(question.tokens.input) * PICO,
    output: BigInt(limit) * PICO,
    expectedOutput: BigInt(Math.min(question.tokens.expectedOutput, limit)) * PICO,
    most: question.most,
  }, {at: now.instant, context});
  if (cost.problems !== undefined) return {dropped: cost.problems[0].code === 'unknown-context' ? 'unknown-context' : 'unpriced'};
  const offer = {
    candidate, context, limit, expected: cost.expected, bound: cost.bound,
    latency: latencyOf(candidate, now.instant), quality: qualityOf(candidate, question.task, now.instant),
  };
  const {require} = question.rule;
  if (require !== undefined && evaluate(require, factsOf(offer, tier)) !== true) return {dropped: 'fails-require'};
  if (cannotHelp(question, tier, offer)) return {dropped: 'downgrade-cannot-help'};
  return offer;
}

function dropBeforePrice(question, tier, candidate, {instant, health}, limit) {
  const {model} = candidate;
  if (question.tried.has(candidate.name)) return 'already-tried';
  if (question.gone.has(model.id)) return 'model-gone';
  const status = statusOf(model, instant);
  if (status === 'unreleased' || status === 'retired') return status;
  const lacking = lackOf(question.needs, model);
  if (lacking !== undefined) return lacking;
  if (exceedsContext(question, model, limit)) return 'exceeds-context';
  if (health.get(candidate.name) === 'unhealthy' || health.get(model.id) === 'unhealthy') return 'unhealthy';
  if (tier.select === 'weighted' && candidate.weight === 0) return 'zero-weight';
  for (const [key, value] of candidate.context) {
    if (question.context.has(key) && question.context.get(key) !== value) return 'context-mismatch';
  }
  return undefined;
}

// A missing feature goes before a missing modality, whichever is asked for first.
function lackOf(needs, model) {
  let lacksModality = false;
  for (const need of needs) {
    const found = MODALITY.exec(need);
    if (found === null) {
      if (model.features?.includes(need) !== true) return 'lacks-feature';
    } else if (model[found[1]]?.has(found[2]) !== true) lacksModality = true;
  }
  return lacksModality ? 'lacks-modality' : undefined;
}

function exceedsContext({tokens, outgrown}, {maxInput, contextWindow}, limit) {
  if (tokens.input > (maxInput ?? Infinity) || tokens.input + limit > (contextWindow ?? Infinity)) return true;
  return outgrown !== undefined && (contextWindow ?? Infinity) <= outgrown;
}

// OTB-DEC-037; the lists are sorted, the latest rating first.
function latencyOf({ratings}, instant) {
  for (const list of ratings) {
    const found = list.find(({since, latency}) => since <= instant && latency !== undefined);
    if (found !== undefined) return found.latency;
  }
  return undefined;
}

function qualityOf({ratings}, task, instant) {
  for (const list of ratings) {
    for (const {since, quality} of list) {
      const found = since <= instant && quality !== undefined ? quality.get(task) ?? quality.get('default') : undefined;
      if (found !== undefined) return found;
    }
  }
  return undefined;
}

function factsOf({candidate, context, expected, bound, latency, quality}, tier) {
  const facts = new Map([
    ['model', candidate.model.id], ['tier', tier.id], ['provider', candidate.provider], ['deployment', candidate.name],
    ['features', candidate.model.features], ['cost', expected], ['bound', bound],
    ['latency_ms', latency === undefined ? undefined : BigInt(latency) * PICO], ['quality', quality],
  ]);
  for (const [key, value] of context) facts.set(`context.${key}`, value);
  return facts;
}
