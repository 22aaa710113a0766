"""Raster and point annotators as channel sources.

On the caller's thread a buffer is only copied (the host reuses it for the next step); what has to be computed waits in
a `Deferred` until a channel is used.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from framepress.capture.accounts import Accounts
from framepress.capture.buffers import Buffers
from framepress.capture.layout import Annotation, Pixels, Product, loaded
from framepress.capture.probed import Probed
from framepress.core import EncodedImage
from framepress.core.arrays import Array
from framepress.core.channels import Source
from framepress.errors import InputError
from framepress.ops.backend import active, kernels

__all__ = ["RASTERS", "Deferred", "copied", "flow_of", "not_rendered", "raster", "sources", "tiling_of"]

RASTERS: Mapping[str, tuple[str, int]] = {
    "rgb": ("rgb", 4),
    "distance_to_image_plane": ("depth", 1),
    "distance_to_camera": ("range", 1),
    "normals": ("normal", 4),
    "motion_vectors": ("flow", 4),
    "semantic_segmentation": ("semantic", 1),
    "instance_segmentation": ("instance", 1),
    "instance_id_segmentation": ("instance", 1),
}
"""Annotator -> channel and components a pixel as delivered."""


@dataclass(frozen=True)
class Deferred:
    """A channel source that is computed from `pixels` when it is first used.

    `nbytes` is what it holds until then, for queues that are bounded in bytes.
    """

    pixels: Pixels
    convert: Callable[[Array], Array]

    @property
    def nbytes(self) -> int:
        return self.pixels.nbytes if isinstance(self.pixels, np.ndarray) else 0

    def __call__(self) -> Array:
        return self.convert(loaded(self.pixels))


def copied(name: str, annotation: Annotation, size_wh: tuple[int, int] | None, buffers: Buffers) -> Annotation:
    """With a buffer of its own; sources that are files or functions stay as they are.

    Alpha is left behind on the way where that costs no more than to copy it.
    """
    pixels = annotation.pixels
    if not isinstance(pixels, np.ndarray):
        return annotation
    whole = size_wh is not None and pixels.shape == (*size_wh[::-1], 4)
    if whole and RASTERS.get(name) == ("rgb", 4) and pixels.dtype == np.uint8 and active() == "numba":
        return Annotation(kernels().without_fourth(pixels, buffers.empty), annotation.side, annotation.where)
    return Annotation(buffers.copy(pixels), annotation.side, annotation.where)


def not_rendered(product: Product) -> str:
    """The first annotator that came without a pixel, or a camera, as before the first image; "" if there is none."""
    for name in RASTERS:
        annotation = product.annotations.get(name)
        if annotation is not None and isinstance(annotation.pixels, np.ndarray) and annotation.pixels.size == 0:
            return name
    camera = product.annotations.get("camera_params")
    return "camera_params" if camera is not None and not camera.side else ""


def tiling_of(product: Product, size_wh: tuple[int, int]) -> tuple[int, int] | None:
    """(columns, rows) where an image is a mosaic of images of the stated size: a tiled render product."""
    width, height = size_wh
    for name, (_, components) in RASTERS.items():
        annotation = product.annotations.get(name)
        if annotation is None or not isinstance(annotation.pixels, np.ndarray):
            continue
        shape = annotation.pixels.shape
        if annotation.pixels.dtype == np.uint8:
            components = 4  # ids as colours too
        if len(shape) >= 2 and shape[:2] != (height, width) and annotation.pixels.size > width * height * components:
            columns, rows = shape[1] / width, shape[0] / height
            if columns == int(columns) and rows == int(rows):
                return int(columns), int(rows)
    return None


def raster(array: Array, size_wh: tuple[int, int], where: str) -> Array:
    """(H, W) or (H, W, C) whatever axes of length 1 Replicator squeezed away.

    Raises:
        InputError: the number of values does not fit the resolution.
    """
    width, height = size_wh
    components, rest = divmod(array.size, width * height)
    if rest or not components:
        raise InputError(
            f"{where}: shape {array.shape} does not fit the resolution {width} x {height} (width, height); "
            "the product was resized, or the payload is of another one"
        )
    return array.reshape((height, width, components) if components > 1 else (height, width))


def without_fourth(array: Array) -> Array:
    """(H, W, 3), contiguous, of (H, W, 4) or (H, W, 3): alpha, or the unused component of a normal."""
    if array.ndim != 3 or array.shape[2] == 3:
        return array
    return kernels().without_fourth(array, np.empty)


def flow_of(motion: Array) -> Array:
    """float32 (H, W, 2), x right and y down, of motion vectors whose x is positive to the left and y upwards [px]."""
    return np.negative(motion[..., :2])


def sources(
    product: Product, size_wh: tuple[int, int], scale: float, accounts: Accounts, probed: Probed | None = None
) -> dict[str, Source]:
    """Channel name -> source of every annotator that is an image or points, segmentation excepted.

    Args:
        scale: metres per scene unit. Distances are scene units as far as is known; where that is not a metre and no
            probe of the host has told, the multiplication is counted as unverified.
    """
    probed = probed or Probed()
    found: dict[str, Source] = {}
    for name, annotation in product.annotations.items():
        if annotation.pixels is None or name.endswith("segmentation"):
            continue
        if name == "pointcloud":
            found["points"] = _points(annotation.pixels, scale)
        elif name in RASTERS:
            channel = RASTERS[name][0]
            if scale != 1 and channel in ("depth", "range") and not probed.distances:
                accounts.add("distances scaled by metersPerSceneUnit, unverified", example=annotation.where)
            found[channel] = _source(channel, annotation.pixels, size_wh, probed.metres(scale), annotation.where)
    return found


def _source(channel: str, pixels: Pixels, size_wh: tuple[int, int], scale: float, where: str) -> Source:
    def fit(array: Array) -> Array:
        return raster(array, size_wh, where)

    if isinstance(pixels, EncodedImage):
        return pixels
    if channel in ("rgb", "normal"):
        if isinstance(pixels, np.ndarray):  # a size that does not fit is known now; the copying can wait
            return Deferred(fit(pixels), without_fourth)
        return Deferred(pixels, lambda array: without_fourth(fit(array)))
    if channel == "flow":
        return Deferred(pixels, lambda array: flow_of(fit(array)))
    return _applied(pixels, fit) if scale == 1 else Deferred(pixels, lambda array: _scaled(fit(array), scale))


def _applied(pixels: Pixels, view: Callable[[Array], Array]) -> Source:
    """`view` at once where there is an array (it costs nothing), else when the file is read."""
    return view(pixels) if isinstance(pixels, np.ndarray) else Deferred(pixels, view)


def _points(pixels: Pixels, scale: float) -> Source:
    if scale == 1:
        return _applied(pixels, lambda array: array.reshape(-1, 3))
    return Deferred(pixels, lambda array: _scaled(array.reshape(-1, 3), scale))


def _scaled(array: Array, scale: float) -> Array:
    return (array.astype(np.float64) * scale).astype(np.float32)
