"""The oracle of prices: DESIGN §4.1 and §4.2 read word for word, with fractions, slowly, nothing remembered.

It works on the plain document, and shares with what it judges only the reading of instants and the plain
evaluator of conditions.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations

from opentokenbudget.amounts import parse_date, parse_instant
from opentokenbudget.conditions import evaluate, parse

EVER = 10**30


class Refused(Exception):
    """The usage cannot be priced; `codes` are all the reasons."""

    def __init__(self, *codes: str) -> None:
        super().__init__(codes)
        self.codes = set(codes)


def price(
    data: dict,
    model: str,
    usage: dict,
    at: int,
    context: dict | None = None,
    used: dict | None = None,
    base: dict | None = None,
) -> list[tuple[frozenset, Fraction, Fraction, int, Fraction]]:
    """Return lines (meter, quantity, rate per unit, amount in 10⁻¹², free quantity) in canonical order.

    Raises:
        Refused: the codes of all problems.
    """
    models = {m["id"]: (m, [(data, True)]) for m in data["models"]}
    for inherited in (base or {"models": []})["models"]:
        models.setdefault(inherited["id"], (inherited, [(base, True), (data, True)]))
    named = [m for m, _ in models.values() if model == m["id"] or model in m.get("aliases", ())]
    if not named:
        raise Refused("unknown-model")
    chosen = named[0]["id"]
    for redirect in named[0].get("lifecycle", {}).get("billed_as", ()):
        if holds_at(redirect, at):
            chosen = redirect["model"]
    plain, documents = models[chosen]
    periods = [period for period in plain["prices"] if holds_at(period, at)]
    if not periods:
        raise Refused("no-price-at-time")
    period = periods[0]
    declared = period.get("context", {})
    for key, value in (context or {}).items():
        if value not in declared.get(key, ()):
            raise Refused("unknown-context")
    terms = {key: values[0] for key, values in declared.items()} | (context or {})
    discounts = [
        discount
        for document, _ in documents
        for discount in document.get("discounts", ())
        if chosen in discount.get("models", [chosen]) and holds_at(discount, at)
    ]
    reported = {tags(name): quantity(value) for name, value in usage.items()}
    matching = overrides_that_hold(period, terms, reported, at)
    if any(condition_holds(f["when"], period, terms, reported, at) for f in period.get("forbid", ())):
        raise Refused("forbidden-context")
    rates = {tags(name): per_unit(name, written) for name, written in period["rates"].items()}
    for override in matching:
        rates |= {tags(name): per_unit(name, written) for name, written in override.get("rates", {}).items()}
    for multiplying in (*matching, *discounts):
        if "multiply" in multiplying:
            for meter in rates:
                only = multiplying.get("meters")
                if meter & {"input", "output"} if only is None else meter in map(tags, only):
                    rates[meter] *= Fraction(multiplying["multiply"])
    request = frozenset(["request"])
    if request in rates and not any("request" in meter for meter in reported):
        reported[request] = Fraction(1)
    return lines(reported, rates, period, used)


def lines(reported: dict, rates: dict, period: dict, used: dict | None) -> list:
    codes = set()
    leaves: dict[frozenset, Fraction] = {}
    for meter in sorted(reported, key=len, reverse=True):
        leaves[meter] = reported[meter] - sum(leaf for other, leaf in leaves.items() if other > meter)
        if leaves[meter] < 0:
            codes.add("subset-exceeds-parent")
    for one, other in combinations(reported, 2):
        join = one | other
        if join in (one, other) or join in reported or join not in rates:
            continue
        if reported[one] and reported[other]:
            codes.add("join-required")
    found = []
    minimums = {tags(name): quantity(least) for name, least in period.get("minimums", {}).items()}
    for meter in sorted(leaves, key=canonical_order):
        if leaves[meter] <= 0:
            continue
        priced = [meter] if meter in rates else [other for other in rates if other < meter]
        nearest = [m for m in priced if not any(m < other for other in priced)]
        if not nearest:
            codes.add("unpriced-meter")
        elif len({rates[m] for m in nearest}) > 1:
            codes.add("ambiguous-rate")
        else:
            billed = max(leaves[meter], minimums.get(meter, Fraction(0)))
            free = Fraction(0)
            for allowance in period.get("allowances", ()) if used is not None else ():
                if tags(allowance["meter"]) == meter:
                    before = sum(
                        (quantity(q) for name, q in used.items() if tags(name) == meter), Fraction(0)
                    )
                    free = min(billed, max(Fraction(0), quantity(allowance["quantity"]) - before))
            # Python rounds fractions half to even.
            amount = round((billed - free) * rates[nearest[0]] * 10**12)
            found.append((meter, billed, rates[nearest[0]], amount, free))
    if codes:
        raise Refused(*codes)
    return found


def tags(name: str) -> frozenset:
    return frozenset(name.split("."))


def quantity(value: int | str) -> Fraction:
    return Fraction(value)


def per_unit(name: str, written: str | dict) -> Fraction:
    if isinstance(written, dict):
        return Fraction(written["amount"]) / written["per"]
    return Fraction(written) / (1_000_000 if tags(name) & {"input", "output"} else 1)


def canonical_order(meter: frozenset) -> tuple:
    return (0 if "input" in meter else 1 if "output" in meter else 2, canonical_name(meter))


def canonical_name(meter: frozenset) -> str:
    first = [tag for tag in ("input", "output") if tag in meter]
    rest = meter - set(first)
    letters = sorted(tag for tag in rest if not tag[0].isdigit())
    return ".".join([*first, *letters, *sorted(tag for tag in rest if tag[0].isdigit())])


def moment(text: str | None, otherwise: int) -> int:
    if text is None:
        return otherwise
    return parse_instant(text) if "T" in text else parse_date(text)


def holds_at(piece: dict, at: int) -> bool:
    return moment(piece.get("from"), -EVER) <= at < moment(piece.get("until"), EVER)


def overrides_that_hold(period: dict, terms: dict, reported: dict, at: int) -> list[dict]:
    return [
        override
        for override in period.get("overrides", ())
        if condition_holds(override["when"], period, terms, reported, at)
    ]


def condition_holds(when: dict, period: dict, terms: dict, reported: dict, at: int) -> bool:
    requests = "request" in period["rates"] or any(
        "request" in override.get("rates", {}) for override in period.get("overrides", ())
    )
    seen = dict(reported)
    if requests and not any("request" in meter for meter in reported):
        seen[frozenset(["request"])] = Fraction(1)
    types: dict[str, str] = {}
    facts: dict[str, object] = {}
    for name in names_in(when):
        if name in terms:
            types[name], facts[name] = "string", terms[name]
        elif name == "time":
            types[name], facts[name] = "time", at
        else:
            is_token = bool(tags(name) & {"input", "output"})
            amount = seen.get(tags(name), Fraction(0))
            types[name] = "integer" if is_token else "decimal"
            facts[name] = int(amount if is_token else amount * 10**12)
    return evaluate(parse(when, types=types), facts) is True


def names_in(when: dict) -> set[str]:
    found: set[str] = set()
    for key, value in when.items():
        if key in ("all", "any"):
            found |= set().union(*map(names_in, value))
        elif key == "not":
            found |= names_in(value)
        else:
            found.add(key)
    return found
