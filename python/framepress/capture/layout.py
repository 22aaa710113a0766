"""Where things are in a Replicator payload: the dict that `Writer.write(data)` gets, as a list of `Product`.

Three layouts (the writer's `data_structure`), `<rp>` being the render product's name:

    legacy          data["rp_<rp>"] = {"camera", "resolution"}; data["<annotator>"] with one product,
                    data["<annotator>-<rp>"] with several
    renderProduct   data["renderProducts"][<rp>] = {"camera", "resolution", "<annotator>": value, ...}
    annotator       data["annotators"]["<annotator>"][<rp>] = value; "camera" and "resolution" are rows like the others

A value is a bare array, `{"data": array, "info": {...}}`, `{"data": array, ...}`, or a dict without an array.
`resolution` is (width, height). Annotator names may end in `_fast`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np

from framepress.core import EncodedImage
from framepress.core.arrays import Array
from framepress.errors import InputError

__all__ = ["Annotation", "Pixels", "Product", "loaded", "products_of", "time_ns"]

Pixels: TypeAlias = "Array | EncodedImage | Callable[[], Array]"

_FIXED = ("swhFrameNumber", "reference_time", "distribution_outputs", "trigger_outputs", "named_outputs")
_PRODUCT_KEYS = ("camera", "resolution")
_WITHOUT_ARRAY = ("camera_params", "skeleton_data")


@dataclass(frozen=True)
class Annotation:
    """One annotator's delivery for one product: `pixels` (None where it has no array) and what came beside them.

    `where` is what error messages call it.
    """

    pixels: Pixels | None
    side: Mapping[str, Any] = field(default_factory=dict)
    where: str = ""

    def array(self) -> Array:
        """The array, loaded if it is still in a file.

        Raises:
            InputError: there is none.
        """
        if self.pixels is None:
            raise InputError(f"{self.where}: no array was delivered")
        return loaded(self.pixels)


def loaded(pixels: Pixels) -> Array:
    """The array itself, read and decoded if it is still in a file."""
    if isinstance(pixels, EncodedImage):
        return pixels.decode(pixels.read(), pixels.where)
    return pixels() if callable(pixels) else pixels


@dataclass(frozen=True)
class Product:
    """One render product in one frame. `name` as delivered; `size_wh` None where the payload does not state it.

    `annotations`: annotator name without `_fast` -> delivery. `metres_per_unit`: of a tile (`capture.tiles`), which may
    have no `camera_params` to tell it; else None.
    """

    name: str
    size_wh: tuple[int, int] | None
    annotations: Mapping[str, Annotation]
    camera: str = ""
    metres_per_unit: float | None = None


def products_of(data: Mapping[str, Any], where: str) -> list[Product]:
    """Every render product of a payload, in order of name (the payload's own order is not defined).

    Raises:
        InputError: the layout is none of the three, with the keys that were found.
    """
    if "renderProducts" in data:
        found = {str(name): dict(values) for name, values in data["renderProducts"].items()}
    elif "annotators" in data:
        found = {}
        for annotator, values in data["annotators"].items():
            for name, value in values.items():
                found.setdefault(str(name), {})[annotator] = value
    else:
        found = _legacy(data)
    if not found:
        raise InputError(
            f"{where}: no render product in the payload (keys: {', '.join(map(str, data)) or 'none'}); "
            "is the writer attached, and are annotators added before that?"
        )
    return [_product(name, found[name], where) for name in sorted(found)]


def _legacy(data: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    stated = {
        key[3:]: dict(value)
        for key, value in data.items()
        if key.startswith("rp_") and isinstance(value, Mapping) and "resolution" in value
    }
    rest = {key: value for key, value in data.items() if key not in _FIXED and key[3:] not in stated}
    if len(stated) <= 1:
        name = next(iter(stated), "")
        return {name: {**stated.get(name, {}), **rest}} if rest or stated else {}
    by_length = sorted(stated, key=len, reverse=True)  # a name may end in another one behind a dash
    for key, value in rest.items():
        for name in by_length:
            if key.endswith("-" + name):
                stated[name][key[: -len(name) - 1]] = value
                break
    return stated


def _product(name: str, values: Mapping[str, Any], where: str) -> Product:
    annotations = {}
    for key, value in values.items():
        if key in _PRODUCT_KEYS:
            continue
        annotator = key.removesuffix("_fast")
        if annotator in annotations:
            raise InputError(
                f"{where}, {name}: both {annotator} and {annotator}_fast were captured; attach one of them"
            )
        annotations[annotator] = _annotation(annotator, value, f"{where}, {name}: {key}" if name else f"{where}: {key}")
    size = values.get("resolution")
    return Product(name, _size(size, f"{where}, {name}") if size is not None else None, annotations, _text(values))


def _text(values: Mapping[str, Any]) -> str:
    camera = values.get("camera", "")
    return ",".join(map(str, camera)) if isinstance(camera, (list, tuple)) else str(camera)


def _annotation(annotator: str, value: Any, where: str) -> Annotation:
    if not isinstance(value, Mapping):
        return Annotation(_as_pixels(value, where), {}, where)
    side = {key: entry for key, entry in value.items() if key not in ("data", "info")}
    info = value.get("info")
    if isinstance(info, Mapping):
        side |= info
    pixels = None if annotator in _WITHOUT_ARRAY or "data" not in value else _as_pixels(value["data"], where)
    return Annotation(pixels, side, where)


def _as_pixels(value: Any, where: str) -> Pixels:
    if isinstance(value, EncodedImage):
        return value
    if hasattr(value, "numpy"):  # warp.array, on the CPU or a GPU
        return np.asarray(value.numpy())
    if callable(value):
        read: Callable[[], Array] = value
        return read
    array = np.asarray(value)
    if array.dtype.hasobject:
        raise InputError(f"{where}: {value!r:.80} is no array of numbers; was the annotator detached or augmented?")
    return array


def _size(value: Any, where: str) -> tuple[int, int]:
    sides = [int(side) for side in np.ravel(value)]
    if len(sides) != 2 or min(sides) < 1:
        raise InputError(f"{where}: resolution {value!r}; expected (width, height), both at least 1")
    return sides[0], sides[1]


def time_ns(data: Mapping[str, Any]) -> int | None:
    """Simulation time [ns] from `reference_time` = (numerator, denominator) [s]; None where there is none.

    Not a key: captures with `delta_time=0` share it.
    """
    value = data.get("reference_time")
    if value is None:
        return None
    numerator, denominator = (int(part) for part in value)
    return numerator * 1_000_000_000 // denominator if denominator > 0 else None
