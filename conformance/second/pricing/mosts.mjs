// The most of each meter that a call may use.

import {PICO} from '../decimal.mjs';
import {isWithin, readMeter} from './meters.mjs';

const INPUT = readMeter('input');
const OUTPUT = readMeter('output');
const REQUEST = readMeter('request');

/**
 * The most of each root and of each meter that the request names; one request is always made (OTB-PRICE-012).
 *
 * @param {{hasRequest: boolean}} list the price list of a period
 * @param {{input: bigint, output: bigint, most: Map<string, object>}} limits pico of units
 * @returns {Map<string, {meter: object, quantity: bigint, pointer: string, implied?: boolean}>} by the meter's one name;
 *   `implied` where nobody names the request that is made
 */
export function mostsOf(list, {input, output, most}) {
  const mosts = new Map([
    ['input', {meter: INPUT, quantity: input, pointer: '/input_tokens'}],
    ['output', {meter: OUTPUT, quantity: output, pointer: '/max_output_tokens'}],
    ...most,
  ]);
  if (list.hasRequest && !((most.get('request')?.quantity ?? 0n) >= PICO)) {
    mosts.set('request', {meter: REQUEST, quantity: PICO, pointer: '/max_usage/request', implied: !most.has('request')});
  }
  return mosts;
}

/**
 * The most that a meter may be (OTB-PRICE-045).
 *
 * @param {object} meter
 * @param {Map<string, {meter: object, quantity: bigint}>} mosts
 * @returns {bigint} pico of units
 */
export function mostOf(meter, mosts) {
  let most;
  let named = false;
  for (const entry of mosts.values()) {
    if (entry.implied === true ? meter.name !== entry.meter.name : !isWithin(meter, entry.meter)) continue;
    if (entry.meter.media || !entry.meter.token) named = true;
    if (most === undefined || entry.quantity < most) most = entry.quantity;
  }
  if (most === undefined || ((meter.media || !meter.token) && !named)) return 0n;
  return most;
}
