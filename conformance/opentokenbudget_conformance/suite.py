"""The suite as a whole: its cases, its version, its digest, and how it fares against faulty routers."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from importlib.metadata import version
from typing import NamedTuple, final

from opentokenbudget.documents import canonical_json

from ._bundled import score_file
from .cases import Case, load_cases
from .claims import Claims


class ZooScore(NamedTuple):
    """How many faulty routers there are, and how many of them the suite catches."""

    routers: int
    caught: int


@final
class Suite(NamedTuple):
    """What judges, so that two reports can be compared at sight."""

    cases: tuple[Case, ...]
    version: str
    digest: str
    zoo: ZooScore | None


def load_suite() -> Suite:
    """Return the suite that comes with the package.

    Raises:
        ProblemError: what is wrong with its cases.
    """
    cases = load_cases()
    return Suite(cases, version("opentokenbudget"), digest_of(cases), _score())


def digest_of(cases: Iterable[Case]) -> str:
    """Return `sha256:` and the SHA-256 of the canonical JSON of the documents of `cases` by path."""
    members = (
        canonical_json(case.path) + b":" + canonical_json(case.document)
        for case in sorted(cases, key=lambda case: case.path)
    )
    return f"sha256:{hashlib.sha256(b'{' + b','.join(members) + b'}').hexdigest()}"


def chosen(
    cases: Iterable[Case],
    claims: Claims,
    *,
    profiles: Sequence[str] = (),
    ids: Sequence[str] = (),
    requirement: str | None = None,
) -> tuple[Case, ...]:
    """Return the cases to ask: those of what is claimed, or those that are named.

    Args:
        cases: of the suite.
        claims: of the driver.
        profiles, ids, requirement: where any is given, claims of profiles are no matter, and all must be met.
    """
    named = bool(ids or requirement)
    wanted = profiles or (() if named else claims.profiles)
    return tuple(
        case
        for case in cases
        if ((not wanted and named) or case.profile in wanted)
        and (named or all(feature in claims.features for feature in case.features))
        and (not ids or case.id in ids)
        and (requirement is None or requirement in case.requirements)
    )


def _score() -> ZooScore | None:
    file = score_file()
    try:
        said = json.loads(file.read_bytes())
        return ZooScore(int(said["routers"]), int(said["caught"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None
