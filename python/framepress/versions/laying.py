"""Contents of a store laid out as files below a folder: cloned, linked or copied, whichever can be."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterable, Sequence
from posixpath import splitext

from framepress.errors import InputError
from framepress.versions.add import is_shared
from framepress.versions.manifest import Row
from framepress.versions.objects import Objects
from framepress.versions.sharing import COPY_ERRORS

__all__ = ["Laying"]

_STAGING = "laying"
_STAGED = 512


class Laying:
    """Lays files out below `root`, a folder that is there."""

    def __init__(self, objects: Objects, root: str) -> None:
        self._objects = objects
        self._root = root
        self._folders = {""}
        self._ways = [objects.clone, objects.link]

    def new(self, rows: Iterable[Row]) -> None:
        """Files that are not there yet.

        Raises:
            InputError: the store lacks a content, or has another under its name.
            OSError: the disk refused.
        """
        rest: dict[str, list[str]] = {}
        for row in rows:
            self._make_folder(row.path)
            target = f"{self._root}/{row.path}"
            if not is_shared(row.path) or not self._shared(row.sha256, target):
                rest.setdefault(row.sha256, []).append(target)
            elif os.stat(target).st_size != row.size:
                raise InputError(
                    f"{row.path}: its content {row.sha256[:12]} in the store is damaged: it does not have {row.size} "
                    "bytes; `framepress version verify` tells more"
                )
        self._copy(rest)

    def replace(self, rows: Sequence[Row], temporary: str) -> None:
        """Files in the place of others or of none, each whole at any moment.

        Args:
            temporary: a folder on the same file system; it may hold what a killed call left there.

        Raises:
            InputError, OSError: as `new`.
        """
        staging = f"{temporary}/{_STAGING}"
        try:
            for first in range(0, len(rows), _STAGED):
                shutil.rmtree(staging, ignore_errors=True)
                os.mkdir(staging)
                self._replace(rows[first : first + _STAGED], staging)
        finally:
            shutil.rmtree(staging, ignore_errors=True)

    def _replace(self, rows: Sequence[Row], staging: str) -> None:
        names = [f"{at}{splitext(row.path)[1] if is_shared(row.path) else ''}" for at, row in enumerate(rows)]
        staged = [row._replace(path=name) for row, name in zip(rows, names, strict=True)]
        Laying(self._objects, staging).new(staged)
        for row, name in zip(rows, names, strict=True):
            self._make_folder(row.path)
            os.replace(f"{staging}/{name}", f"{self._root}/{row.path}")

    def _shared(self, id: str, target: str) -> bool:
        """Whether it could be made without a copy; a way that the file system does not have is not tried again."""
        while self._ways:
            try:
                self._ways[0](id, target)
            except FileNotFoundError:
                return False  # in a pack, or nowhere
            except OSError as error:
                if error.errno == errno.EMLINK:
                    return False
                if error.errno not in COPY_ERRORS:
                    raise
                self._ways.pop(0)
            else:
                return True
        return False

    def _make_folder(self, path: str) -> None:
        folder = path.rpartition("/")[0]
        if folder not in self._folders:
            os.makedirs(f"{self._root}/{folder}", exist_ok=True)
            self._folders.add(folder)

    def _copy(self, targets: dict[str, list[str]]) -> None:
        packed = self._objects.packs.among(list(targets))
        for id, content in self._objects.read_many(packed):
            for target in targets[id]:
                with open(target, "xb") as stream:
                    stream.write(content)
        for id in targets.keys() - packed:
            for target in targets[id]:
                self._objects.copy(id, target)
