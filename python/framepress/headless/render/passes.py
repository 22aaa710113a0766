"""The launches that draw one view."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import warp as wp

from framepress.core.arrays import Array
from framepress.headless.render.bands import Bands
from framepress.headless.render.device_arrays import Result
from framepress.headless.render.kernels.bounds import TILE_HEIGHT, bounds
from framepress.headless.render.kernels.counts import count_cover
from framepress.headless.render.kernels.raster import raster
from framepress.headless.render.kernels.resolve_ids import resolve_ids
from framepress.headless.render.kernels.resolve_surface import resolve_motion, resolve_normals
from framepress.headless.render.kernels.structs import LANES
from framepress.headless.render.kernels.transform import transform
from framepress.headless.render.placements import BLOCK, Placements
from framepress.headless.render.tallies import COLUMNS
from framepress.headless.render.views import View

__all__ = ["Drawing", "Former", "Images"]

EACH = 64
"""Chunks that a thread of the CPU draws: to start one costs as much as to look at twenty that are elsewhere."""


@dataclass(frozen=True, slots=True, eq=False)
class Former:
    """How a view looked in the former frame: its lens as `structs.Cam`, and mat44 (N,), leaves to camera space."""

    cam: Any
    camera_from_leaf: Any


@dataclass(frozen=True, slots=True, eq=False)
class Images:
    """Args: normals, motion: None = not asked for. parts: int32 (ranges, E or 1, COLUMNS), see `tallies`."""

    placement: Result
    entity: Result
    depth: Result
    distance: Result
    normals: Result | None
    motion: Result | None
    parts: Any


class Drawing:
    """One view of one frame. The steps are called in order: `project`, `images`, `count`.

    Args:
        geo: `structs.Geo`.
        normals: mat33 (N,), a local normal to a direction in the world.
    """

    def __init__(self, device: str, bands: Bands, geo: Any, placements: Placements, view: View) -> None:
        self._device = device
        self._bands = bands
        self._geo = geo
        self._placements = placements
        self._view = view
        self._width = view.camera.lens.width
        self._height = view.camera.lens.height
        # On the CPU a thread takes all of a block, chunk or row, since neighbours share their triangle; on CUDA one
        # vertex, triangle or pixel.
        self._serial = bands.serial
        self._span = 1 if bands.serial else self._width

    def project(self, grow: float) -> None:
        """Vertices into camera space, and what chunks can cover, `grow` pixels from a pixel's centre."""
        view, work, placements = self._view, self._view.work, self._placements
        cam, tiles = view.optics.cam, view.optics.tiles
        lanes = BLOCK if self._serial else 1

        def vertices(first: int, end: int) -> None:
            inputs = [self._geo, cam, placements.blocks, view.shown, view.camera_from_leaf, first, lanes]
            self._launch(transform, (end - first, lanes), [*inputs, work.vertices, work.screen])

        def chunks(first: int, end: int) -> None:
            inputs = [self._geo, cam, tiles, view.shown, view.stretch, view.camera_from_leaf, work.vertices]
            self._launch(bounds, (end - first,), [*inputs, work.screen, grow, first, work.boxes, work.lanes])

        self._bands.run(vertices, self._bands.edges(placements.block_count))
        self._bands.run(chunks, self._bands.edges(placements.chunks))

    def images(self, entities: int, cover: Any, normals: Any, former: Former | None) -> Images:
        """Draw, and say what each pixel shows.

        Args:
            cover: `raster.Cover`, whose bits are set.
            normals: mat33 (N,), a local normal to a direction in the world; None = no normals.
            former: None = no motion.
        """
        shape = self._height, self._width
        ranges = self._bands.edges(self._height, int(TILE_HEIGHT))
        images = Images(
            placement=self._result(shape, np.int32, wp.int32),
            entity=self._result(shape, np.int32, wp.int32),
            depth=self._result(shape, np.float32, wp.float32),
            distance=self._result(shape, np.float32, wp.float32),
            normals=None if normals is None else self._result((*shape, 4), np.float32, wp.vec4),
            motion=None if former is None else self._result((*shape, 4), np.float32, wp.vec4),
            parts=wp.zeros((len(ranges), max(entities, 1), COLUMNS), dtype=wp.int32, device=self._device),
        )
        parts = {rows: images.parts[i] for i, rows in enumerate(ranges)}

        def band(top: int, bottom: int) -> None:
            self._raster(cover, top, bottom)
            self._ids(images, parts[top, bottom], top, bottom)
            if images.normals is not None:
                self._normals(images.normals, normals, top, bottom)
            if images.motion is not None and former is not None:
                self._motion(images.motion, former, top, bottom)

        self._bands.run(band, ranges)
        return images

    def count(self, entities: int, cover: Any, rows: Any) -> Array:
        """int32 (1, E, COLUMNS), see `tallies`, of bits. Args: rows: int32 (E,), of each entity's box."""
        tally = wp.zeros((max(entities, 1), COLUMNS), dtype=wp.int32, device=self._device)
        step = int(LANES) if self._serial else 1

        def some(first: int, end: int) -> None:
            inputs = [self._view.optics.cam, cover, rows, first, step, tally]
            self._launch(count_cover, (end - first, step), inputs)

        self._bands.run(some, self._bands.edges(entities))
        counted: Array = tally.numpy()[None, :entities]
        return counted

    def _raster(self, cover: Any, top: int, bottom: int) -> None:
        view, work = self._view, self._view.work
        step = int(LANES) if self._serial else 1
        work.rows[top:bottom].zero_()
        optics = view.optics
        inputs = [self._geo, optics.cam, optics.rays, optics.ray_rows, optics.tiles, work.vertices, work.screen]
        chunks, each = self._placements.chunks, 1 if self._serial else EACH
        inputs += [work.boxes, work.lanes, cover, chunks, top, bottom, each, step, work.keys]
        self._launch(raster, (-(-chunks // each), step), inputs)

    def _ids(self, images: Images, part: Any, top: int, bottom: int) -> None:
        optics = self._view.optics
        inputs = [self._geo, optics.cam, optics.rays, self._view.work.keys, top, self._span]
        inputs += [images.placement.array, images.entity.array, images.depth.array, images.distance.array, part]
        self._launch(resolve_ids, self._spans(top, bottom), inputs)

    def _normals(self, result: Result, normals: Any, top: int, bottom: int) -> None:
        view, optics = self._view, self._view.optics
        turn = wp.mat33(*view.world_from_camera[:3, :3].astype(np.float32).ravel().tolist())
        inputs = [self._geo, optics.cam, optics.ray_rows, view.work.vertices, turn, normals, view.work.keys, top]
        self._launch(resolve_normals, self._spans(top, bottom), [*inputs, self._span, result.array])

    def _motion(self, result: Result, former: Former, top: int, bottom: int) -> None:
        view, optics = self._view, self._view.optics
        inputs = [self._geo, optics.cam, optics.rays, view.work.vertices, view.camera_from_leaf]
        inputs += [former.cam, former.camera_from_leaf, view.work.keys, top, self._span]
        self._launch(resolve_motion, self._spans(top, bottom), [*inputs, result.array])

    def _spans(self, top: int, bottom: int) -> tuple[int, int]:
        return bottom - top, -(-self._width // self._span)

    def _result(self, shape: tuple[int, ...], dtype: Any, device_dtype: Any) -> Result:
        return Result(shape, dtype, device_dtype, self._device)

    def _launch(self, kernel: Callable[..., None], size: tuple[int, ...], inputs: list[Any]) -> None:
        if all(size):
            wp.launch(kernel, size, inputs, device=self._device)
