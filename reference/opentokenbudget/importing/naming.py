"""Who may have which name: ids and aliases are one namespace, and every name stands for one model.

An id wins over every alias. A name that several models claim goes to the one that the source itself would take
for it; where the source does not say, nobody has it: a name that might mean two prices means none.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from .losses import Losses

_MODEL_ID = re.compile(r"[A-Za-z0-9@][A-Za-z0-9._:/@+-]{0,255}", re.ASCII)


class Claim(NamedTuple):
    """A model that wants to be found under `name`; `path` is where the source says so."""

    model: str
    name: str
    path: str


def is_name(text: str) -> bool:
    """Return whether `text` can be the id or an alias of a model."""
    return _MODEL_ID.fullmatch(text) is not None


def settle_names(
    ids: Iterable[str],
    claims: Sequence[Claim],
    *,
    prefers: Callable[[str, Sequence[str]], str | None],
    losses: Losses,
) -> Mapping[str, tuple[str, ...]]:
    """Return the aliases of each model, in the order of its claims.

    Args:
        ids: all ids, each once.
        claims: wanted aliases; the same claim twice counts once.
        prefers: which of several models the source takes for a name, or None.
        losses: told of every claim that is not met.
    """
    taken = set(ids)
    by_name: dict[str, dict[str, str]] = {}
    for claim in claims:
        if claim.name != claim.model:
            by_name.setdefault(claim.name, {}).setdefault(claim.model, claim.path)
    given: dict[str, list[str]] = {}
    for name, claimants in by_name.items():
        if not is_name(name):
            for path in claimants.values():
                losses.add("alias", path, "dropped", f"`{name}` cannot be the name of a model")
        elif name in taken:
            for path in claimants.values():
                losses.add("alias", path, "dropped", f"`{name}` is the id of another model")
        else:
            models = list(claimants)
            winner = models[0] if len(models) == 1 else prefers(name, models)
            if winner is not None:
                given.setdefault(winner, []).append(name)
            for model, path in claimants.items():
                if model == winner:
                    losses.add("alias", path, "exact")
                else:
                    holder = f"stands for `{winner}`" if winner else f"may mean {len(models)} models"
                    losses.add("alias", path, "dropped", f"`{name}` {holder}")
    return {model: tuple(names) for model, names in given.items()}
