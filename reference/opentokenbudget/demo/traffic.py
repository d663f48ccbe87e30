"""Synthetic traffic of a support desk: nobody asked these questions, and the outcomes are drawn, not observed.

A request is a balance check, a dispute or a fraud case. Its outcome is drawn once for all tiers: a draw below a
tier's chance of a right answer is right there, so a larger tier is never wrong where a smaller one is right.
"""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Any, NamedTuple

from ..amounts import format_instant
from ..amounts.instants import SECOND_NS

DAY_NS = 86_400 * SECOND_NS


class Kind(NamedTuple):
    """One kind of question.

    Attributes:
        share: of the traffic, in percent.
        right: chance in percent of a right answer from the small, the medium and the large tier.
        input_tokens, output_tokens: from, to.
    """

    task: str
    share: int
    right: tuple[int, int, int]
    input_tokens: tuple[int, int]
    output_tokens: tuple[int, int]
    texts: tuple[str, ...]


KINDS = (
    Kind(
        "balance",
        70,
        (97, 98, 99),
        (350, 900),
        (60, 180),
        (
            "What is my balance?",
            "How much is left on my account after rent?",
            "Can you tell me my current balance in euros?",
            "Is my salary in yet, and what is the balance now?",
        ),
    ),
    Kind(
        "dispute",
        20,
        (78, 93, 96),
        (900, 3200),
        (200, 600),
        (
            "I was charged twice for the same dinner and want to dispute it.",
            "The refund from the airline never came.",
            "A shop sent the wrong item and refuses a refund.",
            "My subscription was cancelled and they still took the money.",
        ),
    ),
    Kind(
        "fraud",
        10,
        (55, 80, 95),
        (1200, 4500),
        (300, 900),
        (
            "There is a payment that I did not make: my card was stolen.",
            "Somebody logged in from another country, this is fraud.",
            "I think that I have been scammed by a caller from the bank.",
            "An unauthorised transfer of 900 went out at night.",
        ),
    ),
)
PLANS = (("free", 60), ("pro", 30), ("business", 10))
TIERS = ("small", "medium", "large")


def traffic(count: int, *, seed: str, begin: int) -> Iterator[dict[str, Any]]:
    """Yield `count` requests of one day from the instant `begin` on, in time order, as rows for a simulation.

    The same seed gives the same rows, on every machine.
    """
    random = Random(seed)
    step = DAY_NS // count
    for number in range(count):
        kind = _pick(random, tuple((kind, kind.share) for kind in KINDS))
        luck = random.randrange(100)
        row = {
            "id": f"desk-{number:06d}",
            "at": format_instant(begin + number * step + random.randrange(step)),
            "user": f"u{random.randrange(2000):04d}",
            "plan": _pick(random, PLANS),
            "text": random.choice(kind.texts),
            "input_tokens": random.randint(*kind.input_tokens),
            "output_tokens": random.randint(*kind.output_tokens),
        }
        for tier, chance in zip(TIERS, kind.right, strict=True):
            row[f"score.{tier}"] = "1" if luck < chance else "0"
        yield row


def _pick(random: Random, weighted: tuple[tuple[Any, int], ...]) -> Any:
    target = random.randrange(sum(weight for _, weight in weighted))
    for value, weight in weighted:
        target -= weight
        if target < 0:
            return value
    raise AssertionError("weights are positive")
