// The check of a document: text, envelope, shape, references, and what its kind asks for; all problems in document order.

import {classifierProblems} from './classifiers.mjs';
import {derivedType} from './conditions/facts.mjs';
import {canonical, MAX_DEPTH, MAX_NODES, measure, pointerTo} from './json.mjs';
import {hasError, problem} from './problem.mjs';
import {catalogProblems, compileCatalog} from './pricing/index.mjs';
import {digestOf, follow, referencesOf} from './references.mjs';
import {policyProblems, policyTypeOf} from './routing/index.mjs';
import {shapeProblems} from './schema.mjs';
import {valueProblems} from './value.mjs';

/** The version of the specification that this program implements. */
export const VERSION = Object.freeze({major: 1, minor: 0});

/** The kinds of documents that the specification has. */
export const KINDS = Object.freeze(['catalog', 'value-rules', 'policy', 'classifier', 'request', 'decision', 'usage-record', 'problem', 'case']);

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
 * Problems of a document's text (OTB-DOC-010, 011, 013, 014, 017).
 *
 * @param {{data: unknown, flaws: object[], isLarge: boolean}} entry
 * @returns {object[]}
 */
export function textProblems({data, flaws, isLarge}) {
  const problems = flaws.filter((flaw) => !isFreeText(flaw)).map(flawProblem);
  if (!isLarge) return problems;
  const {depth, nodes} = measure(data);
  if (nodes > MAX_NODES) problems.unshift(problem('too-many-nodes', '', 'more keys and values than a document may have', 'OTB-DOC-013'));
  if (depth > MAX_DEPTH) problems.unshift(problem('too-deep', '', 'more containers inside each other than a document may have', 'OTB-DOC-013'));
  return problems;
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

// The member `text` is what somebody wrote: halves of surrogate pairs alone are wrong there.
function isFreeText({code, path, kind}) {
  if (path.length !== 1 || path[0] !== 'text' || kind === 'surrogate') return false;
  return code === 'bad-character' || code === 'not-normalized';
}

const RECORD = 'usage-record';

// The kind of a document where nobody asked for one.
function kindOf(data) {
  if (!(data instanceof Map)) return undefined;
  return data.has('record') && !KINDS.includes(data.get('kind')) ? RECORD : data.get('kind');
}

// The problems that come before any schema (OTB-DOC-002, 003).
function envelopeProblems(data, kind) {
  if (!(data instanceof Map)) return [problem('wrong-type', '', 'a document is a mapping', 'OTB-DOC-003')];
  const problems = [];
  const version = /^(0|[1-9][0-9]{0,3})\.(0|[1-9][0-9]{0,3})$/.exec(data.get('otb'));
  if (version !== null && (Number(version[1]) !== VERSION.major || Number(version[2]) > VERSION.minor)) {
    problems.push(problem('unsupported-version', '/otb', `this program implements ${VERSION.major}.${VERSION.minor}`, 'OTB-DOC-002'));
  }
  // A usage record says `record`; the `kind` of an attempt is another matter.
  if (kind === RECORD) return problems;
  const said = data.get('kind');
  if (!data.has('kind')) {
    if (kind === undefined) problems.unshift(problem('missing-field', '', '`kind` is missing', 'OTB-DOC-003'));
  } else if (typeof said !== 'string') problems.push(problem('wrong-type', '/kind', 'a kind is a string', 'OTB-DOC-003'));
  else if (!KINDS.includes(said)) problems.push(problem('unknown-kind', '/kind', `there is no kind \`${said}\``, 'OTB-DOC-003'));
  else if (kind !== undefined && said !== kind) problems.push(problem('wrong-kind', '/kind', `this is not a ${kind}`, 'OTB-DOC-003'));
  return problems;
}

/**
 * Problems of a document by itself: its text, its envelope and its shape; a later stage is reached only without errors
 * in the ones before, since it would report the same mistakes again.
 *
 * @param {object} entry by `documentOf`
 * @param {string} [kind] the kind that was asked for; the document's own where absent
 * @returns {object[]} in document order
 */
export function ownProblems(entry, kind) {
  const text = textProblems(entry);
  if (hasError(text)) return text;
  const isRecord = kind === undefined && kindOf(entry.data) === RECORD;
  const envelope = envelopeProblems(entry.data, isRecord ? RECORD : kind);
  if (envelope.length > 0) return inDocumentOrder(envelope, entry.data);
  return inDocumentOrder(shapeProblems(entry.data, kind ?? kindOf(entry.data)), entry.data);
}

/**
 * Everything that is wrong with a document (OTB-DOC-008).
 *
 * @param {object} entry by `documentOf`
 * @param {{kind?: string, path: string, shelf: object, typeOf?: (name: string) => string | undefined}} setting
 *   `path`: where it stands on the shelf; `typeOf`: the facts that value rules may look at, anything where absent
 * @returns {object[]} in document order, those of the documents that it names after its own
 */
export function checkDocument(entry, {kind, path, shelf, typeOf}) {
  const own = ownProblems(entry, kind);
  if (hasError(own)) return own;
  const name = kind ?? kindOf(entry.data);
  if (name === 'catalog') return checkCatalog(entry, path, shelf).problems;
  if (name === 'policy') return checkPolicy(entry, path, shelf).problems;
  if (name === 'value-rules') return inDocumentOrder(valueProblems(entry.data, typeOf ?? anyFact), entry.data);
  return own;
}

// Where nobody declares types, every fact is allowed, and the derived ones have theirs.
function anyFact(name) {
  return derivedType(name) ?? 'any';
}

/**
 * Checks a catalog of the right shape with the one that it extends.
 *
 * @param {object} entry
 * @param {string} path
 * @param {object} shelf
 * @returns {{problems: object[], base?: Map, baseIsMissing: boolean}}
 */
export function checkCatalog(entry, path, shelf) {
  const problems = [];
  let base;
  const [extended] = referencesOf(entry.data);
  if (extended !== undefined) {
    const found = follow(extended, path, shelf);
    if (found.problem !== undefined) {
      problems.push(found.problem);
      // Two catalogs that extend each other are nested as well.
      if (found.entry !== undefined && found.path !== path) problems.push(problem('nested-extends', '/extends', 'the catalog below extends another', 'OTB-CAT-021'));
    } else if (isSoundBase(found.entry)) base = found.entry.data;
    else problems.push(problem('bad-base', '/extends', 'the catalog below has problems itself', 'OTB-CAT-030'));
  }
  problems.push(...catalogProblems(entry.data, base));
  return {problems: inDocumentOrder(problems, entry.data), base, baseIsMissing: extended !== undefined && base === undefined};
}

// A base that extends another is refused for that, not for what it lacks without the other.
function isSoundBase(entry) {
  if (hasError(ownProblems(entry, 'catalog'))) return false;
  return entry.data.has('extends') || !hasError(catalogProblems(entry.data, undefined));
}

/**
 * Checks a policy of the right shape with the documents that it names.
 *
 * @param {object} entry
 * @param {string} path
 * @param {object} shelf
 * @returns {{problems: object[], catalog?: object, catalogEntry?: object, valueRules?: object, digests: object}}
 *   `catalog` is compiled; `catalogEntry` and `valueRules` are `{path, entry}`
 */
export function checkPolicy(entry, path, shelf) {
  const problems = [...classifierProblems(entry.data)];
  const others = [];
  let catalog;
  const named = {};
  for (const found of referencesOf(entry.data)) {
    const target = follow(found, path, shelf);
    if (target.problem !== undefined) problems.push(target.problem);
    else if (found.pointer === '/catalog' || found.pointer === '/value_rules') named[found.pointer] = target;
  }
  const catalogEntry = named['/catalog'];
  if (catalogEntry !== undefined) {
    const opened = openCatalog(catalogEntry, shelf);
    others.push(...opened.problems);
    catalog = opened.catalog;
  }
  const valueRules = named['/value_rules'];
  if (valueRules !== undefined) {
    others.push(...checkDocument(valueRules.entry, {kind: 'value-rules', path: valueRules.path, shelf, typeOf: policyTypeOf(entry.data)}));
  }
  problems.push(...policyProblems(entry.data, catalog));
  return {problems: [...inDocumentOrder(problems, entry.data), ...others], catalog, catalogEntry, valueRules};
}

/**
 * Reads a catalog and the one below it.
 *
 * @param {{path: string, entry: object}} place on the shelf
 * @param {object} shelf
 * @returns {{problems: object[], catalog?: object}} the compiled catalog where there is no error
 */
export function openCatalog({path, entry}, shelf) {
  const own = ownProblems(entry, 'catalog');
  if (hasError(own)) return {problems: own};
  const {problems, base, baseIsMissing} = checkCatalog(entry, path, shelf);
  if (hasError(problems)) return {problems};
  if (baseIsMissing) {
    return {problems: [problem('missing-base', '/extends', 'the catalog below is not at hand', 'OTB-CAT-018')]};
  }
  return {problems, catalog: compileCatalog(entry.data, base)};
}

/**
 * How a decision names a document.
 *
 * @param {{path: string, entry: object}} place on the shelf
 * @param {object} shelf
 * @returns {{id: string, version: string, digest: string}}
 */
export function nameOf({path, entry: {data}}, shelf) {
  return Object.freeze({id: data.get('id'), version: data.get('version'), digest: digestOf(data, path, shelf)});
}

/**
 * Sorts problems by where they stand in a document, a container before its members; a stable sort.
 *
 * @param {object[]} problems
 * @param {unknown} data the document
 * @returns {object[]} the same problems
 */
export function inDocumentOrder(problems, data) {
  if (problems.length < 2) return problems;
  const ranks = new Map();
  const placed = problems.map((one) => ({one, place: placeOf(one.pointer, data, ranks)}));
  placed.sort((first, second) => comparePlaces(first.place, second.place));
  return placed.map(({one}) => one);
}

// The positions of the keys of a pointer; what is not in the document stands after what is.
function placeOf(pointer, data, ranks) {
  const place = [];
  let container = data;
  for (const part of pointer.split('/').slice(1)) {
    const key = part.replace(/~1/g, '/').replace(/~0/g, '~');
    if (container instanceof Map) {
      place.push(rankOf(container, key, ranks));
      container = container.get(key);
    } else {
      place.push(Number(key));
      container = Array.isArray(container) ? container[Number(key)] : undefined;
    }
  }
  return place;
}

function rankOf(container, key, ranks) {
  if (!ranks.has(container)) ranks.set(container, new Map([...container.keys()].map((name, index) => [name, index])));
  return ranks.get(container).get(key) ?? container.size;
}

function comparePlaces(one, other) {
  const shared = Math.min(one.length, other.length);
  for (let index = 0; index < shared; index += 1) if (one[index] !== other[index]) return one[index] - other[index];
  return one.length - other.length;
}

/**
 * Whether two documents are the same JSON.
 *
 * @param {object} one
 * @param {object} other
 * @returns {boolean}
 */
export function isSameDocument(one, other) {
  return one.data === other.data || canonical(one.data) === canonical(other.data);
}
