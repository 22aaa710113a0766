"""One camera's picture while it is shaded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import warp as wp

from framepress.headless.render.bands import Bands
from framepress.headless.render.kernels.places import Places
from framepress.headless.render.kernels.shade import shade
from framepress.headless.render.views import View

__all__ = ["Shot"]


@dataclass(frozen=True, slots=True, eq=False)
class Shot:
    """What the kernels of a picture read and write.

    Args:
        geo: `structs.Geo`; chunks: how many it has.
        light: `light.Lighting`, relative to the camera.
        turn: mat33, the camera's axes (OpenCV's) to the world's.
        normals: mat33 of each leaf, local to world.
        srgb: codes, see `tone.packed`.
        picture: uint32 (H, W), RGBA. facets: uint32 (H, W), see `shade.facet_code`.
    """

    device: str
    bands: Bands
    geo: Any
    chunks: int
    view: View
    light: Any
    turn: Any
    normals: Any
    srgb: Any
    picture: Any
    facets: Any

    def shade_centres(self, *, facets: bool) -> None:
        """All of `picture`, and if asked for all of `facets`."""
        height, width = self.picture.shape
        nothing = Places()

        def rows(first: int, end: int) -> None:
            self._shade((end - first, width), nothing, 0, first, int(facets))

        self.bands.run(rows, self.bands.edges(height))

    def shade_places(self, places: Any, pixels: int) -> None:
        """`places.colors` of so many pixels."""

        def some(first: int, end: int) -> None:
            self._shade((end - first, places.stride), places, 1, first, 0)

        self.bands.run(some, self.bands.edges(pixels))

    def _shade(self, size: tuple[int, int], places: Any, beside: int, first: int, facets: int) -> None:
        view, work = self.view, self.view.work
        inputs = [self.geo, view.optics.cam, self.light, self.turn, work.vertices, self.normals, view.optics.rays]
        inputs += [work.keys, places, beside, self.srgb, first, facets, self.picture, self.facets]
        wp.launch(shade, size, inputs=inputs, device=self.device)
