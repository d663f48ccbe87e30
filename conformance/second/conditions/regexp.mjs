// I-Regexp (RFC 9485): read by its own grammar, counted, and run as a set of states, so that no text takes long.

const MAX_BYTES = 256;
const MAX_PLACES = 1000;
const MAX_GROUPS = 32;
const CATEGORY_PLACES = 20;
const CATEGORY = /^(?:L[lmotu]?|M[cen]?|N[dlo]?|P[cdefios]?|Z[lps]?|S[ckmo]?|C[cfo])$/;
const ESCAPABLE = new Set([...'()*+-.?[\\]^nrt{|}']);
const SPECIAL = new Set([...'()*+.?[\\]{|}']);
const WRITTEN = {n: '\n', r: '\r', t: '\t'};

/**
 * Reads an I-Regexp (OTB-COND-024).
 *
 * @param {string} pattern
 * @returns {{test: (text: string) => boolean} | undefined} `test` says whether the whole text matches (OTB-COND-007);
 *   undefined where the pattern is not an I-Regexp, has a bare `^` or `$`, or is too large
 */
export function readRegexp(pattern) {
  if (Buffer.byteLength(pattern) > MAX_BYTES) return undefined;
  let tree;
  try {
    tree = parse([...pattern]);
  } catch (error) {
    if (error instanceof BadPattern) return undefined;
    throw error;
  }
  if (!(tree.places <= MAX_PLACES)) return undefined;
  let program;
  return Object.freeze({
    test(text) {
      program ??= assemble(tree);
      return run(program, text);
    },
  });
}

class BadPattern extends Error {}

function parse(characters) {
  let at = 0;

  function take() {
    if (at >= characters.length) throw new BadPattern();
    at += 1;
    return characters[at - 1];
  }

  let groups = 0;

  function alternatives() {
    const branches = [branch()];
    while (characters[at] === '|') {
      at += 1;
      branches.push(branch());
    }
    return {kind: 'alternatives', branches, places: branches.reduce((sum, one) => sum + one.places, 0)};
  }

  function branch() {
    const pieces = [];
    while (at < characters.length && characters[at] !== '|' && characters[at] !== ')') pieces.push(piece());
    return {kind: 'sequence', pieces, places: pieces.reduce((sum, one) => sum + one.places, 0)};
  }

  function piece() {
    const part = atom();
    const sign = characters[at];
    if (sign === '*') return repeated(part, 0, Infinity);
    if (sign === '+') return repeated(part, 1, Infinity);
    if (sign === '?') return repeated(part, 0, 1);
    if (sign !== '{') return part;
    const end = characters.indexOf('}', at);
    const found = /^\{([0-9]+)(,([0-9]+)?)?\}$/.exec(characters.slice(at, end + 1).join(''));
    if (found === null) throw new BadPattern();
    at = end;
    const least = Number(found[1]);
    if (found[2] === undefined) return repeated(part, least, least);
    return repeated(part, least, found[3] === undefined ? Infinity : Number(found[3]));
  }

  function repeated(part, least, most) {
    at += 1;
    if (most < least) throw new BadPattern();
    const highest = Math.max(least, most === Infinity ? 1 : most, 1);
    return {kind: 'repeat', part, least, most, places: part.places * highest};
  }

  function atom() {
    const character = take();
    if (character === '(') {
      groups += 1;
      if (groups > MAX_GROUPS) throw new BadPattern();
      const inner = alternatives();
      if (take() !== ')') throw new BadPattern();
      groups -= 1;
      return {...inner, places: Math.max(inner.places, 1)};
    }
    if (character === '.') return single((point) => point !== 0x0a && point !== 0x0d);
    if (character === '[') return characterClass();
    if (character === '\\') {
      const category = categoryHere();
      if (category !== undefined) return {...single(category), places: CATEGORY_PLACES};
      return literal(escaped());
    }
    if (SPECIAL.has(character) || character === '^' || character === '$') throw new BadPattern();
    return literal(character);
  }

  function literal(character) {
    const point = character.codePointAt(0);
    return single((other) => other === point);
  }

  function single(holds) {
    return {kind: 'single', holds, places: 1};
  }

  function escaped() {
    const character = take();
    if (!ESCAPABLE.has(character)) throw new BadPattern();
    return WRITTEN[character] ?? character;
  }

  // After a backslash: a test for `p{…}` or `P{…}`, or undefined where something else is escaped.
  function categoryHere() {
    const sign = characters[at];
    if (sign !== 'p' && sign !== 'P') return undefined;
    const end = characters.indexOf('}', at);
    const name = characters.slice(at + 2, end).join('');
    if (characters[at + 1] !== '{' || end < 0 || !CATEGORY.test(name)) throw new BadPattern();
    at = end + 1;
    const expression = new RegExp(`^\\${sign}{${name}}$`, 'u');
    return (point) => expression.test(String.fromCodePoint(point));
  }

  function characterClass() {
    const tests = [];
    let places = 1;
    const negated = characters[at] === '^';
    if (negated) at += 1;
    if (characters[at] === '-') {
      at += 1;
      tests.push((point) => point === 0x2d);
    }
    while (characters[at] !== ']') {
      if (characters[at] === '\\' && (characters[at + 1] === 'p' || characters[at + 1] === 'P')) {
        at += 1;
        tests.push(categoryHere());
        places = CATEGORY_PLACES;
      } else if (characters[at] === '-' && characters[at + 1] === ']' && tests.length > 0) {
        at += 1;
        tests.push((point) => point === 0x2d);
      } else tests.push(range());
    }
    at += 1;
    if (tests.length === 0) throw new BadPattern();
    const member = (point) => tests.some((holds) => holds(point));
    return {kind: 'single', holds: negated ? (point) => !member(point) : member, places};
  }

  function range() {
    const first = member().codePointAt(0);
    if (characters[at] !== '-' || characters[at + 1] === ']') return (point) => point === first;
    at += 1;
    const last = member().codePointAt(0);
    if (last < first) throw new BadPattern();
    return (point) => point >= first && point <= last;
  }

  function member() {
    const character = take();
    if (character === '\\') return escaped();
    if (character === '[' || character === ']' || character === '-') throw new BadPattern();
    return character;
  }

  const tree = alternatives();
  if (at < characters.length) throw new BadPattern();
  return tree;
}

// A program is a list of steps: {holds} takes one character, {to: [places]} goes on at each of them, {} is the end.
function assemble(tree) {
  const steps = [];

  function emit(node) {
    if (node.kind === 'single') steps.push({holds: node.holds});
    else if (node.kind === 'sequence') node.pieces.forEach(emit);
    else if (node.kind === 'alternatives') emitAlternatives(node.branches);
    else emitRepeat(node);
  }

  function emitAlternatives(branches) {
    const fork = {to: []};
    const ends = [];
    if (branches.length > 1) steps.push(fork);
    branches.forEach((branch, index) => {
      if (branches.length > 1) fork.to.push(steps.length);
      emit(branch);
      if (index < branches.length - 1) {
        const end = {to: []};
        steps.push(end);
        ends.push(end);
      }
    });
    for (const end of ends) end.to.push(steps.length);
  }

  function emitRepeat({part, least, most}) {
    for (let done = 0; done < least; done += 1) emit(part);
    if (most === Infinity) {
      const fork = {to: [steps.length + 1]};
      const back = steps.length;
      steps.push(fork);
      emit(part);
      steps.push({to: [back]});
      fork.to.push(steps.length);
      return;
    }
    const forks = [];
    for (let done = least; done < most; done += 1) {
      const fork = {to: [steps.length + 1]};
      forks.push(fork);
      steps.push(fork);
      emit(part);
    }
    for (const fork of forks) fork.to.push(steps.length);
  }

  emit(tree);
  steps.push({});
  return steps;
}

function run(steps, text) {
  const last = steps.length - 1;
  const reached = new Int32Array(steps.length).fill(-1);
  let round = 0;
  let waiting = [];

  function reach(first, list) {
    const pending = [first];
    while (pending.length > 0) {
      const place = pending.pop();
      if (reached[place] === round) continue;
      reached[place] = round;
      const step = steps[place];
      if (step.to === undefined) list.push(place);
      else pending.push(...step.to);
    }
  }

  reach(0, waiting);
  for (const character of text) {
    if (waiting.length === 0) return false;
    const point = character.codePointAt(0);
    const next = [];
    round += 1;
    for (const place of waiting) {
      if (place !== last && steps[place].holds(point)) reach(place + 1, next);
    }
    waiting = next;
  }
  return waiting.includes(last);
}
