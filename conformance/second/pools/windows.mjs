// The windows of pools: where each begins and ends, and when it moves on.

import {civilFromDays, daysFromCivil, offsetOf, offsetsBetween, parseDuration, parseInstant, SECOND, wallClock, WEEKDAYS} from '../instant.mjs';
import {parsePico} from '../decimal.mjs';

const MICROSECOND = 1000n;
const DAY = 86_400;
// No wall clock is further from UTC than this.
const FURTHEST = 26 * 3600;

/**
 * The instant to which a store counts, in whole microseconds.
 *
 * @param {bigint} instant nanoseconds
 * @returns {bigint} nanoseconds, rounded down
 */
export function wholeMicroseconds(instant) {
  return floorDivide(instant, MICROSECOND) * MICROSECOND;
}

/**
 * Reads a window.
 *
 * @param {Map} data of the shape of the policy's schema
 * @returns {object} `kind` and what belongs to it, durations in nanoseconds
 */
export function readWindow(data) {
  if (data.has('calendar')) {
    return {kind: 'calendar', period: data.get('calendar'), zone: data.get('timezone') ?? 'UTC', weekStart: WEEKDAYS.indexOf(data.get('week_start') ?? 'mon')};
  }
  if (data.has('fixed')) {
    return {kind: 'fixed', length: parseDuration(data.get('fixed')), anchor: wholeMicroseconds(parseInstant(data.get('anchor')))};
  }
  if (data.has('rolling')) {
    const grain = parseDuration(data.get('grain'));
    return {kind: 'rolling', grain, before: parseDuration(data.get('rolling')) / grain};
  }
  if (data.has('bucket')) {
    const bucket = data.get('bucket');
    return {kind: 'bucket', refill: parsePico(bucket.get('refill')), per: parseDuration(bucket.get('per'))};
  }
  return data.has('idle') ? {kind: 'idle', length: parseDuration(data.get('idle'))} : {kind: 'lifetime'};
}

/**
 * The window of a throttle: every whole `per` since 1970 (OTB-POOL-064).
 *
 * @param {bigint} per nanoseconds
 * @returns {object} as `readWindow`
 */
export function throttleWindow(per) {
  return {kind: 'fixed', length: per, anchor: 0n};
}

/**
 * The calendar or fixed window in which an instant lies (OTB-POOL-030, 031).
 *
 * @param {object} window by `readWindow`
 * @param {bigint} instant nanoseconds
 * @returns {{from: bigint, until: bigint}} half-open; nanoseconds
 */
export function periodAt(window, instant) {
  if (window.kind === 'fixed') {
    const from = window.anchor + floorDivide(instant - window.anchor, window.length) * window.length;
    return {from, until: from + window.length};
  }
  // A clock that is turned back over midnight shows the old date again; the window that began does not end for that.
  let first = firstDay(window, wallClock(instant, window.zone).days);
  let until = beginning(window, nextFirstDay(window, first));
  while (until <= instant) {
    first = nextFirstDay(window, first);
    until = beginning(window, nextFirstDay(window, first));
  }
  return {from: beginning(window, first), until};
}

// The first day of the period in which a day lies, days being counted from 1970-01-01.
function firstDay({period, weekStart}, day) {
  if (period === 'day') return day;
  if (period === 'week') return day - ((((day + 3 - weekStart) % 7) + 7) % 7);
  const {year, month} = civilFromDays(day);
  return daysFromCivil(year, period === 'year' ? 1 : month, 1);
}

function nextFirstDay({period}, first) {
  if (period === 'day') return first + 1;
  if (period === 'week') return first + 7;
  const {year, month} = civilFromDays(first);
  return period === 'month' && month < 12 ? daysFromCivil(year, month + 1, 1) : daysFromCivil(year + 1, 1, 1);
}

const KEPT = 4096;
const beginnings = new Map();

// The first instant at which the date in the zone is that day or later.
function beginning({zone}, day) {
  const key = `${zone}@${day}`;
  let known = beginnings.get(key);
  if (known === undefined) {
    known = BigInt(firstSecond(zone, day * DAY)) * SECOND;
    if (beginnings.size >= KEPT) beginnings.clear();
    beginnings.set(key, known);
  }
  return known;
}

function firstSecond(zone, midnight) {
  const first = midnight - FURTHEST;
  const last = midnight + FURTHEST;
  const edges = [first, ...offsetsBetween(zone, first, last).changes, last];
  for (let index = 0; index + 1 < edges.length; index += 1) {
    const reached = Math.max(edges[index], midnight - offsetOf(zone, edges[index]));
    if (reached < edges[index + 1]) return reached;
  }
  return last;
}

/**
 * Counts whole lengths since 1970.
 *
 * @param {bigint} instant nanoseconds
 * @param {bigint} length nanoseconds
 * @returns {bigint} rounded down
 */
export function countOf(instant, length) {
  return floorDivide(instant, length);
}

function floorDivide(n, d) {
  const quotient = n / d;
  return n % d < 0n ? quotient - 1n : quotient;
}
