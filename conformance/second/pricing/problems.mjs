// What is wrong with a catalog beyond its shape.

import {testsIn} from '../conditions/evaluate.mjs';
import {readCondition} from '../conditions/read.mjs';
import {pointerTo} from '../json.mjs';
import {problem} from '../problem.mjs';
import {momentOf, periodTypeOf, pricedMeters} from './catalog.mjs';
import {isWithin, readMeter} from './meters.mjs';
import {readQuantity} from './quantities.mjs';

const MAX_COMBINATIONS = 4096;
const WORDS = new Set(['all', 'any', 'not', 'time']);

/**
 * The problems of a catalog that has the shape of its schema.
 *
 * @param {Map} data
 * @param {Map} [base] the catalog that it extends, in order itself
 * @returns {object[]} in no particular order
 */
export function catalogProblems(data, base) {
  const problems = [];
  const report = (code, pointer, message, requirement) => problems.push(problem(code, pointer, message, requirement));
  if (base !== undefined) baseProblems(data, base, report);
  const ids = new Set([...data.get('models'), ...(base?.get('models') ?? [])].map((model) => model.get('id')));
  const isKnown = data.has('extends') && base === undefined ? () => true : (id) => ids.has(id);
  nameProblems(data, base, report);
  discountProblems(data, isKnown, report);
  const redirects = redirectsOf(data, base);
  lowerRedirectProblems(data, base, redirects, report);
  data.get('models').forEach((model, index) => {
    const pointer = `/models/${index}`;
    if (model.has('lifecycle')) lifecycleProblems(model, redirects, isKnown, `${pointer}/lifecycle`, report);
    overlaps(model.get('prices'), `${pointer}/prices`, report);
    model.get('prices').forEach((period, at) => periodProblems(period, data.get('sources'), `${pointer}/prices/${at}`, report, problems));
  });
  return problems;
}

function baseProblems(data, base, report) {
  if (base.has('extends')) report('nested-extends', '/extends', 'the catalog below extends another', 'OTB-CAT-021');
  if (base.get('currency') !== data.get('currency')) {
    report('currency-mismatch', '/currency', `the catalog below is in ${base.get('currency')}`, 'OTB-CAT-022');
  }
}

// OTB-CAT-007: every name that stands, with the id of the model it stands for.
function nameProblems(data, base, report) {
  const models = data.get('models');
  const owners = new Map();
  const own = new Set(models.map((model) => model.get('id')));
  for (const model of base?.get('models') ?? []) {
    const id = model.get('id');
    if (!own.has(id)) for (const name of [id, ...(model.get('aliases') ?? [])]) owners.set(name, id);
  }
  const seen = new Set();
  models.forEach((model, index) => {
    const id = model.get('id');
    const take = (name, pointer, owner) => {
      if (owners.has(name) && owners.get(name) !== owner) report('duplicate-id', pointer, `\`${name}\` stands for two models`, 'OTB-CAT-007');
      else owners.set(name, owner);
    };
    // Two models of one id are two owners of it.
    const owner = seen.has(id) ? `${index} ${id}` : id;
    seen.add(id);
    take(id, `/models/${index}/id`, owner);
    (model.get('aliases') ?? []).forEach((alias, at) => take(alias, `/models/${index}/aliases/${at}`, owner));
  });
}

function discountProblems(data, isKnown, report) {
  (data.get('discounts') ?? []).forEach((discount, index) => {
    const pointer = `/discounts/${index}`;
    emptySpan(discount, pointer, report);
    (discount.get('models') ?? []).forEach((id, at) => {
      if (!isKnown(id)) report('unknown-model', `${pointer}/models/${at}`, `no model has the id \`${id}\``, 'OTB-CAT-027');
    });
    meterListProblems(discount.get('meters'), `${pointer}/meters`, report);
  });
}

function emptySpan(data, pointer, report) {
  const {from, until} = spanOf(data);
  if (from !== undefined && until !== undefined && until <= from) {
    report('empty-period', `${pointer}/until`, '`until` is not after `from`', 'OTB-CAT-012');
  }
}

function spanOf(data) {
  return {from: momentOf(data.get('from')), until: momentOf(data.get('until'))};
}

function isEmpty({from, until}) {
  return from !== undefined && until !== undefined && until <= from;
}

function meet(one, other) {
  if (isEmpty(one) || isEmpty(other)) return false;
  const before = ({until}, {from}) => until !== undefined && from !== undefined && until <= from;
  return !before(one, other) && !before(other, one);
}

// OTB-CAT-011, 012: reported at the later of two.
function overlaps(list, pointer, report) {
  const spans = list.map(spanOf);
  list.forEach((entry, index) => {
    emptySpan(entry, `${pointer}/${index}`, report);
    if (spans.some((span, earlier) => earlier < index && meet(span, spans[index]))) {
      report('overlapping-periods', `${pointer}/${index}`, 'it has an instant in common with one before it', 'OTB-CAT-011');
    }
  });
}

// By model: the spans in which it is billed as another, the lower catalog's models included; of two models of one id the first.
function redirectsOf(data, base) {
  const found = new Map();
  for (const model of [...(base?.get('models') ?? []), ...data.get('models').toReversed()]) {
    found.set(model.get('id'), (model.get('lifecycle')?.get('billed_as') ?? []).map(spanOf));
  }
  return found;
}

function lifecycleProblems(model, redirects, isKnown, pointer, report) {
  const lifecycle = model.get('lifecycle');
  const dates = ['released', 'deprecated', 'retires'].filter((field) => lifecycle.has(field)).map((field) => [field, momentOf(lifecycle.get(field))]);
  dates.forEach(([field, date], index) => {
    if (index === 0 || date >= dates[index - 1][1]) return;
    report('lifecycle-order', `${pointer}/${field}`, `it lies before \`${dates[index - 1][0]}\``, 'OTB-CAT-014');
  });
  const list = lifecycle.get('billed_as') ?? [];
  overlaps(list, `${pointer}/billed_as`, report);
  list.forEach((redirect, index) => {
    const target = redirect.get('model');
    const place = `${pointer}/billed_as/${index}/model`;
    const loops = target === model.get('id') || (redirects.get(target) ?? []).some((span) => meet(span, spanOf(redirect)));
    if (!isKnown(target)) report('unknown-model', place, `no model has the id \`${target}\``, 'OTB-CAT-027');
    else if (loops) report('redirect-loop', place, `\`${target}\` is itself billed as another, or the same`, 'OTB-CAT-017');
  });
}

// A model of this catalog may redirect where a redirect of the lower one leads.
function lowerRedirectProblems(data, base, redirects, report) {
  const own = new Set(data.get('models').map((model) => model.get('id')));
  for (const model of base?.get('models') ?? []) {
    if (own.has(model.get('id'))) continue;
    for (const redirect of model.get('lifecycle')?.get('billed_as') ?? []) {
      if (!(redirects.get(redirect.get('model')) ?? []).some((span) => meet(span, spanOf(redirect)))) continue;
      report('redirect-loop', '/extends', `\`${redirect.get('model')}\` is itself billed as another`, 'OTB-CAT-017');
    }
  }
}

function periodProblems(period, sources, pointer, report, problems) {
  if (period.has('source') && sources?.has(period.get('source')) !== true) {
    report('unknown-source', `${pointer}/source`, 'no source has that name', 'OTB-CAT-023');
  }
  const priced = pricedMeters(period);
  for (const key of period.get('context')?.keys() ?? []) {
    if (WORDS.has(key) || priced.has(key)) {
      report('bad-context', pointerTo(`${pointer}/context`, key), `\`${key}\` has another meaning in conditions`, 'OTB-CAT-024');
    }
  }
  tableProblems(period.get('rates'), `${pointer}/rates`, report);
  tableProblems(period.get('normalized_from'), `${pointer}/normalized_from`, report);
  quantityTableProblems(period.get('minimums'), priced, `${pointer}/minimums`, report);
  const {conditionProblems, combinations} = conditionChecker(period, problems);
  (period.get('overrides') ?? []).forEach((override, index) => {
    const place = `${pointer}/overrides/${index}`;
    conditionProblems(override.get('when'), `${place}/when`);
    tableProblems(override.get('rates'), `${place}/rates`, report);
    meterListProblems(override.get('meters'), `${place}/meters`, report, priced);
  });
  (period.get('forbid') ?? []).forEach((entry, index) => conditionProblems(entry.get('when'), `${pointer}/forbid/${index}/when`));
  if (combinations() > MAX_COMBINATIONS) {
    report('too-many-thresholds', pointer, `more than ${MAX_COMBINATIONS} combinations of quantities`, 'OTB-CAT-031');
  }
  allowanceProblems(period.get('allowances') ?? [], priced, `${pointer}/allowances`, report);
}

// OTB-CAT-026, 029, 031.
function conditionChecker(period, problems) {
  const typeOf = periodTypeOf(period);
  const context = period.get('context');
  const numbers = new Map();
  const conditionProblems = (when, pointer) => {
    const tree = readCondition(when, typeOf, pointer, problems);
    if (tree === undefined) return;
    for (const test of testsIn(tree)) {
      countNumbers(numbers, test);
      const values = context?.get(test.name);
      if (values === undefined || (test.operator !== 'equals' && test.operator !== 'one-of')) continue;
      const listed = Array.isArray(test.operand);
      [test.operand].flat().forEach((value, index) => {
        if (values.includes(value)) return;
        const place = listed ? `${test.pointer}/${index}` : test.pointer;
        problems.push(problem('unknown-context', place, `the period does not declare \`${value}\``, 'OTB-CAT-029'));
      });
    }
  };
  const combinations = () => [...numbers.values()].reduce((product, {size}) => product * (1 + 2 * size), 1);
  return {conditionProblems, combinations};
}

function countNumbers(numbers, {name, operand}) {
  const compared = [operand].flat().filter((one) => typeof one === 'bigint');
  if (compared.length === 0) return;
  const meter = readMeter(name).name;
  numbers.set(meter, new Set([...(numbers.get(meter) ?? []), ...compared]));
}

// OTB-PRICE-001, 003 for the keys of a table.
function tableProblems(table, pointer, report) {
  meterProblems([...(table?.keys() ?? [])].map((key) => [key, pointerTo(pointer, key)]), report);
}

// A list may hold one meter twice: it is the same set.
function meterListProblems(list, pointer, report, priced) {
  (list ?? []).forEach((text, index) => {
    const [[meter, place] = []] = meterProblems([[text, `${pointer}/${index}`]], report);
    if (meter === undefined || priced === undefined || priced.has(meter.name)) return;
    report('unpriced-meter', place, `no rate of the period is for \`${meter.name}\``, 'OTB-CAT-028');
  });
}

function meterProblems(places, report) {
  const seen = new Set();
  const read = [];
  for (const [text, place] of places) {
    const meter = readMeter(text);
    if (meter === undefined) report('bad-meter', place, `\`${text}\` is no meter`, 'OTB-PRICE-001');
    else if (seen.has(meter.name)) report('duplicate-meter', place, `\`${meter.name}\` stands twice`, 'OTB-PRICE-003');
    else {
      seen.add(meter.name);
      read.push([meter, place]);
    }
  }
  return read;
}

function quantityTableProblems(table, priced, pointer, report) {
  const places = [...(table?.keys() ?? [])].map((key) => [key, pointerTo(pointer, key)]);
  const values = new Map([...(table ?? [])].map(([key, value]) => [pointerTo(pointer, key), value]));
  for (const [meter, place] of meterProblems(places, report)) {
    quantityProblems(meter, values.get(place), place, report);
    unpriced(meter, priced, place, report);
  }
}

function allowanceProblems(entries, priced, pointer, report) {
  const places = entries.map((entry, index) => [entry.get('meter'), `${pointer}/${index}/meter`]);
  const quantities = new Map(entries.map((entry, index) => [`${pointer}/${index}/meter`, entry.get('quantity')]));
  for (const [meter, place] of meterProblems(places, report)) {
    unpriced(meter, priced, place, report);
    quantityProblems(meter, quantities.get(place), place.replace(/meter$/, 'quantity'), report);
  }
}

function quantityProblems(meter, value, pointer, report) {
  if (readQuantity(value, meter.token) === undefined) {
    report('bad-quantity', pointer, `no quantity of \`${meter.name}\``, 'OTB-PRICE-002');
  }
}

// A minimum and an allowance may be of a meter that falls under the rate of an ancestor.
function unpriced(meter, priced, pointer, report) {
  if (![...priced.values()].some((one) => isWithin(meter, one))) report('unpriced-meter', pointer, `no rate of the period is for \`${meter.name}\``, 'OTB-CAT-028');
}
