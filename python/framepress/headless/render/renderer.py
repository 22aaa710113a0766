"""Draws scenes: once a frame `begin_frame`, then `render` for each camera."""

from __future__ import annotations

from typing import Any

import numpy as np
import warp as wp

from framepress.core.arrays import Array
from framepress.errors import InputError, OptionError
from framepress.headless.buffers import Buffers, Passes
from framepress.headless.render import modules
from framepress.headless.render.amodal import no_room, room
from framepress.headless.render.bands import Bands
from framepress.headless.render.cameras import Optics, optics
from framepress.headless.render.device_arrays import Result
from framepress.headless.render.geometries import Geometries
from framepress.headless.render.kernels.bounds import TILE_HEIGHT, bounds
from framepress.headless.render.kernels.counts import count_cover
from framepress.headless.render.kernels.raster import raster
from framepress.headless.render.kernels.resolve_ids import resolve_ids
from framepress.headless.render.kernels.structs import LANES, Geo
from framepress.headless.render.kernels.transform import transform
from framepress.headless.render.placements import BLOCK, Placements, laid_out
from framepress.headless.render.poses import Poses, posed
from framepress.headless.render.tallies import COLUMNS, tallied
from framepress.headless.render.textures import Textures, surfaces
from framepress.headless.render.views import View, Work, viewed
from framepress.headless.scene import Lens, Scene, SceneCamera

__all__ = ["Renderer"]

SPAN = 1 << 30
"""Pixels of a row that one thread of the CPU resolves: all of them, since neighbours share their triangle."""


class Renderer:
    """Draws scenes on a device of Warp's ("cpu", "cuda:0"). Not for use by two threads at once.

    What shading reads of it: `device`, `bands`, `scene`, `geo` (`structs.Geo`), `placements`, `poses`.
    """

    def __init__(self, *, device: str = "cpu", threads: int | None = None) -> None:
        """Args: threads: on the CPU; None = one a core. The bytes drawn are the same for any number.

        Raises:
            OptionError: Warp has no such device.
        """
        wp.config.quiet = True
        wp.init()
        try:
            self.device = str(wp.get_device(device))
        except (RuntimeError, ValueError) as error:
            raise OptionError(f"no device {device!r} to render on ({error})") from error
        self.bands = Bands(self.device, threads)
        self.scene: Scene | None = None
        self.geo: Any = Geo()
        self.placements: Placements | None = None
        self.poses: Poses | None = None
        self._geometries = Geometries(self.device)
        self._textures = Textures(self.device)
        self._optics: dict[Lens, Optics] = {}
        self._work: dict[tuple[int, int], Work] = {}
        self._shader: Any = None
        modules.load(self.device)

    def begin_frame(self, scene: Scene) -> None:
        """Take what is another object than in the last frame; from now on that is the former frame.

        Raises:
            InputError: a part of the scene contradicts another.
        """
        before = self.scene
        self.scene = None  # of a scene that does not hold together nothing is drawn
        geo = self.geo
        slots = self._geometries.upload(scene.geometries)
        self._geometries.fill(geo)
        if before is None or scene.textures is not before.textures:
            self._textures.upload(scene.textures)
            geo.atlas = self._textures.atlas
        if before is None or scene.materials is not before.materials:
            geo.surfaces = surfaces(scene.materials, self.device)
        placements = self.placements
        if (
            before is None
            or placements is None
            or scene.placements is not before.placements
            or len(scene.entities) != len(before.entities)
            or scene.materials is not before.materials
            or placements.layouts != tuple(slots[p.geometry].layout for p in scene.placements)
        ):
            placements = laid_out(scene.placements, slots, scene.materials, len(scene.entities), self.device)
            placements.fill(geo)
        self.placements = placements
        self.poses = posed(scene, placements, slots)
        if np.shape(scene.visible) != (len(scene.placements),):
            raise InputError(f"{len(scene.placements)} placements have visibilities of shape {np.shape(scene.visible)}")
        self.scene = scene

    def render(self, camera: SceneCamera, passes: Passes) -> Buffers:
        """Raises:
        InputError: `begin_frame` has no scene to draw, or the camera is nowhere.
        OptionError: a lens that sees nothing, see `cameras.optics`.
        """
        scene = self.scene
        if scene is None or self.poses is None or self.placements is None:
            raise InputError(f"{camera.path}: there is no scene to draw: begin_frame comes first")
        if np.shape(camera.view) != (4, 4) or not np.isfinite(camera.view).all():
            raise InputError(f"{camera.path}: its view matrix is {np.asarray(camera.view).tolist()}")
        view = self._view(camera)
        self._project(view)
        return self._draw(view, passes)

    def _view(self, camera: SceneCamera) -> View:
        assert self.scene is not None and self.poses is not None and self.placements is not None
        lens = camera.lens
        if lens not in self._optics:
            self._optics[lens] = optics(lens, self.device)
        size = lens.width, lens.height
        if size not in self._work:
            self._work[size] = Work(*size, self.device)
        work = self._work[size]
        work.reserve(self.placements.vertices, self.placements.chunks)
        visible = np.asarray(self.scene.visible, bool)
        return viewed(camera, self._optics[lens], work, self.poses, visible, self.device)

    def _project(self, view: View) -> None:
        """Vertices into camera space, and the boxes of chunks."""
        assert self.placements is not None
        work, optic, placements = view.work, view.optics, self.placements
        lanes = BLOCK if self.bands.serial else 1

        def vertices(first: int, end: int) -> None:
            inputs = [self.geo, optic.cam, placements.blocks, view.shown, view.camera_from_leaf, first, lanes]
            wp.launch(transform, (end - first, lanes), [*inputs, work.vertices, work.screen], device=self.device)

        def chunks(first: int, end: int) -> None:
            inputs = [self.geo, optic.cam, optic.tiles, view.shown, view.stretch, view.camera_from_leaf]
            inputs += [work.vertices, work.screen, first, work.boxes, work.lanes]
            wp.launch(bounds, end - first, inputs, device=self.device)

        self.bands.run(vertices, self.bands.edges(placements.block_count))
        self.bands.run(chunks, self.bands.edges(placements.chunks))

    def _draw(self, view: View, passes: Passes) -> Buffers:
        assert self.scene is not None and self.placements is not None
        work, optic, device = view.work, view.optics, self.device
        width, height = view.camera.lens.width, view.camera.lens.height
        entities = len(self.scene.entities)
        if passes.amodal:
            boxes = work.boxes.numpy()[: self.placements.chunks]
            space = room(boxes, self.placements.chunk_entity, entities, work, device)
            cover = space.cover
        else:
            cover = no_room(entities, work, device)
        shape = height, width
        leaf = Result(shape, np.int32, wp.int32, device)
        entity = Result(shape, np.int32, wp.int32, device)
        depth = Result(shape, np.float32, wp.float32, device)
        distance = Result(shape, np.float32, wp.float32, device)
        ranges = self.bands.edges(height, int(TILE_HEIGHT))
        parts = wp.zeros((len(ranges), max(entities, 1), COLUMNS), dtype=wp.int32, device=device)
        step = int(LANES) if self.bands.serial else 1
        span = 1 if self.bands.serial else width

        def band(top: int, bottom: int) -> None:
            work.keys[top:bottom].zero_()
            inputs = [self.geo, optic.cam, optic.rays, optic.tiles, work.vertices, work.screen, work.boxes, work.lanes]
            inputs += [cover, top, bottom, step, work.keys]
            wp.launch(raster, (self.placements.chunks, step), inputs, device=device)
            inputs = [self.geo, optic.cam, optic.rays, work.keys, top, span, leaf.array, entity.array]
            inputs += [depth.array, distance.array, parts[ranges.index((top, bottom))]]
            wp.launch(resolve_ids, (bottom - top, -(-width // span)), inputs, device=device)

        self.bands.run(band, ranges)
        visible_count, visible_box = tallied(parts.numpy()[:, :entities], width, height)
        amodal_count: Array | None = None
        amodal_box: Array | None = None
        if passes.amodal:
            counted = wp.zeros((max(entities, 1), COLUMNS), dtype=wp.int32, device=device)

            def count(first: int, end: int) -> None:
                inputs = [optic.cam, cover, space.rows, first, step, counted]
                wp.launch(count_cover, (end - first, step), inputs, device=device)

            self.bands.run(count, self.bands.edges(entities))
            amodal_count, amodal_box = tallied(counted.numpy()[None, :entities], width, height)
        return Buffers(
            placement=leaf.host(),
            entity=entity.host(),
            depth=depth.host(),
            distance=distance.host(),
            rgba=None,
            normals=None,
            motion=None,
            visible_count=visible_count,
            visible_box=visible_box,
            amodal_count=amodal_count,
            amodal_box=amodal_box,
        )
