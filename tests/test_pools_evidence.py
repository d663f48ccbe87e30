"""Pools hold: races, kills and faults on every store, each beside a ledger that must fail.

`pytest --evidence=pools` asks more, and writes its figures to docs/evidence/pools.json and the page beside it.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Callable
from random import Random
from typing import TYPE_CHECKING, Any

import pytest

from opentokenbudget.pools.stores import open_store
from pool_crew import Crew, Worker
from pool_figures import Depth, Figures, at_depths
from pool_jobs import LIMIT, SHAPES, race
from pool_kills import Told, assert_exact, go_on, lost, told_of, wait_for_the_end
from store_orders import audit, balance_of

if TYPE_CHECKING:
    from opentokenbudget.pools.stores.store import Store
    from postgres_server import PostgresServer
    from redis_server import RedisServer

pytest_plugins = ["pool_fixtures", "postgres_server", "redis_server"]

KINDS = ["memory", "sqlite", "redis", "postgres"]
EMBEDDED = KINDS[:2]
LASTING = KINDS[1:]
SERVED = KINDS[2:]
PER_ROUND = 1_000


def raced(kind: str, url: str, crew: Crew, at_once: int, store: Store, **asked: Any) -> tuple[list[Any], int]:
    """Return what each of those who raced says, and the most that was seen in use while they did."""
    account = asked["account"]
    if kind == "memory":
        said: list[str] = []
        threads = [
            threading.Thread(target=race, args=(store, said.append), kwargs={"name": str(number), **asked})
            for number in range(at_once)
        ]
        interval = sys.getswitchinterval()
        sys.setswitchinterval(1e-5)
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        sys.setswitchinterval(interval)
        assert len(said) == at_once
        return [json.loads(line) for line in said], 0
    workers = [crew.start("race", url, name=str(number), **asked) for number in range(at_once)]
    for worker in workers:
        worker.go()
    most = 0
    said = []
    for worker in workers:
        said += worker.end()
        # While the others go on: what somebody sees who only looks.
        for each in store.accounts(account):
            most = max(most, each.balance.settled + each.balance.reserved)
    assert len(said) == at_once, said
    assert not any(line.startswith("failed") for line in said), said
    return [json.loads(line) for line in said], most


@at_depths(5_000, 100_000)
@pytest.mark.parametrize("kind", KINDS)
def test_a_race_is_never_over(
    kind: str, depth: Depth, figures: Figures, crew: Crew, new_url: Callable[[str], str]
) -> None:
    """However many spend at once, what is settled and reserved is never above the limit; nor is it left unused."""
    for number in figures.rounds("operations"):
        url = new_url(kind)
        store = open_store(url, time.time_ns)
        wanted = {"mixed": min(PER_ROUND, figures.left("operations")), **dict.fromkeys(SHAPES, 1 << 30)}
        for shape, calls in wanted.items():
            asked = {
                "account": shape,
                "shape": shape,
                "calls": calls // depth.at_once + 1,
                "seed": str(number),
            }
            said, most = raced(kind, url, crew, depth.at_once, store, **asked)
            found = balance_of(store, shape)
            assert found.settled == sum(each["charged"] for each in said)
            assert found.reserved == sum(each["left"] for each in said)
            assert found.overrun == 0
            highest = max(most, found.settled + found.reserved, *(each["highest"] for each in said))
            assert highest <= LIMIT
            if shape in SHAPES:
                assert found.reserved == 0
                assert found.settled * 100 >= LIMIT * 99, shape
                figures.add(races_filled=1)
            figures.add(operations=sum(each["calls"] for each in said))
            figures.most(at_once=depth.at_once, highest_use_in_ppm=highest * 10**6 // LIMIT)
        audit(store)
        store.close()


@at_depths(3_000, 20_000)
@pytest.mark.parametrize("kind", EMBEDDED)
def test_first_looking_and_then_adding_is_over(
    kind: str, depth: Depth, figures: Figures, crew: Crew, new_url: Callable[[str], str]
) -> None:
    """The control: a ledger that checks, and then adds, exceeds the limit in the same race on the same store."""
    for number in figures.rounds("operations"):
        url = new_url(kind)
        store = open_store(url, time.time_ns)
        for shape, calls in {"mixed": 1000, "a twentieth each": 1 << 30, "all at once": 1 << 30}.items():
            asked = {
                "account": shape,
                "shape": shape,
                "calls": calls // depth.at_once + 1,
                "seed": str(number),
            }
            said, _ = raced(kind, url, crew, depth.at_once, store, **asked, naive=True)
            figures.add(
                operations=sum(each["calls"] for each in said),
                races=1,
                races_over=max(each["highest"] for each in said) > LIMIT,
            )
        store.close()
    assert figures.row["races_over"] > 0
    assert figures.row["races_over"] * 10 >= figures.row["races"]


def killed_at_random(crew: Crew, url: str, cycle: int, count: int) -> tuple[list[Told], int]:
    """Return what spenders were told until each was killed, and how many were in the midst of an operation."""
    draw = Random(f"kills/{cycle}")
    names = [f"{cycle}.{place}" for place in range(count)]
    workers: list[Worker] = [crew.start("spend", url, name=name) for name in names]
    for worker in workers:
        worker.go()
    for worker in workers:
        assert worker.hear(draw.randrange(4, 60)), worker.lines
        worker.kill()
    told = [told_of(name, worker.end()) for name, worker in zip(names, workers, strict=True)]
    return told, sum(each.open is not None for each in told)


@at_depths(20, 500)
@pytest.mark.parametrize("kind", LASTING)
def test_killed_clients_lose_nothing_and_charge_nothing_twice(
    kind: str, depth: Depth, figures: Figures, crew: Crew, new_url: Callable[[str], str]
) -> None:
    """Spenders are killed in flight: what was acknowledged stands, their ids go on, and what they held expires."""
    for cycle in figures.rounds("kills"):
        url = new_url(kind)
        store = open_store(url, time.time_ns)
        told: list[Told] = []
        under_way = 0
        while len(told) < min(20, depth.count):
            more, in_flight = killed_at_random(crew, url, cycle * 100 + len(told), 4)
            told += more
            under_way += in_flight
        missing = lost(store, told)
        audit(store)
        done = go_on(store, told)
        dangling = wait_for_the_end(store)
        figures.add(
            kills=len(told),
            kills_in_flight=under_way,
            acknowledged=sum(len(each.held) + len(each.ended) for each in told),
            lost=missing,
            in_flight_and_done=done,
            dangling_and_expired=dangling,
            orders_charged_exactly=assert_exact(store),
        )
        store.close()
    assert figures.row["lost"] == 0
    assert figures.row["kills_in_flight"] * 2 >= figures.row["kills"]
    assert figures.row["dangling_and_expired"] > 0


def crashed(server: RedisServer | PostgresServer, crew: Crew, url: str, cycle: int) -> list[Told]:
    """Return what spenders were told until their server was killed; it runs again."""
    names = [f"{cycle}.{place}" for place in range(4)]
    workers = [crew.start("spend", url, name=name) for name in names]
    for worker in workers:
        worker.go()
    for worker in workers:
        assert worker.hear(20 + cycle % 37), worker.lines
    server.kill()
    told = [told_of(name, worker.end()) for name, worker in zip(names, workers, strict=True)]
    server.start()
    return told


@at_depths(3, 100)
@pytest.mark.parametrize("kind", SERVED)
def test_killed_servers_lose_nothing(
    kind: str, depth: Depth, figures: Figures, crew: Crew, request: pytest.FixtureRequest
) -> None:
    """A server is killed while four spend: what it has acknowledged stands when it runs again, and nothing twice."""
    server = (
        request.getfixturevalue("new_redis_server")()
        if kind == "redis"
        else request.getfixturevalue("postgres")
    )
    for cycle in figures.rounds("kills"):
        url = server.url(timeout=60)
        store = open_store(url, time.time_ns)
        assert store.unfit_for_reserve() is None
        told = crashed(server, crew, url, cycle)
        store.close()
        store = open_store(url, time.time_ns)
        missing = lost(store, told)
        audit(store)
        done = go_on(store, told)
        figures.add(
            kills=1,
            acknowledged=sum(len(each.held) + len(each.ended) for each in told),
            lost=missing,
            in_flight=sum(each.open is not None for each in told),
            in_flight_and_done=done,
            dangling_and_expired=wait_for_the_end(store),
            orders_charged_exactly=assert_exact(store),
        )
        store.close()
    assert figures.row["lost"] == 0


@at_depths(1, 10)
def test_a_server_with_snapshots_alone_loses(
    depth: Depth, figures: Figures, crew: Crew, new_redis_server: Callable[..., RedisServer]
) -> None:
    """The control: Redis with snapshots alone has forgotten what it acknowledged, and the store says so beforehand."""
    server = new_redis_server(appendonly="no", save="3600 1")
    for cycle in figures.rounds("kills"):
        url = server.url(timeout=60)
        store = open_store(url, time.time_ns)
        assert store.unfit_for_reserve() is not None
        told = crashed(server, crew, url, cycle)
        store.close()
        store = open_store(url, time.time_ns)
        acknowledged = sum(len(each.held) + len(each.ended) for each in told)
        figures.add(kills=1, acknowledged=acknowledged, lost=lost(store, told))
        store.close()
    assert figures.row["lost"] == figures.row["acknowledged"] > 0
