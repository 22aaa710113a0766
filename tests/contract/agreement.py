"""Two frames agree in what a format carries: every such feature is compared, and the place of a difference is named."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from format_cases import Case

from framepress.core import Boxes3D, Camera, Frame, Objects, View
from things import rle_of

NUMBERS = ("id", "box", "box_full", "area", "visibility", "truncation", "crowd", "score")
PLAIN = ("track", "source_id", "attributes", "mask")
RINGS = ("polygons", "polylines")
FRAME_FIELDS = ("sequence", "signals", "task", "text", "meta")


def assert_agree(case: Case, given: Sequence[Frame], read: Sequence[Frame]) -> None:
    """All of `given` is in `read` and nothing else, and agrees.

    Raises:
        AssertionError: with the view and the feature.
    """
    expected, found = dict(_views(case, given)), dict(_views(case, read))
    assert sorted(found) == sorted(expected)
    for key, (frame, view) in expected.items():
        _agree(case, key, frame, view, *found[key])


def _views(case: Case, frames: Sequence[Frame]) -> Iterator[tuple[str, tuple[Frame, View]]]:
    return ((case.key(frame, view), (frame, view)) for frame in frames for view in frame.views)


def _agree(case: Case, where: str, frame: Frame, view: View, read_frame: Frame, read: View) -> None:
    carries = case.carries
    assert read.camera.size_wh == view.camera.size_wh, where
    for name in carries & set(view.channels):
        np.testing.assert_array_equal(read.channels[name], view.channels[name], err_msg=f"{where}: {name}", strict=True)
    for name in carries & set(FRAME_FIELDS):
        assert getattr(read_frame, name) == getattr(frame, name), f"{where}: {name}"
    if "views" in carries:
        assert len(read_frame.views) == len(frame.views), where
    if "names" in carries:
        assert dict(read.names) == dict(view.names), where
    if "time" in carries:
        assert (read_frame.time_ns, read.time_ns) == (frame.time_ns, view.time_ns), where
    if "camera" in carries:
        assert_close(read.camera.K, view.camera.K, case.tolerance.get("camera", 0), f"{where}: K")
    if "pose" in carries:
        assert_close(read.camera.world_from_camera, view.camera.world_from_camera, 0, f"{where}: pose")
    _objects_agree(case, where, case.kept(with_masks(view)), read.objects)
    if "box3d" in carries and case.box3d_in_camera and is_level(view.camera):
        expected, found = case.kept(view.objects).box3d, read.objects.box3d
        assert found.known.tolist() == expected.known.tolist(), where
        tolerance = case.tolerance.get("box3d", 0)
        for row in np.flatnonzero(expected.known):
            distances = corner_distances(view.camera, expected.take([row]), read.camera, found.take([row]))
            assert distances < tolerance, f"{where}: box3d of row {row}: corners differ by {distances} m"


def _objects_agree(case: Case, where: str, expected: Objects, read: Objects) -> None:
    carries = case.carries
    assert read.labels == expected.labels, where
    for name in NUMBERS:
        if name in carries:
            column, found = getattr(expected, name), getattr(read, name)
            if case.knows_more:
                found = np.where(np.isnan(column), np.nan, found)
            assert_close(found, column, case.tolerance.get(name, 0), f"{where}: {name}")
    for name in PLAIN:
        if name in carries:
            assert [row or None for row in getattr(read, name)] == [row or None for row in getattr(expected, name)], (
                f"{where}: {name}"
            )
    for name in RINGS:
        if name in carries:
            assert as_lists(getattr(read, name)) == as_lists(getattr(expected, name)), f"{where}: {name}"
    if "points" in carries:
        assert as_lists([[row] for row in read.points]) == as_lists([[row] for row in expected.points]), where
    if "keypoints" in carries:
        assert marks(read) == marks(expected), f"{where}: keypoints"
    if "box3d" in carries and not case.box3d_in_camera:
        for name in ("center", "size", "rotation"):
            assert_close(getattr(read.box3d, name), getattr(expected.box3d, name), 0, f"{where}: box3d {name}")


def assert_close(found: Any, expected: Any, tolerance: float, where: str) -> None:
    assert (found is None) == (expected is None), where
    if expected is not None:
        np.testing.assert_allclose(found, expected, rtol=0, atol=tolerance, err_msg=where)


def as_lists(column: Sequence[list[np.ndarray] | None]) -> list[Any]:
    return [None if rings is None or rings[0] is None else [ring.tolist() for ring in rings] for rings in column]


def marks(objects: Objects) -> list[Any]:
    """Key points; none and none that is labelled are the same."""
    return [None if rows is None or not rows[:, 2].any() else rows.tolist() for rows in objects.keypoints]


def with_masks(view: View) -> Objects:
    """The table with each object's pixels of the instance channel as a mask, unless it has one or shows none."""
    objects = view.objects
    if "instance" not in view.channels:
        return objects
    pixels = {id: view.channels["instance"] == id for id in objects.id.tolist()}
    rows = zip(objects.id.tolist(), objects.mask, strict=True)
    return objects.with_columns(
        mask=tuple(rle_of(pixels[id]) if mask is None and pixels[id].any() else mask for id, mask in rows)
    )


def is_level(camera: Camera) -> bool:
    return camera.world_from_camera is not None and abs(camera.world_from_camera[2, 2]) < 1e-9


def corner_distances(camera: Camera, box: Boxes3D, read_camera: Camera, read: Boxes3D) -> float:
    """The farthest that a corner lies from the nearest one of the other box, both in camera axes [m]."""
    one, other = camera.to_camera(box.corners()[0]), read_camera.to_camera(read.corners()[0])
    distances = np.linalg.norm(one[:, None] - other[None], axis=-1)
    return float(max(distances.min(0).max(), distances.min(1).max()))
