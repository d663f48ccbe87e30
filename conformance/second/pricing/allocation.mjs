// The dearest way to spread units over meters within nested limits.
//
// Limits stand in a tree: each node holds the units of the classes at it and below it. Over such limits the greedy choice,
// dearest class first, each as full as the rest allows, is the best one.

/**
 * Spreads units over classes for the greatest sum of rates.
 *
 * @param {{parent: number, low: bigint, high: bigint}[]} nodes the first is the root; a parent stands before its children
 * @param {{node: number, rate: bigint, low: bigint, high: bigint}[]} classes `rate` of one unit, at least 0
 * @returns {bigint[] | undefined} units by class; undefined where no spread keeps all limits
 */
export function spread(nodes, classes) {
  const units = classes.map(({low}) => low);
  if (!isFeasible(nodes, needsOf(nodes, classes, units).needs)) return undefined;
  const byRate = classes.map((_, index) => index).sort((one, other) => compareRates(classes[other].rate, classes[one].rate) || one - other);
  for (const index of byRate) {
    const {node, high} = classes[index];
    const room = roomAt(nodes, needsOf(nodes, classes, units), node);
    const more = least(high - units[index], room);
    if (more > 0n) units[index] += more;
  }
  return units;
}

function compareRates(one, other) {
  if (one === other) return 0;
  return one < other ? -1 : 1;
}

function least(one, other) {
  return one < other ? one : other;
}

// What each node holds, and what it will hold at least when every lower limit below it is met.
function needsOf(nodes, classes, units) {
  const held = nodes.map(() => 0n);
  classes.forEach(({node}, index) => {
    held[node] += units[index];
  });
  const needs = nodes.map(() => 0n);
  for (let at = nodes.length - 1; at >= 0; at -= 1) {
    needs[at] = held[at] > nodes[at].low ? held[at] : nodes[at].low;
    if (at > 0) held[nodes[at].parent] += needs[at];
  }
  return {held, needs};
}

function isFeasible(nodes, needs) {
  return nodes.every(({high}, at) => needs[at] <= high);
}

// How many units more a class at a node may take: what is owed to a lower limit is free of charge further up.
function roomAt(nodes, {held, needs}, node) {
  const {parent, low, high} = nodes[node];
  const owed = low > held[node] ? low - held[node] : 0n;
  const own = high - needs[node];
  const above = node === 0 ? own : least(own, roomAt(nodes, {held, needs}, parent));
  return above + owed;
}
