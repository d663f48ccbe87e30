"""An engine, a policy or a catalog from a file: read, checked, compiled and wired."""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Callable, Sequence

from ..documents import Document, placed
from ..engine import Engine, Listener
from ..pools import Pools, Store, StoreUnfit, compile_pools
from ..pools.stores import open_store
from ..pricing import Catalog
from ..problems import Problem, ProblemError
from ..routing import FactTypes, Policy, compile_policy, declared_attributes
from .files import load_file
from .meaning import catalog_of, meaning_problems, value_rules_of


def open_document(path: str | os.PathLike[str], *, kind: str | None = None) -> Document:
    """Return the document in the file `path`, with all that it refers to, checked for shape and meaning.

    Raises:
        CannotOpen: the file is missing or cannot be opened.
        ProblemError: everything that is wrong with it.
    """
    document, problems = load_file(path, kind=kind)
    if document is not None:
        problems = (*problems, *meaning_problems(document))
    errors = [problem for problem in problems if problem.severity == "error"]
    if document is None or errors:
        raise ProblemError(errors)
    return document


def load_catalog(path: str | os.PathLike[str]) -> Catalog:
    """Return the price catalog in the file `path`, ready to price.

    Raises:
        CannotOpen: the file is missing or cannot be opened.
        ProblemError: everything that is wrong with it.
    """
    return catalog_of(open_document(path, kind="catalog"))


def load_policy(path: str | os.PathLike[str]) -> Policy:
    """Return the policy in the file `path`, ready to decide.

    Raises:
        CannotOpen: the file is missing or cannot be opened.
        ProblemError: everything that is wrong with it, or `unsupported-feature`.
    """
    return policy_of(open_document(path, kind="policy"))


def policy_of(document: Document) -> Policy:
    """Return the compiled policy of a document without problems.

    Raises:
        ProblemError: `unsupported-feature`, or `unresolved-reference` where only a digest names a document.
    """
    return compiled_policy(document)[0]


def engine_of(
    document: Document,
    store: Store,
    *,
    seed: str,
    clock: Callable[[], int],
    listeners: Sequence[Listener] = (),
) -> Engine:
    """Return an engine for the policy of a document without problems, its pools kept in `store`.

    Raises:
        ProblemError: as `policy_of`.
        StoreUnfit: the policy has pools with enforcement `reserve`, and the store may lose what it acknowledges.
    """
    policy, pools = compiled_policy(document)
    if pools is not None and any(pool.enforcement == "reserve" for pool in pools.all):
        unfit = store.unfit_for_reserve()
        if unfit is not None:
            raise StoreUnfit(unfit)
    return Engine(
        policy,
        clock=clock,
        seed=seed,
        listeners=listeners,
        pools=pools,
        store=None if pools is None else store,
    )


def compiled_policy(document: Document) -> tuple[Policy, Pools | None]:
    """Return the policy of a document without problems, and its pools if it has any.

    Raises:
        ProblemError: `unsupported-feature`, or `unresolved-reference` where only a digest names a document.
    """
    data = document.data
    absent = [
        field
        for field in ("catalog", "value_rules")
        if field in data and f"/{field}" not in document.references
    ]
    if absent:
        message = "only a digest is given, and no document with it is at hand: add its `path`"
        unresolved = [
            Problem("unresolved-reference", f"/{field}", message, "OTB-DEC-077") for field in absent
        ]
        raise ProblemError(placed(document, unresolved))
    catalog = catalog_of(document.references["/catalog"])
    pools = None
    if data.get("pools"):
        pools = compile_pools(data, FactTypes.of(declared_attributes(data), catalog).request)
    rules = value_rules_of(document)
    policy = compile_policy(
        data,
        catalog=catalog,
        value_rules=None if rules is None else rules.data,
        digest=document.digest,
        value_digest="" if rules is None else rules.digest,
        reads=frozenset() if pools is None else pools.uses,
    )
    return policy, pools


def open_engine(
    policy: str | os.PathLike[str],
    store: str = "memory://",
    *,
    seed: str | None = None,
    clock: Callable[[], int] = time.time_ns,
    listeners: Sequence[Listener] = (),
) -> Engine:
    """Return an engine for the policy file `policy`.

    Args:
        store: where balances lie: `memory://`, `sqlite:///FILE`, `redis://HOST:PORT/DB`, `postgresql://HOST/DB`.
        seed: the operator's secret, from which ids and draws follow; a new one each time when left out, so give
            one where a retried request must be recognised after a restart.
        clock: the current instant in nanoseconds since 1970.
        listeners: told of decisions and records.

    Raises:
        CannotOpen: the file is missing or cannot be opened.
        ProblemError: everything that is wrong with it, or `unsupported-feature`.
        StoreUnavailable, StoreUnfit: the store does not answer, or cannot keep what the policy asks it to.
        ValueError: no store has such a URL.
    """
    document = open_document(policy, kind="policy")
    return engine_of(
        document,
        open_store(store, clock),
        seed=secrets.token_hex(16) if seed is None else seed,
        clock=clock,
        listeners=listeners,
    )
