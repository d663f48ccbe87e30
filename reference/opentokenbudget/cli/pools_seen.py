"""Balances as the next request of a policy finds them: grains summed, buckets refilled, no sessions that are over."""

from __future__ import annotations

from ..pools import Account, Entry, Pools, Span, Store, parts_of
from ..pools.balances import Balance
from ..pools.orders import Idle, Rolling, WrongWindow


def seen_accounts(pools: Pools, store: Store, now_us: int) -> list[Account] | None:
    """Return each balance that the pools of a policy have used, in the window that runs.

    Throttles are as they stand, ended ones too. A rolling window ends where it moves on, and its overrun is that of all
    its grains that are kept.

    Returns:
        None: the store's windows are not those of `now_us`.

    Raises:
        StoreUnavailable: the store did not answer.
    """
    periods = {pool.id: pool.period_at(now_us) for pool in pools.all}
    kept: dict[str, list[Account]] = {}
    for account in store.accounts(f"{pools.policy}/"):
        kept.setdefault(account.name, []).append(account)
    throttles: list[Account] = []
    entries: list[Entry] = []
    for name, accounts in kept.items():
        id_, part, _ = parts_of(name)
        if part == "throttle":
            throttles += accounts
        elif (period := periods.get(id_)) is not None:
            if isinstance(period, Span):
                period = Span(period.from_us, period.until_us)
            entries.append(Entry(name, 0, accounts[-1].balance.limit, "open", period))
    seen = store.look(entries)
    if isinstance(seen, WrongWindow):
        return None
    found = []
    for entry, each in zip(entries, seen, strict=True):
        accounts = kept[entry.account]
        since = each.start_us
        if isinstance(entry.period, Rolling):
            since -= entry.period.grains * entry.period.grain_us
        counted = [account for account in accounts if account.start_us >= since]
        if isinstance(entry.period, Idle) and not counted:
            # The session is over, and the next one has not begun.
            continue
        overrun = sum(account.balance.overrun for account in counted)
        # A bucket and a session have no end that is known.
        until_us = each.retry_us if isinstance(entry.period, Span | Rolling) else None
        balance = Balance(each.settled, each.reserved, overrun, each.granted, entry.limit, until_us)
        found.append(Account(entry.account, since, balance))
    return sorted([*found, *throttles], key=lambda each: (parts_of(each.name), each.start_us))
