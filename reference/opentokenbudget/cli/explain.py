"""`otb explain`: a problem code, a requirement or a reason code, in words."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping
from typing import Any

import click

from ..problems import did_you_mean
from .codes import problem_codes, reason_codes, requirements
from .formats import visible
from .printing import print_text

_WIDTH = 96
_OF = {
    "decision": "a reason of a decision",
    "classifier": "a verdict on a classifier, in a trace",
    "rule": "a verdict on a rule, in a trace",
    "candidate": "a verdict on a candidate, in a trace",
    "pool": "a verdict on a pool, in a trace",
}


@click.command("explain")
@click.argument("code", required=False)
@click.option("--list", "everything", is_flag=True, help="List every code and requirement.")
def explain(code: str | None, everything: bool) -> None:
    """Explain CODE: a problem code, a requirement like OTB-POOL-002, or a reason code of a decision.

    \b
    otb explain unknown-tier
    otb explain OTB-PRICE-007
    otb explain fallback-tier
    """
    if (code is None) is not everything:
        raise click.UsageError("say one CODE, or --list")
    if everything:
        print_text("\n".join(_list()))
        return
    word = str(code).strip()
    told = list(_explained(word))
    if not told:
        known = (*problem_codes(), *reason_codes(), *requirements())
        near = did_you_mean(word.lower(), known) or did_you_mean(word.upper(), known)
        raise click.UsageError(
            f"`{visible(word[:100])}` is no code and no requirement{near or ': see otb explain --list'}"
        )
    print_text("\n\n".join(told))


def _explained(word: str) -> Iterator[str]:
    """Yield a paragraph for each list in which `word` stands."""
    problem = problem_codes().get(word.lower())
    if problem is not None:
        yield "\n".join(_problem(word.lower(), problem))
    reason = reason_codes().get(word.lower())
    if reason is not None:
        yield "\n".join(_reason(word.lower(), reason))
    requirement = requirements().get(word.upper())
    if requirement is not None:
        yield "\n".join(_requirement(requirement))


def _problem(code: str, entry: Mapping[str, str]) -> Iterator[str]:
    yield f"{code} ({entry['severity']})"
    yield _indented(entry["summary"])
    yield "for example"
    yield textwrap.indent(entry["example"], "  ")
    yield "what to do"
    yield _indented(entry["remedy"])


def _reason(code: str, entry: Mapping[str, Any]) -> Iterator[str]:
    of = entry.get("of", ())
    yield f"{code} ({', '.join(_OF.get(one, one) for one in of) or 'a reason'})"
    yield _indented(entry["summary"])
    if "example" in entry:
        yield "for example"
        yield textwrap.indent(entry["example"], "  ")


def _requirement(entry: Mapping[str, Any]) -> Iterator[str]:
    yield f"{entry['id']} ({entry['level']}, spec/{entry['page']}.md)"
    yield _indented(entry["text"])
    if not entry["testable"]:
        yield "not testable"
        yield _indented(entry["reason"])


def _list() -> Iterator[str]:
    yield "problem codes"
    for code, problem in problem_codes().items():
        yield f"  {code:<32} {problem['severity']:<8} {problem['summary']}"
    yield "reason codes"
    for code, reason in reason_codes().items():
        yield f"  {code:<32} {reason['summary']}"
    yield "requirements"
    for id_, requirement in requirements().items():
        yield f"  {id_:<32} {requirement['text']}"


def _indented(text: str) -> str:
    return textwrap.fill(text, _WIDTH, initial_indent="  ", subsequent_indent="  ", break_on_hyphens=False)
