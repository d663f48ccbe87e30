"""What may stand between a client and its server: replies that are lost, torn, or never end."""

from __future__ import annotations

import socket
import tempfile
import threading
from contextlib import suppress
from pathlib import Path
from typing import Literal

Fault = Literal["none", "lost request", "lost reply", "torn reply", "endless reply"]


class Proxy:
    """Passes on what a client and the server at `target` say; the exchange after `fault` is set goes wrong."""

    def __init__(self, target: Path) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="otb-px-")
        self._target = target
        self.socket = Path(self._folder.name) / "socket"
        self.fault: Fault = "none"
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(self.socket))
        self._listener.listen()
        self._clients: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def stop(self) -> None:
        """Close the door, and send everybody away."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._threads[0].join()
        for client in self._clients:
            with suppress(OSError):
                client.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        self._listener.close()
        self._folder.cleanup()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self._clients.append(client)
            thread = threading.Thread(target=self._serve, args=(client,))
            self._threads.append(thread)
            thread.start()

    def _serve(self, client: socket.socket) -> None:
        server = socket.socket(socket.AF_UNIX)
        with client, server:
            server.connect(str(self._target))
            try:
                while asked := client.recv(1 << 20):
                    fault, self.fault = self.fault, "none"
                    if fault == "lost request":
                        return
                    server.sendall(asked)
                    answered = server.recv(1 << 20)
                    if fault == "lost reply":
                        return
                    if fault == "torn reply":
                        client.sendall(answered[: len(answered) // 2])
                        return
                    if fault == "endless reply":
                        client.sendall(b"$1000000000\r\n")
                        while True:
                            client.sendall(b"x")
                    client.sendall(answered)
            except OSError:
                # The client has gone.
                return
