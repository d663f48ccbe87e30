// Instants are integers of nanoseconds since 1970-01-01T00:00:00Z; wall clocks come from the engine's IANA database.

import {UNLISTED} from './zones.mjs';

/** Nanoseconds of a second. */
export const SECOND = 1_000_000_000n;

/** The weekdays, Monday first, as conditions write them. */
export const WEEKDAYS = Object.freeze(['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun']);

const DATE = /^([0-9]{4})-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$/;
const INSTANT = new RegExp(
  `${DATE.source.slice(0, -1)}T([01][0-9]|2[0-3]):([0-5][0-9]):([0-5][0-9])(?:\\.([0-9]{1,9}))?(?:Z|([+-])([01][0-9]|2[0-3]):([0-5][0-9]))$`,
);
const DURATION = /^P(?=[0-9T])(?:([0-9]{1,6})D)?(?:T(?=[0-9])(?:([0-9]{1,6})H)?(?:([0-9]{1,6})M)?(?:([0-9]{1,9})S)?)?$/;
const CLOCK = /^(?:([01][0-9]|2[0-3]):([0-5][0-9])(?::([0-5][0-9]))?|24:00(?::00)?)$/;

const DAY_SECONDS = 86_400;
// A zone never changes its clocks twice within a sample.
const SAMPLE = 6 * 3600;
const FIRST_SECOND = daysFromCivil(1, 1, 1) * DAY_SECONDS;
const END_SECOND = daysFromCivil(10_000, 1, 1) * DAY_SECONDS;

/**
 * Counts days from 1970-01-01 in the proleptic Gregorian calendar.
 *
 * @param {number} year
 * @param {number} month 1 to 12
 * @param {number} day
 * @returns {number}
 */
export function daysFromCivil(year, month, day) {
  const shifted = month <= 2 ? year - 1 : year;
  const era = Math.floor(shifted / 400);
  const yearOfEra = shifted - era * 400;
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * 146_097 + dayOfEra - 719_468;
}

/**
 * The date of a count of days; the inverse of `daysFromCivil`.
 *
 * @param {number} days since 1970-01-01
 * @returns {{year: number, month: number, day: number}}
 */
export function civilFromDays(days) {
  const shifted = days + 719_468;
  const era = Math.floor(shifted / 146_097);
  const dayOfEra = shifted - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const part = Math.floor((5 * dayOfYear + 2) / 153);
  const month = part < 10 ? part + 3 : part - 9;
  return {year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day: dayOfYear - Math.floor((153 * part + 2) / 5) + 1};
}

/**
 * Reads a date.
 *
 * @param {unknown} text
 * @returns {number | undefined} days since 1970-01-01; undefined where there is no such day
 */
export function parseDate(text) {
  const found = typeof text === 'string' ? DATE.exec(text) : null;
  return found === null ? undefined : dayOf(found);
}

function dayOf(found) {
  const year = Number(found[1]);
  const month = Number(found[2]);
  const day = Number(found[3]);
  if (year === 0) return undefined;
  if (day > 28 && day > daysInMonth(year, month)) return undefined;
  return daysFromCivil(year, month, day);
}

function daysInMonth(year, month) {
  if (month === 2) return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0 ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

/**
 * Reads an RFC 3339 instant with a zone (OTB-DOC-022).
 *
 * @param {unknown} text
 * @returns {bigint | undefined} nanoseconds; undefined where the form is another, the day does not exist,
 *   or the instant lies outside the years 0001 to 9999 of UTC (OTB-DOC-034)
 */
export function parseInstant(text) {
  const found = typeof text === 'string' ? INSTANT.exec(text) : null;
  if (found === null) return undefined;
  const days = dayOf(found);
  if (days === undefined) return undefined;
  let seconds = days * DAY_SECONDS + Number(found[4]) * 3600 + Number(found[5]) * 60 + Number(found[6]);
  if (found[8] !== undefined) {
    const offset = Number(found[9]) * 3600 + Number(found[10]) * 60;
    seconds -= found[8] === '-' ? -offset : offset;
  }
  if (seconds < FIRST_SECOND || seconds >= END_SECOND) return undefined;
  const fraction = found[7] === undefined ? 0n : BigInt(found[7].padEnd(9, '0'));
  return BigInt(seconds) * SECOND + fraction;
}

/**
 * Reads an instant, or a date as midnight UTC of its day (OTB-DOC-023).
 *
 * @param {unknown} text
 * @returns {bigint | undefined} nanoseconds
 */
export function parseMoment(text) {
  const days = parseDate(text);
  return days === undefined ? parseInstant(text) : BigInt(days * DAY_SECONDS) * SECOND;
}

/**
 * Writes an instant in UTC, with as many fractional digits as it has.
 *
 * @param {bigint} nanoseconds
 * @returns {string} like `2026-11-23T12:00:00.25Z`
 */
export function formatInstant(nanoseconds) {
  const {seconds, fraction} = split(nanoseconds);
  const days = Math.floor(seconds / DAY_SECONDS);
  const {year, month, day} = civilFromDays(days);
  const inDay = seconds - days * DAY_SECONDS;
  const digits = fraction === 0n ? '' : `.${fraction.toString().padStart(9, '0').replace(/0+$/, '')}`;
  const date = `${String(year).padStart(4, '0')}-${two(month)}-${two(day)}`;
  return `${date}T${two(Math.floor(inDay / 3600))}:${two(Math.floor(inDay / 60) % 60)}:${two(inDay % 60)}${digits}Z`;
}

function two(number) {
  return String(number).padStart(2, '0');
}

function split(nanoseconds) {
  let seconds = nanoseconds / SECOND;
  let fraction = nanoseconds % SECOND;
  if (fraction < 0n) {
    seconds -= 1n;
    fraction += SECOND;
  }
  return {seconds: Number(seconds), fraction};
}

/**
 * Reads a duration of days, hours, minutes and seconds (OTB-DOC-024).
 *
 * @param {unknown} text
 * @returns {bigint | undefined} nanoseconds
 */
export function parseDuration(text) {
  const found = typeof text === 'string' ? DURATION.exec(text) : null;
  if (found === null) return undefined;
  const [days, hours, minutes, seconds] = found.slice(1).map((part) => BigInt(part ?? 0));
  return (((days * 24n + hours) * 60n + minutes) * 60n + seconds) * SECOND;
}

/**
 * Reads a time of day, `24:00` being the end of the day.
 *
 * @param {unknown} text `HH:MM` or `HH:MM:SS`
 * @returns {number | undefined} seconds since midnight, 0 to 86400
 */
export function parseClock(text) {
  const found = typeof text === 'string' ? CLOCK.exec(text) : null;
  if (found === null) return undefined;
  if (found[1] === undefined) return DAY_SECONDS;
  return Number(found[1]) * 3600 + Number(found[2]) * 60 + Number(found[3] ?? 0);
}

/**
 * What the wall clock of a zone shows at an instant (OTB-COND-017, OTB-DEC-013).
 *
 * @param {bigint} nanoseconds the instant
 * @param {string} zone a name that `isZone` knows
 * @returns {{days: number, second: number, weekday: string, hour: number}} the local date as days since 1970-01-01,
 *   the whole seconds since its midnight, its weekday (`mon` to `sun`), and the hour 0 to 23
 */
export function wallClock(nanoseconds, zone) {
  const {seconds} = split(nanoseconds);
  const local = seconds + offsetOf(zone, seconds);
  const days = Math.floor(local / DAY_SECONDS);
  const second = local - days * DAY_SECONDS;
  return {days, second, weekday: WEEKDAYS[(((days + 3) % 7) + 7) % 7], hour: Math.floor(second / 3600)};
}

// Offsets are asked for again and again at few instants; the formatter is by far the slowest thing here.
const OFFSETS_KEPT = 4096;
const formatters = new Map();
const offsets = new Map();

/**
 * The offset of a zone from UTC.
 *
 * @param {string} zone
 * @param {number} seconds since 1970-01-01T00:00:00Z
 * @returns {number} seconds that the wall clock is ahead of UTC
 */
export function offsetOf(zone, seconds) {
  if (zone === 'UTC' || zone === FACTORY) return 0;
  const key = `${zone}@${seconds}`;
  const known = offsets.get(key);
  if (known !== undefined) return known;
  const found = {};
  for (const {type, value} of formatterOf(zone).formatToParts(seconds * 1000)) found[type] = value;
  const year = found.era === 'B' || found.era === 'BC' ? 1 - Number(found.year) : Number(found.year);
  const days = daysFromCivil(year, Number(found.month), Number(found.day));
  const offset = days * DAY_SECONDS + Number(found.hour) * 3600 + Number(found.minute) * 60 + Number(found.second) - seconds;
  if (offsets.size >= OFFSETS_KEPT) offsets.clear();
  offsets.set(key, offset);
  return offset;
}

/**
 * How a zone changes its clocks within a span.
 *
 * @param {string} zone
 * @param {number} first seconds since 1970-01-01T00:00:00Z
 * @param {number} last as `first`, not before it
 * @returns {{offsets: Set<number>, changes: number[]}} the offsets that are in force, and the instants after `first` at
 *   which another begins, in order
 */
export function offsetsBetween(zone, first, last) {
  const offsets = new Set([offsetOf(zone, first)]);
  const changes = [];
  for (let from = first; from < last; from += SAMPLE) {
    const to = Math.min(from + SAMPLE, last);
    const before = offsetOf(zone, from);
    if (offsetOf(zone, to) === before) continue;
    let low = from;
    let high = to;
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2);
      if (offsetOf(zone, middle) === before) low = middle;
      else high = middle;
    }
    changes.push(high);
    offsets.add(offsetOf(zone, high));
  }
  return {offsets, changes};
}

function formatterOf(zone) {
  let formatter = formatters.get(zone);
  if (formatter === undefined) {
    formatter = new Intl.DateTimeFormat('en-US', {
      timeZone: zone, calendar: 'gregory', numberingSystem: 'latn', hourCycle: 'h23', era: 'short',
      year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric', second: 'numeric',
    });
    formatters.set(zone, formatter);
  }
  return formatter;
}

const ZONE = /^[A-Z][A-Za-z0-9_+-]*(\/[A-Za-z0-9_+-]+)*$/;
const zones = new Map();
let properNames;

/**
 * Whether the IANA database has a zone of exactly that name (OTB-DOC-026, OTB-COND-025).
 *
 * @param {unknown} name
 * @returns {boolean}
 */
export function isZone(name) {
  if (typeof name !== 'string') return false;
  let known = zones.get(name);
  if (known === undefined) {
    known = findZone(name);
    if (zones.size < OFFSETS_KEPT) zones.set(name, known);
  }
  return known;
}

// ICU takes names of its own beside those of the database, and every name in any case.
const NOT_IANA = new Set(
  'ACT AET AGT ART AST BET BST CAT CNT CST CTT EAT ECT IET IST JST MIT NET NST PLT PNT PRT PST SST VST'.split(' '),
);
// The database's zone for machines that nobody set up: UTC, and unknown to ICU.
const FACTORY = 'Factory';

function findZone(name) {
  if (!ZONE.test(name) || NOT_IANA.has(name) || name.startsWith('SystemV/')) return false;
  properNames ??= new Map([...Intl.supportedValuesOf('timeZone'), ...UNLISTED].map((proper) => [proper.toLowerCase(), proper]));
  const proper = properNames.get(name.toLowerCase());
  if (proper !== undefined) return proper === name;
  try {
    new Intl.DateTimeFormat('en-US', {timeZone: name});
    return true;
  } catch {
    return false;
  }
}
