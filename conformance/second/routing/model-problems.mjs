// What is wrong with the models that a policy names: deployments, ratings, candidates.

import {pointerTo} from '../json.mjs';
import {covers, priceList} from '../pricing/catalog.mjs';
import {billedModel} from '../pricing/situation.mjs';

const BEFORE_ALL = -(2n ** 80n);
const WEIGHED = Object.freeze([['per_second', 'latency_ms'], ['liability', 'quality']]);

/**
 * Problems of deployments (OTB-POLICY-015, 016, 019).
 *
 * @param {object} check what `policyProblems` goes by
 */
export function deploymentProblems({data, catalog, report}) {
  if (catalog === undefined) return;
  (data.get('deployments') ?? []).forEach((deployment, index) => {
    const pointer = `/deployments/${index}`;
    const id = deployment.get('id');
    if (catalog.byName.has(id)) report('duplicate-id', `${pointer}/id`, `a model is called \`${id}\``, 'OTB-POLICY-016');
    const model = catalog.byName.get(deployment.get('model'));
    if (model === undefined) report('unknown-model', `${pointer}/model`, 'the catalog has no such model', 'OTB-POLICY-015');
    else contextProblems(deployment.get('context'), contextsOf(catalog, model), `${pointer}/context`, report);
  });
}

// What the prices of a model declare at any time, those of the models that it is billed as included.
function contextsOf(catalog, model) {
  const spans = [model, ...model.redirects.map((redirect) => catalog.byId.get(redirect.model) ?? model)].flatMap(({periods}) => periods);
  const edges = new Set([BEFORE_ALL, ...[...spans, ...model.redirects].flatMap(({from, until}) => [from, until])]);
  edges.delete(undefined);
  const periods = [...edges].map((edge) => billedModel(catalog, model, edge).periods.find((period) => covers(period, edge)));
  return periods.filter((period) => period !== undefined).map((period) => priceList(period).context);
}

function contextProblems(asked, declared, pointer, report) {
  if (asked === undefined) return;
  for (const [key, value] of asked) {
    if (declared.some((context) => context.get(key)?.includes(value) === true)) continue;
    report('unknown-context', pointerTo(pointer, key), 'no price of the model declares this', 'OTB-POLICY-019');
  }
}

/**
 * Problems of ratings (OTB-POLICY-015).
 *
 * @param {object} check what `policyProblems` goes by
 */
export function ratingProblems({data, catalog, report}) {
  if (catalog === undefined) return;
  const deployments = deploymentsOf(data);
  (data.get('ratings') ?? []).forEach((rating, index) => {
    const name = rating.get('model');
    if (!deployments.has(name) && !catalog.byName.has(name)) {
      report('unknown-model', `/ratings/${index}/model`, `\`${name}\` is neither a deployment nor a model`, 'OTB-POLICY-015');
    }
  });
}

/**
 * Problems of the candidates of tiers (OTB-POLICY-015, 022).
 *
 * @param {object} check what `policyProblems` goes by
 */
export function tierProblems({data, catalog, report}) {
  if (catalog === undefined) return;
  const deployments = deploymentsOf(data);
  const rated = ratedFields(data, catalog);
  data.get('tiers').forEach((tier, index) => {
    const utility = tier.get('select') instanceof Map ? tier.get('select').get('utility') : undefined;
    tier.get('models').forEach((name, at) => {
      const pointer = `/tiers/${index}/models/${at}`;
      const deployment = deployments.get(name);
      if (deployment === undefined && !catalog.byName.has(name)) {
        report('unknown-model', pointer, `\`${name}\` is neither a deployment nor a model`, 'OTB-POLICY-015');
        return;
      }
      const model = catalog.byName.get(deployment === undefined ? name : deployment.get('model'));
      // Whoever is nobody has no ratings to look for.
      if (model === undefined) return;
      const fields = new Set([...(rated.get(name) ?? []), ...(rated.get(model) ?? [])]);
      for (const [weight, field] of WEIGHED) {
        if (utility?.has(weight) !== true || fields.has(field)) continue;
        report('missing-rating', pointer, `\`${name}\` has no rating with \`${field}\``, 'OTB-POLICY-022');
      }
    });
  });
}

/**
 * Things by id; of two with one id the first is meant (40-policy.md).
 *
 * @param {Map[]} list
 * @returns {Map<string, Map>}
 */
export function firstById(list) {
  return new Map(list.toReversed().map((one) => [one.get('id'), one]));
}

function deploymentsOf(data) {
  return firstById(data.get('deployments') ?? []);
}

// Which fields ratings say, by deployment's name and by compiled model.
function ratedFields(data, catalog) {
  const rated = new Map();
  for (const rating of data.get('ratings') ?? []) {
    const key = catalog.byName.get(rating.get('model')) ?? rating.get('model');
    if (!rated.has(key)) rated.set(key, new Set());
    for (const field of ['latency_ms', 'quality']) if (rating.has(field)) rated.get(key).add(field);
  }
  return rated;
}
