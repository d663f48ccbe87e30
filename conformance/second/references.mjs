// References between documents, and the digests that stand for them.

import {createHash} from 'node:crypto';
import {canonical} from './json.mjs';

const URL_SCHEME = /^[A-Za-z][A-Za-z0-9+.-]*:/;

/**
 * The references of a document.
 *
 * @param {Map} data
 * @param {string} kind of the document
 * @returns {{pointer: string, reference: Map, kind: string}[]} those that name a path or a digest, with the kind of
 *   document that each must lead to, in the order of the document's keys
 */
export function referencesOf(data, kind) {
  const found = [];
  const add = (pointer, reference, expected) => {
    if (!(reference instanceof Map)) return;
    if (typeof reference.get('path') !== 'string' && typeof reference.get('digest') !== 'string') return;
    found.push({pointer, reference, kind: expected});
  };
  for (const [name, value] of data) {
    if (kind === 'catalog' && name === 'extends') add('/extends', value, 'catalog');
    if (kind !== 'policy') continue;
    if (name === 'catalog') add('/catalog', value, 'catalog');
    else if (name === 'value_rules') add('/value_rules', value, 'value-rules');
    else if (name === 'classifiers' && Array.isArray(value)) {
      value.forEach((classifier, index) => {
        if (!(classifier instanceof Map)) return;
        for (const by of ['artefact', 'clusters']) add(`/classifiers/${index}/${by}`, classifier.get(by), 'classifier');
      });
    }
  }
  return found;
}

/**
 * Where a path leads (OTB-DOC-018).
 *
 * @param {string} path of a reference
 * @param {string} from the path of the document that has the reference
 * @returns {string | undefined} a path without `.` and `..`; undefined where it may lead out of the folder
 */
export function placeOf(path, from) {
  if (path.startsWith('/') || path.includes('\\') || URL_SCHEME.test(path)) return undefined;
  const parts = from.split('/').slice(0, -1);
  for (const part of path.split('/')) {
    if (part === '..') {
      if (parts.length === 0) return undefined;
      parts.pop();
    } else if (part !== '' && part !== '.') parts.push(part);
  }
  return parts.length === 0 ? undefined : parts.join('/');
}

/**
 * The fingerprint of a document's meaning (OTB-DOC-025, 027).
 *
 * @param {Map} data
 * @param {string} kind of the document
 * @param {(pointer: string) => string | undefined} digestAt of the document that the reference there leads to;
 *   undefined where it is at hand by its digest alone
 * @returns {string} `sha256:` and 64 hexadecimal digits
 */
export function digestOf(data, kind, digestAt) {
  let meaning = data;
  for (const {pointer, reference} of referencesOf(data, kind)) {
    const digest = digestAt(pointer) ?? reference.get('digest');
    meaning = withReference(meaning, pointer.split('/').slice(1), new Map([['digest', digest]]));
  }
  return `sha256:${createHash('sha256').update(canonical(meaning)).digest('hex')}`;
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
