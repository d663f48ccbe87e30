"""Starts a program in a clean environment, under limits, and ends it with everything that it started.

A program runs in a session of its own, with fresh folders for HOME and TMPDIR that vanish with it; by their
name what it let out of its session is found again, on Linux.
POSIX alone: memory is limited by the shell's `ulimit -d`. Where the system knows no such limit, there is none.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, final

_LIMITED = 'ulimit -d "$0" 2>/dev/null; exec "$@"'
_TICK_S = 0.002
_INTERRUPTING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@final
@dataclass(frozen=True, slots=True)
class Limits:
    """What a program may use.

    Attributes:
        answer_s: seconds from one answer to the next.
        start_s: seconds from its start to the answer to `start`.
        memory_mib: of data (RLIMIT_DATA), for each of its processes.
        line_bytes: of one answer.
        stderr_bytes: how much of the end of its standard error is kept.
    """

    answer_s: float = 5.0
    start_s: float = 30.0
    memory_mib: int = 2048
    line_bytes: int = 16 * 2**20
    stderr_bytes: int = 4096


def clean_environment(home: str, let_through: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the environment of a program: PATH, HOME, TMPDIR, LANG, TZ, and what is let through.

    Source: spec/90-conformance.md OTB-CONF-022.
    """
    plain = {"PATH": os.environ.get("PATH", os.defpath), "HOME": home, "TMPDIR": home}
    return {**plain, "LANG": "C.UTF-8", "TZ": "UTC", **(let_through or {})}


@final
class Launched:
    """A running program with its pipes, which do not block.

    Raises:
        OSError: it cannot be started.
    """

    def __init__(self, command: Sequence[str], limits: Limits, let_through: Mapping[str, str]) -> None:
        shell = ["/bin/sh", "-c", _LIMITED, str(limits.memory_mib * 1024), *command]
        self._folder = _fresh_folder()
        try:
            self._process = subprocess.Popen(
                shell,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=clean_environment(self._folder, let_through),
                start_new_session=True,
            )
        except BaseException:
            _remove(self._folder)
            raise
        _RUNNING[self._folder] = self._process
        self.stdin, self.stdout, self.stderr = (
            _unblocked(self._process.stdin),
            _unblocked(self._process.stdout),
            _unblocked(self._process.stderr),
        )

    def exited(self, within_s: float = 0.0) -> bool:
        """Return whether the program has ended, or does so within these seconds; its exit code is kept for `end`."""
        until = time.monotonic() + within_s
        while not self._has_ended():
            if time.monotonic() >= until:
                return False
            time.sleep(_TICK_S)
        return True

    def hang_up(self) -> None:
        """Close the program's standard input."""
        with contextlib.suppress(OSError):
            assert self._process.stdin is not None
            self._process.stdin.close()

    def end(self, patience_s: float = 0.0) -> tuple[int, bool]:
        """Kill the program with all of its group; return its exit code (negative: a signal) and if it left others.

        Args:
            patience_s: how long others of its group may take to end by themselves.
        """
        try:
            if not self._has_ended():
                self._signal_all()
            code = self._process.wait()
            left = self._others_left(patience_s)
            self._signal_all()
            left = _end_strays(self._folder) or left
        finally:
            for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
                with contextlib.suppress(OSError):
                    if pipe is not None:
                        pipe.close()
            _remove(self._folder)
        return code, left

    def silence(self) -> None:
        """Kill the program and all of its group; what it has written can still be read."""
        if self._process.returncode is None:
            self._signal_all()

    def told_apart(self, text: str) -> str:
        """Return `text` without the name of the program's folder, which is another each time."""
        return text.replace(self._folder, "$HOME")

    def _has_ended(self) -> bool:
        if self._process.returncode is not None:
            return True
        if not hasattr(os, "waitid"):
            return self._process.poll() is not None
        # It is not reaped yet: until then its group can be named without mistake.
        try:
            return os.waitid(os.P_PID, self._process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
        except ChildProcessError:
            return self._process.poll() is not None

    def _others_left(self, patience_s: float) -> bool:
        until = time.monotonic() + patience_s
        while True:
            try:
                os.killpg(self._process.pid, 0)
            except (ProcessLookupError, PermissionError):
                return False
            if time.monotonic() >= until:
                return True
            time.sleep(_TICK_S)

    def _signal_all(self) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)


def _unblocked(pipe: IO[bytes] | None) -> int:
    assert pipe is not None
    os.set_blocking(pipe.fileno(), False)
    return pipe.fileno()


def _end_strays(folder: str) -> bool:
    """Kill what a program started and let out of its session; return whether there was any.

    Linux alone says what stands in the environment of a process: `folder` stands in that of no other program.
    """
    mark = b"=" + os.fsencode(folder)
    found = False
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if any(one.endswith(mark) for one in (process / "environ").read_bytes().split(b"\0")):
                os.kill(int(process.name), signal.SIGKILL)
                found = True
    return found


def end_all() -> None:
    """End every program of this process that still runs, at whatever point it is, and remove its folder."""
    for folder, process in tuple(_RUNNING.items()):
        _end_strays(folder)
        if process is not None:
            process.wait()
        _remove(folder)


_RUNNING: dict[str, subprocess.Popen[bytes] | None] = {}
"""The folders of this process, and whose they are: whoever is interrupted still knows what to clear up."""


def _fresh_folder() -> str:
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _INTERRUPTING)
    try:
        folder = tempfile.mkdtemp(prefix="otb-conformance-")
        _RUNNING[folder] = None
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    return folder


def _remove(folder: str) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    if Path(folder).exists():
        # What a program has locked away from itself is not locked away from us.
        for inside, _, _ in os.walk(folder):
            with contextlib.suppress(OSError):
                Path(inside).chmod(0o700)
        shutil.rmtree(folder, ignore_errors=True)
    _RUNNING.pop(folder, None)
