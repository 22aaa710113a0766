"""Text in aligned columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

__all__ = ["aligned", "bytes_text", "counts_text", "named_counts_text"]

_UNITS = ("B", "kB", "MB", "GB", "TB")


def aligned(rows: Sequence[Sequence[Any]], *, indent: str = "", right: frozenset[int] = frozenset()) -> str:
    """Rows of equal length as lines; the columns in `right` are set to the right, the last one is not padded."""
    texts = [[f"{cell:,}" if isinstance(cell, int) else str(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*texts, strict=True)]

    def cell(column: int, text: str) -> str:
        return text.rjust(widths[column]) if column in right else text.ljust(widths[column])

    return "\n".join((indent + "  ".join(cell(*pair) for pair in enumerate(row))).rstrip() for row in texts)


def bytes_text(count: int) -> str:
    """Decimal units, as disks and networks are sold: `12 B`, `3.4 MB`."""
    size, power = float(count), 0
    while size >= 999.5 and power < len(_UNITS) - 1:
        size, power = size / 1000, power + 1
    return f"{size:.0f} {_UNITS[power]}" if power == 0 or size >= 99.95 else f"{size:.1f} {_UNITS[power]}"


def counts_text(counts: Mapping[str, int]) -> str:
    """`asked 12, box full 3`: names of ours, with blanks for underscores."""
    return named_counts_text({name.replace("_", " "): count for name, count in counts.items()})


def named_counts_text(counts: Mapping[str, int]) -> str:
    """`car 12, traffic_cone 3`: names of the dataset's, as they are."""
    return ", ".join(f"{name} {count:,}" for name, count in counts.items())
