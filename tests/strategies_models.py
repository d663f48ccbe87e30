"""Strategies for documents of every kind, valid but for a few chosen at random; the schema is the judge."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

Strategy = st.SearchStrategy[Any]
LARGEST = 2**53 - 1


def form(required: dict[str, Strategy], /, **optional: Strategy) -> Strategy:
    """Mappings with all of `required` and some of `optional`; a name's last `_` is left out."""
    named = {name.removesuffix("_"): strategy for name, strategy in optional.items()}
    # Fields in turns, so that one draw need not decide on each of thirty.
    few = st.lists(st.sampled_from(sorted(named)), max_size=4, unique=True) if named else st.just([])
    return few.flatmap(
        lambda names: st.fixed_dictionaries({**required, **{name: named[name] for name in names}})
    )


def listed(items: Strategy, least: int = 0, most: int = 2) -> Strategy:
    return st.lists(items, min_size=least, max_size=most)


def keyed(keys: Strategy, values: Strategy, least: int = 0, most: int = 2) -> Strategy:
    return st.dictionaries(keys, values, min_size=least, max_size=most)


def one(*values: Any) -> Strategy:
    return st.sampled_from(values)


booleans = st.booleans()
versions = one("1.0", "0.0", "9999.9999", "1.10")
semvers = one("1.0.0", "0.0.0-alpha.1", "10.20.30+build.5", "1.2.3--x.0+a-b")
ids = one("a", "small", "A-1_b.c", "0", "x" * 128)
model_ids = one("a/b", "openai/gpt-6", "@cf/meta:1", "m" * 256, "gpt+1")
attribute_names = one("task", "plan", "a", "user_2", "a" * 64)
labels = one("fraud", "Größe 1", "a b", "x" * 256, "–")
digests = st.integers(0, 2**256 - 1).map(lambda number: f"sha256:{number:064x}")
decimals = one("0", "1", "0.05", "9" * 30, "1." + "0" * 11 + "1", "85000", "0.0")
signed_decimals = st.one_of(decimals, one("-0", "-1.25"))
shares = one("0", "1", "0.5", "1.000000000000", "0.999999999999")
dates = one("2026-11-23", "0000-01-01", "9999-12-31", "2026-02-30")
instants = one("2026-11-23T12:00:00Z", "2026-11-23T23:59:59.123456789+23:59", "0001-01-01T00:00:00-00:00")
moments = st.one_of(dates, instants)
durations = one("P30D", "PT1H", "P1DT1H1M1S", "PT999999M999999999S", "PT0S")
clocks = one("00:00", "23:59", "24:00", "24:00:00", "06:30:15")
zones = one("UTC", "America/New_York", "Etc/GMT+5", "No/Such_Zone")
currencies = one("USD", "EUR", "X01", "ABCDEFGHIJ")
meters = one("input", "input.cache_read", "output", "web_search", "0", "a.b.c.d.e.f.g.h")
texts = st.one_of(one("", "own evaluation", "x" * 4096), st.text(max_size=4))
tokens = one(0, 1, 1000, LARGEST)
positive = one(1, 4096, LARGEST)
quantities = st.one_of(tokens, one("0", "1.5", "9" * 16))
counts = one(1, 2, 100)
days = one("mon", "tue", "wed", "thu", "fri", "sat", "sun")
modalities = one("text", "image", "audio", "video", "pdf", "embedding", "score")
true = st.just(True)

json_data = st.recursive(
    st.none() | booleans | st.integers(-LARGEST, LARGEST) | st.text(max_size=3),
    lambda inner: listed(inner) | keyed(st.text(max_size=3), inner),
    max_leaves=4,
)
json_mappings = keyed(st.text(max_size=3), json_data)
extensions = keyed(one("com.example.desk", "a.0", "a-b.c-d"), form({}, required=booleans, x=json_data))
references = form({"path": one("a.yaml", "../b c.json")}) | form({"digest": digests})
usages = keyed(meters, quantities)
contexts = keyed(attribute_names, labels)

scalars = st.one_of(st.text(max_size=3), st.integers(), booleans)
operands = one(0, -5, 2**70, "0.5", "anything")
fragments = st.text(min_size=1, max_size=3) | st.just("x" * 256)
operators = form(
    {}, lt=operands, lte=operands, gt=operands, gte=operands, prefix=fragments, contains=fragments,
    matches=fragments, exists=booleans,
)  # fmt: skip
tests = st.one_of(scalars, listed(scalars, 1), operators)
windows = form({}, days=listed(days, 1), start=clocks, end=clocks, timezone=zones, except_dates=listed(dates))
paths = one("task", "candidate.tier", "input.cache_read", "0", "lt", "not_", "x" * 256, "by")
conditions: Strategy = st.deferred(
    lambda: st.one_of(
        keyed(paths, tests, 1),
        form({"not": conditions}),
        form({"all": listed(conditions, 1)}, task=tests),
        form({"any": listed(conditions, 1)}, time=listed(windows, 1)),
        form({"time": listed(windows, 1)}, value=tests),
    )
)


def document(kind: str, required: dict[str, Strategy], /, **optional: Strategy) -> Strategy:
    envelope = {"otb": versions, "kind": st.just(kind), "id": ids, "version": semvers}
    return form({**envelope, **required}, description=texts, extensions=extensions, **optional)


# Catalogs.
rates = keyed(meters, st.one_of(decimals, form({"amount": decimals, "per": one(1, 3600, 10**12)})))
overrides = st.one_of(
    form({"when": conditions, "rates": rates}, multiply=decimals),
    form({"when": conditions, "multiply": decimals}, meters=listed(meters, 1)),
)
periods = form(
    {"from": st.none() | moments, "rates": rates},
    until=moments,
    source=ids,
    context=keyed(attribute_names, listed(labels, 1)),
    overrides=listed(overrides),
    minimums=keyed(meters, quantities),
    forbid=listed(form({"when": conditions})),
    allowances=listed(
        form(
            {"meter": meters, "quantity": quantities, "period": one("day", "week", "month", "year")},
            timezone=zones,
            shared=ids,
        )
    ),
    normalized_from=keyed(meters, texts),
)
lifecycles = form(
    {},
    released=moments,
    deprecated=moments,
    retires=moments,
    replacement=model_ids,
    billed_as=listed(form({"from": moments, "model": model_ids}, until=moments)),
)
capabilities = form(
    {},
    context_window=positive,
    max_input=positive,
    max_output=positive,
    input=listed(modalities),
    output=listed(modalities),
    features=listed(attribute_names),
)
catalog_models = form(
    {"id": model_ids, "prices": listed(periods)},
    aliases=listed(model_ids),
    description=texts,
    lifecycle=lifecycles,
    capabilities=capabilities,
    extensions=extensions,
)
sources = form(
    {"url": texts}, package=texts, path=texts, retrieved=dates, published=dates, licence=texts, note=texts
)
catalogs = document(
    "catalog",
    {"currency": currencies, "models": listed(catalog_models)},
    extends=references,
    discounts=listed(
        form(
            {"multiply": decimals},
            models=listed(model_ids, 1),
            meters=listed(meters, 1),
            from_=moments,
            until=moments,
        )
    ),
    sources=keyed(ids, sources),
)

# Value rules and classifiers.
value_rules = document(
    "value-rules",
    {"rules": listed(form({"id": ids, "weight": decimals}, description=texts, group=ids, when=conditions))},
    default=decimals,
    floor=decimals,
    ceiling=decimals,
)
grams = form({"from": one(1, 8), "to": one(1, 8)})
classifiers = document(
    "classifier",
    {
        "features": form({"bucket_bits": one(8, 20)}, words=grams, characters=grams),
        "labels": listed(form({"id": labels, "gives": labels, "bias": one(0, -(2**31), 2**31 - 1)}), 2, 3),
        "weights": one("", "AAAA", "AA==", "a+/="),
        "temperature": form({"numerator": positive, "denominator": positive}),
    },
    trained_on=texts,
)

# Pools and policies.
amounts = one("0", "1", "0.05", "9" * 15, "9" * 15 + "." + "9" * 12, "85000", "0.0")
signed_amounts = st.one_of(amounts, one("-0", "-1.25", "-" + "9" * 15))
limits = st.one_of(
    form({"cost": st.none() | amounts}),
    form({"value_tokens": st.none() | amounts}),
    keyed(meters, st.one_of(st.none(), one(0, 1, 1000, 10**15 - 1), amounts), 1, 1),
)
all_limits = st.one_of(
    limits,
    form({"by": attribute_names, "of": keyed(st.text(max_size=3), limits, 1), "otherwise": limits}),
)
pool_windows = st.one_of(
    form({"calendar": one("day", "week", "month", "year")}, timezone=zones, week_start=days),
    form({"fixed": durations, "anchor": instants}),
    form({"rolling": durations, "grain": durations}),
    form({"bucket": form({"refill": amounts, "per": durations})}),
    form({"idle": durations}),
    form({"lifetime": true}),
)
actions = st.one_of(
    one("deny", "queue", "allow"),
    form({"downgrade": ids}),
    form({"throttle": form({"requests": positive, "per": durations})}),
)
reasons = st.one_of(one("agreed", "x" * 4096), st.text(min_size=1, max_size=4))
limit_adjustments = form(
    {"id": ids, "from": moments, "amount": signed_amounts, "reason": reasons},
    until=moments,
    partition=listed(labels),
)
pool_fields = {"id": ids, "limit": all_limits, "window": pool_windows}
pool_options = {
    "description": texts,
    "parent": ids,
    "when": conditions,
    "partition_by": listed(attribute_names, 1),
    "thresholds": listed(form({"at": shares, "do": actions}, when=conditions)),
    "guarantees": listed(form({"when": conditions, "share": shares})),
    "at_limit": actions,
    "expires_after": durations,
    "on_expiry": one("charge", "release"),
    "carry_overrun": booleans,
    "rollover": form({"cap": st.none() | amounts}),
    "adjustments": listed(limit_adjustments),
}
pools = st.one_of(
    form(
        {**pool_fields, "enforcement": one("reserve"), "on_store_failure": one("open", "closed")},
        **pool_options,
    ),
    form({**pool_fields, "enforcement": one("reserve", "check", "soft", "shadow")}, **pool_options),
)
cascades = form({"tiers": listed(ids, 2, 3), "accept": conditions})
routes = st.one_of(
    form({"tier": ids}, floor=ids, require=conditions),
    form({"cascade": cascades}, floor=ids),
    form({"deny": true}),
)
rules = st.builds(
    lambda rule, route: {**rule, **route}, form({"id": ids}, description=texts, when=conditions), routes
)
phrases = listed(st.text(min_size=1, max_size=3), 1)
policy_classifiers = st.builds(
    lambda classifier, means: {**classifier, **means},
    form({"id": ids, "gives": attribute_names}, min_confidence=shares),
    st.one_of(
        form({"keywords": listed(form({"of": labels, "any": phrases}), 1)}),
        form({"external": true}),
        form({"otherwise": labels}),
        form({"artefact": references}),
        form({"clusters": references}),
    ),
)
tiers = form(
    {"id": ids, "models": listed(model_ids, 1)},
    description=texts,
    select=one("first", "cheapest", "weighted")
    | form({"utility": form({"per_second": decimals}, liability=decimals)}),
)
failures = ("unavailable", "rate_limited", "timeout", "context_exceeded", "model_gone", "content_filtered")
attributes = form(
    {"type": one("string", "integer", "decimal", "boolean", "strings")},
    trust=one("verified", "asserted"),
    required=booleans,
    private=booleans,
    values=listed(labels, 1),
    description=texts,
)
policies = document(
    "policy",
    {"catalog": references, "tiers": listed(tiers, 1), "default": routes},
    value_rules=references,
    subject=attribute_names,
    timezone=zones,
    attributes=keyed(attribute_names, attributes),
    defaults=form({}, max_output_tokens=positive, overhead_tokens=tokens),
    classifiers=listed(policy_classifiers),
    deployments=listed(
        form(
            {"id": model_ids, "model": model_ids},
            context=contexts,
            weight=one(0, 1_000_000),
            description=texts,
            extensions=extensions,
        )
    ),
    ratings=listed(
        form(
            {"model": model_ids, "as_of": dates, "source": texts},
            latency_ms=tokens,
            quality=keyed(st.text(max_size=3), shares, 1),
        )
    ),
    rules=listed(rules),
    pools=listed(pools),
    fallback=form(
        {"after": listed(one(*failures), 1)},
        attempts=one(1, 16),
        to=one("same-tier", "same-tier-then-up", "same-tier-then-down") | keyed(ids, ids, 1),
    ),
    fairness=form(
        {}, groups=listed(attribute_names, 1), quality_floor=keyed(st.text(max_size=3), ids), max_gap=shares
    ),
    explore=form({"rate": shares}, when=conditions),
)
