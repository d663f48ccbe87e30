"""What pools say of an attempt: thresholds before it is chosen, room when it is, actions where there is none.

One object for one decision. It talks to the store and keeps every answer, so that the decision can be made again
from what was observed (`Replayed`).

Source: spec/50-pools.md OTB-POOL-060 ff.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from ..pools import (
    Action,
    Answer,
    Charge,
    Conflict,
    Extent,
    MissingKey,
    Order,
    Pool,
    Pools,
    Refused,
    Reserved,
    Seen,
    StalePolicy,
    StoreUnavailable,
    WrongWindow,
    charges_of,
    matching,
    throttle_of,
)
from ..routing import Attempt, Blocked, Policy, Question
from ..routing.candidates import Exclusions, choose
from ..routing.decision import AttemptKind
from ..routing.trace import Note
from .acting import NoRoom, blocked_by, is_over, reached_by, refusal, retry_at, strongest, watched_by
from .holding import Hold, Observed, PoolNote
from .repeating import conflict, facts_with, kept_form, restored
from .replaying import NEVER, Asked, Unavailable

_NS = 1000
_HIGHEST = 1 << 30


class _Choice(Struct, frozen=True, gc=False):
    """What an attempt is chosen by."""

    question: Question
    number: int
    kind: AttemptKind
    at: int
    health: Mapping[str, str]
    exclusions: Exclusions
    reasons: tuple[str, ...]
    notes: list[Note] | None


class PoolSpending:
    """The pools of a policy over one decision (`routing.Spending`).

    Args:
        answers: what stores answered to the attempts before.
        asks_first: whether the request may have been asked before, so that this is asked before all else.

    Attributes:
        top: the highest rank that thresholds leave to serve.
        lowered: the reason `threshold-downgrade` where that is below the one that was begun with.
    """

    __slots__ = (
        "_answers",
        "_asks_first",
        "_is_down",
        "_looked",
        "_notes",
        "_policy",
        "_pools",
        "_store",
        "_throttles",
        "lowered",
        "top",
    )

    def __init__(
        self,
        policy: Policy,
        pools: Pools,
        store: Asked,
        answers: tuple[Any, ...] = (),
        *,
        asks_first: bool = False,
    ) -> None:
        self.top = _HIGHEST
        self.lowered: tuple[str, ...] = ()
        self._asks_first = asks_first
        self._answers = answers
        self._notes: list[PoolNote] = []
        self._policy = policy
        self._pools = pools
        self._store = store
        self._throttles: tuple[tuple[Pool, tuple[str, ...], Action], ...] = ()
        self._is_down = False
        self._looked: set[int] = set()

    @property
    def observed(self) -> Observed:
        """What the store has answered, and what became of every balance."""
        return Observed(self._answers, tuple(self._notes))

    def held(self, question: Question, health: Mapping[str, str]) -> Attempt | None:
        """Return the first attempt of a request that was asked before, if it is still held."""
        again = self._again(question, 1, health) if self._asks_first else None
        return again if isinstance(again, Attempt) else None

    def begin(
        self,
        question: Question,
        rank: int,
        number: int,
        at: int,
        health: Mapping[str, str],
    ) -> Attempt | Blocked | None:
        """Look at the thresholds of the pools that count an attempt in the tier `rank`.

        Returns:
            the attempt that was made when this was asked before, or why none is made.
        """
        self.top, self._throttles, self.lowered, self._is_down = _HIGHEST, (), (), False
        self._looked.clear()
        if self._asks_first or number > 1:
            again = self._again(question, number, health)
            if again is not None:
                return again
        if not self._pools.watched:
            return None
        facts = {**question.facts, "candidate.tier": self._policy.tiers[rank].id}
        watched = [pool for pool in matching(self._pools, facts) if pool.thresholds]
        if not watched:
            return None
        looked = self._look(watched, facts, question.value, at)
        reached = [each for charge, seen in looked for each in reached_by(charge, seen, facts)]
        acting = [each for each in reached if each.charge.pool.enforcement != "shadow"]
        if acting and (again := self._again(question, number, health)) is not None:
            # What is held, no threshold takes away.
            return again
        self._notes += [
            PoolNote(charge, seen, f"threshold-{action.kind}") for charge, seen, action in reached
        ]
        if (blocked := blocked_by(acting)) is not None:
            return blocked
        self._throttles = tuple(
            (charge.pool, charge.key, action) for charge, _, action in acting if action.kind == "throttle"
        )
        tiers = [action.tier for _, _, action in acting if action.kind == "downgrade"]
        self.top = min(tiers, default=_HIGHEST)
        if max(self.top, question.floor) < rank:
            self.lowered = ("threshold-downgrade",)
        return None

    def take(
        self,
        question: Question,
        rank: int,
        number: int,
        kind: AttemptKind,
        at: int,
        health: Mapping[str, str],
        exclusions: Exclusions,
        reasons: tuple[str, ...],
        notes: list[Note] | None,
    ) -> Attempt | Blocked | None:
        """Return the attempt that the tier `rank` offers and the pools hold, or one of a lower tier.

        Args:
            reasons: how this tier was reached; an attempt is answered with them.
        """
        choice = _Choice(question, number, kind, at, health, exclusions, reasons, notes)
        downgraded: tuple[str, ...] = ()
        # By pool, the least that it has refused: less must be asked of it in a lower tier.
        below: dict[str, int] = {}
        refused: NoRoom | None = None
        while True:
            # A tier that was looked at before had nobody.
            is_new = refused is None or rank not in self._looked
            found = self._in_tier(choice, rank, downgraded, below) if is_new else None
            if isinstance(found, Attempt):
                return found
            said = (*self.lowered, *downgraded)
            if isinstance(found, Blocked):
                return replace(found, reasons=(*said, *found.reasons))
            if found is None and refused is None:
                return None
            refused = found or refused
            if refused is None:
                raise AssertionError("a tier without candidates comes after a refusal")
            action = strongest(refused) if found is not None else Action("deny")
            target = max(action.tier, question.floor)
            if action.kind != "downgrade" or target >= rank:
                blocked = "deny" if action.kind == "downgrade" else action.kind
                return Blocked(refusal(blocked), (*said, "no-room"), retry_at(refused))
            for charge, _ in refused.refusals:
                name, amount = charge.pool.id, charge.entry.amount
                below[name] = min(amount, below.get(name, amount))
            downgraded = ("downgraded",)
            rank = target

    def _in_tier(
        self, choice: _Choice, rank: int, downgraded: tuple[str, ...], below: Mapping[str, int]
    ) -> Attempt | Blocked | NoRoom | None:
        """Return the first candidate in the order of selection that the pools hold, or why none is held.

        Args:
            downgraded: the reason that this tier is lower than the one that was looked for.
            below: by pool, what it has refused in a higher tier: less must be asked of it here.
        """
        self._looked.add(rank)
        refused: dict[str, str] = {}
        first: NoRoom | None = None
        while True:
            exclusions = choice.exclusions
            if refused:
                exclusions = replace(exclusions, refused=MappingProxyType(dict(refused)))
            if choice.notes is not None and refused:
                # The tier is looked at again without those that were refused: what was said of it before is old.
                _forget(choice.notes, choice.number, self._policy.tiers[rank].id)
            attempt = choose(
                self._policy,
                choice.question,
                rank,
                choice.number,
                choice.kind,
                choice.at,
                choice.health,
                exclusions,
                choice.notes,
            )
            if attempt is None:
                return first
            try:
                found = self._hold(choice, attempt, downgraded, below)
            except MissingKey:
                return Blocked("deny", ("missing-partition-key",))
            if isinstance(found, str):
                refused[attempt.candidate.name] = found
            elif isinstance(found, NoRoom):
                first = first or found
                refused[attempt.candidate.name] = "no-room"
            else:
                return found

    def _hold(
        self, choice: _Choice, attempt: Attempt, downgraded: tuple[str, ...], below: Mapping[str, int]
    ) -> Attempt | Blocked | NoRoom | str:
        """Return `attempt` with what is held for it, or why nothing is; a text is the reason of the candidate alone."""
        question = choice.question
        facts = facts_with(self._policy, self._pools, question, attempt)
        pools = matching(self._pools, facts)
        reasons = (*self.lowered, *choice.reasons, *downgraded)
        action: Any = "downgrade" if self.lowered or downgraded else "allow"
        if not pools:
            return replace(attempt, action=action, reasons=reasons)
        request = question.request
        extent = Extent(
            attempt.bound, request.input_tokens, attempt.output_limit, request.max_usage, question.value
        )
        charges = self._charges(pools, facts, extent, choice.at, choice.at // _NS)
        if not charges:
            return replace(attempt, action=action, reasons=reasons)
        if below and any(
            charge.entry.amount >= below[charge.pool.id]
            for charge in charges
            if charge.pool.id in below and charge.part != "throttle"
        ):
            return "downgrade-cannot-help"
        made = replace(attempt, action=action, reasons=reasons) if reasons else attempt
        order = Order(
            f"{question.id}#{made.number}",
            request.digest,
            tuple([charge.entry for charge in charges]),
            max([charge.pool.life_us for charge in charges]),
            kept_form(made, question.value),
            self._pools.policy,
            self._pools.revision,
        )
        answer = self._reserve(order)
        if isinstance(answer, Reserved):
            return self._held(choice, made, order.id, charges, answer)
        if isinstance(answer, WrongWindow):
            charges = self._charges(pools, facts, extent, choice.at, answer.at_us)
            answer = self._reserve(replace(order, entries=tuple(charge.entry for charge in charges)))
            if isinstance(answer, Reserved):
                return self._held(choice, made, order.id, charges, answer)
            if isinstance(answer, WrongWindow):
                # It does answer: whoever opens when it does not, does not open for this.
                return Blocked("deny", ("store-unavailable",))
        if isinstance(answer, Refused):
            seen = {each.account: each for each in answer.refusals}
            refusals = tuple(
                (charge, seen[charge.entry.account]) for charge in charges if charge.entry.account in seen
            )
            self._notes += [PoolNote(charge, each, "no-room") for charge, each in refusals]
            return NoRoom(refusals, answer.at_us)
        if isinstance(answer, Conflict):
            raise conflict(question)
        if isinstance(answer, StalePolicy):
            return Blocked("deny", ("stale-policy",))
        self._notes += [PoolNote(charge, None, "store-unavailable") for charge in charges]
        if not all(charge.pool.opens or charge.pool.enforcement == "shadow" for charge in charges):
            return Blocked("deny", ("store-unavailable",))
        hold = Hold(order.id, charges, None, question.value)
        return replace(made, reasons=(*reasons, "store-failed-open"), hold=hold)

    def _held(
        self, choice: _Choice, made: Attempt, id_: str, charges: tuple[Charge, ...], answer: Reserved
    ) -> Attempt | Blocked:
        if answer.replayed:
            if choice.notes is not None:
                # It was chosen then, not now.
                choice.notes[:] = [note for note in choice.notes if note.attempt != choice.number]
            self.lowered = ()
            return self._repeat(choice.question, choice.number, choice.health, answer)
        hold = Hold(id_, charges, answer.expires_us, choice.question.value)
        reasons = made.reasons
        for charge, seen in zip(charges, answer.seen, strict=True):
            if charge.entry.gate == "open" and is_over(charge.entry, seen):
                self._notes.append(PoolNote(charge, seen, "over-limit"))
                if charge.pool.enforcement == "soft" and "over-limit" not in reasons:
                    reasons = (*reasons, "over-limit")
            else:
                self._notes.append(PoolNote(charge, seen, "held"))
        return replace(made, reasons=reasons, hold=hold)

    def _charges(
        self, pools: Sequence[Pool], facts: Mapping[str, Any], extent: Extent, at: int, window_us: int
    ) -> tuple[Charge, ...]:
        charges = charges_of(pools, facts, extent, at, window_us)
        if not self._throttles:
            return charges
        throttles = [
            throttle_of(pool, key, action, window_us)
            for pool, key, action in self._throttles
            if pool in pools
        ]
        return (*charges, *throttles)

    def _reserve(self, order: Order) -> Answer | Unavailable:
        if self._is_down:
            # It has not answered a moment ago: nobody waits for it twice.
            return Unavailable()
        answer: Answer | Unavailable
        try:
            answer = self._store.reserve(order)
        except StoreUnavailable:
            answer = self._down()
        self._answers = (*self._answers, answer)
        return answer

    def _down(self) -> Unavailable:
        self._is_down = True
        return Unavailable()

    def _look(
        self, pools: Sequence[Pool], facts: Mapping[str, Any], value: int, at: int
    ) -> list[tuple[Charge, Seen]]:
        """Return each balance with thresholds as it is; none where the store does not answer, or a key lacks."""
        window_us = at // _NS
        for _ in range(0 if self._is_down else 2):
            charges = list(watched_by(pools, facts, value, at, window_us))
            seen: tuple[Seen, ...] | WrongWindow | Unavailable
            try:
                seen = self._store.look([charge.entry for charge in charges])
            except StoreUnavailable:
                seen = self._down()
            self._answers = (*self._answers, seen)
            if isinstance(seen, tuple):
                return list(zip(charges, seen, strict=True))
            if isinstance(seen, Unavailable):
                break
            window_us = seen.at_us
        return []

    def _again(self, question: Question, number: int, health: Mapping[str, str]) -> Attempt | Blocked | None:
        """Return what was answered when this was asked before; None where it was not, or nobody knows."""
        if self._is_down:
            return None
        answer: Answer | Unavailable
        try:
            answer = self._store.reserve(
                Order(f"{question.id}#{number}", question.request.digest, (NEVER,), 0)
            )
        except StoreUnavailable:
            answer = self._down()
        if isinstance(answer, Conflict):
            raise conflict(question)
        if isinstance(answer, Reserved | Unavailable):
            self._answers = (*self._answers, answer)
        return self._repeat(question, number, health, answer) if isinstance(answer, Reserved) else None

    def _repeat(
        self, question: Question, number: int, health: Mapping[str, str], answer: Reserved
    ) -> Attempt | Blocked:
        if answer.state != "open":
            return Blocked("deny", ("already-ended",))
        again = restored(self._policy, self._pools, question, number, health, answer)
        return Blocked("deny", ("stale-policy",)) if again is None else again


def _forget(notes: list[Note], number: int, tier: str) -> None:
    notes[:] = [note for note in notes if note.attempt != number or note.tier != tier]
