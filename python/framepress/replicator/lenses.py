"""Formats that state a pinhole's intrinsics, and lenses that are none: told with the lens, at the first frame."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from framepress.capture.cameras import PINHOLES
from framepress.capture.layout import Product
from framepress.core import Frame
from framepress.errors import InputError
from framepress.formats import FormatWriter

__all__ = ["check_lenses", "of_pinholes"]


def of_pinholes(writers: Mapping[str, FormatWriter]) -> tuple[str, ...]:
    """Names of the formats that need intrinsics."""
    return tuple(name for name, writer in writers.items() if "camera" in writer.needs)


def check_lenses(frame: Frame, products: Sequence[Product], formats: Sequence[str]) -> None:
    """Of a frame whose views come from `products`.

    Args:
        formats: those that need intrinsics.

    Raises:
        InputError: one of them is written, and a view's lens is no pinhole, or that of a tile is not known.
    """
    if not formats or all(view.camera.K is not None for view in frame.views):
        return
    for product in products:
        params = product.annotations.get("camera_params")
        if params is None and product.metres_per_unit is not None:
            raise InputError(
                f"frame {frame.id}, {product.name}: the open stage does not tell how {product.camera}, the camera of a "
                f"tile, was rendered, and {', '.join(formats)} needs its intrinsics; give it a product of its own"
            )
        model = "" if params is None else str(params.side.get("cameraModel", ""))
        if model and model.casefold() not in PINHOLES:
            way_out = (
                "write kitti with calib=none, as its 2D boxes hold for any lens"
                if "kitti" in formats
                else (f"leave {formats[0]} out")
            )
            raise InputError(
                f"frame {frame.id}, {product.name}: the lens of {product.camera} is {model}, and {', '.join(formats)} "
                f"needs the intrinsics of a pinhole; render with a pinhole camera, or {way_out}"
            )
