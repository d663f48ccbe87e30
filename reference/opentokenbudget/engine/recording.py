"""What was decided and used, as records of the usage log (schemas/v1/usage-record.schema.json).

No prompt text, ever. Attributes declared private are left out and named in `redacted`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from ..amounts import format_decimal, format_instant
from ..pricing import Cost
from ..problems import Problem, ProblemError
from ..routing import SERVES, Attempt, Decision, classified_form, cost_form
from .holding import Ending

_NOTHING: Mapping[str, str] = {}


def decision_record(decision: Decision, *, simulated: bool = False) -> dict[str, Any]:
    """Return the record of `decision`, which denials have too; the same decision has the same record id."""
    question, policy, request = decision.question, decision.policy, decision.request
    number = len(decision.attempts) if decision.action in SERVES else len(decision.attempts) + 1
    stage = "end" if decision.final and decision.action in SERVES else "decision"
    record: dict[str, Any] = {
        "otb": "1.0",
        "record": "decision",
        "id": f"{question.id}#{number}/{stage}",
        "at": format_instant(decision.at),
        "decision": question.id,
        "request": request.id,
    }
    if simulated:
        record["simulated"] = True
    if request.subject is not None and not (policy.subject and _private(decision, policy.subject)):
        record["subject"] = request.subject
    _facts(record, decision)
    record["input_tokens"] = request.input_tokens
    record["max_output_tokens"] = request.output_limit
    record["expected_output_tokens"] = request.expected_output_tokens
    if request.max_usage:
        record["max_usage"] = dict(request.max_usage)
    if request.context:
        record["context"] = dict(request.context)
    if request.needs:
        record["needs"] = list(request.needs)
    if question.classified and not _private(decision, *question.classified):
        record["classified"] = classified_form(question.classified)
    record["value"] = format_decimal(question.value)
    if question.value_rules:
        record["value_rules_matched"] = list(question.value_rules)
    if decision.rule is not None:
        record["rule"] = decision.rule
    attempt = decision.attempt
    if attempt is not None:
        record["tier"] = policy.tiers[attempt.tier].id
        record["candidate"] = attempt.candidate.name
        if attempt.draw is not None:
            record["draw"] = str(attempt.draw)
        record["cost"] = cost_form(attempt, policy.catalog.currency)
    record["action"] = decision.action
    record["reasons"] = list(decision.reasons)
    if decision.retry_at is not None:
        record["retry_after"] = format_instant(decision.retry_at)
    if decision.observed is not None:
        record["pools"] = decision.observed.as_json()
    if decision.health:
        record["observations"] = {"health": dict(decision.health)}
    record["policy"] = policy.stamp.as_json()
    record["catalog"] = policy.catalog_stamp.as_json()
    if policy.value_stamp is not None:
        record["value_rules"] = policy.value_stamp.as_json()
    return record


def priced_attempt(
    decision: Decision,
    attempt: Attempt,
    usage: Mapping[str, Any],
    *,
    served: str | None = None,
    context: Mapping[str, str] | None = None,
) -> Cost:
    """Return what an attempt of `decision` cost: by the served model and context, at its dispatch instant.

    Raises:
        PriceProblem: see `Catalog.price`.
    """
    # Not the context of the decision: a denial after a failed attempt has none, and the attempt had one.
    return decision.policy.catalog.price(
        served or attempt.candidate.model.id, usage, attempt.at, _served_context(decision, attempt, context)
    )


class AttemptRecord(Struct, frozen=True):
    """What became of an attempt; written by `as_json` when somebody reads it.

    What `as_json` returns is the `AttemptRecord` of documents/models/usage_record.py.

    Attributes:
        decision: the one whose attempt it is.
        usage: quantity by meter; None when nobody knows.
        cost: what the usage costs; None without usage or price, which is unknown, never 0.
        usage_source: `provider`, `estimated`, `unknown`.
        served: the model that the provider says it served.
        context: as told of what was served; keys left out are the deployment's and the request's.
        ended_at: in nanoseconds since 1970.
        ending: what became of what pools held; None where they held nothing.
    """

    decision: Decision
    usage: Mapping[str, Any] | None
    cost: Cost | None
    usage_source: str
    served: str | None = None
    context: Mapping[str, str] | None = None
    error: str | None = None
    score: str | None = None
    ended_at: int | None = None
    simulated: bool = False
    aborted: bool = False
    ending: Ending | None = None

    def as_json(self) -> dict[str, Any]:
        """Return the wire form."""
        decision, cost = self.decision, self.cost
        attempt, policy = attempt_of(decision), decision.policy
        form: dict[str, Any] = {
            "otb": "1.0",
            "record": "attempt",
            "id": f"{decision.id}#{attempt.number}",
            "at": format_instant(attempt.at),
            "decision": decision.id,
            "request": decision.request.id,
            "number": attempt.number,
            "kind": attempt.kind,
            "tier": policy.tiers[attempt.tier].id,
        }
        if self.simulated:
            form["simulated"] = True
        if self.ended_at is not None:
            form["until"] = format_instant(self.ended_at)
        models = {"routed": attempt.candidate.name}
        if self.served is not None:
            models["served"] = self.served
        if cost is not None:
            models["priced"] = cost.model
        form["models"] = models
        context = _served_context(decision, attempt, self.context)
        if context:
            form["context"] = dict(context)
        form["usage_source"] = self.usage_source
        if self.usage is not None:
            form["usage"] = dict(self.usage)
        if self.usage is not None and cost is not None:
            priced = cost.as_json()
            form["lines"] = priced["lines"]
            form["total"] = priced["total"]
            form["currency"] = priced["currency"]
            form["exactness"] = "estimated" if self.usage_source == "estimated" else "computed"
            form["catalog"] = policy.catalog_stamp.as_json()
        else:
            form["exactness"] = "unknown"
        if self.ending is not None:
            form["reservation"] = self.ending.as_json()
        form["value"] = format_decimal(decision.question.value)
        if self.score is not None:
            form["score"] = self.score
        if self.error is not None:
            form["outcome"] = {"status": "error", "error": self.error}
        else:
            form["outcome"] = {"status": "aborted" if self.aborted else "ok"}
        return form


def attempt_of(decision: Decision) -> Attempt:
    """Return the attempt that `decision` names, else the last that was made.

    Raises:
        ProblemError: `nothing-to-settle` where none was.
    """
    if decision.made is None:
        message = "a denied request made no attempt"
        raise ProblemError(Problem("nothing-to-settle", "", message, "OTB-USAGE-007"))
    return decision.made


def _served_context(
    decision: Decision, attempt: Attempt, context: Mapping[str, str] | None
) -> Mapping[str, str]:
    """Return the context that the attempt was served in: as told, else its deployment's and the request's."""
    own, asked = attempt.candidate.context, decision.request.context
    return {**own, **asked, **(context or {})} if own or asked or context else _NOTHING


def _facts(record: dict[str, Any], decision: Decision) -> None:
    attributes, declared = decision.request.attributes, decision.policy.attributes
    facts: dict[str, Any] = {}
    for name, value in attributes.items():
        if declared[name].private:
            continue
        kind = declared[name].type
        if kind == "decimal":
            facts[name] = format_decimal(value)
        else:
            facts[name] = sorted(value) if kind == "strings" else value
    if facts:
        record["facts"] = facts
    redacted = sorted(name for name in attributes if declared[name].private)
    if redacted:
        record["redacted"] = redacted


def _private(decision: Decision, *names: str) -> bool:
    return any(decision.policy.attributes[name].private for name in names)
