"""Hypothesis without deadlines, for machines are shared; the same examples each time where CI runs.

`pytest --evidence TARGET` runs the long tests of a target, and these alone: each writes its figures to docs/evidence.
"""

import os

import pytest
from hypothesis import settings

settings.register_profile("developer", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True)
settings.register_profile("mutation", deadline=None, derandomize=True, max_examples=12)
settings.load_profile(os.environ.get("OTB_HYPOTHESIS") or ("ci" if os.environ.get("CI") else "developer"))


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--evidence",
        nargs="?",
        const="all",
        metavar="TARGET",
        help="run the evidence tests of TARGET, all of them when none is named, and no others",
    )


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "evidence(target): a long run, skipped but for `--evidence target`")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep of all tests either those that are no evidence, or those of the target that was asked for."""
    target = config.getoption("--evidence")
    wanted = [(item, _target(item)) for item in items]
    kept = [item for item, its in wanted if its == target or (target == "all" and its)]
    config.hook.pytest_deselected(items=[item for item in items if item not in kept])
    items[:] = kept


def _target(item: pytest.Item) -> str | None:
    mark = item.get_closest_marker("evidence")
    return None if mark is None else mark.args[0]
