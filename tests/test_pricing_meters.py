"""Meters and rates."""

from __future__ import annotations

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opentokenbudget.pricing import BadMeter, meter_named
from opentokenbudget.pricing.rates import rate_of, read_rate

INPUT = meter_named("input")


@pytest.fixture(autouse=True)
def _read_anew() -> None:
    """What is remembered of meters is forgotten, so that each test sees them read."""
    meter_named.cache_clear()


@pytest.mark.parametrize(
    ("written", "canonical"),
    [
        ("input", "input"),
        ("cache_read.input", "input.cache_read"),
        ("1h.cache_write.input", "input.cache_write.1h"),
        ("audio.output", "output.audio"),
        ("web_search.deep", "deep.web_search"),
        ("9.b.10.a", "a.b.10.9"),
    ],
)
def test_a_meter_has_one_canonical_writing(written, canonical):
    """Input or output first, then letters, then digits, each in ASCII order."""
    meter = meter_named(written)
    assert (meter.name, str(meter)) == (canonical, canonical)
    assert meter.tags == {*canonical.split(".")}


@given(
    st.lists(st.from_regex(r"[a-z0-9][a-z0-9_]{0,5}", fullmatch=True), min_size=1, max_size=5, unique=True)
)
def test_the_order_of_tags_means_nothing(tags):
    """Every order of the same tags is the same meter."""
    if {"input", "output"} <= set(tags):
        return
    assert len({meter_named(".".join(order)) for order in permutations(tags)}) == 1


@pytest.mark.parametrize(
    "written",
    [
        *("", ".", "input.", "Input", "input..a", "in put", "_a", "input.input", "input.output", "a-b"),
        *("é", "١", "input\n", "a.b.c.d.e.f.g.h.i", "x" * 300),
    ],
)
def test_what_is_no_meter_is_refused(written):
    """Eight tags of a-z, 0-9 and `_` at most, none twice, never both input and output."""
    with pytest.raises(BadMeter):
        meter_named(written)


@pytest.mark.parametrize("written", ["input", "output.x", "cached.input"])
def test_token_meters_are_priced_per_million(written):
    """A meter that contains input or output counts tokens."""
    meter = meter_named(written)
    assert meter.is_token
    assert read_rate(meter, "2").numerator == 2 * 10**6


def test_other_meters_are_priced_per_unit():
    """All others are priced per unit, unless `per` says otherwise."""
    meter = meter_named("audio_second")
    assert (read_rate(meter, "2").numerator, read_rate(meter, "2").denominator) == (2 * 10**12, 1)
    rate = read_rate(meter, {"amount": "0.111", "per": 3600})
    assert (rate.numerator, rate.denominator) == (92_500_000, 3)
    assert rate.as_json() == {"amount": "0.111", "per": 3600}


@pytest.mark.parametrize(
    "written", ["1e3", "-1", "", "01", {"amount": "1", "per": 0}, {"amount": "1", "per": True}, 1.5]
)
def test_what_is_no_rate_is_refused(written):
    """A rate is a decimal string from 0 up, for at least one unit."""
    with pytest.raises(ValueError, match=r"."):
        read_rate(INPUT, written)


@given(
    st.integers(0, 10**20), st.lists(st.integers(0, 10**13), max_size=6), st.sampled_from([1, 7, 3600, 10**6])
)
def test_multiplying_a_rate_loses_nothing(mantissa, factors, per):
    """The amount written has every digit of the product."""
    rate = rate_of(INPUT, mantissa, 12, per)
    exact, scale = mantissa, 12
    for factor in factors:
        rate = rate.times(factor)
        exact, scale = exact * factor, scale + 12
    whole, _, fraction = rate.amount.partition(".")
    assert int(whole + fraction) * 10 ** (scale - len(fraction)) == exact
    assert rate.numerator * per * 10**scale == rate.denominator * exact * 10**12
