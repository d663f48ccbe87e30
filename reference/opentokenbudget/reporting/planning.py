"""Dynamic allocation: the next period's limits of a pool, from what its partitions made of this one.

A partition that made more value of its money than the others is proposed more, one that made less is proposed less,
by at most a step; together they get the budget, to the last 10⁻¹² of it, or the last whole one of what is counted one
by one. Nothing is changed: it is a proposal.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from ..amounts import PICO, parse_decimal

Key = tuple[str, ...]
WHOLE = frozenset(("concurrent", "requests", "tokens"))
"""Measures that are counted one by one: nobody is proposed a part of a request."""


@dataclass(slots=True)
class Share:
    """What one partition of a pool did; amounts in 10⁻¹² of the pool's measure, values in 10⁻¹².

    Attributes:
        spent: settled.
        refused: the bounds of requests that found no room, each request once.
        value: realised: an outcome that was reported later, else the weight of the request times the score of the
            answer, where there is one; nothing for an attempt that failed.
        attempts: how many were settled.
        measure: what the pool counts.
    """

    spent: int = 0
    refused: int = 0
    value: int = 0
    attempts: int = 0
    measure: str = "cost"


class Proposal(NamedTuple):
    """The limit that is proposed for a partition, and what it rests on; in 10⁻¹² of the pool's measure."""

    key: Key
    share: Share
    limit: int


class Plan(NamedTuple):
    """Proposals that together are the budget, the most valuable per amount first.

    Attributes:
        measure: what all amounts are of, for a table's head.
    """

    budget: int
    step: int
    proposals: tuple[Proposal, ...]
    measure: str


def read_outcomes(records: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    """Return by the id of an attempt the value that was reported later for it, the last one, in 10⁻¹².

    Raises:
        KeyError, TypeError, ValueError: a record is none; the caller checks them first.
    """
    return {
        record["refers_to"]: parse_decimal(record["outcome"]["value"])
        for record in records
        if record["record"] == "adjustment" and "value" in record.get("outcome", {})
    }


def read_shares(
    records: Iterable[Mapping[str, Any]], pool: str, outcomes: Mapping[str, int]
) -> dict[Key, Share]:
    """Return what each partition of `pool` did, over the records of a usage log in any order.

    What is kept grows with the partitions and the refusals, not with the attempts.

    Args:
        outcomes: by `read_outcomes`, of the same records: they come after the attempts that they value.

    Raises:
        KeyError, TypeError, ValueError: a record is none; the caller checks them first.
    """
    shares: dict[Key, Share] = {}
    refused: dict[tuple[str, Key], int] = {}
    for record in records:
        kind = record["record"]
        if kind == "attempt":
            for entry in record.get("reservation", {}).get("entries", ()):
                if entry["pool"] == pool and "part" not in entry and "settled" in entry:
                    key = tuple(entry.get("partition", ()))
                    share = shares.setdefault(key, Share(measure=entry["measure"]))
                    share.spent += parse_decimal(entry["settled"])
                    share.attempts += 1
                    share.value += outcomes[record["id"]] if record["id"] in outcomes else _value(record)
        elif kind == "decision" and record["action"] == "deny":
            for entry in record.get("pools", ()):
                if entry["pool"] == pool and "part" not in entry and entry["reason"] == "no-room":
                    key = tuple(entry.get("partition", ()))
                    shares.setdefault(key, Share(measure=entry["measure"]))
                    bound = parse_decimal(entry["bound"])
                    refused[record["decision"], key] = min(
                        bound, refused.get((record["decision"], key), bound)
                    )
    for (_, key), bound in refused.items():
        shares[key].refused += bound
    return shares


def plan_limits(shares: Mapping[Key, Share], budget: int, step: int) -> Plan:
    """Return how `budget` could be divided among partitions.

    Each is weighed by what it asked for (spent and refused) times its value per amount beside the mean of all, which
    counts from 1 − step to 1 + step; one that spent nothing is weighed by what it asked for alone.
    Every proposal is rounded down, to whole ones of a measure in `WHOLE`; what that leaves goes to the first, one each.

    Args:
        budget: in 10⁻¹² of the pool's measure; a broken rest of a measure in `WHOLE` is left over.
        step: how much value may move a limit, in 10⁻¹² (a quarter: 250,000,000,000).
    """
    spent = sum(share.spent for share in shares.values())
    value = sum(share.value for share in shares.values())
    weights = {key: _weight(share, spent, value, step) for key, share in shares.items()}
    total = sum(weights.values())
    measure = next((share.measure for share in shares.values()), "cost")
    unit = PICO if measure in WHOLE else 1
    ordered = sorted(shares, key=lambda key: (-_per_amount(shares[key]), key))
    units = {key: budget // unit * weights[key] // total if total else 0 for key in ordered}
    asking = [key for key in ordered if weights[key]]
    for key in asking[: budget // unit - sum(units.values())]:
        units[key] += 1
    proposals = tuple(Proposal(key, shares[key], units[key] * unit) for key in ordered)
    return Plan(budget, step, proposals, measure)


def _weight(share: Share, spent: int, value: int, step: int) -> int:
    asked = share.spent + share.refused
    if not share.spent or not value:
        return asked * PICO
    beside_mean = share.value * spent * PICO // (share.spent * value)
    return asked * min(max(beside_mean, PICO - step), PICO + step)


def _per_amount(share: Share) -> int:
    return share.value * PICO // share.spent if share.spent else 0


def _value(record: Mapping[str, Any]) -> int:
    if record["outcome"]["status"] != "ok":
        return 0
    weight = parse_decimal(record.get("value", "1"))
    return weight * max(0, parse_decimal(record["score"])) // PICO if "score" in record else weight
