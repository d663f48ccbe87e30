// What is wrong with pools (50-pools.md).

import {pointerTo} from '../json.mjs';
import {readMeter} from '../pricing/meters.mjs';
import {firstById} from './model-problems.mjs';
import {poolTypeOf} from './types.mjs';

/**
 * Problems of pools (OTB-POOL-007, 010 to 013, OTB-POLICY-007, 012).
 *
 * @param {object} check what `policyProblems` goes by
 */
export function poolProblems(check) {
  const pools = check.data.get('pools') ?? [];
  const byId = firstById(pools);
  const typeOf = poolTypeOf(check.typeOf);
  pools.forEach((pool, index) => {
    const pointer = `/pools/${index}`;
    parentProblems(pool, byId, pointer, check);
    check.condition(pool.get('when'), typeOf, `${pointer}/when`);
    (pool.get('partition_by') ?? []).forEach((name, at) => check.isAttribute(name, `${pointer}/partition_by/${at}`));
    limitProblems(pool.get('limit'), `${pointer}/limit`, check);
    (pool.get('thresholds') ?? []).forEach((threshold, at) => {
      const place = `${pointer}/thresholds/${at}`;
      check.condition(threshold.get('when'), typeOf, `${place}/when`);
      actionProblems(threshold.get('do'), pool, `${place}/do`, check);
    });
    (pool.get('guarantees') ?? []).forEach((guarantee, at) => {
      check.condition(guarantee.get('when'), typeOf, `${pointer}/guarantees/${at}/when`);
    });
    if (pool.has('at_limit')) limitActionProblems(pool, `${pointer}/at_limit`, check);
    windowProblems(pool, pointer, check);
  });
}

function parentProblems(pool, byId, pointer, {report}) {
  const parent = pool.get('parent');
  if (parent === undefined) return;
  const place = `${pointer}/parent`;
  if (!byId.has(parent)) report('unknown-pool', place, `no pool is called \`${parent}\``, 'OTB-POOL-010');
  else if (leadsBack(pool, byId)) report('parent-loop', place, 'the parents lead back to the pool', 'OTB-POOL-010');
  else if (measureOf(pool) !== measureOf(byId.get(parent))) {
    report('parent-measure', place, 'the parent counts another measure', 'OTB-POOL-011');
  }
}

function leadsBack(pool, byId) {
  const seen = new Set();
  for (let id = pool.get('parent'); id !== undefined && !seen.has(id); id = byId.get(id)?.get('parent')) {
    if (id === pool.get('id')) return true;
    seen.add(id);
  }
  return false;
}

function measureOf(pool) {
  const limit = pool.get('limit');
  const [key] = (limit.has('by') ? limit.get('otherwise') : limit).keys();
  return readMeter(key)?.name ?? key;
}

function limitProblems(limit, pointer, {report, isAttribute}) {
  const measures = (one, place) => {
    for (const key of one.keys()) {
      if (readMeter(key) === undefined) report('bad-meter', pointerTo(place, key), `\`${key}\` is no measure`, 'OTB-PRICE-001');
    }
  };
  if (!limit.has('by')) return measures(limit, pointer);
  isAttribute(limit.get('by'), `${pointer}/by`);
  for (const [value, one] of limit.get('of')) measures(one, pointerTo(`${pointer}/of`, value));
  measures(limit.get('otherwise'), `${pointer}/otherwise`);
}

function actionProblems(action, pool, pointer, {report, isTier}) {
  const enforcement = pool.get('enforcement');
  if (action === 'allow' && (enforcement === 'reserve' || enforcement === 'check')) {
    report('allow-needs-soft', pointer, `\`allow\` does not go with \`${enforcement}\``, 'OTB-POOL-007');
  }
  if (action instanceof Map && action.has('downgrade')) isTier(action.get('downgrade'), `${pointer}/downgrade`);
}

function limitActionProblems(pool, pointer, check) {
  const action = pool.get('at_limit');
  actionProblems(action, pool, pointer, check);
  if (pool.get('enforcement') === 'soft' && action !== 'allow') {
    check.report('soft-never-refuses', pointer, 'a soft pool refuses nothing', 'OTB-POOL-012');
  }
}

function windowProblems(pool, pointer, {report}) {
  const window = pool.get('window');
  if (window.has('calendar') || window.has('fixed')) return;
  const place = (field) => report('no-next-window', `${pointer}/${field}`, 'no window follows this one', 'OTB-POOL-013');
  if (pool.has('rollover')) place('rollover');
  if (pool.get('carry_overrun') === true) place('carry_overrun');
}
