"""Real USD of others, drawn by the stand-in and cast by Embree: which leaf a pixel shows, how far, what each covers.

The scenes are the USD working group's: a chess set with instancers of pawns, vehicles on a centimetre stage, teapots,
and a thousand spheres in native instances and instancers.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("pxr", reason="stages need usd-core")
from pxr import Usd, UsdGeom

from framepress.core.arrays import Array
from framepress.headless.buffers import Passes
from headless.embree_of_usd import Leaf, Witness, leaves_of, owner_of, triangles_of
from headless.staging import box_of, camera, opened, product, seen, with_lens
from headless.witness_of_solids import INSCRIBED, Eye, Solid, cast

CHESS = "OpenChessSet/chess_set_semantics.usda"
VEHICLES = "Vehicles/vehicles_legacy_semantics.usda"
TEAPOT = "Teapot/Teapot.usd"
TEAPOTS = "Teapot/DrawModes.usd"
SPHERES = "simpleAsset/scenes/simpleAssetScene.usd"
BENT = (0.01, -0.002, 0.0005, -0.0001)


class Opened:
    """One of the scenes: its host, its leaves, and how large it is."""

    def __init__(self, shared: Path, name: str) -> None:
        path = shared / "usd-wg-assets" / name
        if not path.is_file():
            pytest.skip(f"the USD working group's assets are not at {path.parent}")
        self.stage = Usd.Stage.Open(str(path))
        self.stage.SetEditTarget(self.stage.GetSessionLayer())  # files are open once a process: they stay as they are
        self.host = opened(self.stage)
        self.time = self.host.time
        self.leaves = leaves_of(self.stage, self.time)
        bounds = UsdGeom.BBoxCache(self.time, ["default", "render"]).ComputeWorldBound(self.stage.GetPseudoRoot())
        extent = bounds.ComputeAlignedRange()
        self.low, self.high = np.array(extent.GetMin()), np.array(extent.GetMax())

    @property
    def radius(self) -> float:
        return float(np.linalg.norm(self.high - self.low) / 2)

    @property
    def centre(self) -> Array:
        return np.asarray((self.low + self.high) / 2)

    def leaves_below(self, path: str) -> list[Leaf]:
        return [leaf for leaf in self.leaves if f"{leaf.source}/".startswith(f"{path}/")]

    def eye(self, number: int, size_wh: tuple[int, int], model: str) -> tuple[Any, Eye]:
        """A render product of a random camera above the scene, sometimes in its midst; and the witness of its lens."""
        rng = np.random.default_rng([11, number])
        away = rng.normal(size=3)
        away[1] = abs(away[1]) * 0.6 + 0.1  # all of these scenes have y up
        place = self.centre + away / np.linalg.norm(away) * self.radius * rng.uniform(0.3, 1.2)
        target = 0.4 * rng.uniform(self.low, self.high) + 0.6 * self.centre
        return self.looking(f"/Eye_{number}", place, target, size_wh, model, rng.uniform(14, 30))

    def looking(
        self, path: str, place: Array, target: Array, size_wh: tuple[int, int], model: str, focal: float = 18.0
    ) -> tuple[Any, Eye]:
        near = 1e-4 * self.radius
        prim = camera(self.stage, path, place, target, focal=focal, near=near, up=(0, 1, 0))
        width, height = size_wh
        fx = prim.GetFocalLengthAttr().Get() * width / prim.GetHorizontalApertureAttr().Get()
        K, coefficients = np.array([[fx, 0, width / 2], [0, fx, height / 2], [0, 0, 1]]), ()
        if model == "opencvFisheye":
            values = np.array([width / 2.6, width / 2.7, width / 2 + 5, height / 2 - 4], np.float32).astype(float)
            K = np.array([[values[0], 0, values[2]], [0, values[1], values[3]], [0, 0, 1]])
            coefficients = tuple(np.array(BENT, np.float32).astype(float))
            names = ("fx", "fy", "cx", "cy", "k1", "k2", "k3", "k4")
            with_lens(prim, model, size_wh, **dict(zip(names, [*values, *coefficients], strict=True)))
        world = np.array(prim.ComputeLocalToWorldTransform(self.time))
        view = np.linalg.inv(world) @ np.diag([1.0, -1.0, -1.0, 1.0])
        return product(prim, size_wh), Eye(view, K, model, coefficients, size_wh, near)


@pytest.fixture
def scene(request: pytest.FixtureRequest, shared: Path) -> Opened:
    return Opened(shared, request.param)


def named(segmentation: dict[str, Any]) -> Array:
    ids, names = segmentation["data"], segmentation["idToLabels"]
    return np.array([names.get(k, "") for k in range(int(ids.max()) + 1)], object)[ids]


def compared(scene: Opened, numbers: range, size_wh: tuple[int, int]) -> tuple[int, int, int]:
    """Pixels, those that show another leaf than Embree meets, and those of another distance by 1e-4 of it."""
    pixels = others = depths = 0
    for number in numbers:
        model = ("pinhole", "opencvFisheye")[number % 2]
        seen_by, eye = scene.eye(number, size_wh, model)
        frame = seen(seen_by, "instance_id_segmentation_fast", "distance_to_camera")
        which, distance = Witness(scene.leaves, eye, scene.time).cast()
        expected = np.array([*(leaf.path for leaf in scene.leaves), "BACKGROUND"], object)[which]
        same = named(frame["instance_id_segmentation_fast"]) == expected
        both = same & (which >= 0)
        pixels += same.size
        others += int((~same).sum())
        depths += int((np.abs(frame["distance_to_camera"]["data"][both] / distance[both] - 1) > 1e-4).sum())
        assert both.mean() > 0.02
    return pixels, others, depths


@pytest.mark.parametrize(
    ("scene", "first"), [(CHESS, 0), (VEHICLES, 1), (VEHICLES, 2), (TEAPOT, 3), (TEAPOTS, 4)], indirect=["scene"]
)
def test_a_camera_sees_what_embree_sees(scene: Opened, first: int) -> None:
    pixels, others, depths = compared(scene, range(first, first + 1), (320, 180))
    assert pixels == 320 * 180
    assert others + depths <= 1


@pytest.mark.slow
def test_twenty_cameras_see_what_embree_sees(shared: Path) -> None:
    """5 million pixels of four scenes, through pinholes and fisheyes: at most one in a million shows another leaf."""
    pixels = others = depths = 0
    for first, (name, count) in enumerate([(CHESS, 6), (VEHICLES, 6), (TEAPOT, 4), (TEAPOTS, 4)]):
        found = compared(Opened(shared, name), range(10 * first + 10, 10 * first + 10 + count), (672, 378))
        pixels, others, depths = pixels + found[0], others + found[1], depths + found[2]
    assert pixels > 5_000_000
    assert others <= pixels // 1_000_000
    assert depths == 0


def covered(scene: Opened, seen_by: Any, eye: Eye, paths: list[str]) -> None:
    """What the stand-in counts of some labelled prims, seen and alone, against Embree with one prim at a time."""
    shot = scene.host.capture({seen_by.path: Passes(amodal=True)})[seen_by.path]
    labelled = labels_of(scene.stage)
    owners = [owner_of(leaf, labelled) for leaf in scene.leaves]
    everything, _ = Witness(scene.leaves, eye, scene.time).cast()
    rows = {entity.path: row for row, entity in enumerate(shot.scene.entities)}
    assert set(rows) == set(labelled)
    alone_pixels = off = 0
    for path in paths:
        mine = [row for row, owner in enumerate(owners) if owner == path]
        alone, _ = Witness([scene.leaves[row] for row in mine], eye, scene.time).cast()
        count, row = int((alone >= 0).sum()), rows[path]
        alone_pixels += count
        off += abs(count - int(shot.buffers.amodal_count[row]))
        off += abs(int(np.isin(everything, mine).sum()) - int(shot.buffers.visible_count[row]))
        if count and count == shot.buffers.amodal_count[row]:
            assert shot.buffers.amodal_box[row].tolist() == box_of(alone >= 0)
    assert alone_pixels > 5000
    assert off <= 1


@pytest.mark.parametrize("model", ["pinhole", "opencvFisheye"])
@pytest.mark.parametrize("scene", [VEHICLES], indirect=True)
def test_vehicles_cover_what_embree_finds_of_each_alone(scene: Opened, model: str) -> None:
    place = scene.centre + np.array([300, 350, 900])
    seen_by, eye = scene.looking("/Eye", place, scene.centre, (320, 180), model)
    covered(scene, seen_by, eye, list(labels_of(scene.stage)))


@pytest.mark.slow
@pytest.mark.parametrize("model", ["pinhole", "opencvFisheye"])
@pytest.mark.parametrize("scene", [CHESS], indirect=True)
def test_chessmen_cover_what_embree_finds_of_each_alone(scene: Opened, model: str) -> None:
    place = scene.centre + np.array([0.1, 0.25, 0.45])
    seen_by, eye = scene.looking("/Eye", place, scene.centre, (672, 378), model)
    covered(scene, seen_by, eye, [path for path in labels_of(scene.stage) if path.count("/") > 2])


def labels_of(stage: Usd.Stage) -> dict[str, dict[str, tuple[str, ...]]]:
    """Path -> taxonomy -> labels, of both schemas, read by the names of their attributes."""
    found: dict[str, dict[str, tuple[str, ...]]] = {}
    for prim in stage.Traverse(Usd.TraverseInstanceProxies()):
        for attribute in prim.GetAuthoredAttributes():
            name = attribute.GetName()
            if name.startswith("semantics:labels:"):
                found.setdefault(str(prim.GetPath()), {})[name.rpartition(":")[2]] = tuple(attribute.Get())
            elif name.endswith(":params:semanticType"):
                label = prim.GetAttribute(name.removesuffix("Type") + "Data").Get()
                found.setdefault(str(prim.GetPath()), {})[attribute.Get()] = (label,)
    return found


@pytest.mark.parametrize(("scene", "count"), [(CHESS, 21), (VEHICLES, 10)], indirect=["scene"])
def test_every_labelled_prim_is_accounted_for(scene: Opened, count: int) -> None:
    """Each has a 3D box and its labels; a tight box too, unless Embree sees no pixel of it."""
    labelled = labels_of(scene.stage)
    assert len(labelled) == count
    towards = np.array([0.35, 0.5, 0.75]) * scene.radius * (0.35 if count == 10 else 1.3)
    seen_by, eye = scene.looking("/Eye", scene.centre + towards, scene.centre, (320, 180), "pinhole")
    frame = seen(seen_by, "bounding_box_3d_360", "bounding_box_2d_tight_fast", "bounding_box_2d_loose_fast")
    solid, tight, loose = frame.values()
    assert sorted(solid["primPaths"]) == sorted(labelled)
    for value in (solid, tight, loose):
        for path, row in zip(value["primPaths"], value["data"], strict=True):
            told = {kind: set(text.split(",")) for kind, text in value["idToLabels"][int(row["semanticId"])].items()}
            assert told == with_inherited(labelled, path)
    which, _ = Witness(scene.leaves, eye, scene.time).cast()
    for path in labelled:
        mine = [row for row, leaf in enumerate(scene.leaves) if f"{leaf.source}/".startswith(f"{path}/")]
        pixels = np.isin(which, mine)
        assert (path in tight["primPaths"]) == bool(pixels.any()), path
        if pixels.any():
            row = tight["data"][tight["primPaths"].index(path)]
            assert [int(row[name]) for name in ("x_min", "y_min", "x_max", "y_max")] == box_of(pixels)
            assert path in loose["primPaths"]
    assert len(tight["primPaths"]) > count / 2


def with_inherited(labelled: dict[str, dict[str, tuple[str, ...]]], path: str) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for above, labels in labelled.items():
        if f"{path}/".startswith(f"{above}/"):
            for kind, texts in labels.items():
                found.setdefault(kind, set()).update(text.lower() for text in texts)
    return found


@pytest.mark.parametrize("scene", [CHESS, VEHICLES], indirect=True)
def test_3d_boxes_hold_exactly_the_points_of_the_prims(scene: Opened) -> None:
    seen_by, _ = scene.eye(0, (64, 36), "pinhole")
    solid = seen(seen_by, "bounding_box_3d_360")["bounding_box_3d_360"]
    for path, row in zip(solid["primPaths"], solid["data"], strict=True):
        to_world = np.array(UsdGeom.Xformable(scene.stage.GetPrimAtPath(path)).ComputeLocalToWorldTransform(scene.time))
        np.testing.assert_allclose(row["transform"], to_world, rtol=1e-6, atol=1e-6)
        points = np.concatenate([local_points(leaf, to_world, scene.time) for leaf in scene.leaves_below(path)])
        found = np.array([[row[f"{axis}_{end}"] for axis in "xyz"] for end in ("min", "max")])
        np.testing.assert_allclose(found, [points.min(0), points.max(0)], rtol=1e-5, atol=1e-6 * scene.radius)


def local_points(leaf: Leaf, to_world: Array, time: Usd.TimeCode) -> Array:
    points, triangles = triangles_of(leaf.prim, time)
    matrix = leaf.matrix @ np.linalg.inv(to_world)
    return np.asarray(points[np.unique(triangles)] @ matrix[:3, :3] + matrix[3, :3])


@pytest.mark.parametrize("scene", [SPHERES], indirect=True)
def test_a_thousand_instanced_spheres_are_where_algebra_puts_them(scene: Opened) -> None:
    assert len(scene.leaves) == 1000
    radius = [UsdGeom.Sphere(leaf.prim).GetRadiusAttr().Get(scene.time) for leaf in scene.leaves]
    solids = [
        Solid(leaf.path, "ball", np.diag([size, size, size, 1.0]) @ leaf.matrix)
        for leaf, size in zip(scene.leaves, radius, strict=True)
    ]
    seen_by, eye = scene.looking("/Eye", scene.centre + np.array([60, 50, 70]), scene.centre, (96, 54), "pinhole")
    names = named(seen(seen_by, "instance_id_segmentation_fast")["instance_id_segmentation_fast"])
    (wide, _), (narrow, _) = cast(solids, eye), cast(solids, eye, INSCRIBED)
    expected = np.array([*(solid.path for solid in solids), "BACKGROUND"], object)[wide]
    certain = wide == narrow
    assert (names == expected)[certain].all()
    assert certain.mean() > 0.9
    assert len(np.unique(wide)) > 20
