"""What the URL of a PostgreSQL store says."""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import psycopg
from psycopg import pq

_NO_URL = (
    "the URL is not one that PostgreSQL takes: `postgresql://user@host:port/database`, in which `@`, `/`, `#` and `?`"
    " of a name or a password are written `%40`, `%2F`, `%23` and `%3F`"
)
_HOST = re.compile(r"(?:\[[^\[\]]*\]|[^:\[\]]*)(?::([0-9]{0,5}))?")
_MOST_PORT = 65_535


class Address(NamedTuple):
    """Where the ledger lies, and how it is used.

    Attributes:
        conninfo: a URL as libpq takes it; it may hold a password.
        durability: `disk`: `reserve` pools want a server that loses nothing acknowledged; `server`: as the server is.
        connections: how many there are at once, at most.
    """

    conninfo: str
    schema: str = "otb"
    timeout_s: float = 2.0
    durability: str = "disk"
    connections: int = 8

    def __repr__(self) -> str:
        return f"Address(schema={self.schema!r})"


def address_of(url: str) -> Address:
    """Return what `url` says.

    Raises:
        ValueError: it says something that nobody knows; the message holds no part of a password.
    """
    try:
        parts = urlsplit(url)
        query = parse_qsl(parts.query, keep_blank_values=True, errors="strict")
    except ValueError:
        # What Python and libpq say of a URL may repeat its password.
        raise ValueError(_NO_URL) from None
    user, _, hosts = parts.netloc.rpartition("@")
    # Else the rest of a password would be taken for a host, a database or a parameter, and told as such.
    is_torn = "@" in user or "@" in parts.path or any("@" in name for name, _ in query)
    if is_torn or parts.fragment or not all(map(_is_host, hosts.split(","))):
        raise ValueError(_NO_URL)
    ours = {"schema": "otb", "timeout": "2", "durability": "disk", "connections": "8"}
    theirs = []
    libpq_knows = {option.keyword.decode() for option in pq.Conninfo.get_defaults()}
    for number, (name, value) in enumerate(query):
        if any(name == other for other, _ in query[:number]):
            raise ValueError(f"the parameter `{name}` stands in the URL twice")
        if name in ours:
            ours[name] = value
        elif name in libpq_knows:
            theirs.append((name, value))
        else:
            raise ValueError(
                f"a PostgreSQL store has no parameter `{name}`; its own are {', '.join(sorted(ours))}"
            )
    if not re.fullmatch("[a-z_][a-z0-9_]{0,62}", ours["schema"]):
        raise ValueError(f"schema `{ours['schema']}` is not a name of small letters, digits and `_`")
    if not re.fullmatch(r"[0-9]{1,4}(\.[0-9]{1,6})?", ours["timeout"]) or float(ours["timeout"]) <= 0:
        raise ValueError(f"timeout `{ours['timeout']}` is not a number of seconds above 0")
    if ours["durability"] not in ("disk", "server"):
        raise ValueError(f"durability `{ours['durability']}` is neither `disk` nor `server`")
    if not re.fullmatch("[1-9][0-9]{0,3}", ours["connections"]):
        raise ValueError(f"connections `{ours['connections']}` is not a number from 1 to 9999")
    conninfo = urlunsplit(parts._replace(query=urlencode(theirs)))
    try:
        pq.Conninfo.parse(conninfo.encode())
    except psycopg.Error:
        raise ValueError(_NO_URL) from None
    return Address(
        conninfo, ours["schema"], float(ours["timeout"]), ours["durability"], int(ours["connections"])
    )


def _is_host(text: str) -> bool:
    """Return whether `text` is a name or an address, with a port or without."""
    found = _HOST.fullmatch(text)
    return found is not None and int(found[1] or 0) <= _MOST_PORT


def without_passwords(said: str, conninfo: str) -> str:
    """Return in one line what the driver or the server said of a connection, without what must not be told."""
    for option in pq.Conninfo.parse(conninfo.encode()):
        if option.val and option.keyword in (b"password", b"sslpassword"):
            said = said.replace(option.val.decode(errors="replace"), "…")
    return "; ".join(line.strip() for line in said.splitlines() if line.strip())
