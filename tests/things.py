"""Objects and views for `frames`, from geometry: a mask is painted or a box is cast, and the numbers are counted there.

No code of the package is used beyond its values, so that a test of that code has a witness.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from framepress.core import Boxes3D, Camera, Channels, Objects, Rle, View

UNKNOWN_BOX = (np.nan,) * 4
UNKNOWN_BOX3D = ((np.nan,) * 3, (np.nan,) * 3, (np.nan,) * 4)
BLANK_ROW = {"box": UNKNOWN_BOX, "truncation": np.nan, "track": "", "crowd": False, "keypoints": None}
BLANK_ROW |= {"source_id": None, "attributes": None}


@dataclass(frozen=True)
class Thing:
    """An object before anything hides it: `cover` bool (H, W), `depth` [m] (H, W). The nearer thing hides the farther.

    `box3d` is center [m], size [m], quaternion w x y z; `columns` go into the table as they are.
    """

    label: str
    id: int
    cover: np.ndarray
    depth: np.ndarray
    box_full: Sequence[float] | None = None
    box3d: tuple[Sequence[float], Sequence[float], Sequence[float]] = UNKNOWN_BOX3D
    columns: dict[str, Any] = field(default_factory=dict)


def flat(
    label: str,
    id: int,
    camera: Camera,
    rectangles: Sequence[Sequence[int]],
    depth_m: float,
    holes: Sequence[Sequence[int]] = (),
    **columns: Any,
) -> Thing:
    """A thing painted from half-open rectangles x0 y0 x1 y1 [px]; it has no 3D box."""
    cover = np.zeros((camera.height, camera.width), bool)
    for filled, parts in ((True, rectangles), (False, holes)):
        for x0, y0, x1, y1 in parts:
            cover[y0:y1, x0:x1] = filled
    return Thing(label, id, cover, np.full(cover.shape, depth_m), columns=columns)


def cuboid(
    label: str,
    id: int,
    camera: Camera,
    center: Sequence[float],
    size: Sequence[float],
    yaw_deg: float,
    **columns: Any,
) -> Thing:
    """A level box turned by `yaw_deg` about the world's z: a pixel is covered where the ray of its centre meets it."""
    assert camera.world_from_camera is not None
    yaw, middle, half = np.radians(yaw_deg), np.asarray(center), np.asarray(size) / 2
    box_from_world = np.array([[np.cos(yaw), np.sin(yaw), 0], [-np.sin(yaw), np.cos(yaw), 0], [0, 0, 1]])
    start = box_from_world @ (camera.world_from_camera[:3, 3] - middle)
    rays = camera.rays() @ (box_from_world @ camera.world_from_camera[:3, :3]).T
    with np.errstate(divide="ignore"):
        ends = np.stack([(side - start) / rays for side in (-half, half)])
    enter, leave = ends.min(0).max(-1), ends.max(0).min(-1)
    signs = np.stack(np.meshgrid((-1, 1), (-1, 1), (-1, 1)), -1).reshape(-1, 3)
    corners = camera.project(middle + (signs * half) @ box_from_world)
    assert np.isfinite(corners).all(), "the boxes of these tests lie in front of the camera"
    return Thing(
        label,
        id,
        cover=(enter < leave) & (enter > 0),
        depth=enter,
        box_full=(*corners.min(0), *corners.max(0)),
        box3d=(center, size, (np.cos(yaw / 2), 0.0, 0.0, np.sin(yaw / 2))),
        columns=columns,
    )


def view_of(camera: Camera, things: Sequence[Thing], *, name: str = "", seed: int = 0) -> View:
    """All channels and the table of one view. A thing without a visible pixel keeps its row, without a box."""
    depth = np.full((camera.height, camera.width), np.inf)
    depth[camera.height // 2 :] = 60.0
    instance, semantic = np.zeros((2, *depth.shape), np.uint32)
    names = {code: label for code, label in enumerate(sorted({thing.label for thing in things}), start=2)}
    codes = {label: code for code, label in names.items()}
    for thing in things:
        nearer = thing.cover & (thing.depth < depth)
        depth[nearer] = thing.depth[nearer]
        instance[nearer] = thing.id
        semantic[nearer] = codes[thing.label]
    rows = [BLANK_ROW | _counted(thing, instance == thing.id) | thing.columns for thing in things]
    columns = {key: [row[key] for row in rows] for key in (rows[0] if rows else ())}
    solids = [np.array([thing.box3d[part] for thing in things]).reshape(-1, (3, 3, 4)[part]) for part in range(3)]
    pixels = {"rgb": picture(camera, seed), "depth": depth.astype(np.float32), "instance": instance}
    return View(
        camera=camera,
        name=name,
        channels=Channels({**pixels, "semantic": semantic}, camera.size_wh),
        objects=Objects.build([thing.label for thing in things], box3d=Boxes3D(*solids), **columns),
        names=names,
        time_ns=1_000_000 * seed,
    )


def _counted(thing: Thing, visible: np.ndarray) -> dict[str, Any]:
    """What the pixels and the projection say of one thing."""
    height, width = visible.shape
    row = {"id": thing.id, "area": float(visible.sum()), "visibility": visible.sum() / max(1, thing.cover.sum())}
    if visible.any():
        row["box"] = bounds(visible)
    row["box_full"] = bounds(thing.cover) if thing.box_full is None else thing.box_full
    if thing.box_full is not None:
        x0, y0, x1, y1 = thing.box_full
        inside = max(0.0, min(x1, width) - max(x0, 0)) * max(0.0, min(y1, height) - max(y0, 0))
        row["truncation"] = 1 - inside / ((x1 - x0) * (y1 - y0))
    return row


def bounds(mask: np.ndarray) -> tuple[float, float, float, float]:
    """Edges x0 y0 x1 y1 of the pixels that are set."""
    columns, rows = np.flatnonzero(mask.any(0)), np.flatnonzero(mask.any(1))
    return float(columns[0]), float(rows[0]), float(columns[-1] + 1), float(rows[-1] + 1)


def picture(camera: Camera, seed: int) -> np.ndarray:
    """uint8 (H, W, 3): slopes with a little noise."""
    noise = np.random.default_rng(seed).integers(0, 40, (camera.height, camera.width, 3))
    x, y = np.meshgrid(np.linspace(0, 200, camera.width), np.linspace(0, 200, camera.height))
    return (np.stack((x, y, (x + y) / 2), -1) + noise).astype(np.uint8)


def runs_of(mask: np.ndarray) -> list[int]:
    """Run lengths down the columns of a bool (H, W) mask, zeros first."""
    pixels = mask.T.ravel().astype(np.int8)
    ends = np.flatnonzero(np.diff(pixels)) + 1
    runs = np.diff(np.concatenate(([0], ends, [pixels.size]))).tolist()
    return [0, *runs] if pixels[0] else runs


def rle_of(mask: np.ndarray) -> Rle:
    """COCO's run-length text, written from its description: 5-bit groups, differences from the fourth run on."""
    runs, text = runs_of(mask), ""
    for position, run in enumerate(runs):
        value, done = run - runs[position - 2] if position > 2 else run, False
        while not done:
            group, value = value & 31, value >> 5
            done = value == (-1 if group & 16 else 0)
            text += chr(48 + group + 32 * (not done))
    return Rle(mask.shape[0], mask.shape[1], text)


def camera_at(
    size_wh: tuple[int, int], focal_px: float, at: Sequence[float], yaw_deg: float = 0.0, pitch_deg: float = 0.0
) -> Camera:
    """An ideal camera that looks along the world's y, turned by yaw about z, nodding down by pitch; z is up."""
    width, height = size_wh
    yaw, pitch = np.radians((yaw_deg, pitch_deg))
    right = np.array((np.cos(yaw), np.sin(yaw), 0.0))
    forward = np.array((-np.sin(yaw) * np.cos(pitch), np.cos(yaw) * np.cos(pitch), -np.sin(pitch)))
    pose = np.eye(4)
    pose[:3] = np.stack((right, np.cross(forward, right), forward, np.asarray(at)), axis=1)
    K = np.array([[focal_px, 0, width / 2], [0, focal_px, height / 2], [0, 0, 1]])
    return Camera(width, height, K, None, pose, 0.1, 500.0)
