"""`otb-conformance smoke`: is the driver broken, or the router wrong?"""

from __future__ import annotations

import json

import click

from ..smoking import Check, smoke
from ..suite import load_suite
from .options import Target, format_option, target_options
from .printing import say


@click.command("smoke")
@target_options
@format_option
def COMMAND(
    program: tuple[str, ...], time_limit: float, memory_limit: int, env: tuple[str, ...], form: str
) -> int:
    """Say whether a driver is broken, or its router wrong, and how to mend it.

    \b
    otb-conformance smoke --program "node driver.mjs"

    Exits 0 when all is well, 1 when something is not.
    """
    target = Target(program, time_limit, memory_limit, env)
    with target.program(load_suite()) as driven:
        checks = list(smoke(driven))
    if form == "json":
        say(json.dumps([check._asdict() for check in checks], indent=2))
    else:
        for check in checks:
            say(_text(check))
        say(_verdict(checks))
    return 1 if any(check.wrong and check.name != "claims something" for check in checks) else 0


def _text(check: Check) -> str:
    if not check.wrong:
        return f"ok    {check.name}"
    return f"{check.blame:<5} {check.name}\n      {check.wrong}\n      hint: {check.hint}"


def _verdict(checks: list[Check]) -> str:
    blamed = {check.blame for check in checks if check.wrong}
    if "driver" in blamed:
        return "the driver is broken: mend it before its router is judged"
    if not blamed:
        return "the driver works"
    return "the driver works; what is left is the router's"
