"""Faulty routers, as programs and on trial.

python faulty.py ID              be the router ID: answer the suite's messages on standard input
python faulty.py --try [ID ...]  hold the suite against routers and mutants (all by default), and print what it says
python faulty.py --score         try the zoo, and write score.json
python faulty.py --table         write the table of README.md
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from changing import HERE, Faulty, changed_texts, import_changed, load_mutants, load_routers
from trying import outcome_text, try_all

SCORE = HERE / "score.json"
README = HERE / "README.md"
_ISSUE = "https://github.com/{}/issues/{}"


def main(arguments: Sequence[str]) -> int:
    """Do what the arguments say, and return the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("ids", nargs="*", metavar="ID", help="of a router, or the requirement of a mutant")
    parser.add_argument("--try", dest="trial", action="store_true", help="hold the suite against them")
    parser.add_argument("--own", action="store_true", help="ask only the cases of what a router breaks")
    parser.add_argument("--json", action="store_true", help="print a line of JSON for each router tried")
    parser.add_argument("--score", action="store_true", help="write score.json")
    parser.add_argument("--table", action="store_true", help="write the table of README.md")
    chosen = parser.parse_args(arguments)
    if chosen.trial:
        return _try(_named(chosen.ids), own=chosen.own, as_json=chosen.json)
    if chosen.score:
        SCORE.write_text(score_text(), encoding="utf-8")
    if chosen.table:
        README.write_text(readme_text(README.read_text(encoding="utf-8")), encoding="utf-8")
    if chosen.score or chosen.table:
        return 0
    if len(chosen.ids) != 1:
        parser.error("name one router")
    return _serve(_named(chosen.ids)[0])


def score_text() -> str:
    """Return what score.json says: how many routers there are, and how many the suite catches."""
    outcomes = list(try_all(load_routers()))
    return json.dumps({"routers": len(outcomes), "caught": sum(row.caught for row in outcomes)}) + "\n"


def readme_text(text: str) -> str:
    """Return README.md with the table of the routers that there are."""
    head, _, _ = text.partition("| router |")
    return head + "\n".join(["| router | bug | source | breaks |", "|---|---|---|---|", *_rows()]) + "\n"


def _rows() -> list[str]:
    return [
        f"| [{row.id}]({row.id}.yaml) | {row.title} | {_link(row.source)} | {', '.join(row.breaks)} |"
        for row in load_routers()
    ]


def _link(source: str) -> str:
    repository, _, number = source.partition("#")
    return f"[{source}]({_ISSUE.format(repository, number)})" if number.isdigit() else source


def _named(ids: Sequence[str]) -> tuple[Faulty, ...]:
    everyone = load_routers() + tuple(row for rows in load_mutants().values() for row in rows)
    unknown = set(ids) - {row.id for row in everyone}
    if unknown:
        sys.exit(f"no router is called `{min(unknown)}`")
    return tuple(row for row in everyone if row.id in ids) if ids else everyone


def _try(routers: Sequence[Faulty], *, own: bool, as_json: bool) -> int:
    bad = 0
    for outcome in try_all(routers, own=own):
        bad += not (outcome.caught and (own or outcome.specific))
        text = json.dumps(outcome._asdict()) if as_json else outcome_text(outcome, own=own)
        print(text, flush=True)
    return 1 if bad else 0


def _serve(router: Faulty) -> int:
    with tempfile.TemporaryDirectory() as folder:
        driving = import_changed(changed_texts(router), Path(folder))
        driving.serve(sys.stdin.buffer, sys.stdout.buffer, sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
