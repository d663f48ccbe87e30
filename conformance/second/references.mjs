// References between documents that are at hand, and the digests that stand for them.

import {createHash} from 'node:crypto';
import {canonical} from './json.mjs';
import {problem, refuse, warning} from './problem.mjs';

const URL_SCHEME = /^[A-Za-z][A-Za-z0-9+.-]*:/;

/**
 * A shelf of documents by path; digests are computed once.
 *
 * @param {Iterable<[string, {data: unknown}]>} entries path and document
 * @returns {{entries: Map, digests: Map}}
 */
export function shelve(entries) {
  return {entries: new Map([...entries].map(([path, entry]) => [normalPath(path) ?? path, entry])), digests: new Map()};
}

/**
 * The references of a document, by the kind that it says it is.
 *
 * @param {unknown} data
 * @returns {{pointer: string, reference: Map, kind?: string}[]} with the kind of document that each must lead to
 */
export function referencesOf(data) {
  if (!(data instanceof Map)) return [];
  const found = [];
  const add = (pointer, reference, kind) => {
    if (reference instanceof Map) found.push({pointer, reference, kind});
  };
  if (data.get('kind') === 'catalog') add('/extends', data.get('extends'), 'catalog');
  if (data.get('kind') === 'policy') {
    // In the order of the document's own keys, since problems are answered in that order.
    for (const [name, value] of data) {
      if (name === 'catalog') add('/catalog', value, 'catalog');
      else if (name === 'value_rules') add('/value_rules', value, 'value-rules');
      else if (name === 'classifiers' && Array.isArray(value)) {
        value.forEach((classifier, index) => {
          if (!(classifier instanceof Map)) return;
          add(`/classifiers/${index}/artefact`, classifier.get('artefact'), 'classifier');
          add(`/classifiers/${index}/clusters`, classifier.get('clusters'));
        });
      }
    }
  }
  return found;
}

// A path without `.` and `..`, undefined where it leads out of the folder of the first document.
function normalPath(path, folder = []) {
  const parts = [...folder];
  for (const part of path.split('/')) {
    if (part === '..') {
      if (parts.length === 0) return undefined;
      parts.pop();
    } else if (part !== '' && part !== '.') parts.push(part);
  }
  return parts.join('/');
}

function isUnsafe(path) {
  return path.startsWith('/') || path.includes('\\') || URL_SCHEME.test(path);
}

/**
 * The document that a reference leads to (OTB-DOC-018, 019, 028).
 *
 * @param {{pointer: string, reference: Map, kind?: string}} found by `referencesOf`
 * @param {string} from the path of the document that has the reference
 * @param {object} shelf
 * @returns {{path?: string, entry?: object, problem?: object}} the `problem` is a warning where the reference is a
 *   digest alone; beside a `reference-cycle` stands the document that leads back
 */
export function follow({pointer, reference, kind}, from, shelf) {
  const path = reference.get('path');
  const digest = reference.get('digest');
  if (typeof path !== 'string') return followDigest(pointer, digest, kind, shelf);
  const place = isUnsafe(path) ? undefined : normalPath(path, from.split('/').slice(0, -1));
  if (place === undefined) {
    return {problem: problem('unsafe-path', `${pointer}/path`, `\`${path}\` may lead out of the folder`, 'OTB-DOC-018')};
  }
  const entry = shelf.entries.get(place);
  if (entry === undefined) {
    return {problem: problem('unresolved-reference', pointer, `there is no document \`${path}\``, 'OTB-DOC-019')};
  }
  if (kind !== undefined && kindOf(entry) !== kind) {
    return {problem: problem('wrong-kind', pointer, `\`${path}\` is no document of kind ${kind}`, 'OTB-DOC-019')};
  }
  if (leadsBack(place, from, shelf, new Set())) {
    return {path: place, entry, problem: problem('reference-cycle', pointer, `\`${path}\` leads back to this document`, 'OTB-DOC-019')};
  }
  if (digest !== undefined && digestAt(place, shelf) !== digest) {
    return {problem: problem('digest-mismatch', `${pointer}/digest`, `\`${path}\` has another digest`, 'OTB-DOC-028')};
  }
  return {path: place, entry};
}

function followDigest(pointer, digest, kind, shelf) {
  for (const [path, entry] of shelf.entries) {
    if (kind !== undefined && kindOf(entry) !== kind) continue;
    if (digestAt(path, shelf) === digest) return {path, entry};
  }
  return {problem: warning('unresolved-reference', pointer, 'no document with this digest is at hand', 'OTB-DOC-019')};
}

function kindOf({data}) {
  return data instanceof Map ? data.get('kind') : undefined;
}

// Whether the references of the document at `path` lead to the one at `goal`.
function leadsBack(path, goal, shelf, seen) {
  if (path === goal) return true;
  if (seen.has(path)) return false;
  seen.add(path);
  const folder = path.split('/').slice(0, -1);
  return referencesOf(shelf.entries.get(path)?.data).some(({reference}) => {
    const next = reference.get('path');
    if (typeof next !== 'string' || isUnsafe(next)) return false;
    const place = normalPath(next, folder);
    return place !== undefined && shelf.entries.has(place) && leadsBack(place, goal, shelf, seen);
  });
}

// The digest of a document on the shelf, undefined where it has none.
function digestAt(path, shelf) {
  if (!shelf.digests.has(path)) {
    shelf.digests.set(path, undefined);
    try {
      shelf.digests.set(path, digestOf(shelf.entries.get(path).data, path, shelf));
    } catch (error) {
      if (error.problems === undefined) throw error;
    }
  }
  return shelf.digests.get(path);
}

/**
 * The fingerprint of a document's meaning (OTB-DOC-025, 027).
 *
 * @param {unknown} data
 * @param {string} path where it stands on the shelf, or would stand
 * @param {object} shelf
 * @returns {string} `sha256:` and 64 hexadecimal digits
 * @throws {Refusal} where a reference by path leads to nothing that has a digest
 */
export function digestOf(data, path, shelf) {
  let meaning = data;
  for (const found of referencesOf(data)) meaning = replaced(meaning, found, path, shelf);
  return `sha256:${createHash('sha256').update(canonical(meaning)).digest('hex')}`;
}

function replaced(data, found, path, shelf) {
  const {pointer, reference} = found;
  if (typeof reference.get('path') !== 'string') return data;
  const {path: place, problem: wrong} = follow({...found, kind: undefined}, path, shelf);
  if (wrong !== undefined) refuse(wrong.code, wrong.pointer, wrong.message, wrong.requirement);
  const digest = digestAt(place, shelf);
  if (digest === undefined) refuse('unresolved-reference', pointer, `the document at ${place} has no digest`, 'OTB-DOC-019');
  return withReference(data, pointer.split('/').slice(1), new Map([['digest', digest]]));
}

// A copy of the document in which one reference is another.
function withReference(container, [key, ...rest], reference) {
  if (Array.isArray(container)) {
    return container.map((item, index) => (String(index) === key ? withReference(item, rest, reference) : item));
  }
  const copy = new Map(container);
  copy.set(key, rest.length === 0 ? reference : withReference(copy.get(key), rest, reference));
  return copy;
}
