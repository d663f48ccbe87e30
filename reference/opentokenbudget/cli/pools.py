"""`otb pools`: what stores have counted, and what an operator grants."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any

import click

from ..amounts import PICO, InvalidDecimal, format_decimal, format_instant, parse_decimal
from .lazy import Command, LazyGroup
from .parameters import format_option
from .printing import print_json, print_lines, tell

if TYPE_CHECKING:
    from ..pools import Account, Reservation, Store

_COMMANDS = {
    "show": Command("pools", "Show the balances of the windows that run."),
    "history": Command("pools", "Show every window that is kept, and the reservations that are remembered."),
    "plan": Command("pools_plan", "Propose the next period's limits from a usage log."),
    "adjust": Command("pools", "Grant an amount to the current window of a pool, or take it away."),
}
_NS = 1000
_DECIMALS = 1000
_MOST = 10**15 * PICO
_WHOLE = ("requests", "concurrent", "tokens")


class _PoolsGroup(LazyGroup):
    """The commands of `otb pools`; all but `plan` lie in this module."""

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name == "plan":
            from .pools_plan import plan

            return plan
        return {"show": show, "history": history, "adjust": adjust}.get(cmd_name)


@click.group("pools", cls=_PoolsGroup, commands_by_name=_COMMANDS)
def pools() -> None:
    """Look at the balances of pools in a store, and grant more.

    STORE is a URL: sqlite:///otb.db, redis://localhost:6379/0, postgresql://localhost/otb.
    """


@click.command("show")
@click.argument("store")
@click.option("--pool", metavar="ID", help="This pool alone.")
@click.option("--policy", metavar="FILE", help="See them as the next request under this policy would.")
@format_option
def show(store: str, pool: str | None, policy: str | None, form: str) -> None:
    """Show the balances of the windows that run in STORE.

    A store keeps rolling windows grain by grain, and buckets as they were last used: with `--policy` grains are summed,
    buckets refilled, and sessions that are over left out.

    \b
    otb pools show sqlite:///otb.db --policy policy.yaml --pool company-month
    """
    from ..opening import compiled_policy, open_document
    from .pools_seen import seen_accounts

    found = None if policy is None else compiled_policy(open_document(policy, kind="policy"))[1]
    if policy is not None and found is None:
        raise click.UsageError(f"`{policy}` has no pools")
    with _opened(store) as opened:
        now_us = time.time_ns() // _NS
        opened.sweep()
        accounts = list(opened.accounts()) if found is None else seen_accounts(found, opened, now_us)
    if accounts is None:
        raise click.ClickException("the store's windows are others: look at its clock")
    _miss(pool, {_parts_of(each.name)[0] for each in accounts})
    _tell([each for each in _of_pool(accounts, pool) if _runs(each, now_us)], form)


@click.command("history")
@click.argument("store")
@click.option("--pool", metavar="ID", help="This pool alone.")
@click.option("--reservations", is_flag=True, help="Reservations instead of windows.")
@format_option
def history(store: str, pool: str | None, reservations: bool, form: str) -> None:
    """Show every window that STORE keeps; with `--reservations`, what was held and what became of it.

    A window is kept for a day after its end, and the last of each balance for ever; an ended reservation for a day.
    """
    with _opened(store) as opened:
        opened.sweep()
        accounts = [] if reservations else list(opened.accounts())
        kept = list(opened.reservations()) if reservations else []
    names = {each.name for each in accounts} | {held.account for each in kept for held in each.held}
    _miss(pool, {_parts_of(name)[0] for name in names})
    if not reservations:
        _tell(list(_of_pool(accounts, pool)), form)
        return
    kept.sort(key=lambda each: (each.made_us, each.id))
    rows = [row for each in kept for row in _reservation_rows(each, pool)]
    if form == "json":
        print_json({"reservations": rows})
        return
    print_lines(
        f"{row['made_at']}  {row['state']:<8}  {row['id']}  {row['balance']}  "
        f"reserved {row['reserved']}, charged {row.get('charged', '-')}"
        for row in rows
    )


# An amount that is taken away begins as an option does.
@click.command("adjust", context_settings={"ignore_unknown_options": True})
@click.argument("policy")
@click.argument("store")
@click.argument("pool")
@click.argument("amount")
@click.option(
    "--partition",
    "key",
    multiple=True,
    metavar="TEXT",
    help="A part of the key, in the order of `partition_by`.",
)
@format_option
def adjust(policy: str, store: str, pool: str, amount: str, key: tuple[str, ...], form: str) -> None:
    """Grant AMOUNT to the current window of POOL of POLICY in STORE; a negative one takes it away.

    It counts beside the limit until the window ends. A limit that stays belongs into the policy's `adjustments`.

    \b
    otb pools adjust policy.yaml sqlite:///otb.db user-day 2.50 --partition user-7
    """
    from ..opening import compiled_policy, open_document
    from ..pools import Entry, StoreUnavailable, account_of

    try:
        granted = parse_decimal(amount)
    except InvalidDecimal as wrong:
        raise click.UsageError(f"AMOUNT: {wrong}") from None
    if abs(granted) > _MOST:
        raise click.UsageError(f"AMOUNT: `{amount[:64]}` is more than a pool counts, {format_decimal(_MOST)}")
    for part in key:
        if not _is_text(part):
            raise click.UsageError("`--partition` is no text in UTF-8")
    _, found = compiled_policy(open_document(policy, kind="policy"))
    chosen = next((each for each in (found.all if found else ()) if each.id == pool), None)
    if chosen is None:
        raise click.UsageError(f"`{pool}` is not a pool of the policy")
    if len(key) != len(chosen.partition):
        names = ", ".join(name for name, _ in chosen.partition) or "nothing"
        raise click.UsageError(f"`{pool}` is partitioned by {names}: give as many `--partition`")
    if chosen.measure in _WHOLE and granted % PICO:
        raise click.UsageError(
            f"AMOUNT: `{pool}` counts {chosen.measure}, of which there are whole ones alone"
        )
    account = account_of(chosen.account, key)
    with _opened(store) as opened:
        limits = {each.name: each.balance.limit for each in opened.accounts(account)}
        limit = limits.get(account, chosen.limit.otherwise)
        now_us = time.time_ns() // _NS
        try:
            ended = opened.grant(Entry(account, granted, limit, "open", chosen.period_at(now_us)))
        except StoreUnavailable as away:
            raise click.ClickException(
                f"the store does not answer: {away}; whether `{amount}` was granted is unknown:"
                " look at `otb pools show` before you grant it again"
            ) from None
        if ended.status != "granted":
            raise click.ClickException("the store's window is another one: look at its clock")
        granted_to = [
            each for each in opened.accounts(account) if each.name == account and _runs(each, now_us)
        ]
    _tell(granted_to, form)


@contextmanager
def _opened(url: str) -> Iterator[Store]:
    """Lend the store of `url`, which must be there; what it does not answer to is told as a failure of the world."""
    from ..pools import StoreUnavailable
    from ..pools.stores import open_store

    if url.startswith("memory:"):
        raise click.UsageError("a store in memory ends with its process: name one that lasts")
    if not _is_text(url):
        raise click.UsageError("the URL of the store is no text in UTF-8")
    try:
        with closing(_found(url, open_store)) as store:
            yield store
    except StoreUnavailable as away:
        raise click.ClickException(f"the store does not answer: {away}") from None


def _found(url: str, open_store: Callable[..., Store]) -> Store:
    try:
        return open_store(url, time.time_ns, makes=False)
    except ValueError as wrong:
        raise click.UsageError(str(wrong)) from None


def _is_text(given: str) -> bool:
    """Return whether an argument was UTF-8, of which nothing else remains a text."""
    try:
        given.encode()
    except UnicodeEncodeError:
        return False
    return True


def _parts_of(name: str) -> tuple[str, str, tuple[str, ...]]:
    """Return pool, part and key of the name of a balance; say so where it is the name of none."""
    from ..pools import parts_of

    try:
        return parts_of(name)
    except ValueError:
        raise click.ClickException(f"the store holds a balance `{name}` that is of no pool") from None


def _miss(pool: str | None, known: set[str]) -> None:
    """Say so where nothing in the store is of `pool`."""
    if pool is not None and pool not in known:
        others = f"; it has {', '.join(sorted(known))}" if known else ""
        tell(f"the store has no pool `{pool}`{others}")


def _of_pool(accounts: Iterable[Account], pool: str | None) -> Iterator[Account]:
    return (each for each in accounts if pool is None or _parts_of(each.name)[0] == pool)


def _runs(account: Account, now_us: int) -> bool:
    until_us = account.balance.until_us
    return until_us is None or now_us < until_us


def _tell(accounts: list[Account], form: str) -> None:
    from ..engine import account_form

    for each in accounts:
        if each.balance.until_us is not None:
            _instant(each.start_us, each.name)
            _instant(each.balance.until_us, each.name)
    if form == "json":
        print_json({"balances": [account_form(each) for each in accounts]})
        return
    if not accounts:
        tell("nothing has been counted")
        return
    rows = [_row(each) for each in accounts]
    head = ("balance", "window", "limit", "settled", "reserved", "overrun", "used")
    widths = [max(len(row[column]) for row in (head, *rows)) for column in range(len(head))]
    print_lines(
        "  ".join(
            cell.ljust(width) if column < 2 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in (head, *rows)
    )


def _row(account: Account) -> tuple[str, ...]:
    balance = account.balance
    window = "-"
    if balance.until_us is not None:
        window = f"{_minute(account.start_us)} – {_minute(balance.until_us)}"
    limit = "unlimited" if balance.limit is None else format_decimal(balance.limit)
    if balance.granted:
        limit += f" {'+' if balance.granted > 0 else '-'} {format_decimal(abs(balance.granted))}"
    return (
        account.name,
        window,
        limit,
        format_decimal(balance.settled),
        format_decimal(balance.reserved),
        format_decimal(balance.overrun),
        _used(balance.settled + balance.reserved, balance.limit, balance.granted),
    )


def _used(used: int, limit: int | None, granted: int) -> str:
    if limit is None:
        return "-"
    room = limit + granted
    return "100.0 %" if room <= 0 else f"{used * _DECIMALS // room / 10:.1f} %"


def _minute(instant_us: int) -> str:
    return format_instant(instant_us * _NS)[:16] + "Z"


def _instant(instant_us: int, name: str) -> str:
    """Return an instant that the store holds of `name`; say so where no calendar has it."""
    try:
        return format_instant(instant_us * _NS)
    except (ValueError, OverflowError):
        raise click.ClickException(
            f"the store holds of `{name}` the instant {instant_us} µs, outside of the years 1 to 9999"
        ) from None


def _reservation_rows(reservation: Reservation, pool: str | None) -> Iterator[dict[str, Any]]:
    for held in reservation.held:
        if pool is not None and _parts_of(held.account)[0] != pool:
            continue
        row: dict[str, Any] = {
            "id": reservation.id,
            "made_at": _instant(reservation.made_us, reservation.id),
            "state": reservation.state,
            "balance": held.account,
            "reserved": format_decimal(held.amount),
        }
        if held.charged is not None:
            row["charged"] = format_decimal(held.charged)
        yield row
