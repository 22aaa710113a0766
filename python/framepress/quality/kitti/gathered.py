"""The columns of a KITTI dataset, and its images, as rules for whole datasets compare them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from framepress.core import Label, LabelMap, safe_name
from framepress.core.arrays import Array
from framepress.errors import LabelError
from framepress.formats.kitti_text import DONT_CARE
from framepress.formats.kitti_tree import numbered
from framepress.quality.columns import MemoryColumns
from framepress.quality.kitti.calibrations import Calibration
from framepress.quality.kitti.sidecar import Sidecar
from framepress.quality.kitti.table import Lines, Samples, Tree
from framepress.quality.look import ImageFile

__all__ = ["gathered", "images_of", "splits_of"]


def splits_of(tree: Tree) -> dict[str, str]:
    """Stem -> the list that it is in; `trainval` counts only where nothing else names the frame."""
    found: dict[str, str] = {}
    for listed in sorted(tree.lists, key=lambda listed: (listed.name == "trainval", listed.name)):
        if listed.name == "test" and tree.elsewhere:
            continue
        for line in listed.lines:
            if line.strip() in tree.labels.names:
                found.setdefault(line.strip(), safe_name(listed.name))
    return found


def _numbered(samples: Samples) -> list[tuple[int, str]]:
    """As `kitti_tree.numbered`, but where a number is beyond 63 bits, which is no frame's."""
    found = numbered(set(samples.stem))
    return found if not found or found[-1][0] < 1 << 63 else list(enumerate(stem for _, stem in found))


def _splits(sidecar: Sidecar, trees: Sequence[Tree]) -> list[Mapping[str, str]]:
    return [{} if sidecar.there and not sidecar.about.split else splits_of(tree) for tree in trees]


def images_of(root: Path, sidecar: Sidecar, trees: Sequence[Tree], samples: Samples) -> list[ImageFile]:
    order = {stem: index for index, stem in _numbered(samples)}
    splits = _splits(sidecar, trees)
    found = []
    for row, name in enumerate(samples.image):
        if not name:
            continue
        number, stem = int(samples.tree[row]), samples.stem[row]
        tree = trees[number]
        width, height = sidecar.size_wh(tree.view)
        file = f"{tree.prefix}image_2/{name}"
        found.append(
            ImageFile(
                path=root / file,
                name=file,
                width=width,
                height=height,
                frame=safe_name(stem),
                view=safe_name(tree.view),
                split=splits[number].get(stem, ""),
                order=order[stem],
            )
        )
    return found


def gathered(
    sidecar: Sidecar, trees: Sequence[Tree], samples: Samples, lines: Lines, calibrations: Sequence[Calibration]
) -> MemoryColumns:
    """Frames are what has one stem, in all trees; objects are the lines whose type can be a class."""
    frames = _numbered(samples)
    row_of = {stem: row for row, (_, stem) in enumerate(frames)}
    view_frame = np.array([row_of[stem] for stem in samples.stem], np.int64)
    names, split = _frame_splits(sidecar, trees, samples, view_frame, len(frames))
    labels, codes = _labels(sidecar, lines)
    rows = np.flatnonzero(codes >= 0)
    at = lines.sample[rows]
    solid = lines.solid[rows]
    truncated = lines.truncated[rows]
    centers = lines.location[rows] - np.stack(
        (0 * lines.hwl[rows, 0], lines.hwl[rows, 0] / 2, 0 * lines.hwl[rows, 0]), 1
    )
    return MemoryColumns(
        labels,
        [safe_name(stem) for _, stem in frames],
        {"index": np.array([number for number, _ in frames], np.int64), "split": split},
        {
            "frame": view_frame,
            "name": samples.tree,
            "width": np.minimum(samples.size[:, 0], np.iinfo(np.int32).max),
            "height": np.minimum(samples.size[:, 1], np.iinfo(np.int32).max),
        },
        {
            "frame": view_frame[at],
            "view": at,
            "label": codes[rows],
            "box": _edge_boxes(lines.box[rows], samples.size[at], sidecar),
            "truncation": np.where(truncated < 0, np.nan, truncated),
            "distance": np.where(solid, np.linalg.norm(centers - _lens(samples, calibrations)[at], axis=1), np.nan),
            "yaw": np.where(solid, lines.rotation_y[rows], np.nan),
            "crowd": lines.ignored[rows],
            "box3d": solid,
        },
        splits=names,
        view_names=[safe_name(tree.view) for tree in trees],
    )


def _frame_splits(
    sidecar: Sidecar, trees: Sequence[Tree], samples: Samples, view_frame: Array, count: int
) -> tuple[list[str], Array]:
    found = _splits(sidecar, trees)
    codes = {"": 0}
    split = np.zeros(count, np.int64)
    for row in range(len(samples.stem) - 1, -1, -1):  # the first tree that knows a frame comes last, and stays
        if name := found[int(samples.tree[row])].get(samples.stem[row], ""):
            split[view_frame[row]] = codes.setdefault(name, len(codes))
    return list(codes), split


def _labels(sidecar: Sidecar, lines: Lines) -> tuple[LabelMap, Array]:
    """All classes, the known ones first, and the code of each line, -1 where its type cannot be a class."""
    kinds = sorted(set(lines.kind), key=lambda kind: (kind == DONT_CARE, kind))
    classes: dict[str, Label] = {}
    for kind in kinds:
        try:
            classes[kind] = Label(sidecar.about.name(kind))
        except LabelError:
            continue  # KITTI-004 tells
    labels = sidecar.about.classes.grown(classes.values())
    codes = {kind: labels.code(classes[kind].name) if kind in classes else -1 for kind in kinds}
    return labels, np.array([codes[kind] for kind in lines.kind], np.int64)


def _edge_boxes(boxes: Array, size_wh: Array, sidecar: Sidecar) -> Array:
    """As `kitti_read` takes them, but not cut at the image."""
    if sidecar.edge:
        return boxes
    if not sidecar.about.full:
        return np.asarray(boxes + np.array((0.0, 0.0, 1.0, 1.0)))
    low = np.where(boxes[:, :2] <= 0, boxes[:, :2], boxes[:, :2] + 0.5)
    at_border = (boxes[:, 2:] >= size_wh - 1) & (size_wh > 0)
    high = np.where(at_border, boxes[:, 2:] + 1, boxes[:, 2:] + 0.5)
    return np.concatenate((low, high), axis=1)


def _lens(samples: Samples, calibrations: Sequence[Calibration]) -> Array:
    """float64 (N, 3): where the camera is in the frame of the labels [m]; NaN where P2 does not say."""
    centers = np.full((len(calibrations) + 1, 3), np.nan)
    for row, found in enumerate(calibrations):
        projection = found.matrices.get("P2")
        if projection is not None:
            centers[row] = -np.linalg.solve(projection[:, :3], projection[:, 3])
    return np.asarray(centers[samples.calibration])
