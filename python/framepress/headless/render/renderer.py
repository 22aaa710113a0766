"""Draws scenes: once a frame `begin_frame`, then `render` for each camera."""

from __future__ import annotations

from typing import Any

import numpy as np
import warp as wp

from framepress.core.arrays import Array
from framepress.errors import InputError
from framepress.headless.buffers import Buffers, Passes
from framepress.headless.render import modules
from framepress.headless.render.amodal import no_room, room
from framepress.headless.render.bands import Bands
from framepress.headless.render.cameras import Optics, optics
from framepress.headless.render.device_arrays import upload
from framepress.headless.render.geometries import Geometries, Slot
from framepress.headless.render.kernels.structs import Geo
from framepress.headless.render.passes import Drawing, Former
from framepress.headless.render.placements import Placements, cuts, laid_out
from framepress.headless.render.poses import Poses, former_world, posed, view_matrix
from framepress.headless.render.shading import Shader
from framepress.headless.render.tallies import tallied
from framepress.headless.render.textures import Textures, surfaces
from framepress.headless.render.views import View, Work, from_leaves, viewed
from framepress.headless.scene import Lens, Scene, SceneCamera

__all__ = ["Renderer"]

LENSES = 64
"""Tables of rays that are kept; the oldest goes first."""


class Renderer:
    """Draws scenes, frame by frame. Not for use by two threads at once."""

    def __init__(self, *, device: str = "cpu", threads: int | None = None) -> None:
        """Args:
            device: Warp's name of it, "cpu" or "cuda:0".
            threads: on the CPU; None = one a core. What is drawn is the same, to the byte, for any number.

        Raises:
            OptionError: there is no such device.
        """
        self._device = modules.device_name(device)
        self._bands = Bands(self._device, threads)
        self._geo: Any = Geo()
        self._geometries = Geometries(self._device)
        self._textures = Textures(self._device)
        self._shader: Shader | None = None
        self._optics: dict[Lens, Optics] = {}
        self._work: dict[tuple[int, int], Work] = {}
        self._scene: Scene | None = None
        self._slots: list[Slot] = []
        self._poses: Poses | None = None
        self._former: Poses | None = None
        self._normals: Any = None
        self._cameras: dict[tuple[str, int, int], SceneCamera] = {}
        self._former_cameras: dict[tuple[str, int, int], SceneCamera] = {}
        modules.load(self._device)

    def begin_frame(self, scene: Scene) -> None:
        """Draw `scene` from now on. What was drawn until now is the former frame, from which motion is reckoned.

        Only what is another object than before is uploaded.

        Raises:
            InputError: parts of the scene contradict each other; there is nothing to draw then.
        """
        before, self._scene = self._scene, None
        if np.shape(scene.visible) != (len(scene.placements),):
            raise InputError(f"{len(scene.placements)} placements have visibilities of shape {np.shape(scene.visible)}")
        slots = self._geometries.upload(scene.geometries)
        self._geometries.fill(self._geo)
        if before is None or scene.textures is not before.textures:
            self._textures.upload(scene.textures)
            self._geo.atlas = self._textures.atlas
        if before is None or scene.materials is not before.materials:
            self._geo.surfaces = surfaces(scene.materials, self._device)
        self._former = self._poses
        placements = self._placed(scene, slots, before)
        if (
            self._poses is None
            or before is None
            or placements is not self._poses.placements
            or slots is not self._slots
            or scene.matrices is not before.matrices
        ):
            self._poses = posed(scene, placements, slots)
            self._normals = None
        self._slots = slots
        self._former_cameras, self._cameras = self._cameras, {}
        self._scene = scene
        if self._shader is not None:
            self._shader.begin_frame(scene, self._geo, self._poses)

    def _placed(self, scene: Scene, slots: list[Slot], before: Scene | None) -> Placements:
        if before is not None and self._poses is not None:
            same = (
                scene.placements is before.placements
                and (scene.materials is before.materials or cuts(scene.materials) == cuts(before.materials))
                and len(scene.entities) == len(before.entities)
            )
            placements = self._poses.placements
            if same and (
                slots is self._slots or placements.layouts == tuple(slots[p.geometry].layout for p in scene.placements)
            ):
                return placements
        placements = laid_out(scene.placements, slots, scene.materials, len(scene.entities), self._device)
        placements.fill(self._geo)
        return placements

    def render(self, camera: SceneCamera, passes: Passes) -> Buffers:
        """What the camera sees of the scene of the last `begin_frame`.

        Raises:
            InputError: there is no scene, the camera's view is not finite, or its image cannot be counted.
            OptionError: nothing can be seen through the lens, or there is no pattern of so many samples.
        """
        scene, poses = self._scene, self._poses
        if scene is None or poses is None:
            raise InputError(f"{camera.path}: there is no scene to draw; begin_frame comes first")
        if np.shape(camera.view) != (4, 4) or not np.isfinite(camera.view).all():
            raise InputError(f"{camera.path}: not the matrix of a view: {np.asarray(camera.view).tolist()}")
        lens = camera.lens
        view = self._view(camera, scene, poses)
        drawing = Drawing(self._device, self._bands, self._geo, poses.placements, view)
        drawing.project(0.5 if passes.rgb and passes.samples > 1 else 0.0)
        entities = len(scene.entities)
        space = room(view.work, poses.placements, entities, self._device) if passes.amodal else None
        cover = no_room(view.work, entities, self._device) if space is None else space.cover
        former = self._seen_before(camera, poses) if passes.motion else None
        if passes.normals and self._normals is None:
            self._normals = upload(poses.normals, wp.mat33, self._device)
        images = drawing.images(entities, cover, self._normals if passes.normals else None, former)
        visible_count, visible_box = tallied(images.parts.numpy()[:, :entities], lens.width, lens.height)
        amodal_count: Array | None = None
        amodal_box: Array | None = None
        if space is not None:
            counted = drawing.count(entities, cover, space.rows)
            amodal_count, amodal_box = tallied(counted, lens.width, lens.height)
        return Buffers(
            placement=images.placement.host(),
            entity=images.entity.host(),
            depth=images.depth.host(),
            distance=images.distance.host(),
            rgba=self._shaded(scene, poses, view, passes.samples) if passes.rgb else None,
            normals=None if images.normals is None else images.normals.host(),
            motion=None if images.motion is None else images.motion.host(),
            visible_count=visible_count,
            visible_box=visible_box,
            amodal_count=amodal_count,
            amodal_box=amodal_box,
        )

    def _view(self, camera: SceneCamera, scene: Scene, poses: Poses) -> View:
        lens = camera.lens
        if lens not in self._optics:
            if len(self._optics) >= LENSES:
                del self._optics[next(iter(self._optics))]
            self._optics[lens] = optics(lens, self._device)
        size = lens.width, lens.height
        work = self._work.get(size) or self._work.setdefault(size, Work(*size, self._device))
        work.reserve(poses.placements.vertices, poses.placements.chunks)
        self._cameras[camera.path, lens.width, lens.height] = camera
        visible = np.asarray(scene.visible, bool)
        return viewed(camera, self._optics[lens], work, poses, visible, self._device)

    def _seen_before(self, camera: SceneCamera, poses: Poses) -> Former:
        """A camera that drew nothing in the former frame stood where it stands now."""
        former = self._former_cameras.get((camera.path, camera.lens.width, camera.lens.height), camera)
        if former.lens not in self._optics:
            self._optics[former.lens] = optics(former.lens, self._device)
        world = former_world(poses, self._former)
        matrices = from_leaves(world, view_matrix(former.view), self._device)
        return Former(self._optics[former.lens].cam, matrices)

    def _shaded(self, scene: Scene, poses: Poses, view: View, samples: int) -> Array:
        if self._shader is None:
            self._shader = Shader(self._device, self._bands, self._textures)
            self._shader.begin_frame(scene, self._geo, poses)
        return self._shader.shade(view, samples)
