"""Readers that share no code with us, and the frames as they were given: do they agree? One judge a format.

A judge gets an edition's folder and the frames, in the order in which they were written.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from pycocotools import mask as coco_mask

from framepress.core import Frame, Objects, View
from judges import light


def pixels(view: View, id: int) -> np.ndarray:
    return view.channels["instance"] == id


def visible(objects: Objects) -> list[int]:
    return np.flatnonzero(~np.isnan(objects.box[:, 0])).tolist()


def views(frames: Sequence[Frame]) -> Iterator[tuple[Frame, View]]:
    return ((frame, view) for frame in frames for view in frame.views)


def decoded(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image)


def coco(folder: Path, frames: Sequence[Frame]) -> None:
    """pycocotools: masks pixel by pixel, boxes, areas; both scorers: the truth scored against itself is 1."""
    path = folder / "annotations" / "instances_default.json"
    document = json.loads(path.read_text())
    masks = light.coco_masks(path)
    annotations = {image["id"]: [] for image in document["images"]}
    for annotation in document["annotations"]:
        annotations[annotation["image_id"]].append(annotation)
    names = {category["id"]: category["name"] for category in document["categories"]}
    assert len({annotation["id"] for annotation in document["annotations"]} - {0}) == len(document["annotations"])
    given = list(views(frames))
    assert len(document["images"]) == len(given)
    for image, (_, view) in zip(document["images"], given, strict=True):
        assert (image["width"], image["height"]) == view.camera.size_wh
        assert (decoded(folder / "images" / "default" / image["file_name"]) == view.channels["rgb"]).all()
        rows = visible(view.objects)
        for row, annotation in zip(rows, annotations[image["id"]], strict=True):
            mask, found = pixels(view, int(view.objects.id[row])), masks[annotation["id"]]
            assert names[annotation["category_id"]] == view.objects.labels[row]
            assert (found == mask).all(), f"{image['file_name']}: row {row}"
            y, x = np.nonzero(mask)
            box = [x.min(), y.min(), x.max() + 1 - x.min(), y.max() + 1 - y.min()]
            assert annotation["bbox"] == box
            assert annotation["area"] == mask.sum()
            assert annotation["iscrowd"] == view.objects.crowd[row]
    for scorer in ("pycocotools", "faster-coco-eval"):
        for kind in ("bbox", "segm"):
            assert abs(light.coco_self_score(path, kind, scorer) - 1) < 1e-9, (scorer, kind)


CALIBRATION = ("P0", "P1", "P2", "P3", "R0_rect", "Tr_velo_to_cam", "Tr_imu_to_velo")
UNKNOWN_3D = [-1.0, -1.0, -1.0, -1000.0, -1000.0, -1000.0, -10.0]


def kitti(folder: Path, frames: Sequence[Frame]) -> None:
    """The development kit's reading of its fields: `computeBox3D`'s eight corners through P2, alpha, index boxes."""
    for frame, view in views(frames):
        tree = folder if len(frame.views) == 1 else folder / view.name
        path = tree / "training" / "{}" / f"{frame.index:06d}"
        assert (decoded(Path(f"{path}.png".format("image_2"))) == view.channels["rgb"]).all()
        lines = Path(f"{path}.txt".format("calib")).read_text().splitlines()
        assert tuple(line.split(":")[0] for line in lines if line) == CALIBRATION
        p2 = np.array(lines[2].split()[1:], float).reshape(3, 4)
        objects = view.objects
        rows = [row for row in visible(objects) if not objects.crowd[row]]
        rows += [row for row in visible(objects) if objects.crowd[row]]
        labels = Path(f"{path}.txt".format("label_2")).read_text().splitlines()
        for row, line in zip(rows, labels, strict=True):
            _kitti_line(line.split(" "), view, row, p2)


def _kitti_line(fields: Sequence[str], view: View, row: int, p2: np.ndarray) -> None:
    objects = view.objects
    assert len(fields) == 15
    truncated, occluded, alpha, *rest = [float(field) for field in fields[1:]]
    y, x = np.nonzero(pixels(view, int(objects.id[row])))
    assert rest[:4] == [x.min(), y.min(), x.max(), y.max()]
    if objects.crowd[row]:
        assert fields[0] == "DontCare"
        assert (truncated, occluded, alpha) == (-1, -1, -10)
        return
    assert fields[0] == objects.labels[row]
    assert fields[2] == str(int(occluded))
    hidden = 1 - objects.visibility[row]
    assert int(occluded) == (0 if hidden <= 0.05 else 1 if hidden <= 0.5 else 2)
    if not objects.box3d.known[row]:
        assert rest[4:] == UNKNOWN_3D
        return
    assert abs(truncated - objects.truncation[row]) < 1e-3
    height, width, length, *location, turn = rest[4:]
    signs = [(along, up, across) for along in (-0.5, 0.5) for up in (-1, 0) for across in (-0.5, 0.5)]
    corners = np.array(signs) * (length, height, width)
    c, s = np.cos(turn), np.sin(turn)
    corners = corners @ np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]]).T + location
    assert abs(np.angle(np.exp(1j * (alpha - turn + np.arctan2(location[0], location[2]))))) < 1e-3
    homogeneous = np.c_[corners, np.ones(8)] @ p2.T
    found = homogeneous[:, :2] / homogeneous[:, 2:]
    x0, y0, x1, y1 = objects.box_full[row] - 0.5  # the edges of the projection, in P2's convention
    if abs(view.camera.world_from_camera[2, 2]) < 1e-9:  # a camera that nods sees no upright box
        np.testing.assert_allclose((*found.min(0), *found.max(0)), (x0, y0, x1, y1), atol=0.02)


def yolo(folder: Path, frames: Sequence[Frame]) -> None:
    """supervision: classes and boxes, within what eight decimals hold; polygons by the even-odd rule: every pixel."""
    images, labels = folder / "images" / "train", folder / "labels" / "train"
    read = {}
    for place in {path.parent.relative_to(images) for path in images.rglob("*.png")}:  # it looks into one folder only
        seen = light.supervision_yolo(images / place, labels / place, folder / "data.yaml")
        read |= {(place / name).as_posix(): found for name, found in seen.items()}
    given = list(views(frames))
    assert len(read) == len(given)
    for frame, view in given:
        objects = view.objects
        rows = [row for row in visible(objects) if not objects.crowd[row]]
        stem = frame.stem(view).replace("/", "__")  # this format has no folders
        found = read[f"{stem}.png"]
        lines = (labels / f"{stem}.txt").read_text().splitlines()
        assert [one.label for one in found] == [objects.labels[row] for row in rows]
        for row, one, line in zip(rows, found, lines, strict=True):
            np.testing.assert_allclose(one.box_xyxy, objects.box[row], atol=1e-4)
            numbers = [float(token) for token in line.split(" ")[1:]]
            if len(numbers) > 4:
                ring = np.reshape(numbers, (-1, 2)) * view.camera.size_wh
                assert (even_odd(ring, view) == pixels(view, int(objects.id[row]))).all(), f"{frame.id}: row {row}"


def even_odd(ring: np.ndarray, view: View) -> np.ndarray:
    """bool (H, W): pixel centres inside a closed ring; a seam that is walked both ways has no inside."""
    x, y = np.arange(view.camera.width) + 0.5, np.arange(view.camera.height) + 0.5
    inside = np.zeros((view.camera.height, view.camera.width), bool)
    for (x0, y0), (x1, y1) in zip(ring, np.roll(ring, -1, axis=0), strict=True):
        rows = (y0 > y) != (y1 > y)
        crossing = x0 + (y[rows] - y0) * (x1 - x0) / (y1 - y0)
        inside[rows] ^= x[None] > crossing[:, None]
    return inside


def native(folder: Path, frames: Sequence[Frame]) -> None:
    """json, numpy, OpenCV and pycocotools, by the description in `docs/native.md`."""
    document = json.loads((folder / "dataset.json").read_text())
    lines = [line for shard in document["shards"] for line in (folder / shard["path"]).read_text().splitlines()]
    assert document["frames"] == len(lines) == len(frames)
    for line, frame in zip(lines, frames, strict=True):
        record = json.loads(line)
        assert (record["id"], record["index"], record["time_ns"]) == (frame.id, frame.index, frame.time_ns)
        for said, view in zip(record["views"], frame.views, strict=True):
            _native_view(folder, said, view)


def _native_view(folder: Path, said: Mapping[str, Any], view: View) -> None:
    files = {name: folder / entry["path"] for name, entry in said["files"].items()}
    assert files.keys() == set(view.channels)
    assert (light.pixels_by_cv2(files["rgb"]) == view.channels["rgb"]).all()
    depth = files["depth"]
    stored = np.load(depth, allow_pickle=False) if depth.suffix == ".npy" else light.pixels_by_cv2(depth)
    assert stored.dtype == np.float32
    assert (stored == view.channels["depth"]).all()
    for name in ("instance", "semantic"):
        ids = light.pixels_by_cv2(files[name])
        if ids.ndim == 3:
            ids = np.ascontiguousarray(ids).view("<u4")[..., 0]
        assert (ids == view.channels[name]).all()
    assert said["camera"]["K"] == view.camera.K.tolist()
    assert said["camera"]["world_from_camera"] == view.camera.world_from_camera.tolist()
    objects, columns = view.objects, said.get("objects", {"label": []})
    assert [said["classes"][code] for code in columns["label"]] == objects.labels
    for row, id in enumerate(objects.id.tolist()):
        visible = pixels(view, id)
        assert columns["id"][row] == id
        if not visible.any():
            assert columns["box"][row] is None
            continue
        y, x = np.nonzero(visible)
        assert columns["box"][row] == [x.min(), y.min(), x.max() + 1, y.max() + 1]
        height, width, text = columns["mask"][row]
        assert (decoded_rle(height, width, text) == visible).all()
        if objects.box3d.known[row]:
            assert columns["box3d"][row][:3] == objects.box3d.center[row].tolist()


def decoded_rle(height: int, width: int, counts: str) -> np.ndarray:
    with warnings.catch_warnings():  # how pycocotools 2.0.11 hands its arrays to numpy 2
        warnings.filterwarnings("ignore", "__array__ implementation", DeprecationWarning)
        return coco_mask.decode({"size": [height, width], "counts": counts})


JUDGES: Mapping[str, Callable[[Path, Sequence[Frame]], None]] = {
    "native": native,
    "coco": coco,
    "yolo": yolo,
    "kitti": kitti,
}
