"""`training/{image_2,label_2,calib}/000000.{png,txt,txt}`, optional `depth_2` and `velodyne`; `ImageSets/*.txt`.

2D boxes and P2 in the index pixel convention (pixel centres at whole numbers, maxima inclusive); 3D in the rectified
reference camera (x right, y down, z forward), metres.
https://www.cvlibs.net/datasets/kitti/eval_object.php (object development kit)

Beyond the specification, and recorded in `framepress.json` beside the folders:
* the stem is the frame's index, six digits; several cameras have one such tree each, in a folder of the view's name;
* all frames lie in `training`, because `testing` has no labels; `ImageSets/test.txt` says which are for testing;
* `depth_2/000000.png` is 16-bit grey, metres along the optical axis x 256, 0 = nothing (as in KITTI's depth benchmark);
* `velodyne` is a lidar at the camera's place, x along the optical axis (level with the ground under `tilt="level"`),
  with reflectance 0, because a depth image knows none;
* crowds are DontCare lines, last; an unknown truncation is -1; an unknown visibility is occlusion level 3.
"""

from __future__ import annotations

import json
from array import array
from collections import Counter
from typing import Any

import numpy as np

from framepress.core import Camera, Frame, LabelMap, View
from framepress.core.arrays import Array
from framepress.errors import InputError, OptionError
from framepress.formats.base import Files, Format, Row, Rows, by_number, image_file
from framepress.formats.kitti_geometry import LABEL_FROM_VELO
from framepress.formats.kitti_read import DEPTH_STEPS, looks_like, read, read_labels
from framepress.formats.kitti_table import LabelRules
from framepress.formats.kitti_text import CALIBRATION, DONT_CARE, calibration_text, label_text
from framepress.formats.kitti_tree import SCHEMA, SIDECAR, VERSION
from framepress.storage.png import encode_depth

__all__ = ["FORMAT", "WORLD_UP", "Writer"]

LAST_INDEX = 999_999
WORLD_UP = "z"
"""The up axis of a world of which nothing is said."""

_CHOICES = {
    "images": ("png", "jpeg", "keep", "none"),
    "box": ("visible", "full"),
    "convention": ("index", "edge"),
    "tilt": ("project", "strict", "enclose", "level"),
    "calib": ("write", "none"),
    "velodyne": ("none", "depth", "points"),
}


class Writer:
    """Writes KITTI's object layout.

    Args:
        images: `png` is what most readers ask for; `none` writes labels only.
        quality: of `jpeg`.
        box: `visible` pixels, or `full`: the whole object cut at the image, as KITTI's annotators drew it.
        convention: pixel convention of boxes and P2, always both. `index` is KITTI's. `edge`: a box may end at W, H.
        tilt: what becomes of boxes that are not upright in the camera, whose own pitch counts too. `project` keeps
            true size and centre; it is the default because simulated cameras look down: `strict` would lose nearly
            every box, `enclose` inflates it, and `level`, exact for lidar detectors, moves the pitch into P2, where
            code that reads only fx and cx goes wrong. Boxes above 5 degrees are counted.
        forward: axis along a box's length: x, y, z, -x, -y, -z; or by class, "car=x,person=-y,*=auto". `auto` takes
            the longer horizontal one, whose direction is a guess (counted).
        up: axis of the box that is up, or `auto`: the one best aligned with `world_up`.
        world_up: the world's up axis, or `auto`: what the frame's meta says under "world_up", else z, Isaac Sim's
            default.
        calib: `none` for sources without intrinsics.
        depth: write `depth_2`.
        velodyne: from `depth`, one point a pixel that hit something; or from the `points` channel.

    Raises:
        OptionError: a value that is none of these.
    """

    def __init__(
        self,
        *,
        images: str = "png",
        quality: int = 95,
        box: str = "visible",
        convention: str = "index",
        tilt: str = "project",
        forward: str = "auto",
        up: str = "auto",
        world_up: str = "auto",
        calib: str = "write",
        depth: bool = False,
        velodyne: str = "none",
    ) -> None:
        self._options: dict[str, Any] = {name: value for name, value in locals().items() if name != "self"}
        for name, allowed in _CHOICES.items():
            if self._options[name] not in allowed:
                raise OptionError(f"{name}={self._options[name]!r}: must be one of {', '.join(allowed)}")
        self._world_up = world_up
        self._rules = LabelRules.of(
            box=box,
            convention=convention,
            tilt=tilt,
            forward=forward,
            up=up,
            world_up=WORLD_UP if world_up == "auto" else world_up,
        )
        self._images, self._quality = images, quality
        self._calib, self._depth, self._velodyne = calib == "write", depth, velodyne
        wanted = {
            "rgb": images != "none",
            "camera": self._calib,
            "depth": depth or velodyne == "depth",
            "points": velodyne == "points",
        }
        self.needs: frozenset[str] = frozenset(name for name, needed in wanted.items() if needed)
        self.carries: frozenset[str] = FORMAT.carries - {name for name in ("rgb", "camera") if not wanted[name]}

    def add(self, frame: Frame, files: Files) -> Row:
        """Image, label, calibration, and what else was asked for, of each view.

        Raises:
            OptionError: the index has more than six digits.
            InputError: something that was asked for is missing, or the lens is distorted.
        """
        if frame.index > LAST_INDEX:
            raise OptionError(
                f"frame {frame.id}: index {frame.index} has more than KITTI's six digits; write this dataset in parts"
            )
        counts: Counter[str] = Counter()
        sizes = {}
        rules = self._rules_of(frame)
        for view in frame.views:
            tree = f"{view.name}/" if view.name else ""
            self._add_view(view, f"{tree}training/{{}}/{frame.index:06d}", files, rules, counts)
            sizes[tree] = list(view.camera.size_wh)
        return {"sizes": sizes, "counts": {name: counts[name] for name in sorted(counts) if counts[name]}}

    def _rules_of(self, frame: Frame) -> LabelRules:
        """With the up axis of the frame's world.

        Raises:
            InputError: its meta names no axis.
        """
        axis = frame.meta.get("world_up")
        if self._world_up != "auto" or axis is None:
            return self._rules
        try:
            return self._rules.in_world(axis)
        except OptionError as error:
            raise InputError(f"frame {frame.id}: its meta says {error}") from error

    def _add_view(self, view: View, path: str, files: Files, rules: LabelRules, counts: Counter[str]) -> None:
        camera = view.camera
        if self._calib and camera.distortion is not None:
            raise InputError(
                f"view {view.name!r}: a lens of the model {camera.distortion.model}, and KITTI's calibration knows "
                "pinholes only; render with a pinhole camera, or write kitti with calib=none: 2D boxes fit any lens"
            )
        if self._images != "none":
            where = path.format("image_2")
            extension, content = image_file(view, self._images, quality=self._quality, where=where)
            files.put(where + extension, content)
        table = rules.table(view.objects, camera, counts)
        files.put(path.format("label_2") + ".txt", label_text(table).encode())
        if self._calib:
            files.put(path.format("calib") + ".txt", self._calibration(camera, rules).encode())
        if self._depth:
            encoded = encode_depth(_depth(view), DEPTH_STEPS)
            counts["depth_raised_to_1"] += encoded.raised
            counts["depth_too_far"] += encoded.too_far
            files.put(path.format("depth_2") + ".png", encoded.data)
        if self._velodyne != "none":
            points = _lidar_points(view, rules.camera_from_label(camera), self._velodyne)
            files.put(path.format("velodyne") + ".bin", points.tobytes())

    def _calibration(self, camera: Camera, rules: LabelRules) -> str:
        """One camera: P0 to P3 are equal and have no offset, so that labels are in its own frame."""
        intrinsics = camera.pinhole().copy()
        if not rules.edge:
            intrinsics[:2] -= 0.5 * intrinsics[2]
        projection = np.hstack((intrinsics @ rules.camera_from_label(camera), np.zeros((3, 1))))
        matrices = {name: np.eye(*shape) for name, shape in CALIBRATION.items()}
        matrices |= dict.fromkeys(("P0", "P1", "P2", "P3"), projection)
        matrices["Tr_velo_to_cam"] = np.hstack((LABEL_FROM_VELO, np.zeros((3, 1))))
        return calibration_text(matrices)

    def finish(self, labels: LabelMap, rows: Rows, files: Files) -> None:
        """`ImageSets` of each tree, and `framepress.json`.

        A frame without a split is for training. Lists keep the dataset's order.

        Raises:
            InputError: two frames have one index, and so one stem.
        """
        lists: dict[str, dict[str, array[int]]] = {}
        sizes: dict[str, list[int] | None] = {}
        counts: Counter[str] = Counter()
        splits: set[str] = set()
        seen = bytearray(LAST_INDEX + 1)
        for frame, row in rows():
            if seen[frame.index]:
                raise InputError(
                    f"frame {frame.id}: its index is another frame's too, so both would be {frame.index:06d}; "
                    "give the frames different indices"
                )
            seen[frame.index] = 1
            counts.update(row["counts"])
            splits.add(frame.split)
            for tree, size in row["sizes"].items():
                sizes[tree] = size if sizes.setdefault(tree, size) == size else None
                sets = lists.setdefault(tree, {name: array("I") for name in ("train", "val", "trainval", "test")})
                for name in _lists_of(frame.split):
                    sets.setdefault(name, array("I")).append(frame.index)
        for tree in sorted(lists):
            for name, indices in sorted(lists[tree].items()):
                with files.file(f"{tree}ImageSets/{name}.txt") as out:
                    out.writelines(b"%06d\n" % index for index in indices)
        document = {
            "schema": SCHEMA,
            "version": VERSION,
            "classes": [row for row in labels.to_dict() if row["name"] != DONT_CARE],
            "counts": dict(counts),
            "options": self._options,
            "sizes": sizes,
            "splits": sorted(splits - {""}),
            "units": {"angle": "rad", "depth_2": "1/256 m, 0 = nothing", "length": "m"},
        }
        files.put(SIDECAR, (json.dumps(document, indent=1, sort_keys=True) + "\n").encode())


def _lists_of(split: str) -> tuple[str, ...]:
    split = split or "train"
    return (split, "trainval") if split in ("train", "val") else (split,)


def _depth(view: View) -> Array:
    """Depth along the optical axis [m], from `depth` or else from `range`.

    Raises:
        InputError: there is neither.
    """
    if "depth" in view.channels:
        return view.channels["depth"]
    if "range" in view.channels:
        return view.camera.depth_from_range(view.channels["range"])
    raise InputError(f"view {view.name!r} has neither a depth nor a range channel; capture one, or leave depth out")


def _lidar_points(view: View, camera_from_label: Array, source: str) -> Array:
    """float32 little-endian (N, 4): x forward, y left, z up [m], reflectance; no misses."""
    camera = view.camera
    if source == "points":
        in_camera = camera.to_camera(np.asarray(view.channels["points"], np.float64))
    else:
        depth = _depth(view)
        hit = np.isfinite(depth) & (depth > 0)
        in_camera = camera.rays()[hit] * np.asarray(depth[hit], np.float64)[:, None]
    points = np.zeros((len(in_camera), 4), "<f4")
    points[:, :3] = in_camera @ camera_from_label @ LABEL_FROM_VELO
    if not np.isfinite(points).all():
        raise InputError("channel points holds a number that is not finite; KITTI's readers fail on it")
    return points


FORMAT = Format(
    "kitti",
    "KITTI object: 2D and 3D boxes as text, one file an image; calibration, optional depth and lidar",
    carries=frozenset({"rgb", "camera", "label", "box", "box3d", "truncation", "score", "views"}),
    writer=Writer,
    read=read,
    read_labels=read_labels,
    looks_like=looks_like,
    key=by_number,
    left_out=("hidden", "without_box"),
    box_within=lambda options: 0.01 if options["box"] == "visible" else None,
    as_found=lambda features, frames: {} if features.get("camera", 0) == frames else {"calib": "none"},
)
