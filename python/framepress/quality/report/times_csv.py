"""The time of every frame as CSV, for a spreadsheet or a plot; the columns are those of `TimeRow`."""

from __future__ import annotations

from dataclasses import astuple

from framepress.quality.columns import Columns
from framepress.quality.index.clocks import TIME_FIELDS, time_rows
from framepress.quality.report.csv_table import csv_table

__all__ = ["times_csv"]


def times_csv(columns: Columns | None) -> bytes:
    """UTF-8, one line a frame below the names of the columns; what is not known is empty."""
    return csv_table(TIME_FIELDS, map(astuple, time_rows(columns)) if columns is not None else ())
