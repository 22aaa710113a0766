"""`rep.randomizer.scatter_2d` and `scatter_3d`: prims on surfaces and in volumes, apart from each other if asked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from pxr import Gf, UsdGeom

from framepress.core.arrays import Array
from framepress.errors import OptionError
from framepress.headless.rep.items import Target, prims_of, targets_of
from framepress.headless.rep.poses import Pose, write_poses
from framepress.headless.rep.surfaces import Surface, inside

if TYPE_CHECKING:
    from framepress.headless.rep.graph import Firing, Stream

__all__ = ["Region", "Spread", "on_surfaces", "in_volumes"]

TRIES = 8192  # Places tried for one prim before it is said that there is none.
BATCH = 128

Limit = tuple[float | None, float | None, float | None]
Sampler = Callable[[np.random.Generator, int], Array]


@dataclass(frozen=True, slots=True)
class Region:
    """World positions that are allowed; None = without bound on that axis."""

    lower: Limit = (None, None, None)
    upper: Limit = (None, None, None)

    @classmethod
    def of(cls, lower: Any, upper: Any, call: str) -> Region:
        """Raises: OptionError: not three numbers each, or None for one."""
        if len(lower) != 3 or len(upper) != 3:
            raise OptionError(f"{call}: min_samp {lower!r}, max_samp {upper!r}; give three numbers each, None = free")
        return cls((lower[0], lower[1], lower[2]), (upper[0], upper[1], upper[2]))

    @property
    def bounded(self) -> bool:
        return any(limit is not None for limit in (*self.lower, *self.upper))

    def contains(self, points: Array) -> Array:
        """bool (N,)."""
        low = np.array([-np.inf if each is None else each for each in self.lower])
        high = np.array([np.inf if each is None else each for each in self.upper])
        held: Array = np.all((points >= low) & (points <= high), axis=1)
        return held


@dataclass(frozen=True, slots=True, eq=False)
class Spread:
    """How prims are scattered.

    Args:
        numbers: a node's stream, or a generator that goes on.
        region: to stay in.
        avoid: prims to keep clear of. apart: keep clear of each other too.
    """

    numbers: Stream | np.random.Generator
    region: Region
    avoid: Any
    apart: bool
    call: str


def on_surfaces(firing: Firing, subject: Any, surfaces: Any, offset: float, spread: Spread) -> None:
    """Put prims on surfaces, evenly by area."""
    surface = Surface.of(prims_of(surfaces, firing, spread.call), firing.host.time, spread.call)
    _scatter(firing, subject, lambda generator, count: surface.sample(generator, count, offset), spread)


def in_volumes(firing: Firing, subject: Any, volumes: Any, excluded: Any, spread: Spread) -> None:
    """Put prims inside closed surfaces, evenly by volume, where they overlap not more often.

    Raises:
        OptionError: hardly anything of the volumes is inside of anything: they are open, or all excluded.
    """
    call, time = spread.call, firing.host.time
    wholes = [Surface.of([prim], time, call).corners for prim in prims_of(volumes, firing, call)]
    holes = [Surface.of([prim], time, call).corners for prim in prims_of(excluded or [], firing, call)]
    if not wholes:
        raise OptionError(f"{call}: volume_prims means no prim")
    corners = np.concatenate(wholes).reshape(-1, 3)
    low, high = corners.min(axis=0), corners.max(axis=0)

    def sample(generator: np.random.Generator, count: int) -> Array:
        found: list[Array] = []
        for _ in range(TRIES // BATCH):
            points = low + (high - low) * generator.random((BATCH, 3))
            held = np.any([inside(points, each) for each in wholes], axis=0)
            for hole in holes:
                held &= ~inside(points, hole)
            found.append(points[held])
            if sum(map(len, found)) >= count:
                return np.concatenate(found)[:count]
        raise OptionError(f"{call}: hardly any of {TRIES} places is inside; are the volumes closed, and not excluded?")

    _scatter(firing, subject, sample, spread)


def _scatter(firing: Firing, subject: Any, sample: Sampler, spread: Spread) -> None:
    targets = targets_of(subject, firing)
    numbers = spread.numbers
    generator = numbers if isinstance(numbers, np.random.Generator) else firing.generator(numbers)
    boxes = _Boxes(firing, targets, spread) if spread.apart or spread.avoid is not None else None
    if boxes is None and not spread.region.bounded:
        places = sample(generator, len(targets))
    else:
        places = np.array([_free(row, generator, sample, boxes, spread) for row in range(len(targets))])
    poses = [Pose(position=(x, y, z)) for x, y, z in places.reshape(-1, 3).tolist()]
    write_poses(firing, targets, poses, spread.call)


def _free(row: int, generator: np.random.Generator, sample: Sampler, boxes: _Boxes | None, spread: Spread) -> Array:
    """float64 (3,): the first place tried that is allowed, taken."""
    for _ in range(TRIES // BATCH):
        points = sample(generator, BATCH)
        fits = spread.region.contains(points)
        if boxes is not None:
            fits &= boxes.fits(row, points)
        if fits.any():
            place: Array = points[int(np.argmax(fits))]
            if boxes is not None and spread.apart:
                boxes.take(row, place)
            return place
    raise OptionError(
        f"{spread.call}: no free place for prim {row} of the group in {TRIES} tries; use fewer or smaller prims, a "
        "larger area, or check_for_collisions=False"
    )


class _Boxes:
    """World boxes around prims, as they are turned and scaled now: apart if the boxes are, so never too close."""

    def __init__(self, firing: Firing, targets: Sequence[Target], spread: Spread) -> None:
        cache = UsdGeom.BBoxCache(firing.host.time, [UsdGeom.Tokens.default_, UsdGeom.Tokens.render])
        prims = prims_of(list(targets), firing, spread.call)
        self._own = np.array([_around_origin(cache, prim, firing.host.time) for prim in prims]).reshape(-1, 2, 3)
        avoided = prims_of(spread.avoid, firing, spread.call) if spread.avoid is not None else []
        self._taken = np.empty((len(avoided) + len(prims), 2, 3))
        self._count = 0
        for prim in avoided:
            box = cache.ComputeWorldBound(prim).ComputeAlignedRange()
            if not box.IsEmpty():
                self._add(np.array([box.GetMin(), box.GetMax()]))

    def _add(self, box: Array) -> None:
        self._taken[self._count] = box
        self._count += 1

    def fits(self, row: int, points: Array) -> Array:
        """bool (N,): whether a prim at these points touches nothing."""
        low, high = points + self._own[row, 0], points + self._own[row, 1]
        taken = self._taken[: self._count]
        meets = (low[:, None] < taken[None, :, 1]) & (high[:, None] > taken[None, :, 0])
        free: Array = ~meets.all(axis=2).any(axis=1)
        return free

    def take(self, row: int, point: Array) -> None:
        self._add(self._own[row] + point)


def _around_origin(cache: Any, prim: Any, time: Any) -> Array:
    """float64 (2, 3): world box of a prim moved to the origin; a point where it holds no geometry."""
    box = cache.ComputeUntransformedBound(prim)
    if box.GetRange().IsEmpty():
        return np.zeros((2, 3))
    world = UsdGeom.XformCache(time).GetLocalToWorldTransform(prim)
    world.SetTranslateOnly(Gf.Vec3d(0.0))
    box.Transform(world)
    aligned = box.ComputeAlignedRange()
    return np.array([aligned.GetMin(), aligned.GetMax()])
