// Strict JSON (RFC 8259) read into Maps, so that the order of keys stays and no key is special; and written again.
// What JSON allows and a document may not have is noted as a flaw, so that one reader serves texts and messages.

/** The caps of OTB-DOC-013. */
export const MAX_DEPTH = 64;
export const MAX_NODES = 2_000_000;
export const MAX_BYTES = 32 * 1024 * 1024;
const MAX_KEY = 1024;

/** Thrown where a text cannot be read to its end; `flaw` says why (OTB-DOC-033). */
export class Unreadable extends Error {
  constructor(flaw) {
    super(flaw.message);
    this.flaw = flaw;
  }
}

const NUMBER = /-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?/y;
// The notes of 10-documents.md list them.
const BAD_IN_STRING = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069\ufffe\uffff]/;
const BAD_IN_KEY = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff\ufffe\uffff]/;
const LONGEST_INTEGER = 400;

/**
 * Reads one JSON text.
 *
 * Mappings become Maps, integers numbers, integers beyond ±(2^53 - 1) bigints, and numbers with a fraction or an
 * exponent `{inexact: text}`; the last two, and what OTB-DOC-010, 011, 014 and 017 refuse, are noted as flaws.
 *
 * @param {string} text
 * @param {number} [depthCap] how many containers may stand inside each other before reading stops
 * @returns {{value: unknown, flaws: {code: string, path: (string|number)[], message: string, requirement: string,
 *   kind?: string, isKey: boolean, isEnd?: boolean}[], depth: number, nodes: number}} `kind` is `surrogate` for halves of surrogate
 *   pairs; `isKey` says that the key is wrong, not its value; `isEnd` that a reader of the document stops there
 * @throws {Unreadable} when there is no value, no end, or a second document (OTB-DOC-001)
 */
export function readJson(text, depthCap = 4000) {
  let at = 0;
  let depth = 0;
  let deepest = 0;
  let nodes = 0;
  const path = [];
  const flaws = [];

  function flaw(code, message, requirement, {kind, isKey = false} = {}) {
    flaws.push({code, path: path.slice(), message, requirement, kind, isKey});
  }

  function fail(code, message, requirement = 'OTB-DOC-001') {
    throw new Unreadable({code, path: [], message, requirement});
  }

  function skipSpace() {
    for (;;) {
      const code = text.charCodeAt(at);
      if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return code;
      at += 1;
    }
  }

  function count() {
    nodes += 1;
    if (nodes > MAX_NODES && depthCap === MAX_DEPTH) fail('too-many-nodes', 'more keys and values than a document may have', 'OTB-DOC-013');
  }

  function readValue() {
    count();
    const code = skipSpace();
    if (code === 0x7b) return readMapping();
    if (code === 0x5b) return readList();
    if (code === 0x22) return judged(readString(), BAD_IN_STRING);
    if (code === 0x74 && text.startsWith('true', at)) return word(4, true);
    if (code === 0x66 && text.startsWith('false', at)) return word(5, false);
    if (code === 0x6e && text.startsWith('null', at)) return word(4, null);
    return readNumber();
  }

  function word(length, value) {
    at += length;
    return value;
  }

  function enter() {
    at += 1;
    depth += 1;
    if (depth > deepest) deepest = depth;
    if (depth > depthCap) fail('too-deep', 'more containers inside each other than a document may have', 'OTB-DOC-013');
  }

  function readMapping() {
    enter();
    const mapping = new Map();
    let code = skipSpace();
    if (code === 0x7d) at += 1;
    while (code !== 0x7d) {
      if (skipSpace() !== 0x22) fail('syntax-error', `expected a key at character ${at}`);
      count();
      const raw = readString();
      // No pointer can carry half of a surrogate pair.
      const key = special ? raw.toWellFormed() : raw;
      path.push(key);
      if (isLong(raw)) tooLong();
      judged(raw, BAD_IN_KEY);
      if (key === '') flaw('bad-key', 'a key is empty', 'OTB-DOC-010');
      if (mapping.has(key)) flaw('duplicate-key', `\`${key}\` stands twice`, 'OTB-DOC-011');
      if (skipSpace() !== 0x3a) fail('syntax-error', `expected \`:\` at character ${at}`);
      at += 1;
      mapping.set(key, readValue());
      path.pop();
      code = skipSpace();
      if (code !== 0x2c && code !== 0x7d) fail('syntax-error', `expected \`,\` or \`}\` at character ${at}`);
      at += 1;
    }
    depth -= 1;
    return mapping;
  }

  // A document ends there (OTB-DOC-033); in a message the document in which the key stands is not known yet.
  function tooLong() {
    const message = `a key of more than ${MAX_KEY} characters`;
    if (depthCap === MAX_DEPTH) fail('too-large', message, 'OTB-DOC-013');
    flaws.push({code: 'too-large', path: path.slice(), message, requirement: 'OTB-DOC-013', isKey: true, isEnd: true});
  }

  function readList() {
    enter();
    const list = [];
    let code = skipSpace();
    if (code === 0x5d) at += 1;
    while (code !== 0x5d) {
      path.push(list.length);
      list.push(readValue());
      path.pop();
      code = skipSpace();
      if (code !== 0x2c && code !== 0x5d) fail('syntax-error', `expected \`,\` or \`]\` at character ${at}`);
      at += 1;
    }
    depth -= 1;
    return list;
  }

  // Whether the string that was read last may hold more than printable ASCII.
  let special = false;

  function readString() {
    const start = at;
    let escaped = false;
    special = false;
    for (at += 1; ; at += 1) {
      const code = text.charCodeAt(at);
      if (code === 0x22) break;
      if (code === 0x5c) {
        escaped = true;
        at += 1;
      } else if (code > 0x7e) special = true;
      else if (!(code >= 0x20)) fail('syntax-error', `a string without its end, or with a control character, at character ${at}`);
    }
    at += 1;
    if (!escaped) return text.slice(start + 1, at - 1);
    special = true;
    try {
      return JSON.parse(text.slice(start, at));
    } catch {
      return fail('syntax-error', `a wrong escape after character ${start}`);
    }
  }

  // A key or string is wrong once.
  function judged(string, bad) {
    if (!special) return string;
    const isKey = bad === BAD_IN_KEY;
    if (!string.isWellFormed()) flaw('bad-character', 'half of a surrogate pair', 'OTB-DOC-017', {kind: 'surrogate', isKey});
    else if (bad.test(string)) flaw('bad-character', 'a control character or a mark of reading direction', 'OTB-DOC-017', {isKey});
    else if (string.normalize('NFC') !== string) flaw('not-normalized', 'text that is not in Unicode normal form C', 'OTB-DOC-017', {isKey});
    return string;
  }

  function readNumber() {
    NUMBER.lastIndex = at;
    const found = NUMBER.exec(text);
    if (found === null) return fail('syntax-error', at < text.length ? `no value at character ${at}` : 'the text ends too early');
    at = NUMBER.lastIndex;
    if (found[1] !== undefined || found[2] !== undefined) {
      flaw('unquoted-decimal', `${found[0].slice(0, 40)} has a fraction or an exponent`, 'OTB-DOC-010');
      return {inexact: found[0]};
    }
    const number = Number(found[0]);
    if (Number.isSafeInteger(number)) return number === 0 ? 0 : number;
    flaw('integer-too-large', 'an integer outside ±(2^53 - 1)', 'OTB-DOC-014');
    return BigInt(found[0].slice(0, LONGEST_INTEGER));
  }

  skipSpace();
  if (at >= text.length) fail('empty-document', 'there is nothing in the text');
  const value = readValue();
  skipSpace();
  if (at < text.length) fail('syntax-error', `more after the document, at character ${at}`);
  return {value, flaws, depth: deepest, nodes};
}

// Characters are code points: a pair of surrogates is one.
function isLong(key) {
  return key.length > MAX_KEY && [...key].length > MAX_KEY;
}

/**
 * How deep a value is nested, and how many keys and values it has.
 *
 * @param {unknown} value
 * @returns {{depth: number, nodes: number}}
 */
export function measure(value) {
  if (value instanceof Map || Array.isArray(value)) {
    const keyed = value instanceof Map;
    let deepest = 0;
    let nodes = 1 + (keyed ? value.size : 0);
    for (const part of value.values()) {
      const inner = measure(part);
      nodes += inner.nodes;
      if (inner.depth > deepest) deepest = inner.depth;
    }
    return {depth: deepest + 1, nodes};
  }
  return {depth: 0, nodes: 1};
}

/**
 * The JSON pointer of a member (RFC 6901).
 *
 * @param {string} parent pointer of the container
 * @param {string | number} key
 * @returns {string}
 */
export function pointerTo(parent, key) {
  if (typeof key === 'number') return `${parent}/${key}`;
  return `${parent}/${key.includes('~') || key.includes('/') ? key.replace(/~/g, '~0').replace(/\//g, '~1') : key}`;
}

/**
 * Canonical JSON (RFC 8785, OTB-DOC-025): keys in order of UTF-16 code units, no white space.
 *
 * @param {unknown} value as `readJson` gives it, or plain objects
 * @returns {string}
 */
export function canonical(value) {
  return write(value, true);
}

/**
 * Compact JSON, keys in the order in which they stand.
 *
 * @param {unknown} value Maps, lists, plain objects and scalars; undefined members are left out
 * @returns {string}
 */
export function compact(value) {
  return write(value, false);
}

function write(value, sorted) {
  if (value === null) return 'null';
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (Array.isArray(value)) return `[${value.map((part) => write(part, sorted)).join(',')}]`;
  if (typeof value === 'bigint') return value.toString();
  if (typeof value !== 'object') throw new TypeError(`${typeof value} is no JSON`);
  const members = value instanceof Map ? [...value] : Object.entries(value);
  if (sorted) members.sort(([one], [other]) => (one < other ? -1 : 1));
  let text = '';
  for (const [key, part] of members) {
    if (part !== undefined) text += `${text === '' ? '' : ','}${JSON.stringify(key)}:${write(part, sorted)}`;
  }
  return `{${text}}`;
}
