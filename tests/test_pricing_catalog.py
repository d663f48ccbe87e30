"""Compiling catalogs: their problems, their models, and prices that generated catalogs seldom meet."""

from __future__ import annotations

import pytest

from opentokenbudget.amounts import parse_instant
from opentokenbudget.documents import digest
from opentokenbudget.pricing import Capabilities, compile_catalog
from opentokenbudget.problems import ProblemError
from small_catalogs import NOON, document, found, model, period, refusal

SPEED = {"speed": ["slow", "fast"]}
PRICES = "/models/0/prices/0"
BAD_PERIODS = {
    "nothing lies between": ({"until": "2020-01-01", "from": "2020-01-01"}, "empty-period", "until"),
    "no such day": ({"until": "2026-02-30"}, "bad-instant", "until"),
    "no such source": ({"source": "nobody"}, "unknown-source", "source"),
    "no meter": ({"rates": {"input.output": "1"}}, "bad-meter", "rates/input.output"),
    "a meter twice": ({"rates": {"a.b": "1", "b.a": "1"}}, "duplicate-meter", "rates/b.a"),
    "a negative rate": ({"rates": {"input": "-1"}}, "bad-rate", "rates/input"),
    "no such attribute": (
        {"overrides": [{"when": {"inptu": {"gt": 5}}, "multiply": "2"}]},
        "unknown-attribute",
        "overrides/0/when/inptu",
    ),
    "half a token": (
        {"overrides": [{"when": {"input": {"gt": "5.5"}}, "multiply": "2"}]},
        "type-mismatch",
        "overrides/0/when/input/gt",
    ),
    "no such value": (
        {"context": SPEED, "overrides": [{"when": {"speed": "fats"}, "multiply": "2"}]},
        "unknown-context",
        "overrides/0/when/speed",
    ),
    "no such value of a strange name": (
        {"context": {"a/b~c": ["x"]}, "overrides": [{"when": {"a/b~c": "y"}, "multiply": "2"}]},
        "unknown-context",
        "overrides/0/when/a~1b~0c",
    ),
    "a factor for no meter": (
        {"overrides": [{"when": {"input": {"gte": 0}}, "multiply": "2", "meters": ["input.output"]}]},
        "bad-meter",
        "overrides/0/meters/0",
    ),
    "a context like a meter": ({"context": {"input": ["a"]}}, "bad-context", "context/input"),
    "a context like a word": ({"context": {"time": ["a"]}}, "bad-context", "context/time"),
    "a negative factor": (
        {"overrides": [{"when": {"input": {"gte": 0}}, "multiply": "-1"}]},
        "bad-rate",
        "overrides/0/multiply",
    ),
    "a factor for nothing": (
        {"overrides": [{"when": {"input": {"gte": 0}}, "multiply": "2", "meters": ["pages"]}]},
        "unpriced-meter",
        "overrides/0/meters/0",
    ),
    "a minimum of nothing": ({"minimums": {"page": 1}}, "unpriced-meter", "minimums/page"),
    "a minimum of half a token": ({"minimums": {"input": "1.5"}}, "bad-quantity", "minimums/input"),
    "an allowance of nothing": (
        {"allowances": [{"meter": "page", "quantity": 1, "period": "day"}]},
        "unpriced-meter",
        "allowances/0/meter",
    ),
}
BAD = {
    name: (model("m", period() | change), (code, f"{PRICES}/{place}"))
    for name, (change, code, place) in BAD_PERIODS.items()
} | {
    "overlapping periods": (
        model("m", period(until="2026-02-01"), period(**{"from": "2026-01-31"})),
        ("overlapping-periods", "/models/0/prices/1"),
    ),
    "retired before deprecated": (
        model(lifecycle={"deprecated": "2026-02-01", "retires": "2026-01-01"}),
        ("lifecycle-order", "/models/0/lifecycle/retires"),
    ),
    "redirect to nobody": (
        model(lifecycle={"billed_as": [{"from": "2026-01-01", "model": "n"}]}),
        ("unknown-model", "/models/0/lifecycle/billed_as/0/model"),
    ),
    "redirect to itself": (
        model(lifecycle={"billed_as": [{"from": "2026-01-01", "model": "m"}]}),
        ("redirect-loop", "/models/0/lifecycle/billed_as/0/model"),
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_what_a_schema_cannot_see_is_found(name):
    """Each mistake is one problem, where it stands."""
    plain, wanted = BAD[name]
    assert found(document(plain)) == [wanted]
    with pytest.raises(ProblemError) as refused:
        compile_catalog(document(plain))
    assert refused.value.code == wanted[0]


@pytest.mark.parametrize(
    ("rates", "wanted"),
    [
        ({"a.a": "1", "b.b": "1"}, [("bad-meter", "a.a"), ("bad-meter", "b.b")]),
        ({"a.b": "1", "b.a": "1", "c.c": "1"}, [("duplicate-meter", "b.a"), ("bad-meter", "c.c")]),
    ],
)
def test_rates_after_a_mistake_are_read_too(rates, wanted):
    """Every rate that is wrong is told, whatever was wrong before it."""
    data = document(model("m", period({"input": "1", **rates})))
    assert found(data) == [(code, f"{PRICES}/rates/{name}") for code, name in wanted]


def override(**more):
    return {"overrides": [{"when": {"input": {"gt": 5}}, **more}]}


@pytest.mark.parametrize(
    ("data", "code", "pointer", "message", "requirement"),
    [
        (
            document(model(lifecycle={"released": "2026-02-30"})),
            "bad-instant",
            "/models/0/lifecycle",
            "`2026-02-30` names a day that does not exist",
            "OTB-DOC-023",
        ),
        (
            document(model("m", period({"input": "1e3", "output": "1"}))),
            "bad-rate",
            f"{PRICES}/rates/input",
            "`1e3` is not a decimal string",
            "OTB-DOC-020",
        ),
        (
            document(model("m", period(**override(rates={"input": "+1"})))),
            "bad-rate",
            f"{PRICES}/overrides/0/rates/input",
            "`+1` is not a decimal string",
            "OTB-DOC-020",
        ),
        (
            document(model("m", period(**override(multiply="1e3")))),
            "bad-rate",
            f"{PRICES}/overrides/0/multiply",
            "`1e3` is not a decimal string",
            "OTB-DOC-020",
        ),
        (
            document(model("m", period(minimums={"input": "x" * 70}))),
            "bad-quantity",
            f"{PRICES}/minimums/input",
            f"`{'x' * 64}` is not a quantity of `input`",
            "OTB-PRICE-002",
        ),
        (
            document(model(), discounts=[{"multiply": "half"}]),
            "bad-rate",
            "/discounts/0/multiply",
            "`half` is not a decimal string",
            "OTB-DOC-020",
        ),
    ],
)
def test_what_no_schema_has_checked_is_told_by_what_stands_there(data, code, pointer, message, requirement):
    """Whoever compiles a catalog that nobody checked is told each mistake, its place and its requirement."""
    with pytest.raises(ProblemError) as refused:
        compile_catalog(data)
    (problem,) = refused.value.problems
    assert (problem.code, problem.pointer) == (code, pointer)
    assert (problem.message, problem.requirement) == (message, requirement)


def test_what_is_found_last_is_told_where_it_stands():
    """A redirect is followed after all else was read, and comes before the mistakes of later models."""
    lost = model("m", lifecycle={"billed_as": [{"from": "2026-01-01", "model": "x"}]})
    assert found(document(lost, model("n", period(source="nobody")))) == [
        ("unknown-model", "/models/0/lifecycle/billed_as/0/model"),
        ("unknown-source", "/models/1/prices/0/source"),
    ]


@pytest.mark.parametrize("given", ["", "sha256:of-the-document"])
def test_a_catalog_has_the_digest_that_it_is_given(given):
    """Whoever has read the document knows its digest; without one it is that of the data."""
    data = document(model())
    assert compile_catalog(data, digest=given).digest == (given or digest(data))


@pytest.mark.parametrize("at", [2**80, 10**40, -(10**40)])
def test_no_period_reaches_beyond_every_calendar(at):
    """A period without an end has none that a calendar shows; 2^80 nanoseconds are behind it."""
    catalog = compile_catalog(document(model()))
    assert refusal(catalog, "m", {"input": 1}, at) == ["no-price-at-time"]


def test_all_problems_come_in_document_order():
    """However they are found, they are listed as they stand in the document."""
    data = {
        "id": "c",
        "version": "1.0.0",
        "currency": "USD",
        "models": [model("m", period(source="x"), period()), model("m"), model("n", aliases=["m"])],
        "discounts": [{"multiply": "1", "models": ["o"]}],
    }
    assert found(data) == [
        ("unknown-source", "/models/0/prices/0/source"),
        ("overlapping-periods", "/models/0/prices/1"),
        ("duplicate-id", "/models/1/id"),
        ("duplicate-id", "/models/2/aliases/0"),
        ("unknown-model", "/discounts/0/models/0"),
    ]


def test_redirects_do_not_chain():
    """A target that is billed as another at a common instant is refused; at other instants it is not."""
    redirect = {"from": "2026-01-01", "model": "b"}
    onward = {"from": "2026-06-01", "model": "a"}
    a = model("a", lifecycle={"billed_as": [redirect]})
    b = model("b", lifecycle={"billed_as": [onward]})
    assert {code for code, _ in found(document(a, b))} == {"redirect-loop"}
    a = model("a", lifecycle={"billed_as": [redirect | {"until": "2026-06-01"}]})
    assert found(document(a, b)) == []


def test_a_redirect_prices_by_the_target_from_its_first_instant_to_before_its_last():
    """`billed_as` is half-open, the cost says whose prices were used, and the target's gaps are gaps."""
    redirect = {"from": "2026-01-01", "until": "2026-01-02", "model": "b"}
    data = document(
        model("a", period({"input": "1"}), lifecycle={"billed_as": [redirect]}),
        model("b", period({"input": "7"}, **{"from": "2026-01-01T12:00:00Z"})),
    )
    catalog = compile_catalog(data)
    asked = [
        (at, lambda at=at: catalog.price("a", {"input": 10**6}, at))
        for at in ("2025-12-31T23:59:59.999999999Z", "2026-01-01T12:00:00Z", "2026-01-02T00:00:00Z")
    ]
    assert [(ask().model, str(ask().total)) for _, ask in asked] == [("a", "1"), ("b", "7"), ("a", "1")]
    assert refusal(catalog, "a", {"input": 1}, "2026-01-01T11:59:59Z") == ["no-price-at-time"]


@pytest.mark.parametrize(
    ("base", "code"),
    [
        (None, "missing-base"),
        (document(model("b"), extends={"path": "x"}), "nested-extends"),
        (document(model("b")) | {"currency": "EUR"}, "currency-mismatch"),
        (document(model("b"), model("b")), "bad-base"),
    ],
)
def test_a_catalog_extends_one_sound_catalog_of_its_currency(base, code):
    """What is wrong with the base is one problem of the extending catalog."""
    assert [name for name, _ in found(document(model("m"), extends={"path": "x"}), base)] == [code]


def test_names_are_exact_and_in_one_namespace():
    """An id or an alias, in its own letters; nothing is guessed."""
    catalog = compile_catalog(document(model("p/m", aliases=["m-2026", "M"])))
    assert catalog.resolve("p/m") is catalog.resolve("m-2026") is catalog.models["p/m"]
    assert catalog.resolve("P/m") is None
    assert catalog.resolve("m") is None
    assert catalog.models["p/m"].provider == "p"
    assert refusal(catalog, "m", {}, NOON) == ["unknown-model"]
    assert refusal(catalog, ["m"], {}, NOON) == ["unknown-model"]


def test_the_status_follows_from_the_dates():
    """Each date begins its status; what has no date never comes."""
    dates = {"released": "2026-03-01", "deprecated": "2026-12-01T12:00:00Z", "retires": "2027-06-01"}
    lived = compile_catalog(document(model(lifecycle=dates))).models["m"]
    days = ["2026-02-28", "2026-03-01", "2026-12-01", "2027-06-01"]
    statuses = [lived.status(parse_instant(f"{day}T00:00:00Z")) for day in days]
    assert statuses == ["unreleased", "active", "active", "retired"]
    assert lived.status(parse_instant("2026-12-01T12:00:00Z")) == "deprecated"
    assert compile_catalog(document(model())).models["m"].status(0) == "active"


def test_capabilities_that_are_not_declared_are_none():
    """Nothing said is not the same as nothing possible."""
    catalog = compile_catalog(
        document(model("a"), model("b", capabilities={"max_output": 5, "features": []}))
    )
    assert catalog.models["a"].capabilities == Capabilities()
    assert catalog.models["b"].capabilities == Capabilities(max_output=5, features=frozenset())
