// What is wrong with the models that a policy names: deployments, ratings, candidates.

import {pointerTo} from '../json.mjs';
import {priceList} from '../pricing/catalog.mjs';

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

// What the prices of a model declare, those of the models that it is billed as included.
function contextsOf(catalog, model) {
  const billed = [model, ...model.redirects.map((redirect) => catalog.byId.get(redirect.model) ?? model)];
  return billed.flatMap(({periods}) => periods.map((period) => priceList(period).context));
}

function contextProblems(asked, declared, pointer, report) {
  if (asked === undefined) return;
  const declares = (context, [key, value]) => context.get(key)?.includes(value) === true;
  const entries = [...asked];
  const strangers = entries.filter((entry) => !declared.some((context) => declares(context, entry)));
  for (const [key] of strangers) {
    report('unknown-context', pointerTo(pointer, key), 'no price of the model declares this', 'OTB-POLICY-019');
  }
  if (strangers.length === 0 && entries.length > 0 && !declared.some((context) => entries.every((entry) => declares(context, entry)))) {
    report('unknown-context', pointer, 'no price of the model declares all of this', 'OTB-POLICY-019');
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
      const fields = new Set([...(rated.get(name) ?? []), ...(rated.get(model) ?? [])]);
      const lacks = (utility?.has('per_second') === true && !fields.has('latency_ms'))
        || (utility?.has('liability') === true && !fields.has('quality'));
      if (lacks) report('missing-rating', pointer, `\`${name}\` has no rating to go by`, 'OTB-POLICY-022');
    });
  });
}

function deploymentsOf(data) {
  return new Map((data.get('deployments') ?? []).map((deployment) => [deployment.get('id'), deployment]));
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
