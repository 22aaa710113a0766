"""From a table of objects to the fields of KITTI's label lines: every choice that a label file needs, in one value."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from framepress.capture.boxes3d import full_boxes, truncations
from framepress.core import Boxes3D, Camera, Objects
from framepress.core.arrays import Array
from framepress.errors import OptionError
from framepress.formats.kitti_geometry import (
    TILT_LIMIT,
    Upright,
    axis_code,
    camera_from_level,
    upright,
)
from framepress.formats.kitti_text import DONT_CARE, LabelTable, type_of
from framepress.formats.visible import visible_boxes

__all__ = ["LabelRules"]

_SLACK = 1e-6  # a visibility that passed through float32 must not fall below its own cut point


@dataclass(frozen=True)
class LabelRules:
    """How objects become lines.

    Args:
        full: 2D boxes of the whole objects, cut at the image, in place of their visible parts.
        edge: edge pixel convention in place of the index convention.
        tilt: policy for boxes that are not upright: `project`, `strict`, `enclose`, `level`.
        forward: class in lower case -> axis code; `*` for the others.
        up: axis code of the box's own up axis, 0 for the one best aligned with the world's.
        world_up: float64 (3,), unit.
    """

    full: bool
    edge: bool
    tilt: str
    forward: Mapping[str, int]
    up: int
    world_up: Array

    @classmethod
    def of(cls, *, box: str, convention: str, tilt: str, forward: str, up: str, world_up: str) -> LabelRules:
        """From the options of the writer.

        Raises:
            OptionError: an axis that is none, or one axis for both forward and up.
        """
        axes = {"*": 0}
        for part in forward.split(","):
            name, _, axis = part.rpartition("=")
            axes[name.strip().casefold() or "*"] = axis_code(axis.strip(), "forward", auto=True)
        up_code = axis_code(up, "up", auto=True)
        if up_code and abs(up_code) in map(abs, axes.values()):
            raise OptionError(f"up={up!r} and forward={forward!r} name the same axis of the box; choose another")
        return cls(box == "full", convention == "edge", tilt, axes, up_code, _direction(world_up))

    def in_world(self, axis: str) -> LabelRules:
        """The same rules where another axis is up.

        Raises:
            OptionError: it is none.
        """
        return replace(self, world_up=_direction(axis))

    def camera_from_label(self, camera: Camera) -> Array:
        """Rotation (3, 3) from the frame that the labels are in to the camera.

        Raises:
            InputError: `level` without a pose.
        """
        return camera_from_level(camera.camera_from_world, self.world_up) if self.tilt == "level" else np.eye(3)

    def table(self, objects: Objects, camera: Camera, counts: Counter[str]) -> LabelTable:
        """The lines to write: objects in the table's order, then DontCare regions; what is left out is counted."""
        objects, ignored = _visible(objects.with_columns(box=visible_boxes(objects, camera.size_wh)), counts)
        amodal = _whole_boxes(objects, camera)
        solid = self._upright(objects, camera, counts, ~ignored)
        cut = np.where(np.isnan(objects.truncation), truncations(amodal, camera.size_wh), objects.truncation)
        counts["truncation_unknown"] += int((np.isnan(cut) & ~ignored).sum())
        blank = np.where(ignored, np.nan, 0.0)
        kinds = zip(ignored.tolist(), objects.labels, strict=True)
        return LabelTable(
            types=tuple(DONT_CARE if skip else type_of(name) for skip, name in kinds),
            truncated=cut + blank,
            occluded=np.where(ignored, -1, _occlusion_levels(objects)),
            alpha=np.where(solid.known, solid.alpha, _attribute(objects, "alpha")) + blank,
            box=self._boxes(objects.box, amodal, camera.size_wh, counts),
            hwl=solid.hwl + blank[:, None],
            location=solid.location + blank[:, None],
            rotation_y=solid.rotation_y + blank,
            score=objects.score + blank,
        )

    def _upright(self, objects: Objects, camera: Camera, counts: Counter[str], counted: Array) -> Upright:
        boxes, label_from_world = objects.box3d, np.eye(4)
        if camera.world_from_camera is None:
            counts["box3d_without_pose"] += int((boxes.known & counted).sum())
            boxes = Boxes3D.unknown(len(objects))
        else:
            label_from_world[:3] = self.camera_from_label(camera).T @ camera.camera_from_world[:3]
        by_class = [self.forward.get(name.casefold(), self.forward["*"]) for name in objects.classes]
        solid = upright(
            boxes,
            label_from_world,
            forward=np.array(by_class, np.int64)[objects.label],
            up=self.up,
            world_up=self.world_up,
            policy=self.tilt,
        )
        for reason, lost in solid.unknown.items():
            counts[f"box3d_{reason}"] += int((lost & counted).sum())
        counts["tilt_above_5_degrees"] += int(((solid.tilt > TILT_LIMIT) & counted).sum())
        counts["forward_guessed"] += int((solid.guessed & counted).sum())
        return solid

    def _boxes(self, visible: Array, amodal: Array, size_wh: tuple[int, int], counts: Counter[str]) -> Array:
        """left top right bottom (N, 4), in the convention asked for, inside the image."""
        width, height = size_wh
        boxes, to_index = visible, np.array((0.0, 0.0, 1.0, 1.0))
        if self.full:
            known = np.asarray(~np.isnan(amodal).any(axis=1))[:, None]
            counts["full_box_unknown"] += int((~known).sum())
            boxes, to_index = np.where(known, amodal, visible), np.full(4, 0.5)  # one rule a file, for its readers
        if self.edge:
            return np.asarray(np.clip(boxes, 0, (width, height, width, height)))
        found = np.clip(boxes - to_index, 0, (width - 1, height - 1, width - 1, height - 1))
        found[:, 2:] = np.maximum(found[:, :2], found[:, 2:])
        counts["one_pixel_wide_or_high"] += int((found[:, :2] == found[:, 2:]).any(axis=1).sum())
        return np.asarray(found)


def _direction(axis: str) -> Array:
    code = axis_code(axis, "world_up", auto=False)
    return np.asarray(np.sign(code) * np.eye(3)[abs(code) - 1])


def _visible(objects: Objects, counts: Counter[str]) -> tuple[Objects, Array]:
    """The objects to write, DontCare regions last; and which of them those are, bool (N,)."""
    ignored = objects.crowd | np.array([name == DONT_CARE for name in objects.labels], bool)
    visible = ~np.isnan(objects.box).any(axis=1)
    elsewhere = objects.box3d.known | ~np.isnan(objects.box_full[:, 0])
    counts["hidden"] += int((~visible & elsewhere).sum())
    counts["without_box"] += int((~visible & ~elsewhere).sum())
    counts["dontcare"] += int((ignored & visible).sum())
    rows = np.concatenate((np.flatnonzero(visible & ~ignored), np.flatnonzero(visible & ignored)))
    return objects.take(rows), np.asarray(ignored[rows])


def _whole_boxes(objects: Objects, camera: Camera) -> Array:
    """Edge boxes (N, 4) of the whole objects: `box_full`, else the projected 3D box, else NaN."""
    missing = np.isnan(objects.box_full[:, 0]) & objects.box3d.known
    if camera.K is None or camera.world_from_camera is None or camera.distortion is not None or not missing.any():
        return objects.box_full
    boxes = np.array(objects.box_full)
    boxes[missing] = full_boxes(objects.box3d.take(missing).corners(), camera)
    return boxes


def _occlusion_levels(objects: Objects) -> Array:
    """KITTI's 0 visible, 1 partly, 2 largely hidden, 3 unknown: cut at 5 % and 50 % hidden."""
    visibility = objects.visibility + _SLACK
    levels = np.select([visibility >= 0.95, visibility >= 0.5, visibility >= 0], [0, 1, 2], 3)
    given = _attribute(objects, "occluded")
    return np.asarray(np.where(np.isnan(visibility) & np.isin(given, (0, 1, 2)), given, levels), np.int64)


def _attribute(objects: Objects, name: str) -> Array:
    """What the reader kept of a KITTI line because no column holds it; NaN where it is not there."""
    values = [(row or {}).get(name) for row in objects.attributes]
    return np.array([value if isinstance(value, (int, float)) else np.nan for value in values], np.float64)
