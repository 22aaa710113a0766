"""Render a warehouse aisle and leave it on disk as Isaac Sim's BasicWriter leaves a recording.

    python data/make_capture.py OUT [--frames 6] [--size 320x180] [--seed 0] [--samples 2]

Needs numpy and Pillow; the same arguments give the same files. Two render products (`aisle`, `overhead`), each with one
folder an annotator: rgb, distances, segmentations, 2D and 3D boxes, camera. Every sixth frame, counted from the
fourth, holds no object.

The scene is oriented boxes in a Z-up stage in metres, cast exactly: a pixel shows what its centre sees. Depth, ids,
2D boxes and occlusion are counted from that one cast, so they agree with each other and with the 3D boxes. As in a real
recording: matrices act on row vectors, box maxima are inclusive, semantic ids differ from file to file, an object that
is hidden has no tight row, one out of the image has only a 3D row, and a labelled prim below another labelled
prim has a row of its own beside the row of its ancestor, which covers both and has occlusion -1.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from raycast import APERTURE, FAR, FOCAL_LENGTH, NEAR, Camera, Sight, corners, look, picture
from warehouse import Array, Prim, scene

CAMERAS = {"aisle": ((0.62, -4.7, 1.7), (-0.1, 3.5, 1.05)), "overhead": ((1.2, -5.6, 5.4), (-0.15, 1.6, 0.5))}

BOX_2D = np.dtype(
    [
        ("semanticId", "<u4"),
        *((f"{axis}_{end}", "<i4") for end in ("min", "max") for axis in "xy"),
        ("occlusionRatio", "<f4"),
    ]
)
BOX_3D = np.dtype(
    [
        ("semanticId", "<u4"),
        *((f"{axis}_{end}", "<f4") for end in ("min", "max") for axis in "xyz"),
        ("transform", "<f4", (4, 4)),
        ("occlusionRatio", "<f4"),
    ]
)
BACKGROUND, UNLABELLED = (0, 0, 0, 0), (0, 0, 0, 255)


def write_capture(
    out: Path, frames: int = 6, size: tuple[int, int] = (320, 180), seed: int = 0, samples: int = 2
) -> None:
    """Write the recording below `out`; `size` is (width, height) [px]."""
    out.mkdir(parents=True, exist_ok=True)
    metadata = {"name": "BasicWriter", "version": "0.0.2", "replicator_global_seed:": seed}
    (out / "metadata.txt").write_text(json.dumps(metadata), encoding="utf-8")
    for frame in range(frames):
        prims = scene(seed, frame)
        for product, (eye, target) in CAMERAS.items():
            camera = Camera.looking(eye, target, size)
            folder = Product(out / product, f"{frame:04d}")
            folder.write(prims, camera, look(prims, camera), picture(prims, camera, samples))


@dataclass(frozen=True)
class Product:
    """One frame of one render product: `<folder>/<annotator>/<annotator>[_<part>]_<frame>.<extension>`."""

    folder: Path
    frame: str

    def path(self, annotator: str, extension: str, part: str = "") -> Path:
        folder = self.folder / annotator
        folder.mkdir(parents=True, exist_ok=True)
        return folder / f"{annotator}{part and '_' + part}_{self.frame}.{extension}"

    def json(self, annotator: str, part: str, document: Any) -> None:
        self.path(annotator, "json", part).write_text(json.dumps(document), encoding="utf-8")

    def write(self, prims: Sequence[Prim], camera: Camera, sight: Sight, rgb: Array) -> None:
        Image.fromarray(rgb).save(self.path("rgb", "png"))
        depth = sight.depth.astype(np.float32)
        np.save(self.path("distance_to_image_plane", "npy"), depth)
        slant = np.linalg.norm(camera.rays(), axis=-1)
        np.save(self.path("distance_to_camera", "npy"), (sight.depth * slant).astype(np.float32))
        self.json("camera_params", "", camera_params(camera))
        self.segmentations(prims, sight)
        self.boxes(prims, sight)

    def segmentations(self, prims: Sequence[Prim], sight: Sight) -> None:
        """Packed colours; ids exist in memory only. A pixel belongs to the prim that carries its geometry."""
        visible = [number for number in np.unique(sight.prim[sight.prim >= 0]).tolist() if prims[number].label]
        labels = sorted({prims[number].label for number in visible})
        paints = {label: hue(number, 0.35) for number, label in enumerate(labels)}
        semantic = {label: {"class": label} for label in labels}
        for annotator, paint in (
            ("semantic_segmentation", {number: paints[prims[number].label] for number in visible}),
            ("instance_segmentation", {number: hue(number, 0.0) for number in visible}),
        ):
            table = np.array([paint.get(number, UNLABELLED) for number in range(len(prims))] + [UNLABELLED, BACKGROUND])
            Image.fromarray(table.astype(np.uint8)[sight.prim]).save(self.path(annotator, "png"))
        fixed = {str(BACKGROUND): "BACKGROUND", str(UNLABELLED): "UNLABELLED"}
        classes = {key: {"class": value} for key, value in fixed.items()}
        colours = {str(hue(number, 0.0)): prims[number] for number in visible}
        self.json("semantic_segmentation", "labels", classes | {str(paints[key]): semantic[key] for key in labels})
        self.json("instance_segmentation", "mapping", fixed | {key: prim.path for key, prim in colours.items()})
        semantics = classes | {key: semantic[prim.label] for key, prim in colours.items()}
        self.json("instance_segmentation", "semantics_mapping", semantics)

    def boxes(self, prims: Sequence[Prim], sight: Sight) -> None:
        """Tight rows for what is visible, loose rows for what would be, 3D rows for all of the stage."""
        tight, loose, solid = [], [], []
        for prim in prims:
            if not prim.label:
                continue
            family = [number for number, other in enumerate(prims) if f"{other.path}/".startswith(f"{prim.path}/")]
            whole = np.logical_or.reduce([sight.whole[number] for number in family])
            visible = np.isin(sight.prim, family)
            hidden = 1 - int(visible.sum()) / max(1, int(whole.sum()))
            ratio = -1.0 if len(family) > 1 else hidden
            tight += [(prim, *bounds(visible), ratio)] if visible.any() else []
            loose += [(prim, *bounds(whole), ratio)] if whole.any() else []
            solid.append((prim, *extents(prim, [prims[number] for number in family]), prim.transform, ratio))
        self.rows("bounding_box_2d_tight", BOX_2D, tight)
        self.rows("bounding_box_2d_loose", BOX_2D, loose[::-1])
        self.rows("bounding_box_3d", BOX_3D, solid)

    def rows(self, annotator: str, dtype: np.dtype[Any], rows: Iterable[tuple[Any, ...]]) -> None:
        """Semantic ids count the labels of this one file, as first met in it."""
        found = list(rows)
        ids = {label: number for number, label in enumerate(dict.fromkeys(prim.label for prim, *_ in found))}
        table = np.array([(ids[prim.label], *row) for prim, *row in found], dtype)
        np.save(self.path(annotator, "npy"), table)
        self.json(annotator, "labels", {str(number): {"class": label} for label, number in ids.items()})
        self.json(annotator, "prim_paths", [prim.path for prim, *_ in found])


def hue(number: int, shift: float) -> tuple[int, int, int, int]:
    """Colour `number` of a series without repetition in its first 2**20 members."""
    mixed = (number * 0x9E3779 + round(shift * 0xFFFFFF) + 0x5A17C3) & 0xFFFFFF  # odd step: a permutation of 24 bits
    return mixed >> 16, mixed >> 8 & 255, mixed & 255, 255


def bounds(mask: Array) -> tuple[int, int, int, int]:
    """First and last column and row of the pixels that are set: x_min, y_min, x_max, y_max, inclusive."""
    columns, rows = np.flatnonzero(mask.any(0)), np.flatnonzero(mask.any(1))
    return int(columns[0]), int(rows[0]), int(columns[-1]), int(rows[-1])


def extents(prim: Prim, family: Sequence[Prim]) -> tuple[float, ...]:
    """x_min y_min z_min x_max y_max z_max of the prim and those below it, in the prim's own units."""
    inverse = np.linalg.inv(prim.transform)
    points = [
        corners(member, low, high) for member in family for low, high in zip(member.low, member.high, strict=True)
    ]
    local = np.concatenate(points) @ inverse[:3, :3] + inverse[3, :3]
    return (*local.min(0).tolist(), *local.max(0).tolist())


def camera_params(camera: Camera) -> dict[str, Any]:
    return {
        "cameraAperture": APERTURE.tolist(),
        "cameraApertureOffset": [0.0, 0.0],
        "cameraFisheyeLensP": [],
        "cameraFisheyeLensS": [],
        "cameraFisheyeMaxFOV": 0.0,
        "cameraFisheyeNominalHeight": 0,
        "cameraFisheyeNominalWidth": 0,
        "cameraFisheyeOpticalCentre": [0.0, 0.0],
        "cameraFisheyePolynomial": [0.0, 0.0, 0.0, 0.0, 0.0],
        "cameraFocalLength": float(FOCAL_LENGTH),
        "cameraFocusDistance": 0.0,
        "cameraFStop": 0.0,
        "cameraModel": "pinhole",
        "cameraNearFar": [float(NEAR), float(FAR)],
        "cameraProjection": camera.projection.ravel().tolist(),
        "cameraViewTransform": camera.view.ravel().tolist(),
        "metersPerSceneUnit": 1.0,
        "renderProductResolution": [camera.width, camera.height],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description="Write a warehouse recording as Isaac Sim's BasicWriter would.")
    parser.add_argument("out", type=Path, help="folder to write to")
    parser.add_argument("--frames", type=int, default=6)
    parser.add_argument("--size", default="320x180", help="WIDTHxHEIGHT in pixels (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--samples", type=int, default=2, help="rays a pixel of the picture, squared (default: 2)")
    given = parser.parse_args()
    width, height = (int(side) for side in given.size.lower().split("x"))
    write_capture(given.out, given.frames, (width, height), given.seed, given.samples)


if __name__ == "__main__":
    main()
