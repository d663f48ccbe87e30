// The instants of a reservation at which a price may begin to differ.

import {offsetsBetween, SECOND} from '../instant.mjs';
import {priceList} from './catalog.mjs';

const DAY = 86_400;

/**
 * The instants, from the first to the last, both inside, between which no price changes (OTB-PRICE-044).
 *
 * @param {object} catalog compiled
 * @param {object} model compiled
 * @param {bigint} at
 * @param {bigint} until
 * @returns {bigint[]} beginning with `at`; every change within the span is one of them
 */
export function momentsBetween(catalog, model, at, until) {
  if (until <= at) return [at];
  const edges = new Set([at]);
  const add = (instant) => {
    if (instant !== undefined && instant > at && instant <= until) edges.add(instant);
  };
  addSpans(model.redirects, add);
  const billed = new Set([model, ...model.redirects.map(({model: id}) => catalog.byId.get(id) ?? model)]);
  for (const one of billed) {
    addSpans(one.periods, add);
    addSpans(one.discounts, add);
    for (const period of one.periods) {
      if ((period.from === undefined || period.from <= until) && (period.until === undefined || period.until > at)) {
        for (const window of priceList(period).windows) addWindow(window, at, until, add);
      }
    }
  }
  return [...edges].sort((one, other) => (one < other ? -1 : 1));
}

function addSpans(spans, add) {
  for (const {from, until} of spans) {
    add(from);
    add(until);
  }
}

function addWindow({start, end, zone}, at, until, add) {
  const first = Number(at / SECOND) - DAY;
  const last = Number(until / SECOND) + DAY;
  const {offsets, changes} = offsetsBetween(zone, first, last);
  for (const change of changes) add(BigInt(change) * SECOND);
  for (const offset of offsets) {
    for (let midnight = Math.floor((first + offset) / DAY) * DAY; midnight <= last + offset + DAY; midnight += DAY) {
      for (const second of new Set([0, start, end])) add(BigInt(midnight + second - offset) * SECOND);
    }
  }
}
