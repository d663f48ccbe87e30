"""What a store is asked and what it answers: orders of reservations, their entries, and the answers.

Amounts are integers of 10⁻¹² of a pool's measure; instants are integer microseconds since 1970, by the store's clock.

Source: spec/50-pools.md OTB-POOL-040 ff., windows 030 ff.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

Gate = Literal["reserve", "check", "open"]
"""What is asked before a bound is admitted: what is settled and reserved, what is settled alone, or nothing."""

OnExpiry = Literal["charge", "release"]
State = Literal["open", "settled", "released", "expired", "late"]


class Span(Struct, frozen=True, tag="span"):
    """A window `[from_us, until_us)` that the instant alone gives: calendar, fixed, or a whole life.

    Attributes:
        until_us: None for a window without an end.
        rollover: how much of what was left of the window before is handed on, at most; None for nothing.
        carry_overrun: whether what was spent above the limit of the window before is taken from this one.
    """

    from_us: int
    until_us: int | None
    rollover: int | None = None
    carry_overrun: bool = False


class Rolling(Struct, frozen=True, tag="rolling"):
    """The last `grains` whole grains of `grain_us` each, counted from 1970, and the one that runs."""

    grain_us: int
    grains: int


class Bucket(Struct, frozen=True, tag="bucket"):
    """A bucket as large as the limit; `refill` flows back at every whole `per_us`, counted from 1970."""

    refill: int
    per_us: int


class Idle(Struct, frozen=True, tag="idle"):
    """A session: it ends when nothing has happened for `after_us`."""

    after_us: int


Period = Span | Rolling | Bucket | Idle


class Entry(Struct, frozen=True, gc=False):
    """What one balance is asked to hold.

    Attributes:
        account: names the balance: pool, partition key, and what is counted apart.
        amount: the bound.
        limit: None is unlimited; never negative.
    """

    account: str
    amount: int
    limit: int | None
    gate: Gate
    period: Period
    on_expiry: OnExpiry = "charge"


class Order(Struct, frozen=True, gc=False):
    """A reservation that is asked for: in all balances, or in none.

    Attributes:
        id: `decision#attempt`.
        digest: of what was asked; the same id with another digest is a conflict.
        memo: kept with the reservation and given back when it is asked for again.
        policy, revision: whose limits these are; an order under an older revision than one seen is refused.
            Revisions compare as texts (see `revision_of`).
    """

    id: str
    digest: str
    entries: tuple[Entry, ...]
    expires_after_us: int
    memo: str = ""
    policy: str = ""
    revision: str = ""


class Seen(Struct, frozen=True, gc=False):
    """A balance as it stood before an order.

    Attributes:
        start_us: where its window begins; 0 for buckets.
        granted: what the window has beside its limit; negative where an overrun was carried.
        retry_us: the instant from which an order that did not fit may fit, as far as the window tells; else None.
    """

    account: str
    start_us: int
    settled: int
    reserved: int
    granted: int
    retry_us: int | None = None


class Reserved(Struct, frozen=True, gc=False):
    """All balances hold their bound until `expires_us`; `replayed` when they did so before.

    Attributes:
        seen: each balance before this order; () in a replay.
        accounts: the balances that hold something.
    """

    at_us: int
    expires_us: int
    seen: tuple[Seen, ...]
    accounts: tuple[str, ...]
    memo: str
    state: State = "open"
    replayed: bool = False


class Refused(Struct, frozen=True, gc=False):
    """No balance has changed; `refusals` are those that had no room, in the order of the entries."""

    at_us: int
    refusals: tuple[Seen, ...]


class Conflict(Struct, frozen=True):
    """The id was used for something else."""

    at_us: int


class WrongWindow(Struct, frozen=True):
    """By the store's clock, a window that the order names is not the current one."""

    at_us: int


class StalePolicy(Struct, frozen=True):
    """Somebody has spent under the newer `revision` of the policy already."""

    at_us: int
    revision: str


Answer = Reserved | Refused | Conflict | WrongWindow | StalePolicy


class Ended(Struct, frozen=True, gc=False):
    """What became of a reservation.

    Attributes:
        status: `extended`, `settled`, `released`; `late` when it had been released or had expired; `replayed`;
            `conflict` when it was ended otherwise before; `expired`; `unknown` when nobody knows the id.
        expires_us: of one that is still open.
        charged, overrun: by account, where this call booked something.
    """

    status: Literal[
        "extended", "settled", "released", "late", "replayed", "conflict", "expired", "unknown", "granted"
    ]
    at_us: int
    expires_us: int | None = None
    charged: dict[str, int] = {}
    overrun: dict[str, int] = {}
