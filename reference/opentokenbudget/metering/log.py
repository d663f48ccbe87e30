"""The log's file: JSON Lines, one record a line, written in whole lines."""

from __future__ import annotations

from collections.abc import Mapping
from types import TracebackType
from typing import Any, BinaryIO, Self

import msgspec

_ENCODER = msgspec.json.Encoder()
_BUFFERED_BYTES = 1 << 20


def encode_record(record: Mapping[str, Any]) -> bytes:
    """Return `record` as one line of JSON, its line feed included; fields stay in their order."""
    return _ENCODER.encode(record) + b"\n"


class LogWriter:
    """Appends records to an open binary file, a megabyte at a time; `close` writes what is left.

    Args:
        file: open for writing.
        owned: whether closing the writer closes the file.
    """

    def __init__(self, file: BinaryIO, *, owned: bool = True) -> None:
        self._file = file
        self._owned = owned
        self._pending = bytearray()

    def write(self, record: Mapping[str, Any]) -> None:
        """Append `record`; it reaches the file with the buffer, at the latest when the writer is closed."""
        _ENCODER.encode_into(record, self._pending, -1)
        self._pending.append(0x0A)
        if len(self._pending) >= _BUFFERED_BYTES:
            self.flush()

    def flush(self) -> None:
        """Hand what is pending to the file."""
        self._file.write(self._pending)
        self._pending.clear()

    def close(self) -> None:
        """Write what is pending, and close the file if it is owned."""
        self.flush()
        if self._owned:
            self._file.close()
        else:
            self._file.flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
