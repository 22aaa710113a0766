"""A scene and its buffers drawn by hand: rectangles in front of one another, an image that is not square.

What is seen is computed here pixel by pixel, by nothing that the payloads use.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from framepress.headless.buffers import Buffers
from framepress.headless.payloads import Shot
from framepress.headless.scene import Entity, Geometry, Lens, Placement, Scene, SceneCamera, Skeleton

WIDTH, HEIGHT = 24, 14
FOCAL, APERTURE = 18.0, 20.0
FX = FOCAL * WIDTH / APERTURE

ENTITIES = (
    Entity("/World/Car", {"class": ("Car",)}, {}, -1, True),
    Entity("/World/Car/Wheel", {"class": ("Wheel",)}, {"class": ("Car",)}, 0, False),
    Entity("/World/Box", {"class": ("Crate", "Box"), "shape": ("Cube",)}, {}, -1, False),
    Entity("/World/Hidden", {"class": ("Toy",)}, {}, -1, False),
    Entity("/World/Out", {"class": ("Toy",)}, {}, -1, False),
    Entity("/World/Other", {"shape": ("Cube",), "class": ("Box", "Crate")}, {}, -1, False),
)
# Leaf, entity, rectangle x0 y0 x1 y1 (half-open), depth. The floor fills the lower half, behind all.
DRAWN = (
    ("/World/Car/Body", 0, (3, 2, 9, 7), 5.0),
    ("/World/Car/Wheel/Mesh", 1, (7, 6, 12, 9), 4.0),
    ("/World/Box/Mesh", 2, (14, 3, 20, 11), 3.0),
    ("/World/Hidden/Mesh", 3, (15, 5, 18, 8), 6.0),
    ("/World/Out/Mesh", 4, None, 0.0),
    ("/World/Other/Mesh", 5, (18, 8, 30, 12), 4.5),
    ("/World/Floor", -1, (0, 10, 24, 14), 8.0),
)
PATHS = tuple(leaf[0] for leaf in DRAWN)


def box_of(mask: np.ndarray) -> tuple[int, int, int, int]:
    """Inclusive; of an empty mask one whose end is before its start."""
    y, x = np.nonzero(mask)
    return (int(x.min()), int(y.min()), int(x.max()), int(y.max())) if len(x) else (0, 0, -1, -1)


def whole(path: str) -> np.ndarray:
    """bool (H, W): the pixels that a leaf would cover alone."""
    mask = np.zeros((HEIGHT, WIDTH), bool)
    rectangle = next(leaf[2] for leaf in DRAWN if leaf[0] == path)
    if rectangle is not None:
        x0, y0, x1, y1 = rectangle
        mask[y0:y1, x0:x1] = True
    return mask


def visible(*paths: str) -> np.ndarray:
    """bool (H, W): the pixels on which one of these leaves is the nearest."""
    return np.isin(nearest()[0], [PATHS.index(path) for path in paths])


def nearest() -> tuple[np.ndarray, np.ndarray]:
    """Leaf and depth seen at each pixel; -1 and +inf where there is none."""
    leaf, depth = np.full((HEIGHT, WIDTH), -1, np.int32), np.full((HEIGHT, WIDTH), np.inf, np.float32)
    for row, (path, _, _, far) in enumerate(DRAWN):
        closer = whole(path) & (far < depth)
        leaf[closer], depth[closer] = row, far
    return leaf, depth


def rays() -> np.ndarray:
    """float64 (H, W, 3): x right, y down, z = 1 through each pixel's centre."""
    u, v = np.meshgrid(np.arange(WIDTH) + 0.5, np.arange(HEIGHT) + 0.5)
    return np.stack(((u - WIDTH / 2) / FX, (v - HEIGHT / 2) / FX, np.ones_like(u)), axis=-1)


def camera(**changes: Any) -> SceneCamera:
    """At (1, -6, 2), looking along +y, z up."""
    view = np.linalg.inv(np.array([[1, 0, 0, 0], [0, 0, 1, 0], [0, -1, 0, 0], [1, -6, 2, 1]], np.float64))
    lens = Lens("pinhole", WIDTH, HEIGHT, FX, FX, WIDTH / 2, HEIGHT / 2, (), 0.1, 1000.0)
    attributes = {
        "focalLength": FOCAL,
        "horizontalAperture": APERTURE,
        "verticalAperture": 15.25,
        "horizontalApertureOffset": 0.0,
        "verticalApertureOffset": 0.0,
        "focusDistance": 400.0,
        "fStop": 0.0,
    }
    return SceneCamera("/World/Camera", replace(lens, **changes), view, attributes)


def placed(number: int) -> np.ndarray:
    """A labelled prim's local to world: turned, scaled by 2, 1, 0.5, two units apart, some before the camera."""
    matrix = np.eye(4)
    matrix[:3, :3] = np.diag((2.0, 1.0, 0.5)) @ np.array([[0.6, 0.8, 0], [-0.8, 0.6, 0], [0, 0, 1]])
    matrix[3, :3] = (1 + 0.1 * number, -1 + number, 2)
    return matrix


def scene(**changes: Any) -> Scene:
    matrices = np.stack([placed(row) for row in range(len(ENTITIES))])
    matrices[4, 3, :3] = (1, -60, 2)  # behind the camera
    bounds = np.tile(np.array([[-0.5, -0.25, 0], [0.5, 0.25, 1]]), (len(ENTITIES), 1, 1))
    triangle = Geometry(
        np.zeros((3, 3), np.float32), np.array([[0, 1, 2]], np.int32), None, None, np.zeros(1, np.int32)
    )
    made = Scene(
        meters_per_unit=1.0,
        up_axis="Z",
        geometries=(triangle,),
        placements=tuple(Placement(path, 0, (0,), entity) for path, entity, _, _ in DRAWN),
        matrices=np.tile(np.eye(4), (len(DRAWN), 1, 1)),
        visible=np.ones(len(DRAWN), bool),
        entities=ENTITIES,
        entity_matrices=matrices,
        entity_bounds=bounds,
        materials=(),
        textures=(),
        lights=(),
    )
    return replace(made, **changes)


def buffers(**changes: Any) -> Buffers:
    leaf, depth = nearest()
    entity_of = np.array([drawn[1] for drawn in DRAWN] + [-1], np.int32)
    entity = entity_of[leaf]
    leaves = [[drawn[0] for drawn in DRAWN if drawn[1] == row] for row in range(len(ENTITIES))]
    seen = [visible(*paths) for paths in leaves]
    covered = [np.any([whole(path) for path in paths], axis=0) for paths in leaves]
    rng = np.random.default_rng(5)
    hit = leaf >= 0
    normals = np.zeros((HEIGHT, WIDTH, 4), np.float32)
    normals[hit] = (0, -1, 0, 0)
    motion = np.zeros((HEIGHT, WIDTH, 4), np.float32)
    motion[..., :2] = rng.normal(size=(HEIGHT, WIDTH, 2))
    made = Buffers(
        placement=leaf,
        entity=entity,
        depth=depth,
        distance=(depth * np.linalg.norm(rays(), axis=-1)).astype(np.float32),
        rgba=rng.integers(0, 256, (HEIGHT, WIDTH, 4), np.uint8),
        normals=normals,
        motion=motion,
        visible_count=np.array([mask.sum() for mask in seen], np.int64),
        visible_box=np.array([box_of(mask) for mask in seen], np.int32),
        amodal_count=np.array([mask.sum() for mask in covered], np.int64),
        amodal_box=np.array([box_of(mask) for mask in covered], np.int32),
    )
    return replace(made, **changes)


def shot(**changes: Any) -> Shot:
    return replace(Shot(scene(), camera(), buffers(), reference_time=(7, 60)), **changes)


def skeleton(*joints: tuple[float, float, float], root: str = "/World/Man", entity: int = -1) -> Skeleton:
    """A chain of joints at these world positions; the skeleton itself is at (1, 0, 0), its joints not turned."""
    world = np.tile(np.eye(4), (len(joints), 1, 1))
    world[:, 3, :3] = joints
    local = world.copy()
    local[1:, 3, :3] -= world[:-1, 3, :3]
    local[0, 3, :3] -= (1, 0, 0)
    return Skeleton(
        path=f"{root}/Skel",
        root=root,
        entity=entity,
        joints=tuple("/".join(f"j{i}" for i in range(n + 1)) for n in range(len(joints))),
        parents=np.arange(-1, len(joints) - 1, dtype=np.int32),
        matrices=world,
        local=local,
        rest_local=local * 1.0,
        bind=world,
    )
