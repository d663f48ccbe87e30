// The check of a document, with all that it refers to, up to what it means; the stages before stand in loading.mjs.

import {classifierProblems} from './classifiers.mjs';
import {inDocumentOrder} from './envelope.mjs';
import {load} from './loading.mjs';
import {hasError, problem} from './problem.mjs';
import {catalogProblems, compileCatalog} from './pricing/index.mjs';
import {policyProblems, policyTypeOf} from './routing/index.mjs';
import {valueProblems} from './value.mjs';

/** The path of a document that is checked. */
export const CHECKED = 'document';

/**
 * Everything that is wrong with a document (OTB-DOC-008, 031, 032).
 *
 * @param {object} entry by `documentOf`
 * @param {{kind?: string, path?: string, shelf: Map, typeOf?: (name: string) => string | undefined}} setting
 *   `path`: its own; `typeOf`: the facts that value rules may look at, whose conditions go unread without it
 * @returns {object[]} problems of the first stage that has an error
 */
export function checkDocument(entry, {kind, path = CHECKED, shelf, typeOf}) {
  const {document, problems} = load(entry, {path, kind, shelf});
  if (document === undefined) return problems;
  return meaningProblems(document, problems, typeOf);
}

/**
 * What is wrong with what a document says.
 *
 * @param {object} document by `load`
 * @param {object[]} warnings of the stages before
 * @param {(name: string) => string | undefined} [typeOf] as for `checkDocument`
 * @returns {object[]}
 */
export function meaningProblems(document, warnings, typeOf) {
  const {kind, data} = document;
  if (kind === 'policy') return policyMeaning(document, warnings);
  const found = [...warnings];
  if (kind === 'catalog') found.push(...catalogMeaning(document));
  if (kind === 'value-rules') found.push(...valueProblems(data, typeOf));
  return inDocumentOrder(found, data);
}

function catalogMeaning({data, references}) {
  const base = references.get('/extends');
  if (base === undefined) {
    const missing = data.has('extends') ? [problem('missing-base', '/extends', 'the catalog below is not at hand', 'OTB-CAT-032')] : [];
    return [...missing, ...catalogProblems(data, undefined)];
  }
  if (isSoundBase(base)) return catalogProblems(data, base.data);
  return [problem('bad-base', '/extends', 'the catalog below has problems itself', 'OTB-CAT-030'), ...catalogProblems(data, undefined)];
}

// A base that extends another is refused for that, not for what it lacks without the other.
function isSoundBase({data}) {
  return data.has('extends') || !hasError(catalogProblems(data, undefined));
}

// The problems of a catalog alone where it has any, else those of the policy, then of its value rules.
function policyMeaning({data, references}, warnings) {
  const prices = references.get('/catalog');
  const {problems, catalog} = prices === undefined ? {problems: []} : openCatalog(prices);
  if (hasError(problems)) return problems;
  const own = inDocumentOrder([...warnings, ...classifierProblems(data), ...policyProblems(data, catalog)], data);
  const rules = references.get('/value_rules');
  return rules === undefined ? own : [...own, ...inDocumentOrder(valueProblems(rules.data, policyTypeOf(data)), rules.data)];
}

/**
 * The compiled catalog of a document.
 *
 * @param {object} document by `load`
 * @returns {{problems: object[], catalog?: object}} the catalog where no problem is an error
 */
export function openCatalog(document) {
  const {data, references} = document;
  const problems = inDocumentOrder(catalogMeaning(document), data);
  if (hasError(problems)) return {problems};
  return {problems, catalog: compileCatalog(data, references.get('/extends')?.data)};
}

/**
 * How a decision names a document.
 *
 * @param {object} document by `load`
 * @returns {{id: string, version: string, digest: string}}
 */
export function nameOf({data, digest}) {
  return Object.freeze({id: data.get('id'), version: data.get('version'), digest});
}
