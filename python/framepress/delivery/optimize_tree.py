"""Optimising a dataset that is not ours: the same tree, other images, names kept in step; what changes is checked by
reading both datasets and comparing them frame by frame."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from itertools import zip_longest
from pathlib import Path
from typing import NamedTuple

from framepress.core.files import read_file, walk
from framepress.core.in_order import in_order
from framepress.core.record import to_record
from framepress.dataset.opening import Dataset, open_dataset
from framepress.delivery.optimize_images import Outcome, Wish, optimized
from framepress.delivery.optimize_names import RENAMING, renamed_in
from framepress.delivery.optimize_tally import Tally
from framepress.delivery.pack_folder import link_or_copy
from framepress.errors import InputError, OptionError
from framepress.formats.native_read import looks_like as looks_like_native

__all__ = ["optimize_tree"]

_IMAGES = {".png": "png", ".jpg": "jpeg", ".jpeg": "jpeg", ".webp": "webp"}
_LARGEST = 1 << 30


class _File(NamedTuple):
    path: str
    size: int
    picture: bool

    @property
    def kind(self) -> str:
        found = _IMAGES.get(os.path.splitext(self.path)[1].lower())
        if found is None:
            return "other files"
        return f"pictures ({found})" if self.picture else f"images ({found})"


def optimize_tree(
    source: Path, folder: Path, wish: Wish, tally: Tally, *, workers: int, on_progress: Callable[[int, int], None]
) -> None:
    """Fill `folder` with the dataset, its images made smaller; files that stay are linked.

    Only of what a reader takes for a view's colour image something may be lost, or the format change.

    Raises:
        OptionError: another format of pictures is asked for, of a format whose names cannot be kept in step.
        InputError: a damaged image, a file that names pictures in a way that is not known, or a result that is not
            read as the source is.
    """
    if looks_like_native(source):
        raise OptionError(
            f"{source}: its records hold the digests of its files, and the journal is not there to change"
        )
    dataset = None if wish.images == "keep" else _opened(source, wish)
    pictures = frozenset() if dataset is None else frozenset(_pictures(dataset, source).values())
    files, links, folders = _files(source, pictures)
    for path in folders:
        (folder / path).mkdir(exist_ok=True)
    images = [file for file in files if file.kind != "other files"]
    names = {file.path for file in files} | set(links)
    renamed: dict[str, str] = {}

    def worked(file: _File) -> Outcome:
        path = source / file.path
        return optimized(read_file(path, _LARGEST), str(path), wish, picture=file.picture)

    for number, (file, outcome) in enumerate(zip(images, in_order(worked, images, workers), strict=True), 1):
        if file.picture:
            name, outcome = _named(file, outcome, names)
        else:
            name = file.path
        if outcome.content is None:
            link_or_copy(source / file.path, folder / file.path)
        else:
            (folder / name).write_bytes(outcome.content)
        if name != file.path:
            renamed[file.path] = name
            names.add(name)
        tally.add(file.kind, file.size, outcome, name, renamed=name != file.path)
        on_progress(number, len(images))
    others = [file for file in files if file.kind == "other files"]
    rewritten: dict[str, bytes] = {}
    if dataset is not None and renamed:
        texts, known = [file.path for file in others], frozenset(file.path for file in images)
        rewritten = dict(renamed_in(source, dataset.format.name, texts, renamed, known))
    _write_others(source, folder, others, rewritten)
    _write_links(source, folder, links, renamed)
    for file in others:
        tally.add(file.kind, file.size, None, file.path)
    if dataset is not None and renamed:
        _check_same(dataset, source, folder, renamed)


def _opened(source: Path, wish: Wish) -> Dataset:
    dataset = open_dataset(source)
    if dataset.format.name not in RENAMING or (dataset.format.name, wish.images) == ("kitti", "webp"):
        raise OptionError(
            f"{source}: pictures of {dataset.format.name} cannot become {wish.images}: "
            + (
                "its readers look for .png and .jpg"
                if dataset.format.name == "kitti"
                else f"only of {', '.join(RENAMING)}"
            )
        )
    return dataset


def _pictures(dataset: Dataset, root: Path) -> dict[tuple[str, str], str]:
    """(frame, view) -> the path of its colour image, where it is a file of the dataset."""
    found = {}
    inside = root.resolve()
    for frame in dataset.frames():
        for view in frame.views:
            image = view.channels.encoded("rgb") if "rgb" in view.channels else None
            if image is not None and isinstance(image.source, Path):
                path = image.source.parent.resolve() / image.source.name
                if path.is_relative_to(inside):
                    found[frame.id, view.name] = path.relative_to(inside).as_posix()
    return found


def _files(source: Path, pictures: frozenset[str]) -> tuple[list[_File], list[str], list[str]]:
    """Regular files, ordered by path; symbolic links, which stay links; and folders, outer ones first."""
    files, links, inner = [], [], []
    for folder, folders, names in walk(source):
        folders.sort()
        inner.append(Path(folder).relative_to(source).as_posix())
        for name in (*names, *(name for name in folders if os.path.islink(os.path.join(folder, name)))):
            path = Path(folder, name)
            relative = path.relative_to(source).as_posix()
            if path.is_symlink():
                links.append(relative)
            elif path.is_file():
                files.append(_File(relative, path.stat().st_size, relative in pictures))
    return sorted(files), sorted(links), inner


def _named(file: _File, outcome: Outcome, names: set[str]) -> tuple[str, Outcome]:
    """What the file is called now; where that name is another file's, it stays as it is."""
    if outcome.content is None or _IMAGES[outcome.extension] == _IMAGES[os.path.splitext(file.path)[1].lower()]:
        return file.path, outcome
    name = os.path.splitext(file.path)[0] + outcome.extension
    return (file.path, Outcome(reason="another file has its new name")) if name in names else (name, outcome)


def _write_others(source: Path, folder: Path, files: list[_File], rewritten: Mapping[str, bytes]) -> None:
    for file in files:
        if file.path in rewritten:
            (folder / file.path).write_bytes(rewritten[file.path])
        else:
            link_or_copy(source / file.path, folder / file.path)


def _write_links(source: Path, folder: Path, links: list[str], renamed: Mapping[str, str]) -> None:
    """Symbolic links lead where they led: within the copy to its own files, out of it to the same place.

    Raises:
        InputError: one leads to a picture that has another name now.
    """
    inside = source.resolve()
    for path in links:
        leads_to = (source / path).resolve()
        within = leads_to.is_relative_to(inside)
        if within and leads_to.relative_to(inside).as_posix() in renamed:
            raise InputError(
                f"{source / path}: leads to a picture that would get another extension; move the link away"
            )
        as_it_was = os.readlink(source / path)
        (folder / path).symlink_to(as_it_was if within else leads_to)


def _check_same(dataset: Dataset, source: Path, folder: Path, renamed: Mapping[str, str]) -> None:
    """Both datasets are read: every frame has the same record, and the image that it had, under its name.

    Raises:
        InputError: one has not.
    """
    copy = open_dataset(folder, dataset.format.name)
    wanted = {key: renamed.get(path, path) for key, path in _pictures(dataset, source).items()}
    if (found := _pictures(copy, folder)) != wanted:
        key = min(key for key in {*wanted, *found} if wanted.get(key) != found.get(key))
        raise InputError(
            f"{source}: with other names of pictures it is not read as it was, frame {key[0]} first; nothing was "
            "written. Leave out --images, or rename pictures that differ in the extension only"
        )
    for before, after in zip_longest(dataset.frames(), copy.frames()):
        if before is None or after is None or to_record(before) != to_record(after):
            lost = next(frame.id for frame in (before, after) if frame is not None)
            raise InputError(f"{source}: frame {lost} is not read as it was; nothing was written")
