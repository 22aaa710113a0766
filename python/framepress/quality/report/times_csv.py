"""The time of every frame as CSV (RFC 4180), for a spreadsheet or a plot; the columns are those of `TimeRow`."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import astuple

from framepress.quality.columns import Columns
from framepress.quality.index.clocks import TIME_FIELDS, time_rows

__all__ = ["times_csv"]

_FORMULAS = ("=", "+", "-", "@", "\t", "\r")


def times_csv(columns: Columns | None) -> bytes:
    """UTF-8, one line a frame below the names of the columns; what is not known is empty."""
    stream = io.StringIO(newline="")
    writer = csv.writer(stream)
    writer.writerow(TIME_FIELDS)
    writer.writerows(_rows(columns) if columns is not None else ())
    return stream.getvalue().encode(errors="backslashreplace")


def _rows(columns: Columns) -> Iterator[list[object]]:
    for row in time_rows(columns):
        yield [_text(value) if isinstance(value, str) else value for value in astuple(row)]


def _text(value: str) -> str:
    """A name that a spreadsheet would take for a formula is quoted as text there."""
    return f"'{value}" if value.startswith(_FORMULAS) else value
