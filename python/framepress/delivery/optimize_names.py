"""Files that name pictures, when pictures get other extensions: COCO's JSON and YOLO's lists are written anew, and
whatever else names one ends the work, so that no name is left that leads nowhere."""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from framepress.core.files import read_file
from framepress.errors import InputError

__all__ = ["RENAMING", "renamed_in"]

_TEXTS = frozenset((".json", ".jsonl", ".txt", ".csv", ".tsv", ".xml", ".yaml", ".yml", ".toml", ".lst"))
_WORD = re.compile(rb"[^\s\"'/\\,;:<>|()\[\]{}]+\.(?:png|jpe?g|webp)", re.IGNORECASE)
_LABELS = re.compile(r"(?:^|/)(?:labels|label_2|calib)/")
_LARGEST = 1 << 31

Renamed = Mapping[str, str]
_Rewrite = Callable[[str, bytes, Renamed, frozenset[str]], bytes]


def renamed_in(
    root: Path, format: str, files: Sequence[str], renamed: Renamed, images: frozenset[str]
) -> Iterator[tuple[str, bytes]]:
    """The files that name pictures, as they have to be.

    Args:
        files: those that may name some.
        images: all images of the dataset, as they were called.
        renamed: path -> new path of each picture that gets one.

    Raises:
        InputError: a file names such a picture, and how it does is not known.
    """
    words = {_last_word(path) for path in renamed}
    for path in files:
        suffix = posixpath.splitext(path)[1].lower()
        if suffix not in _TEXTS or _LABELS.search(path):
            continue
        content = read_file(root / path, _LARGEST)
        if words.isdisjoint(_WORD.findall(content)):
            continue
        rewrite = RENAMING[format].get(suffix)
        if rewrite is None:
            raise InputError(
                f"{root / path}: names pictures that would get another extension, and nothing here knows how; "
                "move it away, or keep the pictures' format"
            )
        yield path, rewrite(path, content, renamed, images)


def _last_word(path: str) -> bytes:
    """What `_WORD` finds of a file's name, where it holds blanks."""
    word: bytes = _WORD.findall(path.encode())[-1]
    return word


def _coco(path: str, content: bytes, renamed: Renamed, images: frozenset[str]) -> bytes:
    """Every `file_name` of an image; all else as it was, unknown fields too."""
    try:
        document = json.loads(content)
        names = [image["file_name"] for image in document["images"]]
        if not all(isinstance(name, str) for name in names):
            raise ValueError("a file_name is no text")
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise InputError(f"{path}: names pictures that would get another extension, and is no COCO: {error}") from error
    folder = _folder(path, names, images)
    for image in document["images"]:
        found = renamed.get(folder + image["file_name"])
        if found is not None:
            image["file_name"] = found[len(folder) :]
    text: str = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
    return text.encode()


def _folder(path: str, names: Sequence[str], images: frozenset[str]) -> str:
    """The folder, with its slash, that a file's names are relative to: of those that hold most, the likeliest."""
    split = re.sub(r"^(instances|person_keypoints)_", "", posixpath.splitext(posixpath.basename(path))[0])
    near = posixpath.dirname(path)
    folders = [f"images/{split}/", "images/", f"{split}/", f"{near}/" if near else "", ""]
    known = {posixpath.dirname(file) + "/" for file in images}
    folders += sorted(folder for folder in known - set(folders) if any(folder + name in images for name in names[:8]))
    held = {folder: sum(folder + name in images for name in names) for folder in dict.fromkeys(folders)}
    return max(held, key=lambda folder: (held[folder], -folders.index(folder)))


def _yolo_list(path: str, content: bytes, renamed: Renamed, images: frozenset[str]) -> bytes:
    """A list of images, one a line: relative to the dataset, or, with `./`, to the list's folder."""
    lines = []
    for number, line in enumerate(content.decode("utf-8", "surrogateescape").splitlines(keepends=True), 1):
        name = line.strip()
        choices = (posixpath.normpath(name), posixpath.normpath(posixpath.join(posixpath.dirname(path), name)))
        found = next((choice for choice in choices if choice in images), None)
        if found is None and name and not _WORD.findall(name.encode(errors="surrogateescape")):
            lines.append(line)
        elif found is None and name:
            raise InputError(
                f"{path}:{number}: {name!r} is no image of the dataset; pictures cannot be renamed under it"
            )
        elif found is not None and found in renamed:
            extension = posixpath.splitext(renamed[found])[1]
            lines.append(line.replace(name, posixpath.splitext(name)[0] + extension))
        else:
            lines.append(line)
    return "".join(lines).encode("utf-8", "surrogateescape")


RENAMING: Mapping[str, Mapping[str, _Rewrite]] = {
    "coco": {".json": _coco},
    "yolo": {".txt": _yolo_list},
    "kitti": {},
}
"""Format -> extension -> how a file of it is written anew; of these formats alone pictures get other extensions."""
