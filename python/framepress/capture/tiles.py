"""A tiled render product, one picture of many cameras, as one product a camera.

Kit lays the tiles out by rows from the top left, in the order of the cameras, ceil(sqrt(N)) in a row; what is left of
the last row shows nothing. Replicator's tests of `create.render_product_tiled` read it so, as does Isaac Lab's
`TiledCamera`.

Of a mosaic only what is stated for each pixel belongs to one tile. Rows of 2D boxes cover all of it, an object that two
cameras see has one row: they are left out, and boxes are measured in each tile's part of the instance map. 3D boxes are
in the world and stay; `camera_params` tell of one camera, and are replaced.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from framepress.capture.accounts import Accounts
from framepress.capture.cameras import metres_per_unit
from framepress.capture.layout import Annotation, Product
from framepress.capture.pixels import RASTERS, not_rendered, raster
from framepress.errors import InputError

__all__ = ["Tiling", "split"]

_MEASURED_IN = "instance_segmentation"
_ROWS_2D = ("bounding_box_2d_tight", "bounding_box_2d_loose")
_OF_THE_WORLD = ("bounding_box_3d",)


@dataclass(frozen=True)
class Tiling:
    """`size_wh` of each tile [px]; the prim paths of their `cameras`, in the order of the tiles."""

    size_wh: tuple[int, int]
    cameras: tuple[str, ...]

    @property
    def grid(self) -> tuple[int, int]:
        """(columns, rows)."""
        return _grid(len(self.cameras))

    @property
    def mosaic_wh(self) -> tuple[int, int]:
        columns, rows = self.grid
        return columns * self.size_wh[0], rows * self.size_wh[1]

    @classmethod
    def of_mosaic(cls, mosaic_wh: tuple[int, int], cameras: Sequence[str], where: str) -> Tiling:
        """The tiling of a whole image of this size.

        Raises:
            InputError: its sides are no multiples of a tile's.
        """
        columns, rows = _grid(len(cameras))
        width, height = mosaic_wh
        if width % columns or height % rows:
            raise InputError(
                f"{where}: a tiled render product of {len(cameras)} cameras, {columns} x {rows} tiles, whose size "
                f"{width} x {height} is no multiple of that; make it with create.render_product_tiled"
            )
        return cls((width // columns, height // rows), tuple(cameras))

    def windows(self) -> list[tuple[slice, slice]]:
        """(rows, columns) of each tile in the mosaic."""
        columns, (width, height) = self.grid[0], self.size_wh
        corners = (divmod(number, columns) for number in range(len(self.cameras)))
        return [
            (slice(row * height, (row + 1) * height), slice(column * width, (column + 1) * width))
            for row, column in corners
        ]


def _grid(cameras: int) -> tuple[int, int]:
    columns = math.isqrt(cameras - 1) + 1
    return columns, -(-cameras // columns)


def split(
    product: Product,
    tiling: Tiling,
    names: Sequence[str],
    params: Sequence[Mapping[str, Any] | None],
    accounts: Accounts,
    where: str,
) -> list[Product]:
    """A product for each tile; its pixels are parts of the mosaic's, not copied.

    Args:
        names: of the new products.
        params: the `camera_params` of each tile's camera, in Replicator's conventions; None: not known, so that the
            tile has no intrinsics and no pose.

    Raises:
        InputError: the mosaic is of another size, or objects were captured and no instance map that tells which tile
            they are in.
    """
    _check(product, tiling, where)
    given = product.annotations
    for name in given:
        if name not in (*RASTERS, *_ROWS_2D, *_OF_THE_WORLD, "camera_params"):
            accounts.add("annotators of a whole mosaic, which cannot be split", example=f"{where}: {name}")
    pixels = {name: _mosaic(entry, tiling) for name, entry in given.items() if name in RASTERS}
    shared = {name: given[name] for name in _OF_THE_WORLD if name in given}
    of_mosaic = given["camera_params"].side if "camera_params" in given else {}
    metres = metres_per_unit(of_mosaic, Accounts(), where) if "metersPerSceneUnit" in of_mosaic else None
    products = []
    for camera, name, side, window in zip(tiling.cameras, names, params, tiling.windows(), strict=True):
        annotations = dict(shared)
        for annotator, entry in pixels.items():
            annotations[annotator] = _cut(entry, window, name)
        if "camera_params" in given and not of_mosaic:
            annotations["camera_params"] = given["camera_params"]  # nothing was rendered yet
        elif side is not None:
            annotations["camera_params"] = Annotation(None, side, f"{where}, {name}: camera_params")
        products.append(Product(name, tiling.size_wh, annotations, camera, metres))
    return products


def _check(product: Product, tiling: Tiling, where: str) -> None:
    if product.size_wh is not None and product.size_wh != tiling.mosaic_wh:
        columns, rows = tiling.grid
        width, height = tiling.size_wh
        raise InputError(
            f"{where}: {len(tiling.cameras)} cameras are {columns} x {rows} tiles of {width} x {height} px, together "
            f"{tiling.mosaic_wh[0]} x {tiling.mosaic_wh[1]}, but the product has {product.size_wh[0]} x "
            f"{product.size_wh[1]}; is a camera missing, or the size of a tile wrong?"
        )
    given = product.annotations
    boxed = next((name for name in (*_ROWS_2D, *_OF_THE_WORLD) if name in given), None)
    if boxed and not not_rendered(product) and "idToSemantics" not in given.get(_MEASURED_IN, Annotation(None)).side:
        raise InputError(
            f"{where}: {boxed} of a tiled render product does not tell which tile an object is in; capture "
            f"{_MEASURED_IN} too, as the writer does for formats with masks, or if its option `tiles` names the product"
        )


def _mosaic(annotation: Annotation, tiling: Tiling) -> Annotation:
    """With pixels (H, W) or (H, W, C) of the whole; an array without values stays as it is.

    Raises:
        InputError: of another size.
    """
    array = annotation.array()
    if not array.size:
        return annotation
    sides = [side for side in tiling.mosaic_wh[::-1] if side > 1]  # the others may have been squeezed away
    if [side for side in array.shape if side > 1][: len(sides)] != sides:
        width, height = tiling.mosaic_wh
        raise InputError(f"{annotation.where}: shape {array.shape} is no mosaic of {width} x {height} (width, height)")
    return replace(annotation, pixels=raster(array, tiling.mosaic_wh, annotation.where))


def _cut(annotation: Annotation, window: tuple[slice, slice], name: str) -> Annotation:
    """Its side stays one object for all tiles."""
    array = annotation.array()
    return Annotation(array[window] if array.size else array, annotation.side, f"{annotation.where}, {name}")
