"""The second pillar: who may spend how much of what, in which period; the ledger, and the stores that keep it."""

from .charging import (
    Charge,
    MissingKey,
    account_of,
    charges_of,
    facts_of_candidate,
    matching,
    parts_of,
    throttle_named,
    throttle_of,
    utilization_reached,
)
from .ledger import Reservation
from .measures import Extent, actual_of
from .orders import (
    Answer,
    Bucket,
    Conflict,
    Ended,
    Entry,
    Order,
    Refused,
    Reserved,
    Seen,
    Span,
    StalePolicy,
    WrongWindow,
)
from .pool import Action, Pool, Pools, compile_pools, revision_of
from .stores.store import Account, Store, StoreUnavailable, StoreUnfit

__all__ = [
    "Account",
    "Action",
    "Answer",
    "Bucket",
    "Charge",
    "Conflict",
    "Ended",
    "Entry",
    "Extent",
    "MissingKey",
    "Order",
    "Pool",
    "Pools",
    "Refused",
    "Reservation",
    "Reserved",
    "Seen",
    "Span",
    "StalePolicy",
    "Store",
    "StoreUnavailable",
    "StoreUnfit",
    "WrongWindow",
    "account_of",
    "actual_of",
    "charges_of",
    "compile_pools",
    "facts_of_candidate",
    "matching",
    "parts_of",
    "revision_of",
    "throttle_named",
    "throttle_of",
    "utilization_reached",
]
