// A policy made ready: rules with their conditions read, candidates with their ratings, tiers by their order.

import {readCondition} from '../conditions/read.mjs';
import {parsePico} from '../decimal.mjs';
import {parseMoment} from '../instant.mjs';
import {compilePools} from '../pools/index.mjs';
import {unsupportedProblems} from './problems.mjs';
import {acceptTypeOf, policyTypeOf, poolTypeOf, requireTypeOf} from './types.mjs';

const MAX_OUTPUT_TOKENS = 4096;
const ATTEMPTS = 3;

/**
 * Makes a policy ready that has no problems.
 *
 * @param {Map} data
 * @param {{catalog: object, valueRules?: object, classifiers: object[], documents: object}} parts compiled; `documents`
 *   are the names under which decisions know them
 * @returns {object} for `decide` and `next`
 */
export function compilePolicy(data, {catalog, valueRules, classifiers, documents}) {
  const typeOf = policyTypeOf(data);
  const tierIndex = new Map(data.get('tiers').map((tier, index) => [tier.get('id'), index]));
  const readRule = (rule) => compileRule(rule, typeOf, tierIndex);
  const defaults = data.get('defaults');
  return {
    catalog, valueRules, classifiers, documents,
    unsupported: unsupportedProblems(data),
    subject: data.get('subject'),
    timezone: data.get('timezone') ?? 'UTC',
    attributes: data.get('attributes') ?? new Map(),
    // What a classifier gives without being declared is a string.
    given: new Set((data.get('classifiers') ?? []).map((classifier) => classifier.get('gives'))),
    required: [...(data.get('attributes') ?? [])].filter(([, one]) => one.get('required') === true).map(([name]) => name),
    maxOutputTokens: defaults?.get('max_output_tokens') ?? MAX_OUTPUT_TOKENS,
    overheadTokens: defaults?.get('overhead_tokens') ?? 0,
    tiers: compileTiers(data, catalog),
    tierIndex,
    rules: (data.get('rules') ?? []).map(readRule),
    default: readRule(data.get('default')),
    pools: compilePools(data, {typeOf: poolTypeOf(typeOf), tierIndex}),
    fallback: compileFallback(data.get('fallback')),
    qualityFloors: new Map([...(data.get('fairness')?.get('quality_floor') ?? [])].map(([task, tier]) => [task, tierIndex.get(tier)])),
  };
}

function compileRule(rule, typeOf, tierIndex) {
  const read = (field, types, from = rule) => (from?.has(field) === true ? readCondition(from.get(field), types, '', []) : undefined);
  const cascade = rule.get('cascade');
  return {
    id: rule.get('id'),
    when: read('when', typeOf),
    deny: rule.get('deny') === true,
    tiers: (cascade?.get('tiers') ?? (rule.has('tier') ? [rule.get('tier')] : [])).map((id) => tierIndex.get(id)),
    accept: read('accept', acceptTypeOf(typeOf), cascade),
    isCascade: cascade !== undefined,
    floor: rule.has('floor') ? tierIndex.get(rule.get('floor')) : 0,
    require: read('require', requireTypeOf),
  };
}

function compileTiers(data, catalog) {
  const deployments = new Map((data.get('deployments') ?? []).map((deployment) => [deployment.get('id'), deployment]));
  const ratings = compileRatings(data, catalog);
  const candidates = new Map();
  const candidateOf = (name) => {
    if (!candidates.has(name)) candidates.set(name, compileCandidate(name, deployments.get(name), catalog, ratings));
    return candidates.get(name);
  };
  return data.get('tiers').map((tier, index) => ({
    id: tier.get('id'), index, candidates: tier.get('models').map(candidateOf), ...compileSelect(tier.get('select') ?? 'first'),
  }));
}

function compileSelect(select) {
  if (typeof select === 'string') return {select};
  const utility = select.get('utility');
  return {select: 'utility', perSecond: parsePico(utility.get('per_second')) ?? 0n, liability: parsePico(utility.get('liability')) ?? 0n};
}

function compileCandidate(name, deployment, catalog, ratings) {
  const model = catalog.byName.get(deployment === undefined ? name : deployment.get('model'));
  const slash = model.id.indexOf('/');
  return {
    name, model,
    provider: slash < 0 ? undefined : model.id.slice(0, slash),
    context: deployment?.get('context') ?? new Map(),
    weight: deployment?.get('weight') ?? 1,
    // Those of the deployment before those of its model.
    ratings: [...(deployment === undefined ? [] : [ratings.get(name) ?? []]), ratings.get(model) ?? []],
  };
}

// By deployment's name or by model, the latest first, of one day the one listed last (OTB-DEC-037).
function compileRatings(data, catalog) {
  const ratings = new Map();
  for (const rating of data.get('ratings') ?? []) {
    const key = catalog.byName.get(rating.get('model')) ?? rating.get('model');
    if (!ratings.has(key)) ratings.set(key, []);
    ratings.get(key).unshift({
      since: parseMoment(rating.get('as_of')),
      latency: rating.get('latency_ms'),
      quality: rating.has('quality') ? new Map([...rating.get('quality')].map(([task, share]) => [task, parsePico(share)])) : undefined,
    });
  }
  for (const list of ratings.values()) list.sort((one, other) => (one.since === other.since ? 0 : one.since > other.since ? -1 : 1));
  return ratings;
}

function compileFallback(fallback) {
  if (fallback === undefined) return undefined;
  return {after: new Set(fallback.get('after')), attempts: fallback.get('attempts') ?? ATTEMPTS, to: fallback.get('to') ?? 'same-tier'};
}
