"""Expected costs and upper bounds."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from opentokenbudget.amounts import parse_instant
from opentokenbudget.pricing import PriceProblem, compile_catalog
from opentokenbudget.pricing.meters import MAX_QUANTITY
from strategies_catalogs import (
    DAY,
    LAST,
    OTHER_METERS,
    TOKEN_METERS,
    catalogs,
    contexts,
    instants,
    periods,
)

SLOW = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
NOON = parse_instant("2026-03-25T12:00:00Z")
MODALITIES = {"audio", "image", "video"}


def catalog_of(*prices, **lifecycle):
    """Return a compiled catalog of one model, `m`."""
    model = {"id": "m", "prices": list(prices)}
    document = {"id": "c", "version": "1.0.0", "currency": "USD", "models": [model]}
    return compile_catalog(document)


def period(rates, **more):
    return {"from": None, "rates": rates, **more}


@st.composite
def split(draw, input_bound, output_bound, meters, named):
    """A usage within the bounds: each token falls into some part, all else stays within what is named."""
    leaves = {}
    for root, bound in (("input", input_bound), ("output", output_bound)):
        parts = [
            m for m in meters if root in m.split(".") and (not MODALITIES & set(m.split(".")) or m in named)
        ]
        left = draw(st.one_of(st.just(bound), st.integers(0, bound)))
        # Parts that nobody prices fall under the rate of what they are a part of.
        if draw(st.booleans()):
            text = [part for part in parts if not MODALITIES & set(part.split("."))]
            parts += [f"{part}.unheard_of" for part in dict.fromkeys((root, *text))]
        for part in draw(st.permutations(parts)):
            most = left if part not in named else min(left, named[part])
            leaves[part] = draw(st.one_of(st.just(most), st.just(0), st.integers(0, most)))
            left -= leaves[part]
        leaves[root] = leaves.get(root, 0) + left
    usage = {}
    for meter in leaves:
        mine = set(meter.split("."))
        usage[meter] = sum(leaf for other, leaf in leaves.items() if mine <= set(other.split(".")))
    for meter, most in named.items():
        if meter in OTHER_METERS:
            usage[meter] = draw(st.integers(0, most))
    return usage


@SLOW
@given(st.data())
def test_no_usage_within_its_bounds_costs_more_than_the_upper_bound(data):
    """Whatever parts tokens fall into, at whatever instant in the span, the price is at most the bound."""
    document = data.draw(catalogs(bounded=True))
    catalog = compile_catalog(document)
    context = data.draw(contexts)
    bounds = st.sampled_from([0, 1, 5, 6, 10, 11, 101, 1000, 1001, 5000])
    input_bound, output_bound = data.draw(bounds), data.draw(bounds)
    at = data.draw(instants())
    until = data.draw(
        st.one_of(st.just(at), instants(at, min(LAST, at + DAY)), instants(at, min(LAST, at + 31 * DAY)))
    )
    rated = sorted({meter for model in document["models"] for p in model["prices"] for meter in p["rates"]})
    extra = sorted(
        {
            m
            for model in document["models"]
            for p in model["prices"]
            for o in p.get("overrides", ())
            for m in o.get("rates", ())
        }
    )
    meters = sorted({*rated, *extra})
    roots = [m for m in meters if m in ("web_search", "audio_second", "page") or "audio" in m.split(".")]
    named = (
        {
            m: data.draw(st.integers(0, 500))
            for m in data.draw(st.lists(st.sampled_from(roots), unique=True, max_size=3))
        }
        if roots
        else {}
    )
    # A named modality has its parts named too, so that the split can stay within what is named.
    estimator = catalog.estimator("one", context)
    upper = estimator.upper(input_bound, output_bound, at, until, named)
    for _ in range(6):
        tokens = [m for m in meters if m in TOKEN_METERS]
        usage = data.draw(split(input_bound, output_bound, tokens, named))
        moment = data.draw(st.one_of(st.just(at), st.just(until), instants(at, until)))
        try:
            cost = catalog.price("one", usage, moment, context)
        except PriceProblem:
            continue
        if upper is None:
            # Only what is named can be without a price where this much has one.
            assert any(not usage.get(meter) for meter in named) or not (usage["input"] and usage["output"])
        else:
            assert cost.total_pico <= upper


@SLOW
@given(
    periods(bounded=True),
    st.integers(0, 1200),
    st.integers(0, 1200),
    instants(),
    st.integers(0, 31),
    contexts,
)
def test_the_bound_of_a_span_is_not_below_that_of_a_part(plain, inputs, outputs, at, days, context):
    """A longer reservation is bounded no lower than one that ends before it."""
    estimator = catalog_of(plain).estimator("m", context)
    upper = estimator.upper(inputs, outputs, at, at + 31 * DAY)
    part = estimator.upper(inputs, outputs, at, at + days * DAY)
    assert part is None or (upper is not None and part <= upper)


def test_a_reservation_ends_within_31_days():
    """What lives for longer is no reservation, and its bound would have to look at each of its days."""
    estimator = catalog_of(period({"input": "1", "output": "1"})).estimator("m")
    assert estimator.upper(1, 0, NOON, NOON + 31 * DAY) == 10**6
    with pytest.raises(PriceProblem) as refused:
        estimator.upper(1, 0, NOON, NOON + 31 * DAY + 1)
    assert refused.value.code == "out-of-range"


@SLOW
@given(
    catalogs(),
    st.lists(st.tuples(st.integers(0, 1200), st.integers(0, 1200), instants()), min_size=1),
    contexts,
)
def test_the_expected_cost_is_the_price(document, questions, context):
    """Expected is the price of that much input and output; None where there is no price."""
    catalog = compile_catalog(document)
    estimator = catalog.estimator("one", context)
    for inputs, outputs, at in questions:
        try:
            wanted = catalog.price("one", {"input": inputs, "output": outputs}, at, context).total_pico
        except PriceProblem:
            wanted = None
        assert (estimator.problem(inputs, outputs, at) is None) == (wanted is not None)
        assert estimator.expected(inputs, outputs, at) == wanted


ANY = [{"when": {"input": {"gt": 0}}, "rates": {"output": "9"}}]
BROKEN = {"input": {"amount": "1", "per": 3}, "output": {"amount": "1", "per": 7}, "request": "0.012"}


@pytest.mark.parametrize(
    ("prices", "tokens", "wanted"),
    [
        (period({"input": "1", "output": "1"}, overrides=ANY), (0, 1), 10**6),
        (period({"input": "1", "output": "1"}, overrides=ANY), (1, 1), 10 * 10**6),
        (period(BROKEN), (1, 1), 333_333_333_333 + 142_857_142_857 + 12 * 10**9),
    ],
)
def test_the_estimate_of_few_tokens_is_their_price(prices, tokens, wanted):
    """Below a threshold of one token lies none, and what a request costs is added to rates that do not divide."""
    catalog = catalog_of(prices)
    assert catalog.price("m", dict(zip(("input", "output"), tokens, strict=True)), NOON).total_pico == wanted
    assert catalog.estimator("m").expected(*tokens, NOON) == wanted


def test_the_instant_at_which_prices_change_has_the_new_ones():
    """What was asked before lasts until the next price begins, and not at that instant."""
    estimator = catalog_of(
        period({"input": "1", "output": "1"}, until="2026-03-25T12:05:00Z"),
        {"from": "2026-03-25T12:05:00Z", "rates": {"input": "9", "output": "1"}},
    ).estimator("m")
    asked = [estimator.expected(1, 0, NOON + seconds * 10**9) for seconds in (0, 300, 299)]
    assert asked == [10**6, 9 * 10**6, 10**6]


PARTS = [{"when": {"input.cached": {"gte": 50}}, "rates": {"output": "9", "input.cached": "3"}}]
RISING = [{"when": {"input": {"gt": 100}}, "rates": {"input": "20"}}]
FALLING = [{"when": {"input": {"gt": 100}}, "rates": {"input": "4"}}]
SEARCHES = [{"when": {"web_search": {"gt": 2}}, "rates": {"input": "9", "output": "9"}}]
THINKING = [{"when": {"input": {"gt": 100}}, "rates": {"output.reasoning": "3"}}]
NIGHT = [{"when": {"time": [{"start": "16:30", "end": "00:30"}]}, "multiply": "0.5"}]


@pytest.mark.parametrize(
    ("prices", "bounds", "named", "wanted"),
    [
        (period({"input": "10", "output": "50"}), (100, 10), {}, 100 * 10 + 10 * 50),
        (
            period({"input": "10", "input.cache_write": "12", "output": "50"}),
            (100, 10),
            {},
            100 * 12 + 10 * 50,
        ),
        (period({"input": "10", "input.cache_read": "1", "output": "50"}), (100, 10), {}, 100 * 10 + 10 * 50),
        (period({"input": "10", "output": "0"}, overrides=RISING), (100, 0), {}, 1000),
        (period({"input": "10", "output": "0"}, overrides=RISING), (101, 0), {}, 2020),
        (period({"input": "10", "output": "0"}, overrides=FALLING), (120, 0), {}, 1000),
        (period({"input": "10", "output": "0"}, overrides=FALLING), (1000, 0), {}, 4000),
        (period({"input": "2", "input.cached": "1", "output": "5"}, overrides=PARTS), (49, 1), {}, 98 + 5),
        (period({"input": "2", "input.cached": "1", "output": "5"}, overrides=PARTS), (50, 1), {}, 150 + 9),
        (
            period({"input": "2", "input.cached": "8", "output": "5"}, overrides=PARTS),
            (60, 0),
            {},
            60 * 8,
        ),
        (period({"input": "4", "input.audio": "32", "output": "16"}), (100, 0), {}, 400),
        (
            period({"input": "4", "input.audio": "32", "output": "16"}),
            (100, 0),
            {"input.audio": 10},
            10 * 32 + 90 * 4,
        ),
        (period({"input": "4", "input.audio": "32", "output": "16"}), (100, 0), {"input.audio": 500}, 3200),
        (period({"input": "1", "output": "1", "request": "0.012"}), (10, 10), {}, 20 + 12_000),
        (
            period({"input": "1", "output": "1", "web_search": "0.01"}),
            (10, 10),
            {"web_search": 3},
            20 + 30_000,
        ),
        (period({"input": "1", "output": "1", "web_search": "0.01"}), (10, 10), {}, 20),
        (
            period({"input": "4", "input.audio": "32", "output": "16"}),
            (100, 0),
            {"input.audio": 1},
            1 * 32 + 99 * 4,
        ),
        (
            period({"input": "1", "output": "1", "web_search": "0.01"}, overrides=SEARCHES),
            (10, 10),
            {"web_search": 2},
            20 + 20_000,
        ),
        (
            period({"input": "1", "output": "1", "web_search": "0.01"}, overrides=SEARCHES),
            (10, 10),
            {"web_search": 3},
            90 + 90 + 30_000,
        ),
        (
            period({"input": "1"}, overrides=THINKING, minimums={"output.reasoning": 5}),
            (10, 0),
            {},
            10,
        ),
    ],
)
def test_the_bound_is_the_dearest_that_can_happen_and_no_more(prices, bounds, named, wanted):
    """The bound takes the dearest part, the dearest side of thresholds, and only what may be touched."""
    estimator = catalog_of(prices).estimator("m")
    assert estimator.upper(*bounds, NOON, meters=named) == wanted * 10**6


@pytest.mark.parametrize(
    ("hours", "wanted"),
    [
        ((17, 18), 5),
        ((12, 17), 10),
        ((17, 24), 5),
        ((17, 25), 10),
        ((17, 24.5), 10),
        ((24, 24.25), 5),
        ((16.5, 24.25), 5),
    ],
)
def test_the_bound_takes_the_dearest_time_of_day_until_the_end(hours, wanted):
    """Both ends of the span count, and windows that open or close between them."""
    estimator = catalog_of(period({"input": "10", "output": "0"}, overrides=NIGHT)).estimator("m")
    at, until = (NOON + int((hour - 12) * 3600 * 10**9) for hour in hours)
    assert estimator.upper(1, 0, at, until) == wanted * 10**6


def test_the_bound_takes_the_dearest_period_until_the_end():
    """A price rise before the reservation ends is reserved for."""
    estimator = catalog_of(
        period({"input": "1", "output": "1"}, until="2026-03-25T12:05:00Z"),
        {"from": "2026-03-25T12:05:00Z", "rates": {"input": "9", "output": "1"}},
    ).estimator("m")
    assert estimator.upper(1, 0, NOON, NOON + 299 * 10**9) == 10**6
    assert estimator.upper(1, 0, NOON, NOON + 300 * 10**9) == 9 * 10**6


def test_the_bound_leaves_out_windows_after_the_end_of_a_price():
    """A window that opens when the price ends, or later, never counts, however long the reservation lives."""
    windows = [{"start": "12:05", "end": "12:06"}, {"start": "12:10", "end": "13:00"}]
    overrides = [{"when": {"time": windows}, "multiply": "9"}]
    plain = period({"input": "1", "output": "1"}, overrides=overrides, until="2026-03-25T12:05:00Z")
    estimator = catalog_of(plain).estimator("m")
    assert estimator.upper(1, 0, NOON, NOON + 3600 * 10**9) == 10**6


@pytest.mark.parametrize(
    ("bounds", "pointer"),
    [
        ((-1, 0), "/input_tokens"),
        ((MAX_QUANTITY + 1, -1), "/input_tokens"),
        ((MAX_QUANTITY, -1), "/max_output_tokens"),
        ((0, MAX_QUANTITY + 1), "/max_output_tokens"),
    ],
)
def test_what_is_no_number_of_tokens_is_named(bounds, pointer):
    """The first of the two bounds that is no quantity is pointed at."""
    with pytest.raises(PriceProblem) as refused:
        catalog_of(period({"input": "1", "output": "1"})).estimator("m").upper(*bounds, NOON)
    assert [(problem.code, problem.pointer) for problem in refused.value.problems] == [
        ("bad-quantity", pointer)
    ]


def test_plain_costs_are_straight_lines_up_to_a_threshold():
    """Of text below every threshold, the lines say what the estimate and the bound say, without asking them."""
    rates = {"input": "10", "input.cache_write": "12", "output": "50", "request": "0.012"}
    line = catalog_of(period(rates, overrides=RISING)).estimator("m").line(NOON)
    assert line is not None
    assert (line.input_rate, line.output_rate, line.fixed) == (10**7, 5 * 10**7, 12 * 10**9)
    assert (line.input_bound, line.output_bound, line.fixed_bound) == (12 * 10**6, 5 * 10**7, 12 * 10**9)
    assert line.since < NOON < line.until
    assert 0 < line.input_below <= 101


@SLOW
@given(catalogs(bounded=True), instants(), st.integers(0, 1200), st.integers(0, 1200), contexts)
def test_lines_say_what_the_estimate_and_the_bound_say(document, at, inputs, outputs, context):
    """Wherever costs are straight lines, they go through what `expected` and `upper` answer."""
    estimator = compile_catalog(document).estimator("one", context)
    line = estimator.line(at)
    if line is None or not line.input_below:
        return
    assert line.since <= at < line.until
    tokens = min(inputs, line.input_below - 1)
    expected = tokens * line.input_rate + outputs * line.output_rate + line.fixed
    bound = tokens * line.input_bound + outputs * line.output_bound + line.fixed_bound
    assert (estimator.expected(tokens, outputs, at), estimator.upper(tokens, outputs, at)) == (
        expected,
        bound,
    )


@pytest.mark.parametrize(
    "more",
    [
        {"minimums": {"input": 10}},
        {"minimums": {"output.reasoning": 10}},
        {"overrides": [{"when": {"output": {"gt": 100}}, "rates": {"input": "20"}}]},
        {"until": "2020-01-01"},
    ],
)
def test_costs_with_steps_are_no_lines(more):
    """A minimum of a token, even of a part, a threshold on output and a time without a price give none."""
    rates = {"input": "10", "output": "50", "output.reasoning": "60"}
    assert catalog_of(period(rates, **more)).estimator("m").line(NOON) is None


def test_a_minimum_is_part_of_the_bound():
    """What is billed at least is added, for a part that nobody prices may be a line beside it."""
    estimator = catalog_of(
        period({"audio_second": {"amount": "0.111", "per": 3600}}, minimums={"audio_second": 10})
    ).estimator("m")
    assert estimator.upper(0, 0, NOON, meters={"audio_second": 3}) == 92_500_000 + 308_333_334
    assert estimator.upper(0, 0, NOON, meters={"audio_second": 3600}) == 111 * 10**9 + 308_333_334
    assert estimator.upper(0, 0, NOON) == 0


@pytest.mark.parametrize(
    ("prices", "context", "code"),
    [
        (period({"web_search": "1"}), {}, "unpriced-meter"),
        (period({"input": "1", "output": "1"}, until="2020-01-01"), {}, "no-price-at-time"),
        (period({"input": "1", "output": "1"}), {"speed": "fast"}, "unknown-context"),
        (
            period(
                {"input": "1", "output": "1"},
                context={"speed": ["slow", "fast"]},
                forbid=[{"when": {"speed": "fast"}}],
            ),
            {"speed": "fast"},
            "forbidden-context",
        ),
    ],
)
def test_what_has_no_price_has_neither_an_estimate_nor_a_bound(prices, context, code):
    """Neither is ever 0 for want of a price, and the reason can be asked for."""
    estimator = catalog_of(prices).estimator("m", context)
    assert estimator.expected(10, 10, NOON) is None
    assert estimator.upper(10, 10, NOON) is None
    assert estimator.problem(10, 10, NOON).code == code


def test_a_model_that_does_not_exist_has_no_estimator():
    """Names are exact."""
    with pytest.raises(PriceProblem) as refused:
        catalog_of(period({"input": "1"})).estimator("M")
    assert refused.value.code == "unknown-model"
