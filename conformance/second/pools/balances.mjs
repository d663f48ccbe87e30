// One balance over its windows: what was settled and reserved in each, and what it handed on.

import {countOf, periodAt} from './windows.mjs';

/**
 * Opens a balance, in which nothing was counted yet.
 *
 * @param {object} entry of which it is the balance: pool, part, key, window
 * @returns {object} for `view` and `cellAt`
 */
export function openBalance({pool, part, key, measure, window}) {
  return {pool, part, key, measure, window, cells: new Map()};
}

/**
 * What a balance shows at an instant.
 *
 * @param {object} balance
 * @param {{window: object, limit: bigint | null}} entry what is asked
 * @param {bigint} now of the store
 * @returns {{from?: bigint, until?: bigint, settled: bigint, reserved: bigint, granted: bigint}} pico
 */
export function view(balance, {window, limit}, now) {
  const {cells} = balance;
  switch (window.kind) {
    case 'calendar':
    case 'fixed': {
      const {from, until} = periodAt(window, now);
      const cell = cells.get(from);
      if (cell !== undefined) return cell;
      return {from, until, settled: 0n, reserved: 0n, granted: handedOn(balance, window, limit, from)};
    }
    case 'rolling': {
      const last = countOf(now, window.grain);
      const sum = {settled: 0n, reserved: 0n, granted: 0n};
      for (const [grain, {settled, reserved}] of cells) {
        if (grain > last || grain < last - window.before) continue;
        sum.settled += settled;
        sum.reserved += reserved;
      }
      return sum;
    }
    case 'bucket': {
      const cell = cells.get('bucket');
      if (cell !== undefined) refill(cell, window, now);
      return cell ?? EMPTY;
    }
    case 'idle': {
      const cell = currentIdle(balance);
      return cell === undefined || isOver(cell, window, now) ? EMPTY : cell;
    }
    default:
      return cells.get('lifetime') ?? EMPTY;
  }
}

const EMPTY = Object.freeze({settled: 0n, reserved: 0n, granted: 0n});

/**
 * The cell of a balance in which a reservation is made; it is opened where there is none.
 *
 * @param {object} balance
 * @param {{window: object, limit: bigint | null}} entry
 * @param {bigint} now of the store
 * @returns {object} `settled`, `reserved`, `overrun`, `granted` in pico, which the ledger changes
 */
export function cellAt(balance, entry, now) {
  const {window, limit} = entry;
  const {slot, ...opened} = slotAt(balance, entry, now);
  let cell = balance.cells.get(slot);
  if (cell === undefined) {
    cell = {settled: 0n, reserved: 0n, overrun: 0n, granted: 0n, window, ...opened};
    balance.cells.set(slot, cell);
  }
  if (window.kind === 'bucket') refill(cell, window, now);
  cell.limit = limit;
  cell.active = now;
  return cell;
}

function slotAt(balance, entry, now) {
  const {window} = entry;
  switch (window.kind) {
    case 'calendar':
    case 'fixed': {
      const {from, until, granted} = view(balance, entry, now);
      return {slot: from, from, until, granted};
    }
    case 'rolling':
      return grainAt(window, countOf(now, window.grain));
    case 'bucket':
      return {slot: 'bucket', tick: countOf(now, window.per), refills: 0n};
    case 'idle': {
      const cell = currentIdle(balance);
      return {slot: cell === undefined || isOver(cell, window, now) ? balance.cells.size : balance.cells.size - 1};
    }
    default:
      return {slot: 'lifetime'};
  }
}

function grainAt({grain}, slot) {
  return {slot, from: slot * grain, until: (slot + 1n) * grain};
}

function currentIdle({cells}) {
  return cells.get(cells.size - 1);
}

// OTB-POOL-034.
function isOver({active}, {length}, now) {
  return now - active >= length;
}

// OTB-POOL-033; a clock that is set back refills nothing.
function refill(cell, window, now) {
  const tick = countOf(now, window.per);
  if (tick <= cell.tick) return;
  const refilled = (tick - cell.tick) * window.refill;
  cell.tick = tick;
  cell.refills += refilled;
  cell.settled = cell.settled > refilled ? cell.settled - refilled : 0n;
}

/**
 * Brings a bucket up to an instant; other windows stand.
 *
 * @param {object} cell
 * @param {bigint} now of the store
 */
export function bringUp(cell, now) {
  if (cell.window.kind === 'bucket') refill(cell, cell.window, now);
}

// What the window before hands to a new one (OTB-POOL-037, 038).
function handedOn({pool, part, cells}, window, limit, from) {
  if (part !== undefined || (pool.rollover === undefined && !pool.carriesOverrun)) return 0n;
  const before = cells.get(periodAt(window, from - 1n).from);
  let granted = 0n;
  if (pool.rollover !== undefined) granted += capped(pool.rollover, leftOf(before, {cells, limit, from}));
  if (pool.carriesOverrun && before !== undefined && before.limit !== null) {
    const over = before.settled - before.limit - before.granted;
    if (over > 0n) granted -= over;
  }
  return granted;
}

// Of what is without end nothing is left over.
function leftOf(before, {cells, limit, from}) {
  if (before === undefined) return [...cells.keys()].some((one) => one < from) ? limit ?? 0n : 0n;
  if (before.limit === null) return 0n;
  const left = before.limit + before.granted - before.settled - before.reserved;
  return left > 0n ? left : 0n;
}

function capped({cap}, left) {
  return cap !== undefined && left > cap ? cap : left;
}

/**
 * The instant at which a window moves on, so that it may help to ask again (OTB-POOL-074).
 *
 * @param {object} balance
 * @param {{window: object}} entry
 * @param {{now: bigint, need: bigint, ever: boolean}} asked `need`: how much has to be refilled into a bucket; `ever`: whether
 *   that can help
 * @returns {bigint | undefined} nanoseconds; undefined where it never does
 */
export function movesOn(balance, {window}, {now, need, ever}) {
  switch (window.kind) {
    case 'calendar':
    case 'fixed':
      return periodAt(window, now).until;
    case 'rolling':
      return (countOf(now, window.grain) + 1n) * window.grain;
    case 'bucket': {
      if (!ever || window.refill === 0n) return undefined;
      const ticks = need > window.refill ? (need + window.refill - 1n) / window.refill : 1n;
      return (countOf(now, window.per) + ticks) * window.per;
    }
    case 'idle': {
      const cell = currentIdle(balance);
      // Nothing was done in it that could pass.
      return cell === undefined || isOver(cell, window, now) ? undefined : cell.active + window.length;
    }
    default:
      return undefined;
  }
}
