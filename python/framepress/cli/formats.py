"""`framepress formats`."""

from __future__ import annotations

from typing import Any

import click

from framepress.cli.settings import READER, reader_options
from framepress.cli.shell import as_json, emit
from framepress.cli.tables import aligned

__all__ = ["formats"]


@click.command(short_help="The formats, what they hold, and their options.")
@click.option("--options", "name", metavar="NAME", help="The options of one format, with their defaults.")
@as_json
def formats(name: str | None, as_json: bool) -> None:
    """List the formats that can be read and written, and what survives in each."""
    from framepress.formats import by_name, names

    if name is not None:
        found = by_name(name)
        options = {"writer": found.options(), "reader": reader_options(found.read)}
        emit({"name": found.name, **options}, _options_text(name, options), as_json=as_json)
        return
    rows = [
        {
            "name": found.name,
            "summary": found.summary,
            "reads": found.read is not None,
            "writes": found.writer is not None,
            "carries": sorted(found.carries),
        }
        for found in map(by_name, names())
    ]
    emit({"formats": rows}, _table(rows), as_json=as_json)


def _table(rows: list[dict[str, Any]]) -> str:
    header = ("format", "reads", "writes", "")
    return aligned(
        [
            header,
            *(
                line
                for row in rows
                for line in (
                    (row["name"], _yes(row["reads"]), _yes(row["writes"]), row["summary"]),
                    ("", "", "", f"carries {', '.join(row['carries'])}"),
                )
            ),
        ]
    )


def _options_text(name: str, options: dict[str, dict[str, Any]]) -> str:
    rows = [(f"{name}.{option}", _shown(default)) for option, default in options["writer"].items()]
    rows += [(f"{READER}.{option}", _shown(default)) for option, default in options["reader"].items()]
    return aligned([("--set", "default"), *rows]) if rows else f"{name} has no options"


def _yes(value: bool) -> str:
    return "yes" if value else "-"


def _shown(value: Any) -> str:
    return value if isinstance(value, str) and value else repr(value)
