"""A tolerant look at the folder of a BasicWriter recording."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from framepress.capture.accounts import Accounts
from framepress.capture.cameras import PINHOLES, camera_of, intrinsics_from_aperture
from framepress.core.arrays import Array
from framepress.core.files import open_file
from framepress.errors import FramepressError, InputError
from framepress.formats.basic import view_names
from framepress.formats.basic_files import KINDS, Capture, Number, placed
from framepress.quality.basic.documents import Reader, labels_in
from framepress.quality.basic.gathered import Rows, columns_of
from framepress.quality.basic.table import BOXES, DISTANCES, ID_MAPS, BasicLook, IdMap, Shot
from framepress.quality.files.listing import FILE, LINK, listed
from framepress.quality.issue import Issue
from framepress.quality.look import ImageFile
from framepress.storage import images, npy
from framepress.storage.paths import safe_join

__all__ = ["look"]

_HEAD_BYTES = 1 << 16
_DISTANCE_PICTURE = re.compile(r"(?:.*/)?(?:.+_)?(distance_to_image_plane|distance_to_camera)_((?:\d+_)*\d+)\.png")
_MOST = 1 << 24
"""Pixels of a side; more is no image."""
_RESOLUTION = "renderProductResolution"
_APERTURE_SHARE = 5e-4
"""By how much of the image's larger side the K of the projection matrix and that of the aperture may differ; float32
alone makes a hundredth of that."""


def look(path: Path) -> BasicLook:
    """Take in a recording.

    Raises:
        InputError: no folder, or no file of BasicWriter in it.
    """
    root = Path(path)
    kinds = {found.name: found.kind for found in listed(root)} if root.is_dir() else {}
    doubled: list[Issue] = []
    capture = _found(root, kinds, doubled)
    reader = Reader([], [], [])
    rows = Rows(reader)
    shots: list[Shot] = []
    wrong_maps: list[Issue] = []
    wrong_cameras: list[Issue] = []
    for shot in _shots(capture):
        _camera(root, shot, reader, wrong_cameras)
        for kind, side in ID_MAPS.items():
            if kind in shot.files and side in shot.files:
                _map(root, shot, kind, side, reader, wrong_maps)
        for kind in BOXES:
            if kind in shot.files:
                rows.add(root, len(shots), shot, kind)
        if shot.size == (0, 0):
            shot.size = _stated_by_header(root, shot)
        shots.append(shot)
    found = BasicLook(
        root=root,
        unread=reader.unread,
        capture=capture,
        shots=shots,
        boxes=rows.gathered(),
        labels=rows.labels,
        paths=rows.paths,
        doubled=doubled,
        not_finite=reader.not_finite,
        wrong_rows=reader.wrong_rows,
        wrong_maps=wrong_maps,
        wrong_cameras=wrong_cameras,
        pictures_of_distances=_pictures_of_distances(kinds),
    )
    found.pictures = list(_images(found))
    found.table = columns_of(found)
    return found


def _found(root: Path, kinds: Mapping[str, str], doubled: list[Issue]) -> Capture:
    """As `basic_files.find`, but the second file for a place is noted, and links that lead out are passed over."""
    cameras: dict[str, dict[Number, dict[str, Path]]] = {}
    texts: dict[tuple[tuple[int, ...], int], Number] = {}
    for path, camera, kind, given in placed(root):
        name = _name(root, path)
        if not _is_own(root, name, kinds):
            continue
        number = texts.setdefault((given.triggers, given.number), given)
        files = cameras.setdefault(camera, {}).setdefault(number, {})
        if kind in files:
            first = _name(root, files[kind])
            message = f"{name!r} and {first!r} are both {kind} of frame {number.text}"
            doubled.append(Issue(message=message, file=name, frame=number.text))
        else:
            files[kind] = path
    if not cameras:
        raise InputError(f"{root}: no BasicWriter file (such as rgb_0000.png) in this folder or below")
    return Capture(root, {name: dict(sorted(cameras[name].items())) for name in sorted(cameras)})


def _name(root: Path, path: Path) -> str:
    """As `relative_to` and `as_posix`, in a tenth of the time: `placed` makes all paths below the root."""
    above = "" if root == Path() else os.fspath(root)
    return os.fspath(path)[len(above) :].lstrip(os.sep).replace(os.sep, "/")


def _is_own(root: Path, name: str, kinds: Mapping[str, str]) -> bool:
    if kinds.get(name) == LINK:
        try:
            return safe_join(root, name).is_file()
        except InputError:
            return False
    return kinds.get(name) == FILE


def _shots(capture: Capture) -> Iterator[Shot]:
    """By number, then camera."""
    views = view_names(capture)
    for number in capture.numbers():
        frame = f"{number.sequence}/{number.text}" if number.triggers else number.text
        for camera, frames in capture.cameras.items():
            if number in frames:
                files = {kind: _name(capture.root, path) for kind, path in frames[number].items()}
                ordered = {kind: files[kind] for kind in KINDS if kind in files}
                yield Shot(frame, views[camera], camera, number, ordered)


def _camera(root: Path, shot: Shot, reader: Reader, wrong: list[Issue]) -> None:
    name = shot.files.get("camera_params")
    params = None if name is None else reader.document(root / name, name, shot.frame, dict)
    if name is None or params is None:
        return
    size = params.get(_RESOLUTION)
    sides = size if isinstance(size, list) else []
    if len(sides) != 2 or not all(type(side) is int and 0 < side <= _MOST for side in sides):
        message = f"renderProductResolution is {size!r:.60}, expected [width, height]"
        wrong.append(
            Issue(message=message, file=name, frame=shot.frame, view=shot.view, place="renderProductResolution")
        )
        return
    shot.size, shot.params = (sides[0], sides[1]), params
    for place, message in _contradictions(params, shot.size):
        wrong.append(Issue(message=message, file=name, frame=shot.frame, view=shot.view, place=place))


def _contradictions(params: Mapping[str, Any], size: tuple[int, int]) -> Iterator[tuple[str, str]]:
    try:
        camera = camera_of(params, size, Accounts(), "")
        model = str(params.get("cameraModel", "")).casefold()
        stated = {"cameraAperture", "cameraFocalLength"} <= params.keys() and float(params["cameraAperture"][0]) > 0
        if camera.K is None or model not in PINHOLES or not stated:
            return
        by_aperture = intrinsics_from_aperture(params, size)
        if float(np.abs(camera.K - by_aperture).max()) > _APERTURE_SHARE * max(size):
            yield "cameraProjection", f"{_shown(camera.K)} by the projection, {_shown(by_aperture)} by the aperture"
    except FramepressError as error:
        yield "", str(error).removeprefix(": ").partition(";")[0]
    except (TypeError, ValueError, IndexError, KeyError, OverflowError) as error:
        yield "", f"these are no camera parameters: {error}"


def _shown(K: Array) -> str:
    return f"fx {K[0, 0]:.2f}, fy {K[1, 1]:.2f}, centre {K[0, 2]:.2f} {K[1, 2]:.2f} px"


def _map(root: Path, shot: Shot, kind: str, side: str, reader: Reader, wrong: list[Issue]) -> None:
    name = shot.files[side]
    document = reader.document(root / name, name, shot.frame, dict)
    if document is None:
        return
    labels, odd = labels_in(document)
    for key in odd:
        message = f"the key {key!r:.60} is neither an id nor a colour"
        wrong.append(Issue(message=message, file=name, frame=shot.frame, view=shot.view, place=key[:60]))
    coloured = any(key.lstrip().startswith("(") for key in document)
    fixed = {0, 255 << 24} if coloured else {0, 1}
    known = np.array(sorted({*labels, *fixed}), np.uint32)
    unlabelled = np.array(sorted({number for number, text in labels.items() if not text} | fixed), np.uint32)
    shot.maps[kind] = IdMap(known, unlabelled, coloured)


def _stated_by_header(root: Path, shot: Shot) -> tuple[int, int]:
    for kind in ("rgb", *ID_MAPS, *DISTANCES):
        if kind in shot.files:
            try:
                with open_file(root / shot.files[kind]) as stream:
                    head = stream.read(_HEAD_BYTES)
                if shot.files[kind].endswith(".npy"):
                    shape = npy.header(head, kind).shape
                    return (shape[1], shape[0]) if len(shape) >= 2 else (0, 0)
                header = images.probe(head, kind)
                return header.width, header.height
            except (InputError, OSError):
                continue
    return 0, 0


def _pictures_of_distances(kinds: Mapping[str, str]) -> dict[str, str]:
    """Pictures that BasicWriter leaves of distances: name -> number in its name."""
    found = {}
    for name, kind in kinds.items():
        if kind == FILE and (match := _DISTANCE_PICTURE.fullmatch(name)):
            found[name] = match[2]
    return found


def _images(look: BasicLook) -> Iterator[ImageFile]:
    order: Counter[tuple[str, str]] = Counter()
    for shot in look.shots:
        name = shot.files.get("rgb")
        if name is not None:
            width, height = shot.size
            sequence = shot.number.sequence
            yield ImageFile(
                path=look.root / name,
                name=name,
                width=width,
                height=height,
                frame=shot.frame,
                view=shot.view,
                sequence=sequence,
                order=order[sequence, shot.view],
            )
            order[sequence, shot.view] += 1
