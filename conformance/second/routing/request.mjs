// What a request says, what follows from it, and who it is.

import {createHash} from 'node:crypto';
import {classificationProblems} from '../classifiers.mjs';
import {normalise} from '../conditions/facts.mjs';
import {PICO} from '../decimal.mjs';
import {parseInstant, wallClock} from '../instant.mjs';
import {canonical, pointerTo} from '../json.mjs';
import {problem, Refusal, refuse} from '../problem.mjs';
import {readMosts} from '../pricing/index.mjs';

const ID_BYTES = 16;
const MAX_SUBJECT = 256;

/**
 * Refuses a request that the policy cannot read (OTB-DEC-005 to 007, 065, 067, 073).
 *
 * @param {object} policy compiled
 * @param {Map} request of the shape of its schema
 * @returns {Map} the mosts of further meters, as `readMosts` gives them
 * @throws {Refusal}
 */
export function checkRequest(policy, request) {
  const problems = [];
  let most = new Map();
  for (const [field, value] of request) {
    if (field === 'attributes') for (const entry of value) attributeProblems(policy, entry, problems);
    else if (field === 'max_usage') most = readMosts(value, '/max_usage', problems);
    else if (field === 'classifications') problems.push(...classificationProblems(policy.classifiers, value, '/classifications'));
  }
  if (problems.length > 0) throw new Refusal(problems);
  return most;
}

function attributeProblems({attributes, given, subject}, [name, value], problems) {
  const pointer = pointerTo('/attributes', name);
  const declared = attributes.get(name);
  if (declared === undefined && !given.has(name)) {
    problems.push(problem('unknown-attribute', pointer, `no attribute \`${name}\` is declared`, 'OTB-DEC-005'));
    return;
  }
  const type = declared?.get('type') ?? 'string';
  if (attributeFact(value, type) === undefined) {
    problems.push(problem('wrong-type', pointer, `this is no ${type}`, 'OTB-DEC-006'));
  } else if (name === subject && [...value].length > MAX_SUBJECT) {
    problems.push(problem('out-of-range', pointer, `a subject of more than ${MAX_SUBJECT} characters`, 'OTB-DEC-073'));
  } else if (type === 'string' && declared?.get('values')?.includes(value) === false) {
    problems.push(problem('not-one-of', pointer, 'none of the declared values', 'OTB-DEC-007'));
  }
}

// A decimal is written as a string (10-documents.md), so an integer is none.
function attributeFact(value, type) {
  return type === 'decimal' && typeof value !== 'string' ? undefined : normalise(value, type);
}

/**
 * The instant at which something is asked.
 *
 * @param {unknown} text RFC 3339
 * @returns {bigint} nanoseconds
 * @throws {Refusal}
 */
export function readInstant(text) {
  const instant = parseInstant(text);
  if (instant === undefined) refuse('bad-instant', '/at', 'not an RFC 3339 instant with a zone', 'OTB-DOC-022');
  return instant;
}

/**
 * The health snapshot that is given beside a request or an outcome.
 *
 * @param {unknown} asked
 * @returns {Map<string, string> | undefined} undefined where none is given
 * @throws {Refusal}
 */
export function readHealth(asked) {
  if (asked === undefined || asked === null) return undefined;
  if (!(asked instanceof Map)) refuse('wrong-type', '/health', 'a health snapshot is a mapping', 'OTB-DEC-004');
  const problems = [];
  for (const [name, state] of asked) {
    if (state === 'healthy' || state === 'unhealthy') continue;
    problems.push(problem('not-one-of', pointerTo('/health', name), 'neither `healthy` nor `unhealthy`', 'OTB-DEC-004'));
  }
  if (problems.length > 0) throw new Refusal(problems);
  return asked;
}

/**
 * Who asks (OTB-DEC-014).
 *
 * @param {object} policy compiled
 * @param {Map} request
 * @returns {string | undefined} nobody
 */
export function subjectOf(policy, request) {
  if (policy.subject === undefined) return request.get('subject');
  const value = request.get('attributes')?.get(policy.subject);
  // An empty name is nobody's.
  if (value === undefined || value === '') return undefined;
  return value;
}

/**
 * The id of a decision (OTB-DEC-010).
 *
 * @param {string} seed
 * @param {string | undefined} subject
 * @param {string} id of the request
 * @returns {string} 32 hexadecimal digits
 */
export function decisionId(seed, subject, id) {
  const text = [seed, subject ?? '', id].map((part) => `${Buffer.byteLength(part)}:${part},`).join('');
  return createHash('sha256').update(text).digest().subarray(0, ID_BYTES).toString('hex');
}

/**
 * Refuses a request whose id another one of the same subject had (OTB-DEC-012).
 *
 * @param {Map<string, string>} memory digests by subject and id
 * @param {string | undefined} subject
 * @param {Map} request
 * @throws {Refusal}
 */
export function remember(memory, subject, request) {
  const id = request.get('id');
  const key = subject === undefined ? `:${id}` : `${subject.length}:${subject}${id}`;
  const digest = createHash('sha256').update(canonical(request)).digest('base64');
  const known = memory.get(key);
  if (known !== undefined && known !== digest) refuse('conflict', '/id', 'another request had this id', 'OTB-DEC-012');
  memory.set(key, digest);
}

/**
 * How many tokens a request is about (OTB-DEC-008, 009, 015).
 *
 * @param {object} policy compiled
 * @param {Map} request
 * @returns {{input: number, maxOutput: number, expectedOutput: number}}
 */
export function tokensOf({maxOutputTokens, overheadTokens}, request) {
  const maxOutput = Math.min(request.get('max_output_tokens') ?? maxOutputTokens, maxOutputTokens);
  return {
    input: request.get('input_tokens') ?? Buffer.byteLength(request.get('text') ?? '') + overheadTokens,
    maxOutput,
    expectedOutput: Math.min(request.get('expected_output_tokens') ?? maxOutput, maxOutput),
  };
}

/**
 * The facts of a request before anything is classified (OTB-DEC-013).
 *
 * @param {object} policy compiled
 * @param {Map} request
 * @param {{input: number, maxOutput: number, expectedOutput: number}} tokens
 * @param {bigint} instant
 * @returns {Map<string, unknown>} normalised
 */
export function factsOf(policy, request, tokens, instant) {
  const facts = new Map();
  for (const [name, value] of request.get('attributes') ?? []) {
    facts.set(name, attributeFact(value, policy.attributes.get(name)?.get('type') ?? 'string'));
  }
  for (const [key, value] of request.get('context') ?? []) facts.set(`context.${key}`, value);
  const {hour, weekday} = wallClock(instant, policy.timezone);
  facts.set('input_tokens', BigInt(tokens.input) * PICO);
  facts.set('max_output_tokens', BigInt(tokens.maxOutput) * PICO);
  facts.set('expected_output_tokens', BigInt(tokens.expectedOutput) * PICO);
  facts.set('needs', request.get('needs') ?? []);
  facts.set('hour', BigInt(hour) * PICO);
  facts.set('weekday', weekday);
  facts.set('time', instant);
  return facts;
}
