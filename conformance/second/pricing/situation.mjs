// Where a price applies: the model that is billed, its period, the context, and the rates in force.

import {evaluate} from '../conditions/evaluate.mjs';
import {PICO} from '../decimal.mjs';
import {problem} from '../problem.mjs';
import {pointerTo} from '../json.mjs';
import {compareMeters, isPartOf, readMeter} from './meters.mjs';
import {covers, priceList} from './catalog.mjs';

/**
 * The lifecycle of a model at an instant (OTB-CAT-013).
 *
 * @param {object} model compiled
 * @param {bigint} instant
 * @returns {'retired' | 'unreleased' | 'deprecated' | 'active'}
 */
export function statusOf(model, instant) {
  if (model.retires !== undefined && instant >= model.retires) return 'retired';
  if (model.released !== undefined && instant < model.released) return 'unreleased';
  return model.deprecated !== undefined && instant >= model.deprecated ? 'deprecated' : 'active';
}

/**
 * The model by whose prices a model is billed (OTB-CAT-016).
 *
 * @param {object} catalog compiled
 * @param {object} model compiled
 * @param {bigint} instant
 * @returns {object} the model itself where no redirect is in force
 */
export function billedModel(catalog, model, instant) {
  const redirect = model.redirects.find((one) => covers(one, instant));
  return redirect === undefined ? model : catalog.byId.get(redirect.model) ?? model;
}

/**
 * What a model's price depends on at an instant (OTB-CAT-005, 009, 010, OTB-PRICE-022).
 *
 * @param {object} catalog compiled
 * @param {object} model compiled
 * @param {bigint} instant of dispatch
 * @param {Map<string, unknown> | undefined} asked values by context key
 * @returns {{model: object, list: object, context: Map<string, string>, instant: bigint, discounts: object[]}
 *   | {problems: object[]}} `list` is the period's price list
 */
export function situationAt(catalog, model, instant, asked) {
  const billed = billedModel(catalog, model, instant);
  const period = billed.periods.find((one) => covers(one, instant));
  if (period === undefined) {
    return {problems: [problem('no-price-at-time', '/at', `\`${billed.id}\` has no price at that instant`, 'OTB-CAT-010')]};
  }
  const list = priceList(period);
  const problems = [];
  const context = mergeContext(list.context, asked, problems);
  if (problems.length > 0) return {problems};
  return {model: billed, list, context, instant, discounts: billed.discounts.filter((one) => covers(one, instant))};
}

function mergeContext(declared, asked, problems) {
  const context = new Map();
  for (const [key, values] of declared) context.set(key, values[0]);
  for (const [key, value] of asked ?? []) {
    if (declared.get(key)?.includes(value) === true) context.set(key, value);
    else problems.push(problem('unknown-context', pointerTo('/context', key), 'the price does not declare this', 'OTB-PRICE-022'));
  }
  return context;
}

/**
 * What the conditions of a period look at (OTB-PRICE-020, 030).
 *
 * @param {{context: Map<string, string>, instant: bigint}} situation
 * @param {(name: string) => bigint} quantityOf the reported quantity of a meter, by its one name, in pico
 * @returns {{get: (name: string) => unknown}}
 */
export function factsOf({context, instant}, quantityOf) {
  return {
    get(name) {
      if (name === 'time') return instant;
      return context.get(name) ?? quantityOf(readMeter(name).name);
    },
  };
}

/**
 * Whether a condition of `forbid` is true (OTB-PRICE-025).
 *
 * @param {{list: object}} situation
 * @param {{get: (name: string) => unknown}} facts
 * @returns {boolean}
 */
export function isForbidden({list}, facts) {
  return list.forbid.some((when) => evaluate(when, facts) === true);
}

/**
 * The rates in force (OTB-PRICE-016 to 019, 029, 033, OTB-CAT-019).
 *
 * @param {{list: object, discounts: object[]}} situation
 * @param {{get: (name: string) => unknown}} facts
 * @returns {Map<string, {meter: object, amount: {n: bigint, d: bigint}, per: bigint}>} by the meter's one name;
 *   `amount` is exact, for `per` units
 */
export function ratesInForce({list, discounts}, facts) {
  const table = new Map(list.rates);
  const multipliers = [];
  for (const override of list.overrides) {
    if (evaluate(override.when, facts) !== true) continue;
    for (const [name, rate] of override.rates ?? []) table.set(name, rate);
    if (override.multiply !== undefined) multipliers.push(override);
  }
  multipliers.push(...discounts);
  for (const [name, {meter, amount, per}] of table) {
    let n = amount;
    let d = PICO;
    for (const {meters, multiply} of multipliers) {
      if (meters === undefined ? meter.token : meters.has(name)) {
        n *= multiply;
        d *= PICO;
      }
    }
    table.set(name, {meter, amount: {n, d}, per});
  }
  return table;
}

/**
 * The rate by which a meter is billed (OTB-PRICE-006 to 008).
 *
 * @param {object} meter
 * @param {Map<string, object>} rates in force
 * @returns {object | 'unpriced-meter' | 'ambiguous-rate'}
 */
export function rateFor(meter, rates) {
  const [first, ...others] = nearestRates(meter, rates);
  if (first === undefined) return 'unpriced-meter';
  return others.every((other) => costsTheSame(first, other)) ? first : 'ambiguous-rate';
}

/**
 * The rates that a meter may fall under: its own, or those of its most specific priced ancestors (OTB-PRICE-006).
 *
 * @param {object} meter
 * @param {Map<string, object>} rates in force
 * @returns {object[]} in the order of lines
 */
export function nearestRates(meter, rates) {
  const own = rates.get(meter.name);
  if (own !== undefined) return [own];
  const ancestors = [...rates.values()].filter((rate) => isPartOf(meter, rate.meter));
  const nearest = ancestors.filter((rate) => !ancestors.some((other) => isPartOf(other.meter, rate.meter)));
  return nearest.sort((one, other) => compareMeters(one.meter, other.meter));
}

function costsTheSame(one, other) {
  return one.amount.n * other.amount.d * other.per === other.amount.n * one.amount.d * one.per;
}
