"""Edges of surfaces in a picture, averaged over several places of a pixel; ids and depths know nothing of it."""

from __future__ import annotations

import numpy as np
import warp as wp

from framepress.core.arrays import Array
from framepress.errors import OptionError
from framepress.headless.render.bands import Bands
from framepress.headless.render.kernels import silhouette as kernels
from framepress.headless.render.kernels.places import Fan, Places
from framepress.headless.render.shots import Shot

__all__ = ["Antialias", "offsets"]

COUNTS = (4, 8, 16)
OCTET = 8


class Antialias:
    """Keeps its arrays from frame to frame."""

    def __init__(self, device: str, bands: Bands) -> None:
        self._device = device
        self._bands = bands
        self._places = Places()
        self._counts = wp.zeros(1, dtype=wp.int32, device=device)
        self._room(0)

    def resolve(self, shot: Shot, samples: int) -> None:
        """Average `shot.picture` over places of a pixel where it shows several surfaces.

        Raises:
            OptionError: a number of samples that there is no pattern of.
        """
        places = self._places
        if samples != places.count:
            pattern = offsets(samples)
            stride = -(-samples // OCTET) * OCTET
            padded = np.zeros((2, stride), np.float32)
            padded[:, :samples] = pattern.T
            places.count, places.stride = samples, stride
            places.offsets = wp.array(padded, dtype=wp.float32, device=self._device)
        pixels = self._find(shot)
        self._room(pixels)
        if pixels:
            self._draw(shot, pixels)

    def _find(self, shot: Shot) -> int:
        """Mark the pixels in `words`, and count them."""
        view, places = shot.view, self._places
        height, width = view.work.keys.shape
        row = -(-width // 32)
        if self._counts.size != row * height:
            places.words = wp.zeros(row * height, dtype=wp.uint32, device=self._device)
            places.first = wp.zeros(row * height, dtype=wp.int32, device=self._device)
            self._counts = wp.zeros(row * height, dtype=wp.int32, device=self._device)
        places.row = row

        def rows(first: int, end: int) -> None:
            inputs = [shot.geo, view.optics.cam, view.work.keys, shot.facets, first, places.words, self._counts]
            wp.launch(kernels.edges, (end - first, row), inputs=inputs, device=self._device)

        self._bands.run(rows, self._bands.edges(height))
        wp.utils.array_scan(self._counts, places.first, inclusive=False)
        return int(places.first[-1:].numpy()[0]) + int(self._counts[-1:].numpy()[0])

    def _room(self, pixels: int) -> None:
        """For so many pixels, all keys 0."""
        places = self._places
        size = max(pixels * places.stride, 1)
        if places.keys is None or places.keys.size < size:
            room = size * 5 // 4
            places.keys = wp.zeros(room, dtype=wp.uint64, device=self._device)
            places.owners = wp.empty(room, dtype=wp.int32, device=self._device)
            places.colors = wp.empty(room, dtype=wp.vec3, device=self._device)
        else:
            places.keys[:size].zero_()
        if places.fans is None or places.fans.size < pixels:
            room = max(pixels * 5 // 4, 1)
            places.pixels = wp.empty(room, dtype=wp.int32, device=self._device)
            places.fans = wp.empty(room, dtype=Fan, device=self._device)

    def _draw(self, shot: Shot, pixels: int) -> None:
        view, work, places = shot.view, shot.view.work, self._places
        cam, rays = view.optics.cam, view.optics.rays
        step = 16 if self._bands.serial else 1

        def list_pixels(first: int, end: int) -> None:
            wp.launch(kernels.list_pixels, end - first, inputs=[cam, rays, places, first], device=self._device)

        def raster(first: int, end: int) -> None:
            inputs = [shot.geo, cam, rays, work.vertices, work.screen, work.boxes, work.lanes, places, first, end, step]
            wp.launch(kernels.raster_places, (shot.chunks, step), inputs=inputs, device=self._device)

        def group(first: int, end: int) -> None:
            inputs = [shot.geo, cam, shot.turn, work.vertices, rays, work.keys, shot.facets, places, first]
            wp.launch(kernels.group, end - first, inputs=inputs, device=self._device)

        def average(first: int, end: int) -> None:
            inputs = [cam, places, shot.srgb, shot.geo.atlas.decoded, first, shot.picture]
            wp.launch(kernels.average, end - first, inputs=inputs, device=self._device)

        self._bands.run(list_pixels, self._bands.edges(self._counts.size))
        self._bands.run(raster, self._bands.edges(work.keys.shape[0]))
        self._bands.run(group, self._bands.edges(pixels))
        shot.shade_places(places, pixels)
        self._bands.run(average, self._bands.edges(pixels))


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
