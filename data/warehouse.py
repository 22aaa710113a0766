"""What stands in the warehouse: prims made of oriented boxes, in a Z-up stage in metres, matrices for row vectors."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

Array: TypeAlias = npt.NDArray[Any]
Point: TypeAlias = "Sequence[float] | Array"
Triple: TypeAlias = tuple[float, ...]
Block: TypeAlias = tuple[Triple, Triple, Triple]

CYCLE = 6
EMPTY = 3


@dataclass(frozen=True)
class Prim:
    """A prim and its geometry. `transform` (4, 4) is local to world for row vectors, holds the scale, and has float32
    values, because that is all the 3D box file keeps; `blocks` are (low corner, high corner, linear colour)."""

    path: str
    label: str
    transform: Array
    blocks: tuple[Block, ...]

    @cached_property
    def low(self) -> Array:
        return np.array([low for low, _, _ in self.blocks], np.float32).astype(np.float64)

    @cached_property
    def high(self) -> Array:
        return np.array([high for _, high, _ in self.blocks], np.float32).astype(np.float64)

    @cached_property
    def inverse(self) -> Array:
        """World to local, for row vectors."""
        return np.linalg.inv(self.transform)


def pose(at: Point, yaw: float = 0.0, scale: float | Point = 1.0, roll: float = 0.0) -> Array:
    """Scale, then turn about local x by `roll`, then about z by `yaw` [degrees], then move; float32 values."""
    (s, c), (sr, cr) = ((np.sin(angle), np.cos(angle)) for angle in np.radians((yaw, roll)))
    about_x = np.array([[1, 0, 0], [0, cr, sr], [0, -sr, cr]])
    about_z = np.array([[c, s, 0], [-s, c, 0], [0, 0, 1]])
    matrix = np.eye(4)
    matrix[:3, :3] = np.diag(np.broadcast_to(scale, 3)) @ about_x @ about_z
    matrix[3, :3] = at
    return matrix.astype(np.float32).astype(np.float64)


def beside(at: Point, yaw: float, offset: Point) -> Array:
    """The point that lies `offset` from `at`, in axes turned by `yaw`."""
    return np.asarray(at + np.asarray(offset) @ pose((0, 0, 0), yaw)[:3, :3])


def shelving(side: int) -> Iterator[Prim]:
    """One rack of three bays, without a label; `side` is -1 or 1 along x."""
    front, back = sorted((1.75 * side, 2.75 * side))
    blue, orange = (0.03, 0.11, 0.36), (0.72, 0.19, 0.02)
    posts = [
        ((x - 0.05, y - 0.05, 0.0), (x + 0.05, y + 0.05, 4.1), blue) for x in (front, back) for y in np.arange(4) * 2.7
    ]
    beams = [((x - 0.03, 0.0, z - 0.14), (x + 0.03, 8.1, z), orange) for x in (front, back) for z in (1.5, 2.9)]
    decks = [((front, 0.0, z - 0.04), (back, 8.1, z), (0.25, 0.26, 0.27)) for z in (1.5, 2.9)]
    yield Prim(f"/World/Rack_{side}", "", pose((0, 0, 0)), tuple(posts + beams + decks))


def pallet(path: str, at: Point, yaw: float) -> Prim:
    """A Euro pallet of 1.2 x 0.8 x 0.144 m whose pivot is a lower corner; `at` is the middle of its underside."""
    wood = (0.50, 0.30, 0.13)
    boards = [((0.0, y, 0.122), (1.2, y + 0.12, 0.144), wood) for y in (0.0, 0.17, 0.34, 0.51, 0.68)]
    bearers = [((0.0, y, 0.0), (1.2, y + 0.1, 0.122), tuple(0.75 * part for part in wood)) for y in (0.0, 0.35, 0.7)]
    return Prim(path, "pallet", pose(beside(at, yaw, (-0.6, -0.4, 0.0)), yaw), (*boards, *bearers))


def carton(path: str, at: Point, size: Point, yaw: float, tint: float, roll: float = 0.0) -> Prim:
    """A unit cube scaled unevenly; `at` is its centre."""
    colour = (0.46 * tint, 0.29 * tint, 0.14 * tint)
    return Prim(path, "box", pose(at, yaw, size, roll), (((-0.5,) * 3, (0.5,) * 3, colour),))


def person(path: str, at: Point, yaw: float, coat: tuple[float, float, float], seated: bool = False) -> Prim:
    """Modelled in centimetres; the pivot lies between the feet, in front of the body."""
    skin, dark = (0.55, 0.31, 0.2), (0.03, 0.035, 0.06)
    hip = 20 if seated else 84
    legs = [((x - 8, 2, 0), (x + 8, 20 + 20 * seated, hip), dark) for x in (-11.0, 11.0)]
    body = [
        ((-23, 1, hip), (23, 23, hip + 58), coat),
        ((-9.5, 3, hip + 62), (9.5, 23, hip + 84), skin),
        ((-11, 1, hip + 80), (11, 25, hip + 90), (0.75, 0.55, 0.02)),
    ]
    arms = [((x - 6, 6, hip + 2), (x + 6, 18, hip + 56), coat) for x in (-30.0, 30.0)]
    return Prim(path, "person", pose(at, yaw, 0.01), tuple(legs + body + arms))


def cone(path: str, at: Point, yaw: float) -> Prim:
    orange, white = (0.85, 0.13, 0.01), (0.8, 0.8, 0.78)
    tiers = [(18, 0, 3, orange), (12, 3, 18, orange), (9, 18, 30, white), (6, 30, 44, orange), (3, 44, 52, orange)]
    blocks = tuple(((-r, -r, z0), (r, r, z1), colour) for r, z0, z1, colour in tiers)
    return Prim(path, "cone", pose(at, yaw, 0.01), blocks)


def forklift(path: str, at: Point, yaw: float) -> Iterator[Prim]:
    """A labelled truck (pivot between the front wheels, forks along -y) with two labelled prims below it."""
    yellow, steel, rubber = (0.80, 0.42, 0.01), (0.10, 0.10, 0.11), (0.02, 0.02, 0.02)
    wheels = [((x, y, 0), (x + 18, y + 50, 50), rubber) for x in (-58.0, 40.0) for y in (-20.0, 110.0)]
    cage = [((x, y, 75), (x + 7, y + 7, 205), steel) for x in (-55.0, 48.0) for y in (5.0, 105.0)]
    body = [
        ((-52, 0, 18), (52, 170, 75), yellow),
        ((-50, 118, 75), (50, 175, 112), yellow),
        ((-57, 0, 205), (57, 116, 211), steel),
    ]
    mast = [((x, -22, 8), (x + 9, -10, 225), steel) for x in (-38.0, 29.0)]
    plate = ((-45, -28, 22), (45, -22, 70), steel)
    forks = [((x, -130, 14), (x + 12, -22, 20), steel) for x in (-34.0, 22.0)]
    here = pose(at, yaw, 0.01)
    yield Prim(path, "forklift", here, (*wheels, *cage, *body))
    yield Prim(f"{path}/Mast", "forklift", here, (*mast, *forks, plate))
    yield person(f"{path}/Driver", beside(at, yaw, (0.0, 0.55, 0.72)), yaw, (0.75, 0.16, 0.02), seated=True)


def stock(seed: int) -> Iterator[Prim]:
    """What lies in the racks: the same in every frame of a recording."""
    rng = np.random.default_rng(seed)
    slots = [(side, bay, z) for side in (-1, 1) for bay in range(3) for z in (0.0, 1.5, 2.9)]
    for slot, (side, bay, z) in enumerate(slots):
        if rng.random() < 0.22:
            continue
        middle = (2.25 * side, 1.35 + 2.7 * bay + rng.uniform(-0.4, 0.4), z)
        yaw = 90 + rng.uniform(-4, 4)
        yield pallet(f"/World/Stock/Pallet_{slot:02d}", middle, yaw)
        yield from load(f"/World/Stock/Box_{slot:02d}", middle, yaw, rng)


def load(path: str, at: Point, yaw: float, rng: np.random.Generator) -> Iterator[Prim]:
    """Two to four cartons on the pallet at `at`, each turned a little."""
    for number, (x, y) in enumerate(((-0.3, -0.19), (0.3, -0.19), (-0.3, 0.2), (0.28, 0.2))[: rng.integers(2, 5)]):
        size = rng.uniform((0.36, 0.26, 0.25), (0.52, 0.36, 0.75))
        centre = beside(at, yaw, (x, y, 0.144 + size[2] / 2))
        yield carton(f"{path}_{number}", centre, size, yaw + rng.uniform(-6, 6), rng.uniform(0.75, 1.25))


def floor(seed: int, frame: int) -> Iterator[Prim]:
    """What moves: a forklift that comes nearer, three persons, cones, a loaded pallet, a carton leaning on it."""
    rng = np.random.default_rng((seed, frame))
    near = (frame % CYCLE) / (CYCLE - 1)
    truck = np.array((-0.72 + 0.25 * near, 4.6 - 7.2 * near, 0.0))
    yield from forklift("/World/Forklift", truck, rng.uniform(-9, 9))
    yield cone("/World/Cone_0", beside(truck, 0, (-0.05, 2.3, 0)), rng.uniform(0, 90))
    yield cone("/World/Cone_1", (1.2, -1.0, 0), rng.uniform(0, 90))
    walker = (0.75 - 0.2 * near, 5.2 - 3.4 * near, 0)
    yield person("/World/Worker_0", walker, 180 + rng.uniform(-25, 25), (0.04, 0.2, 0.5))
    yield person("/World/Worker_1", beside(truck, 0, (0.75, 2.9, 0)), rng.uniform(0, 360), (0.55, 0.6, 0.03))
    at = (0.85 + rng.uniform(-0.1, 0.1), 0.1 + rng.uniform(-0.2, 0.2), 0.0)
    yaw = rng.uniform(-35, 35)
    yield pallet("/World/Pallet", at, yaw)
    yield from load("/World/Carton", at, yaw, rng)
    yield carton("/World/Carton_9", beside(at, yaw, (-0.95, 0.0, 0.27)), (0.5, 0.4, 0.3), yaw, 1.1, roll=31.0)


def scene(seed: int, frame: int) -> list[Prim]:
    scenery = [*shelving(-1), *shelving(1)]
    return scenery if frame % CYCLE == EMPTY else [*scenery, *stock(seed), *floor(seed, frame)]
