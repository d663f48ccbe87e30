// What is wrong with pools (50-pools.md).

import {parseDuration, SECOND} from '../instant.mjs';
import {pointerTo} from '../json.mjs';
import {readMeter} from '../pricing/meters.mjs';
import {firstById} from './model-problems.mjs';
import {poolTypeOf} from './types.mjs';

const LONGEST = 36_525n * 86_400n * SECOND;
const MOST_GRAINS = 120n;

/**
 * Problems of pools (OTB-POOL-007, 010 to 014, OTB-POLICY-007, 012).
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
    lengthProblems(pool, pointer, check);
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

// OTB-POOL-014; days, hours and the rest may be nothing one by one.
function lengthProblems(pool, pointer, {report}) {
  const report14 = (place, message) => report('bad-window', place, message, 'OTB-POOL-014');
  const window = pool.get('window');
  const lengths = ['fixed', 'grain', 'idle'].map((field) => [`${pointer}/window/${field}`, window.get(field)]);
  lengths.push([`${pointer}/window/bucket/per`, window.get('bucket')?.get('per')], [`${pointer}/expires_after`, pool.get('expires_after')]);
  for (const [place, action] of actionsOf(pool, pointer)) {
    if (action instanceof Map && action.has('throttle')) lengths.push([`${place}/throttle/per`, action.get('throttle').get('per')]);
  }
  for (const [place, text] of lengths) {
    if (text === undefined) continue;
    const length = parseDuration(text);
    if (length === 0n || length > LONGEST) report14(place, `\`${text}\` is nothing, or more than 36,525 days`);
  }
  if (!window.has('rolling')) return;
  const [length, grain] = ['rolling', 'grain'].map((field) => parseDuration(window.get(field)));
  if (grain === 0n) return;
  if (length % grain !== 0n || length === 0n || length / grain > MOST_GRAINS) {
    report14(`${pointer}/window/rolling`, `\`${window.get('rolling')}\` is not 1 to 120 whole grains`);
  }
}

function actionsOf(pool, pointer) {
  const actions = (pool.get('thresholds') ?? []).map((one, at) => [`${pointer}/thresholds/${at}/do`, one.get('do')]);
  return pool.has('at_limit') ? [...actions, [`${pointer}/at_limit`, pool.get('at_limit')]] : actions;
}
