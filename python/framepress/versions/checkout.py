"""A version's files laid out in a folder."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from framepress.errors import InputError, OutputError
from framepress.storage.output import refused
from framepress.versions.add import is_shared
from framepress.versions.manifest import Row, check_paths
from framepress.versions.objects import Objects

__all__ = ["check_out"]


def check_out(rows: Sequence[Row], objects: Objects, target: Path) -> None:
    """All at once: the folder is there when it is whole.

    Raises:
        OutputError: the target exists, or the disk refused.
        InputError: the store lacks a content.
    """
    check_paths(rows)
    if os.path.lexists(target):
        raise OutputError(f"{target}: exists already; choose a new folder")
    target.parent.mkdir(parents=True, exist_ok=True)
    made = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    try:
        _lay_out(rows, objects, str(made))
        os.chmod(made, 0o777 & ~_umask())
        os.rename(made, target)
    except OSError as error:
        raise refused(target, "written", error) from error
    finally:
        shutil.rmtree(made, ignore_errors=True)


def _lay_out(rows: Sequence[Row], objects: Objects, root: str) -> None:
    folders = {""}
    for row in rows:
        folder = row.path.rpartition("/")[0]
        if folder not in folders:
            os.makedirs(f"{root}/{folder}", exist_ok=True)
            folders.add(folder)
        target = f"{root}/{row.path}"
        if is_shared(row.path):
            try:
                os.link(objects.path(row.sha256), target)
                continue
            except FileNotFoundError as error:
                raise InputError(f"{row.path}: its content {row.sha256[:12]} is not in the store") from error
            except OSError:
                pass  # no hard links here, or too many: a copy
        with open(target, "xb") as stream:
            stream.write(objects.read(row.sha256))


def _umask() -> int:
    found = os.umask(0)
    os.umask(found)
    return found
