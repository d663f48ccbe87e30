// Meters are sets of tags; their names are only one spelling of the set.

const FORM = /^[a-z0-9][a-z0-9_]*(?:\.[a-z0-9][a-z0-9_]*){0,7}$/;
const MAX_LENGTH = 256;
const MEDIA = Object.freeze(['audio', 'image', 'video']);
const KEPT = 10_000;
const known = new Map();

/**
 * Reads the name of a meter (OTB-PRICE-001, 003, 034).
 *
 * @param {unknown} text
 * @returns {{name: string, tags: Set<string>, token: boolean, media: string[], group: 0 | 1 | 2} | undefined}
 *   `name` is the one spelling that answers use; `group` is 0 with the tag `input`, 1 with `output`, else 2;
 *   undefined where the text is no meter. The same set of tags always gives the same object's content.
 */
export function readMeter(text) {
  if (typeof text !== 'string') return undefined;
  if (known.has(text)) return known.get(text);
  const meter = parse(text);
  if (known.size >= KEPT) known.clear();
  known.set(text, meter);
  return meter;
}

function parse(text) {
  if (text.length > MAX_LENGTH || !FORM.test(text)) return undefined;
  const list = text.split('.');
  const tags = new Set(list);
  if (tags.size < list.length || (tags.has('input') && tags.has('output'))) return undefined;
  const group = tags.has('input') ? 0 : tags.has('output') ? 1 : 2;
  return Object.freeze({
    name: spell([...tags]), tags, group, token: group < 2, media: MEDIA.filter((tag) => tags.has(tag)),
  });
}

function spell(tags) {
  return tags.sort((one, other) => rank(one) - rank(other) || (one < other ? -1 : 1)).join('.');
}

function rank(tag) {
  if (tag === 'input' || tag === 'output') return 0;
  return tag < 'a' ? 2 : 1;
}

/**
 * Whether a meter is a part of another: its tags are a proper superset.
 *
 * @param {{tags: Set<string>}} part
 * @param {{tags: Set<string>}} whole
 * @returns {boolean}
 */
export function isPartOf(part, whole) {
  if (part.tags.size <= whole.tags.size) return false;
  for (const tag of whole.tags) if (!part.tags.has(tag)) return false;
  return true;
}

/**
 * Whether a meter is another one or a part of it.
 *
 * @param {{name: string, tags: Set<string>}} meter
 * @param {{name: string, tags: Set<string>}} whole
 * @returns {boolean}
 */
export function isWithin(meter, whole) {
  return meter.name === whole.name || isPartOf(meter, whole);
}

/**
 * The meter that two meters share.
 *
 * @param {{tags: Set<string>}} one
 * @param {{tags: Set<string>}} other
 * @returns {ReturnType<typeof readMeter>} undefined where the union of their tags is no meter
 */
export function joinOf(one, other) {
  const tags = [...new Set([...one.tags, ...other.tags])];
  return tags.length > 8 ? undefined : readMeter(tags.join('.'));
}

/**
 * Orders meters as lines stand (OTB-PRICE-027).
 *
 * @param {{name: string, group: number}} one
 * @param {{name: string, group: number}} other
 * @returns {number} below 0, 0 or above 0
 */
export function compareMeters(one, other) {
  if (one.group !== other.group) return one.group - other.group;
  if (one.name === other.name) return 0;
  return one.name < other.name ? -1 : 1;
}
