// From tier to tier, until one has a candidate left.

import {formatPico} from '../decimal.mjs';
import {admit, answerRefused, barredBy} from '../pools/index.mjs';
import {lookAt} from './candidates.mjs';
import {select} from './selection.mjs';

/**
 * Looks for a candidate in tiers, the first being where the search begins (OTB-DEC-043 to 046, 056, 074, OTB-POOL-070 to 073).
 *
 * @param {object} question what is asked
 * @param {{tiers: number[], attempt: number, follows: boolean, goesOn: boolean, ceiling?: number, looked?: Set<number>}} way
 *   `tiers` in the order in which they are tried; with `follows` the first is already one further in the cascade; with
 *   `goesOn` tiers by `fallback.to` come after them, up to the `ceiling`, and none that was `looked` at before
 * @param {{instant: bigint, health: Map<string, string>, store: object}} now
 * @returns {{found?: object, refusal?: object, reasons: string[], steps: object[], rows: object[], isLower?: boolean}} `found`:
 *   the offer that was selected, with `tier`, `draw` and `admission`; `refusal`: the action, reason and `retryAfter` where pools
 *   let nobody serve; `reasons`: how its tier was reached; `steps` for the trace; `rows`: the balances that were asked
 */
export function search(question, {tiers, attempt, follows, goesOn, ceiling = Infinity, looked = new Set()}, now) {
  const steps = [];
  const rows = [];
  const seen = new Set(looked);
  const answered = (reasons, one) => ({reasons, steps, rows, ...one});
  const look = (index, reasons) => {
    seen.add(index);
    const one = serve(question, question.policy.tiers[index], attempt, now, {steps, rows});
    if (one?.refused === undefined) return one && answered(one.found === undefined ? [] : reasons, one);
    const rest = downgrade(question, one.refused, {index, attempt, goesOn, looked: seen}, now);
    const way = rest.found === undefined ? [] : reasons;
    return {...rest, reasons: [...way, ...rest.reasons], steps: [...steps, ...rest.steps], rows: [...rows, ...rest.rows]};
  };
  for (const [place, index] of tiers.entries()) {
    const found = look(index, place > 0 || follows ? ['escalated'] : []);
    if (found !== undefined) return found;
  }
  if (goesOn) {
    for (const index of fallbackTiers(question, tiers.at(-1))) {
      if (index < question.floor || index > ceiling || seen.has(index)) continue;
      const found = look(index, ['fallback-tier']);
      if (found !== undefined) return found;
    }
  }
  return answered([], {});
}

// OTB-POOL-071, 072.
function downgrade(question, refused, {index, attempt, goesOn, looked}, now) {
  const none = {reasons: [], steps: [], rows: []};
  const {action, tier, retryAfter} = answerRefused(refused, {floor: question.floor, index, store: now.store});
  if (action !== 'downgrade') return {...none, refusal: {action, reason: 'no-room', retryAfter}};
  const lower = {...question, barred: barredBy(question.barred, refused)};
  const rest = looked.has(tier) ? none : search(lower, {tiers: [tier], attempt, follows: false, goesOn: false, looked}, now);
  const reasons = [...rest.reasons.filter((reason) => reason !== 'downgraded'), 'downgraded'];
  if (rest.found !== undefined) return {...rest, reasons, isLower: true};
  return {...rest, reasons: ['downgraded'], refusal: rest.refusal ?? {action: 'deny', reason: 'no-room', retryAfter}};
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

// Undefined where nobody is left; `refused` or `refusal` where pools do not let anybody serve.
function serve(question, tier, attempt, now, {steps, rows}) {
  const looks = tier.candidates.map((candidate) => lookAt(question, tier, candidate, now));
  const offers = looks.filter(({dropped}) => dropped === undefined);
  const {offer, draw, scores, admission, refused, without} = selectAdmitted(question, tier, offers, attempt, now, rows);
  looks.forEach((one, index) => {
    const reason = one.dropped ?? (one === offer ? 'chosen' : without.has(one) ? 'no-room' : 'not-chosen');
    const step = {id: tier.candidates[index].name, tier: tier.id, attempt, reason};
    if (reason === 'chosen' || reason === 'not-chosen') {
      step.expected = formatPico(one.expected);
      step.bound = formatPico(one.bound);
      if (scores !== undefined) step.score = formatPico(scores[offers.indexOf(one)]);
    }
    steps.push(step);
  });
  if (admission?.isHeld) return {found: {...offer, tier, draw, admission}};
  if (admission !== undefined) return {refusal: {action: 'deny', reason: admission.reason}};
  return refused && {refused};
}

// The first that pools admit, in the order in which the tier would select them (OTB-POOL-070).
function selectAdmitted(question, tier, offers, attempt, now, rows) {
  const without = new Set();
  let left = offers;
  let refused;
  let scores;
  while (left.length > 0) {
    const selected = select(tier, left, {id: question.id, attempt, value: question.value});
    scores ??= selected.scores;
    const admission = admit(question, {tier, offer: selected.offer, attempt}, now);
    rows.push(...admission.rows);
    if (admission.isHeld || admission.reason !== undefined) return {...selected, scores, admission, without};
    refused ??= admission.refused;
    without.add(selected.offer);
    left = left.filter((one) => one !== selected.offer);
  }
  return {refused, scores, without};
}
