// A document with all that it refers to: each document is read once, by the stages of OTB-DOC-031.

import {envelopeOf, inDocumentOrder, textProblems} from './envelope.mjs';
import {hasError, problem, warning} from './problem.mjs';
import {digestOf, placeOf, referencesOf} from './references.mjs';
import {shapeProblems} from './schema.mjs';

/**
 * The problems of a document by itself, of the first stage that has any: its text, `otb`, `kind`, its shape.
 *
 * @param {object} entry by `documentOf`
 * @param {string} [asked] the kind that was asked for
 * @returns {{kind?: string, problems: object[]}} the `kind` as soon as it is known; the problems in document order
 */
export function readStages(entry, asked) {
  const text = textProblems(entry);
  if (text.length > 0) return {problems: text};
  const envelope = envelopeOf(entry.data, asked);
  if (envelope.problem !== undefined) return {problems: [envelope.problem]};
  return {kind: envelope.kind, problems: inDocumentOrder(shapeProblems(entry.data, envelope.kind), entry.data)};
}

/**
 * Reads a document and all that it refers to (OTB-DOC-018, 019, 028, 031, 035).
 *
 * @param {object} entry by `documentOf`
 * @param {{path: string, kind?: string, shelf: Map}} setting `path`: its own; `kind`: the one that was asked for;
 *   `shelf`: the documents at hand, by path
 * @returns {{document?: object, problems: object[]}} `document` is
 *   `{path, kind, data, digest, references: Map of documents by pointer}`, undefined where a problem is an error;
 *   problems of each document in its order, those of the first one first
 */
export function load(entry, {path, kind, shelf}) {
  const journey = {shelf, loaded: new Map(), loading: [], problems: []};
  const document = loadOne(entry, path, kind, journey);
  return {document: document.isSound ? document : undefined, problems: journey.problems};
}

function loadOne(entry, path, asked, journey) {
  const before = journey.problems.length;
  const {kind, problems: own} = readStages(entry, asked);
  const problems = [...own];
  const references = new Map();
  let isSound = !hasError(own);
  journey.loading.push(path);
  for (const found of kind === undefined ? [] : referencesOf(entry.data, kind)) {
    if (own.some((one) => one.pointer === found.pointer || one.pointer.startsWith(`${found.pointer}/`))) continue;
    const target = follow(found, path, journey);
    if (target.problem !== undefined) {
      problems.push(target.problem);
      isSound &&= target.problem.severity === 'warning';
    } else if (target.document.isSound) references.set(found.pointer, target.document);
    else isSound = false;
  }
  journey.loading.pop();
  journey.problems.splice(before, 0, ...inDocumentOrder(problems, entry.data));
  const digest = isSound ? digestOf(entry.data, kind, (pointer) => references.get(pointer)?.digest) : undefined;
  const document = Object.freeze({path, kind, data: entry.data, references, digest, isSound});
  journey.loaded.set(path, document);
  return document;
}

function follow({pointer, reference, kind}, from, journey) {
  const path = reference.get('path');
  if (typeof path !== 'string') {
    return {problem: warning('unresolved-reference', pointer, 'no document with this digest is at hand', 'OTB-DOC-019')};
  }
  const refused = (code, message, requirement) => ({problem: problem(code, `${pointer}/path`, message, requirement)});
  const place = placeOf(path, from);
  if (place === undefined) return refused('unsafe-path', `\`${path}\` may lead out of the folder`, 'OTB-DOC-018');
  if (journey.loading.includes(place)) return refused('reference-cycle', `\`${path}\` leads back`, 'OTB-DOC-019');
  if (!journey.loaded.has(place)) {
    const entry = journey.shelf.get(place);
    if (entry === undefined) return refused('unresolved-reference', `there is no document \`${path}\``, 'OTB-DOC-019');
    loadOne(entry, place, undefined, journey);
  }
  const document = journey.loaded.get(place);
  if (document.kind !== undefined && document.kind !== kind) {
    return {problem: problem('wrong-kind', pointer, `\`${path}\` is a document of kind ${document.kind}, not ${kind}`, 'OTB-DOC-019')};
  }
  const digest = reference.get('digest');
  if (document.isSound && digest !== undefined && digest !== document.digest) {
    return {problem: problem('digest-mismatch', `${pointer}/digest`, `\`${path}\` has another digest`, 'OTB-DOC-028')};
  }
  return {document};
}
