// Which of the candidates that are left a tier takes.

import {createHash} from 'node:crypto';
import {divideHalfEven, PICO} from '../decimal.mjs';

const MILLISECONDS = 1000n;
const DRAWS = 2n ** 64n;

/**
 * Selects one offer (OTB-DEC-011, 038, 039, 041, 042, 047, 048).
 *
 * @param {object} tier compiled
 * @param {object[]} offers at least one, in listed order
 * @param {{id: string, attempt: number, value: bigint}} question the decision's id, the number of the attempt, the value in pico
 * @returns {{offer: object, draw?: bigint, scores?: bigint[]}} `scores` by offer in pico, where `utility` compared them
 */
export function select(tier, offers, {id, attempt, value}) {
  switch (tier.select) {
    case 'cheapest':
      return {offer: offers[leastAt(offers.map(({expected}) => expected))]};
    case 'weighted': {
      const draw = createHash('sha256').update(`${id}/weighted/${attempt}`).digest().readBigUInt64BE(0);
      return {offer: drawn(offers, draw), draw};
    }
    case 'utility': {
      const sums = offers.map((offer) => utilityOf(tier, offer, value));
      const scores = sums.map((sum) => divideHalfEven(sum, MILLISECONDS * PICO * PICO));
      return {offer: offers[leastAt(sums)], scores};
    }
    default:
      return {offer: offers[0]};
  }
}

function leastAt(amounts) {
  let found = 0;
  amounts.forEach((amount, index) => {
    if (amount < amounts[found]) found = index;
  });
  return found;
}

function drawn(offers, draw) {
  const sum = offers.reduce((total, {candidate}) => total + BigInt(candidate.weight), 0n);
  const mark = (draw * sum) / DRAWS;
  let cumulated = 0n;
  return offers.find(({candidate}) => {
    cumulated += BigInt(candidate.weight);
    return cumulated > mark;
  });
}

// Exact, in units of 1 / (1000 × PICO³) of money, so that only integers are compared.
function utilityOf({perSecond, liability}, {expected, latency, quality}, value) {
  const waiting = BigInt(latency ?? 0) * perSecond * PICO * PICO;
  const wrong = (PICO - (quality ?? 0n)) * liability * value * MILLISECONDS;
  return expected * MILLISECONDS * PICO * PICO + waiting + wrong;
}
