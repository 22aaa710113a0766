"""Small scenes as values: boxes, spheres and sheets, placed, labelled and looked at."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from framepress.core.arrays import Array
from framepress.headless.scene import (
    Entity,
    Geometry,
    Lens,
    LensModel,
    Light,
    Material,
    Placement,
    Scene,
    SceneCamera,
    Texture,
)

__all__ = [
    "Part",
    "box",
    "camera_at",
    "lens_of",
    "moved",
    "pinhole",
    "scene_of",
    "sheet",
    "soup",
    "sphere",
]

PLAIN = Material("/Looks/Plain", diffuse=(0.5, 0.5, 0.5))


@dataclass(frozen=True, eq=False)
class Part:
    """A geometry somewhere, labelled with `label` (None = unlabelled); parts of one label and `path` are one entity.

    Args: matrix: float64 (4, 4), local to world, row vectors; None = the identity.
    """

    geometry: Geometry
    matrix: Array | None = None
    label: str | None = "thing"
    path: str | None = None
    materials: tuple[int, ...] = (0,)


def geometry(
    points: Array,
    triangles: Array,
    normals: Array | None = None,
    uvs: Array | None = None,
    subsets: Array | None = None,
) -> Geometry:
    """A `Geometry`, in the dtypes that it has."""
    triangles = np.asarray(triangles, np.int32).reshape(-1, 3)
    return Geometry(
        np.asarray(points, np.float32).reshape(-1, 3),
        triangles,
        None if normals is None else np.asarray(normals, np.float32),
        None if uvs is None else np.asarray(uvs, np.float32),
        np.zeros(len(triangles), np.int32) if subsets is None else np.asarray(subsets, np.int32),
    )


def box(size: tuple[float, float, float] = (1, 1, 1)) -> Geometry:
    """About the origin, 12 triangles, facets; each face has the whole of uv."""
    corners = np.array([(x, y, z) for x in (-0.5, 0.5) for y in (-0.5, 0.5) for z in (-0.5, 0.5)]) * size
    faces = [(0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3)]
    triangles = [t for a, b, c, d in faces for t in ((a, b, c), (a, c, d))]
    uvs = np.tile(np.array([[(0, 0), (1, 0), (1, 1)], [(0, 0), (1, 1), (0, 1)]]), (6, 1, 1))
    return geometry(corners, np.array(triangles), uvs=uvs)


def sheet(width: float = 1, height: float = 1, cells: int = 1) -> Geometry:
    """In the plane z = 0 about the origin, facing +z; uv from its lower left corner."""
    steps = np.linspace(0, 1, cells + 1)
    u, v = (grid.ravel() for grid in np.meshgrid(steps, steps))
    points = np.stack([(u - 0.5) * width, (v - 0.5) * height, np.zeros_like(u)], axis=1)
    first = (np.arange(cells)[:, None] * (cells + 1) + np.arange(cells)).ravel()
    lower = np.stack([first, first + 1, first + cells + 2], axis=1)
    upper = np.stack([first, first + cells + 2, first + cells + 1], axis=1)
    triangles = np.concatenate([lower, upper])
    return geometry(points, triangles, uvs=np.stack([u, v], axis=1)[triangles])


def sphere(radius: float = 1, segments: int = 24, smooth: bool = True) -> Geometry:
    """About the origin, poles on z; with the normals of a true sphere if `smooth`."""
    theta = np.linspace(0, math.pi, segments // 2 + 1)[:, None]
    phi = np.linspace(0, 2 * math.pi, segments, endpoint=False)
    units = np.stack([np.sin(theta) * np.cos(phi), np.sin(theta) * np.sin(phi), np.cos(theta) + 0 * phi], axis=-1)
    row, column = (grid.ravel() for grid in np.mgrid[: segments // 2, :segments])
    a, b = row * segments + column, row * segments + (column + 1) % segments
    triangles = np.concatenate([np.stack([a, a + segments, b + segments], 1), np.stack([a, b + segments, b], 1)])
    points = units.reshape(-1, 3)
    return geometry(points * radius, triangles, points[triangles] if smooth else None)


def soup(rng: np.random.Generator, triangles: int, size: float = 0.2, spread: float = 1.0) -> Geometry:
    """Triangles of about `size`, each with points of its own, anywhere within `spread` of the origin."""
    centres = rng.uniform(-spread, spread, (triangles, 1, 3))
    points = centres + rng.normal(0, size, (triangles, 3, 3))
    return geometry(points, np.arange(3 * triangles))


def moved(
    at: Sequence[float] = (0, 0, 0), turn: Sequence[float] = (0, 0, 0), scale: float | Sequence[float] = 1.0
) -> Array:
    """Row-vector matrix: first the scale, then the turns about x, y, z [degrees], then the way to `at`."""
    matrix = np.diag([*np.broadcast_to(scale, 3), 1.0])
    for axis, degrees in enumerate(turn):
        cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
        rotation = np.eye(4)
        i, j = (axis + 1) % 3, (axis + 2) % 3
        rotation[i, i] = rotation[j, j] = cos
        rotation[i, j], rotation[j, i] = sin, -sin
        matrix = matrix @ rotation
    matrix[3, :3] = at
    return matrix


def scene_of(
    parts: Sequence[Part],
    *,
    materials: tuple[Material, ...] = (PLAIN,),
    textures: tuple[Texture, ...] = (),
    lights: tuple[Light, ...] = (),
    up_axis: str = "Z",
) -> Scene:
    """A scene of `parts`, in this order: placement k is part k, at `/World/Part_k`."""
    geometries = list({id(part.geometry): part.geometry for part in parts}.values())
    row_of = {id(shape): row for row, shape in enumerate(geometries)}
    entities: dict[tuple[str, str], Entity] = {}
    placements = []
    for k, part in enumerate(parts):
        path = part.path or f"/World/Part_{k}"
        entity = -1
        if part.label is not None:
            entities.setdefault((path, part.label), Entity(path, {"class": (part.label,)}, {}, -1, False))
            entity = list(entities).index((path, part.label))
        name = path if part.path is None else f"{path}/Leaf_{k}"
        placements.append(Placement(name, row_of[id(part.geometry)], part.materials, entity))
    matrices = np.array([np.eye(4) if part.matrix is None else part.matrix for part in parts]).reshape(-1, 4, 4)
    first = [next(k for k, p in enumerate(placements) if p.entity == e) for e in range(len(entities))]
    bounds = [_bounds(parts[k].geometry) for k in first]
    return Scene(
        meters_per_unit=1.0,
        up_axis="Y" if up_axis == "Y" else "Z",
        geometries=tuple(geometries),
        placements=tuple(placements),
        matrices=matrices,
        visible=np.ones(len(parts), bool),
        entities=tuple(entities.values()),
        entity_matrices=matrices[first].reshape(-1, 4, 4),
        entity_bounds=np.asarray(bounds, np.float64).reshape(-1, 2, 3),
        materials=materials,
        textures=textures,
        lights=lights,
    )


def _bounds(shape: Geometry) -> Array:
    if not len(shape.triangles):
        return np.full((2, 3), np.nan)
    points = shape.points[shape.triangles.ravel()]
    return np.stack([points.min(axis=0), points.max(axis=0)])


def lens_of(
    model: LensModel = "pinhole",
    size_wh: tuple[int, int] = (160, 90),
    focal: float = 140.0,
    coefficients: tuple[float, ...] = (),
    near: float = 0.01,
    far: float = 1e6,
    max_theta: float = math.pi / 2,
    centre: tuple[float, float] | None = None,
) -> Lens:
    """Args: focal: px, of both axes. centre: px; None = the image's."""
    width, height = size_wh
    cx, cy = centre or (width / 2, height / 2)
    return Lens(model, width, height, focal, focal, cx, cy, coefficients, near, far, max_theta)


def pinhole(size_wh: tuple[int, int] = (160, 90), focal: float = 140.0, near: float = 0.01, far: float = 1e6) -> Lens:
    return lens_of("pinhole", size_wh, focal, near=near, far=far)


def camera_at(
    eye: Sequence[float],
    target: Sequence[float] = (0, 0, 0),
    lens: Lens | None = None,
    up: Sequence[float] = (0, 0, 1),
    path: str = "/World/Camera",
) -> SceneCamera:
    """At `eye`, looking at `target`."""
    back = np.asarray(eye, float) - np.asarray(target, float)
    back /= np.linalg.norm(back)
    right = np.cross(up, back)
    right /= np.linalg.norm(right)
    world = np.eye(4)
    world[:3, :3] = np.stack([right, np.cross(back, right), back])
    world[3, :3] = eye
    return SceneCamera(path, lens or pinhole(), np.linalg.inv(world))
