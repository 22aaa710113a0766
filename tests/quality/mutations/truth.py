"""Ways to break true frames, one at a time: what must be found, where, and what else cannot be helped."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from framepress.core import Boxes3D, Frame, Objects, Rle, View

__all__ = ["MUTATIONS", "Mutation", "VIEW", "chosen_row", "with_camera", "with_channels", "with_objects"]

Frames = list[Frame]
VIEW = "aisle"
PLACE = 1
"""The frame that is broken, of three."""


@dataclass(frozen=True)
class Mutation:
    """Args:
    code: what must be found in the broken frame and view.
    change: of the frames.
    place: of the finding; "" for any.
    row: whether it must name the chosen object.
    also: codes that are true consequences.
    frame: of the finding, counted from 0.
    """

    name: str
    code: str
    change: Callable[[Frames], Frames]
    place: str = ""
    row: bool = False
    also: frozenset[str] = field(default_factory=frozenset)
    frame: int = PLACE


def chosen_row(view: View, below: int = 0) -> int:
    """A large object clear of the border, without labelled prims above or below it, that has a 3D box."""
    objects, (width, height) = view.objects, view.camera.size_wh
    tracks = objects.track
    rows = []
    for row, (track, box) in enumerate(zip(tracks, objects.box, strict=True)):
        alone = not any(
            track != other and (f"{other}/".startswith(f"{track}/") or f"{track}/".startswith(f"{other}/"))
            for other in tracks
        )
        clear = 2 < box[0] and 2 < box[1] and box[2] < width - 2 and box[3] < height - 2
        if alone and clear and objects.box3d.known[row] and objects.visibility[row] > 0.5:
            rows.append(((box[2] - box[0]) * (box[3] - box[1]), row))
    return sorted(rows, reverse=True)[below][1]


def with_view(frame: Frame, change: Callable[[View], View], name: str = VIEW) -> Frame:
    return frame.replaced(views=tuple(change(view) if view.name == name else view for view in frame.views))


def with_camera(view: View, **fields: Any) -> View:
    return view.replaced(camera=replace(view.camera, **fields))


def with_channels(view: View, **channels: Any) -> View:
    return view.replaced(channels=view.channels.replaced(**channels))


def with_objects(view: View, **columns: Any) -> View:
    return view.replaced(objects=view.objects.with_columns(**columns))


def one(change: Callable[[View], View], place: int = PLACE) -> Callable[[Frames], Frames]:
    """A change of one view of one frame."""

    def changed(frames: Frames) -> Frames:
        return [with_view(frame, change) if at == place else frame for at, frame in enumerate(frames)]

    return changed


def pair(change: Callable[[View, View], View]) -> Callable[[Frames], Frames]:
    """A change of one view by the same view of the frame before."""

    def changed(frames: Frames) -> Frames:
        before = next(view for view in frames[PLACE - 1].views if view.name == VIEW)
        return one(lambda view: change(before, view))(frames)

    return changed


def column(name: str, value: Callable[[View, int], Any]) -> Callable[[Frames], Frames]:
    """One object's value in a column that is an array."""

    def change(view: View) -> View:
        row = chosen_row(view)
        values = getattr(view.objects, name).copy()
        values[row] = value(view, row)
        return with_objects(view, **{name: values})

    return one(change)


def ragged(name: str, value: Callable[[View, int], Any]) -> Callable[[Frames], Frames]:
    def change(view: View) -> View:
        row = chosen_row(view)
        values = list(getattr(view.objects, name))
        values[row] = value(view, row)
        return with_objects(view, **{name: tuple(values)})

    return one(change)


def moved(dx0: float, dy0: float, dx1: float, dy1: float) -> Callable[[View, int], Any]:
    return lambda view, row: view.objects.box[row] + (dx0, dy0, dx1, dy1)


def all_boxes_inclusive(view: View) -> View:
    return with_objects(view, box=view.objects.box - (0, 0, 1, 1))


def swapped(objects: Objects, one: int, other: int, *names: str) -> Objects:
    """Two rows with each other's values."""
    order = np.arange(len(objects))
    order[[one, other]] = order[[other, one]]
    columns: dict[str, Any] = {}
    for name in names:
        values = getattr(objects, name)
        if isinstance(values, Boxes3D):
            columns[name] = values.take(order)
        else:
            columns[name] = values[order] if isinstance(values, np.ndarray) else tuple(values[at] for at in order)
    return objects.with_columns(**columns)


def others(view: View) -> tuple[int, int]:
    """The chosen object, and one of another class."""
    first = chosen_row(view)
    below = 1
    while view.objects.label[chosen_row(view, below)] == view.objects.label[first]:
        below += 1
    return first, chosen_row(view, below)


def swap(*names: str) -> Callable[[Frames], Frames]:
    return one(lambda view: view.replaced(objects=swapped(view.objects, *others(view), *names)))


def pose(change: Callable[[np.ndarray], np.ndarray]) -> Callable[[Frames], Frames]:
    def changed(view: View) -> View:
        assert view.camera.world_from_camera is not None
        return with_camera(view, world_from_camera=change(view.camera.world_from_camera))

    return one(changed)


def transposed(matrix: np.ndarray) -> np.ndarray:
    found = matrix.copy()
    found[:3, :3] = matrix[:3, :3].T
    return found


def inverted(matrix: np.ndarray) -> np.ndarray:
    return np.linalg.inv(matrix)


def shifted(matrix: np.ndarray) -> np.ndarray:
    found = matrix.copy()
    found[:3, 3] += (0.15, 0, 0.1)
    return found


def opengl(matrix: np.ndarray) -> np.ndarray:
    return matrix @ np.diag([1.0, -1.0, -1.0, 1.0])


def intrinsics(scale: float = 1.0, dx: float = 0.0) -> Callable[[Frames], Frames]:
    def change(view: View) -> View:
        assert view.camera.K is not None
        K = view.camera.K * [[scale, 1, 1], [1, scale, 1], [1, 1, 1]] + [[0, 0, dx], [0, 0, 0], [0, 0, 0]]
        return with_camera(view, K=K)

    return one(change)


def painted(name: str, value: Callable[[np.ndarray, View], np.ndarray]) -> Callable[[Frames], Frames]:
    return one(lambda view: with_channels(view, **{name: value(view.channels[name].copy(), view)}))


def under_chosen(value: float) -> Callable[[np.ndarray, View], np.ndarray]:
    def paint(pixels: np.ndarray, view: View) -> np.ndarray:
        pixels[view.channels["instance"] == view.objects.id[chosen_row(view)]] = value
        return pixels

    return paint


def orphaned(view: View) -> View:
    keep = np.arange(len(view.objects)) != chosen_row(view)
    return view.replaced(objects=view.objects.take(keep))


def lost_pixels(view: View) -> View:
    pixels = view.channels["instance"].copy()
    pixels[pixels == view.objects.id[chosen_row(view)]] = 0
    return with_channels(view, instance=pixels)


def one_id(view: View) -> View:
    first, second = others(view)
    ids = view.objects.id.copy()
    ids[second] = ids[first]
    return with_objects(view, id=ids)


def one_track(view: View) -> View:
    first, second = others(view)
    tracks = list(view.objects.track)
    tracks[second] = tracks[first]
    return with_objects(view, track=tuple(tracks))


def other_class(view: View) -> View:
    first, second = others(view)
    labels = view.objects.label.copy()
    labels[first] = labels[second]
    return with_objects(view, label=labels)


def box3d_away(view: View) -> View:
    boxes = view.objects.box3d
    center = boxes.center.copy()
    center[chosen_row(view)] += (0.8, 0, 0)
    return with_objects(view, box3d=Boxes3D(center, boxes.size, boxes.rotation))


def points(*at: tuple[float, float]) -> Callable[[View, int], np.ndarray]:
    return lambda view, row: np.array([(u, v, 2) for u, v in at], float)


def all_labels_of(before: View, view: View) -> View:
    return view.replaced(objects=before.objects)


def boxes_of(before: View, view: View) -> View:
    """Only the 2D boxes are stale."""
    box = view.objects.box.copy()
    row_of = {track: row for row, track in enumerate(before.objects.track)}
    for row, track in enumerate(view.objects.track):
        if track in row_of:
            box[row] = before.objects.box[row_of[track]]
    return with_objects(view, box=box)


def channels_of(*names: str) -> Callable[[Frames], Frames]:
    return pair(lambda before, view: with_channels(view, **{name: before.channels[name] for name in names}))


def lagging(frames: Frames) -> Frames:
    """Every frame has the distances of the frame before."""
    return [
        with_view(
            after,
            lambda view, before=before: with_channels(
                view, **{name: _same(before).channels[name] for name in ("depth", "range")}
            ),
        )
        for before, after in zip([frames[0], *frames], frames, strict=False)
    ]


def _same(frame: Frame) -> View:
    return next(view for view in frame.views if view.name == VIEW)


def changed_places(frames: Frames) -> Frames:
    """Two objects of one class, in a frame that is else the one before."""
    view = _same(frames[0])
    first, second = chosen_row(view), 0
    below = 1
    while view.objects.label[second := chosen_row(view, below)] != view.objects.label[first]:
        below += 1
    objects = swapped(view.objects, first, second, "track").with_columns(box3d=Boxes3D.unknown(len(view.objects)))
    again = with_view(frames[0], lambda view: view.replaced(objects=objects))
    return [frames[0], again.replaced(id=frames[PLACE].id, index=PLACE, time_ns=frames[PLACE].time_ns)]


def time_of(change: Callable[[Sequence[int]], int]) -> Callable[[Frames], Frames]:
    def changed(frames: Frames) -> Frames:
        times = [int(frame.time_ns or 0) for frame in frames]
        return [frame.replaced(time_ns=change(times)) if at == PLACE else frame for at, frame in enumerate(frames)]

    return changed


_SHORT = frozenset({"TRU-031"})
_ELSEWHERE = frozenset({"TRU-001", "TRU-003", "TRU-006", "TRU-007", "TRU-020", "TRU-021", "TRU-030", "TRU-031"})
_OTHER_K = frozenset({"TRU-008"})
_STALE = frozenset({"TRU-010", "TRU-020", "TRU-021", "TRU-102", "TRU-103"})

MUTATIONS: Sequence[Mutation] = (
    Mutation("a box one pixel short in x", "TRU-001", column("box", moved(0, 0, -1, 0)), "box", True),
    Mutation("a box one pixel short in y", "TRU-001", column("box", moved(0, 0, 0, -1)), "box", True),
    Mutation("a box one pixel to the left", "TRU-001", column("box", moved(-1, 0, -1, 0)), "box", True),
    Mutation("all boxes with inclusive maxima", "TRU-001", one(all_boxes_inclusive), "box", True),
    Mutation("an area of the box", "TRU-002", column("area", lambda view, row: 7.0), "area", True),
    Mutation(
        "a mask of another object",
        "TRU-002",
        ragged("mask", lambda view, row: Rle(view.camera.height, view.camera.width, "0a1")),
        "mask",
        True,
    ),
    Mutation("an object without pixels", "TRU-003", one(lost_pixels), "instance", True),
    Mutation("two objects with one id", "TRU-004", one(one_id), "id", also=_ELSEWHERE),
    Mutation("two objects with one track", "TRU-005", one(one_track), "track", also=frozenset({"TRU-105"})),
    Mutation("pixels without an object", "TRU-006", one(orphaned), "instance"),
    Mutation("another class", "TRU-007", one(other_class), "semantic", True, frozenset({"TRU-105"})),
    Mutation("swapped ids", "TRU-001", swap("id"), "box", True, _ELSEWHERE),
    Mutation("swapped labels", "TRU-007", swap("label"), "semantic", True, frozenset({"TRU-105"})),
    Mutation("swapped 3D boxes", "TRU-021", swap("box3d"), "box3d", True),
    Mutation(
        "range stored as depth",
        "TRU-008",
        one(lambda view: with_channels(view, depth=view.channels["range"])),
        "depth",
        also=frozenset({"TRU-020"}),
    ),
    Mutation(
        "depth in millimetres",
        "TRU-008",
        painted("depth", lambda pixels, _: pixels * np.float32(1000)),
        "depth",
        also=frozenset({"TRU-020"}),
    ),
    Mutation(
        "depth of zeros",
        "TRU-009",
        painted("depth", lambda pixels, _: np.zeros_like(pixels)),
        "depth",
        also=frozenset({"TRU-102"}),
    ),
    Mutation(
        "depth that is no number",
        "TRU-009",
        painted("depth", lambda pixels, _: np.full_like(pixels, np.nan)),
        "depth",
        also=frozenset({"TRU-102"}),
    ),
    Mutation(
        "depth that is one number",
        "TRU-009",
        painted("depth", lambda pixels, _: np.full_like(pixels, 3)),
        "depth",
        also=frozenset({"TRU-008", "TRU-020", "TRU-102"}),
    ),
    Mutation("depth of nothing", "TRU-009", painted("depth", lambda pixels, _: np.full_like(pixels, np.inf)), "depth"),
    Mutation("an object without a distance", "TRU-010", painted("depth", under_chosen(np.inf)), "depth", True),
    Mutation("normals as colours", "TRU-011", painted("normal", lambda pixels, _: pixels / 2 + 0.5), "normal"),
    Mutation(
        "flow that is no number", "TRU-012", painted("flow", lambda pixels, _: pixels + np.float32(np.inf)), "flow"
    ),
    Mutation("a camera matrix transposed", "TRU-020", pose(transposed), "camera"),
    Mutation("a camera matrix inverted", "TRU-020", pose(inverted), "camera"),
    Mutation("a camera that looks backwards", "TRU-020", pose(opengl), "camera"),
    Mutation("a camera some centimetres away", "TRU-020", pose(shifted), "camera"),
    Mutation("a focal length of another aperture", "TRU-020", intrinsics(1.15), "camera", also=_OTHER_K),
    Mutation("a focal length slightly off", "TRU-020", intrinsics(0.95), "camera", also=_OTHER_K),
    Mutation("a principal point that is off", "TRU-020", intrinsics(1.0, 8.0), "camera", also=_OTHER_K),
    Mutation("a 3D box elsewhere", "TRU-021", one(box3d_away), "box3d", True),
    Mutation(
        "a full box that is too small",
        "TRU-030",
        column("box_full", lambda view, row: view.objects.box[row] + (6, 6, -6, -6)),
        "box_full",
        True,
        _SHORT,
    ),
    Mutation("a visibility of 3", "TRU-031", column("visibility", lambda view, row: 3.0), "visibility", True),
    Mutation(
        "occlusion stored as visibility", "TRU-031", column("visibility", lambda view, row: 0.02), "visibility", True
    ),
    Mutation(
        "nothing visible of what is seen", "TRU-031", column("visibility", lambda view, row: 0.0), "visibility", True
    ),
    Mutation("a truncation in per cent", "TRU-032", column("truncation", lambda view, row: 40.0), "truncation", True),
    Mutation(
        "a truncation of what is whole", "TRU-032", column("truncation", lambda view, row: 0.3), "truncation", True
    ),
    Mutation("key points of another object", "TRU-033", ragged("keypoints", points((2, 2), (4, 3))), "keypoints", True),
    Mutation("key points outside the image", "TRU-033", ragged("keypoints", points((-2, 2))), "keypoints", True),
    Mutation("labels of the frame before", "TRU-101", pair(all_labels_of), "box", also=_ELSEWHERE),
    Mutation("boxes of the frame before", "TRU-101", pair(boxes_of), "box", also=_ELSEWHERE),
    Mutation("distances that lag a frame behind", "TRU-102", lagging, "depth", also=_STALE, frame=2),
    Mutation("stale distances", "TRU-103", channels_of("depth", "range"), "depth", also=_STALE),
    Mutation("a stale picture", "TRU-103", channels_of("rgb"), "rgb"),
    Mutation(
        "stale segmentation",
        "TRU-103",
        channels_of("instance", "semantic"),
        "instance",
        also=_ELSEWHERE | {"TRU-010", "TRU-101", "TRU-102"},
    ),
    Mutation("tracks that change places", "TRU-104", changed_places, "track", also=frozenset({"TRU-103"})),
    Mutation("a class that changes", "TRU-105", one(other_class), "label", True, frozenset({"TRU-007"})),
    Mutation("a clock that goes back", "TRU-106", time_of(lambda times: times[0] - 1), "time_ns"),
    Mutation("a clock that stands still", "TRU-106", time_of(lambda times: times[0]), "time_ns"),
)
