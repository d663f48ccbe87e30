"""Pools hold when requests and replies are lost, torn or late, and when the store's server stops."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

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
