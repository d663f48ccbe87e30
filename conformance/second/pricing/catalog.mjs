// A catalog made ready: names to models, periods with their conditions read when they are first needed.

import {testsIn, windowsIn} from '../conditions/evaluate.mjs';
import {readCondition} from '../conditions/read.mjs';
import {parsePico} from '../decimal.mjs';
import {parseMoment} from '../instant.mjs';
import {isWithin, readMeter} from './meters.mjs';
import {readQuantity} from './quantities.mjs';

const TOKENS_PER_RATE = 1_000_000n;

/**
 * The instant of a field that may be absent or null.
 *
 * @param {string | null | undefined} text
 * @returns {bigint | undefined} nanoseconds; undefined is without end
 */
export function momentOf(text) {
  return text === undefined || text === null ? undefined : parseMoment(text);
}

/**
 * Whether an instant lies in `[from, until)` (OTB-CAT-009, 016, 019).
 *
 * @param {{from?: bigint, until?: bigint}} span an absent end is open
 * @param {bigint} instant
 * @returns {boolean}
 */
export function covers({from, until}, instant) {
  return (from === undefined || from <= instant) && (until === undefined || instant < until);
}

/**
 * Makes a catalog ready that has no problems (OTB-CAT-018).
 *
 * @param {Map} data
 * @param {Map} [base] the catalog that it extends
 * @returns {{currency: string, byName: Map<string, object>, byId: Map<string, object>}} models by id and alias, and by id
 */
export function compileCatalog(data, base) {
  const byId = new Map();
  const upper = readDiscounts(data);
  const lower = base === undefined ? [] : readDiscounts(base);
  if (base !== undefined) for (const model of base.get('models')) byId.set(model.get('id'), compileModel(model, [...upper, ...lower]));
  // The lower catalog's discounts are on its own prices, so a model that is replaced leaves them behind.
  for (const model of data.get('models')) byId.set(model.get('id'), compileModel(model, upper));
  const byName = new Map();
  for (const model of byId.values()) for (const alias of model.aliases) byName.set(alias, model);
  for (const model of byId.values()) byName.set(model.id, model);
  return {currency: data.get('currency'), byName, byId};
}

function readDiscounts(data) {
  return (data.get('discounts') ?? []).map((discount) => ({
    models: discount.has('models') ? new Set(discount.get('models')) : undefined,
    meters: readMeterNames(discount.get('meters')),
    multiply: parsePico(discount.get('multiply')),
    from: momentOf(discount.get('from')),
    until: momentOf(discount.get('until')),
  }));
}

/**
 * The names of a list of meters.
 *
 * @param {string[] | undefined} list
 * @returns {Set<string> | undefined} each meter's one name; undefined for no list
 */
function readMeterNames(list) {
  return list === undefined ? undefined : new Set(list.map((text) => readMeter(text).name));
}

function compileModel(data, discounts) {
  const id = data.get('id');
  const lifecycle = data.get('lifecycle') ?? new Map();
  const capabilities = data.get('capabilities') ?? new Map();
  return {
    id,
    aliases: data.get('aliases') ?? [],
    released: momentOf(lifecycle.get('released')),
    deprecated: momentOf(lifecycle.get('deprecated')),
    retires: momentOf(lifecycle.get('retires')),
    redirects: (lifecycle.get('billed_as') ?? []).map(compileRedirect),
    contextWindow: capabilities.get('context_window'),
    maxInput: capabilities.get('max_input'),
    maxOutput: capabilities.get('max_output'),
    input: setOf(capabilities.get('input')),
    output: setOf(capabilities.get('output')),
    features: capabilities.get('features'),
    discounts: discounts.filter(({models}) => models === undefined || models.has(id)),
    periods: data.get('prices').map((period) => ({
      from: momentOf(period.get('from')), until: momentOf(period.get('until')), data: period, compiled: undefined,
    })),
  };
}

function compileRedirect(data) {
  return {from: momentOf(data.get('from')), until: momentOf(data.get('until')), model: data.get('model')};
}

function setOf(list) {
  return list === undefined ? undefined : new Set(list);
}

/**
 * What a period says of prices, with its conditions read; kept for the next time.
 *
 * @param {{data: Map, compiled?: object}} period of a compiled model
 * @returns {object} `context` (values by key, the first the default), `rates`, `overrides`, `forbid`, `minimums`,
 *   `allowances`, `hasRequest`, `conditions` (those that look at quantities, with these `tests`), and `windows` of all conditions
 */
export function priceList(period) {
  period.compiled ??= compilePeriod(period.data);
  return period.compiled;
}

function compilePeriod(data) {
  const typeOf = periodTypeOf(data);
  const overrides = (data.get('overrides') ?? []).map((override) => ({
    when: readCondition(override.get('when'), typeOf, '', []),
    rates: override.has('rates') ? readRates(override.get('rates')) : undefined,
    multiply: override.has('multiply') ? parsePico(override.get('multiply')) : undefined,
    meters: readMeterNames(override.get('meters')),
  }));
  const forbid = (data.get('forbid') ?? []).map((entry) => readCondition(entry.get('when'), typeOf, '', []));
  const rates = readRates(data.get('rates'));
  const trees = [...overrides.map(({when}) => when), ...forbid];
  const context = data.get('context') ?? new Map();
  return {
    context,
    rates,
    overrides,
    forbid,
    minimums: readMinimums(data.get('minimums')),
    allowances: readAllowances(data.get('allowances')),
    hasRequest: rates.has('request') || overrides.some((override) => override.rates?.has('request') === true),
    conditions: trees.map((when) => ({when, tests: testsIn(when).filter(({name}) => !context.has(name))})).filter(({tests}) => tests.length > 0),
    windows: trees.flatMap(windowsIn),
  };
}

/**
 * The types of the names that conditions of a period may look at (OTB-CAT-026).
 *
 * @param {Map} data a period
 * @returns {(name: string) => string | undefined}
 */
export function periodTypeOf(data) {
  const context = data.get('context');
  const priced = pricedMeters(data);
  return (name) => {
    if (name === 'time') return 'time';
    if (context !== undefined && context.has(name)) return 'string';
    const meter = readMeter(name);
    if (meter === undefined) return undefined;
    for (const one of priced.values()) {
      if (isWithin(meter, one) || isWithin(one, meter)) return meter.token ? 'integer' : 'decimal';
    }
    return undefined;
  };
}

/**
 * The meters that have a rate of their own in a period, in an override too.
 *
 * @param {Map} data a period
 * @returns {Map<string, object>} meters by name
 */
export function pricedMeters(data) {
  const priced = new Map();
  for (const table of [data.get('rates'), ...(data.get('overrides') ?? []).map((override) => override.get('rates'))]) {
    for (const key of table?.keys() ?? []) {
      const meter = readMeter(key);
      if (meter !== undefined) priced.set(meter.name, meter);
    }
  }
  return priced;
}

// OTB-CAT-004, OTB-PRICE-010.
function readRates(table) {
  const rates = new Map();
  for (const [key, value] of table) {
    const meter = readMeter(key);
    const rate = value instanceof Map
      ? {amount: parsePico(value.get('amount')), per: BigInt(value.get('per'))}
      : {amount: parsePico(value), per: meter.token ? TOKENS_PER_RATE : 1n};
    rates.set(meter.name, {meter, ...rate});
  }
  return rates;
}

function readMinimums(table) {
  const minimums = new Map();
  for (const [key, value] of table ?? []) {
    const meter = readMeter(key);
    minimums.set(meter.name, readQuantity(value, meter.token));
  }
  return minimums;
}

// Of several allowances of one meter the greatest is within reach.
function readAllowances(list) {
  const allowances = new Map();
  for (const entry of list ?? []) {
    const meter = readMeter(entry.get('meter'));
    const quantity = readQuantity(entry.get('quantity'), meter.token);
    if (quantity > (allowances.get(meter.name) ?? -1n)) allowances.set(meter.name, quantity);
  }
  return allowances;
}
