"""Processes that spend from one store: forked from one that has imported everything, and killed when a test says so."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from opentokenbudget.pools.stores import open_store
from pool_jobs import JOBS


class Worker:
    """One process, and what it says."""

    def __init__(self, pid: int, said: int, start: int) -> None:
        self.pid = pid
        self.lines: list[str] = []
        self._said = os.fdopen(said, "r")
        self._start = start
        self._iterator = iter(self._said)

    def go(self) -> None:
        """Let it begin."""
        os.close(self._start)

    def hear(self, count: int) -> bool:
        """Read `count` more lines; return whether there were so many."""
        for _ in range(count):
            line = next(self._iterator, "")
            if not line.endswith("\n"):
                return False
            self.lines.append(line[:-1])
        return True

    def kill(self) -> None:
        """End it at once, as `kill -9` does."""
        os.kill(self.pid, signal.SIGKILL)

    def end(self) -> list[str]:
        """Return all that it says until it ends."""
        while self.hear(1):
            pass
        self._said.close()
        return self.lines


class Crew:
    """Starts workers."""

    def __init__(self) -> None:
        self._link, theirs = socket.socketpair()
        with theirs:
            command = [sys.executable, __file__, str(theirs.fileno())]
            self._process = subprocess.Popen(command, pass_fds=[theirs.fileno()])

    def start(self, job: str, url: str, **asked: Any) -> Worker:
        """Start a worker that waits for `go` and then does `job` on the store of `url`."""
        said, saying = os.pipe()
        waiting, start = os.pipe()
        text = json.dumps([job, url, asked]).encode()
        socket.send_fds(self._link, [text], [saying, waiting])
        os.close(saying)
        os.close(waiting)
        return Worker(int(self._link.recv(32)), said, start)

    def stop(self) -> None:
        """Let the crew go; workers that still speak find nobody who listens."""
        self._link.close()
        self._process.wait()


def _work(job: str, url: str, asked: dict[str, Any], saying: int, waiting: int) -> None:
    def say(text: str) -> None:
        os.write(saying, f"{text}\n".encode())

    try:
        store = open_store(url, time.time_ns)
        os.read(waiting, 1)
        JOBS[job](store, say, **asked)
        store.close()
    except Exception as error:
        say(f"failed {type(error).__name__} {error}")


def _serve(link: socket.socket) -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    # What is imported here need not be imported by any worker.
    import opentokenbudget.pools.stores.postgres
    import opentokenbudget.pools.stores.redis
    import opentokenbudget.pools.stores.sqlite  # noqa: F401

    while True:
        text, (saying, waiting), _, _ = _received(link)
        pid = os.fork()
        if pid == 0:
            link.close()
            job, url, asked = json.loads(text)
            _work(job, url, asked, saying, waiting)
            os._exit(0)
        os.close(saying)
        os.close(waiting)
        link.sendall(str(pid).encode())


def _received(link: socket.socket) -> Any:
    found = socket.recv_fds(link, 1 << 16, 2)
    if not found[0]:
        sys.exit()
    return found


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent))
    with socket.socket(fileno=int(sys.argv[1])) as own:
        _serve(own)
