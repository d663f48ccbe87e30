"""What a simulation found: exact sums, kept in constant memory."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from ..amounts import divide_half_even, format_decimal, format_instant
from ..amounts.instants import SECOND_NS
from .moments import FIRST_NS

MAX_POINTS = 512
_FIRST_WIDTH_NS = 60 * SECOND_NS


@dataclass(slots=True)
class Share:
    """Requests of one kind: how many, and what they cost, in units of 10⁻¹²."""

    requests: int = 0
    spent: int = 0


@dataclass(slots=True)
class Quality:
    """A sum of scores: of the policy's answers and of the baseline's, over the rows that have both."""

    rows: int = 0
    policy: int = 0
    baseline: int = 0
    policy_rows: int = 0
    policy_alone: int = 0


class Curve:
    """Spending over time in at most `MAX_POINTS` buckets; their width doubles when the time grows long."""

    def __init__(self) -> None:
        self.width = _FIRST_WIDTH_NS
        self._points: dict[int, list[int]] = {}

    def add(self, at: int, spent: int, baseline: int) -> None:
        point = self._points.setdefault(at // self.width, [0, 0, 0])
        point[0] += 1
        point[1] += spent
        point[2] += baseline
        while len(self._points) > MAX_POINTS:
            self.width *= 2
            merged: dict[int, list[int]] = {}
            for bucket, (requests, cost, against) in self._points.items():
                wide = merged.setdefault(bucket // 2, [0, 0, 0])
                wide[0] += requests
                wide[1] += cost
                wide[2] += against
            self._points = merged

    def as_json(self) -> list[dict[str, Any]]:
        return [
            {
                # A wide bucket may begin before the calendar does.
                "from": format_instant(max(bucket * self.width, FIRST_NS)),
                "requests": requests,
                "spent": format_decimal(spent),
                "baseline": format_decimal(baseline),
            }
            for bucket, (requests, spent, baseline) in sorted(self._points.items())
        ]


@dataclass(slots=True)
class Summary:
    """Sums over all rows; money in units of 10⁻¹² of the currency.

    Attributes:
        spent: by the policy, over all priced attempts.
        compared, compared_spent, baseline: rows served and priced on both sides, and what they cost on each;
            the saving is over these alone.
        unpriced: served rows whose cost nobody knows; they are in no sum.
    """

    currency: str
    tiers: tuple[str, ...]
    requests: int = 0
    denied: int = 0
    unpriced: int = 0
    spent: int = 0
    attempts: int = 0
    compared: int = 0
    compared_spent: int = 0
    baseline: int = 0
    baseline_unknown: int = 0
    first: int | None = None
    last: int | None = None
    by_tier: dict[str, Share] = field(default_factory=dict)
    by_model: dict[str, Share] = field(default_factory=dict)
    by_rule: dict[str, Share] = field(default_factory=dict)
    actions: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    unpriceable: Counter[str] = field(default_factory=Counter)
    quality: Quality = field(default_factory=Quality)
    curve: Curve = field(default_factory=Curve)

    def add(
        self,
        *,
        at: int,
        rule: str,
        tier: str | None,
        model: str | None,
        spent: int | None,
        attempts: int,
        quality: int | None,
        baseline: int | None,
        baseline_quality: int | None,
        action: str,
        reason: str,
    ) -> None:
        """Add one row; `tier` and `model` are None in a denial, `spent` None where the cost is unknown."""
        self.requests += 1
        self.attempts += attempts
        self.actions[action] += 1
        if self.first is None:
            self.first = at
        self.last = at
        served = self.by_rule.get(rule)
        if served is None:
            served = self.by_rule[rule] = Share()
        served.requests += 1
        if tier is None or model is None:
            self.denied += 1
            self.reasons[reason] += 1
            return
        of_tier = self.by_tier.get(tier)
        if of_tier is None:
            of_tier = self.by_tier[tier] = Share()
        of_tier.requests += 1
        of_model = self.by_model.get(model)
        if of_model is None:
            of_model = self.by_model[model] = Share()
        of_model.requests += 1
        if quality is not None:
            measured = self.quality
            measured.policy_rows += 1
            measured.policy_alone += quality
            if baseline_quality is not None:
                measured.rows += 1
                measured.policy += quality
                measured.baseline += baseline_quality
        if spent is None:
            self.unpriced += 1
            return
        self.spent += spent
        served.spent += spent
        of_tier.spent += spent
        of_model.spent += spent
        if baseline is None:
            self.baseline_unknown += 1
            self.curve.add(at, spent, 0)
            return
        self.compared += 1
        self.compared_spent += spent
        self.baseline += baseline
        self.curve.add(at, spent, baseline)

    @property
    def saving(self) -> int:
        """What the baseline would have cost more, over the rows that both sides priced."""
        return self.baseline - self.compared_spent

    def as_json(self) -> dict[str, Any]:
        """Return everything, ready to plot: decimals as strings, shares from 0 to 1."""
        quality = self.quality
        return {
            "currency": self.currency,
            "from": None if self.first is None else format_instant(self.first),
            "until": None if self.last is None else format_instant(self.last),
            "requests": self.requests,
            "denied": self.denied,
            "actions": dict(sorted(self.actions.items())),
            "denied_because": dict(sorted(self.reasons.items())),
            "attempts": self.attempts,
            "unpriced": self.unpriced,
            "unpriced_share": share(self.unpriced, self.requests - self.denied),
            "unpriced_because": dict(sorted(self.unpriceable.items())),
            "spent": format_decimal(self.spent),
            "baseline": {
                "compared": self.compared,
                "unknown": self.baseline_unknown,
                "spent": format_decimal(self.compared_spent),
                "cost": format_decimal(self.baseline),
                "saving": format_decimal(self.saving),
                "saving_share": share(self.saving, self.baseline),
            },
            "quality": {
                "measured": quality.rows,
                "policy": _mean(quality.policy, quality.rows),
                "baseline": _mean(quality.baseline, quality.rows),
                "policy_measured": quality.policy_rows,
                "policy_alone": _mean(quality.policy_alone, quality.policy_rows),
            },
            "tiers": [_share(name, self.by_tier[name], self) for name in self.tiers if name in self.by_tier],
            "models": [_share(name, served, self) for name, served in _dearest(self.by_model)],
            "rules": [_share(name, served, self) for name, served in _dearest(self.by_rule)[:10]],
            "curve": self.curve.as_json(),
        }


def share(part: int, whole: int) -> str | None:
    """Return `part / whole` as a decimal string of 6 digits, None of nothing."""
    return None if whole == 0 else format_decimal(divide_half_even(part * 10**6, whole) * 10**6)


def _mean(total: int, rows: int) -> str | None:
    return None if rows == 0 else format_decimal(divide_half_even(total, rows * 10**6) * 10**6)


def _dearest(shares: dict[str, Share]) -> list[tuple[str, Share]]:
    return sorted(shares.items(), key=lambda item: (-item[1].spent, -item[1].requests, item[0]))


def _share(name: str, served: Share, summary: Summary) -> dict[str, Any]:
    return {
        "id": name,
        "requests": served.requests,
        "requests_share": share(served.requests, summary.requests),
        "spent": format_decimal(served.spent),
        "spent_share": share(served.spent, summary.spent),
    }
