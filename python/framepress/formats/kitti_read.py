"""Reading KITTI's object layout, ours or anyone's: the folder `training`, at the root or in one folder a view.

World: KITTI knows none, so a frame's world is its lidar frame (x forward, y left, z up, metres), and where there is no
calibration the same axes at the camera. 2D boxes and P2 are taken as index convention unless `framepress.json` says
otherwise: 1 is added to the maxima. DontCare regions become crowd objects of a class of that name.
`testing` holds no labels and is not read.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from framepress.capture.boxes3d import quaternions
from framepress.core import Boxes3D, Camera, Channels, EncodedImage, Frame, LabelMap, Objects, View, safe_name
from framepress.core.arrays import Array
from framepress.core.files import open_file
from framepress.errors import InputError, OptionError
from framepress.formats.kitti_geometry import LABEL_FROM_VELO, label_from_upright
from framepress.formats.kitti_text import DONT_CARE, LabelTable, parse_calibration, parse_labels
from framepress.formats.kitti_tree import About, Tree, about_of, numbered, text_of, tree_folders, tree_of
from framepress.storage.images import decode_rgb, probe
from framepress.storage.png import decode_depth

__all__ = ["DEPTH_STEPS", "looks_like", "read", "read_labels"]

DEPTH_STEPS = 256.0  # a metre

OFFICIAL = ("Car", "Van", "Truck", "Pedestrian", "Person_sitting", "Cyclist", "Tram", "Misc")
_POINT_BYTES = 16
_MARGIN = 1.0  # px that a box may leave the image by: some tools write edge boxes, and W in place of W-1


def looks_like(path: Path) -> bool:
    return path.is_dir() and bool(tree_folders(path))


def read(path: Path, *, outside: str = "error") -> Iterator[Frame]:
    """The frames of a KITTI dataset, by number; images are decoded on use.

    Args:
        outside: what a 2D box more than a pixel outside the image is: an `error`, or `clip`: `box` is the part inside
            and `box_full` the whole.

    Raises:
        InputError: a file is missing or damaged, or a line breaks one of KITTI's rules, with file and line.
        OptionError: `outside` is neither.
    """
    if outside not in ("error", "clip"):
        raise OptionError(f"outside={outside!r}: must be error or clip")
    path = Path(path)
    about = about_of(path)
    trees = [tree_of(path, view, about) for view in tree_folders(path)]
    if not trees:
        raise InputError(f"{path}: no training/label_2 in it or in a folder of it; give the folder that holds training")
    for index, stem in numbered({stem for tree in trees for stem in tree.labels}):
        seen_by = [tree for tree in trees if stem in tree.labels]
        yield Frame(
            id=safe_name(stem),
            index=index,
            views=tuple(_view(tree, stem, about, clip=outside == "clip") for tree in seen_by),
            split=next((tree.splits[stem] for tree in seen_by if stem in tree.splits), ""),
        )


def read_labels(path: Path) -> LabelMap:
    """The classes: as `framepress.json` lists them, else the official types in their order, then others by name.

    DontCare, where there are such regions, comes last.
    """
    path = Path(path)
    about = about_of(path)
    if about.ours:
        return about.classes.grown([DONT_CARE] if about.with_dont_care else [])
    kinds: set[str] = set()
    for view in tree_folders(path):
        tree = tree_of(path, view, about)
        for name in tree.labels.values():
            file = tree.folder / "label_2" / name
            kinds.update(parse_labels(text_of(file), str(file)).types)
    known = [name for name in OFFICIAL if name in kinds]
    others = sorted(kinds - set(OFFICIAL) - {DONT_CARE})
    return LabelMap.of([*known, *others, *([DONT_CARE] if DONT_CARE in kinds else [])])


def _view(tree: Tree, stem: str, about: About, *, clip: bool) -> View:
    label_file = tree.folder / "label_2" / tree.labels[stem]
    sources: dict[str, Any] = {}
    if stem in tree.images:
        image = tree.folder / "image_2" / tree.images[stem]
        header = probe(_head(image), str(image))
        size = (header.width, header.height)
        sources["rgb"] = EncodedImage(header.media_type, image, lambda data, where: decode_rgb(data, where, size))
    else:
        width, height = about.sizes.get(f"{tree.view}/" if tree.view else "") or (0, 0)
        size = (width, height)
        if not width:
            raise InputError(f"{label_file}: there is no image_2 to take the image's size from; add the images")
    calib_file = tree.folder / "calib" / f"{stem}.txt"
    calib = parse_calibration(text_of(calib_file), str(calib_file)) if os.path.lexists(calib_file) else None
    table = parse_labels(text_of(label_file), str(label_file))
    world_from_label = _world_from_label(calib)
    depth, velodyne = tree.folder / "depth_2" / f"{stem}.png", tree.folder / "velodyne" / f"{stem}.bin"
    if os.path.lexists(depth):
        sources["depth"] = EncodedImage(
            "image/png", depth, lambda data, where: decode_depth(data, where, DEPTH_STEPS, size)
        )
    if os.path.lexists(velodyne):
        sources["points"] = EncodedImage("application/octet-stream", velodyne, _points)
    return View(
        camera=_camera(calib, size, world_from_label, about, str(calib_file)),
        name=tree.view,
        channels=Channels(sources, size, str(label_file)),
        objects=_objects(table, world_from_label, size, about, str(label_file), clip=clip),
    )


def _objects(
    table: LabelTable, world_from_label: Array, size_wh: tuple[int, int], about: About, where: str, *, clip: bool
) -> Objects:
    boxes = _edge_boxes(table.box, size_wh, about)
    inside = np.clip(boxes, 0, (*size_wh, *size_wh))
    outside = (np.abs(boxes - inside) > _MARGIN).any(axis=1) | (inside[:, 2:] <= inside[:, :2]).any(axis=1)
    if outside.any() and not clip:
        row = int(np.flatnonzero(outside)[0])
        raise InputError(
            f"{where}:{row + 1}: KITTI-011: the box {table.box[row].tolist()} leaves the image of "
            f"{size_wh[0]}x{size_wh[1]} px; correct it, or read with outside=clip"
        )
    inside[(inside[:, 2:] <= inside[:, :2]).any(axis=1)] = np.nan
    known = ~np.isnan(table.rotation_y)
    height = np.stack((0 * table.hwl[:, 0], table.hwl[:, 0], 0 * table.hwl[:, 0]), axis=1)
    rotation = world_from_label[:3, :3] @ label_from_upright(np.where(known, table.rotation_y, 0))
    center = (table.location - height / 2) @ world_from_label[:3, :3].T + world_from_label[:3, 3]
    crowd = np.array([kind == DONT_CARE for kind in table.types], bool)
    return Objects.build(
        [about.name(kind) for kind in table.types],
        box=inside,
        box_full=np.where(outside[:, None], boxes, np.nan),
        box3d=Boxes3D(center, table.hwl[:, ::-1], np.where(known[:, None], quaternions(rotation), np.nan)),
        truncation=table.truncated,
        crowd=crowd,
        score=table.score,
        attributes=[
            {
                **({"occluded": level} if level in (0, 1, 2) else {}),
                **({} if solid or np.isnan(alpha) else {"alpha": alpha}),
            }
            or None
            for level, alpha, solid in zip(table.occluded.tolist(), table.alpha.tolist(), known.tolist(), strict=True)
        ],
    )


def _edge_boxes(boxes: Array, size_wh: tuple[int, int], about: About) -> Array:
    if about.edge:
        return boxes
    if not about.full:
        return np.asarray(boxes + np.array((0.0, 0.0, 1.0, 1.0)))
    # Half a pixel of a whole box is cut off at the image's border: what ends there ends on the border.
    low = np.where(boxes[:, :2] <= 0, 0, boxes[:, :2] + 0.5)
    high = np.where(boxes[:, 2:] >= np.subtract(size_wh, 1), size_wh, boxes[:, 2:] + 0.5)
    return np.concatenate((low, high), axis=1)


def _world_from_label(calib: Mapping[str, Array] | None) -> Array:
    """float64 (4, 4): the lidar is the world."""
    label_from_world = np.eye(4)
    label_from_world[:3, :3] = LABEL_FROM_VELO
    if calib is not None and "Tr_velo_to_cam" in calib:
        label_from_world[:3] = calib.get("R0_rect", np.eye(3)) @ calib["Tr_velo_to_cam"]
    return np.linalg.inv(label_from_world)


def _camera(
    calib: Mapping[str, Array] | None, size_wh: tuple[int, int], world_from_label: Array, about: About, where: str
) -> Camera:
    """The camera of image_2: P2 = K [R | t] from the label frame."""
    if calib is None:
        return Camera(*size_wh, world_from_camera=world_from_label)
    intrinsics, rotation = _intrinsics_rotation(calib["P2"][:, :3], where)
    camera_from_label = np.eye(4)
    camera_from_label[:3, :3] = rotation
    camera_from_label[:3, 3] = np.linalg.solve(intrinsics, calib["P2"][:, 3])
    if not about.edge:
        intrinsics[:2] += 0.5 * intrinsics[2]
    return Camera(*size_wh, K=intrinsics, world_from_camera=world_from_label @ np.linalg.inv(camera_from_label))


def _intrinsics_rotation(product: Array, where: str) -> tuple[Array, Array]:
    """Upper triangular K with K[2, 2] = 1, and R, of their product (3, 3).

    RQ decomposition (Hartley and Zisserman, A4.1.1), left out where the product is K already, so that K stays exact.
    """
    if not product[np.tril_indices(3, -1)].any() and product[2, 2] == 1 and (np.diag(product) > 0).all():
        return product.copy(), np.eye(3)
    if not np.linalg.det(product) > 0:
        raise InputError(f"{where}: KITTI-012: P2 does not project: {product.tolist()}")
    orthogonal, triangle = np.linalg.qr(product[::-1].T)
    upper, rotation = triangle.T[::-1, ::-1], orthogonal.T[::-1]
    signs = np.sign(np.diag(upper))
    upper = upper * signs
    return np.asarray(np.triu(upper / upper[2, 2])), np.asarray(rotation * signs[:, None])


def _points(content: bytes, where: str) -> Array:
    """Lidar points, float32 (N, 3) [m].

    Raises:
        InputError: KITTI-013.
    """
    if len(content) % _POINT_BYTES:
        raise InputError(
            f"{where}: KITTI-013: {len(content)} bytes are no whole number of 16-byte points; copy it again"
        )
    points = np.frombuffer(content, "<f4").reshape(-1, 4)[:, :3].astype(np.float32)
    if not np.isfinite(points).all():
        raise InputError(f"{where}: KITTI-013: point {int(np.argmin(np.isfinite(points).all(axis=1)))} is not finite")
    return points


def _head(file: Path) -> bytes:
    """Enough of an image file for its header: a JPEG may have it anywhere."""
    with open_file(file) as stream:
        head = stream.read(512)
        return head + stream.read() if head.startswith(b"\xff\xd8") else head
