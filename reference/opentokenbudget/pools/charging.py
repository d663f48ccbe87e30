"""What an attempt is charged to: the pools that count it, each with its balance, bound and limit.

Source: spec/50-pools.md OTB-POOL-020 ff.; throttles OTB-POOL-064.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from msgspec import Struct

from ..amounts import PICO
from .measures import Extent, bound_of
from .orders import Entry, Span
from .pool import Action, Facts, Pool, Pools, text_of


class Charge(Struct, frozen=True, gc=False):
    """One balance of a pool and what an attempt asks of it.

    A charge is what is asked before the attempt; `charged`, in records and answers of stores, what is booked after it.

    Attributes:
        key: the texts of the partition.
        part: empty for the pool itself, `others-N` for those without its guarantee N, `throttle` for a threshold's.
    """

    pool: Pool
    key: tuple[str, ...]
    part: str
    entry: Entry


class MissingKey(Exception):
    """A request lacks an attribute that a pool is partitioned by, so nobody knows whose balance it is."""

    def __init__(self, pool: Pool, attribute: str) -> None:
        super().__init__(f"`{pool.id}` needs `{attribute}`")
        self.pool = pool
        self.attribute = attribute


def matching(pools: Pools, facts: Facts) -> tuple[Pool, ...]:
    """Return the pools that count an attempt with `facts`, in the policy's order; parents count with their children.

    Where a match restricts, unknown counts as true.
    """
    if pools.counts_all:
        return pools.all
    found = {pool.position for pool in pools.all if pool.test is None or pool.test(facts) is not False}
    for position in tuple(found):
        found.update(pools.all[position].parents)
    if len(found) == len(pools.all):
        return pools.all
    return tuple(pool for pool in pools.all if pool.position in found)


def charges_of(
    pools: Sequence[Pool],
    facts: Facts,
    extent: Extent,
    at: int,
    window_us: int,
) -> tuple[Charge, ...]:
    """Return what an attempt is charged to.

    Args:
        pools: those that count it.
        at: the instant of the decision in nanoseconds, at which adjustments are in force.
        window_us: the instant in microseconds from which windows follow.

    Raises:
        MissingKey: a pool that can refuse lacks a part of its key; others are left out.
    """
    found: list[Charge] = []
    for pool in pools:
        key: tuple[str, ...] = ()
        account = pool.account
        if pool.partition:
            if (complete := key_of(pool, facts)) is None:
                continue
            key = complete
            account = account_of(account, key)
        limit = pool.limit_at(facts, key, at)
        amount = bound_of(pool.measure, extent)
        gate = pool.gate
        period = pool.period_at(window_us)
        # What no longer runs takes no slot, whoever forgot to say that it ended.
        on_expiry = "release" if pool.measure == "concurrent" else pool.on_expiry
        found.append(Charge(pool, key, "", Entry(account, amount, limit, gate, period, on_expiry)))
        if pool.guarantees and limit is not None:
            plain = Span(period.from_us, period.until_us) if isinstance(period, Span) else period
            for number, guarantee in enumerate(pool.guarantees):
                if guarantee.test(facts) is True:
                    continue
                rest = limit * (PICO - guarantee.share) // PICO
                others = account_of(f"{pool.account}!{number}", key)
                entry = Entry(others, amount, rest, gate, plain, on_expiry)
                found.append(Charge(pool, key, f"others-{number}", entry))
    return tuple(found)


def throttle_of(pool: Pool, key: tuple[str, ...], action: Action, at_us: int) -> Charge:
    """Return the charge that lets `requests` of a partition through in each whole `per` since 1970."""
    start = at_us - at_us % action.per_us
    account = account_of(f"{pool.account}~{action.requests}.{action.per_us}", key)
    period = Span(start, start + action.per_us)
    entry = Entry(account, PICO, action.requests * PICO, "reserve", period, pool.on_expiry)
    return Charge(pool, key, "throttle", entry)


def throttle_named(pools: Pools, account: str, at_us: int) -> Charge | None:
    """Return the charge whose balance is `account`, where that is a throttle of one of `pools`; else None."""
    name, mark, throttled = account.partition("/")[2].partition("/")[0].partition("~")
    pool = next((each for each in pools.all if each.id == name), None)
    if not mark or pool is None:
        return None
    requests, per_us = map(int, throttled.split("."))
    key = parts_of(account)[2]
    return throttle_of(pool, key, Action("throttle", requests=requests, per_us=per_us), at_us)


def key_of(pool: Pool, facts: Facts) -> tuple[str, ...] | None:
    """Return the texts of the partition of a request; None for a pool that never refuses and lacks a part of it.

    Raises:
        MissingKey: a pool that refuses lacks a part of it.
    """
    key = []
    for name, kind in pool.partition:
        value: Any = facts.get(name)
        if value is None:
            if pool.enforcement in ("reserve", "check"):
                raise MissingKey(pool, name)
            return None
        key.append(text_of(value, kind))
    return tuple(key)


def account_of(account: str, key: Iterable[str]) -> str:
    """Return the name of a balance: the pool's, and each part of the key after a slash."""
    for part in key:
        account += "/" + (part.replace("~", "~0").replace("/", "~1") if "/" in part or "~" in part else part)
    return account


def parts_of(account: str) -> tuple[str, str, tuple[str, ...]]:
    """Return pool, part and key of a balance's name; the inverse of `account_of`."""
    _, first, *rest = account.split("/")
    pool, part = first, ""
    if "!" in first:
        pool, _, number = first.partition("!")
        part = f"others-{number}"
    elif "~" in first:
        pool, part = first.partition("~")[0], "throttle"
    return pool, part, tuple(each.replace("~1", "/").replace("~0", "~") for each in rest)


def utilization_reached(settled: int, reserved: int, room: int | None, share: int) -> bool:
    """Return whether a balance is used to `share` (in 10⁻¹²) of `room`; no room is used up, None is never used."""
    if room is None:
        return share == 0
    if room <= 0:
        return True
    return (settled + reserved) * PICO >= share * room


def facts_of_candidate(model: str, tier: str, provider: str, deployment: str) -> Mapping[str, Any]:
    """Return the facts of a candidate that conditions of pools read; a provider that nobody names is missing."""
    facts = {"candidate.model": model, "candidate.tier": tier, "candidate.deployment": deployment}
    if provider:
        facts["candidate.provider"] = provider
    return facts
