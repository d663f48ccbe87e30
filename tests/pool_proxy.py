"""A proxy between a client and its server at which requests and replies are lost, torn, or kept for too long.

It knows nothing of what is said: a request is what comes from the client at once. So it serves Redis and PostgreSQL.
"""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from pathlib import Path
from selectors import EVENT_READ, DefaultSelector
from typing import Literal, get_args

Fault = Literal["lost request", "torn request", "late request", "lost reply", "torn reply", "late reply"]
FAULTS: tuple[Fault, ...] = get_args(Fault)
_SIZE = 1 << 20


class Proxy:
    """Listens on a port of this machine for the server at the unix socket `target`.

    Attributes:
        fired: how many faults have happened.
    """

    def __init__(self, target: Path) -> None:
        self._target = str(target)
        self._lock = threading.Lock()
        self._armed: Fault | None = None
        self._after = 0
        self._kept: list[tuple[socket.socket, bytes]] = []
        self.fired: dict[str, int] = dict.fromkeys(FAULTS, 0)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def arm(self, fault: Fault, after: int = 0) -> None:
        """Let `fault` happen, once, after so many more requests."""
        with self._lock:
            self._armed, self._after = fault, after

    def disarm(self) -> None:
        """Let no fault happen any more."""
        with self._lock:
            self._armed = None

    def deliver(self) -> int:
        """Pass on the requests that were kept, whose clients have long gone, and return how many there were."""
        with self._lock:
            kept, self._kept = self._kept, []
        for server, asked in kept:
            with server, suppress(OSError):
                # Of a request in several parts the server waits for the rest.
                server.settimeout(1)
                server.sendall(asked)
                server.recv(_SIZE)
        return len(kept)

    def stop(self) -> None:
        """Close the door, and wait for who is inside."""
        self._listener.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        self._listener.close()
        for server, _ in self._kept:
            server.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            thread = threading.Thread(target=self._serve, args=(client,))
            self._threads.append(thread)
            thread.start()

    def _fault(self) -> Fault | None:
        """Return what happens to this request."""
        with self._lock:
            if self._armed is None:
                return None
            if self._after > 0:
                self._after -= 1
                return None
            fault, self._armed = self._armed, None
            self.fired[fault] += 1
            return fault

    def _serve(self, client: socket.socket) -> None:
        server = socket.socket(socket.AF_UNIX)
        with client, DefaultSelector() as selector, suppress(OSError):
            selector.register(client, EVENT_READ)
            try:
                server.connect(self._target)
                selector.register(server, EVENT_READ)
                while True:
                    ready = [key.fileobj for key, _ in selector.select()]
                    if server in ready and not _passed(server, client):
                        break
                    if client in ready and not self._exchange(client, server):
                        break
            finally:
                if all(server is not kept for kept, _ in self._kept):
                    server.close()

    def _exchange(self, client: socket.socket, server: socket.socket) -> bool:
        """Pass on one request, as it fares; return whether the connection lives."""
        asked = client.recv(_SIZE)
        if not asked:
            return False
        fault = self._fault()
        match fault:
            case None:
                server.sendall(asked)
                return True
            case "lost request":
                return False
            case "torn request":
                server.sendall(asked[: len(asked) // 2])
                return False
            case "late request":
                with self._lock:
                    self._kept.append((server, asked))
                return False
        server.sendall(asked)
        answered = server.recv(_SIZE)
        if fault == "torn reply":
            client.sendall(answered[: len(answered) // 2])
        elif fault == "late reply":
            # Until the client has lost its patience; what is said then reaches nobody.
            client.recv(_SIZE)
            with suppress(OSError):
                client.sendall(answered)
        return False


def _passed(source: socket.socket, target: socket.socket) -> bool:
    said = source.recv(_SIZE)
    if said:
        target.sendall(said)
    return bool(said)
