"""A copy of a dataset in which all is put right that can be without guessing; the dataset itself stays as it is."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from framepress.core.files import walk
from framepress.errors import OptionError, OutputError
from framepress.quality.fixes import coco
from framepress.quality.fixes.change import Change
from framepress.quality.fixes.lines import KITTI, YOLO, kitti_changes, yolo_changes
from framepress.quality.profile import Profile
from framepress.quality.validate import Validation, validate
from framepress.storage.durable import sync_tree

__all__ = ["FIXABLE", "Fixed", "fix"]

_Changes = Callable[[Path, Collection[str]], Iterator[Change]]
_FORMATS: dict[str, tuple[frozenset[str], _Changes]] = {
    "coco": (coco.CODES, coco.changes),
    "yolo": (YOLO, yolo_changes),
    "kitti": (KITTI, kitti_changes),
}
FIXABLE = frozenset(code for codes, _ in _FORMATS.values() for code in codes)
"""Codes of which some findings, if not all, can be put right without guessing."""


@dataclass(frozen=True)
class Fixed:
    """Args:
    target: where the copy is; None where nothing could be put right, and nothing was written.
    made: code -> places that were put right.
    files: those that are new in the copy, or left out of it.
    before, after: what was found in the dataset, and in the copy.
    """

    target: Path | None
    made: Counter[str]
    files: tuple[str, ...]
    before: Validation
    after: Validation


def fix(
    path: Path | str, target: Path | str, profile: Profile, *, format: str | None = None, workers: int | None = None
) -> Fixed:
    """Write a copy in which the findings of a profile are put right, as far as no guess is needed.

    Files that stay as they are become hard links where the disk has them, so a copy costs next to nothing: whoever
    edits a picture in place edits it in both.

    Args:
        target: does not exist yet; it appears when it is complete.

    Raises:
        OptionError: a dataset of ours, whose journal has the truth; a format without fixes; a single file; a target in
            the dataset itself.
        OutputError: the target exists, or cannot be written.
        InputError: as `validate`.
    """
    path, target = Path(path), Path(target)
    before = validate(path, profile, format=format, workers=workers)
    codes, changes = _fixes_of(path, before)
    if target.resolve().is_relative_to(path.resolve()):
        raise OptionError(f"{target}: lies in the dataset itself; name a folder outside of {path} for the copy")
    if target.exists() or target.is_symlink():
        raise OutputError(f"{target}: exists already and is not overwritten; name another folder for the copy")
    wanted = codes & {code for code, count in before.findings.counts.items() if count}
    changed = {change.name: change for change in changes(path, wanted)} if wanted else {}
    if not changed:
        return Fixed(None, Counter(), (), before, before)
    _write(path, target, changed)
    made: Counter[str] = Counter()
    for change in changed.values():
        made.update(change.fixed)
    after = validate(target, profile, format=format, workers=workers)
    return Fixed(target, made, tuple(sorted(changed)), before, after)


def _fixes_of(path: Path, found: Validation) -> tuple[frozenset[str], _Changes]:
    if not path.is_dir():
        raise OptionError(f"{path}: is a file; name the dataset's folder, of which a copy is made")
    if found.source is not None and found.source.job is not None:
        raise OptionError(
            f"{path}: is a dataset of ours, whose journal has what was captured: write its editions again "
            "(`framepress finish`, or `framepress convert` into another folder)"
        )
    names = [edition.format for edition in found.editions]
    for name in names:
        if name in _FORMATS:
            return _FORMATS[name]
    raise OptionError(
        f"{path}: nothing can be put right in {', '.join(names) or 'this'}; formats with fixes: {', '.join(_FORMATS)}"
    )


def _write(path: Path, target: Path, changed: dict[str, Change]) -> None:
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        made = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    except OSError as error:
        raise OutputError(f"{target}: cannot be written: {error.strerror or error}") from error
    try:
        _copy(path, made, changed)
        sync_tree(str(made))
        made.chmod(path.stat().st_mode & 0o777)
        made.rename(target)
    except OSError as error:
        raise OutputError(f"{target}: cannot be written: {error.strerror or error}") from error
    finally:
        shutil.rmtree(made, ignore_errors=True)


def _copy(path: Path, made: Path, changed: dict[str, Change]) -> None:
    for folder, folders, files in walk(path):
        place = made / os.path.relpath(folder, path)
        place.mkdir(exist_ok=True)
        for name in (*files, *(name for name in folders if os.path.islink(os.path.join(folder, name)))):
            source = Path(folder, name)
            relative = source.relative_to(path).as_posix()
            if relative not in changed:
                _stay(source, place / name)
            elif (content := changed[relative].content) is not None:
                (place / name).write_bytes(content)


def _stay(source: Path, place: Path) -> None:
    """A link stays a link, wherever it leads; what is no file is left out, as readers do."""
    if source.is_symlink():
        place.symlink_to(os.readlink(source))
    elif source.is_file():
        try:
            os.link(source, place)
        except OSError:  # another disk, or one without hard links
            shutil.copy2(source, place)
