"""Pieces of HTML and SVG: whatever comes from a dataset goes through `escaped` or `prose`."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Sequence

from framepress.quality.report.places import printable

__all__ = ["coordinate", "escaped", "folded", "prose", "shorter", "table", "tag"]


def escaped(text: object, *, most: int = 300) -> str:
    """As text of an element or an attribute; without what turns or hides the text around it.

    Args:
        most: signs; what is longer loses its middle.
    """
    return html.escape(printable(shorter(str(text), most)))


def prose(text: str) -> str:
    """A rule's words, in which `code` is marked as in its docstring."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escaped(text, most=2000))


def shorter(text: str, most: int) -> str:
    """Without its middle, where it is longer."""
    if len(text) <= most:
        return text
    head = (most - 1) * 2 // 3
    return f"{text[:head]}…{text[len(text) - (most - 1 - head) :]}"


def tag(name: str, content: str | None = None, /, **attributes: object) -> str:
    """An element of markup that is safe already; without an end tag where the content is None.

    Args:
        attributes: escaped; `class_` is class, `text_anchor` text-anchor; numbers with two digits after the point; None
            for one that is not there.
    """
    told = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{_attribute(value)}"'
        for key, value in attributes.items()
        if value is not None
    )
    return f"<{name}{told}/>" if content is None else f"<{name}{told}>{content}</{name}>"


def _attribute(value: object) -> str:
    return coordinate(value) if isinstance(value, int | float) else html.escape(printable(str(value)))


def coordinate(value: float) -> str:
    """Two digits after the point: a hundredth of a pixel."""
    return f"{value:.2f}".rstrip("0").rstrip(".") if value % 1 else f"{value:.0f}"


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Numbers stand at the right, texts are escaped."""
    columns = "".join(tag("th", escaped(name), scope="col") for name in head)
    body = "".join(tag("tr", "".join(map(_cell, row))) for row in rows)
    return tag("div", tag("table", tag("thead", tag("tr", columns)) + tag("tbody", body)), class_="scroll")


def _cell(value: object) -> str:
    if isinstance(value, int | float):
        return tag("td", f"{value:,}", class_="n")
    return tag("td", escaped(value))


def folded(summary: str, content: str) -> str:
    """Content that opens on a click, such as the numbers behind a chart."""
    return tag("details", tag("summary", escaped(summary)) + content, class_="numbers")
