"""Frames that serve the tests of all formats; made in memory, each call anew.

mono()      one camera, two sequences with equal stems: holes, parts, one pixel, borders, crowd, hidden, negative
rig()       two cameras of different sizes
imported()  what a reader of another dataset gives: a mask a row, no instance channel, no intrinsics
many(n)     n small frames, one at a time
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from framepress.core import Boxes3D, Camera, Channels, Frame, Label, LabelMap, Signal, View
from things import Thing, camera_at, cuboid, flat, rle_of, view_of

LABELS = LabelMap(
    (
        Label("car", supercategory="vehicle", colour=(200, 30, 30)),
        Label("person", keypoints=("head", "left_hand", "right_hand"), skeleton=((0, 1), (0, 2))),
        Label("cone"),
        Label("sign"),
        Label("never_seen"),
    )
)
FRONT = camera_at((96, 64), 80.0, (0.0, 0.0, 1.6))
SIDE = camera_at((80, 52), 60.0, (0.4, -0.5, 1.9), yaw_deg=-12.0, pitch_deg=3.0)

CAR = (4.2, 1.8, 1.5)
ADULT = (0.5, 0.6, 1.8)


def mono() -> list[Frame]:
    """Seven frames of `FRONT` in the sequences `a` and `b`; instance ids beyond 24 and beyond 31 bits."""
    scenes = {
        "a/0000": _holes_and_parts(),
        "a/0001": [],
        "a/0002": _hidden(),
        "b/0000": _cut_off(),
        "b/0001": [flat("sign", 1, FRONT, [(0, 0, 96, 64)], depth_m=2, track="/World/Wall")],
        "b/0002": _row_of_sixteen(),
        "b/0003": [],
    }
    return [
        Frame(
            id=id,
            index=index,
            views=(view_of(FRONT, things, seed=index),),
            sequence=id.split("/")[0],
            time_ns=33_333_333 * index,
            signals={"arm": Signal(33_333_000 * index, (0.1 * index, -1.5), ("elbow", "wrist"))},
            task="drive to the dock",
            text="a car beside a „Schild“, 3 °C",
            meta={"scene": "Straße", "seed": index, "lights": {"sun": 0.5}},
        )
        for index, (id, things) in enumerate(scenes.items())
    ]


def _holes_and_parts() -> list[Thing]:
    """A car cut in two by a sign and with two holes, a cone of one pixel, a crowd of two parts on the borders."""
    crowd = [(0, 0, 3, 10), (80, 0, 96, 12)]
    holes = [(10, 40, 14, 50), (18, 41, 20, 42)]
    note = {"note": "Größe 3 €", "dirty": True}
    return [
        cuboid("car", 7, FRONT, (1.5, 14.0, 0.75), CAR, 35, track="/World/Car_0", source_id=41),
        flat("car", 2**31 + 5, FRONT, [(4, 36, 30, 56)], depth_m=9, holes=holes, track="/World/Car_1", source_id="c-1"),
        flat("sign", 3, FRONT, [(22, 30, 24, 64)], depth_m=5, track="/World/Sign"),
        flat("cone", 2**32 - 2, FRONT, [(70, 20, 71, 21)], depth_m=4, track="/World/Cone", attributes=note),
        flat("person", 2**24 + 9, FRONT, crowd, depth_m=20, track="/World/Crowd", crowd=True, visibility=np.nan),
    ]


def _hidden() -> list[Thing]:
    """A person behind a car with no pixel left, one with key points, one partly behind that one."""
    hands = np.array([[20.5, 14.25, 2], [15, 30, 1], [0, 0, 0]])
    return [
        cuboid("car", 7, FRONT, (0.6, 11.0, 0.75), CAR, 80, track="/World/Car_0"),
        cuboid("person", 12, FRONT, (0.4, 16.0, 0.6), (0.5, 0.5, 1.0), 10, track="/World/Hidden"),
        cuboid("person", 13, FRONT, (-1.55, 4.0, 0.9), ADULT, -20, track="/World/Person", keypoints=hands),
        cuboid("person", 14, FRONT, (-2.5, 9.0, 0.9), ADULT, 15, track="/World/Behind"),
    ]


def _cut_off() -> list[Thing]:
    """A car that leaves the image, parts that touch at a corner only, single pixels in three corners of the image."""
    corners = [(95, 63, 96, 64), (0, 63, 1, 64), (95, 0, 96, 1)]
    return [
        cuboid("car", 2**32 - 3, FRONT, (-4.6, 9.5, 0.75), (4.4, 1.9, 1.5), 0, track="/World/Car_0"),
        flat("cone", 4, FRONT, [(50, 30, 52, 32), (52, 32, 54, 34)], depth_m=6, track="/World/Cone"),
        flat("cone", 5, FRONT, corners, depth_m=6, track="/World/Corners"),
    ]


def _row_of_sixteen() -> list[Thing]:
    return [
        flat(
            "cone",
            100 + k,
            FRONT,
            [(6 * k, 10 + k, 6 * k + 4, 30)],
            depth_m=8,
            holes=[(6 * k + 1, 26, 6 * k + 3, 28)],
            track=f"/World/Row_{k}",
        )
        for k in range(16)
    ]


def rig() -> list[Frame]:
    """Three instants of the cameras `front` and `side`, which sees nothing in the second; ids differ by camera."""
    return [
        Frame(
            f"run/{index:04d}",
            index,
            views=(
                view_of(FRONT, _pair(FRONT, index, 5), name="front", seed=10 + index),
                view_of(SIDE, [] if index == 1 else _pair(SIDE, index, 2**25), name="side", seed=20 + index),
            ),
            sequence="run",
            time_ns=50_000_000 * index,
        )
        for index in range(3)
    ]


def _pair(camera: Camera, index: int, first_id: int) -> list[Thing]:
    y = 9.0 + 3 * index
    return [
        cuboid("car", first_id, camera, (0.8, y, 0.75), CAR, 25 + 10 * index, track="/World/Car"),
        cuboid("person", first_id + 1, camera, (-0.9, y - 2, 0.9), ADULT, 0, track="/World/Person"),
    ]


def imported() -> list[Frame]:
    """Two frames with objects of `mono`, whose masks stand in the table and whose camera is known by its size only."""
    frames = []
    for index, frame in enumerate(mono()[0:4:3]):
        view, count = frame.view, len(frame.view.objects)
        masks = tuple(rle_of(view.channels["instance"] == id) for id in view.objects.id.tolist())
        objects = view.objects.with_columns(
            mask=masks, box3d=Boxes3D.unknown(count), box_full=np.full((count, 4), np.nan), id=np.zeros(count)
        )
        camera = Camera(*view.camera.size_wh)
        channels = Channels({"rgb": view.channels["rgb"]}, camera.size_wh)
        frames.append(Frame(frame.id, index, (View(camera, channels=channels, objects=objects),)))
    return frames


def many(count: int, size_wh: tuple[int, int] = (48, 32), first: int = 0) -> Iterator[Frame]:
    """Two cars, a person and now and then a cone, in sequences of fifty; frames divisible by seven are empty.

    Frame i is the same whatever `first` and `count` are.
    """
    camera = camera_at(size_wh, size_wh[0] * 0.8, (0.0, 0.0, 1.6))
    for index in range(first, first + count):
        rng = np.random.default_rng((7, index))
        things = []
        for label, id, nearest, size in (("car", 11, 9, CAR), ("car", 12, 16, CAR), ("person", 2**26 + 1, 4, ADULT)):
            center = (rng.uniform(-2, 2), nearest + rng.uniform(0, 6), size[2] / 2)
            things.append(cuboid(label, id, camera, center, size, rng.uniform(0, 360), track=f"/World/Solid_{id}"))
        if index % 5 == 0:
            x, y = (int(rng.integers(0, side - 2)) for side in size_wh)
            things.append(flat("cone", 13, camera, [(x, y, x + 2, y + 1)], depth_m=2))
        sequence = f"s{index // 50:04d}"
        view = view_of(camera, [] if index % 7 == 0 else things, seed=index)
        yield Frame(f"{sequence}/{index % 50:04d}", index, (view,), sequence=sequence)
