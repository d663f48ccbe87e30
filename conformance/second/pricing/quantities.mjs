// Usages as they are asked: quantities by meter, in pico of a unit.

import {formatPico, parsePico, PICO} from '../decimal.mjs';
import {pointerTo} from '../json.mjs';
import {problem} from '../problem.mjs';
import {readMeter} from './meters.mjs';

const MAX_METERS = 256;
const MAX_QUANTITY = 9_007_199_254_740_991n * PICO;
const DECIMAL = /^(0|[1-9][0-9]{0,15})(\.[0-9]{1,12})?$/;

/**
 * Reads a quantity (OTB-PRICE-002).
 *
 * @param {unknown} value an integer, or a decimal string where the meter does not count tokens
 * @param {boolean} token whether the meter counts tokens
 * @returns {bigint | undefined} pico of a unit; undefined where it is no quantity
 */
export function readQuantity(value, token) {
  if (typeof value === 'number') return value >= 0 ? BigInt(value) * PICO : undefined;
  if (token || typeof value !== 'string' || !DECIMAL.test(value)) return undefined;
  const pico = parsePico(value);
  return pico > MAX_QUANTITY ? undefined : pico;
}

/**
 * Writes a quantity: an integer where it is whole, else a decimal string.
 *
 * @param {bigint} pico
 * @returns {number | string}
 */
export function writeQuantity(pico) {
  return pico % PICO === 0n && pico <= MAX_QUANTITY ? Number(pico / PICO) : formatPico(pico);
}

/**
 * Reads a usage, or the mosts of a request (OTB-PRICE-001, 002, 003, 032).
 *
 * @param {unknown} data a Map, or undefined for none
 * @param {string} pointer where it stands
 * @param {object[]} problems to which what is wrong is added
 * @returns {Map<string, {meter: object, quantity: bigint, pointer: string}>} by the meter's one name
 */
export function readUsage(data, pointer, problems) {
  const usage = new Map();
  if (data === undefined) return usage;
  if (!(data instanceof Map)) {
    problems.push(problem('bad-quantity', pointer, 'quantities by meter are a mapping', 'OTB-PRICE-002'));
    return usage;
  }
  if (data.size > MAX_METERS) {
    problems.push(problem('too-many-meters', pointer, `more than ${MAX_METERS} meters`, 'OTB-PRICE-032'));
    return usage;
  }
  for (const [key, value] of data) readEntry(usage, key, value, pointerTo(pointer, key), problems);
  return usage;
}

function readEntry(usage, key, value, place, problems) {
  const meter = readMeter(key);
  if (meter === undefined) {
    problems.push(problem('bad-meter', place, `\`${key}\` is no meter`, 'OTB-PRICE-001'));
    return;
  }
  const quantity = readQuantity(value, meter.token);
  if (usage.has(meter.name)) {
    problems.push(problem('duplicate-meter', place, `\`${meter.name}\` stands twice`, 'OTB-PRICE-003'));
  } else if (quantity === undefined) {
    problems.push(problem('bad-quantity', place, `no quantity of \`${meter.name}\``, 'OTB-PRICE-002'));
  } else usage.set(meter.name, {meter, quantity, pointer: place});
}
