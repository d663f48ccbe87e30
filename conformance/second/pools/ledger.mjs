// The store in memory: balances, and the reservations that hold something of them.

import {bringUp, cellAt, movesOn, openBalance, view} from './balances.mjs';
import {isOlder} from './versions.mjs';

/**
 * Opens an empty ledger. Every instant that it is given is one of the store's clock, in whole microseconds.
 *
 * @returns {object} `look`, `stateOf`, `reserve`, `settle`, `release`, `extend`, `balances`, `isStale`
 */
export function openLedger() {
  const balances = new Map();
  const reservations = new Map();
  // The newest version by policy under which something was reserved.
  const versions = new Map();

  function balanceFor(entry) {
    return balances.get(nameOf(entry)) ?? openBalance(entry);
  }

  // Ends what has lived too long, in the order in which it ends (OTB-POOL-049).
  function advance(now) {
    const over = [...reservations.values()].filter(({status, expiresAt}) => status === 'live' && expiresAt <= now);
    over.sort((one, other) => (one.expiresAt < other.expiresAt ? -1 : 1));
    for (const one of over) {
      for (const held of one.holds) end(held, chargedOnExpiry(held.entry), one.expiresAt);
      one.status = 'expired';
    }
  }

  return {
    /** What a balance shows before anything is reserved: `from`, `until`, `settled`, `reserved`, `granted`. */
    look(entry, now) {
      advance(now);
      return shown(view(balanceFor(entry), entry, now));
    },

    /** When a balance moves on (OTB-POOL-074). */
    movesOn(entry, asked) {
      return movesOn(balanceFor(entry), entry, asked);
    },

    /** `live`, `settled`, `late`, `released`, `expired`, or undefined for what was never reserved. */
    stateOf(id, now) {
      advance(now);
      return reservations.get(id)?.status;
    },

    /** When what is held ends by itself. */
    expiresAt(id) {
      return reservations.get(id).expiresAt;
    },

    /** Whether something was reserved under a newer version of the policy (OTB-POOL-053). */
    isStale({id, version}) {
      return versions.has(id) && isOlder(version, versions.get(id));
    },

    /**
     * Reserves in all balances or in none (OTB-POOL-040 to 044).
     *
     * @param {string} id
     * @param {object[]} entries balances with their `bound`
     * @param {{now: bigint, policy: object}} when `policy`: id and version
     * @returns {{isHeld: boolean, asked: {entry: object, seen: object, fits: boolean}[], expiresAt?: bigint}}
     */
    reserve(id, entries, {now, policy}) {
      advance(now);
      const asked = entries.map((entry) => {
        const seen = shown(view(balanceFor(entry), entry, now));
        return {entry, seen, fits: fitsIn(entry, seen)};
      });
      if (asked.some(({entry, fits}) => !fits && refuses(entry))) return {isHeld: false, asked};
      const lives = entries.reduce((longest, {pool}) => (pool.expiresAfter > longest ? pool.expiresAfter : longest), 0n);
      const expiresAt = now + lives;
      const holds = entries.map((entry) => {
        const name = nameOf(entry);
        if (!balances.has(name)) balances.set(name, openBalance(entry));
        return hold(entry, cellAt(balances.get(name), entry, now));
      });
      reservations.set(id, {status: 'live', expiresAt, holds});
      if (!versions.has(policy.id) || isOlder(versions.get(policy.id), policy.version)) versions.set(policy.id, policy.version);
      return {isHeld: true, asked, expiresAt};
    },

    /**
     * Charges what an attempt used (OTB-POOL-046, 050).
     *
     * @param {string} id
     * @param {(entry: object) => bigint} amountOf what it used in the measure of an entry, in pico
     * @param {bigint} now
     * @returns {{status: string, entries: object[]}} entries with `reserved`, and `settled` and `overrun` where charged
     */
    settle(id, amountOf, now) {
      advance(now);
      const one = reservations.get(id);
      if (one === undefined) return {status: 'unknown'};
      const amounts = one.holds.map(({entry}) => amountOf(entry));
      if (SETTLED.includes(one.status)) return {status: isSame(one, amounts) ? 'replayed' : 'conflict', entries: one.holds.map(unchanged)};
      const [status, settled] = one.status === 'live' ? ['settled', end] : ['late', endLate];
      one.status = status;
      return {status, entries: one.holds.map((held, index) => settled(held, amounts[index], now))};
    },

    /** Gives everything back (OTB-POOL-048); answers as `settle`. */
    release(id, now) {
      advance(now);
      const one = reservations.get(id);
      if (one === undefined) return {status: 'unknown'};
      if (one.status !== 'live') return {status: RELEASED[one.status], entries: one.holds.map(unchanged)};
      one.status = 'released';
      return {status: 'released', entries: one.holds.map((held) => end(held, 0n, now))};
    },

    /** Lets a reservation live on; answers when it ends, or undefined where nothing is held. */
    extend(id, length, now) {
      advance(now);
      const one = reservations.get(id);
      if (one?.status !== 'live') return undefined;
      if (now + length > one.expiresAt) one.expiresAt = now + length;
      for (const {cell} of one.holds) cell.active = now;
      return one.expiresAt;
    },

    /** All balances as they are at an instant, each with its `entry` and what it shows, by window. */
    balances(now) {
      advance(now);
      return [...balances.values()].flatMap((balance) => windowsOf(balance, now)).sort(byName);
    },
  };
}

// What is answered to a release of what has ended.
const RELEASED = Object.freeze({released: 'replayed', settled: 'conflict', late: 'conflict', expired: 'expired'});
const SETTLED = Object.freeze(['settled', 'late']);

/**
 * What tells a balance from the others; each throttle of a pool has one of its own.
 *
 * @param {object} entry
 * @returns {string}
 */
export function nameOf({pool, part, key, limit, window}) {
  return JSON.stringify([pool.id, part ?? '', ...key, ...(part === 'throttle' ? [`${limit}`, `${window.length}`] : [])]);
}

function shown({from, until, settled, reserved, granted}) {
  return {from, until, settled, reserved, granted};
}

function isCheck({pool, part}) {
  return pool.enforcement === 'check' && part !== 'throttle';
}

function refuses({pool, part}) {
  return part === 'throttle' || pool.enforcement === 'reserve' || pool.enforcement === 'check';
}

function fitsIn(entry, {settled, reserved, granted}) {
  const {limit, bound} = entry;
  if (limit === null || bound === 0n) return true;
  return settled + reserved + bound <= limit + granted;
}

/**
 * What a balance holds of a bound (OTB-POOL-033, 042).
 *
 * @param {object} entry with its `bound`
 * @returns {bigint} pico
 */
export function heldOf(entry) {
  return isCheck(entry) && entry.window.kind !== 'bucket' ? 0n : entry.bound;
}

function hold(entry, cell) {
  const held = heldOf(entry);
  if (cell.window.kind === 'bucket') cell.settled += held;
  else cell.reserved += held;
  return {entry, cell, held, refills: cell.refills};
}

// A slot is free again when its call is over, however that ended.
function chargedOnExpiry({pool, measure, bound}) {
  return pool.releases || measure === 'concurrent' ? 0n : bound;
}

// Gives the hold back and charges an amount.
function end(hold, amount, now) {
  const {entry, cell, held} = hold;
  bringUp(cell, now);
  const over = amount > entry.bound ? amount - entry.bound : 0n;
  if (cell.window.kind === 'bucket') endInBucket(hold, amount);
  else {
    cell.reserved -= held;
    cell.settled += amount;
  }
  cell.overrun += over;
  cell.active = now;
  hold.charged = amount;
  return {...unchanged(hold), settled: amount, overrun: over};
}

// OTB-POOL-033: what was refilled since is not given back once more.
function endInBucket({cell, held, refills}, amount) {
  if (amount >= held) {
    cell.settled += amount - held;
    return;
  }
  const back = held - amount - (cell.refills - refills);
  if (back > 0n) cell.settled = cell.settled > back ? cell.settled - back : 0n;
}

function endLate(hold, amount, now) {
  const {cell, charged} = hold;
  bringUp(cell, now);
  const over = amount > charged ? amount - charged : 0n;
  hold.charged = charged + over;
  cell.settled += over;
  cell.overrun += over;
  if (over === 0n) return unchanged(hold);
  cell.active = now;
  return {...unchanged(hold), settled: over, overrun: over};
}

function unchanged({entry, held}) {
  return {entry, reserved: held};
}

// By pool, part and key; windows of one balance stand in their order, those of two throttles by their beginning, end and limit.
function byName(one, other) {
  const [left, right] = [one, other].map(({entry: {pool, part, key}}) => [pool.id, part ?? '', ...key]);
  for (let place = 0; place < Math.min(left.length, right.length); place += 1) {
    const order = Buffer.compare(Buffer.from(left[place]), Buffer.from(right[place]));
    if (order !== 0) return order;
  }
  if (left.length !== right.length) return left.length - right.length;
  return one.entry.part === 'throttle' ? byWindow(one, other) : 0;
}

function byWindow(one, other) {
  const differs = ['from', 'until', 'limit'].find((field) => one[field] !== other[field]);
  if (differs === undefined) return 0;
  return one[differs] < other[differs] ? -1 : 1;
}

// Late, what was charged before is charged no more, however much of it was used.
function isSame({status, holds}, amounts) {
  return holds.every(({charged}, index) => amounts[index] === charged || (status === 'late' && amounts[index] < charged));
}

function windowsOf(balance, now) {
  const {pool, part, key, window, cells} = balance;
  const entry = {pool, part, key, window};
  const ordered = [...cells].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, cell]) => cell);
  return ordered.map((cell) => {
    bringUp(cell, now);
    return {entry, limit: cell.limit, overrun: cell.overrun, ...shown(cell)};
  });
}
