"""What is sent to PostgreSQL and what comes back, as JSON: entries, answers, balances, reservations.

Whole numbers are exact at any size on both sides.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ..balances import Balance, Held
from ..ledger import Reservation
from ..orders import (
    Answer,
    Bucket,
    Conflict,
    Ended,
    Entry,
    Order,
    Refused,
    Reserved,
    Rolling,
    Seen,
    Span,
    StalePolicy,
    WrongWindow,
)
from .store import Account, StoreUnavailable

LONGEST_NAME = 2000
"""Bytes of an account's name or of an id that surely fit into an index."""

# PostgreSQL takes no U+0000 and no lone surrogate. A caller who writes one into an attribute must not thereby make the
# store fail, for a policy may let requests pass when it does. So they are escaped; the order of texts stays as it is.
_STRANGE = re.compile("[\x00\x01\ud7ff-\udfff]")
_ESCAPED = re.compile("\x01[\x01\x02]|\ud7ff[\x02\u1000-\u17ff]")
_ESCAPES = {"\x00": "\x01\x01", "\x01": "\x01\x02", "\ud7ff": "\ud7ff\x02"} | {
    chr(code): "\ud7ff" + chr(code - 0xD800 + 0x1000) for code in range(0xD800, 0xE000)
}
_PLAIN = {escaped: text for text, escaped in _ESCAPES.items()}


def text_of(text: str) -> str:
    """Return `text` as PostgreSQL can keep it."""
    return _STRANGE.sub(lambda found: _ESCAPES[found[0]], text)


def plain_of(text: str) -> str:
    """Return what `text_of` was given."""
    return _ESCAPED.sub(lambda found: _PLAIN[found[0]], text)


def key_of(name: str) -> str:
    """Return the name of an account or an id as PostgreSQL can keep it.

    Raises:
        StoreUnavailable: it is too long.
    """
    key = text_of(name)
    if len(key) > LONGEST_NAME // 4 and len(key.encode()) > LONGEST_NAME:
        raise StoreUnavailable(
            f"the name `{name[:40]}…` is longer than the {LONGEST_NAME} bytes that PostgreSQL keeps"
        )
    return key


def asked(order: Order) -> dict[str, Any]:
    """Return an order as it is sent."""
    return {
        "id": key_of(order.id),
        "digest": text_of(order.digest),
        "memo": text_of(order.memo),
        "policy": text_of(order.policy),
        "revision": text_of(order.revision),
        "life": order.expires_after_us,
        "entries": [entry_asked(entry) for entry in order.entries],
    }


def entry_asked(entry: Entry) -> dict[str, Any]:
    """Return an entry as it is sent."""
    asked: dict[str, Any] = {
        "account": key_of(entry.account),
        "amount": entry.amount,
        "ceiling": entry.limit,
        "gate": entry.gate,
        "on_expiry": entry.on_expiry,
    }
    period = entry.period
    if isinstance(period, Span):
        asked["kind"] = "span"
        asked["from_us"], asked["until_us"] = period.from_us, period.until_us
        asked["rollover"], asked["carry"] = period.rollover, period.carry_overrun
    elif isinstance(period, Rolling):
        asked["kind"] = "rolling"
        asked["grain_us"], asked["grains"] = period.grain_us, period.grains
    elif isinstance(period, Bucket):
        asked["kind"] = "bucket"
        asked["refill"], asked["per_us"] = period.refill, period.per_us
    else:
        asked["kind"] = "idle"
        asked["after_us"] = period.after_us
    return asked


def actuals_asked(actuals: Mapping[str, int]) -> dict[str, int]:
    """Return what was used, as it is sent."""
    return {text_of(account): amount for account, amount in actuals.items()}


def answer_of(found: dict[str, Any]) -> Answer:
    """Return the answer to an order."""
    at_us = found["at"]
    match found["is"]:
        case "reserved":
            return Reserved(
                at_us,
                found["expires"],
                seen_of(found["seen"]),
                tuple(map(plain_of, found["accounts"])),
                plain_of(found["memo"]),
                found["state"],
                found["replayed"],
            )
        case "refused":
            return Refused(at_us, seen_of(found["refusals"]))
        case "conflict":
            return Conflict(at_us)
        case "wrong-window":
            return WrongWindow(at_us)
        case _:
            return StalePolicy(at_us, plain_of(found["revision"]))


def seen_of(rows: list[list[Any]]) -> tuple[Seen, ...]:
    """Return balances as they stood."""
    return tuple([Seen(plain_of(account), *figures) for account, *figures in rows])


def ended_of(found: dict[str, Any]) -> Ended:
    """Return what became of a reservation."""
    booked = [(plain_of(account), amount, overrun) for account, amount, overrun in found.get("booked", ())]
    return Ended(
        found["is"],
        found["at"],
        found.get("expires"),
        {account: amount for account, amount, _ in booked},
        {account: overrun for account, _, overrun in booked if overrun is not None},
    )


def account_of(row: list[Any]) -> Account:
    """Return one window of an account."""
    account, start_us, *figures = row
    return Account(plain_of(account), start_us, Balance(*figures))


def reservation_of(row: list[Any]) -> Reservation:
    """Return a reservation as it is kept."""
    id_, digest, memo, made_us, expires_us, state, accounts, held = row
    return Reservation(
        plain_of(id_),
        plain_of(digest),
        plain_of(memo),
        made_us,
        expires_us,
        state,
        tuple(
            Held(
                plain_of(account),
                each["start_us"],
                each["amount"],
                each["gate"],
                each["on_expiry"],
                None if each["per_us"] is None else Bucket(each["refill"], each["per_us"]),
                each["mark"],
                each["charged"],
            )
            for account, each in zip(accounts, held, strict=True)
        ),
    )
