"""Ways to break good columns, one at a time, and where each one must be found."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from framepress.core import LabelMap
from framepress.core.arrays import Array
from framepress.quality.columns import NO_TIME, MemoryColumns

__all__ = ["MUTATIONS", "Draft", "Mutation", "good"]

SEQUENCES, FRAMES, OBJECTS = 10, 60, 4
PERIOD_NS = 50_000_000
CAMERAS = ("front", "side")
SIZES = ((640, 480), (800, 600))
CLASSES = ("car", "person", "cone", "pallet")


@dataclass
class Draft:
    """Columns that can still be changed; row of a view: 2 * frame + camera, of an object: OBJECTS * view + k."""

    labels: tuple[str, ...]
    ids: list[str]
    frames: dict[str, Array]
    views: dict[str, Array]
    objects: dict[str, Array]
    lists: dict[str, list[str]]

    def columns(self) -> MemoryColumns:
        lists: dict[str, Any] = self.lists
        return MemoryColumns(LabelMap.of(self.labels), self.ids, self.frames, self.views, self.objects, **lists)

    def without(self, table: str, rows: Array) -> None:
        """Leave out views or objects; those of views go with them."""
        columns = {"views": self.views, "objects": self.objects}[table]
        kept = np.setdiff1d(np.arange(columns["frame"].size), rows)
        if table == "views":
            self.without("objects", np.flatnonzero(np.isin(self.objects["view"], rows)))
            new = np.full(columns["frame"].size, -1)
            new[kept] = np.arange(kept.size)
            self.objects["view"] = new[self.objects["view"]]
        for name, column in columns.items():
            columns[name] = column[kept]


def good() -> Draft:
    """Ten sequences of a scene and seed each, two cameras, four objects an image that move smoothly; two splits."""
    rng = np.random.default_rng(7)
    count = SEQUENCES * FRAMES
    frame = np.arange(count)
    sequence = frame // FRAMES
    view_frame, camera = np.repeat(frame, 2), np.tile([0, 1], count)
    size = np.array(SIZES)[camera]
    view = np.repeat(np.arange(2 * count), OBJECTS)
    k = np.tile(np.arange(OBJECTS), 2 * count)
    of = view_frame[view]
    start = rng.uniform(0.15, 0.85, (SEQUENCES, 2, OBJECTS, 2))
    way = rng.uniform(-0.002, 0.002, (SEQUENCES, 2, OBJECTS, 2))
    at = start[sequence[of], camera[view], k] + way[sequence[of], camera[view], k] * (of % FRAMES)[:, None]
    wide = rng.choice([0.03, 0.1, 0.24], (SEQUENCES, 2, OBJECTS))[sequence[of], camera[view], k]
    center, half = at * size[view], (wide * size[view, 0])[:, None] / 2 * [1, 0.8]
    empty = np.isin(of % FRAMES, [59])
    draft = Draft(
        labels=CLASSES,
        ids=[f"s{number // FRAMES}/{number % FRAMES:04d}" for number in range(count)],
        frames={
            "index": frame % FRAMES,
            "sequence": sequence,
            "split": np.where(sequence % 5 == 4, 1, 0),
            "scene": sequence.copy(),
            "seed": sequence.copy(),
            "time_ns": (frame % FRAMES) * PERIOD_NS,
        },
        views={
            "frame": view_frame,
            "name": camera,
            "time_ns": (view_frame % FRAMES) * PERIOD_NS,
            "width": size[:, 0],
            "height": size[:, 1],
        },
        objects={
            "frame": of,
            "view": view,
            "id": k + 1,
            "label": k,
            "track": sequence[of] * OBJECTS + k,
            "box": np.hstack((center - half, center + half)),
            "visibility": rng.uniform(0.3, 1, view.size),
            "truncation": rng.choice([0.0, 0.0, 0.4], view.size),
            "distance": rng.uniform(3, 40, view.size),
            "crowd": np.zeros(view.size, bool),
        },
        lists={
            "sequences": [f"s{number}" for number in range(SEQUENCES)],
            "splits": ["train", "val"],
            "scenes": [f"hall_{number}" for number in range(SEQUENCES)],
            "seeds": [str(number) for number in range(SEQUENCES)],
            "view_names": list(CAMERAS),
            "tracks": [
                f"/World/S{number // OBJECTS}/Thing_{number % OBJECTS}" for number in range(SEQUENCES * OBJECTS)
            ],
        },
    )
    draft.without("objects", np.flatnonzero(empty))
    return draft


@dataclass(frozen=True)
class Mutation:
    """Args: where: fields that the first finding must have; words: what its message must hold; also: other codes."""

    name: str
    code: str
    change: Callable[[Draft], None]
    where: dict[str, Any] = field(default_factory=dict)
    words: str = ""
    findings: int = 1
    also: tuple[str, ...] = ()


def _class_without_objects(draft: Draft) -> None:
    draft.labels = (*draft.labels, "forklift")


def _rare_class(draft: Draft) -> None:
    draft.labels = (*draft.labels, "forklift")
    rows = np.flatnonzero(draft.frames["sequence"][draft.objects["frame"]] == 0)[:3]
    draft.objects["label"][rows] = 4
    draft.objects["track"][rows] = -1


def _one_class_for_nearly_all(draft: Draft) -> None:
    everything = np.arange(draft.objects["label"].size)
    rare = everything[(draft.objects["track"] % OBJECTS == 1) & np.isin(draft.objects["frame"] % FRAMES, [5, 25])]
    draft.objects["label"][:] = 0
    draft.objects["label"][rare] = 1
    draft.objects["track"][:] = -1
    draft.labels = CLASSES[:2]


def _other_class_later(draft: Draft) -> None:
    rows = np.flatnonzero((draft.objects["track"] == 6) & (draft.objects["frame"] == 90))
    draft.objects["label"][rows] = 0


def _nearly_equal_names(draft: Draft) -> None:
    draft.labels = ("fork_lift", "forklifts", *CLASSES[2:])


def _child_with_the_box_of_its_parent(draft: Draft) -> None:
    row = np.flatnonzero(draft.objects["frame"] == 17)[1]
    added = {name: column[row : row + 1].copy() for name, column in draft.objects.items()}
    added["box"] += [[0.3, 0.0, 0.3, 0.0]]
    added["track"][:] = len(draft.lists["tracks"])
    added["id"][:] = 77
    draft.lists["tracks"].append("/World/S0/Thing_1/Body")
    for name, column in draft.objects.items():
        draft.objects[name] = np.concatenate((column[: row + 1], added[name], column[row + 1 :]))


def _tiny_boxes(draft: Draft) -> None:
    rows = np.flatnonzero(draft.objects["label"] == 2)[40:160]
    box = draft.objects["box"]
    box[rows, 2:] = box[rows, :2] + 1


def _boxes_around_everything(draft: Draft) -> None:
    rows = np.flatnonzero(draft.objects["track"] == 6)
    size = np.array(SIZES)[draft.objects["view"][rows] % 2]
    draft.objects["box"][rows] = np.hstack((np.zeros_like(size), size))


def _track_twice(draft: Draft) -> None:
    rows = np.flatnonzero(draft.objects["frame"] == 30)[:2]
    draft.objects["track"][rows[1]] = draft.objects["track"][rows[0]]
    draft.objects["label"][rows[1]] = draft.objects["label"][rows[0]]


def _jump(draft: Draft) -> None:
    rows = np.flatnonzero((draft.objects["track"] == 1) & (draft.objects["view"] % 2 == 0))
    row = rows[draft.objects["frame"][rows] >= 40]
    box = draft.objects["box"]
    far = np.where(box[row, :1] < 320, 1, -1) * 300.0
    box[row] += np.hstack((far, 0 * far, far, 0 * far))


def _without(labels: Callable[[Draft], Array]) -> Callable[[Draft], None]:
    return lambda draft: draft.without("objects", np.flatnonzero(labels(draft)))


def _is_large(draft: Draft) -> Array:
    box = draft.objects["box"]
    return np.asarray((box[:, 2:] - box[:, :2]).prod(1) >= 96**2)


def _same_place(draft: Draft) -> None:
    box, size = draft.objects["box"], np.array(SIZES)[draft.objects["view"] % 2]
    place = size * [0.4, 0.6] + (np.arange(size.shape[0]) % OBJECTS * 9.0)[:, None]
    draft.objects["box"] = box - np.tile((box[:, :2] + box[:, 2:]) / 2 - place, 2)


def _constant(column: str, value: float) -> Callable[[Draft], None]:
    def change(draft: Draft) -> None:
        draft.objects[column][:] = value

    return change


def _other_size(draft: Draft) -> None:
    draft.views["width"][[20, 22]] = 512
    draft.views["height"][[20, 22]] = 512


def _camera_left_out(draft: Draft) -> None:
    draft.without("views", np.array([2 * 130 + 1]))


def _id_again(draft: Draft) -> None:
    draft.ids[4 * FRAMES + 3] = draft.ids[7]


def _set(column: str, frames: Any, value: Any) -> Callable[[Draft], None]:
    def change(draft: Draft) -> None:
        draft.frames[column][frames] = value

    return change


def _sequence_cut_by_the_split(draft: Draft) -> None:
    """Sequence 4, which is in `val`, gets the first frames of the next, which is in `train`."""
    rows = slice(5 * FRAMES, 5 * FRAMES + 9)
    draft.frames["sequence"][rows] = 4
    draft.frames["index"][rows] += FRAMES
    _time(rows, FRAMES * PERIOD_NS)(draft)


def _seed_again(draft: Draft) -> None:
    draft.frames["scene"][:] = 0
    draft.frames["seed"][:FRAMES] = 4


def _same_assets(draft: Draft) -> None:
    draft.objects["track"] %= OBJECTS
    many = [f"/World/Thing_{number}" for number in range(40)]
    draft.objects["track"] += OBJECTS * (draft.objects["frame"] % 10)
    draft.lists["tracks"] = many


def _named_split_without_frames(draft: Draft) -> None:
    draft.lists["splits"] = ["train", "val", "test"]


def _tiny_split(draft: Draft) -> None:
    draft.lists["splits"] = ["train", "val", "test"]
    draft.frames["split"][:8] = 2


def _class_only_in_train(draft: Draft) -> None:
    split = draft.frames["split"][draft.objects["frame"]]
    draft.without("objects", np.flatnonzero((split == 1) & (draft.objects["label"] == 3)))


def _other_mix(draft: Draft) -> None:
    split = draft.frames["split"][draft.objects["frame"]]
    rare = (split == 1) & (draft.objects["label"] >= 2) & (draft.objects["frame"] % 20 > 0)
    draft.without("objects", np.flatnonzero(rare))


def _no_split(draft: Draft) -> None:
    draft.lists["splits"] = ["train", "val", ""]
    draft.frames["split"][FRAMES : 2 * FRAMES] = 2


def _time(frames: Any, by_ns: Any) -> Callable[[Draft], None]:
    def change(draft: Draft) -> None:
        draft.frames["time_ns"][frames] += by_ns
        draft.views["time_ns"][:] = NO_TIME

    return change


def _jitter(draft: Draft) -> None:
    shake = np.random.default_rng(3).integers(-5_000_000, 5_000_000, FRAMES)
    _time(slice(0, FRAMES), shake)(draft)


def _slow_camera(draft: Draft) -> None:
    rows = np.flatnonzero((draft.views["name"] == 1) & (draft.frames["sequence"][draft.views["frame"]] == 2))
    time = draft.views["time_ns"][rows]
    draft.views["time_ns"][rows] = time + (time * 0.002).astype(np.int64)
    draft.views["time_ns"][rows[::7]] += 400_000_000  # some of them are wrong altogether


def _late_camera(draft: Draft) -> None:
    rows = (draft.views["name"] == 1) & (draft.frames["sequence"][draft.views["frame"]] == 2)
    draft.views["time_ns"][rows] += 70_000_000


def _number_left_out(draft: Draft) -> None:
    draft.frames["index"][FRAMES + 20 : 2 * FRAMES] += 3


def _numbers_swapped(draft: Draft) -> None:
    draft.frames["index"][[10, 11]] = [11, 10]
    draft.frames["time_ns"][[10, 11]] = draft.frames["time_ns"][[11, 10]]


_M = Mutation
CLASSES_AND_COUNTS = [
    _M("a class without objects", "SET-001", _class_without_objects, {"place": "forklift"}),
    _M("a class with three objects", "SET-002", _rare_class, {"place": "forklift"}, "has 3 of 4720 objects"),
    _M("one class for nearly all", "SET-003", _one_class_for_nearly_all, {"place": "car"}, "evenness 0.07"),
    _M("another class in one frame", "SET-004", _other_class_later, {"prim": "/World/S1/Thing_2"}, "'car' first in"),
    _M("nearly equal names", "SET-005", _nearly_equal_names, {"place": "forklifts"}, "'fork_lift' and"),
    _M(
        "a child with its parent's box",
        "SET-006",
        _child_with_the_box_of_its_parent,
        {"frame": "s0/0017", "view": "front", "object": 77, "prim": "/World/S0/Thing_1/Body"},
        "/World/S0/Thing_1, its parent",
    ),
    _M("tiny boxes", "SET-007", _tiny_boxes, {"frame": "s0/0020", "object": 3}, "120 of 1180 boxes of class 'cone'"),
    _M("boxes around everything", "SET-008", _boxes_around_everything, {"frame": "s1/0000"}, "118 of 1180 boxes"),
    _M(
        "a track twice",
        "SET-009",
        _track_twice,
        {"frame": "s0/0030", "view": "front"},
        "/World/S0/Thing_0",
        also=("SET-010",),
    ),
    _M("a jump", "SET-010", _jump, {"frame": "s0/0040", "view": "front", "prim": "/World/S0/Thing_1"}, "'s0/0039'"),
]
COVERAGE = [
    _M("nothing large", "SET-020", _without(_is_large), {"place": "large"}, "0 of"),
    _M("all in one place", "SET-021", _same_place, {}, "of 64 cells"),
    _M("all equally far", "SET-022", _constant("distance", 5.0), {}, "5 to 5 m"),
    _M("nothing hidden", "SET-023", _constant("visibility", 1.0), {}, "0 of 4720"),
    _M("nothing cut off", "SET-024", _constant("truncation", 0.0), {}, "0 of 4720"),
    _M(
        "most images empty",
        "SET-025",
        _without(lambda draft: draft.objects["frame"] % 20 > 4),
        {},
        "images show no object",
    ),
    _M("images of another size", "SET-026", _other_size, {"view": "front", "frame": "s0/0010"}, "512 x 512 (2)"),
    _M("a camera left out", "SET-027", _camera_left_out, {"frame": "s2/0010", "view": "side"}, "59 of 60"),
]
SPLITS = [
    _M("a frame in two splits", "GEN-008", _id_again, {"frame": "s0/0007"}, "'train' (1 frame), 'val' (1 frame)"),
    _M("a sequence in two splits", "SPL-001", _sequence_cut_by_the_split, {}, "'train' (9 frames), 'val'"),
    _M("a scene in two splits", "SPL-002", _set("scene", slice(0, FRAMES), 4), {}, "'hall_4'"),
    _M("a seed in two splits", "SPL-003", _seed_again, {}, "'4' of scene 'hall_0'"),
    _M("the same assets", "SPL-004", _same_assets, {"place": "val"}, "of the 40 tracks of split 'val', 40 are in"),
    _M("a split without frames", "SPL-005", _named_split_without_frames, {"place": "test"}),
    _M("a tiny split", "SPL-006", _tiny_split, {"place": "test"}, "8 of 600", also=("SPL-001", "SPL-002", "SPL-003")),
    _M("a class in training only", "SPL-007", _class_only_in_train, {"place": "pallet"}, "944 images"),
    _M("another mix of classes", "SPL-008", _other_mix, {"place": "val"}, "away from the whole"),
    _M("frames in no split", "SPL-009", _no_split, {"frame": "s1/0000"}, "60 of 600"),
]
TIMES = [
    _M("a time that goes back", "TIM-001", _time(25, -70_000_000), {"frame": "s0/0025"}, "goes back by 20 ms"),
    _M("a time twice", "TIM-002", _time(25, -PERIOD_NS), {"frame": "s0/0025", "place": "time_ns"}),
    _M("frames dropped", "TIM-003", _time(slice(25, FRAMES), 3 * PERIOD_NS), {"frame": "s0/0025"}, "3 frames are"),
    _M("jitter", "TIM-004", _jitter, {"place": "s0"}, "in the median"),
    _M("a slow camera", "TIM-005", _slow_camera, {"view": "side", "place": "s2"}, "drifts by 2000 µs a second"),
    _M("a late camera", "TIM-005", _late_camera, {"view": "side", "place": "s2"}, "70 ms late"),
    _M("numbers left out", "TIM-006", _number_left_out, {"frame": "s1/0020"}, "3 frames are missing"),
    _M("numbers swapped", "TIM-007", _numbers_swapped, {"frame": "s0/0011"}, "number 10 comes after number 11"),
]
MUTATIONS = [*CLASSES_AND_COUNTS, *COVERAGE, *SPLITS, *TIMES]
