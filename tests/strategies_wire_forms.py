"""Strategies for wire forms, records and cases, valid but for a few; the schema is the judge."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from strategies_models import (
    Strategy,
    attribute_names,
    booleans,
    catalogs,
    classifiers,
    contexts,
    counts,
    currencies,
    decimals,
    digests,
    extensions,
    failures,
    form,
    ids,
    instants,
    json_data,
    json_mappings,
    keyed,
    labels,
    listed,
    meters,
    model_ids,
    one,
    policies,
    positive,
    quantities,
    semvers,
    shares,
    signed_decimals,
    texts,
    tokens,
    usages,
    value_rules,
    versions,
)
from strategies_reports import reports_with

request_ids = one("r1", "ticket-88121/turn-3", "x" * 256, "ü")
facts = st.one_of(st.text(max_size=3), st.integers(), booleans, listed(st.text(max_size=3)))
health = keyed(model_ids, one("healthy", "unhealthy"))
request_options: dict[str, Strategy] = {
    "otb": versions,
    "kind": st.just("request"),
    "subject": request_ids,
    "at": instants,
    "attributes": keyed(attribute_names, facts),
    "max_output_tokens": positive,
    "expected_output_tokens": tokens,
    "max_usage": usages,
    "context": contexts,
    "needs": listed(one("tools", "input.image", "output.audio")),
    "classifications": keyed(ids, form({"value": labels, "confidence": shares})),
    "health": health,
}
requests = st.one_of(
    form({"id": request_ids, "input_tokens": tokens}, text=st.text(max_size=3), **request_options),
    form({"id": request_ids, "text": st.text(max_size=3)}, **request_options),
)

decision_ids = st.integers(0, 2**128 - 1).map(lambda number: f"{number:032x}")
reasons = one("rule", "no-candidate", "a", "a-")
documents_used = form({"id": ids, "version": semvers, "digest": digests})
classified = keyed(attribute_names, form({"value": labels, "confidence": shares, "classifier": ids}))
costs = form({"expected": decimals, "bound": decimals, "currency": currencies})
draws = one("0", "18446744073709551615", "7")
actions = one("allow", "downgrade", "throttle", "queue", "deny")
steps = form(
    {"id": labels, "reason": reasons},
    tier=ids, attempt=counts, expected=decimals, bound=decimals, confidence=shares, score=signed_decimals,
)  # fmt: skip
answer: dict[str, Strategy] = {
    "otb": versions,
    "request": request_ids,
    "at": instants,
    "action": actions,
    "reasons": listed(reasons, 1),
    "policy": documents_used,
    "catalog": documents_used,
    "value": decimals,
}
answer_options: dict[str, Strategy] = {
    "subject": request_ids,
    "candidate": model_ids,
    "context": contexts,
    "tier": ids,
    "rule": ids,
    "classified": classified,
    "value_rules_matched": listed(ids),
    "max_output_tokens": tokens,
    "cost": costs,
    "draw": draws,
    "retry_after": instants,
    "value_rules": documents_used,
}
decisions = form(
    {**answer, "kind": st.just("decision"), "id": decision_ids, "final": booleans},
    attempt=form({"number": counts, "kind": one("primary", "fallback", "cascade")}),
    model=model_ids,
    trace=form(
        {}, classifiers=listed(steps), rules=listed(steps), candidates=listed(steps), pools=listed(steps)
    ),
    **answer_options,
)

record_options: dict[str, Strategy] = {"simulated": booleans, "extensions": extensions, "chain": digests}
pool_entries = form(
    {"pool": ids},
    partition=listed(labels), from_=instants, until=instants, measure=meters, reserved=decimals,
    settled=decimals, overrun=decimals, reason=reasons,
)  # fmt: skip
decision_records = form(
    {**answer, "record": st.just("decision"), "id": request_ids, "decision": decision_ids},
    facts=keyed(attribute_names, facts),
    redacted=listed(attribute_names),
    input_tokens=tokens,
    expected_output_tokens=tokens,
    max_usage=usages,
    needs=listed(st.text(max_size=3)),
    eligible=listed(model_ids),
    propensity=shares,
    pools=listed(pool_entries),
    observations=form(
        {},
        health=keyed(st.text(max_size=3), one("healthy", "unhealthy")),
        utilization=keyed(st.text(max_size=3), decimals),
        zone_data=texts,
    ),
    **answer_options,
    **record_options,
)
lines = form(
    {
        "meter": meters,
        "quantity": quantities,
        "rate": form({"amount": one("1/3", "2", ""), "per": counts}),
        "amount": decimals,
    },
    free=quantities,
)
attempt: dict[str, Strategy] = {
    "otb": versions,
    "record": st.just("attempt"),
    "id": request_ids,
    "at": instants,
    "decision": decision_ids,
    "number": counts,
    "kind": one("primary", "fallback", "cascade", "hedge", "shadow"),
    "models": form({"routed": model_ids}, requested=model_ids, served=model_ids, priced=model_ids),
    "exactness": one("computed", "billed", "provider-reported", "estimated", "unknown"),
    "outcome": form({"status": one("ok", "aborted")})
    | form({"status": st.just("error"), "error": one(*failures, "other")}),
}
attempt_options: dict[str, Strategy] = {
    "request": request_ids,
    "until": instants,
    "tier": ids,
    "context": contexts,
    "value": decimals,
    "reservation": form({"id": request_ids, "entries": listed(pool_entries)}),
    "score": signed_decimals,
    **record_options,
}
known_usage: dict[str, Strategy] = {
    "usage": usages,
    "lines": listed(lines),
    "total": decimals,
    "currency": currencies,
    "catalog": documents_used,
}
attempt_records = st.one_of(
    form({**attempt, **known_usage, "usage_source": one("provider", "estimated")}, **attempt_options),
    form(
        {**attempt, "usage_source": st.just("unknown")},
        total=decimals,
        currency=currencies,
        **attempt_options,
    ),
)
adjustment: dict[str, Strategy] = {
    "otb": versions,
    "record": st.just("adjustment"),
    "id": request_ids,
    "at": instants,
    "refers_to": request_ids,
    "reason": texts,
}
realised = form({"score": signed_decimals}, value=decimals) | form({"label": labels})
adjustment_records = st.one_of(
    form(
        {**adjustment, "adjustment": st.just("outcome"), "outcome": realised},
        amount=decimals,
        **record_options,
    ),
    form(
        {
            **adjustment,
            "adjustment": one("invoice", "correction"),
            "amount": signed_decimals,
            "currency": currencies,
        },
        outcome=realised,
        **record_options,
    ),
)

problems = form(
    {
        "code": one("bad-format", "a", "a-1"),
        "severity": one("error", "warning"),
        "pointer": one("", "/", "/a~0~1/0", "//"),
        "message": st.text(min_size=1, max_size=3),
    },
    otb=versions,
    kind=st.just("problem"),
    requirement=one("OTB-DOC-004", "OTB-A-000"),
    file=st.text(max_size=3),
    line=counts,
    column=counts,
)

by_pointer = keyed(one("", "/a", "/b/0"), json_data, 1)
expectations = st.one_of(
    form({"result": json_data}),
    form(
        {"exact": by_pointer},
        decimal=keyed(one("/a"), signed_decimals, 1),
        one_of=keyed(one("/a"), listed(json_data, 2, 3), 1),
        set=keyed(one("/a"), listed(json_data), 1),
        absent=listed(one("/a", ""), 1),
        problem=st.text(max_size=3),
        problems=listed(form({"code": st.text(max_size=3)}, pointer=st.text(max_size=3))),
        reason=st.text(max_size=3),
        distribution=form({"pointer": one("/a"), "draws": one(1, 100_000), "counts": json_mappings}),
        same_as=one(0, 7),
        different_from=one(0, 7),
    ),
)
cases = form(
    {
        "otb": versions,
        "kind": st.just("case"),
        "id": ids,
        "version": semvers,
        "title": one("t", "x" * 256),
        "requirements": st.just(["OTB-DOC-004", "OTB-A-000"]),
        "polarity": one("positive", "negative"),
        "profile": one("documents", "pricing", "routing", "pools", "usage-log", "focus"),
        "steps": listed(
            form(
                {"op": one("check", "decide", "next", "record"), "expect": expectations}, args=json_mappings
            ),
            1,
        ),
    },
    note=texts,
    stability=one("draft", "stable"),
    given=form(
        {},
        policy=json_mappings,
        catalog=json_mappings,
        attributes=json_mappings,
        clock=instants,
        seed=st.text(max_size=3),
    ),
)

BY_KIND: dict[str, Any] = {
    "policy": policies,
    "catalog": catalogs,
    "value-rules": value_rules,
    "classifier": classifiers,
    "request": requests,
    "decision": decisions,
    "usage-record": st.one_of(decision_records, attempt_records, adjustment_records),
    "problem": problems,
    "case": cases,
    "report": reports_with(expectations),
}
"""By kind: its documents, valid but for a few."""
