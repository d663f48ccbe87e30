"""Strategies for conformance reports, valid but for a few; the schema is the judge."""

from __future__ import annotations

from hypothesis import strategies as st

from strategies_models import (
    Strategy,
    booleans,
    digests,
    extensions,
    form,
    ids,
    json_mappings,
    labels,
    listed,
    one,
    semvers,
    texts,
    tokens,
    versions,
)

results = one("passed", "failed", "skipped", "errored", "disabled")
tallies = st.fixed_dictionaries(
    dict.fromkeys(("cases", "passed", "failed", "skipped", "errored", "disabled"), tokens)
)
values = one("1", '"0.01"', "{}", "x" * 4096)
mismatches = form(
    {"step": tokens, "op": one("price", "x" * 64), "expectation": one("exact", "a"), "pointer": texts},
    expected=values,
    found=values,
)
faults = form(
    {"code": one("ended", "timed-out", "wrong-id", "not-json"), "message": one("m", "x" * 4096)},
    stderr=texts,
)


def reports_with(expectations: Strategy) -> Strategy:
    """Return reports in whose minimised cases `expectations` stand."""
    minimised = form(
        {"steps": listed(form({"op": one("price")}, args=json_mappings, expect=expectations), 1)},
        given=form({}, catalog=json_mappings, seed=st.text(max_size=3)),
        mismatch=mismatches,
        alone=one("fails", "passes", "not-asked"),
    )
    failures = form(
        {"case": ids, "result": one("failed", "errored")},
        title=one("t", "x" * 256),
        mismatches=listed(mismatches, 1),
        step=tokens,
        op=one("decide"),
        fault=faults,
        minimised=minimised,
    )
    features = form({"id": one("yaml"), "claimed": booleans, "met": booleans, "extended": tallies})
    profiles = form(
        {"id": one("pricing", "usage-log"), "claimed": booleans, "met": booleans, "core": tallies},
        features=listed(features),
    )
    cases = form(
        {"id": ids, "path": one("a/b.yaml", "x" * 1024), "profile": one("value"), "result": results},
        feature=one("yaml"),
        reason=texts,
    )
    return form(
        {
            "otb": versions,
            "kind": st.just("report"),
            "protocol": versions,
            "implementation": form(
                {"name": labels, "version": one("1", "v2.0-a", "a7f")}, language=labels, url=labels
            ),
            "suite": form(
                {"version": semvers, "digest": digests, "cases": tokens},
                zoo=form({"routers": tokens, "caught": tokens}),
            ),
            "reproduce": form({"command": one("a", "x" * 131_072), "seed": labels}),
            "profiles": listed(profiles),
            "requirements": listed(
                form({"id": one("OTB-A-000"), "result": results, "cases": listed(ids, 1)})
            ),
            "cases": listed(cases),
            "failures": listed(failures),
        },
        extensions=extensions,
        ending=st.one_of(
            form({"exit_code": one(0, -9, 255)}), form({"fault": faults}, exit_code=one(-255, 1))
        ),
    )
