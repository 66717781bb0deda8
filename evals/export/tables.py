"""Tables as CSV, JSON and Parquet."""

from __future__ import annotations

import csv
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec

from ..errors import SpecError
from .rows import Rows

DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""What a spreadsheet takes for the beginning of a formula (OWASP, CSV injection)."""
_PART = 100_000


def write_csv(path: Path, table: Rows) -> None:
    """Writes UTF-8 with a header; a text that a spreadsheet would take for a formula gets an apostrophe before it.

    Texts are quoted, or a semicolon or tab in one would begin another cell where those separate.
    """
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n", quoting=csv.QUOTE_NONNUMERIC)
        writer.writerow(table.columns)
        writer.writerows([inert(value) for value in row] for row in table.rows)


def inert(value: Any) -> Any:
    """The value as a spreadsheet will not carry it out; numbers stay as they are."""
    if isinstance(value, str) and (value.startswith(DANGEROUS) or value.strip().startswith(DANGEROUS)):
        return f"'{value}"
    return "" if value is None else value


def write_json(path: Path, table: Rows) -> None:
    """Writes an array of objects, a line each."""
    encode = msgspec.json.Encoder().encode
    with path.open("wb") as file:
        file.write(b"[")
        for number, row in enumerate(table.rows):
            file.write(b",\n" if number else b"\n")
            file.write(encode(dict(zip(table.columns, row, strict=True))))
        file.write(b"\n]\n")


def write_parquet(path: Path, table: Rows) -> None:
    """Writes Parquet.

    Raises:
        SpecError: If polars is missing.
    """
    try:
        import polars
    except ImportError:
        raise SpecError("Parquet needs polars; run pip install 'promptrec[eval]'.") from None
    parts = []
    while rows := list(islice(table.rows, _PART)):
        parts.append(polars.DataFrame(rows, schema=list(table.columns), orient="row", infer_schema_length=None))
    whole = polars.concat(parts, how="vertical_relaxed") if parts else polars.DataFrame(schema=list(table.columns))
    whole.write_parquet(path)
