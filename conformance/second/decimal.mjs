// Exact arithmetic on BigInt: decimals as integers of 10^-12 (pico), and rationals {n, d} with d > 0.

/** How many pico are one. */
export const PICO = 1_000_000_000_000n;

/** The greatest decimal string, in pico (OTB-VALUE-015). */
export const GREATEST = 10n ** 42n - 1n;

const FORM = /^(-?)(0|[1-9][0-9]{0,29})(?:\.([0-9]{1,12}))?$/;

/**
 * Reads a decimal string (OTB-DOC-020).
 *
 * @param {unknown} text
 * @returns {bigint | undefined} integer of 10^-12; undefined where the text is no decimal string
 */
export function parsePico(text) {
  if (typeof text !== 'string') return undefined;
  const found = FORM.exec(text);
  if (found === null) return undefined;
  const fraction = found[3] === undefined ? 0n : BigInt(found[3].padEnd(12, '0'));
  const size = BigInt(found[2]) * PICO + fraction;
  return found[1] === '-' ? -size : size;
}

/**
 * Writes pico as the shortest decimal string: no trailing zeros, no point where there is no fraction.
 *
 * @param {bigint} pico
 * @returns {string}
 */
export function formatPico(pico) {
  const sign = pico < 0n ? '-' : '';
  const size = pico < 0n ? -pico : pico;
  const fraction = size % PICO;
  const whole = (size / PICO).toString();
  if (fraction === 0n) return sign + whole;
  return `${sign}${whole}.${fraction.toString().padStart(12, '0').replace(/0+$/, '')}`;
}

/** @param {{n: bigint, d: bigint}} a @param {{n: bigint, d: bigint}} b @returns {{n: bigint, d: bigint}} the exact sum */
export function add(a, b) {
  return a.d === b.d ? {n: a.n + b.n, d: a.d} : {n: a.n * b.d + b.n * a.d, d: a.d * b.d};
}

/** @param {{n: bigint, d: bigint}} a @param {{n: bigint, d: bigint}} b @returns {{n: bigint, d: bigint}} the exact product */
export function multiply(a, b) {
  return {n: a.n * b.n, d: a.d * b.d};
}

/**
 * Orders two rationals.
 *
 * @param {{n: bigint, d: bigint}} a
 * @param {{n: bigint, d: bigint}} b
 * @returns {number} below 0, 0 or above 0
 */
export function compare(a, b) {
  const left = a.n * b.d;
  const right = b.n * a.d;
  if (left < right) return -1;
  return left > right ? 1 : 0;
}

/**
 * Divides and rounds to the nearest integer, a tie to the even one (OTB-PRICE-013, OTB-VALUE-004).
 *
 * @param {bigint} n
 * @param {bigint} d above 0
 * @returns {bigint}
 */
export function divideHalfEven(n, d) {
  let quotient = n / d;
  let rest = n % d;
  if (rest < 0n) {
    // BigInt division truncates; the floor makes one rule serve both signs.
    quotient -= 1n;
    rest += d;
  }
  const twice = rest * 2n;
  if (twice > d || (twice === d && (quotient & 1n) === 1n)) quotient += 1n;
  return quotient;
}

/**
 * Divides and rounds up.
 *
 * @param {bigint} n
 * @param {bigint} d above 0
 * @returns {bigint} the least integer not below n/d
 */
export function divideCeiling(n, d) {
  const quotient = n / d;
  return n % d > 0n ? quotient + 1n : quotient;
}

/**
 * Writes a rational with every digit that it has, when it has finitely many.
 *
 * @param {{n: bigint, d: bigint}} value
 * @returns {string | undefined} undefined where the digits never end
 */
export function formatExact({n, d}) {
  const divisor = greatestCommonDivisor(n < 0n ? -n : n, d);
  let rest = d / divisor;
  let digits = 0n;
  let scaled = n / divisor;
  for (; rest % 10n === 0n; rest /= 10n) digits += 1n;
  for (; rest % 2n === 0n; rest /= 2n, digits += 1n) scaled *= 5n;
  for (; rest % 5n === 0n; rest /= 5n, digits += 1n) scaled *= 2n;
  if (rest !== 1n) return undefined;
  const sign = scaled < 0n ? '-' : '';
  const text = (scaled < 0n ? -scaled : scaled).toString().padStart(Number(digits) + 1, '0');
  const point = text.length - Number(digits);
  const fraction = text.slice(point).replace(/0+$/, '');
  return sign + text.slice(0, point) + (fraction === '' ? '' : `.${fraction}`);
}

function greatestCommonDivisor(a, b) {
  while (b !== 0n) [a, b] = [b, a % b];
  return a === 0n ? 1n : a;
}
