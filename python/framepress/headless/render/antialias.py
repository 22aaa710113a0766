"""Edges of surfaces in a picture, averaged over several places of a pixel; ids and depths know nothing of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import warp as wp

from framepress.core.arrays import Array
from framepress.errors import OptionError
from framepress.headless.render.bands import Bands
from framepress.headless.render.kernels import silhouette as kernels

if TYPE_CHECKING:
    from framepress.headless.render.shading import Shot

__all__ = ["Antialias", "offsets"]

COUNTS = (4, 8, 16)


class Antialias:
    """Keeps its arrays from frame to frame."""

    def __init__(self, device: str, bands: Bands) -> None:
        self._device = device
        self._bands = bands
        self._words = wp.zeros(1, dtype=wp.uint32, device=device)
        self._counts = wp.zeros(1, dtype=wp.int32, device=device)
        self._first = wp.zeros(1, dtype=wp.int32, device=device)
        self._keys = wp.zeros(1, dtype=wp.uint64, device=device)
        self._offsets: dict[int, Any] = {}

    def resolve(self, shot: Shot, samples: int, srgb: Any) -> None:
        """Average `shot.picture` where one pixel shows several surfaces.

        Raises:
            OptionError: a number of samples that there is no pattern of.
        """
        if samples not in self._offsets:
            self._offsets[samples] = wp.array(offsets(samples), dtype=wp.vec2, device=self._device)
        view = shot.view
        work, rays, cam = view.work, view.optics.rays, view.optics.cam
        height, width = work.keys.shape
        row = -(-width // 32)
        if self._words.size != row * height:
            self._words = wp.zeros(row * height, dtype=wp.uint32, device=self._device)
            self._counts = wp.zeros(row * height, dtype=wp.int32, device=self._device)
            self._first = wp.zeros(row * height, dtype=wp.int32, device=self._device)

        def find(first: int, end: int) -> None:
            inputs = [shot.geo, cam, work.keys, shot.facets, first, self._words, self._counts]
            wp.launch(kernels.edges, (end - first, row), inputs=inputs, device=self._device)

        self._bands.run(find, self._bands.edges(height))
        places = self._places(row, samples)

        def draw(first: int, end: int) -> None:
            step = 1 if self._device == "cpu" else 16
            inputs = [shot.geo, cam, rays, work.vertices, work.screen, work.boxes, work.lanes, places, first, end, step]
            wp.launch(kernels.raster_places, (shot.chunks, step), inputs=inputs, device=self._device)

        def average(first: int, end: int) -> None:
            inputs = [shot.geo, cam, shot.light, shot.turn, work.vertices, shot.normals, rays, work.keys, shot.facets]
            inputs += [places, srgb, shot.geo.atlas.decoded, first, shot.picture]
            wp.launch(kernels.resolve_places, (end - first, width), inputs=inputs, device=self._device)

        self._bands.run(draw, self._bands.edges(height))
        self._bands.run(average, self._bands.edges(height))

    def _places(self, row: int, samples: int) -> Any:
        """Room for the keys of all pixels in `self._words`, all 0."""
        wp.utils.array_scan(self._counts, self._first, inclusive=False)
        count = int(self._first[-1:].numpy()[0]) + int(self._counts[-1:].numpy()[0])
        room = max(count * samples, 1)
        if self._keys.size < room:
            self._keys = wp.zeros(room * 5 // 4, dtype=wp.uint64, device=self._device)
        else:
            self._keys[:room].zero_()
        places = kernels.Places()
        places.words = self._words
        places.first = self._first
        places.row = row
        places.offsets = self._offsets[samples]
        places.keys = self._keys
        return places


def offsets(samples: int) -> Array:
    """float32 (samples, 2), in (-0.5, 0.5): every row and column of a samples x samples grid is taken once.

    Raises:
        OptionError: no such pattern.
    """
    if samples not in COUNTS:
        raise OptionError(f"{samples} samples a pixel: choose 1, {', '.join(map(str, COUNTS[:-1]))} or {COUNTS[-1]}")
    # The golden ratio's powers spread rows best among multiplicative steps of so few.
    step = {4: 2, 8: 3, 16: 7}[samples]
    rows = np.arange(samples)
    columns = (rows * step + rows // 2 % 2 if samples == 4 else rows * step) % samples
    return np.stack([(columns + 0.5) / samples - 0.5, (rows + 0.5) / samples - 0.5], axis=1).astype(np.float32)
