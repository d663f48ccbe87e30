"""A pool of a policy, ready to be asked: whom it counts, how much there is, in which window, and what then.

`compile_pools` takes checked data and answers frozen values.

Source: spec/50-pools.md.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

from msgspec import Struct

from ..amounts import PICO, format_decimal, parse_decimal, parse_duration
from ..conditions import Condition, Type, attributes_of, compiled, parse
from ..pricing.lifecycle import moment
from .orders import Gate, OnExpiry
from .windows import SECOND_US, PeriodAt, period_of

Enforcement = Literal["reserve", "check", "soft", "shadow"]
ActionKind = Literal["deny", "queue", "throttle", "downgrade", "allow"]
Facts = Mapping[str, Any]
Test = Callable[[Facts], bool | None]

_GATES: Mapping[Enforcement, Gate] = {
    "reserve": "reserve",
    "check": "check",
    "soft": "open",
    "shadow": "open",
}
DEFAULT_LIFE_US = 600 * SECOND_US
CANDIDATE_FACTS = ("candidate.model", "candidate.tier", "candidate.provider", "candidate.deployment")


class Action(Struct, frozen=True):
    """What happens: `tier` is the rank to go down to, `requests` and `per_us` what a throttle lets through."""

    kind: ActionKind
    tier: int = -1
    requests: int = 0
    per_us: int = 0


class Threshold(Struct, frozen=True):
    """An action from a utilization on (a share in 10⁻¹²), for whom `test` is not false."""

    at: int
    test: Test | None
    action: Action


class Guarantee(Struct, frozen=True):
    """A share of the limit, in 10⁻¹², that only those may use for whom `test` is true."""

    test: Test
    share: int


class Adjustment(Struct, frozen=True):
    """An amount on top of the limit in `[since, until)`, for one partition or for all."""

    since: int
    until: int | None
    amount: int
    partition: tuple[str, ...] | None


class Limit(Struct, frozen=True):
    """The limit, for all or by the value of an attribute, in 10⁻¹²; None is unlimited."""

    otherwise: int | None
    by: str | None = None
    kind: Type = "string"
    of: Mapping[str, int | None] = {}

    def of_request(self, facts: Facts) -> int | None:
        """Return the limit of a request with `facts`."""
        if self.by is None or self.by not in facts:
            return self.otherwise
        return self.of.get(text_of(facts[self.by], self.kind), self.otherwise)


class Pool(Struct, frozen=True):
    """A pool, ready to be asked.

    Attributes:
        account: the beginning of the names of its balances.
        partition: the attributes of the complete key, and their types.
        parents: the positions of its parent, its parent's parent and so on.
        gate: what is asked of it before an attempt is admitted, by its enforcement.
        opens: whether it is left out when the store does not answer.
    """

    id: str
    position: int
    account: str
    measure: str
    test: Test | None
    partition: tuple[tuple[str, Type], ...]
    limit: Limit
    period_at: PeriodAt
    enforcement: Enforcement
    gate: Gate
    thresholds: tuple[Threshold, ...]
    guarantees: tuple[Guarantee, ...]
    at_limit: Action
    opens: bool
    life_us: int
    on_expiry: OnExpiry
    adjustments: tuple[Adjustment, ...]
    parents: tuple[int, ...]

    def limit_at(self, facts: Facts, key: Sequence[str], at: int) -> int | None:
        """Return the limit of a request with `facts` at the instant `at` (nanoseconds), adjustments included."""
        limit = self.limit.of_request(facts)
        if limit is None or not self.adjustments:
            return limit
        for each in self.adjustments:
            is_in_force = each.since <= at and (each.until is None or at < each.until)
            if is_in_force and each.partition in (None, tuple(key)):
                limit += each.amount
        return max(0, limit)


class Pools(Struct, frozen=True):
    """All pools of a policy.

    Attributes:
        policy, revision: of the policy, as orders name them.
        uses: the facts of a request that their conditions, partitions and limits read.
        watched: those with thresholds.
        reads_candidates: whether a condition reads a fact of a candidate.
        counts_all: whether every pool counts every request.
    """

    policy: str
    revision: str
    all: tuple[Pool, ...]
    watched: tuple[Pool, ...]
    uses: frozenset[str]
    reads_candidates: bool
    counts_all: bool


def compile_pools(data: Mapping[str, Any], types: Mapping[str, Type]) -> Pools:
    """Return the pools of the checked policy `data`.

    Args:
        types: of the facts of a request; those of candidates are added.
    """
    of_candidates: dict[str, Type] = dict.fromkeys(CANDIDATE_FACTS, "string")
    known = {**types, **of_candidates}
    reader = _Reader(data, known)
    pools = tuple(reader.pool(pool, position) for position, pool in enumerate(data.get("pools", ())))
    return Pools(
        data["id"],
        revision_of(data["version"]),
        pools,
        tuple(pool for pool in pools if pool.thresholds),
        frozenset(reader.uses.difference(CANDIDATE_FACTS)),
        not reader.uses.isdisjoint(CANDIDATE_FACTS),
        all(pool.test is None for pool in pools),
    )


def revision_of(version: str) -> str:
    """Return a text that compares as the semantic version does: by precedence, build metadata left out.

    Source: https://semver.org/#spec-item-11
    """
    core, _, pre = version.partition("+")[0].partition("-")
    numbers = ".".join(_number(part) for part in core.split("."))
    if not pre:
        return f"{numbers}~"
    return numbers + "-" + "".join(f"{_identifier(part)}!" for part in pre.split("."))


def _number(digits: str) -> str:
    return f"{len(digits):03d}{digits}"


def _identifier(part: str) -> str:
    return f"0{_number(part)}" if part.isdigit() else f"1{part}"


def text_of(value: Any, kind: Type) -> str:
    """Return the text of an attribute's value, as limits name it and partitions are keyed by it."""
    if kind == "string":
        return str(value)
    if kind == "boolean":
        return "true" if value else "false"
    if kind == "decimal":
        return format_decimal(value)
    if kind == "strings":
        return ",".join(each.replace("~", "~0").replace(",", "~2") for each in sorted(value))
    return str(value)


class _Reader:
    def __init__(self, data: Mapping[str, Any], types: Mapping[str, Type]) -> None:
        self.types = types
        self.prefix = data["id"]
        self.ranks = {tier["id"]: rank for rank, tier in enumerate(data["tiers"])}
        self.parent = {pool["id"]: pool.get("parent") for pool in data.get("pools", ())}
        self.positions = {pool["id"]: position for position, pool in enumerate(data.get("pools", ()))}
        self.uses: set[str] = set()

    def pool(self, data: Mapping[str, Any], position: int) -> Pool:
        enforcement: Enforcement = data["enforcement"]
        names = data.get("partition_by", ())
        self.uses.update(names)
        measure, limit = self.limit(data["limit"])
        refuses = enforcement in ("reserve", "check")
        at_limit = (
            self.action(data["at_limit"]) if "at_limit" in data else Action("deny" if refuses else "allow")
        )
        pointer = f"/pools/{position}"
        return Pool(
            id=data["id"],
            position=position,
            account=f"{self.prefix}/{data['id']}",
            measure=measure,
            test=self.test(data, pointer),
            partition=tuple((name, self.types[name]) for name in names),
            limit=limit,
            period_at=period_of(data),
            enforcement=enforcement,
            gate=_GATES[enforcement],
            thresholds=tuple(
                Threshold(parse_decimal(each["at"]), self.test(each, pointer), self.action(each["do"]))
                for each in data.get("thresholds", ())
            ),
            guarantees=tuple(
                Guarantee(compiled(self.condition(each["when"], pointer)), parse_decimal(each["share"]))
                for each in data.get("guarantees", ())
            ),
            at_limit=at_limit,
            opens=data.get("on_store_failure", "closed" if refuses else "open") == "open",
            life_us=parse_duration(data["expires_after"]) * SECOND_US
            if "expires_after" in data
            else DEFAULT_LIFE_US,
            on_expiry=data.get("on_expiry", "charge"),
            adjustments=tuple(map(_adjustment, data.get("adjustments", ()))),
            parents=self.parents(data["id"]),
        )

    def limit(self, data: Mapping[str, Any]) -> tuple[str, Limit]:
        if "by" not in data:
            ((measure, amount),) = data.items()
            return measure, Limit(_amount(amount))
        self.uses.add(data["by"])
        ((measure, amount),) = data["otherwise"].items()
        of = {value: _amount(next(iter(each.values()))) for value, each in data["of"].items()}
        return measure, Limit(_amount(amount), data["by"], self.types[data["by"]], of)

    def parents(self, name: str) -> tuple[int, ...]:
        found = []
        while (parent := self.parent[name]) is not None:
            found.append(self.positions[parent])
            name = parent
        return tuple(found)

    def condition(self, when: Any, pointer: str) -> Condition:
        condition = parse(when, types=self.types, pointer=pointer)
        self.uses |= attributes_of(condition)
        return condition

    def test(self, data: Mapping[str, Any], pointer: str) -> Test | None:
        return compiled(self.condition(data["when"], pointer)) if "when" in data else None

    def action(self, data: str | Mapping[str, Any]) -> Action:
        if isinstance(data, str):
            kinds: dict[str, ActionKind] = {"deny": "deny", "queue": "queue", "allow": "allow"}
            return Action(kinds[data])
        if "downgrade" in data:
            return Action("downgrade", self.ranks[data["downgrade"]])
        throttle = data["throttle"]
        return Action(
            "throttle", requests=throttle["requests"], per_us=parse_duration(throttle["per"]) * SECOND_US
        )


def _amount(amount: int | str | None) -> int | None:
    if amount is None:
        return None
    return amount * PICO if isinstance(amount, int) else parse_decimal(amount)


def _adjustment(data: Mapping[str, Any]) -> Adjustment:
    partition = data.get("partition")
    return Adjustment(
        moment(data["from"]),
        moment(data["until"]) if "until" in data else None,
        parse_decimal(data["amount"]),
        None if partition is None else tuple(partition),
    )
