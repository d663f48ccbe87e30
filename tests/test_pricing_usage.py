"""Usages, contexts and rates that generated catalogs seldom meet."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opentokenbudget.pricing import PriceProblem, compile_catalog
from small_catalogs import NOON, document, model, period, refusal
from strategies_catalogs import catalogs, instants

OVER = {"when": {"input": {"gt": 5}}, "rates": {"input": "2"}}


def places(catalog, usage, at, **more):
    """Return the codes and pointers of the problems of a usage of `m`."""
    with pytest.raises(PriceProblem) as refused:
        catalog.price("m", usage, at, **more)
    return [(problem.code, problem.pointer) for problem in refused.value.problems]


@pytest.mark.parametrize(
    ("usage", "codes"),
    [
        ({"input": True}, ["bad-quantity"]),
        ({"input": 1.0}, ["bad-quantity"]),
        ({"input": float("nan")}, ["bad-quantity"]),
        ({"input": None}, ["bad-quantity"]),
        ({"input": "5"}, ["bad-quantity"]),
        ({"input": 2**53}, ["bad-quantity"]),
        ({"page": "-1"}, ["bad-quantity"]),
        ({"page": "-0"}, ["bad-quantity"]),
        ({"page": "1e3"}, ["bad-quantity"]),
        ({"page": "9007199254740992"}, ["bad-quantity"]),
        ({"input": -1, "output": -1}, ["bad-quantity", "bad-quantity"]),
        ({"input.input": 1}, ["bad-meter"]),
        ({5: 1}, ["bad-meter"]),
        ({"input.output": 0}, ["bad-meter"]),
        ({"input.a.b": 1, "input.b.a": 1}, ["duplicate-meter"]),
        ({"input.input": 1, "page": "-1"}, ["bad-meter", "bad-quantity"]),
        ({"input.a.b": 1, "input.b.a": 1, "input": True}, ["duplicate-meter", "bad-quantity"]),
        ({f"input.x{n}": 0 for n in range(257)}, ["too-many-meters"]),
        ([("input", 1)], ["bad-quantity"]),
        (None, ["bad-quantity"]),
    ],
)
def test_what_is_no_usage_is_refused_with_all_its_problems(usage, codes):
    """Quantities are integers from 0 to 2^53 - 1, or decimal strings where no tokens are counted."""
    catalog = compile_catalog(document(model("m", period({"input": "1", "output": "1", "page": "1"}))))
    assert refusal(catalog, "m", usage, NOON) == codes


@pytest.mark.parametrize("at", [None, True, 1.5, "2026-11-23", "2026-11-23T12:00:00", "yesterday", ""])
def test_what_is_no_instant_is_refused(at):
    """An instant is RFC 3339 with a zone, or integer nanoseconds."""
    assert refusal(compile_catalog(document(model())), "m", {}, at) == ["bad-instant"]


def test_what_is_neither_a_usage_nor_an_instant_is_told():
    """A message says what stands there, and what is expected."""
    catalog = compile_catalog(document(model()))
    for arguments, message in (
        (("input", NOON), "a usage is a mapping from meter to quantity"),
        (({}, None), "`None` is neither an RFC 3339 instant nor nanoseconds"),
    ):
        with pytest.raises(PriceProblem) as refused:
            catalog.price("m", *arguments)
        assert [problem.message for problem in refused.value.problems] == [message]


@pytest.mark.parametrize("at", [10**40, -(10**40), 2**80, 253_402_300_800 * 10**9, -62_135_596_800 * 10**9])
def test_instants_beyond_the_calendar_never_crash(at):
    """Where no calendar reaches a time window, that is the answer; where none is needed, there is a price."""
    window = {
        "when": {"time": [{"start": "01:00", "end": "02:00", "timezone": "Asia/Tokyo"}]},
        "multiply": "2",
    }
    catalog = compile_catalog(document(model("m", period(overrides=[window])), model("n")))
    assert refusal(catalog, "m", {"input": 1}, at)[0] in ("bad-instant", "no-price-at-time")
    estimator = catalog.estimator("m")
    assert estimator.expected(1, 1, at) is None
    assert estimator.upper(1, 1, at, at + 10**9) is None


def test_where_no_calendar_reaches_the_instant_is_pointed_at():
    """The clocks of a zone beyond the years that can be written are a problem of the instant."""
    window = {"when": {"time": [{"start": "01:00", "end": "02:00", "timezone": "Asia/Tokyo"}]}}
    catalog = compile_catalog(document(model("m", period(overrides=[window | {"multiply": "2"}]))))
    assert places(catalog, {"input": 1}, 253_402_300_800 * 10**9) == [("bad-instant", "/at")]


@pytest.mark.parametrize("at", ["0001-01-01T00:30:00Z", "9999-12-31T23:59:59.999999999Z"])
def test_windows_of_utc_reach_as_far_as_instants_are_written(at):
    """A window in UTC needs no day before the first, and none after the last."""
    window = {"when": {"time": [{"start": "22:00", "end": "02:00"}]}, "multiply": "2"}
    catalog = compile_catalog(document(model("m", period(overrides=[window]))))
    assert catalog.price("m", {"input": 1}, at).total_pico == 2 * 10**6


@pytest.mark.parametrize(
    ("usage", "used", "place"),
    [
        ({"a/b~c": 1}, None, ("bad-meter", "/usage/a~1b~0c")),
        ({"input": 1}, {"a~b/c": 1}, ("bad-meter", "/used/a~0b~1c")),
        ({"input": 1}, {"input": -1}, ("bad-quantity", "/used/input")),
        ({"input": 1}, ["input"], ("bad-quantity", "/used")),
    ],
)
def test_a_meter_is_pointed_at_where_it_stands(usage, used, place):
    """Pointers say whether the usage or what was used is wrong, and escape the names of meters."""
    assert places(compile_catalog(document(model())), usage, NOON, used=used) == [place]


@pytest.mark.parametrize(
    "context",
    [
        {"speed": "warp"},
        {"sped": "fast"},
        {"speed": None},
        {"speed": ["fast"]},
        {1: "fast"},
        ["speed"],
        "speed",
    ],
)
def test_context_that_is_not_declared_is_refused(context):
    """An unknown key or value is never ignored, whatever its type."""
    catalog = compile_catalog(document(model("m", period(context={"speed": ["slow", "fast"]}))))
    assert refusal(catalog, "m", {"input": 1}, NOON, context) == ["unknown-context"]


@pytest.mark.parametrize(
    ("context", "pointer", "message"),
    [
        (["speed"], "/context", "a context is a mapping from key to value"),
        (
            {"sped": "fast"},
            "/context/sped",
            'the price of `m` does not depend on `sped`: did you mean "speed"?',
        ),
        ({"tier": "fast"}, "/context/tier", "the price of `m` does not depend on `tier`"),
        ({"a/b~c": "x"}, "/context/a~1b~0c", "the price of `m` does not depend on `a/b~c`"),
        ({"speed": "fats"}, "/context/speed", '`m` is not priced for speed `fats`: did you mean "fast"?'),
        ({"speed": 3}, "/context/speed", "`m` is not priced for speed `3`"),
    ],
)
def test_a_context_is_told_with_what_was_probably_meant(context, pointer, message):
    """What is wrong with a context is pointed at, and a near key or value is named."""
    catalog = compile_catalog(document(model("m", period(context={"speed": ["slow", "fast"]}))))
    with pytest.raises(PriceProblem) as refused:
        catalog.price("m", {"input": 1}, NOON, context)
    (problem,) = refused.value.problems
    assert (problem.code, problem.pointer, problem.message) == ("unknown-context", pointer, message)


def test_the_first_value_of_a_context_is_its_default():
    """A key that is left out has its first value; so has every key that is."""
    overrides = [{"when": {"speed": "slow"}, "multiply": "0.5"}]
    plain = period({"input": "1"}, context={"speed": ["slow", "fast"]}, overrides=overrides)
    catalog = compile_catalog(document(model("m", plain)))
    totals = [
        str(catalog.price("m", {"input": 10**6}, NOON, context).total)
        for context in (None, {}, {"speed": "slow"}, {"speed": "fast"})
    ]
    assert totals == ["0.5", "0.5", "0.5", "1"]


def test_a_combination_that_is_not_sold_has_no_price():
    """`forbid` refuses where all of its condition holds."""
    plain = period(
        context={"tier": ["default", "batch"], "region": ["global", "eu"]},
        forbid=[{"when": {"tier": "batch", "region": "eu"}}],
    )
    catalog = compile_catalog(document(model("m", plain)))
    assert refusal(catalog, "m", {"input": 1}, NOON, {"tier": "batch", "region": "eu"}) == [
        "forbidden-context"
    ]
    assert catalog.price("m", {"input": 1}, NOON, {"tier": "batch"}).total_pico == 10**6


@pytest.mark.parametrize(
    ("when", "context", "message"),
    [
        ({"input": {"gt": 5}}, {}, "`m` is not sold like this"),
        ({"tier": "batch"}, {"tier": ["default", "batch"]}, "`m` is not sold like this: tier `batch`"),
    ],
)
def test_what_is_not_sold_is_told_with_its_context(when, context, message):
    """The message ends with the terms that were asked for, where there are any to ask for."""
    more = {"context": context} if context else {}
    catalog = compile_catalog(document(model("m", period(forbid=[{"when": when}], **more))))
    with pytest.raises(PriceProblem) as refused:
        catalog.price("m", {"input": 6}, NOON, {key: values[-1] for key, values in context.items()})
    assert [problem.message for problem in refused.value.problems] == [message]


@pytest.mark.parametrize(
    ("used", "free", "total"),
    [(None, 0, "0.05"), (0, 5, "0"), (7, 3, "0.02"), (10, 0, "0.05"), (11, 0, "0.05")],
)
def test_an_allowance_is_free_only_as_far_as_the_input_says(used, free, total):
    """What has been used before is given, never remembered, and the free part stands on the line."""
    allowance = {"meter": "web_search", "quantity": 10, "period": "day"}
    catalog = compile_catalog(document(model("m", period({"web_search": "0.01"}, allowances=[allowance]))))
    before = None if used is None else {"web_search": used}
    cost = catalog.price("m", {"web_search": 5}, NOON, used=before)
    assert (cost.lines[0].quantity, cost.lines[0].free, str(cost.total)) == (5, free, total)


def test_a_cost_is_plain_data():
    """Money is text, quantities stay what they were, and a rate says for how many units it is."""
    rates = {"audio_second": {"amount": "0.111", "per": 3600}, "input": "2.5"}
    plain = period(
        rates, minimums={"audio_second": 10}, overrides=[{"when": {"input": {"gte": 0}}, "multiply": "1.1"}]
    )
    catalog = compile_catalog(document(model("m", plain)))
    cost = catalog.price("m", {"audio_second": "10.5", "input": 4}, NOON)
    assert json.loads(json.dumps(cost.as_json())) == {
        "model": "m",
        "currency": "USD",
        "total": "0.00033475",
        "lines": [
            {
                "meter": "input",
                "quantity": 4,
                "rate": {"amount": "2.75", "per": 1000000},
                "amount": "0.000011",
            },
            {
                "meter": "audio_second",
                "quantity": "10.5",
                "rate": {"amount": "0.111", "per": 3600},
                "amount": "0.00032375",
            },
        ],
    }
    assert catalog.price("m", {"audio_second": 3}, NOON).lines[0].quantity == 10


@pytest.mark.parametrize(
    ("usage", "total"),
    [
        ({}, "0.012"),
        ({"request": 0}, "0"),
        ({"request": 3}, "0.036"),
        ({"request.retry": 2, "request": 2}, "0.024"),
        ({"request.retry": 2}, "0.024"),
    ],
)
def test_one_request_is_counted_when_the_usage_does_not_say(usage, total):
    """A usage that names a meter of requests says so itself, 0 included."""
    catalog = compile_catalog(document(model("m", period({"request": "0.012"}))))
    assert str(catalog.price("m", usage, NOON).total) == total


@pytest.mark.parametrize(
    ("test", "quantity", "holds"),
    [
        ({"gt": 5}, 5, False),
        ({"gt": 5}, 6, True),
        ({"gt": "5.5"}, 5, False),
        ({"gt": "5.5"}, 6, True),
        ({"gt": "5.5"}, "5.5", False),
        ({"gt": "5.5"}, "5.500000000001", True),
        ({"lt": "5.5"}, 5, True),
        ({"gte": "5.5"}, "5.5", True),
        (["5.5", 7], "5.5", True),
        (["5.5", 7], 6, False),
        ({"exists": True}, 1, True),
        ({"exists": False}, 1, False),
    ],
)
def test_thresholds_on_meters_that_are_not_tokens_compare_fractions(test, quantity, holds):
    """Whole and broken quantities are compared with whole and broken thresholds alike."""
    plain = period({"page": "1", "input": "1"}, overrides=[{"when": {"page": test}, "rates": {"input": "2"}}])
    catalog = compile_catalog(document(model("m", plain)))
    priced = catalog.price("m", {"page": quantity, "input": 1}, NOON).lines[0]
    assert priced.amount_pico == (2 if holds else 1) * 10**6


@pytest.mark.parametrize("usage", [{"input": 1}, {"input": 1, "output": 0}])
def test_every_meter_exists_in_conditions(usage):
    """A meter that the usage does not name counts 0, which is not the same as missing."""
    overrides = [{"when": {"output": {"exists": True}}, "multiply": "3"}]
    catalog = compile_catalog(document(model("m", period(overrides=overrides))))
    assert catalog.price("m", usage, NOON).total_pico == 3 * 10**6


@pytest.mark.parametrize(
    ("at", "total"),
    [
        ("2025-12-31T23:59:59.999999999Z", 10),
        ("2026-01-01T00:00:00Z", 5),
        ("2026-01-01T23:59:59.999999999Z", 5),
        ("2026-01-02T00:00:00Z", 10),
    ],
)
def test_a_discount_holds_from_its_first_instant_to_before_its_last(at, total):
    """Discounts are half-open, as periods are."""
    discount = {"multiply": "0.5", "from": "2026-01-01", "until": "2026-01-02"}
    catalog = compile_catalog(document(model("m", period({"input": "10"})), discounts=[discount]))
    assert catalog.price("m", {"input": 1}, at).total_pico == total * 10**6


def test_conditions_see_the_request_that_is_counted():
    """Where a period prices requests, a usage without any is one request."""
    overrides = [{"when": {"request": {"gte": 1}}, "multiply": "2"}]
    catalog = compile_catalog(
        document(model("m", period({"input": "1", "request": "1"}, overrides=overrides)))
    )
    assert catalog.price("m", {"input": 1}, NOON).lines[0].amount_pico == 2 * 10**6
    assert catalog.price("m", {"input": 1, "request": 0}, NOON).lines[0].amount_pico == 10**6


def test_half_a_unit_of_the_last_place_goes_to_the_even_neighbour():
    """Each line is rounded once, half-even, at 10⁻¹²; the total adds what was rounded."""
    rates = {"page": {"amount": "0.000000000001", "per": 2}, "scan": {"amount": "0.000000000001", "per": 2}}
    catalog = compile_catalog(document(model("m", period(rates))))
    amounts = [catalog.price("m", {"page": n}, NOON).total_pico for n in (1, 2, 3, 5)]
    assert amounts == [0, 1, 2, 2]
    assert catalog.price("m", {"page": 3, "scan": 3}, NOON).total_pico == 4


def test_a_meter_between_two_different_rates_is_ambiguous_and_between_equal_ones_is_not():
    """Equal means equal per unit, however it is written."""
    usage = {"input": 1, "input.audio.cached": 1}
    rates = {"input": "1", "input.audio": "3", "input.cached": "2"}
    ambiguous = compile_catalog(document(model("m", period(rates))))
    assert refusal(ambiguous, "m", usage, NOON) == ["ambiguous-rate"]
    rates = {"input": "1", "input.audio": "3", "input.cached": {"amount": "0.003", "per": 1000}}
    agreed = compile_catalog(document(model("m", period(rates))))
    assert agreed.price("m", usage, NOON).total_pico == 3 * 10**6


@pytest.mark.parametrize(
    ("usage", "codes"),
    [
        ({"input": 10, "input.audio": 6, "input.cached": 3}, ["join-required"]),
        ({"input": 10, "input.audio": 6, "input.cached": 3, "input.audio.cached": 0}, None),
        ({"input": 10, "input.audio": 6, "input.cached": 0}, None),
        ({"input": 10, "input.audio": 8, "input.cached": 8}, ["join-required", "subset-exceeds-parent"]),
        ({"input": 10, "input.audio": 8, "input.cached": 8, "input.audio.cached": 6}, None),
    ],
)
def test_overlapping_parts_need_their_join_where_it_has_a_rate(usage, codes):
    """Two parts that may overlap are priced only when the overlap is reported, 0 included."""
    rates = {"input": "1", "input.audio": "3", "input.cached": "2", "input.audio.cached": "4"}
    catalog = compile_catalog(document(model("m", period(rates))))
    if codes is None:
        assert catalog.price("m", usage, NOON).total_pico > 0
    else:
        assert refusal(catalog, "m", usage, NOON) == codes


def test_many_strange_usages_do_not_grow_memory():
    """What is remembered is bounded, however many sets of meters are asked about."""
    catalog = compile_catalog(document(model("m", period(overrides=[OVER], context={"speed": ["a", "b"]}))))
    card = catalog._timelines["m"].at(NOON)
    terms = card.terms({"speed": "b"})
    located, plans = [], []
    for n in range(3000):
        catalog.price("m", {"input": 9, f"input.x{n}": 1}, NOON, {"speed": "b"})
        located.append(len(terms.located))
        plans += [len(table.plans) for table in terms._tables.values()]
    assert (max(located), max(plans)) == (1024, 256)


@settings(max_examples=25, deadline=None)
@given(catalogs(), instants(), st.randoms())
def test_the_order_of_models_rates_and_periods_means_nothing(data, at, random):
    """Only the order of overrides has a meaning."""
    usage = {"input": 7, "output": 3}
    before = compile_catalog(data)
    random.shuffle(data["models"])
    for shuffled in data["models"]:
        random.shuffle(shuffled["prices"])
        for one in shuffled["prices"]:
            one["rates"] = dict(random.sample(list(one["rates"].items()), len(one["rates"])))
    after = compile_catalog(data)

    def ask(catalog):
        try:
            return catalog.price("one", usage, at).as_json()
        except PriceProblem as wrong:
            return [str(problem) for problem in wrong.problems]

    assert ask(before) == ask(after)
