// Balances as decisions, records and the op `pools` write them.

import {formatPico} from '../decimal.mjs';
import {formatInstant} from '../instant.mjs';

/**
 * A balance before an attempt, and what became of what was asked of it (decision.schema.json).
 *
 * @param {object} entry with its `bound`
 * @param {object} seen as the ledger showed it; the window alone where the store did not answer
 * @param {string} reason
 * @returns {object}
 */
export function writeRow(entry, seen, reason) {
  return {
    ...nameOf(entry),
    measure: entry.measure,
    ...windowOf(seen),
    limit: writeLimit(entry.limit),
    settled: seen.settled === undefined ? undefined : formatPico(seen.settled),
    reserved: seen.reserved === undefined ? undefined : formatPico(seen.reserved),
    granted: writeGranted(seen),
    bound: formatPico(entry.bound),
    reason,
  };
}

/**
 * What an attempt held of a balance, and what was charged (usage-record.schema.json).
 *
 * @param {{entry: object, reserved: bigint, settled?: bigint, overrun?: bigint}} one of the ledger's
 * @returns {object}
 */
export function writeEntry({entry, reserved, settled, overrun}) {
  return {
    ...nameOf(entry),
    measure: entry.measure,
    reserved: formatPico(reserved),
    settled: settled === undefined ? undefined : formatPico(settled),
    overrun: overrun === undefined || overrun === 0n ? undefined : formatPico(overrun),
  };
}

/**
 * What was counted in a window (op `pools`).
 *
 * @param {object} one of the ledger's balances
 * @returns {object}
 */
export function writeBalance({entry, limit, overrun, ...seen}) {
  return {
    ...nameOf(entry),
    ...windowOf(seen),
    limit: writeLimit(limit),
    settled: formatPico(seen.settled),
    reserved: formatPico(seen.reserved),
    overrun: formatPico(overrun),
    granted: writeGranted(seen),
  };
}

function nameOf({pool, key, part}) {
  return {pool: pool.id, partition: key.length > 0 ? key : undefined, part};
}

function windowOf(seen) {
  const write = (instant) => (instant === undefined ? undefined : formatInstant(instant));
  return {from: write(seen.from), until: write(seen.until)};
}

function writeLimit(limit) {
  return limit === null ? null : formatPico(limit);
}

function writeGranted(seen) {
  return seen.granted === undefined || seen.granted === 0n ? undefined : formatPico(seen.granted);
}
