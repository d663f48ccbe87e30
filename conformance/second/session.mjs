// The ops of the driver's protocol (90-conformance.md): what was configured, what was asked since, and the answers.

import {classificationProblems, classify, classifierProblems, compileClassifiers} from './classifiers.mjs';
import {evaluate} from './conditions/evaluate.mjs';
import {derivedType, normalise, TYPES} from './conditions/facts.mjs';
import {readCondition} from './conditions/read.mjs';
import {formatPico} from './decimal.mjs';
import {checkDocument, checkPolicy, documentOf, flawProblem, inDocumentOrder, isSameDocument, KINDS, nameOf, openCatalog, ownProblems, textProblems} from './document.mjs';
import {MAX_BYTES, MAX_DEPTH, MAX_NODES, pointerTo, readJson, Unreadable} from './json.mjs';
import {hasError, problem, Refusal, refuse} from './problem.mjs';
import {bounds, lifecycle, price} from './pricing/index.mjs';
import {digestOf, shelve} from './references.mjs';
import {compilePolicy, decide, next, policyProblems, policyTypeOf} from './routing/index.mjs';
import {compileValueRules, weigh} from './value.mjs';

const DOCUMENTS = Object.freeze(['policy', 'catalog', 'base_catalog', 'value_rules', 'classifier']);
const NAMES = Object.freeze({policy: 'policy', catalog: 'catalog', 'value-rules': 'value_rules', classifier: 'classifier'});
const CLOCK = '2026-11-23T12:00:00Z';
const SEED = 'otb';

/** Thrown for an op that this program does not do. */
export class Skipped extends Error {}

/**
 * What a driver is between two messages.
 *
 * @returns {{configure: (message: object) => object, step: (message: object) => object, reset: () => object}} each takes
 *   a message as `readMessage` gives it and returns the `result`; `step` throws Skipped for an op that is not done here
 */
export function openSession() {
  let given = emptyGiven();
  let asked = {memory: new Map(), state: undefined};

  return {
    configure(message) {
      given = readGiven(message);
      asked = {memory: new Map(), state: undefined};
      return {};
    },
    reset() {
      asked = {memory: new Map(), state: undefined};
      return {};
    },
    step(message) {
      const op = message.value.get('op');
      if (typeof op !== 'string' || !Object.hasOwn(OPS, op)) throw new Skipped(`there is no op \`${op}\` here`);
      const args = message.value.get('args') ?? new Map();
      if (!(args instanceof Map)) throw new TypeError('`args` is a mapping');
      try {
        return OPS[op](args, {message, given, asked});
      } catch (error) {
        if (error instanceof Refusal) return {problems: error.problems};
        throw error;
      }
    },
  };
}

function emptyGiven() {
  return {shelf: shelve([]), attributes: undefined, clock: CLOCK, seed: SEED, opened: {}};
}

function readGiven(message) {
  const data = message.value.get('given') ?? new Map();
  if (!(data instanceof Map)) throw new TypeError('`given` is a mapping');
  const named = DOCUMENTS.filter((name) => data.has(name));
  return {
    shelf: shelve(named.map((name) => [name, documentIn(message, ['given', name])])),
    attributes: data.get('attributes'),
    clock: data.get('clock') ?? CLOCK,
    seed: data.get('seed') ?? SEED,
    // What was read from the documents, filled in when a step first needs it.
    opened: {},
  };
}

// A part of a message as a document, with the flaws that the reader noted in it.
function documentIn({value, flaws, depth, nodes}, path) {
  const data = path.reduce((container, key) => container.get(key), value);
  const own = flaws
    .filter((flaw) => flaw.path.length >= path.length && path.every((key, index) => flaw.path[index] === key))
    .map((flaw) => ({...flaw, path: flaw.path.slice(path.length)}));
  return documentOf(data, own, depth - path.length > MAX_DEPTH || nodes > MAX_NODES);
}

const OPS = {
  check(args, {message, given}) {
    const kind = args.get('kind') ?? undefined;
    if (kind !== undefined && !KINDS.includes(kind)) throw new TypeError(`there is no kind \`${kind}\``);
    if (!args.has('document')) throw new TypeError('there is no document to check');
    const entry = documentIn(message, ['args', 'document']);
    const {path, shelf} = placeOf(entry, kind, given.shelf);
    return {problems: checkDocument(entry, {kind, path, shelf, typeOf: declaredTypes(given)})};
  },

  parse(args) {
    const format = args.get('format') ?? 'yaml';
    if (format !== 'json') throw new Skipped(`documents in ${format} are not read here`);
    try {
      const {value, flaws} = readJson(textOf(args), MAX_DEPTH);
      const problems = textProblems(documentOf(value, flaws));
      return hasError(problems) ? {problems} : {data: value};
    } catch (error) {
      if (error instanceof Unreadable) return {problems: error.flaws.map(flawProblem)};
      throw error;
    }
  },

  digest(args, {message, given}) {
    if (!args.has('document')) throw new TypeError('there is no document');
    const entry = documentIn(message, ['args', 'document']);
    refuseErrors(textProblems(entry));
    const entries = new Map(given.shelf.entries);
    for (const path of args.get('references')?.keys() ?? []) {
      const reference = documentIn(message, ['args', 'references', path]);
      refuseErrors(textProblems(reference));
      entries.set(path, reference);
    }
    return {digest: digestOf(entry.data, '', shelve(entries))};
  },

  evaluate(args) {
    const types = args.get('types') ?? new Map();
    // The instant is no attribute, so nobody has to declare it.
    const typeOf = (name) => typeNamed(types.get(name)) ?? (name === 'time' ? 'time' : undefined);
    const problems = [];
    const tree = readCondition(args.get('when'), typeOf, '/when', problems);
    refuseErrors(problems);
    return {result: evaluate(tree, readFacts(args.get('facts') ?? new Map(), typeOf))};
  },

  price: (args, {given}) => price(catalogOf(given), withInstant(args, given)),
  bounds: (args, {given}) => bounds(catalogOf(given), withInstant(args, given)),
  lifecycle: (args, {given}) => lifecycle(catalogOf(given), withInstant(args, given)),

  weigh(args, {given}) {
    const raw = args.get('facts') ?? new Map();
    const declared = declaredTypes(given);
    // Without declared types a fact is what it looks like.
    const typeOf = declared ?? ((name) => derivedType(name) ?? (Array.isArray(raw.get(name)) ? 'strings' : jsonType(raw.get(name))));
    const compiled = declared === undefined ? valueRulesOf(given, typeOf) : (given.opened.valueRules ??= valueRulesOf(given, typeOf));
    const facts = readFacts(raw, typeOf);
    if (!facts.has('time')) facts.set('time', normalise(given.clock, 'time'));
    const {value, rules} = weigh(compiled, facts);
    return {value: formatPico(value), rules};
  },

  classify(args, {given}) {
    const compiled = (given.opened.classifiers ??= classifiersOf(given));
    const classifications = args.get('classifications') ?? undefined;
    const attributes = args.get('attributes') ?? new Map();
    refuseErrors(classificationProblems(compiled, classifications, '/classifications'));
    const text = args.get('text') ?? undefined;
    const has = (name) => attributes.get(name) !== undefined && attributes.get(name) !== null;
    const {classified} = classify(compiled, {text, classifications, has});
    const written = [...classified].map(([name, one]) => [name, {...one, confidence: formatPico(one.confidence)}]);
    return {classified: new Map(written)};
  },

  decide(args, {message, given, asked}) {
    const policy = policyOf(given);
    if (!args.has('request')) throw new TypeError('there is no request');
    const entry = documentIn(message, ['args', 'request']);
    refuseErrors(ownProblems(entry, 'request'));
    const {answer, state} = decide(policy, {
      request: entry.data, at: args.get('at') ?? undefined, clock: given.clock, health: args.get('health') ?? undefined,
      trace: args.get('trace') === true, seed: given.seed, memory: asked.memory,
    });
    asked.state = state;
    return answer;
  },

  next(args, {given, asked}) {
    if (asked.state === undefined) throw new Error('there was no decision before');
    const {answer, state} = next(asked.state, {
      outcome: args.get('outcome') ?? new Map(), at: args.get('at') ?? undefined, clock: given.clock,
      health: args.get('health') ?? undefined, trace: args.get('trace') === true,
    });
    asked.state = state;
    return answer;
  },
};

function refuseErrors(problems) {
  if (hasError(problems)) throw new Refusal(problems);
}

// A document that is checked has its kind's name, unless another document was given under it.
function placeOf(entry, kind, shelf) {
  const name = NAMES[kind ?? (entry.data instanceof Map ? entry.data.get('kind') : undefined)];
  if (name === undefined) return {path: '', shelf};
  const known = shelf.entries.get(name);
  if (known !== undefined) return {path: isSameDocument(known, entry) ? name : '', shelf};
  return {path: name, shelf: shelve([...shelf.entries, [name, entry]])};
}

function textOf(args) {
  if (args.has('base64')) return decoded(Buffer.from(args.get('base64'), 'base64'));
  const text = args.get('text');
  if (typeof text !== 'string') throw new TypeError('there is no text');
  if (Buffer.byteLength(text) > MAX_BYTES) refuse('too-large', '', 'longer than 32 MiB', 'OTB-DOC-013');
  if (text.startsWith('\ufeff')) refuse('byte-order-mark', '', 'begins with a byte order mark', 'OTB-DOC-015');
  return text;
}

function decoded(bytes) {
  if (bytes.length > MAX_BYTES) refuse('too-large', '', 'longer than 32 MiB', 'OTB-DOC-013');
  const mark = bytes.subarray(0, 3).toString('latin1');
  if (mark === '\xef\xbb\xbf' || mark.startsWith('\xfe\xff') || mark.startsWith('\xff\xfe')) {
    refuse('byte-order-mark', '', 'begins with a byte order mark', 'OTB-DOC-015');
  }
  try {
    return new TextDecoder('utf-8', {fatal: true, ignoreBOM: true}).decode(bytes);
  } catch {
    return refuse('not-utf-8', '', 'bytes that are not UTF-8', 'OTB-DOC-015');
  }
}

// A type may be written alone, or as a policy declares it.
function typeNamed(declared) {
  const type = declared instanceof Map ? declared.get('type') : declared;
  if (type === undefined || type === null) return undefined;
  if (!TYPES.includes(type)) throw new TypeError(`there is no type \`${type}\``);
  return type;
}

// The types of facts for value rules: those given, or those of the given policy, or undefined.
function declaredTypes(given) {
  if (given.attributes instanceof Map) return (name) => typeNamed(given.attributes.get(name)) ?? derivedType(name);
  const policy = given.shelf.entries.get('policy');
  if (policy === undefined || hasError(ownProblems(policy, 'policy'))) return undefined;
  return policyTypeOf(policy.data);
}

function jsonType(value) {
  if (value === undefined || value === null) return 'any';
  return typeof value === 'number' ? 'integer' : typeof value;
}

function readFacts(data, typeOf) {
  const facts = new Map();
  const problems = [];
  for (const [name, value] of data) {
    const type = typeOf(name);
    if (value === null || type === undefined) continue;
    const fact = normalise(value, type);
    if (fact === undefined) problems.push(problem('wrong-type', pointerTo('/facts', name), `this is no ${type}`, 'OTB-COND-020'));
    facts.set(name, fact);
  }
  refuseErrors(problems);
  return facts;
}

function withInstant(args, given) {
  return args.has('at') ? args : new Map(args).set('at', given.clock);
}

function givenDocument(given, name) {
  const entry = given.shelf.entries.get(name);
  if (entry === undefined) throw new Error(`no ${name} was given`);
  return entry;
}

function catalogOf(given) {
  given.opened.catalog ??= openCatalog({path: 'catalog', entry: givenDocument(given, 'catalog')}, given.shelf);
  if (given.opened.catalog.catalog === undefined) throw new Refusal(given.opened.catalog.problems);
  return given.opened.catalog.catalog;
}

function valueRulesOf(given, typeOf) {
  const entry = givenDocument(given, 'value_rules');
  refuseErrors(checkDocument(entry, {kind: 'value-rules', path: 'value_rules', shelf: given.shelf, typeOf}));
  return compileValueRules(entry.data, typeOf);
}

// Who classifies needs the policy alone, not the documents that it names.
function classifiersOf(given) {
  const entry = givenDocument(given, 'policy');
  refuseErrors(ownProblems(entry, 'policy'));
  refuseErrors(inDocumentOrder([...classifierProblems(entry.data), ...policyProblems(entry.data, undefined)], entry.data));
  return compileClassifiers(entry.data);
}

function policyOf(given) {
  given.opened.policy ??= openPolicy(given);
  if (given.opened.policy.problems !== undefined) throw new Refusal(given.opened.policy.problems);
  return given.opened.policy.compiled;
}

function openPolicy(given) {
  const {shelf} = given;
  const entry = givenDocument(given, 'policy');
  const own = ownProblems(entry, 'policy');
  if (hasError(own)) return {problems: own};
  const checked = checkPolicy(entry, 'policy', shelf);
  if (hasError(checked.problems)) return {problems: checked.problems};
  const {catalog, catalogEntry, valueRules} = checked;
  const missing = missingOf(entry.data, catalog, valueRules);
  if (missing !== undefined) {
    return {problems: [problem('unresolved-reference', missing, 'a decision needs this document', 'OTB-DOC-019')]};
  }
  const documents = {policy: nameOf({path: 'policy', entry}, shelf), catalog: nameOf(catalogEntry, shelf)};
  if (valueRules !== undefined) documents.value_rules = nameOf(valueRules, shelf);
  const compiled = compilePolicy(entry.data, {
    catalog,
    valueRules: valueRules && compileValueRules(valueRules.entry.data, policyTypeOf(entry.data)),
    classifiers: compileClassifiers(entry.data),
    documents,
  });
  return {compiled};
}

// The pointer of a reference that had to be followed and could not be.
function missingOf(policy, catalog, valueRules) {
  if (catalog === undefined) return '/catalog';
  return policy.has('value_rules') && valueRules === undefined ? '/value_rules' : undefined;
}
