"""A card as text: YAML, then Markdown in which some parts are ours, between marks, and all else is people's."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from framepress.errors import InputError

__all__ = ["Card", "new_card", "with_sections"]

_BEGIN, _END = "<!-- framepress:begin {} -->", "<!-- framepress:end {} -->"
_MARK = re.compile(r"^<!-- framepress:(begin|end) ([a-z]+) -->[ \t]*$", re.MULTILINE)
_FRONT = re.compile(r"\A---[ \t]*\n(.*?)^---[ \t]*(?:\n|\Z)", re.MULTILINE | re.DOTALL)
_HINT = "<!-- What stands between the marks is written by `framepress card`; all else is yours and stays. -->"


@dataclass(frozen=True)
class Card:
    """`front` is YAML, "" for none; `body` what follows it."""

    front: str
    body: str

    @classmethod
    def parse(cls, text: str) -> Card:
        found = _FRONT.match(text)
        return cls("", text) if found is None else cls(found[1], text[found.end() :])

    def text(self) -> str:
        return f"---\n{self.front}---\n{self.body}" if self.front else self.body

    def sections(self, where: str) -> dict[str, str]:
        """Name -> what stands between its marks.

        Raises:
            InputError: marks that do not pair.
        """
        found: dict[str, str] = {}
        opened: re.Match[str] | None = None
        for mark in _MARK.finditer(self.body):
            if mark[1] == "begin" and opened is None and mark[2] not in found:
                opened = mark
            elif mark[1] == "end" and opened is not None and opened[2] == mark[2]:
                found[mark[2]] = self.body[opened.end() : mark.start()].strip("\n")
                opened = None
            else:
                raise _unpaired(where, mark)
        if opened is not None:
            raise _unpaired(where, opened)
        return found


def _unpaired(where: str, mark: re.Match[str]) -> InputError:
    return InputError(
        f"{where}: the mark {mark[0].strip()!r} has no partner, or is there twice; take out the part, marks and all, "
        "and write the card again"
    )


def new_card(name: str, sections: Mapping[str, str]) -> Card:
    parts = [f"# {name}", _HINT, *(_marked(*section) for section in sections.items())]
    return Card("", "\n\n".join(("", *parts)).removeprefix("\n") + "\n")


def with_sections(card: Card, sections: Mapping[str, str], where: str) -> Card:
    """The card with our parts as they are now.

    A part that people took out stays out; where none is there, all are put at the end.
    """
    there = card.sections(where)
    if not there:
        parts = [card.body.rstrip("\n"), _HINT, *(_marked(*section) for section in sections.items())]
        return Card(card.front, "\n\n".join(part for part in parts if part) + "\n")
    body = card.body
    for name in there:
        if name in sections:
            begin, end = (re.escape(mark.format(name)) for mark in (_BEGIN, _END))
            found = re.search(f"^{begin}[ \\t]*$.*?^{end}[ \\t]*$", body, re.MULTILINE | re.DOTALL)
            assert found is not None
            body = body[: found.start()] + _marked(name, sections[name]) + body[found.end() :]
    return Card(card.front, body)


def _marked(name: str, text: str) -> str:
    return f"{_BEGIN.format(name)}\n{text}\n{_END.format(name)}"
