"""What was counted: every window of every balance of a policy's pools, as it is at the store's instant.

Source: spec/90-conformance.md, `pools`.
"""

from __future__ import annotations

from msgspec.structs import replace

from ..pools import Account, Bucket, Entry, Pools, Store, parts_of


def accounts_of(pools: Pools, store: Store) -> list[Account]:
    """Return the windows of all balances, by pool, part (none first), key and window; buckets refilled up to now.

    Raises:
        StoreUnavailable: the store did not answer.
    """
    # What nobody ended in time counts as ended.
    store.sweep()
    periods = {pool.id: pool.period_at(0) for pool in pools.all}
    found = list(store.accounts(f"{pools.policy}/"))
    buckets = [
        Entry(account.name, 0, account.balance.limit, "open", period)
        for account in found
        if isinstance(period := periods.get(parts_of(account.name)[0]), Bucket) and _is_own(account)
    ]
    seen = store.look(buckets) if buckets else ()
    settled = {each.account: each.settled for each in seen} if isinstance(seen, tuple) else {}
    refilled = [
        account._replace(balance=replace(account.balance, settled=settled[account.name]))
        if account.name in settled
        else account
        for account in found
    ]
    return sorted(refilled, key=_order)


def _is_own(account: Account) -> bool:
    """Return whether the pool's own window counts in `account`; a throttle has one of its own."""
    return parts_of(account.name)[1] != "throttle"


def _order(account: Account) -> tuple[object, ...]:
    balance = account.balance
    limit = (0, 0) if balance.limit is None else (1, balance.limit)
    return (*parts_of(account.name), account.start_us, balance.until_us or 0, limit)
