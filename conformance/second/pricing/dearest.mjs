// What a call can cost at most under one set of rates (OTB-PRICE-047 to 049).

import {divideCeiling, PICO} from '../decimal.mjs';
import {isPartOf, isWithin, readMeter} from './meters.mjs';
import {mostOf, othersOf} from './mosts.mjs';
import {nearestRates} from './situation.mjs';

const REQUEST = readMeter('request');

/**
 * The most that quantities can cost under the rates in force.
 *
 * @param {{minimums: Map<string, bigint>}} list the price list of a period
 * @param {Map<string, object>} rates in force
 * @param {{input: bigint, output: bigint, most: Map<string, object>}} limits as `mostOf` takes them
 * @param {Map<string, bigint>} tokens `input` and `output`: how many there are, in whole tokens
 * @returns {{cost: bigint, complete: boolean}} pico of money; `complete` where all that may be above 0 has a rate
 */
export function dearestOf(list, rates, limits, tokens) {
  let cost = 0n;
  let complete = true;
  for (const [name, count] of tokens) {
    if (count === 0n) continue;
    const whole = readMeter(name);
    const portions = portionsOf(whole, rates, limits);
    cost += spend(portions, count) + minimumsWithin(whole, list, rates, (meter) => mostOf(meter, limits) > 0n);
    if (portions.length === 0) complete = false;
  }
  for (const {meter, quantity} of countedOthers(rates, limits)) {
    if (quantity === 0n) continue;
    const parts = [...rates.values()].filter((rate) => isPartOf(rate.meter, meter));
    const possible = [...parts, ...nearestRates(meter, rates)];
    if (possible.length === 0) {
      complete = false;
      continue;
    }
    // Every part may be a line of its own, with a rounding of its own.
    cost += most(possible.map((rate) => priceOf(quantity, rate))) + BigInt(parts.length);
    cost += minimumsWithin(meter, list, rates, () => true);
  }
  return {cost, complete};
}

// Who may take how many tokens at what rate, the dearest first.
function portionsOf(whole, rates, limits) {
  const portions = [];
  for (const rate of rates.values()) {
    if (!isWithin(rate.meter, whole)) continue;
    const limit = mostOf(rate.meter, limits) / PICO;
    if (limit > 0n) portions.push({limit, price: priceOf(PICO, rate)});
  }
  return portions.sort((one, other) => (one.price === other.price ? 0 : one.price < other.price ? 1 : -1));
}

function spend(portions, count) {
  let cost = 0n;
  let left = count;
  for (const {limit, price} of portions) {
    const taken = limit < left ? limit : left;
    cost += taken * price;
    left -= taken;
  }
  return cost;
}

// One request is counted where it has a rate (OTB-PRICE-012).
function countedOthers(rates, {most: named}) {
  const others = othersOf(named).filter(({meter}) => meter.name !== REQUEST.name);
  const requests = named.get(REQUEST.name)?.quantity ?? 0n;
  const quantity = rates.has(REQUEST.name) && requests < PICO ? PICO : requests;
  return [...others, {meter: REQUEST, quantity}];
}

function minimumsWithin(whole, {minimums}, rates, isCounted) {
  let cost = 0n;
  for (const [name, quantity] of minimums) {
    const meter = readMeter(name);
    if (!isWithin(meter, whole) || !isCounted(meter)) continue;
    cost += most(nearestRates(meter, rates).map((rate) => priceOf(quantity, rate)));
  }
  return cost;
}

function priceOf(quantity, {amount, per}) {
  return divideCeiling(quantity * amount.n, amount.d * per);
}

function most(amounts) {
  return amounts.reduce((found, one) => (one > found ? one : found), 0n);
}
