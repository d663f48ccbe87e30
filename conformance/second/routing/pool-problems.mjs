// What is wrong with pools (50-pools.md).

import {parsePico, PICO} from '../decimal.mjs';
import {parseDuration, parseMoment, SECOND} from '../instant.mjs';
import {pointerTo} from '../json.mjs';
import {readMeter} from '../pricing/meters.mjs';
import {firstById} from './model-problems.mjs';
import {poolTypeOf} from './types.mjs';

const LONGEST = 36_525n * 86_400n * SECOND;
const MOST_GRAINS = 120n;

/**
 * Problems of pools (OTB-POOL-007, 010 to 014, 016 to 019, OTB-POLICY-007, 012).
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
    limitProblems(pool, `${pointer}/limit`, check);
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
    shareProblems(pool.get('guarantees') ?? [], `${pointer}/guarantees`, check);
    adjustmentProblems(pool, `${pointer}/adjustments`, check);
  });
}

function parentProblems(pool, byId, pointer, {report}) {
  const parent = pool.get('parent');
  if (parent === undefined) return;
  const place = `${pointer}/parent`;
  if (!byId.has(parent)) report('unknown-pool', place, `no pool is called \`${parent}\``, 'OTB-POOL-010');
  else if (byId.get(pool.get('id')) === pool && leadsBack(pool, byId)) report('parent-loop', place, 'the parents lead back to the pool', 'OTB-POOL-010');
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
  return measureNamed(key);
}

function measureNamed(key) {
  return readMeter(key)?.name ?? key;
}

// A limit by an attribute counts one measure, that of `otherwise` (OTB-POOL-016).
function limitProblems(pool, pointer, {report, isAttribute}) {
  const limit = pool.get('limit');
  const counted = measureOf(pool);
  const measures = (one, place) => {
    for (const key of one.keys()) {
      const at = pointerTo(place, key);
      if (readMeter(key) === undefined) report('bad-meter', at, `\`${key}\` is no measure`, 'OTB-PRICE-001');
      else if (measureNamed(key) !== counted) report('limit-measure', at, `not \`${counted}\``, 'OTB-POOL-016');
    }
  };
  if (!limit.has('by')) return measures(limit, pointer);
  isAttribute(limit.get('by'), `${pointer}/by`);
  for (const [value, one] of limit.get('of')) measures(one, pointerTo(`${pointer}/of`, value));
  measures(limit.get('otherwise'), `${pointer}/otherwise`);
}

// OTB-POOL-019: the first guarantee with which they are more than all.
function shareProblems(guarantees, pointer, {report}) {
  let sum = 0n;
  for (const [index, guarantee] of guarantees.entries()) {
    sum += parsePico(guarantee.get('share'));
    if (sum > PICO) return report('out-of-range', `${pointer}/${index}/share`, 'the shares are more than 1', 'OTB-POOL-019');
  }
}

function adjustmentProblems(pool, pointer, {report}) {
  const ids = new Set();
  const attributes = pool.get('partition_by') ?? [];
  (pool.get('adjustments') ?? []).forEach((adjustment, index) => {
    const place = `${pointer}/${index}`;
    const [id, from, until, partition] = ['id', 'from', 'until', 'partition'].map((field) => adjustment.get(field));
    if (ids.has(id)) report('duplicate-id', `${place}/id`, `two are called \`${id}\``, 'OTB-POOL-018');
    ids.add(id);
    if (until !== undefined && parseMoment(until) <= parseMoment(from)) {
      report('empty-period', `${place}/until`, 'it ends before it begins', 'OTB-POOL-017');
    }
    if (partition !== undefined && partition.length !== attributes.length) {
      report('out-of-range', `${place}/partition`, `not ${attributes.length} values`, 'OTB-POOL-018');
    }
  });
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
