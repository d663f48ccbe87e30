"""The quarantine lint, what changed between two catalogs, where two sources disagree, and catalogs as text."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opentokenbudget.amounts import parse_date, parse_decimal, parse_instant
from opentokenbudget.documents import read
from opentokenbudget.importing.catalog_diff import catalog_changes, largest_percent, percent_of
from opentokenbudget.importing.catalog_text import json_text, yaml_text
from opentokenbudget.importing.disagreement import compare_sources, largest_gap, matched
from opentokenbudget.importing.figures import BadFigure, figure
from opentokenbudget.importing.losses import Losses
from opentokenbudget.importing.naming import Claim, settle_names
from opentokenbudget.importing.quarantine import quarantine, suspicions
from opentokenbudget.importing.same_model import model_name, provider_of
from opentokenbudget.importing.scenarios import implies, scenarios
from opentokenbudget.pricing import compile_catalog, meter_named
from strategies_catalogs import catalogs

AT = parse_date("2026-11-23")


def catalog(*models, **more):
    return {
        "otb": "1.0",
        "kind": "catalog",
        "id": "c",
        "version": "1.0.0",
        "currency": "USD",
        "models": list(models),
        **more,
    }


def model(name="acme/m", *prices, **more):
    return {"id": name, "prices": list(prices or [period()]), **more}


def period(since=None, overrides=(), **rates):
    found = {
        "from": since,
        "rates": {k.replace("__", "."): v for k, v in rates.items()} or {"input": "1", "output": "2"},
    }
    return {**found, "overrides": list(overrides)} if overrides else found


def codes(data, **more):
    return [problem.code for problem in suspicions(data, **more)]


@pytest.mark.parametrize(
    ("prices", "expected"),
    [
        (period(input="200", output="200"), []),
        (period(input="3200", output="3200"), ["suspect-rate", "suspect-rate"]),
        (period(input="1", web_search="500"), []),
        (period(input="1", input__cache_read="1"), []),
        (period(input="1", input__cache_read="1.01"), ["suspect-cache-read"]),
        (period(input="1", input__audio="3", input__audio__cache_read="4"), ["suspect-cache-read"]),
        (period(input="40", output="2"), []),
        (period(input="41", output="2"), ["suspect-output"]),
        (period(input="41", output="0"), []),
        (period(overrides=[{"when": {"service_tier": "batch"}, "rates": {"input": "1.1"}}]), []),
    ],
)
def test_odd_prices_of_one_period(prices, expected):
    """Each threshold of the lint: at it nothing is odd, beyond it one finding with its code."""
    if "overrides" in prices:
        prices, expected = {**prices, "context": {"service_tier": ["default", "batch"]}}, ["suspect-batch"]
    assert codes(catalog(model("acme/m", prices))) == expected


def test_a_batch_is_compared_with_the_standard_price_of_the_same_size():
    """Above a threshold a batch may cost more than the usual price, but not more than the standard one there."""
    above = {"when": {"input": {"gt": 1000}}, "rates": {"input": "4"}}
    batch = {"when": {"service_tier": "batch", "input": {"gt": 1000}}, "rates": {"input": "3"}}
    prices = {**period(overrides=[above, batch]), "context": {"service_tier": ["default", "batch"]}}
    assert codes(catalog(model("acme/m", prices))) == []
    dearer = {**batch, "rates": {"input": "5"}}
    assert codes(catalog(model("acme/m", {**prices, "overrides": [above, dearer]}))) == ["suspect-batch"]


@pytest.mark.parametrize(
    ("now", "expected"), [("4", []), ("4.1", ["suspect-jump"]), ("0.25", []), ("0.24", ["suspect-jump"])]
)
def test_jumps_against_the_version_before(now, expected):
    """A rate may grow to 4 times and shrink to a quarter of what the version before says, in its last period."""
    before = catalog(
        model("acme/m", {**period(input="99"), "until": "2026-01-01"}, period("2026-01-01", input="1"))
    )
    assert codes(catalog(model("acme/m", period(input=now))), against=[before]) == expected


@pytest.mark.parametrize(("rate", "odd"), [("3", False), ("3.1", True), ("0.1", False), ("0.09", True)])
def test_outliers_are_measured_against_two_other_providers(rate, odd):
    """A rate is an outlier beyond 3 times or below a tenth of the middle of at least two others, never of one."""
    others = [
        model("b/llama-9-70b", period(input="0.9")),
        model("c/meta/Llama-9-70B-Instruct", period(input="1.1")),
    ]
    mine = model("a/llama-9-70b:free", period(input=rate))
    assert ("suspect-outlier" in codes(catalog(mine, *others))) is odd
    assert codes(catalog(mine, others[0])) == []


def test_quarantine_leaves_suspects_out_unless_they_are_kept():
    """A suspicious model is out of the catalog and in the report; only chosen models are told."""
    data = catalog(
        model("acme/good"), model("acme/bad", period(input="3200")), model("other/bad", period(input="3200"))
    )
    losses = Losses()
    left, found = quarantine(data, models=("acme/*",), keep=False, losses=losses)
    assert [entry["id"] for entry in left["models"]] == ["acme/good", "other/bad"]
    assert [problem.severity for problem in found] == ["warning"]
    assert [(loss.path, loss.severity) for loss in losses.finished()] == [("acme/bad", "refused")]
    assert quarantine(data, models=(), keep=True, losses=Losses())[0] == data


def changes(before, after):
    return [tuple(change[:8]) for change in catalog_changes(before, after)]


def test_models_rates_and_fields_that_differ_are_named():
    """Added and removed models, rates with their percentage, and every other field that differs are changes."""
    old = catalog(model("a"), model("b", lifecycle={"retires": "2027-01-01"}), model("c"))
    new = catalog(model("b", period(input="1.5", output="2")), model("c"), model("d"))
    found = catalog_changes(old, new)
    assert [(c.kind, c.model) for c in found] == [
        ("removed", "a"),
        ("lifecycle", "b"),
        ("rate", "b"),
        ("added", "d"),
    ]
    assert (found[2].meter, found[2].before, found[2].after, found[2].percent) == ("input", "1", "1.5", "+50")
    assert largest_percent(found) == 50


def test_a_changed_rate_says_since_when():
    """A rate that differs in one stretch of time is named with that stretch, neighbours joined."""
    old = catalog(model("a", period(input="1")))
    new = catalog(
        model(
            "a",
            {**period(input="1"), "until": "2026-01-01"},
            {**period("2026-01-01", input="2"), "until": "2026-06-01"},
            period("2026-06-01", input="2"),
        )
    )
    (found,) = catalog_changes(old, new)
    assert (found.since, found.until, found.percent) == ("2026-01-01", None, "+100")


def test_a_stretch_that_only_one_has_a_price_for_is_a_change_of_periods():
    """Where one catalog has no price, the change is one of periods, with what the other says."""
    (found,) = catalog_changes(catalog(model("a", period("2026-01-01"))), catalog(model("a", period(None))))
    assert (found.kind, found.since, found.until, found.before) == ("period", None, "2026-01-01", None)


def test_situations_are_compared_apart_from_the_usual_rates():
    """A rate of a service tier that differs is named with its situation; one that follows the usual rate is not."""
    batch = {"when": {"service_tier": "batch"}, "rates": {"output": "1"}}
    tiers = {"context": {"service_tier": ["default", "batch"]}}
    old = catalog(model("a", {**period(overrides=[batch]), **tiers}))
    dearer = {**batch, "rates": {"output": "1.2"}}
    new = catalog(model("a", {**period(overrides=[dearer]), **tiers}))
    (found,) = catalog_changes(old, new)
    assert (found.meter, json.loads(found.when), found.percent) == (
        "output",
        {"service_tier": "batch"},
        "+20",
    )
    (gone,) = catalog_changes(old, catalog(model("a", {**period(), **tiers})))
    assert (gone.kind, gone.before, gone.after) == ("situation", True, None)


@pytest.mark.parametrize(
    ("before", "after", "percent"),
    [("1", "1.1", "+10"), ("3", "2", "-33.33"), ("0", "1", None), ("2", "2", "0")],
)
def test_percentages_have_a_sign_and_two_digits(before, after, percent):
    """A change is told in percent of the price before, and has none where that was nothing."""
    assert percent_of(Decimal(before), Decimal(after)) == percent


@settings(max_examples=25, deadline=None)
@given(catalogs())
def test_a_catalog_does_not_differ_from_itself(data):
    """Comparing a catalog with itself finds nothing, neither as versions nor as sources."""
    data = {**data, "sources": data.get("sources", {})}
    assert catalog_changes(data, data) == ()
    assert compare_sources(data, data, at=AT).disagreements == ()


@settings(max_examples=25, deadline=None)
@given(catalogs())
def test_the_usual_rates_are_those_that_pricing_uses(data):
    """Where no override holds, the rates of the comparison are those that a price is made of."""
    compiled = compile_catalog(data)
    for entry in data["models"]:
        for found in entry["prices"]:
            usual = next(iter(scenarios(found))).rates
            for name, rate in usual.items():
                written = found["rates"].get(name) or next(
                    v for k, v in found["rates"].items() if meter_named(k).name == name
                )
                amount = written if isinstance(written, str) else written["amount"]
                per = 1_000_000 if meter_named(name).is_token else 1
                wanted = Decimal(amount) * per / (per if isinstance(written, str) else written["per"])
                assert abs(rate - wanted) < Decimal("1e-20")
        assert compiled.resolve(entry["id"]) is not None


def test_sources_are_compared_by_id_alias_and_names_of_providers():
    """A model is matched by id, by an alias of the same provider, or under its providers' other name, once at most."""
    first = catalog(
        model("openai/gpt-x"), model("x-ai/grok-x"), model("google/gem", aliases=["gem-1"]), model("lone/m")
    )
    second = catalog(
        model("openai/gpt-x"), model("xai/grok-x-20260101"), model("vertex_ai/gem-001", aliases=["gem-1"])
    )
    pairs = [(one["id"], other["id"]) for one, other in matched(first, second)]
    assert pairs == [
        ("openai/gpt-x", "openai/gpt-x"),
        ("x-ai/grok-x", "xai/grok-x-20260101"),
        ("google/gem", "vertex_ai/gem-001"),
    ]


def test_disagreements_name_the_likelier_price_and_why():
    """Oddity decides first, then the middle of other providers, then a date; else nothing does."""
    hosts = [model("h1/far", period(input="1")), model("h2/far", period(input="1.2"))]
    first = catalog(
        model("a/odd", period(input="3200")),
        model("a/far", period(input="1")),
        model("a/old", {**period(input="3"), "until": "2027-01-01"}),
        model("a/even", period(input="3")),
        *hosts,
    )
    second = catalog(
        model("a/odd", period(input="3.2")),
        model("a/far", period(input="2.5")),
        model("a/old", period(input="4")),
        model("a/even", period(input="4", output="1")),
    )
    found = compare_sources(first, second, at=AT)
    said = [(d.models[0], d.meter, d.likelier, d.ratio) for d in found.disagreements]
    assert said == [
        ("a/odd", "input", "second", "1000"),
        ("a/far", "input", "first", "2.5"),
        ("a/old", "input", "first", "1.333"),
        ("a/even", "input", "unknown", "1.333"),
        ("a/even", "output", "unknown", None),
    ]
    assert (found.models, found.agreeing) == (4, 0)
    assert largest_gap(found) == 99_900


def test_times_of_day_are_compared_as_they_are_at_the_instant():
    """Two sources that write peak hours the other way round agree at every instant of the day."""
    hours = {"time": [{"start": "01:00", "end": "04:00"}]}
    others = {"time": [{"start": "00:00", "end": "01:00"}, {"start": "04:00", "end": "24:00"}]}
    first = catalog(model("a/m", period(overrides=[{"when": hours, "rates": {"input": "2"}}])))
    second = catalog(
        model("a/m", period(input="2", output="2", overrides=[{"when": others, "rates": {"input": "1"}}]))
    )
    for at in ("2026-11-23T00:59:59Z", "2026-11-23T01:00:00Z", "2026-11-23T04:00:00Z"):
        assert compare_sources(first, second, at=parse_instant(at)).disagreements == ()
    flat = catalog(model("a/m", period()))
    inside = compare_sources(first, flat, at=parse_instant("2026-11-23T01:00:00Z"))
    assert [item.meter for item in inside.disagreements] == ["input"]
    assert compare_sources(first, flat, at=parse_instant("2026-11-23T04:00:00Z")).disagreements == ()


@pytest.mark.parametrize(
    ("situation", "condition", "implied"),
    [
        ({"input": {"gt": 10}}, {"input": {"gt": 10}}, True),
        ({"input": {"gte": 11}}, {"input": {"gt": 10}}, True),
        ({"input": {"gt": 20}}, {"input": {"gte": 10}}, True),
        ({"input": {"gte": 10}}, {"input": {"gt": 10}}, False),
        ({"input": {"lt": 20}}, {"input": {"lt": 10}}, False),
        ({"service_tier": "batch"}, {"service_tier": ["batch", "flex"]}, True),
        ({"service_tier": ["batch", "flex"]}, {"service_tier": "batch"}, False),
        ({"service_tier": "batch", "region": "eu"}, {"region": "eu"}, True),
        ({"region": "eu"}, {"service_tier": "batch", "region": "eu"}, False),
    ],
)
def test_a_situation_implies_the_conditions_that_surely_hold_in_it(situation, condition, implied):
    """An override counts in a situation only where its condition cannot fail there."""
    assert implies(situation, condition) is implied


@pytest.mark.parametrize(
    ("id_", "name", "provider"),
    [
        ("openai/gpt-4o-2024-08-06", "gpt-4o", "openai"),
        ("bedrock/global.anthropic.claude-opus-5-20260101-v1:0", "claude-opus-5", "aws"),
        ("openrouter/deepseek/deepseek-r1:free", "deepseek-r1", "openrouter"),
        ("vertex_ai/claude-sonnet-4-5@20250929", "claude-sonnet-4-5", "google"),
        ("x-ai/grok-4.3", "grok-4-3", "x-ai"),
        ("groq/llama-3.3-70b-versatile", "llama-3-3-70b-versatile", "groq"),
    ],
)
def test_the_same_model_has_one_name_everywhere(id_, name, provider):
    """Makers, regions, dates and versions fall away; providers have one name."""
    assert (model_name(id_), provider_of(id_)) == (name, provider)


def test_names_that_several_claim_go_to_the_preferred_or_to_nobody():
    """An id beats an alias, a preferred claimant beats others, and an undecided name is nobody's."""
    claims = [
        Claim("a/x", "b/x", "1"),
        Claim("a/x", "n", "2"),
        Claim("b/x", "n", "3"),
        Claim("a/x", "k", "4"),
        Claim("b/x", "k", "5"),
    ]
    losses = Losses()
    names = settle_names(
        ["a/x", "b/x"], claims, prefers=lambda name, _: "b/x" if name == "n" else None, losses=losses
    )
    assert names == {"b/x": ("n",)}
    assert [loss.path for loss in losses.finished() if loss.severity == "dropped"] == ["1", "2", "4", "5"]


@given(
    st.decimals(min_value=0, max_value=10**6, places=15),
    st.sampled_from(["input", "page"]),
    st.sampled_from([1, 1000, 3600]),
)
def test_amounts_can_be_written_and_lie_within_twelve_digits_of_the_source(price, meter, per):
    """Whatever a source says, the amount is a decimal of the spec, and equals the source to 12 significant digits."""
    read_back = figure(price, per=per, meter=meter)
    usual = 1_000_000 if meter == "input" else 1
    amount = read_back.amount if isinstance(read_back.amount, str) else read_back.amount["amount"]
    units = usual if isinstance(read_back.amount, str) else read_back.amount["per"]
    parse_decimal(amount)
    assert abs(Decimal(amount) / units - price / per) <= price / per * Decimal("1e-11")
    if not read_back.original:
        assert Decimal(amount) * per == price * units


@pytest.mark.parametrize("price", ["-1", "NaN", "Infinity", "1e40"])
def test_what_is_no_price_is_refused(price):
    """A negative, endless or enormous figure is no price."""
    with pytest.raises(BadFigure):
        figure(Decimal(price), per=1, meter="page")


TEXTS = st.text(max_size=12) | st.sampled_from(
    ["no", "yes", "null", "1:30", "0x10", "017", "2026-11-23", "a: b", "# c", "é", "-", "~"]
)
PLAIN = st.recursive(
    TEXTS.filter(lambda t: t.isprintable()) | st.integers(-9, 9) | st.booleans() | st.none(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(TEXTS.filter(lambda t: t and t.isprintable()), inner, max_size=3)
    ),
    max_leaves=10,
)


@given(PLAIN, st.lists(PLAIN, max_size=2))
def test_text_reads_as_the_same_data(value, items):
    """What is written as YAML or JSON reads as the same data, whatever the words in it."""
    data = {
        "id": "c",
        "x": value,
        "models": [{"id": "m", "prices": [{"rates": {"input": "1"}, "extra": value}]}],
        "prices": items,
    }
    for text, name in ((yaml_text(data, comment="a\nb"), "c.yaml"), (json_text(data), "c.json")):
        found = read(text.encode(), file=name)
        assert found.problems == ()
        assert found.data == data
