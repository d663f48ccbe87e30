// The ops of the driver's protocol (90-conformance.md): what was configured, what was asked since, and the answers.

import {classificationProblems, classify, compileClassifiers, unsupportedClassifiers} from './classifiers.mjs';
import {evaluate} from './conditions/evaluate.mjs';
import {normalise, TYPES} from './conditions/facts.mjs';
import {readCondition} from './conditions/read.mjs';
import {formatPico} from './decimal.mjs';
import {parseInstant, SECOND} from './instant.mjs';
import {CHECKED, checkDocument, meaningProblems, nameOf, openCatalog} from './document.mjs';
import {documentOf, flawProblem, inDocumentOrder, KINDS, textProblems} from './envelope.mjs';
import {MAX_BYTES, MAX_DEPTH, MAX_NODES, pointerTo, readJson, Unreadable} from './json.mjs';
import {load, readStages} from './loading.mjs';
import {hasError, problem, Refusal, refuse} from './problem.mjs';
import {bounds, lifecycle, price} from './pricing/index.mjs';
import {openLedger, wholeMicroseconds, writeBalance} from './pools/index.mjs';
import {compilePolicy, decide, extend, next, policyTypeOf, release, settle} from './routing/index.mjs';
import {compileValueRules, valueProblems, weigh} from './value.mjs';

const KIND_OF = Object.freeze({
  policy: 'policy', catalog: 'catalog', base_catalog: 'catalog', value_rules: 'value-rules', classifier: 'classifier',
});
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
  let asked = nothingAsked();

  return {
    configure(message) {
      given = readGiven(message);
      asked = nothingAsked();
      return {};
    },
    reset() {
      asked = nothingAsked();
      return {};
    },
    step(message) {
      const op = message.value.get('op');
      if (typeof op !== 'string') throw new TypeError('the `op` of a step is text');
      if (!Object.hasOwn(OPS, op)) throw new Skipped(`there is no op \`${op}\` here`);
      const args = message.value.has('args') ? message.value.get('args') : new Map();
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

// `states`: the last decision of each request; `kept`: decisions for which something was reserved, by reservation.
function nothingAsked() {
  return {memory: new Map(), kept: new Map(), states: new Map(), state: undefined, ledger: openLedger()};
}

function emptyGiven() {
  return {shelf: new Map(), attributes: undefined, clock: CLOCK, seed: SEED, opened: {}};
}

function readGiven(message) {
  const data = message.value.has('given') ? message.value.get('given') : new Map();
  if (!(data instanceof Map)) throw new TypeError('`given` is a mapping');
  const named = Object.keys(KIND_OF).filter((name) => data.has(name));
  return {
    shelf: new Map(named.map((name) => [name, documentIn(message, ['given', name])])),
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
    return {problems: checkDocument(entry, {kind, shelf: given.shelf, typeOf: declaredTypes(given)})};
  },

  parse(args) {
    const format = args.get('format') ?? 'yaml';
    if (format !== 'json') throw new Skipped(`documents in ${format} are not read here`);
    try {
      const {value, flaws} = readJson(textOf(args), MAX_DEPTH);
      const problems = textProblems(documentOf(value, flaws));
      return hasError(problems) ? {problems} : {data: value};
    } catch (error) {
      if (error instanceof Unreadable) return {problems: [flawProblem(error.flaw)]};
      throw error;
    }
  },

  digest(args, {message, given}) {
    if (!args.has('document')) throw new TypeError('there is no document');
    const entry = documentIn(message, ['args', 'document']);
    const shelf = new Map(given.shelf);
    for (const path of args.get('references')?.keys() ?? []) shelf.set(path, documentIn(message, ['args', 'references', path]));
    const {document, problems} = load(entry, {path: CHECKED, shelf});
    refuseErrors(problems);
    return {digest: document.digest};
  },

  evaluate(args) {
    const types = args.get('types') ?? new Map();
    const typeOf = (name) => typeNamed(types.get(name));
    const problems = [];
    const tree = readCondition(args.get('when'), typeOf, '', problems);
    refuseErrors(problems);
    return {result: evaluate(tree, readFacts(args.get('facts') ?? new Map(), typeOf))};
  },

  price: (args, {given}) => price(catalogOf(given), withInstant(args, given)),
  bounds: (args, {given}) => bounds(catalogOf(given), withInstant(args, given)),
  lifecycle: (args, {given}) => lifecycle(catalogOf(given), withInstant(args, given)),

  weigh(args, {given}) {
    const typeOf = declaredTypes(given) ?? (() => undefined);
    const compiled = valueRulesOf(given, typeOf);
    const facts = readFacts(args.get('facts') ?? new Map(), typeOf);
    const {value, rules} = weigh(compiled, facts);
    return {value: formatPico(value), rules};
  },

  classify(args, {given}) {
    const compiled = classifiersOf(given);
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
    refuseErrors(readStages(entry, 'request').problems);
    const {answer, state} = decide(policy, {
      request: entry.data, at: args.get('at') ?? undefined, clock: given.clock, health: args.get('health') ?? undefined,
      trace: args.get('trace') === true, seed: given.seed, memory: asked.memory, kept: asked.kept, store: storeFor(args, given, asked),
    });
    rememberState(asked, state);
    return answer;
  },

  next(args, {given, asked}) {
    const {answer, state} = next(stateFor(args, asked), {
      outcome: args.get('outcome') ?? new Map(), at: args.get('at') ?? undefined, clock: given.clock,
      health: args.get('health') ?? undefined, trace: args.get('trace') === true, kept: asked.kept, store: storeFor(args, given, asked),
    });
    rememberState(asked, state);
    return answer;
  },

  settle(args, {given, asked}) {
    const said = (name) => args.get(name) ?? undefined;
    return settle(stateFor(args, asked), {
      usage: said('usage'), source: said('usage_source'), served: said('served'), context: said('context'), error: said('error'),
    }, storeFor(args, given, asked));
  },

  release: (args, {given, asked}) => release(stateFor(args, asked), storeFor(args, given, asked)),
  extend: (args, {given, asked}) => extend(stateFor(args, asked), BigInt(args.get('seconds')) * SECOND, storeFor(args, given, asked)),

  pools(args, {given, asked}) {
    // Whose pools these are must be known.
    policyOf(given);
    const {ledger, now} = storeFor(args, given, asked);
    return {balances: ledger.balances(now).map(writeBalance)};
  },

  record(args, {message, given}) {
    if (!args.has('record')) throw new TypeError('there is no record');
    return {problems: checkDocument(documentIn(message, ['args', 'record']), {kind: 'usage-record', shelf: given.shelf})};
  },
};

// The decision that a step speaks of: that of the request `of`, or the last one.
function stateFor(args, {states, state}) {
  const found = (args.get('of') ?? null) === null ? state : states.get(args.get('of'));
  return found ?? refuse('nothing-to-settle', '', 'nothing was decided before this', 'OTB-CONF-010');
}

function rememberState(asked, state) {
  asked.state = state;
  asked.states.set(state.question.base.request, state);
}

// The store as a step meets it; its clock counts whole microseconds.
function storeFor(args, given, {ledger}) {
  const text = args.get('store_at') ?? args.get('at') ?? given.clock;
  const instant = parseInstant(text) ?? refuse('bad-instant', args.has('store_at') ? '/store_at' : '/at', 'not an RFC 3339 instant with a zone', 'OTB-DOC-022');
  return {ledger, now: wholeMicroseconds(instant), isAvailable: args.get('store') !== 'unavailable'};
}

function refuseErrors(problems) {
  if (hasError(problems)) throw new Refusal(problems);
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

function typeNamed(type) {
  if (type === undefined) return undefined;
  if (!TYPES.includes(type)) throw new TypeError(`there is no type \`${type}\``);
  return type;
}

// The types of facts for value rules, undefined where none are given.
function declaredTypes({attributes}) {
  return attributes instanceof Map ? (name) => typeNamed(attributes.get(name)) : undefined;
}

function readFacts(data, typeOf) {
  const facts = new Map();
  const problems = [];
  for (const [name, value] of data) {
    const type = typeOf(name);
    const pointer = pointerTo('/facts', name);
    if (type === undefined) problems.push(problem('unknown-attribute', pointer, 'no type is given for this', 'OTB-COND-019'));
    else if (value !== null) facts.set(name, normalise(value, type));
    if (facts.has(name) && facts.get(name) === undefined) problems.push(problem('wrong-type', pointer, `this is no ${type}`, 'OTB-COND-020'));
  }
  refuseErrors(problems);
  return facts;
}

function withInstant(args, given) {
  return args.has('at') ? args : new Map(args).set('at', given.clock);
}

// A given document with all that it refers to, as far as its meaning (OTB-CONF-011, 012).
function givenDocument(given, name) {
  const entry = given.shelf.get(name);
  if (entry === undefined) refuse('unresolved-reference', '', `no ${name} is given`, 'OTB-CONF-012');
  const {document, problems} = load(entry, {path: name, kind: KIND_OF[name], shelf: given.shelf});
  if (document === undefined) throw new Refusal(problems);
  return {document, warnings: problems};
}

// What was opened before is not opened again; a refusal is kept too.
function openedOnce(given, name, open) {
  if (!(name in given.opened)) {
    try {
      given.opened[name] = {value: open()};
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      given.opened[name] = {error};
    }
  }
  const {value, error} = given.opened[name];
  if (error !== undefined) throw error;
  return value;
}

function catalogOf(given) {
  return openedOnce(given, 'catalog', () => {
    const {problems, catalog} = openCatalog(givenDocument(given, 'catalog').document);
    refuseErrors(problems);
    return catalog;
  });
}

function valueRulesOf(given, typeOf) {
  return openedOnce(given, 'valueRules', () => {
    const {data} = givenDocument(given, 'value_rules').document;
    refuseErrors(inDocumentOrder(valueProblems(data, typeOf), data));
    return compileValueRules(data, typeOf);
  });
}

// A given policy of which `check` answers no error.
function checkedPolicy(given) {
  const {document, warnings} = givenDocument(given, 'policy');
  refuseErrors(meaningProblems(document, warnings));
  return document;
}

function classifiersOf(given) {
  return openedOnce(given, 'classifiers', () => {
    const {data} = checkedPolicy(given);
    refuseErrors(unsupportedClassifiers(data));
    return compileClassifiers(data);
  });
}

function policyOf(given) {
  return openedOnce(given, 'policy', () => {
    const policy = checkedPolicy(given);
    const prices = policy.references.get('/catalog');
    const rules = policy.references.get('/value_rules');
    const absent = ['catalog', 'value_rules'].filter((name) => policy.data.has(name) && !policy.references.has(pointerTo('', name)));
    refuseErrors(absent.map((name) => problem('unresolved-reference', pointerTo('', name), 'a decision needs this document', 'OTB-DEC-077')));
    refuseErrors(unsupportedClassifiers(policy.data));
    const documents = {policy: nameOf(policy), catalog: nameOf(prices)};
    if (rules !== undefined) documents.value_rules = nameOf(rules);
    return compilePolicy(policy.data, {
      catalog: openCatalog(prices).catalog,
      valueRules: rules && compileValueRules(rules.data, policyTypeOf(policy.data)),
      classifiers: compileClassifiers(policy.data),
      documents,
    });
  });
}
