"""Past requests as they lie in files: JSON Lines, CSV or Parquet, read in constant memory."""

from __future__ import annotations

import codecs
import csv
import io
import math
import os
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import msgspec

from ..problems import Place, Problem, ProblemError
from .refusals import Refused

_MAX_LINE_BYTES = 16 << 20
_BATCH = 10_000
_AS_THEY_ARE = frozenset(
    {"VARCHAR", "BOOLEAN", "FLOAT", "DOUBLE"}
    | {f"{sign}{size}INT" for sign in ("", "U") for size in ("TINY", "SMALL", "BIG")}
    | {"INTEGER", "UINTEGER"}
)


class RawRow(NamedTuple):
    """One row as the file has it: values by column name, and where it stands (`line` counts from 1)."""

    file: str
    line: int
    values: dict[str, Any]


def read_rows(path: Path, name: str, refused: Refused) -> Iterator[RawRow]:
    """Yield the rows of the file `path`, whose kind its ending tells; `name` is what problems call it.

    A line that cannot be read is left out and noted in `refused`.

    Raises:
        ProblemError: the file as a whole cannot be read as what its ending says.
    """
    ending = path.suffix.lower()
    if ending == ".csv":
        yield from _csv(path, name, refused)
    elif ending == ".parquet":
        yield from _parquet(path, name)
    elif ending in (".jsonl", ".ndjson", ".json"):
        yield from read_json_lines(path, name, refused)
    else:
        message = (
            f"`{ending or path.name}` is not a kind of file that holds requests: .jsonl, .csv or .parquet"
        )
        raise ProblemError(Problem("unknown-format", "", message).at(Place(name, 1, 1)))


def read_json_lines(path: Path, name: str, refused: Refused) -> Iterator[RawRow]:
    """Yield the objects of the file `path`, one a line, whatever its ending; lines of blanks alone are passed over.

    A line that cannot be read is left out and noted in `refused`, before any that follows it is yielded.
    """
    decode = msgspec.json.Decoder().decode
    with path.open("rb") as file:
        for line, text in enumerate(_lines(file, name, refused), start=1):
            if not text.strip():
                continue
            try:
                values = decode(text)
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as wrong:
                message = f"not a line of JSON: {str(wrong)[:200]}"
                refused.append(Problem("bad-syntax", "", message).at(Place(name, line, 1)))
                continue
            if isinstance(values, dict):
                yield RawRow(name, line, values)
            else:
                message = "a line must hold one JSON object"
                refused.append(Problem("wrong-type", "", message).at(Place(name, line, 1)))


def _lines(file: BinaryIO, name: str, refused: Refused) -> Iterator[bytes]:
    """Yield the lines of `file`; one that is longer than memory should bear becomes an empty one, and is noted."""
    line = 0
    while text := file.readline(_MAX_LINE_BYTES):
        line += 1
        if line == 1:
            text = text.removeprefix(codecs.BOM_UTF8)
        if len(text) == _MAX_LINE_BYTES and not text.endswith(b"\n"):
            while (rest := file.readline(_MAX_LINE_BYTES)) and not rest.endswith(b"\n"):
                pass
            message = f"a line is longer than {_MAX_LINE_BYTES} bytes"
            refused.append(Problem("too-large", "", message).at(Place(name, line, 1)))
            text = b"\n"
        yield text


def _csv(path: Path, name: str, refused: Refused) -> Iterator[RawRow]:
    with path.open("rb") as binary:
        text = io.TextIOWrapper(binary, encoding="utf-8-sig", newline="", errors="strict")
        csv.field_size_limit(_MAX_LINE_BYTES)
        reader = csv.reader(_text_lines(text), strict=True)
        try:
            header = next(reader, None)
            if header is None:
                return
            doubled = [column for column, times in Counter(header).items() if times > 1]
            if doubled:
                message = f"the column `{doubled[0][:64]}` stands twice in the header"
                raise ProblemError(Problem("duplicate-key", "", message).at(Place(name, 1, 1)))
            width = len(header)
            for row in reader:
                if len(row) == width:
                    yield RawRow(name, reader.line_num, dict(zip(header, row, strict=True)))
                elif row:
                    message = f"a row has {len(row)} fields, the header {width}"
                    refused.append(Problem("bad-syntax", "", message).at(Place(name, reader.line_num, 1)))
        except (csv.Error, UnicodeDecodeError) as wrong:
            # After such an error nobody knows where the next row begins: the rest of the file is refused.
            message = f"not CSV in UTF-8 from here on: {str(wrong)[:200]}"
            refused.append(Problem("bad-syntax", "", message).at(Place(name, reader.line_num + 1, 1)))


def _text_lines(text: io.TextIOWrapper) -> Iterator[str]:
    """Yield the lines of `text`, none longer than memory should bear."""
    while line := text.readline(_MAX_LINE_BYTES):
        if len(line) == _MAX_LINE_BYTES and not line.endswith("\n"):
            raise csv.Error(f"a line is longer than {_MAX_LINE_BYTES} characters")
        yield line


def _parquet(path: Path, name: str) -> Iterator[RawRow]:
    try:
        import duckdb
    except ImportError:
        message = "Parquet is read with duckdb: install `opentokenbudget[logs]`"
        raise ProblemError(Problem("missing-package", "", message).at(Place(name, 1, 1))) from None
    # A name is one file's, not a pattern for many, and says nothing of the rows.
    named = re.sub(r"([*?\[])", r"[\1]", os.path.abspath(path))
    connection = duckdb.connect()
    try:
        connection.execute("SET preserve_insertion_order = true; SET TimeZone = 'UTC'")
        described = connection.execute(
            "DESCRIBE SELECT * FROM read_parquet(?, hive_partitioning = false)", [named]
        ).fetchall()
        columns = [str(column[0]) for column in described]
        chosen = ", ".join(_as_wire(str(column[0]), str(column[1])) for column in described)
        result = connection.execute(
            f"SELECT {chosen} FROM read_parquet(?, hive_partitioning = false)", [named]
        )
        line = 0
        while batch := result.fetchmany(_BATCH):
            for values in batch:
                line += 1
                row = {
                    column: _finite(value)
                    for column, value in zip(columns, values, strict=True)
                    if value is not None
                }
                yield RawRow(name, line, row)
    except duckdb.Error as wrong:
        message = f"not a Parquet file: {str(wrong).splitlines()[0][:200]}"
        raise ProblemError(Problem("bad-syntax", "", message).at(Place(name, 1, 1))) from None
    finally:
        connection.close()


def _as_wire(column: str, kind: str) -> str:
    """Return the SQL that reads a column as the wire writes it: instants and decimals as text."""
    quoted = '"' + column.replace('"', '""') + '"'
    if kind == "TIMESTAMP WITH TIME ZONE":
        return f"strftime({quoted} AT TIME ZONE 'UTC', '%Y-%m-%dT%H:%M:%S.%f') || 'Z'"
    if kind.startswith("TIMESTAMP"):
        return f"strftime({quoted}::TIMESTAMP, '%Y-%m-%dT%H:%M:%S.%f')"
    if kind in _AS_THEY_ARE or kind.endswith("]") or kind.startswith(("STRUCT", "MAP")):
        return quoted
    return f"{quoted}::VARCHAR"


def _finite(value: Any) -> Any:
    """Return `value`, as text where JSON has no number for it."""
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value
