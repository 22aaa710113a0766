"""Where the lines stand: `refs/<line>/<number>`, one small file a version, made once and never changed.

Making the next number is what a commit wins or loses: the file system (a link that must be new) or the object store
(a put that must be new) lets exactly one in. A ref is {"commit": sha256, "time": ISO 8601 or "", "by": author}.
`tags/<name>` are files of the same kind that name a version for good.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from framepress.errors import InputError, OptionError

__all__ = ["LINE", "Cells", "Ref", "Refs", "check_name", "is_number"]

LINE = "main"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_NUMBER = re.compile("[0-9]{8}|[1-9][0-9]{8,14}")
_HEX = re.compile(r"[0-9a-f]{64}")
# What a tag must not look like, as these name versions in other ways.
_TAKEN = re.compile(r"v?[0-9]+|head|[0-9a-f]{7,64}|.*\.lock", re.IGNORECASE)


class Cells(Protocol):
    """Small files that are made once: what refs need of a store, near or far."""

    def create(self, path: str, content: bytes) -> bool:
        """Durable when it returns; False where something of that name is there already."""

    def get(self, path: str) -> bytes: ...

    def names(self, prefix: str) -> Iterator[str]:
        """Of the cells below a folder, with the folder, in any order."""


@dataclass(frozen=True)
class Ref:
    """One step of a line, or a tag.

    Args:
        number: of the version in its line, from 1 on; 0 for a tag.
        time: when, as the committer's clock had it; "" where it was not told.
    """

    number: int
    commit: str
    time: str = ""
    by: str = ""
    note: str = ""

    def to_json(self) -> bytes:
        return json.dumps(
            {"commit": self.commit, "time": self.time, "by": self.by, "note": self.note},
            ensure_ascii=False,
            separators=(",", ":"),
        ).encode()

    @classmethod
    def from_json(cls, content: bytes, number: int, where: str) -> Ref:
        """Raises:
        InputError: it is no ref.
        """
        try:
            fields = json.loads(content)
            found = cls(number, *(fields[name] for name in ("commit", "time", "by", "note")))
            if not all(isinstance(text, str) for text in (found.commit, found.time, found.by, found.note)):
                raise ValueError("a field is no text")
            if not _HEX.fullmatch(found.commit):
                raise ValueError(f"{found.commit!r} is no sha256")
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise InputError(f"{where}: is no ref that this framepress reads: {error}") from error
        return found


class Refs:
    """The lines and tags in `cells`."""

    def __init__(self, cells: Cells) -> None:
        self._cells = cells

    def line(self, name: str = LINE) -> list[Ref]:
        """Every step, oldest first.

        Raises:
            InputError: one is damaged, or a number is missing.
        """
        paths = self._numbered(name)
        if sorted(paths) != list(range(1, len(paths) + 1)):
            raise InputError(f"refs/{name}: version {self._gap(paths)} is missing; restore it from a copy")
        return [Ref.from_json(self._cells.get(paths[n]), n, paths[n]) for n in sorted(paths)]

    def latest(self, name: str = LINE) -> Ref | None:
        """The last step; None before the first.

        Raises:
            InputError: it is damaged, or a number is missing.
        """
        paths = self._numbered(name)
        if not paths:
            return None
        if max(paths) != len(paths):
            raise InputError(f"refs/{name}: version {self._gap(paths)} is missing; restore it from a copy")
        return Ref.from_json(self._cells.get(paths[len(paths)]), len(paths), paths[len(paths)])

    def _numbered(self, name: str) -> dict[int, str]:
        folder = f"refs/{check_name(name)}"
        found = {}
        for path in self._cells.names(folder):
            if not is_number(number := path.removeprefix(f"{folder}/")):
                raise InputError(f"{path!r:.200}: is no version's number; move it out of the store's refs")
            found[int(number)] = path
        return found

    @staticmethod
    def _gap(numbers: dict[int, str]) -> int:
        return next(number for number in range(1, len(numbers) + 1) if number not in numbers)

    def advance(self, ref: Ref, name: str = LINE) -> bool:
        """Make it the line's next step; False where another was first."""
        return self._cells.create(f"refs/{check_name(name)}/{ref.number:08}", ref.to_json())

    def lines(self) -> list[str]:
        return sorted({path.split("/")[1] for path in self._cells.names("refs")})

    def tags(self) -> dict[str, Ref]:
        """Name -> what it names, by name."""
        paths = sorted(self._cells.names("tags"))
        return {path.partition("/")[2]: Ref.from_json(self._cells.get(path), 0, path) for path in paths}

    def tag(self, name: str, ref: Ref) -> bool:
        """Name a version for good; False where the name is taken.

        Raises:
            OptionError: no tag may be called so.
        """
        if _TAKEN.fullmatch(check_name(name)):
            raise OptionError(f"tag {name!r}: would be taken for a version's number or sha256; choose another name")
        return self._cells.create(f"tags/{name}", ref.to_json())


def check_name(name: str) -> str:
    """Raises:
    OptionError: neither a line nor a tag may be called so.
    """
    if not _NAME.fullmatch(name) or name.endswith("."):
        raise OptionError(f"{name!r}: must be letters, digits, '.', '_' or '-', and begin with a letter or digit")
    return name


def is_number(text: str) -> bool:
    """Whether the last part of a ref's path says a version's number, as `Refs.advance` writes it."""
    return _NUMBER.fullmatch(text) is not None
