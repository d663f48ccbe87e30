"""Catalogs, usages and instants for properties: small pools, so that everything meets everything."""

from __future__ import annotations

from hypothesis import assume
from hypothesis import strategies as st

from opentokenbudget.amounts import format_instant, parse_instant
from opentokenbudget.pricing import catalog_problems

TOKEN_METERS = [
    "input",
    "input.cache_read",
    "input.cache_write",
    "input.cache_write.1h",
    "input.audio",
    "input.audio.cache_read",
    "output",
    "output.reasoning",
    "output.audio",
]
OTHER_METERS = ["web_search", "deep.web_search", "request", "audio_second", "page"]
METERS = TOKEN_METERS + OTHER_METERS
CONTEXT = {"service_tier": ["default", "batch", "priority"], "region": ["global", "eu"]}
THRESHOLDS = [0, 1, 5, 10, 100, 1000]
START = parse_instant("2026-03-20T00:00:00Z")
DAY = 86_400 * 10**9
# Ten days that hold the change of the clocks in Berlin (29 March, 01:00 UTC) and whole weekends.
LAST = START + 12 * DAY

amounts = st.sampled_from(
    ["0", "1", "2.5", "0.1", "3.75", "10.00006", "0.003625", "0.000000000001", "0.333333333333", "17"]
)
rates = st.one_of(
    amounts,
    st.fixed_dictionaries({"amount": amounts, "per": st.sampled_from([1, 3, 7, 1000, 3600, 1_000_000])}),
)
factors = st.sampled_from(["0.5", "2", "1.1", "0.333333333333", "0", "1", "6"])
clocks = st.sampled_from(["00:00", "00:30", "02:00", "02:30", "06:15:30", "12:00", "23:59"])


def instants(first: int = START, last: int = LAST) -> st.SearchStrategy[int]:
    """Instants around window edges, and any others between."""
    halves = st.integers(first // (1800 * 10**9), last // (1800 * 10**9)).map(lambda n: n * 1800 * 10**9)
    near = st.tuples(halves, st.sampled_from([-1, 0, 1, 30 * 10**9])).map(sum)
    return st.one_of(near, st.integers(first, last)).map(lambda at: min(max(at, first), last))


@st.composite
def windows(draw: st.DrawFn) -> dict:
    """One window that is not empty."""
    window: dict = {}
    start, end = draw(clocks), draw(st.one_of(clocks, st.just("24:00")))
    if draw(st.booleans()) and start != end:
        window |= {"start": start, "end": end}
    if draw(st.booleans()):
        days = st.sampled_from(["mon", "tue", "wed", "thu", "fri", "sat", "sun"])
        window["days"] = draw(st.lists(days, min_size=1, max_size=4, unique=True))
    if draw(st.booleans()):
        zones = ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Pacific/Chatham"]
        window["timezone"] = draw(st.sampled_from(zones))
    if draw(st.integers(0, 3)) == 0:
        window["except_dates"] = [format_instant(START + draw(st.integers(0, 10)) * DAY)[:10]]
    return window or {"days": ["sat", "sun"]}


@st.composite
def tests_of(draw: st.DrawFn, context: dict, meters: list[str]) -> dict:
    """A condition on one thing."""
    kind = draw(st.integers(0, 5))
    if kind == 0:
        return {"time": draw(st.lists(windows(), min_size=1, max_size=2))}
    if kind <= 2 and context:
        key = draw(st.sampled_from(sorted(context)))
        values = st.sampled_from(context[key])
        return {key: draw(st.one_of(values, st.lists(values, min_size=1, max_size=2, unique=True)))}
    meter = draw(st.sampled_from(meters))
    amount = draw(st.sampled_from(THRESHOLDS))
    if kind == 5:
        return {meter: draw(st.sampled_from([amount, [amount, amount + 3], {"exists": True}]))}
    return {meter: {draw(st.sampled_from(["lt", "lte", "gt", "gte"])): amount}}


def conditions(context: dict, meters: list[str]) -> st.SearchStrategy[dict]:
    """Conditions up to two levels of logic."""
    tests = tests_of(context, meters)
    merged = st.lists(tests, min_size=1, max_size=2).map(
        lambda parts: {k: v for p in parts for k, v in p.items()}
    )
    return st.one_of(
        merged,
        merged,
        st.lists(merged, min_size=1, max_size=2).map(lambda parts: {"any": parts}),
        st.lists(merged, min_size=1, max_size=2).map(lambda parts: {"all": parts}),
        merged.map(lambda part: {"not": part}),
    )


@st.composite
def periods(draw: st.DrawFn, *, bounded: bool = False) -> dict:
    """One price period, since ever; `bounded` leaves out what an upper bound does not speak of."""
    meters = draw(st.lists(st.sampled_from(METERS), min_size=1, max_size=7, unique=True))
    if bounded or draw(st.integers(0, 3)):
        meters = list(dict.fromkeys(["input", "output", *meters]))
    period: dict = {"from": None, "rates": {meter: draw(rates) for meter in meters}}
    context = {key: values for key, values in CONTEXT.items() if draw(st.booleans())}
    if context:
        period["context"] = context
    overrides = []
    for _ in range(draw(st.integers(0, 4))):
        override: dict = {"when": draw(conditions(context, meters))}
        changes = draw(st.integers(1, 3))
        if changes & 1:
            more = draw(st.lists(st.sampled_from(METERS), min_size=1, max_size=3, unique=True))
            override["rates"] = {meter: draw(rates) for meter in more}
        if changes & 2:
            override["multiply"] = draw(factors)
            if draw(st.integers(0, 2)) == 0:
                override["meters"] = draw(
                    st.lists(st.sampled_from(meters), min_size=1, max_size=2, unique=True)
                )
        overrides.append(override)
    if overrides:
        period["overrides"] = overrides
    if draw(st.integers(0, 3)) == 0:
        period["minimums"] = {draw(st.sampled_from(meters)): draw(st.sampled_from([1, 10, 50]))}
    if draw(st.integers(0, 3)) == 0:
        period["allowances"] = [
            {
                "meter": draw(st.sampled_from(meters)),
                "quantity": draw(st.sampled_from([1, 7, 1500])),
                "period": "day",
            }
        ]
    if context and draw(st.integers(0, 5)) == 0:
        key = draw(st.sampled_from(sorted(context)))
        period["forbid"] = [{"when": {key: context[key][-1]}}]
    return period


@st.composite
def dated(draw: st.DrawFn, *, bounded: bool = False) -> list[dict]:
    """One to three periods that follow each other, now and then with a gap."""
    edges = draw(st.lists(instants(), max_size=3, unique=True).map(sorted))
    found = []
    for number, edge in enumerate([None, *edges]):
        period = draw(periods(bounded=bounded))
        period["from"] = None if edge is None else format_instant(edge)
        if number < len(edges):
            period["until"] = format_instant(edges[number])
        if number == 0 or draw(st.integers(0, 4)):
            found.append(period)
    return found


@st.composite
def catalogs(draw: st.DrawFn, *, bounded: bool = False) -> dict:
    """A valid catalog of two models, `a/one` and `a/two`, with a redirect and discounts now and then."""
    models: list[dict] = [
        {"id": name, "aliases": [name[2:]], "prices": draw(dated(bounded=bounded))}
        for name in ("a/one", "a/two")
    ]
    if draw(st.integers(0, 3)) == 0:
        redirect = {"from": format_instant(draw(instants())), "model": "a/two"}
        models[0]["lifecycle"] = {"billed_as": [redirect]}
    data: dict = {
        "otb": "1.0",
        "kind": "catalog",
        "id": "c",
        "version": "1.0.0",
        "currency": "USD",
        "models": models,
    }
    if draw(st.integers(0, 2)) == 0:
        data["discounts"] = draw(st.lists(discounts(), min_size=1, max_size=2))
    # Conditions on many meters may tell too many combinations apart.
    assume(not catalog_problems(data))
    return data


@st.composite
def discounts(draw: st.DrawFn) -> dict:
    """A discount, of some models or all, some meters or all tokens, dated or not."""
    discount: dict = {"multiply": draw(factors)}
    if draw(st.booleans()):
        discount["models"] = ["a/one"]
    if draw(st.booleans()):
        discount["meters"] = draw(st.lists(st.sampled_from(METERS), min_size=1, max_size=3, unique=True))
    edges = sorted(draw(st.lists(instants(), max_size=2, unique=True)))
    discount |= dict(zip(("from", "until"), map(format_instant, edges), strict=False))
    return discount


@st.composite
def usages(draw: st.DrawFn, meters: list[str] = METERS, *, fractions: bool = True) -> dict:
    """A usage that adds up: leaves are drawn, and what is reported is their sums."""
    chosen = draw(st.lists(st.sampled_from(meters), max_size=6, unique=True))
    quantities = st.one_of(st.sampled_from([0, 0, 1, 4, 5, 6, 10, 11, 100, 101, 999]), st.integers(0, 10**15))
    leaves = {meter: draw(quantities) for meter in chosen}
    usage: dict = {}
    for meter in chosen:
        mine = set(meter.split("."))
        usage[meter] = sum(leaf for other, leaf in leaves.items() if mine <= set(other.split(".")))
        if usage[meter] > 2**53 - 1:
            usage[meter] = 2**53 - 1
        if fractions and meter in OTHER_METERS and draw(st.integers(0, 5)) == 0:
            usage[meter] = f"{usage[meter] % 1000}.{draw(st.sampled_from(['5', '25', '333333333333']))}"
    return usage


contexts = st.fixed_dictionaries(
    {}, optional={key: st.sampled_from(values) for key, values in CONTEXT.items()}
)
