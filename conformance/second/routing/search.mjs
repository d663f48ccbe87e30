// From tier to tier, until one has a candidate left.

import {formatPico} from '../decimal.mjs';
import {lookAt} from './candidates.mjs';
import {select} from './selection.mjs';

/**
 * Looks for a candidate in tiers, the first being where the search begins (OTB-DEC-043 to 046, 056, 074).
 *
 * @param {object} question what is asked
 * @param {{tiers: number[], attempt: number, follows: boolean, goesOn: boolean}} way `tiers` in the order in which they are
 *   tried; with `follows` the first is already one further in the cascade; with `goesOn` tiers by `fallback.to` come after them
 * @param {{instant: bigint, health: Map<string, string>}} now
 * @returns {{found?: object, reasons: string[], steps: object[]}} `found`: the offer that was selected, with `tier` and `draw`;
 *   `reasons`: how its tier was reached; `steps` for the trace
 */
export function search(question, {tiers, attempt, follows, goesOn}, now) {
  const steps = [];
  const look = (index) => serve(question, question.policy.tiers[index], attempt, now, steps);
  for (const [place, index] of tiers.entries()) {
    const found = look(index);
    if (found !== undefined) return {found, reasons: place > 0 || follows ? ['escalated'] : [], steps};
  }
  if (goesOn) {
    for (const index of fallbackTiers(question, tiers.at(-1))) {
      if (index < question.floor || tiers.includes(index)) continue;
      const found = look(index);
      if (found !== undefined) return {found, reasons: ['fallback-tier'], steps};
    }
  }
  return {reasons: [], steps};
}

// Where `fallback.to` leads from a tier, in order.
function fallbackTiers({policy}, from) {
  const to = policy.fallback?.to ?? 'same-tier';
  const indices = policy.tiers.map((_, index) => index);
  if (to === 'same-tier') return [];
  if (to === 'same-tier-then-up') return indices.slice(from + 1);
  if (to === 'same-tier-then-down') return indices.slice(0, from).reverse();
  const chain = [];
  for (let id = to.get(policy.tiers[from].id); id !== undefined; id = to.get(id)) chain.push(policy.tierIndex.get(id));
  return chain;
}

function serve(question, tier, attempt, now, steps) {
  const looks = tier.candidates.map((candidate) => lookAt(question, tier, candidate, now));
  const offers = looks.filter(({dropped}) => dropped === undefined);
  const {offer, draw, scores} = offers.length === 0 ? {} : select(tier, offers, {id: question.id, attempt, value: question.value});
  looks.forEach((one, index) => {
    const step = {id: tier.candidates[index].name, tier: tier.id, attempt, reason: one.dropped ?? (one === offer ? 'chosen' : 'not-chosen')};
    if (one.dropped === undefined) {
      step.expected = formatPico(one.expected);
      step.bound = formatPico(one.bound);
      if (scores !== undefined) step.score = formatPico(scores[offers.indexOf(one)]);
    }
    steps.push(step);
  });
  return offer === undefined ? undefined : {...offer, tier, draw};
}
