"""The packs of a store: `packs/<name>.pack`."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np

from framepress.errors import InputError
from framepress.storage.output import refused
from framepress.versions.packs import Pack

__all__ = ["SUFFIX", "Packs"]

SUFFIX = ".pack"
_FEW = 64  # so many are looked for one by one, more of them all at once


class Packs:
    """Packs that come and go: what is not found is looked for in those that came since.

    Attributes:
        damaged: packs that cannot be read, as of the last time that they were looked for.
    """

    def __init__(self, root: Path) -> None:
        self.folder = root / "packs"
        self._packs: dict[str, Pack] = {}
        self.damaged: dict[str, InputError] = {}
        self._listed_ns = -1

    def path(self, name: str) -> Path:
        return self.folder / f"{name}{SUFFIX}"

    def names(self) -> list[str]:
        """Of the packs that are there now, ordered."""
        try:
            found = os.listdir(self.folder)
        except FileNotFoundError:
            return []
        return sorted(name.removesuffix(SUFFIX) for name in found if name.endswith(SUFFIX))

    def all(self) -> list[Pack]:
        """Those that are there now; one that is damaged holds nothing, and is in `damaged`."""
        packs: dict[str, Pack] = {}
        self.damaged = {}
        for name in self.names():
            try:
                packs[name] = self._packs.get(name) or Pack.open(self.path(name))
            except InputError as error:
                if self.path(name).exists():  # else it went meanwhile
                    self.damaged[name] = error
        self._packs = packs
        return list(packs.values())

    def find(self, id: str) -> Pack | None:
        """The pack that holds a content; None where none does, or one that came in this very tick of the clock."""
        found = self._known(id)
        if found is None and self._changed():
            self.all()
            found = self._known(id)
        return found

    def _changed(self) -> bool:
        try:
            changed_ns = os.stat(self.folder).st_mtime_ns
        except FileNotFoundError:
            return False
        if changed_ns == self._listed_ns:
            return False
        self._listed_ns = changed_ns
        return True

    def _known(self, id: str) -> Pack | None:
        return next((pack for pack in self._packs.values() if pack.range_of(id)), None)

    def read(self, id: str) -> bytes | None:
        """A content, checked; None where no pack holds it.

        Raises:
            InputError: it is damaged.
        """
        pack = self._known(id)
        if pack is not None:
            try:
                return pack.read(id)
            except InputError:
                if pack.name in self.names():
                    raise
        # Before a pack goes, what it held is in another.
        self.all()
        pack = self._known(id)
        return None if pack is None else pack.read(id)

    def among(self, ids: Sequence[str]) -> set[str]:
        """Those of `ids` that a pack holds."""
        if len(ids) < _FEW:
            return {id for id in ids if self.find(id)}
        wanted = np.array([bytes.fromhex(id) for id in ids], "S32")
        held = np.zeros(len(ids), bool)
        for pack in self.all():
            at = np.searchsorted(pack.keys, wanted).clip(max=len(pack) - 1)
            held |= pack.keys[at] == wanted
        return {id for id, here in zip(ids, held.tolist(), strict=True) if here}

    def read_many(self, ids: Iterable[str]) -> Iterator[tuple[str, bytes]]:
        """The contents of those that a pack holds, in the order in which they lie on the disk."""
        places: dict[str, list[tuple[int, str]]] = {}
        for id in ids:
            pack = self.find(id)
            place = None if pack is None else pack.range_of(id)
            if pack is not None and place is not None:
                places.setdefault(pack.name, []).append((place[0], id))
        for entries in places.values():
            for _, id in sorted(entries):
                content = self.read(id)
                if content is not None:
                    yield id, content

    def publish(self, temp: str, name: str) -> None:
        """Give a pack that is whole and durable its name.

        Raises:
            OutputError: the disk refused.
        """
        try:
            self.folder.mkdir(exist_ok=True)
            os.chmod(temp, 0o444)
            os.replace(temp, self.path(name))
        except OSError as error:
            raise refused(self.path(name), "written", error) from error
