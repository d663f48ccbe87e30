// Which facts the conditions of a policy may look at, and of what type they are.

import {derivedType} from '../conditions/facts.mjs';

/** Words of the condition language, which no attribute may have as its name. */
export const WORDS = Object.freeze(['all', 'any', 'not', 'time']);

const CANDIDATE = Object.freeze({
  model: 'string', tier: 'string', provider: 'string', deployment: 'string', features: 'strings',
  cost: 'decimal', bound: 'decimal', latency_ms: 'integer', quality: 'decimal',
});
const POOL_FACTS = Object.freeze(['candidate.model', 'candidate.tier', 'candidate.provider', 'candidate.deployment']);
const CONTEXT_KEY = /^context\.[a-z][a-z0-9_]*$/;

/**
 * The types of the facts of a request under a policy: declared attributes, what classifiers give, derived facts.
 *
 * @param {Map} data a policy
 * @returns {(name: string) => string | undefined}
 */
export function policyTypeOf(data) {
  const types = new Map();
  for (const classifier of data.get('classifiers') ?? []) types.set(classifier.get('gives'), 'string');
  for (const [name, attribute] of data.get('attributes') ?? []) types.set(name, attribute.get('type'));
  return (name) => derivedType(name) ?? types.get(name);
}

/**
 * The types of the facts that `accept` reads (OTB-DEC-052).
 *
 * @param {(name: string) => string | undefined} typeOf of the facts of the request
 * @returns {(name: string) => string | undefined}
 */
export function acceptTypeOf(typeOf) {
  return (name) => {
    if (name === 'score') return 'decimal';
    return name === 'tier' ? 'string' : typeOf(name);
  };
}

/**
 * The types of the facts of a candidate, for `require`.
 *
 * @param {string} name
 * @returns {string | undefined}
 */
export function requireTypeOf(name) {
  if (Object.hasOwn(CANDIDATE, name)) return CANDIDATE[name];
  return CONTEXT_KEY.test(name) ? 'string' : undefined;
}

/**
 * The types of the facts that conditions of pools look at: those of the request, and four of the candidate (50-pools.md).
 *
 * @param {(name: string) => string | undefined} typeOf of the facts of the request
 * @returns {(name: string) => string | undefined}
 */
export function poolTypeOf(typeOf) {
  return (name) => (POOL_FACTS.includes(name) ? 'string' : typeOf(name));
}
