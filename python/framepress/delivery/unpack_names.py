"""Names of an archive on the disk where they are to lie: each a safe relative path, no two of them one file there."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Callable
from pathlib import Path

from framepress.errors import InputError
from framepress.storage.paths import checked

__all__ = ["Names", "folding"]

Fold = Callable[[str], str]


def folding(folder: Path) -> Fold:
    """What a file system makes of a name before it compares it: nothing, one case, one form of Unicode, or both.

    Args:
        folder: an empty one, there.
    """
    probe = folder / "caf\N{LATIN SMALL LETTER E WITH ACUTE}"
    probe.touch()
    try:
        one_case = os.path.lexists(folder / "CAF\N{LATIN CAPITAL LETTER E WITH ACUTE}")
        one_form = os.path.lexists(folder / "cafe\N{COMBINING ACUTE ACCENT}")
    finally:
        probe.unlink()

    def fold(name: str) -> str:
        name = unicodedata.normalize("NFC", name) if one_form else name
        return name.casefold() if one_case else name

    return fold


class Names:
    """What an archive has named so far.

    Args:
        where: the archive, in messages.
    """

    def __init__(self, where: str, fold: Fold) -> None:
        self.where = where
        self._fold = fold
        self._taken: dict[str, tuple[str, bool]] = {}  # folded -> as it is written, whether it is a folder

    def file(self, name: str) -> list[str]:
        """Take a name for a file; its folders that are new, outermost first.

        Raises:
            InputError: it is unsafe, taken, or the same as another one on this disk.
        """
        self._check(name)
        made = self._folders(name.split("/")[:-1])
        if self._fold(name) in self._taken:
            raise self._collision(name)
        self._taken[self._fold(name)] = (name, False)
        return made

    def folder(self, name: str) -> list[str]:
        """As `file`, for a folder, which may be there already."""
        self._check(name)
        return self._folders(name.split("/"))

    def release(self, name: str) -> None:
        """The file or empty folder is no longer there."""
        del self._taken[self._fold(name)]

    def has_file(self, name: str) -> bool:
        return self._taken.get(self._fold(name)) == (name, False)

    def _folders(self, components: list[str]) -> list[str]:
        made = []
        for depth in range(1, len(components) + 1):
            name = "/".join(components[:depth])
            known = self._taken.get(self._fold(name))
            if known is None:
                self._taken[self._fold(name)] = (name, True)
                made.append(name)
            elif known != (name, True):
                raise self._collision(name)
        return made

    def _check(self, name: str) -> None:
        try:
            checked(name)
        except InputError as error:
            raise InputError(f"{self.where}: {error}") from error

    def _collision(self, name: str) -> InputError:
        other, folder = self._taken[self._fold(name)]
        if other == name:
            return InputError(f"{self.where}: {name!r} is there twice{', as file and folder' if folder else ''}")
        return InputError(f"{self.where}: {name!r} and {other!r} are one name on this disk; unpack it on another one")
