// The precedence of semantic versions.

/**
 * Whether a version comes before another.
 *
 * @param {string} one
 * @param {string} other
 * @returns {boolean} false where only what stands after `+` differs
 */
export function isOlder(one, other) {
  return precedence(one, other) < 0;
}

function precedence(one, other) {
  const [left, right] = [parse(one), parse(other)];
  for (let place = 0; place < 3; place += 1) {
    if (left.numbers[place] !== right.numbers[place]) return left.numbers[place] < right.numbers[place] ? -1 : 1;
  }
  if (left.labels.length === 0 || right.labels.length === 0) return right.labels.length - left.labels.length;
  for (let place = 0; place < Math.min(left.labels.length, right.labels.length); place += 1) {
    const order = compareLabels(left.labels[place], right.labels[place]);
    if (order !== 0) return order;
  }
  return left.labels.length - right.labels.length;
}

function parse(version) {
  const [bare] = version.split('+', 1);
  const dash = bare.indexOf('-');
  const core = dash < 0 ? bare : bare.slice(0, dash);
  return {numbers: core.split('.').map(BigInt), labels: dash < 0 ? [] : bare.slice(dash + 1).split('.')};
}

const NUMBER = /^[0-9]+$/;

function compareLabels(one, other) {
  if (one === other) return 0;
  const [isNumber, otherIsNumber] = [NUMBER.test(one), NUMBER.test(other)];
  if (isNumber && otherIsNumber) return BigInt(one) < BigInt(other) ? -1 : 1;
  if (isNumber !== otherIsNumber) return isNumber ? -1 : 1;
  return one < other ? -1 : 1;
}
