"""`rgb/[<split>/]<frame>.<ext>`, `depth/[<split>/]<frame>.png`, `intrinsics.txt`, `associations.txt`, `poses.txt` ...

Depth along the optical axis: 16-bit grey PNG of millimetres, or of 1/256 m as KITTI has it, 0 where nothing was hit or
where it is too far for 16 bits; or .npy of float32 metres, +inf where nothing was hit. The lists are those of TUM's
RGB-D benchmark, https://cvg.cit.tum.de/data/datasets/rgbd-dataset/file_formats, in `lists/<sequence>/<camera>/` where
there are several of either: times in seconds (the frame's index where a dataset has no times), poses as translation [m]
and quaternion x y z w of the camera's optical frame (x right, y down, z forward) in the world. The principal point
counts from the middle of the first pixel, as OpenCV's does.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from framepress.core import Camera, Frame, LabelMap, View, safe_name
from framepress.core.arrays import Array
from framepress.delivery.source_links import SourceBytes
from framepress.delivery.tree import Leaf, Leaves, ViewRow, image_leaf, place_of, where
from framepress.errors import InputError, OptionError
from framepress.storage import npy, png

__all__ = ["DepthTree"]

_SCALES = {"millimetres": 1000.0, "kitti": 256.0}
_NPY = "application/x-npy"


class DepthTree:
    """Args:
    encoding: `millimetres`, `kitti`, or `npy`.

    Raises:
        OptionError: it is none of these.
    """

    def __init__(self, *, encoding: str = "millimetres") -> None:
        if encoding not in (*_SCALES, "npy"):
            raise OptionError(f"encoding={encoding!r}: must be one of {', '.join((*_SCALES, 'npy'))}")
        self._encoding = encoding

    def leaves(self, frame: Frame) -> Leaves:
        """Raises:
        InputError: a view has neither depth nor a range that can be made depth.
        """
        files, rows = [], []
        counts: Counter[str] = Counter()
        for view in frame.views:
            picture = image_leaf("rgb", frame, view)
            depth = self._depth(frame, view, counts)
            files += [picture, depth]
            rows.append(_row(frame, view, picture.path, depth.path))
        return Leaves(files, rows, {name: count for name, count in sorted(counts.items()) if count})

    def _depth(self, frame: Frame, view: View, counts: Counter[str]) -> Leaf:
        stem = f"depth/{place_of(frame, view)}"
        if self._encoding == "npy":
            stored = view.channels.encoded("depth")
            if stored is not None and stored.media_type == _NPY:
                content = stored.read()
                if isinstance(content, SourceBytes):
                    npy.header(content, stored.where)
                    return Leaf(f"{stem}.npy", content)
            return Leaf(f"{stem}.npy", npy.encode(_metres(frame, view)))
        found = png.encode_depth(_metres(frame, view), _SCALES[self._encoding])
        counts["depth pixels too far for 16 bits"] += found.too_far
        counts["depth pixels below half a step"] += found.raised
        return Leaf(f"{stem}.png", found.data)

    def shared(self, labels: LabelMap, rows: Sequence[tuple[Mapping[str, Any], ViewRow]]) -> dict[str, bytes | None]:
        cameras: dict[tuple[str, str], list[ViewRow]] = {}
        for frame, view in rows:
            cameras.setdefault((frame.get("sequence", ""), view["view"]), []).append(view)
        found: dict[str, bytes | None] = {"intrinsics.txt": _intrinsics([view for _, view in rows])}
        if len(cameras) > 1:
            found |= dict.fromkeys(_LISTS)  # of the only camera that there was
        for (sequence, camera), views in sorted(cameras.items()):
            folder = f"lists/{safe_name(sequence) or '-'}/{camera or '-'}/" if len(cameras) > 1 else ""
            ordered = sorted(views, key=lambda view: (view["time_s"], view["rgb"]))
            found |= {folder + name: content for name, content in self._lists(ordered).items()}
        return found

    def _lists(self, views: Sequence[ViewRow]) -> dict[str, bytes]:
        """Of one camera in one sequence, in the order of time."""
        pairs = [f"{_time(view)} {view['rgb']} {_time(view)} {view['depth']}" for view in views]
        found = {
            "associations.txt": _lines("time_s rgb time_s depth", pairs),
            "rgb.txt": _lines("time_s file", [f"{_time(view)} {view['rgb']}" for view in views]),
            "depth.txt": _lines(
                f"time_s file ({_UNITS[self._encoding]})", [f"{_time(view)} {view['depth']}" for view in views]
            ),
        }
        if posed := [view for view in views if view["pose"]]:
            told = [f"{_time(view)} {_numbers(view['pose'])}" for view in posed]  # readers want eight numbers
            found["poses.txt"] = _lines("time_s tx ty tz qx qy qz qw", told)
        return found


_LISTS = ("associations.txt", "rgb.txt", "depth.txt", "poses.txt")
_UNITS = {
    "millimetres": "16-bit PNG, 1 is 1 mm, 0 is nothing",
    "kitti": "16-bit PNG, 1 is 1/256 m, 0 is nothing",
    "npy": "float32 m, inf is nothing",
}


def _metres(frame: Frame, view: View) -> Array:
    """float32 (H, W) [m], along the optical axis."""
    if "depth" in view.channels:
        return view.channels["depth"]
    if "range" in view.channels and view.camera.K is not None and view.camera.distortion is None:
        return view.camera.depth_from_range(view.channels["range"])
    raise InputError(
        f"{where(frame, view)}: no depth channel, nor a range of a camera without distortion to make it of; "
        "capture distance_to_image_plane"
    )


def _row(frame: Frame, view: View, rgb: str, depth: str) -> ViewRow:
    camera = view.camera
    time_ns = frame.time_ns if view.time_ns is None else view.time_ns
    return {
        "view": view.name,
        "rgb": rgb,
        "depth": depth,
        "width": camera.width,
        "height": camera.height,
        "K": None if camera.K is None else camera.K.tolist(),
        "distortion": None if camera.distortion is None else camera.distortion.model,
        "pose": None if camera.world_from_camera is None else _pose(camera),
        "time_s": float(frame.index) if time_ns is None else time_ns / 1e9,
    }


def _pose(camera: Camera) -> list[float]:
    """tx ty tz qx qy qz qw; the quaternion of unit length, its w not negative.

    By the greatest of its four parts: S. W. Shepperd, "Quaternion from rotation matrix", 1978.
    """
    assert camera.world_from_camera is not None
    pose = camera.world_from_camera
    (a, b, c), (d, e, f), (g, h, i) = pose[:3, :3].tolist()
    squares = (1 + a - e - i, 1 - a + e - i, 1 - a - e + i, 1 + a + e + i)
    x, y, z, w = (
        (squares[0], b + d, c + g, h - f),
        (b + d, squares[1], f + h, c - g),
        (c + g, f + h, squares[2], d - b),
        (h - f, c - g, d - b, squares[3]),
    )[int(np.argmax(squares))]
    length = math.copysign(math.sqrt(x * x + y * y + z * z + w * w), w)
    return [*pose[:3, 3].tolist(), x / length, y / length, z / length, w / length]


def _intrinsics(views: Sequence[ViewRow]) -> bytes:
    """One line a camera and set of numbers; a camera that zooms has several."""
    counted: Counter[str] = Counter()
    for view in views:
        if view["K"] is not None:
            (fx, _, cx), (_, fy, cy), _ = view["K"]
            numbers = _numbers((fx, fy, cx - 0.5, cy - 0.5))
            lens = view["distortion"] or "pinhole"
            counted[f"{view['view'] or '-'} {view['width']} {view['height']} {numbers} {lens}"] += 1
    told = [f"{line} {count}" for line, count in sorted(counted.items())]
    return _lines("camera width height fx fy cx cy lens images", told)


def _time(view: ViewRow) -> str:
    return f"{view['time_s']:.6f}"


def _numbers(values: Sequence[float]) -> str:
    return " ".join(f"{value + 0.0:.9g}" for value in values)


def _lines(head: str, lines: Sequence[str]) -> bytes:
    return "".join(f"{line}\n" for line in (f"# {head}", *lines)).encode()
