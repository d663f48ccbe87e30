"""Pools hold when requests and replies are lost, torn or late, and when the store's server stops."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import desk
from opentokenbudget import open_engine
from opentokenbudget.engine import Engine
from opentokenbudget.pools import StoreUnavailable
from opentokenbudget.routing import Decision
from pool_faults import RedisSignals, Server, spent_through
from pool_figures import Depth, Figures, at_depths
from pool_proxy import FAULTS, Proxy

pytest_plugins = ["pool_fixtures", "postgres_server", "redis_server"]

SERVED = ["redis", "postgres"]
PER_ROUND = 200


@pytest.fixture
def server(kind: str, request: pytest.FixtureRequest) -> Server:
    """The server, which can be stopped."""
    if kind == "postgres":
        found: Server = request.getfixturevalue("postgres")
        return found
    return RedisSignals(request.getfixturevalue("redis_server").process)


@pytest.fixture
def proxy(kind: str, request: pytest.FixtureRequest) -> Iterator[Proxy]:
    """A proxy before the server."""
    if kind == "postgres":
        (path,) = Path(request.getfixturevalue("postgres").conninfo().split()[0][5:]).glob(
            ".s.PGSQL.[0-9]*[0-9]"
        )
    else:
        path = request.getfixturevalue("redis_server").socket
    found = Proxy(path)
    yield found
    found.stop()


@at_depths(200, 5_000)
@pytest.mark.parametrize("kind", SERVED)
def test_faults_change_no_total(
    kind: str, depth: Depth, figures: Figures, proxy: Proxy, server: Server, new_url: Callable[[str], str]
) -> None:
    """Whoever asks again by the same id is charged exactly once, whatever was lost, torn, late or stopped."""
    for number in figures.rounds("faults"):
        before = dict(proxy.fired)
        client, found = spent_through(proxy, new_url(kind), server, f"{kind}/{number}", PER_ROUND)
        assert (found.settled, found.reserved) == (client.expected, 0)
        fired = {f"{fault}s".replace("ys", "ies"): proxy.fired[fault] - before[fault] for fault in FAULTS}
        figures.add(
            faults=sum(fired.values()) + client.stops,
            **{name.replace(" ", "_"): count for name, count in fired.items()},
            stopped_servers=client.stops,
            requests_after_their_client_had_gone=client.late,
            asked_again=client.retries,
            units_charged=found.settled,
            units_too_many=found.settled + found.reserved - client.expected,
        )
    assert figures.row["units_too_many"] == 0


@at_depths(40, 500)
@pytest.mark.parametrize("kind", SERVED)
def test_a_new_id_for_a_retry_leaves_phantoms(
    kind: str, depth: Depth, figures: Figures, proxy: Proxy, server: Server, new_url: Callable[[str], str]
) -> None:
    """The control: whoever asks again by a new id leaves units that nobody used."""
    for number in figures.rounds("faults"):
        before = sum(proxy.fired.values())
        client, found = spent_through(
            proxy, new_url(kind), server, f"naive/{kind}/{number}", min(depth.count, PER_ROUND), is_naive=True
        )
        figures.add(
            faults=sum(proxy.fired.values()) - before + client.stops,
            units_charged=found.settled,
            phantom_units=found.settled + found.reserved - client.expected,
        )
    assert figures.row["phantom_units"] > 0


POOL: dict[str, Any] = {
    "id": "all",
    "limit": {"requests": 100},
    "window": {"lifetime": True},
    "enforcement": "reserve",
    "on_store_failure": "closed",
}
THRESHOLD = {"thresholds": [{"at": "0.5", "do": "deny"}]}
USAGE = {"input": 100, "output": 10}


@at_depths(1, 20)
@pytest.mark.parametrize("kind", SERVED)
def test_a_stopped_store_is_told_at_every_call(
    kind: str, depth: Depth, figures: Figures, server: Server, new_url: Callable[[str], str], tmp_path: Path
) -> None:
    """While the server is stopped a closed pool denies and an open one allows, at every call; all goes on after."""
    for _ in figures.rounds("outages_of_every_call"):
        for opens, looks in [(False, True), (False, False), (True, False), (True, True)]:
            pool = {**POOL, **(THRESHOLD if looks else {}), "on_store_failure": "open" if opens else "closed"}
            policy, url = desk.written(tmp_path, pools=[pool]), new_url(kind)
            patient = open_engine(policy, store=url, seed="s")
            engine = open_engine(policy, store=url.replace("timeout=60", "timeout=0.3"), seed="s")
            held, unsettled = patient.decide(request(1)), patient.decide(request(2))
            assert (held.action, unsettled.action) == ("allow", "allow")
            expected = ("allow", "store-failed-open") if opens else ("deny", "store-unavailable")
            # None of what follows waits until the server goes on.
            server.freeze()
            try:
                begun = time.monotonic()
                decided = engine.decide(request(3))
                longest = time.monotonic() - begun
                assert (decided.action, decided.reasons[-1]) == expected
                if looks and not opens:
                    _ends_while_stopped(engine, held, unsettled, expected)
                    figures.add(other_calls_while_stopped=4)
            finally:
                server.thaw()
            engine.close()
            assert patient.settle(held, usage=USAGE).ending.status in ("settled", "replayed")
            assert patient.release(unsettled).ending.status in ("released", "replayed")
            again = patient.decide(request(3))
            assert again.action == "allow"
            patient.settle(again, usage=USAGE)
            (found,) = [each.balance for each in patient.accounts()]
            assert (found.settled, found.reserved) == (2 * 10**12, 0)
            patient.close()
            figures.add(decisions_while_stopped=1)
            figures.most(longest_decision_in_ms=int(longest * 1000))
        figures.add(outages_of_every_call=1)


def _ends_while_stopped(
    engine: Engine, held: Decision, unsettled: Decision, expected: tuple[str, str]
) -> None:
    for record in (engine.settle(held, usage=USAGE), engine.release(unsettled)):
        assert record.ending.status == "store-unavailable"
    with pytest.raises(StoreUnavailable):
        engine.extend(held, 60)
    following = engine.next(unsettled, error="unavailable")
    assert (following.action, following.reasons[-1]) == expected


def request(number: int) -> dict[str, Any]:
    """Return a request of its own."""
    return {"id": f"r{number}", "attributes": {"user": "u"}, "input_tokens": 100, "max_output_tokens": 10}
