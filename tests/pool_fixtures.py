"""What the tests that give evidence of pools are given: a crew, a place for a store, and their figures."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pool_crew import Crew
from pool_figures import Depth, Figures


@pytest.fixture(scope="session")
def crew() -> Iterator[Crew]:
    """One crew for all tests of this process."""
    found = Crew()
    yield found
    found.stop()


@pytest.fixture
def figures(request: pytest.FixtureRequest, depth: Depth) -> Figures:
    """The figures of the test, under its name and what it runs on."""
    name = request.node.originalname.removeprefix("test_").replace("_", " ")
    kind = request.node.callspec.params.get("kind")
    return Figures(name if kind is None else f"{name}: {kind}", depth)


@pytest.fixture
def new_url(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[str], str]:
    """A call that returns where a new store of a kind lies."""
    numbers = iter(range(1_000_000))

    def found(kind: str) -> str:
        if kind == "memory":
            return "memory://"
        if kind == "sqlite":
            return f"sqlite:///{tmp_path / f'{next(numbers)}.db'}?timeout=60"
        server = request.getfixturevalue("redis_server" if kind == "redis" else "postgres")
        url: str = server.url(timeout=60)
        return url

    return found
