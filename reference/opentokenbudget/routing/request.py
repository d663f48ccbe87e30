"""One routing question, checked against the policy that will answer it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from hashlib import sha256
from typing import Any

import msgspec
from msgspec import Struct

from ..amounts import InvalidDecimal, parse_decimal, parse_instant
from ..documents import schema_problems
from ..pricing.reckoning import read_quantities
from ..problems import Problem, ProblemError, did_you_mean
from .policy import Policy

MAX_SUBJECT = 256
NOTHING: Mapping[str, Any] = {}


class Request(Struct, frozen=True):
    """One routing question, its attributes in normal form.

    Attributes:
        id: the caller's.
        subject: who asks; None when nobody was named.
        at: nanoseconds since 1970, or None where the engine's clock tells.
        attributes: the given facts: integers as they are, decimals as units of 10⁻¹².
        input_tokens: upper bound of the input.
        output_limit: the output asked for: the request's, at most the policy's.
        expected_output_tokens: at most `output_limit`.
        max_usage: upper bounds of further meters.
        context: what it asks of the price.
        plain: it asks nothing of a candidate but that it fits: no needs, no context, no further meters.
        source: the wire form, which tells a retried request from another under the same id.
        digest: of the wire form, by which a store tells them apart; empty under a policy without pools.
    """

    id: str
    subject: str | None
    at: int | None
    text: str | None
    attributes: Mapping[str, Any]
    input_tokens: int
    output_limit: int
    expected_output_tokens: int
    max_usage: Mapping[str, Any]
    context: Mapping[str, str]
    needs: tuple[str, ...]
    classifications: Mapping[str, Any]
    health: Mapping[str, str]
    source: Mapping[str, Any]
    digest: str
    plain: bool


def parse_request(policy: Policy, data: Mapping[str, Any]) -> Request:
    """Return the request of the wire form `data`, checked against `policy`.

    Raises:
        ProblemError: every problem of shape (schemas/v1/request.schema.json), `unknown-attribute`,
            `wrong-type`, `not-one-of`, and what is wrong with `max_usage`: `bad-meter`, `duplicate-meter`,
            `bad-quantity`, `conflicting-fields`.

    Source: spec/60-decision.md OTB-DEC-001 ff.
    """
    found = list(schema_problems(data, "request"))
    attributes: dict[str, Any] = {}
    if not found:
        for name, value in data.get("attributes", NOTHING).items():
            problem, normal = _normal(policy, name, value)
            if problem is None:
                attributes[name] = normal
            else:
                found.append(problem)
        found += max_usage_problems(data.get("max_usage", NOTHING))
        found += classification_problems(policy, data.get("classifications", NOTHING))
    if found:
        raise ProblemError(found)
    text = data.get("text")
    # One of the two is there: OTB-DEC-001.
    input_tokens = (
        data["input_tokens"]
        if "input_tokens" in data
        else len(data["text"].encode()) + policy.overhead_tokens
    )
    output_limit = min(data.get("max_output_tokens", policy.max_output_tokens), policy.max_output_tokens)
    subject = (attributes.get(policy.subject) or None) if policy.subject else data.get("subject")
    return Request(
        id=data["id"],
        subject=subject,
        at=parse_instant(data["at"]) if "at" in data else None,
        text=text,
        attributes=attributes,
        input_tokens=input_tokens,
        output_limit=output_limit,
        expected_output_tokens=min(data.get("expected_output_tokens", output_limit), output_limit),
        max_usage=data.get("max_usage", NOTHING),
        context=data.get("context", NOTHING),
        needs=tuple(data.get("needs", ())),
        classifications=data.get("classifications", NOTHING),
        health=data.get("health", NOTHING),
        source=data,
        digest=_digest(data) if policy.has_pools else "",
        plain=not (data.get("needs") or data.get("context") or data.get("max_usage")),
    )


def _digest(source: Mapping[str, Any]) -> str:
    return sha256(msgspec.json.encode(source, order="deterministic")).hexdigest()


def max_usage_problems(max_usage: Mapping[str, Any]) -> list[Problem]:
    """Return why `max_usage` bounds nothing: no usage, or one of the wholes that have fields of their own."""
    found: list[Problem] = []
    read_quantities(max_usage, "/max_usage", found)
    for whole, field in (("input", "input_tokens"), ("output", "max_output_tokens")):
        if whole in max_usage:
            message = (
                f"`{field}` bounds the whole of `{whole}`: `max_usage` is for its parts and other meters"
            )
            found.append(Problem("conflicting-fields", f"/max_usage/{whole}", message, "OTB-DEC-065"))
    return found


def classification_problems(policy: Policy, brought: Mapping[str, Any]) -> Iterator[Problem]:
    """Yield what is wrong with what external classifiers say: only declared values are values."""
    for classifier, given in brought.items():
        values = (
            policy.attributes[policy.external[classifier]].values if classifier in policy.external else None
        )
        if values is not None and given["value"] not in values:
            message = f"`{given['value']}` is not a value of `{policy.external[classifier]}`"
            message += did_you_mean(given["value"], values)
            yield Problem("not-one-of", f"/classifications/{classifier}/value", message, "OTB-DEC-067")


def _normal(policy: Policy, name: str, value: Any) -> tuple[Problem | None, Any]:
    """Return what is wrong with an attribute, or its normal form."""
    pointer = f"/attributes/{name}"
    declared = policy.attributes.get(name)
    if declared is None:
        message = f"`{name}` is not an attribute of the policy{did_you_mean(name, policy.attributes)}"
        return Problem("unknown-attribute", pointer, message, "OTB-DEC-005"), None
    normal: Any = None
    match declared.type:
        case "string" if isinstance(value, str):
            normal = value
        case "integer" if isinstance(value, int) and not isinstance(value, bool):
            normal = value
        case "boolean" if isinstance(value, bool):
            normal = value
        case "strings" if isinstance(value, list):
            normal = frozenset(value)
        case "decimal" if isinstance(value, str):
            try:
                normal = parse_decimal(value)
            except InvalidDecimal:
                normal = None
        case _:
            pass
    if normal is None:
        return Problem(
            "wrong-type", pointer, f"`{name}` must be of type {declared.type}", "OTB-DEC-006"
        ), None
    if name == policy.subject and len(value) > MAX_SUBJECT:
        message = f"`{name}` names the subject, and has more than {MAX_SUBJECT} characters"
        return Problem("out-of-range", pointer, message, "OTB-DEC-073"), None
    if declared.values is not None and normal not in declared.values:
        message = f"`{value}` is not a value of `{name}`{did_you_mean(str(value), declared.values)}"
        return Problem("not-one-of", pointer, message, "OTB-DEC-007"), None
    return None, normal
