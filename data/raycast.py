"""An exact ray caster over oriented boxes: what each pixel centre of a camera sees, and a picture of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from warehouse import Array, Prim

FOCAL_LENGTH, NEAR, FAR = (np.float32(value) for value in (18.147562, 0.01, 1e7))
APERTURE = np.array((20.955, 15.2908), np.float32)
SKY, GROUND = -1, -2
SUN = np.array((0.42, -0.62, 0.9)) / np.linalg.norm((0.42, -0.62, 0.9))


@dataclass(frozen=True)
class Camera:
    """For row vectors: `view` is world to camera, `projection` camera to clip; camera axes x right, y up."""

    width: int
    height: int
    view: Array
    projection: Array

    @classmethod
    def looking(cls, eye: Sequence[float], target: Sequence[float], size: tuple[int, int]) -> Camera:
        width, height = size
        back = np.subtract(eye, target) / np.linalg.norm(np.subtract(eye, target))
        right = np.cross((0, 0, 1), back) / np.linalg.norm(np.cross((0, 0, 1), back))
        view = np.eye(4)
        view[:3, :3] = np.stack((right, np.cross(back, right), back), axis=1)
        view[3, :3] = -np.asarray(eye) @ view[:3, :3]
        near, far = float(NEAR), float(FAR)
        across = 2 * float(FOCAL_LENGTH) / float(APERTURE[0])
        projection = np.diag((across, across * width / height, near / (far - near), 0.0))
        projection[2, 3], projection[3, 2] = -1.0, near * far / (far - near)  # reversed Z, as RTX has it
        return cls(width, height, view, projection)

    @property
    def eye(self) -> Array:
        return np.asarray(-self.view[3, :3] @ self.view[:3, :3].T)

    def rays(self) -> Array:
        """(H, W, 3) world directions through the pixel centres, of depth 1: eye + depth * ray is the point."""
        x = ((np.arange(self.width) + 0.5) * 2 / self.width - 1) / self.projection[0, 0]
        y = (1 - (np.arange(self.height) + 0.5) * 2 / self.height) / self.projection[1, 1]
        rays = np.stack(np.broadcast_arrays(x[None, :], y[:, None], -1.0), axis=-1)
        return np.asarray(rays @ self.view[:3, :3].T)

    def window(self, points: Array) -> tuple[slice, slice]:
        """Rows and columns that can show the convex hull of world points (N, 3)."""
        clip = np.c_[points, np.ones(len(points))] @ self.view @ self.projection
        if clip[:, 3].min() < 0.05:
            return slice(0, self.height), slice(0, self.width)
        u = (clip[:, 0] / clip[:, 3] + 1) * self.width / 2
        v = (1 - clip[:, 1] / clip[:, 3]) * self.height / 2
        return _between(v, self.height), _between(u, self.width)


def _between(values: Array, limit: int) -> slice:
    first, last = (int(np.clip(end, 0, limit)) for end in (np.floor(values.min()), np.ceil(values.max())))
    return slice(first, last)


def enter(prim: Prim, block: int, origin: Array, direction: Array) -> tuple[Array, Array, Array]:
    """Where rays enter and leave one block (slab method), in units of `direction`, and the axis they enter by.

    A ray misses where the first is not below the second.
    """
    start = origin @ prim.inverse[:3, :3] + prim.inverse[3, :3]
    step = direction @ prim.inverse[:3, :3]
    step = np.where(step == 0, 1e-300, step)
    first, last, entry = np.array(-np.inf), np.array(np.inf), np.array(0)
    for axis in range(3):  # a loop, because numpy reduces a last axis of length 3 slowly
        ends = [(side[block, axis] - start[..., axis]) / step[..., axis] for side in (prim.low, prim.high)]
        near = np.minimum(*ends)
        entry = np.where(near > first, axis, entry)
        first, last = np.maximum(first, near), np.minimum(last, np.maximum(*ends))
    return first, last, entry


def corners(prim: Prim, low: Array, high: Array) -> Array:
    """(8, 3) world corners of a local box."""
    local = np.array([[(low, high)[number >> axis & 1][axis] for axis in range(3)] for number in range(8)])
    return np.asarray(local @ prim.transform[:3, :3] + prim.transform[3, :3])


@dataclass(frozen=True)
class Sight:
    """What each pixel centre of one camera hits: depth [m], prim (or SKY, GROUND), block of the prim, entry axis; and
    `whole`, the pixels that each prim would cover alone."""

    depth: Array
    prim: Array
    block: Array
    axis: Array
    whole: list[Array]


def look(prims: Sequence[Prim], camera: Camera) -> Sight:
    shape = (camera.height, camera.width)
    rays, eye = camera.rays(), camera.eye
    down = rays[..., 2] < 0
    depth = np.where(down, -eye[2] / np.where(down, rays[..., 2], -1.0), np.inf)
    hit = np.where(down, GROUND, SKY).astype(np.int32)
    block_hit, axis_hit = np.zeros(shape, np.int32), np.zeros(shape, np.int32)
    whole = []
    for number, prim in enumerate(prims):
        cover = np.zeros(shape, bool)
        for block in range(len(prim.blocks)):
            window = camera.window(corners(prim, prim.low[block], prim.high[block]))
            first, last, axis = enter(prim, block, eye, rays[window])
            meets = (first < last) & (first > NEAR)
            cover[window] |= meets
            nearer = meets & (first < depth[window])
            for image, value in ((depth, first), (hit, number), (block_hit, block), (axis_hit, axis)):
                image[window] = np.where(nearer, value, image[window])
        whole.append(cover)
    return Sight(depth, hit, block_hit, axis_hit, whole)


def picture(prims: Sequence[Prim], camera: Camera, samples: int) -> Array:
    """uint8 (H, W, 4) RGBA; `samples` squared rays a pixel."""
    fine = Camera(camera.width * samples, camera.height * samples, camera.view, camera.projection)
    sight, rays = look(prims, fine), fine.rays()
    heading = rays / np.linalg.norm(rays, axis=-1, keepdims=True)
    height = np.clip(heading[..., 2:], 0, 1)
    sky = (1 - height**0.5) * np.array((0.62, 0.70, 0.78)) + height**0.5 * np.array((0.12, 0.26, 0.52))
    seen = sight.prim != SKY
    where = fine.eye + rays[seen] * sight.depth[seen][:, None]
    colour, normal = surface(prims, sight, seen, where, heading[seen])
    facing = np.clip(normal @ SUN, 0, None) * ~shaded(prims, where + 1e-4 * normal)
    ambient = 0.24 + 0.12 * normal[:, 2:] + 0.05 * normal[:, :1]
    lit = colour * (ambient * (0.85, 0.95, 1.1) + 1.25 * facing[:, None] * (1.0, 0.93, 0.80))
    haze = 1 - np.exp(-sight.depth[seen] / 80)[:, None]
    image = sky
    image[seen] = lit * (1 - haze) + sky[seen] * haze
    image = image.reshape(camera.height, samples, camera.width, samples, 3).mean((1, 3))
    encoded = np.clip(image, 0, 1) ** (1 / 2.2)
    return np.dstack((np.rint(encoded * 255), np.full(image.shape[:2], 255))).astype(np.uint8)


def surface(prims: Sequence[Prim], sight: Sight, seen: Array, where: Array, heading: Array) -> tuple[Array, Array]:
    """Linear colour and outward unit normal (N, 3) at the points that are seen."""
    colour, normal = np.empty_like(where), np.zeros_like(where)
    hit, block_hit, axis_hit = sight.prim[seen], sight.block[seen], sight.axis[seen]
    ground = hit == GROUND
    colour[ground] = concrete(where[ground])
    normal[ground] = (0, 0, 1)
    for number in np.unique(hit[hit >= 0]):
        rows = np.flatnonzero(hit == number)
        prim = prims[number]
        block, axis = block_hit[rows], axis_hit[rows]
        axes = prim.transform[:3, :3] / np.linalg.norm(prim.transform[:3, :3], axis=1, keepdims=True)
        faced = axes[axis]
        normal[rows] = -np.sign((faced * heading[rows]).sum(-1, keepdims=True)) * faced
        tone = np.array([block[2] for block in prim.blocks])[block]
        local = where[rows] @ prim.inverse[:3, :3] + prim.inverse[3, :3]
        place = (local - prim.low[block]) / (prim.high[block] - prim.low[block])
        rim = np.where(np.arange(3) == axis[:, None], 0.5, np.minimum(place, 1 - place)).min(-1)
        tone = tone * np.where(rim < 0.025, 0.72, 1.0)[:, None]
        if prim.label == "box":
            tape = (np.abs(place[:, 1] - 0.5) < 0.06) & (axis != 1)
            tone = np.where(tape[:, None], (0.60, 0.46, 0.27), tone)
        colour[rows] = tone
    return colour, normal


def concrete(where: Array) -> Array:
    """The floor: slabs of 3 m, mottled, with yellow lines along the aisle."""
    x, y = where[:, 0], where[:, 1]
    mottle = 0.02 * np.sin(2.1 * x + 1.3 * np.sin(0.9 * y)) * np.sin(1.7 * y + 2.3 * np.sin(0.6 * x))
    joint = (np.abs(x % 3 - 1.5) < 0.012) | (np.abs(y % 3 - 1.5) < 0.012)
    grey = (0.24 + mottle) * np.where(joint, 0.6, 1.0)
    line = (np.abs(np.abs(x) - 1.58) < 0.05) & (y > -3) & (y < 9)
    return np.where(line[:, None], (0.72, 0.50, 0.04), grey[:, None] * (1.0, 0.99, 0.96))


def shaded(prims: Sequence[Prim], points: Array) -> Array:
    """bool (N,): something stands between the point and the sun."""
    across = np.linalg.svd(SUN[None])[2][1:].T
    order = np.argsort(points @ across[:, 0])  # so that each block's points are one stretch
    x, y = (points[order] @ across).T
    dark = np.zeros(len(points), bool)
    for prim in prims:
        for block in range(len(prim.blocks)):
            outline = corners(prim, prim.low[block], prim.high[block]) @ across
            (x0, y0), (x1, y1) = outline.min(0), outline.max(0)
            begin, end = np.searchsorted(x, (x0, x1))
            rows = order[begin:end][(y[begin:end] >= y0) & (y[begin:end] <= y1)]
            rows = rows[~dark[rows]]
            first, last, _ = enter(prim, block, points[rows], SUN)
            dark[rows] = (first < last) & (last > 0)
    return dark
