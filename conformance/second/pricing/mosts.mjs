// The most of each meter that a call may use.

import {PICO} from '../decimal.mjs';
import {isPartOf, isWithin} from './meters.mjs';

/**
 * The most that a meter may be (OTB-PRICE-012, 045).
 *
 * @param {{name: string, tags: Set<string>, token: boolean, media: string[], group: 0 | 1 | 2}} meter
 * @param {{input: bigint, output: bigint, most: Map<string, {meter: object, quantity: bigint}>, counted?: boolean}} limits
 *   pico of units; `counted` where one request is counted although nobody names it
 * @returns {bigint} pico of units
 */
export function mostOf(meter, {input, output, most, counted}) {
  const named = [...most.values()].filter((entry) => isWithin(meter, entry.meter));
  const quantities = named.map(({quantity}) => quantity);
  if (meter.token) {
    const isNamed = (tag) => named.some((entry) => entry.meter.token && entry.meter.tags.has(tag));
    if (!meter.media.every(isNamed)) return 0n;
    return least([meter.group === 0 ? input : output, ...quantities]);
  }
  const own = quantities.length === 0 ? 0n : least(quantities);
  return counted === true && meter.name === 'request' && own < PICO ? PICO : own;
}

function least(quantities) {
  return quantities.reduce((found, one) => (one < found ? one : found));
}

/**
 * The named meters that are no tokens and no part of another named one, with their mosts (OTB-PRICE-048).
 *
 * @param {Map<string, {meter: object, quantity: bigint}>} most
 * @returns {{meter: object, quantity: bigint}[]}
 */
export function othersOf(most) {
  const entries = [...most.values()];
  return entries.filter(({meter}) => !meter.token && !entries.some((other) => isPartOf(meter, other.meter)));
}
