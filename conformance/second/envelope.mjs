// What comes before any schema: the text of a document, the version that it needs, its kind; and document order.

import {MAX_DEPTH, MAX_NODES, measure, pointerTo} from './json.mjs';
import {problem} from './problem.mjs';

/** The version of the specification that this program implements. */
const VERSION = Object.freeze({major: 1, minor: 0});

/** The kinds of documents that the specification has. */
export const KINDS = Object.freeze([
  'catalog', 'value-rules', 'policy', 'classifier', 'request', 'decision', 'usage-record', 'problem', 'case', 'report',
]);

const RECORD = 'usage-record';

/**
 * A document as it was given.
 *
 * @param {unknown} data
 * @param {object[]} [flaws] of the reader, with paths from the document's root
 * @param {boolean} [isLarge] whether its depth and its number of keys and values have to be counted
 * @returns {{data: unknown, flaws: object[], isLarge: boolean}}
 */
export function documentOf(data, flaws = [], isLarge = false) {
  return {data, flaws, isLarge};
}

/**
 * Problems of a document's text (OTB-DOC-010, 011, 013, 014, 017, 033).
 *
 * @param {{data: unknown, flaws: object[], isLarge: boolean}} entry
 * @returns {object[]} in the order of the text
 */
export function textProblems({data, flaws, isLarge}) {
  if (isLarge) {
    const {depth, nodes} = measure(data);
    if (depth > MAX_DEPTH) return [problem('too-deep', '', 'more containers inside each other than a document may have', 'OTB-DOC-013')];
    if (nodes > MAX_NODES) return [problem('too-many-nodes', '', 'more keys and values than a document may have', 'OTB-DOC-013')];
  }
  const end = flaws.find(({isEnd}) => isEnd);
  if (end !== undefined) return [flawProblem({...end, path: []})];
  return flaws.filter((flaw) => !isFreeText(flaw)).map(flawProblem);
}

/**
 * A flaw that the reader noted, as a problem.
 *
 * @param {{code: string, path: (string | number)[], message: string, requirement: string}} flaw
 * @returns {object}
 */
export function flawProblem({code, path, message, requirement}) {
  return problem(code, path.reduce(pointerTo, ''), message, requirement);
}

// Under a key `text` stands what somebody wrote: halves of surrogate pairs alone are wrong there.
function isFreeText({code, path, kind, isKey}) {
  if (isKey || kind === 'surrogate' || path.findLast((step) => typeof step === 'string') !== 'text') return false;
  return code === 'bad-character' || code === 'not-normalized';
}

/**
 * What a document says it is (OTB-DOC-002, 003).
 *
 * @param {unknown} data
 * @param {string} [asked] the kind that was asked for
 * @returns {{kind?: string, problem?: object}} one of them
 */
export function envelopeOf(data, asked) {
  if (!(data instanceof Map)) return {problem: problem('wrong-type', '', 'a document is a mapping', 'OTB-DOC-003')};
  const version = /^(0|[1-9][0-9]{0,3})\.(0|[1-9][0-9]{0,3})$/.exec(data.get('otb'));
  if (version !== null && (Number(version[1]) !== VERSION.major || Number(version[2]) > VERSION.minor)) {
    return {problem: problem('unsupported-version', '/otb', `this program implements ${VERSION.major}.${VERSION.minor}`, 'OTB-DOC-002')};
  }
  // A usage record says `record`; the `kind` of an attempt is another matter.
  const kind = asked ?? (data.has('record') ? RECORD : undefined);
  if (kind === RECORD || (kind !== undefined && !data.has('kind'))) return {kind};
  if (!data.has('kind')) return {problem: problem('missing-field', '', '`kind` is missing', 'OTB-DOC-003')};
  const said = data.get('kind');
  if (!KINDS.includes(said)) return {problem: problem('unknown-kind', '/kind', 'there is no such kind', 'OTB-DOC-003')};
  if (kind !== undefined && said !== kind) return {problem: problem('wrong-kind', '/kind', `this is not a ${kind}`, 'OTB-DOC-003')};
  return {kind: said};
}

/**
 * Sorts problems by where they stand in a document, a container before its members, those of one place by their codes
 * (OTB-DOC-032).
 *
 * @param {object[]} problems
 * @param {unknown} data the document
 * @returns {object[]} the same problems
 */
export function inDocumentOrder(problems, data) {
  if (problems.length < 2) return problems;
  const ranks = new Map();
  const placed = problems.map((one) => ({one, place: placesIn(one.pointer, data, ranks)}));
  placed.sort((first, second) => comparePlaces(first.place, second.place) || compareCodes(first.one.code, second.one.code));
  return placed.map(({one}) => one);
}

// The positions of the keys of a pointer; what is not in the document stands after what is.
function placesIn(pointer, data, ranks) {
  const places = [];
  let container = data;
  for (const part of pointer.split('/').slice(1)) {
    const key = part.replace(/~1/g, '/').replace(/~0/g, '~');
    if (container instanceof Map) {
      places.push(rankOf(container, key, ranks));
      container = container.get(key);
    } else {
      places.push(Array.isArray(container) && Number(key) < container.length ? Number(key) : Infinity);
      container = Array.isArray(container) ? container[Number(key)] : undefined;
    }
  }
  return places;
}

function rankOf(container, key, ranks) {
  if (!ranks.has(container)) ranks.set(container, new Map([...container.keys()].map((name, index) => [name, index])));
  return ranks.get(container).get(key) ?? Infinity;
}

function comparePlaces(one, other) {
  const shared = Math.min(one.length, other.length);
  for (let index = 0; index < shared; index += 1) if (one[index] !== other[index]) return one[index] < other[index] ? -1 : 1;
  return one.length - other.length;
}

function compareCodes(one, other) {
  if (one === other) return 0;
  return one < other ? -1 : 1;
}
