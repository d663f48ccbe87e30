// A validator for the part of JSON Schema 2020-12 that schemas/v1 uses, which answers problems of the specification.

import {readFileSync} from 'node:fs';
import {canonical, pointerTo, readJson} from './json.mjs';
import {isZone, parseInstant, parseMoment} from './instant.mjs';
import {problem} from './problem.mjs';

const FOLDER = new URL('../../schemas/v1/', import.meta.url);
const PREFIX = 'tag:opentokenbudget,2026:v1/';

// The problem code of each keyword, where the schema does not name another (`x-code`).
const CODES = Object.freeze({
  type: 'wrong-type', enum: 'not-one-of', const: 'not-one-of', pattern: 'bad-format',
  minLength: 'out-of-range', maxLength: 'out-of-range', minimum: 'out-of-range', maximum: 'out-of-range',
  minItems: 'out-of-range', maxItems: 'out-of-range', minProperties: 'out-of-range', maxProperties: 'out-of-range',
  uniqueItems: 'duplicate-item', required: 'missing-field', dependentRequired: 'missing-field',
  additionalProperties: 'unknown-field', unevaluatedProperties: 'unknown-field', not: 'conflicting-fields',
});

// Definitions whose values a pattern alone cannot judge.
const JUDGES = Object.freeze({
  'defs#/$defs/instant': judgeInstant,
  'defs#/$defs/moment': judgeInstant,
  'defs#/$defs/date': judgeInstant,
  'catalog#/$defs/since': judgeInstant,
  'defs#/$defs/timezone': judgeZone,
  'defs#/$defs/extensions': judgeExtensions,
});

const NOTHING_SAID = Object.freeze({});

const roots = new Map();
const nodes = new Map();

/**
 * The problems of a value's shape (OTB-DOC-004, 009, 014, 020 to 024, 026), its own before those of its members.
 *
 * @param {unknown} value as `readJson` gives it, without flaws
 * @param {string} name of the schema: `policy`, `catalog`, …
 * @returns {object[]} not yet in document order where parts of a schema look at the same members
 */
export function shapeProblems(value, name) {
  const context = {problems: [], scopes: [], path: [], silent: false};
  visit(nodeAt(`${name}#`), value, context);
  return context.problems;
}

function nodeAt(address) {
  let node = nodes.get(address);
  if (node === undefined) {
    const [file, fragment] = address.split('#');
    let schema = rootOf(file);
    for (const part of fragment.split('/').slice(1)) schema = schema.get(part);
    node = compile(schema, file, address);
    nodes.set(address, node);
  }
  return node;
}

function rootOf(file) {
  let root = roots.get(file);
  if (root === undefined) {
    root = readJson(readFileSync(new URL(`${file}.schema.json`, FOLDER), 'utf8')).value;
    roots.set(file, root);
  }
  return root;
}

// A node: what its keywords say, ready to be applied; its subschemas are compiled with it, references when met.
function compile(schema, file, address) {
  if (typeof schema === 'boolean') return {boolean: schema};
  const sub = (key) => (schema.has(key) ? compile(schema.get(key), file) : undefined);
  const list = (key) => schema.get(key)?.map((part) => compile(part, file));
  const mapping = (key) => schema.has(key) && new Map([...schema.get(key)].map(([name, part]) => [name, compile(part, file)]));
  const type = schema.get('type');
  const reference = schema.get('$ref');
  return {
    scope: scopeOf(schema),
    reference: reference && (reference.startsWith('#') ? file + reference : reference.slice(PREFIX.length)),
    judge: JUDGES[address],
    types: typeof type === 'string' ? [type] : type,
    enum: schema.get('enum'),
    hasConst: schema.has('const'), const: schema.get('const'),
    pattern: schema.has('pattern') ? new RegExp(schema.get('pattern'), 'u') : undefined,
    minLength: schema.get('minLength'), maxLength: schema.get('maxLength'),
    minimum: schema.get('minimum'), maximum: schema.get('maximum'),
    minItems: schema.get('minItems'), maxItems: schema.get('maxItems'), uniqueItems: schema.get('uniqueItems') === true,
    minProperties: schema.get('minProperties'), maxProperties: schema.get('maxProperties'),
    required: schema.get('required'), dependentRequired: schema.get('dependentRequired'),
    dependentSchemas: mapping('dependentSchemas') || undefined,
    items: sub('items'), properties: mapping('properties') || undefined,
    propertyNames: sub('propertyNames'), additional: sub('additionalProperties'), unevaluated: sub('unevaluatedProperties'),
    if: sub('if'), then: sub('then'), else: sub('else'),
    allOf: list('allOf'), anyOf: list('anyOf'), oneOf: list('oneOf'),
  };
}

function scopeOf(schema) {
  const code = schema.get('x-code');
  const requirement = schema.get('x-requirement');
  const expects = schema.get('x-expects');
  return code === undefined && requirement === undefined && expects === undefined ? undefined : {code, requirement, expects};
}

function visit(node, value, context) {
  context.scopes.push(node.scope ?? NOTHING_SAID);
  if (node.boolean === undefined) visitMapping(node, value, context);
  else if (!node.boolean) report(context, 'not', 'this may not stand here');
  context.scopes.pop();
}

function visitMapping(node, value, context) {
  if (node.reference !== undefined) visit((node.target ??= nodeAt(node.reference)), value, context);
  if (node.types === undefined || hasType(node.types, value)) applyKeywords(node, value, context);
  else report(context, 'type', `this is of another type than ${node.types.join(' or ')}`);
}

function applyKeywords(node, value, context) {
  const found = context.problems.length;
  if (node.enum !== undefined && !node.enum.includes(value)) report(context, 'enum', `not one of ${node.enum.join(', ')}`);
  if (node.hasConst && node.const !== value) report(context, 'const', `not ${node.const}`);
  if (typeof value === 'string') applyToString(node, value, context);
  else if (typeof value === 'number') {
    if (value < node.minimum) report(context, 'minimum', `below ${node.minimum}`);
    if (value > node.maximum) report(context, 'maximum', `above ${node.maximum}`);
  } else if (Array.isArray(value)) applyToList(node, value, context);
  else if (value instanceof Map) applyToMapping(node, value, context);
  if (node.if !== undefined) {
    const branch = accepts(node.if, value) ? node.then : node.else;
    if (branch !== undefined) visit(branch, value, context);
  }
  if (node.allOf !== undefined) for (const part of node.allOf) visit(part, value, context);
  if (node.unevaluated?.boolean === false && value instanceof Map) applyUnevaluated(node, value, context);
  if (node.judge !== undefined && (value instanceof Map || context.problems.length === found)) node.judge(value, context);
}

function applyToString(node, value, context) {
  if (node.minLength !== undefined && lengthOf(value) < node.minLength) report(context, 'minLength', 'too short');
  if (value.length > node.maxLength && lengthOf(value) > node.maxLength) report(context, 'maxLength', `longer than ${node.maxLength}`);
  if (node.pattern !== undefined && !node.pattern.test(value)) report(context, 'pattern', 'not of the form of this field');
}

function lengthOf(text) {
  let length = 0;
  for (const _ of text) length += 1;
  return length;
}

function applyToList(node, value, context) {
  if (value.length < node.minItems) report(context, 'minItems', `fewer than ${node.minItems}`);
  if (value.length > node.maxItems) report(context, 'maxItems', `more than ${node.maxItems}`);
  if (node.items === undefined && !node.uniqueItems) return;
  const seen = node.uniqueItems ? new Set() : undefined;
  value.forEach((item, index) => {
    context.path.push(index);
    if (seen !== undefined) {
      const key = typeof item === 'string' ? `"${item}` : canonical(item);
      if (seen.has(key)) report(context, 'uniqueItems', 'this stands twice');
      seen.add(key);
    }
    if (node.items !== undefined) visit(node.items, item, context);
    context.path.pop();
  });
}

function applyToMapping(node, value, context) {
  if (value.size < node.minProperties) report(context, 'minProperties', `fewer than ${node.minProperties} fields`);
  if (value.size > node.maxProperties) report(context, 'maxProperties', `more than ${node.maxProperties} fields`);
  for (const name of node.required ?? []) if (!value.has(name)) report(context, 'required', `\`${name}\` is missing`);
  const needed = new Set([...(node.dependentRequired ?? [])].flatMap(([name, others]) => (value.has(name) ? others : [])));
  for (const name of needed) if (!value.has(name)) report(context, 'dependentRequired', `\`${name}\` is needed by what stands here`);
  if (node.anyOf !== undefined && !node.anyOf.some((part) => accepts(part, value))) {
    report(context, 'anyOf', 'none of the fields is given of which one is needed', 'missing-alternative');
  }
  if (node.oneOf !== undefined) {
    const fitting = node.oneOf.filter((part) => accepts(part, value)).length;
    if (fitting === 0) report(context, 'oneOf', 'none of the fields is given of which one is needed', 'missing-alternative');
    if (fitting > 1) report(context, 'oneOf', 'fields that exclude each other', 'conflicting-fields');
  }
  for (const [name, part] of node.dependentSchemas ?? []) if (value.has(name)) visit(part, value, context);
  if (node.properties !== undefined || node.additional !== undefined || node.propertyNames !== undefined) {
    for (const [name, member] of value) applyToMember(node, name, member, context);
  }
}

function applyToMember(node, name, member, context) {
  context.path.push(name);
  if (node.propertyNames !== undefined) visitName(node.propertyNames, name, context);
  const property = node.properties?.get(name);
  if (property !== undefined) visit(property, member, context);
  else if (node.additional?.boolean === false) report(context, 'additionalProperties', `there is no field \`${name}\``);
  else if (node.additional !== undefined) visit(node.additional, member, context);
  context.path.pop();
}

// A key is wrong once, however many keywords it offends.
function visitName(node, name, context) {
  const found = context.problems.length;
  const {asName} = context;
  context.asName = true;
  visit(node, name, context);
  context.asName = asName;
  context.problems.length = Math.min(context.problems.length, found + 1);
}

function applyUnevaluated(node, value, context) {
  const known = new Set();
  gatherNames(node, value, known);
  // Where no branch applies, what it meant to be cannot be told: the fields of all branches are known.
  if ([...known].every((name) => node.properties?.has(name))) gatherNames(node, undefined, known);
  for (const name of value.keys()) {
    if (known.has(name)) continue;
    context.path.push(name);
    report(context, 'unevaluatedProperties', `there is no field \`${name}\``);
    context.path.pop();
  }
}

function gatherNames(node, value, known) {
  for (const name of node.properties?.keys() ?? []) known.add(name);
  if (node.reference !== undefined) gatherNames((node.target ??= nodeAt(node.reference)), value, known);
  for (const part of node.allOf ?? []) gatherNames(part, value, known);
  if (node.if === undefined) return;
  const holds = value === undefined || accepts(node.if, value);
  if (holds) gatherNames(node.if, value, known);
  if (holds && node.then !== undefined) gatherNames(node.then, value, known);
  if ((!holds || value === undefined) && node.else !== undefined) gatherNames(node.else, value, known);
}

function accepts(node, value) {
  const context = {problems: [], scopes: [], path: [], silent: true};
  visit(node, value, context);
  return context.problems.length === 0;
}

function hasType(types, value) {
  switch (typeof value) {
    case 'string':
      return types.includes('string');
    case 'number':
      return types.includes('integer');
    case 'boolean':
      return types.includes('boolean');
    default:
      if (value === null) return types.includes('null');
      if (Array.isArray(value)) return types.includes('array');
      return value instanceof Map && types.includes('object');
  }
}

function report(context, keyword, message, own = CODES[keyword]) {
  if (context.silent) {
    context.problems.push(undefined);
    return;
  }
  const annotated = annotationIn(context.scopes.at(-1), 'code', keyword);
  const expects = context.scopes.findLast((scope) => scope.expects !== undefined)?.expects;
  const words = expects === undefined ? message : `${message}; expected ${expects}`;
  const code = annotated ?? (context.asName ? 'bad-name' : own);
  context.problems.push(problem(code, pointerOf(context), words, requirementOf(context, keyword)));
}

// A code is that of the keyword's own subschema.
function annotationIn(scope, kind, keyword) {
  const annotation = scope[kind];
  return typeof annotation === 'string' ? annotation : (annotation?.get(keyword) ?? annotation?.get('default'));
}

// The nearest enclosing subschema that answers for the keyword wins.
function requirementOf({scopes}, keyword) {
  for (let index = scopes.length - 1; index >= 0; index -= 1) {
    const answer = annotationIn(scopes[index], 'requirement', keyword);
    if (answer !== undefined) return answer;
  }
  return undefined;
}

function pointerOf({path}) {
  return path.reduce(pointerTo, '');
}

function judgeInstant(value, context) {
  if (typeof value !== 'string' || parseMoment(value) !== undefined || parseInstant(value) !== undefined || context.silent) return;
  context.problems.push(problem('bad-instant', pointerOf(context), 'there is no such day or instant', 'OTB-DOC-022'));
}

function judgeZone(value, context) {
  if (isZone(value) || context.silent) return;
  context.problems.push(problem('unknown-zone', pointerOf(context), `the IANA database has no zone \`${value}\``, 'OTB-DOC-026'));
}

function judgeExtensions(value, context) {
  if (context.silent) return;
  for (const [name, extension] of value) {
    if (!(extension instanceof Map) || extension.get('required') !== true) continue;
    const pointer = pointerTo(pointerOf(context), name);
    context.problems.push(problem('unsupported-extension', pointer, `\`${name}\` is required and not known here`, 'OTB-DOC-007'));
  }
}
