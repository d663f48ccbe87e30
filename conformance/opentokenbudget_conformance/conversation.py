"""Talks with a running program: all pipes are read and written as they are ready, so that neither side waits.

A program cannot stop us: not by silence, not by a flood, not by an end, not by a child that holds its output open.
"""

from __future__ import annotations

import os
import selectors
import signal
import time
from collections.abc import Sequence
from typing import final

from .answers import read_answer
from .asking import Answer, Fault
from .launching import Launched, Limits
from .visible import visible_lines

_CHUNK = 2**18
_GLANCE_S = 0.05
_LEAVING_S = 1.0
_AFTERWORDS_S = 0.5


@final
class Conversation:
    """Messages to a program, and its answers, until something else comes; then the program is ended.

    Attributes:
        over: the program has been ended.
    """

    def __init__(self, launched: Launched, limits: Limits) -> None:
        self.over = False
        self._launched = launched
        self._limits = limits
        self._heard = bytearray()
        self._searched = 0
        self._errors = bytearray()
        self._exchanges = 0
        self._poll = selectors.DefaultSelector()
        self._poll.register(launched.stdout, selectors.EVENT_READ)
        self._poll.register(launched.stderr, selectors.EVENT_READ)
        self._open = {launched.stdout, launched.stderr, launched.stdin}
        self._unsent = memoryview(b"")

    def exchange(self, raw: bytes, ids: Sequence[int | None], limit_s: float) -> list[Answer]:
        """Send `raw`, and return an answer to each of its messages, which have these `ids`.

        Args:
            raw: whole lines.
            ids: of the messages, in order.
            limit_s: the most seconds to the first answer, and from one answer to the next.

        Returns:
            Fewer answers where one is a fault that ended the program: it is the last.
        """
        if self._exchanges:
            # What it said before it was first asked is said about that: it may have ended already.
            self._listen_to_errors()
            self._errors.clear()
        self._exchanges += 1
        self._send(raw)
        answers: list[Answer] = []
        until = time.monotonic() + limit_s
        while len(answers) < len(ids):
            line = self._next_line()
            answer = self._wait(until, limit_s) if line is None else read_answer(line, ids[len(answers)])
            if answer is None:
                continue
            if isinstance(answer, Fault) and answer.code != "answered-errored":
                # Who answered nothing yet may still be at what it was asked before.
                early = not answers and self._exchanges > 2
                return [*answers, self._broken(answer)._replace(early=early)]
            if isinstance(answer, Fault):
                answer = answer._replace(stderr=self._last_words())
            answers.append(answer)
            until = time.monotonic() + limit_s
        # What is heard beyond them is the first thing of the next exchange, whenever it was written.
        return answers

    def leave(self) -> tuple[int | None, Fault | None]:
        """Wait until the program has ended after `stop`; return its exit code and what was wrong with its end."""
        self._launched.hang_up()
        self._forget(self._launched.stdin)
        until = time.monotonic() + self._limits.answer_s
        while not self._launched.exited():
            if time.monotonic() >= until:
                seconds = f"{self._limits.answer_s:g} seconds"
                return None, self._broken(
                    Fault("not-ended", f"it still ran {seconds} after it answered `stop`")
                )
            self._glance(_GLANCE_S)
        self._listen_to_errors()
        more = bytes(self._heard)
        stderr = self._last_words()
        code, left = self._end(_LEAVING_S)
        if more:
            return code, Fault("unasked", "more was written after the answer to `stop`", stderr)
        if code:
            message = f"after `stop` it ended with {ended(code)}, expected the exit code 0"
            return code, Fault("bad-exit", message, stderr)
        if left:
            return code, Fault("left-behind", "it ended, and left processes of its own running", stderr)
        return code, None

    def close(self) -> None:
        """End the program and all that it started."""
        if not self.over:
            self._end()

    def _send(self, raw: bytes) -> None:
        self._unsent = memoryview(raw)
        if self._launched.stdin in self._open:
            self._poll.register(self._launched.stdin, selectors.EVENT_WRITE)
            self._write()

    def _wait(self, until: float, limit_s: float) -> Fault | None:
        """Read and write once; return a fault when there is no hope of an answer."""
        if len(self._heard) > self._limits.line_bytes:
            return Fault("too-long", f"an answer is longer than {self._limits.line_bytes:,} bytes")
        left = until - time.monotonic()
        if left <= 0:
            return Fault("timed-out", f"no answer came within {limit_s:g} seconds")
        quiet = self._glance(min(left, _GLANCE_S))
        if self._launched.stdout not in self._open:
            return self._deaf()
        # Its children may hold its output open, so that no end of it is ever seen.
        if quiet and self._launched.exited() and self._glance(0):
            return self._gone()
        return None

    def _deaf(self) -> Fault:
        if self._launched.exited(_LEAVING_S):
            return self._gone()
        return Fault("closed-output", "it closed its standard output, and ran on")

    def _gone(self) -> Fault:
        code, _ = self._launched.end()
        return Fault("ended", f"it ended with {ended(code)} while an answer was expected")

    def _glance(self, seconds: float) -> bool:
        """Read and write what is ready, after `seconds` at the latest; return whether there was nothing."""
        ready = self._poll.select(seconds)
        for key, _ in ready:
            if key.fd == self._launched.stdin:
                self._write()
            elif key.fd == self._launched.stdout:
                self._read(key.fd, self._heard)
            else:
                self._read(key.fd, self._errors)
                del self._errors[: -2 * self._limits.stderr_bytes]
        return not ready

    def _next_line(self) -> bytes | None:
        end = self._heard.find(b"\n", self._searched)
        if end < 0:
            self._searched = len(self._heard)
            return None
        line = bytes(self._heard[:end])
        del self._heard[: end + 1]
        self._searched = 0
        return line

    def _write(self) -> None:
        try:
            sent = os.write(self._launched.stdin, self._unsent[:_CHUNK])
        except BlockingIOError:
            return
        except OSError:
            # It reads no more. What it still answers counts.
            self._unsent = memoryview(b"")
            self._forget(self._launched.stdin)
            return
        self._unsent = self._unsent[sent:]
        if not self._unsent:
            self._poll.unregister(self._launched.stdin)

    def _read(self, pipe: int, into: bytearray) -> None:
        try:
            chunk = os.read(pipe, _CHUNK)
        except BlockingIOError:
            return
        except OSError:
            chunk = b""
        into += chunk
        if not chunk:
            self._forget(pipe)

    def _forget(self, pipe: int) -> None:
        if pipe in self._open:
            self._open.remove(pipe)
            if pipe in self._poll.get_map():
                self._poll.unregister(pipe)

    def _listen_to_errors(self) -> None:
        """Read what standard error holds by now."""
        while self._launched.stderr in self._open:
            before = len(self._errors)
            self._read(self._launched.stderr, self._errors)
            if len(self._errors) == before:
                return
            del self._errors[: -2 * self._limits.stderr_bytes]

    def _last_words(self) -> str:
        self._listen_to_errors()
        text = bytes(self._errors).decode("utf-8", "backslashreplace")
        return visible_lines(self._launched.told_apart(text), self._limits.stderr_bytes)

    def _broken(self, fault: Fault) -> Fault:
        """End the program, and return `fault` with what it wrote to standard error until then."""
        self._launched.silence()
        until = time.monotonic() + _AFTERWORDS_S
        self._forget(self._launched.stdin)
        self._forget(self._launched.stdout)
        while self._launched.stderr in self._open and time.monotonic() < until:
            self._glance(_GLANCE_S)
        stderr = self._last_words()
        self._end()
        return fault._replace(stderr=stderr)

    def _end(self, patience_s: float = 0.0) -> tuple[int, bool]:
        self.over = True
        self._poll.close()
        return self._launched.end(patience_s)


def ended(code: int) -> str:
    """Return in words how a process ended; a negative code is a signal."""
    if code >= 0:
        return f"the exit code {code}"
    try:
        return f"the signal {signal.Signals(-code).name}"
    except ValueError:
        return f"the signal {-code}"
