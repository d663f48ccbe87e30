"""The protocol of stores: what keeps a ledger, for whom, and what it promises."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple, Protocol

from ..balances import Balance
from ..ledger import Reservation
from ..orders import Answer, Ended, Entry, Order, Seen, WrongWindow

HORIZON_US = 24 * 3600 * 1_000_000
"""How long the ids of ended reservations are remembered."""


class StoreUnavailable(Exception):
    """The store did not answer in time, or not as it should; whether an order was carried out is unknown."""


class StoreUnfit(Exception):
    """The store cannot promise what pools with enforcement `reserve` need; says what, and what to change."""


class Account(NamedTuple):
    """One window of one account, as it is counted."""

    name: str
    start_us: int
    balance: Balance


class Store(Protocol):
    """Keeps a ledger. Every operation is done as a whole or not at all, by the store's own clock.

    All raise StoreUnavailable. Repeating an operation after that is safe: ids tell what was done before.
    """

    def reserve(self, order: Order) -> Answer:
        """Hold every entry of `order`, or none."""

    def look(self, entries: Sequence[Entry]) -> tuple[Seen, ...] | WrongWindow:
        """Return the balances that `entries` would be held against."""

    def settle(self, id_: str, actuals: Mapping[str, int]) -> Ended:
        """Charge what was used, by account; an account that is left out is charged its bound."""

    def release(self, id_: str) -> Ended:
        """Give everything back."""

    def extend(self, id_: str, expires_after_us: int) -> Ended:
        """Let an open reservation live for `expires_after_us` from now, if it would end before."""

    def grant(self, entry: Entry) -> Ended:
        """Add the amount of `entry`, which may be negative, to what its current window has beside its limit."""

    def sweep(self) -> int:
        """End what has not been ended in time, forget what need not be remembered; return how many ended."""

    def accounts(self, prefix: str = "") -> Iterator[Account]:
        """Yield all windows of the accounts whose name begins with `prefix`, by name and start."""

    def reservations(self) -> Iterator[Reservation]:
        """Yield all reservations that are remembered."""

    def unfit_for_reserve(self) -> str | None:
        """Return why pools with enforcement `reserve` cannot be kept here, and what to change; None when they can."""

    def close(self) -> None:
        """Let go of files and connections."""
