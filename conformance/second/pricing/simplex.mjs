// Linear programs in exact integers, for the few price lists whose limits overlap and so form no tree.
//
// The simplex method over a table of integers with one common denominator (Edmonds): every division below is exact.

/**
 * The greatest value of a linear form.
 *
 * @param {bigint[]} gains of one unit of each variable; variables are at least 0
 * @param {{sums: bigint[], most: bigint}[]} limits the sum of `sums[i]` × variable i is at most `most`
 * @returns {bigint | undefined} rounded down; undefined where no values keep all limits. There has to be a greatest one
 */
export function greatest(gains, limits) {
  const table = tableOf(gains, limits);
  if (!makeFeasible(table)) return undefined;
  climb(table, table.rows.length - 2);
  const {most} = table.rows.at(-2);
  return most / table.denominator;
}

// Rows: the limits, the form itself, and what keeps it from being feasible. Each row stands for
// denominator × its variable = most − Σ sums × the free variables; the last column is the artificial variable.
function tableOf(gains, limits) {
  const artificial = gains.length;
  const rows = limits.map(({sums, most}, index) => ({variable: artificial + 1 + index, sums: [...sums, -1n], most}));
  rows.push({variable: -1, sums: [...gains.map((gain) => -gain), 0n], most: 0n});
  rows.push({variable: -1, sums: [...gains.map(() => 0n), 1n], most: 0n});
  return {rows, columns: [...gains.keys(), artificial], denominator: 1n, artificial};
}

function makeFeasible(table) {
  const {rows, columns, artificial} = table;
  let worst = 0;
  for (let at = 1; at < rows.length - 2; at += 1) if (rows[at].most < rows[worst].most) worst = at;
  if (rows[worst].most < 0n) {
    pivot(table, worst, columns.indexOf(artificial));
    climb(table, rows.length - 1);
    if (rows.at(-1).most < 0n) return false;
  }
  const basic = rows.findIndex(({variable}) => variable === artificial);
  if (basic >= 0) pivot(table, basic, rows[basic].sums.findIndex((sum) => sum !== 0n));
  const column = columns.indexOf(artificial);
  for (const row of rows) row.sums[column] = 0n;
  return true;
}

// Always the variable of the least number goes in and out, so that the method ends (Bland).
function climb(table, goal) {
  const {rows, columns} = table;
  for (;;) {
    let column = -1;
    rows[goal].sums.forEach((sum, at) => {
      if (sum < 0n && (column < 0 || columns[at] < columns[column])) column = at;
    });
    if (column < 0) return;
    pivot(table, leavingRow(rows, column), column);
  }
}

function leavingRow(rows, column) {
  let found = -1;
  for (let at = 0; at < rows.length - 2; at += 1) {
    if (rows[at].sums[column] <= 0n) continue;
    const left = found < 0 ? -1n : rows[at].most * rows[found].sums[column];
    const right = found < 0 ? 0n : rows[found].most * rows[at].sums[column];
    if (left < right || (left === right && rows[at].variable < rows[found].variable)) found = at;
  }
  return found;
}

function pivot(table, at, column) {
  const {rows, columns, denominator} = table;
  const chosen = rows[at];
  const centre = chosen.sums[column];
  // The common denominator stays above 0.
  const sign = centre < 0n ? -1n : 1n;
  rows.forEach((row, index) => {
    if (index === at) return;
    const share = row.sums[column];
    row.sums = row.sums.map((sum, place) => (place === column ? -share * sign : ((sum * centre - share * chosen.sums[place]) / denominator) * sign));
    row.most = ((row.most * centre - share * chosen.most) / denominator) * sign;
  });
  chosen.sums = chosen.sums.map((sum, place) => (place === column ? denominator : sum) * sign);
  chosen.most *= sign;
  table.denominator = centre * sign;
  [chosen.variable, columns[column]] = [columns[column], chosen.variable];
}
