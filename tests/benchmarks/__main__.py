"""Every benchmark, one after another: `python tests/benchmarks`. Exits 1 when a goal is missed.

Peers are measured when they are installed: `pip install -e '.[bench]'` brings them.
"""

from __future__ import annotations

import sys

import bench_cli
import bench_conformance
import bench_decide
import bench_match
import bench_price
import bench_simulate
import bench_spend
import bench_store_postgres
import bench_store_redis
import bench_store_sqlite

BENCHMARKS = (
    bench_match,
    bench_price,
    bench_decide,
    bench_spend,
    bench_cli,
    bench_simulate,
    bench_conformance,
    bench_store_sqlite,
    bench_store_redis,
    bench_store_postgres,
)

missed = []
for benchmark in BENCHMARKS:
    print(f"\n{benchmark.__name__.removeprefix('bench_')}")
    missed += [row.name for row in benchmark.main() if not row.passed]
print(f"\n{len(missed)} goals missed" + "".join(f"\n  {name}" for name in missed))
sys.exit(1 if missed else 0)
