"""What is kept with a reservation, so that a request that is asked again is answered with the same attempt.

Source: spec/50-pools.md OTB-POOL-051.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import msgspec

from ..pools import (
    Charge,
    Extent,
    MissingKey,
    Pools,
    Reserved,
    charges_of,
    facts_of_candidate,
    matching,
    throttle_named,
)
from ..problems import Problem, ProblemError
from ..routing import Attempt, Blocked, Policy, Question
from ..routing.decision import Action, AttemptKind
from .holding import Hold

_NS = 1000
# Numbers beyond 64 bits are texts.
_Number = int | str
_Rank = Annotated[int, msgspec.Meta(ge=0)]
_Kept = tuple[
    str, _Rank, AttemptKind, int, Action, tuple[str, ...], _Number, _Number, _Number | None, _Number, _Number
]
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(_Kept).decode


def conflict(question: Question) -> ProblemError:
    """Return what is said of a request under the id of another."""
    message = f"another request had the id `{question.request.id}`"
    return ProblemError(Problem("conflict", "/id", message, "OTB-DEC-012"))


def kept_form(attempt: Attempt, value: int) -> str:
    """Return what a store keeps with a reservation, so that whoever asks again is given the same attempt.

    Args:
        value: the weight of the request, by which it is reserved and settled.
    """
    numbers = (attempt.expected, attempt.bound, attempt.draw, attempt.at, value)
    named = (
        attempt.candidate.name,
        attempt.tier,
        attempt.kind,
        attempt.output_limit,
        attempt.action,
        attempt.reasons,
    )
    try:
        return _encode((*named, *numbers)).decode()
    except OverflowError:
        # Beyond 64 bits: as text.
        return _encode((*named, *[None if each is None else str(each) for each in numbers])).decode()


def restored(
    policy: Policy,
    pools: Pools,
    question: Question,
    number: int,
    health: Mapping[str, str],
    reserved: Reserved,
) -> Attempt | Blocked | None:
    """Return the attempt that `reserved` was made for, and what it holds; None: the policy has another shape now.

    What is kept and is none of ours blocks as a store does that does not answer: it does, and what it holds stays held.

    Args:
        health: as it is known now.
    """
    try:
        name, rank, kind, limit, action, reasons, expected, bound, drawn, at, value = _decode(reserved.memo)
        expected, bound, at, value = int(expected), int(bound), int(at), int(value)
        draw = None if drawn is None else int(drawn)
    except (msgspec.DecodeError, ValueError):
        return Blocked("deny", ("store-unavailable",))
    tier = policy.tiers[rank] if rank < len(policy.tiers) else None
    candidate = next((each for each in tier.candidates if each.name == name), None) if tier else None
    if candidate is None:
        return None
    attempt = Attempt(
        number,
        kind,
        candidate,
        rank,
        limit,
        expected,
        bound,
        draw,
        at,
        health,
        action,
        reasons,
    )
    charges = _charges(policy, pools, question, attempt, value, reserved)
    if charges is None:
        return None
    hold = Hold(f"{question.id}#{number}", charges, reserved.expires_us, value)
    return msgspec.structs.replace(attempt, hold=hold)


def facts_with(policy: Policy, pools: Pools, question: Question, attempt: Attempt) -> Mapping[str, Any]:
    """Return the facts that conditions of pools read: of the request and of the candidate."""
    if not pools.reads_candidates:
        return question.facts
    candidate = attempt.candidate
    tier = policy.tiers[attempt.tier].id
    own = facts_of_candidate(candidate.model.id, tier, candidate.model.provider, candidate.name)
    return {**question.facts, **own}


def _charges(
    policy: Policy, pools: Pools, question: Question, attempt: Attempt, value: int, reserved: Reserved
) -> tuple[Charge, ...] | None:
    """Return what `attempt` was charged to, in the order of then."""
    facts = facts_with(policy, pools, question, attempt)
    request = question.request
    extent = Extent(attempt.bound, request.input_tokens, attempt.output_limit, request.max_usage, value)
    at_us = attempt.at // _NS
    try:
        charges = charges_of(matching(pools, facts), facts, extent, attempt.at, at_us)
    except MissingKey:
        return None
    known = {charge.entry.account: charge for charge in charges}
    found = []
    for account in reserved.accounts:
        charge = known.get(account) or throttle_named(pools, account, at_us)
        if charge is not None:
            found.append(charge)
    return tuple(found)
