"""The files of one camera in one frame of a BasicWriter folder, put back together as what its annotators delivered.

What is small (rows, labels, camera) is read and checked at once; of images and arrays only the header, so that a file
that cannot be what it should be is named before anything is written.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from framepress.capture.layout import Annotation, Product
from framepress.capture.semantics import RESERVED
from framepress.core import EncodedImage
from framepress.core.arrays import Array
from framepress.core.files import open_file, read_file
from framepress.errors import InputError
from framepress.storage import images, npy, png
from framepress.storage.images_header import refuse_pointer

__all__ = ["labels_in", "product_of"]

_HEAD_BYTES = 1 << 16
"""Enough of a file for any header read here; a JPEG may hold a colour profile before its size."""

_ID_MAPS = ("semantic_segmentation", "instance_segmentation", "instance_id_segmentation")
_SIDES = {
    "semantic_segmentation": {"idToLabels": "semantic_segmentation_labels"},
    "instance_segmentation": {
        "idToLabels": "instance_segmentation_mapping",
        "idToSemantics": "instance_segmentation_semantics_mapping",
    },
    "instance_id_segmentation": {"idToLabels": "instance_id_segmentation_mapping"},
    **{
        box: {"idToLabels": f"{box}_labels", "primPaths": f"{box}_prim_paths"}
        for box in ("bounding_box_2d_tight", "bounding_box_2d_loose", "bounding_box_3d")
    },
}
"""Annotator -> what came beside its array -> kind of file."""

T = TypeVar("T")


def product_of(files: Mapping[str, Path], name: str, where: str) -> Product:
    """One camera in one frame.

    Args:
        files: kind -> file.
        name: of the view.

    Raises:
        InputError: a file is damaged, or the labels of an annotator are missing.
    """
    size = _size(files, where)
    annotations: dict[str, Annotation] = {}
    for kind, path in files.items():
        file = str(path)
        if kind in _SIDES:
            side = _side(files, kind)
            pixels = _ids(path, size) if kind in _ID_MAPS else npy.decode(read_file(path), file)
            annotations[kind] = Annotation(pixels, side, file)
        elif kind == "rgb":
            annotations[kind] = Annotation(_picture(path, size), {}, file)
        elif kind == "camera_params":
            annotations[kind] = Annotation(None, _json(path, dict), file)
        elif path.suffix == ".npy":
            annotations[kind] = Annotation(_array(path), {}, file)
    return Product(name, size, annotations)


def labels_in(path: Path, taxonomy: str) -> set[str]:
    """Every single label of a taxonomy in a labels file; reserved words left out.

    Raises:
        InputError: the file is no map of labels.
    """
    found: set[str] = set()
    for key, value in _json(path, dict).items():
        for text in [value.get(taxonomy, "")] if isinstance(value, dict) else [value]:
            if not isinstance(text, str):
                raise InputError(f"{path}: {key!r} is {value!r}; expected {{type: label}} or a text")
            found.update(part for label in text.split(",") if (part := label.strip()) and part not in RESERVED)
    return found


def _side(files: Mapping[str, Path], kind: str) -> dict[str, Any]:
    side: dict[str, Any] = {}
    for name, part in _SIDES[kind].items():
        if part in files:
            side[name] = _json(files[part], list) if name == "primPaths" else _json(files[part], dict)
        elif name == "idToLabels":
            raise InputError(f"{files[kind]}: its {part} file is missing, without which its ids mean nothing")
    return side


def _size(files: Mapping[str, Path], where: str) -> tuple[int, int]:
    """(width, height) as camera_params, else a picture's header, else an array's header states it."""
    if "camera_params" in files:
        stated = _json(files["camera_params"], dict).get("renderProductResolution")
        if (
            not isinstance(stated, list)
            or len(stated) != 2
            or not all(type(side) is int and side > 0 for side in stated)
        ):
            raise InputError(
                f"{files['camera_params']}: renderProductResolution is {stated!r}; expected [width, height]"
            )
        return stated[0], stated[1]
    for kind in ("rgb", *_ID_MAPS):
        if kind in files:
            header = images.probe(_head(files[kind]), str(files[kind]))
            return header.width, header.height
    for kind in ("distance_to_image_plane", "distance_to_camera", "motion_vectors"):
        if kind in files and len(shape := npy.header(_head(files[kind]), str(files[kind])).shape) >= 2:
            return shape[1], shape[0]
    raise InputError(f"{where}: nothing states the image size; record camera_params or rgb as well")


def _picture(path: Path, size: tuple[int, int]) -> EncodedImage:
    header = _probed(path, size)
    return EncodedImage(header.media_type, path, partial(images.decode_rgb, expect_size=size))


def _ids(path: Path, size: tuple[int, int]) -> Callable[[], Array]:
    _probed(path, size)
    return lambda: png.decode_ids(read_file(path), str(path), size)


def _probed(path: Path, size: tuple[int, int]) -> images.Header:
    header = images.probe(_head(path), str(path))
    if (header.width, header.height) != size:
        raise InputError(
            f"{path}: the image is {header.width} x {header.height}, camera_params states {size[0]} x {size[1]}; "
            "it belongs to another camera, or was resized"
        )
    return header


def _array(path: Path) -> Callable[[], Array]:
    header = npy.header(_head(path), str(path))
    promised, held = header.offset + math.prod(header.shape) * header.dtype.itemsize, path.stat().st_size
    if promised != held:
        raise InputError(
            f"{path}: the .npy header promises {header.dtype} {header.shape}, {promised} bytes, but there are {held}; "
            "copy it again"
        )
    if header.dtype.kind != "f":
        raise InputError(f"{path}: values are {header.dtype}; expected floating-point numbers")
    return lambda: npy.decode(read_file(path), str(path)).astype(np.float32, copy=False)


def _head(path: Path) -> bytes:
    with open_file(path) as file:
        return file.read(_HEAD_BYTES)


def _json(path: Path, kind: type[T]) -> T:
    """A JSON document whose top is a `kind`.

    Raises:
        InputError: empty, no JSON, of another kind, or an object with one key twice.
    """

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        table = dict(pairs)
        if len(table) != len(pairs):
            keys = [key for key, _ in pairs]
            repeated = next(key for key in keys if keys.count(key) > 1)
            raise InputError(f"{path}: the key {repeated!r} is there twice, so that its value is ambiguous")
        return table

    content = read_file(path)
    refuse_pointer(content, str(path))
    if not content.strip():
        raise InputError(f"{path}: the file is empty; the recording was cut short: record or copy it again")
    try:
        document = json.loads(content, object_pairs_hook=once)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path}: is no JSON ({error}); copy it again") from error
    if not isinstance(document, kind):
        raise InputError(f"{path}: holds a {type(document).__name__}, expected a {kind.__name__}")
    return document
