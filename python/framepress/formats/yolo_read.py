"""Reading YOLO folders: data.yaml, then an image's header and its label file when their turn comes."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from framepress.core import Camera, EncodedImage, Frame, Label, LabelMap, View
from framepress.core.channels import Channels
from framepress.core.files import open_file, read_file, walk
from framepress.errors import FramepressError, InputError
from framepress.formats.yolo_names import ids_of, label_path
from framepress.formats.yolo_rows import objects_of
from framepress.storage.images import Header, decode_rgb, probe, refuse_pointer
from framepress.storage.paths import safe_join

__all__ = ["frames", "labels"]

_EXTENSIONS = frozenset((".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp"))
_SPLITS = ("train", "val", "test")
_KEYS = frozenset("path nc names kpt_shape flip_idx channels download yaml_file kpt_names minival task".split())
_HEAD = 1 << 16
_LONGEST_IMAGE = 1 << 28
_LARGEST = 4 << 20
_MOST_POINTS = 10_000
_DEEPEST = 20  # where a parser in Python still takes no time


@dataclass(frozen=True, slots=True)
class _Set:
    """What data.yaml says. `splits`: name -> images, as paths relative to `root`; "" where there are no splits."""

    file: Path
    root: Path
    labels: LabelMap
    splits: dict[str, list[str]]
    keypoints: tuple[int, int] | None


def labels(path: Path) -> LabelMap:
    """See `yolo.read_labels`."""
    file = _yaml_file(path)
    document = _document(file)
    return _labels(document, _keypoint_shape(document, file), file)


def frames(path: Path) -> Iterator[Frame]:
    """See `yolo.read`."""
    found = _opened(path)
    _refuse_lost_labels(found)
    position = 0
    for (split, listed), ids in zip(found.splits.items(), ids_of(found.splits, str(found.file)), strict=True):
        for image, identifier in zip(listed, ids, strict=True):
            view = _view(found, image)
            try:
                frame = Frame(identifier, position, (view,), split=split)
            except FramepressError as error:
                raise InputError(f"{found.root / image}: {error}") from error
            yield frame
            position += 1


def _yaml_file(path: Path) -> Path:
    if path.is_file():
        return path
    for name in ("data.yaml", "data.yml", "dataset.yaml"):
        if (path / name).is_file():
            return path / name
    raise InputError(f"{path}: has no data.yaml; pass the dataset's YAML file itself")


def _document(file: Path) -> Mapping[str, Any]:
    import yaml

    content = read_file(file)
    refuse_pointer(content, str(file))
    if len(content) > _LARGEST:
        raise InputError(f"{file}: has {len(content)} bytes; is it a YOLO data file?")
    depth = 0
    try:
        for event in yaml.parse(content, yaml.SafeLoader):
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if depth > _DEEPEST:
                raise InputError(f"{file}: is no YAML of a YOLO data file: lists and maps are nested {depth} deep")
            if isinstance(event, yaml.AliasEvent):  # with these, a small file unfolds to any size
                raise InputError(f"{file}: has an alias, *{event.anchor}; write out what it stands for")
        document = yaml.safe_load(content)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise InputError(f"{file}: is no YAML: {' '.join(str(error).split())}") from error
    if not isinstance(document, dict) or "names" not in document:
        raise InputError(f"{file}: has no `names`; is it a YOLO data file?")
    return document


def _labels(document: Mapping[str, Any], keypoints: tuple[int, int] | None, file: Path) -> LabelMap:
    names = document["names"]
    if isinstance(names, dict):
        if sorted(names, key=str) != sorted(range(len(names)), key=str):
            raise InputError(f"{file}: names has the numbers {list(names)}; they must count from 0 on without a gap")
        names = [names[number] for number in range(len(names))]
    if not isinstance(names, list):
        raise InputError(f"{file}: names is {names!r}, expected a list or numbered texts")
    odd = [name for name in names if not isinstance(name, str) and type(name) is not int]
    if odd:
        raise InputError(
            f"{file}: names: {odd[0]!r} is no text; put it in quotes (YAML reads yes, no, on, off as truth)"
        )
    if document.get("nc", len(names)) != len(names):
        raise InputError(f"{file}: nc is {document['nc']!r}, names lists {len(names)}")
    points = tuple(f"point_{number + 1}" for number in range(keypoints[0] if keypoints else 0))
    try:
        return LabelMap(tuple(Label(str(name).strip(), keypoints=points) for name in names))
    except FramepressError as error:
        raise InputError(f"{file}: names: {error}") from error


def _keypoint_shape(document: Mapping[str, Any], file: Path) -> tuple[int, int] | None:
    shape = document.get("kpt_shape")
    if shape is None:
        return None
    if (
        not isinstance(shape, list)
        or [type(side) for side in shape] != [int, int]
        or not 1 <= shape[0] <= _MOST_POINTS
        or shape[1] not in (2, 3)
    ):
        raise InputError(f"{file}: kpt_shape is {shape!r}, expected [points up to {_MOST_POINTS}, 2 or 3]")
    return shape[0], shape[1]


def _opened(path: Path) -> _Set:
    file = _yaml_file(path)
    document = _document(file)
    keypoints = _keypoint_shape(document, file)
    root = _root(document, file)
    named = [*_SPLITS, *(key for key in document if _may_be_split(key, document[key], root))]
    listed = {key: _images(document[key], root, f"{file}: {key}") for key in named if document.get(key)}
    splits: dict[str, list[str]] = {}
    for name, images in listed.items():
        if images in splits.values():
            continue  # trainers ask for train and val, so one folder is often given for both
        known = {image: split for split, others in splits.items() for image in others}
        shared = next((image for image in images if image in known), None)
        if shared is not None:
            raise InputError(f"{file}: {shared} is in {known[shared]} and in {name}; a split must not share images")
        splits[name] = images
    if not splits:
        raise InputError(f"{file}: names none of the splits train, val and test")
    if len(splits) == 1 and len(listed) > 1:
        splits = {"": next(iter(splits.values()))}
    return _Set(file, root, _labels(document, keypoints, file), splits, keypoints)


def _may_be_split(key: Any, entry: Any, root: Path) -> bool:
    """Whether a key that readers do not know names images: exporters note where a set is from in keys of their own."""
    if not isinstance(key, str) or key in (*_SPLITS, *_KEYS):
        return False
    items = entry if isinstance(entry, list) else [entry]
    if not all(isinstance(item, str) and item.strip() for item in items):
        return False
    try:
        places = [_inside(root, item, key)[0] for item in items]
    except InputError:
        return False
    return all(path.is_dir() or (path.is_file() and path.suffix.lower() in (".txt", *_EXTENSIONS)) for path in places)


def _root(document: Mapping[str, Any], file: Path) -> Path:
    """The folder of the YAML file. A `path` in it is only believed where it leads to a folder inside of that."""
    stated = str(document.get("path") or ".")
    if not stated.isprintable():  # a NUL, or half a character: no folder could be called that
        return file.parent
    if stated in (".", "./") or Path(stated).resolve() == file.parent.resolve():
        return file.parent
    if not Path(stated).is_absolute() and ".." not in Path(stated).parts and (file.parent / stated).is_dir():
        return file.parent / stated
    return file.parent  # a path of the machine that made the set


def _images(entry: Any, root: Path, where: str) -> list[str]:
    """The images that one split names, in order, as paths relative to `root`."""
    found: list[str] = []
    for item in entry if isinstance(entry, list) else [entry]:
        if not isinstance(item, str):
            raise InputError(f"{where}: {item!r} is no path")
        path, relative = _inside(root, item, where)
        if path.is_dir():
            below = [Path(folder, name) for folder, _, names in walk(path) for name in names]  # dead links too
            images = [image.relative_to(path).as_posix() for image in below if image.suffix.lower() in _EXTENSIONS]
            found += sorted(f"{relative}/{image}" if relative else image for image in images)
        elif path.suffix.lower() == ".txt" and path.is_file():
            for number, line in enumerate(path.read_text("utf-8", errors="surrogateescape").splitlines(), 1):
                if not line.strip():
                    continue
                listed = _inside(root, line.strip(), f"{path}:{number}")[1]
                if not listed:
                    raise InputError(f"{path}:{number}: {line.strip()!r} is the folder of the dataset, not an image")
                found.append(listed)
        elif path.suffix.lower() in _EXTENSIONS and path.is_file():
            found.append(relative)
        else:
            raise InputError(f"{where}: {item} is neither a folder, a list of images (.txt) nor an image in {root}")
    return list(dict.fromkeys(found))


def _inside(root: Path, text: str, where: str) -> tuple[Path, str]:
    """A path of the set and its form relative to `root`.

    As Ultralytics does, `../` in front is taken for the root itself where that is what exists; a leading `data/`, which
    darknet's lists have, likewise.
    """
    if Path(text).is_absolute():
        if not Path(text).is_relative_to(root.absolute()):
            raise InputError(f"{where}: {text} is outside of the dataset's folder {root}")
        text = str(Path(text).relative_to(root.absolute()))
    plain = PurePosixPath(text.removeprefix("../")).as_posix()
    for relative in (plain, plain.removeprefix("data/")):
        try:
            path = root if relative == "." else safe_join(root, relative)
        except InputError as error:
            raise InputError(f"{where}: {error}") from error
        if path.exists():
            return path, "" if relative == "." else relative
    return safe_join(root, plain), plain


def _label_file(found: _Set, image: str) -> Path:
    return safe_join(found.root, label_path(image))


def _refuse_lost_labels(found: _Set) -> None:
    """A set without any label file is laid out wrongly, not empty: readers would take all images for background."""
    images = [image for listed in found.splits.values() for image in listed]
    if images and not any(_label_file(found, image).is_file() for image in images):
        raise InputError(
            f"{found.file}: none of the {len(images)} images has a label file; "
            f"that of {images[0]} is expected at {_label_file(found, images[0])}"
        )


def _view(found: _Set, image: str) -> View:
    path = safe_join(found.root, image)
    header = _header(path)
    size_wh = (header.width, header.height)
    file = _label_file(found, image)
    text = _text(file) if os.path.lexists(file) else ""
    objects = objects_of(text, found.labels, found.keypoints, size_wh, str(file))
    source = EncodedImage(header.media_type, path, decode_rgb)
    return View(Camera(*size_wh), channels=Channels({"rgb": source}, size_wh, str(path)), objects=objects)


def _text(file: Path) -> str:
    try:
        return read_file(file).decode("utf-8")
    except UnicodeDecodeError as error:
        raise InputError(f"{file}: cannot be read: {error}") from error


def _header(path: Path) -> Header:
    with open_file(path) as file:
        head = file.read(_HEAD)
        try:
            return probe(head, str(path))
        except InputError:
            if len(head) < _HEAD or not head.startswith((b"\xff\xd8", b"II", b"MM")):
                raise
            # A JPEG with a long preamble, a TIFF with its directory at the end; not a file of any size.
            return probe(head + file.read(_LONGEST_IMAGE), str(path))
