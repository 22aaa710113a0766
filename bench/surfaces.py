"""Shapes and pictures for `stage.py`: closed surfaces over a grid, and tiles of noise, all made from numbers."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

Array = np.ndarray
TURN = 2 * np.pi

Surface = Callable[[Array, Array], Array]
"""u, v in 0..1 -> points (..., 3)."""


def grid(surface: Surface, across: int, along: int) -> tuple[Array, Array, Array, Array]:
    """Points float32 (P, 3), quads int32 (Q, 4), uvs float32 (P, 2), unit normals float32 (P, 3), outwards."""
    u, v = np.meshgrid(np.linspace(0, 1, across + 1), np.linspace(0, 1, along + 1), indexing="ij")
    points = surface(u, v).reshape(-1, 3)
    corner = np.arange(points.shape[0]).reshape(across + 1, along + 1)
    quads = np.stack([corner[:-1, :-1], corner[1:, :-1], corner[1:, 1:], corner[:-1, 1:]], axis=-1).reshape(-1, 4)
    across_quads = np.cross(points[quads[:, 2]] - points[quads[:, 0]], points[quads[:, 3]] - points[quads[:, 1]])
    normals = np.zeros_like(points)
    for side in range(4):
        np.add.at(normals, quads[:, side], across_quads)
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12)
    uvs = np.stack([u, v], axis=-1).reshape(-1, 2)
    return points.astype(np.float32), quads.astype(np.int32), uvs.astype(np.float32), normals.astype(np.float32)


def globe(u: Array, v: Array) -> Array:
    """Unit directions, from the south pole up."""
    around, ring = TURN * u, np.sin(np.pi * v)
    return np.stack([np.cos(around) * ring, np.sin(around) * ring, -np.cos(np.pi * v)], axis=-1)


def boulder(rng: np.random.Generator) -> Surface:
    waves, phases, heights = rng.normal(0, 2.4, (5, 3)), rng.uniform(0, TURN, 5), rng.uniform(0.02, 0.1, 5)

    def at(u: Array, v: Array) -> Array:
        way = globe(u, v)
        return 0.5 * way * (1 + np.sin(way @ waves.T + phases) @ heights)[..., None]

    return at


def ring(rng: np.random.Generator) -> Surface:
    thick = rng.uniform(0.06, 0.16)

    def at(u: Array, v: Array) -> Array:
        radius = 0.36 + thick * np.cos(TURN * v)
        return np.stack([radius * np.cos(TURN * u), radius * np.sin(TURN * u), thick * np.sin(TURN * v)], axis=-1)

    return at


def hose(rng: np.random.Generator) -> Surface:
    """A tube along a knotted line."""
    turns, thick = int(rng.integers(3, 6)), rng.uniform(0.04, 0.07)

    def line(t: Array) -> Array:
        away = 0.3 + 0.12 * np.cos(turns * t)
        return np.stack([away * np.cos(2 * t), away * np.sin(2 * t), 0.15 * np.sin(turns * t)], axis=-1)

    return tube(line, lambda _: np.asarray(thick))


def coil(rng: np.random.Generator) -> Surface:
    turns, thick = rng.uniform(3, 6), rng.uniform(0.04, 0.06)

    def line(t: Array) -> Array:
        around = turns * t
        return np.stack([0.3 * np.cos(around), 0.3 * np.sin(around), t / TURN - 0.5], axis=-1)

    return tube(line, lambda _: np.asarray(thick))


def tube(line: Callable[[Array], Array], thickness: Callable[[Array], Array]) -> Surface:
    """Along `line(t)`, t = 0..2 pi."""

    def at(u: Array, v: Array) -> Array:
        t = TURN * u
        ahead = line(t + 1e-4) - line(t - 1e-4)
        ahead /= np.linalg.norm(ahead, axis=-1, keepdims=True)
        aside = np.cross(ahead, (0.31, 0.17, 0.93))
        aside /= np.linalg.norm(aside, axis=-1, keepdims=True)
        above = np.cross(ahead, aside)
        around = TURN * v[..., None]
        return line(t) + thickness(u)[..., None] * (np.cos(around) * aside + np.sin(around) * above)

    return at


def jar(rng: np.random.Generator) -> Surface:
    radii = np.concatenate([[0.001], rng.uniform(0.15, 0.42, 5), [0.001]])

    def at(u: Array, v: Array) -> Array:
        radius = np.interp(v, (0, 0.02, 0.25, 0.5, 0.75, 0.98, 1), radii)
        return np.stack([radius * np.cos(TURN * u), radius * np.sin(TURN * u), v - 0.5], axis=-1)

    return at


def block(rng: np.random.Generator) -> Surface:
    """Between a ball and a box."""
    power = rng.uniform(0.2, 0.7)

    def at(u: Array, v: Array) -> Array:
        way = globe(u, v)
        return 0.5 * np.sign(way) * np.abs(way) ** power

    return at


def cog(rng: np.random.Generator) -> Surface:
    teeth = int(rng.integers(7, 20))

    def at(u: Array, v: Array) -> Array:
        radius = np.interp(v, (0, 0.2, 0.25, 0.75, 0.8, 1), (0.08, 1, 1, 1, 1, 0.08))
        radius = radius * (0.4 + 0.06 * np.tanh(5 * np.sin(teeth * TURN * u)))
        height = np.interp(v, (0, 0.25, 0.75, 1), (-0.12, -0.12, 0.12, 0.12))
        return np.stack([radius * np.cos(TURN * u), radius * np.sin(TURN * u), height], axis=-1)

    return at


SHAPES: dict[str, Callable[[np.random.Generator], Surface]] = {
    "boulder": boulder,
    "ring": ring,
    "hose": hose,
    "jar": jar,
    "block": block,
    "cog": cog,
    "coil": coil,
}


def sheet(corner: Sequence[float], across: Sequence[float], along: Sequence[float]) -> Surface:
    start, u_way, v_way = (np.asarray(point, float) for point in (corner, across, along))
    return lambda u, v: start + u[..., None] * u_way + v[..., None] * v_way


def noise(size: int, rng: np.random.Generator) -> Array:
    """float64 (size, size) in 0..1 that tiles: seven octaves of a smoothed lattice."""
    total, weight, weights = np.zeros((size, size)), 1.0, 0.0
    place = np.arange(size) / size
    for octave in range(7):
        cells = 4 << octave
        lattice = rng.random((cells, cells))
        first = (place * cells).astype(int)
        part = place * cells - first
        part = part * part * (3 - 2 * part)
        after = (first + 1) % cells
        rows = lattice[first] * (1 - part)[:, None] + lattice[after] * part[:, None]
        total += weight * (rows[:, first] * (1 - part) + rows[:, after] * part)
        weights += weight
        weight *= 0.55
    return total / weights


def tile(number: int, size: int) -> Array:
    """uint8 (size, size, 3): bricks, flags, checks, stripes, rings of wood or blotches, in colours of their own."""
    rng = np.random.default_rng([11, number])
    rough = noise(size, rng)
    x, y = np.meshgrid(*[np.arange(size) / size] * 2)
    # Paint is bright on things alone: floor and walls, the first two, are grey.
    first, second = rng.uniform(0.1, 0.9, (2, 3)) if number > 1 else ((0.42, 0.4, 0.36), (0.55, 0.54, 0.5))
    brick_row = np.floor(16 * y)
    patterns = [
        ((8 * x) % 1 < 0.03) | ((8 * y) % 1 < 0.03),
        ((8 * x + brick_row % 2 / 2) % 1 < 0.05) | ((16 * y) % 1 < 0.1),
        (np.floor(12 * x) + np.floor(12 * y)) % 2 > 0,
        (10 * x + 4 * y) % 1 < 0.5,
        np.sin(TURN * (6 * x + 3 * rough)) > 0.3,
        rough > 0.52,
    ]
    painted = patterns[number % len(patterns)][..., None]
    picture = np.where(painted, np.asarray(first), np.asarray(second)) * (0.7 + 0.6 * rough[..., None])
    return (255 * np.clip(picture, 0, 1)).astype(np.uint8)


def leaves(size: int) -> Array:
    """uint8 (size, size, 4): green, opaque where one of many leaves lies."""
    rng = np.random.default_rng(12)
    x, y = np.meshgrid(*[np.arange(size) / size] * 2)
    covered = np.zeros((size, size), bool)
    for at_x, at_y, angle in rng.random((70, 3)) * (1, 1, TURN):
        ahead = (x - at_x) * np.cos(angle) + (y - at_y) * np.sin(angle)
        aside = (y - at_y) * np.cos(angle) - (x - at_x) * np.sin(angle)
        covered |= (ahead / 0.11) ** 2 + (aside / 0.04) ** 2 < 1
    shade = 0.6 + 0.4 * noise(size, rng)
    channels = [0.2 * shade, 0.55 * shade, 0.12 * shade, covered.astype(float)]
    return (255 * np.stack(channels, axis=-1)).astype(np.uint8)


def sky(width: int) -> Array:
    """uint8 (width / 2, width, 3), latitude-longitude, up at the top: blue with clouds over grey ground."""
    clouds = np.clip(4 * noise(width, np.random.default_rng(13))[: width // 2] - 2, 0, 1)
    height = np.linspace(1, -1, width // 2)[:, None]
    above = np.clip(height, 0, 1)[..., None]
    blue = (0.75, 0.85, 1.0) * (1 - above) + (0.2, 0.4, 0.85) * above
    picture = blue + (1 - blue) * (clouds * np.clip(3 * height, 0, 1))[..., None]
    picture = np.where(height[..., None] > 0, picture, (0.25, 0.23, 0.2))
    return (255 * np.clip(picture, 0, 1)).astype(np.uint8)
