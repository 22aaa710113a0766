"""Where things are scattered, how they are turned, what they look like."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pxr import Sdf, Usd, UsdGeom, UsdShade
from recorded import box, frame, position, prims, session, world

from framepress.errors import InputError, OptionError
from framepress.headless import rep


def places(item: Any) -> np.ndarray:
    return np.array([position(prim) for prim in prims(item)])


def turned_plane(**arguments: Any) -> tuple[Any, np.ndarray]:
    """A plane that is moved, turned and stretched; and its world matrix."""
    plane = rep.create.plane(position=(3, -2, 5), rotation=(20, 30, 40), scale=(4, 6, 1), **arguments)
    return plane, world(prims(plane)[0])


def test_things_are_scattered_on_the_surface_and_inside_of_its_border() -> None:
    session()
    plane, matrix = turned_plane()
    cubes = rep.create.cube(count=300, scale=0.1)
    with cubes:
        rep.randomizer.scatter_2d(plane)
    local = np.c_[places(cubes), np.ones(300)] @ np.linalg.inv(matrix)
    assert np.abs(local[:, 2]).max() < 1e-9
    assert np.abs(local[:, :2]).max() <= 0.5
    for column in local[:, :2].T:  # evenly: a third of them in each third
        counts, _ = np.histogram(column, bins=3, range=(-0.5, 0.5))
        assert ((counts - 100) ** 2 / 100).sum() < 13.8  # chi square, 2 degrees of freedom, 0.1 %


def test_an_offset_is_along_the_normal() -> None:
    session()
    plane, matrix = turned_plane()
    normal = matrix[2, :3] / np.linalg.norm(matrix[2, :3])
    cubes = rep.create.cube(count=20)
    with cubes:
        rep.randomizer.scatter_2d(plane, offset=0.25)
    assert np.allclose((places(cubes) - matrix[3, :3]) @ normal, 0.25)


def test_area_counts_not_the_number_of_facets() -> None:
    session()
    wide, narrow = rep.create.plane(scale=(3, 1, 1)), rep.create.plane(position=(100, 0, 0))
    cubes = rep.create.cube(count=400)
    with cubes:
        rep.randomizer.scatter_2d([wide, narrow])
    assert abs((places(cubes)[:, 0] < 50).mean() - 0.75) < 0.08


@pytest.mark.parametrize("kind", ["sphere", "cylinder", "cone", "cube", "plane"])
def test_usds_own_shapes_are_surfaces_too(kind: str) -> None:
    session(up="Y")
    shape = getattr(rep.create, kind)(as_mesh=False, scale=10)
    cubes = rep.create.cube(count=50)
    with cubes:
        rep.randomizer.scatter_2d(shape)
    found, bounds = places(cubes), box(prims(shape)[0])
    assert (found >= bounds[0] - 1e-6).all()
    assert (found <= bounds[1] + 1e-6).all()
    if kind == "sphere":
        assert np.allclose(np.linalg.norm(found, axis=1), 5, atol=0.02)
    if kind == "plane":
        assert np.abs(found[:, 1]).max() < 1e-9


def test_no_two_boxes_touch_that_are_kept_apart() -> None:
    session()
    plane, obstacle = rep.create.plane(scale=8), rep.create.cube(position=(1, 1, 0), scale=2)
    things = rep.create.group([rep.create.cube(count=12, scale=0.7, rotation=(10, 20, 30)), rep.create.cone(count=6)])
    with things:
        rep.randomizer.scatter_2d(plane, no_coll_prims=obstacle, check_for_collisions=True)
    boxes = [box(prim) for prim in [*prims(things), *prims(obstacle)]]
    for row, one in enumerate(boxes):
        for other in boxes[:row]:
            assert not ((one[0] < other[1] - 1e-9) & (one[1] > other[0] + 1e-9)).all()


def test_a_surface_that_is_too_small_is_said_so() -> None:
    session()
    cubes = rep.create.cube(count=9)
    with cubes, pytest.raises(OptionError, match=r"no free place for prim \d of the group"):
        rep.randomizer.scatter_2d(rep.create.plane(), check_for_collisions=True)


def test_positions_stay_in_the_region_asked_for() -> None:
    session()
    cubes = rep.create.cube(count=40)
    with cubes:
        rep.randomizer.scatter_2d(rep.create.plane(scale=10), min_samp=(1, None, None), max_samp=(2, 3, None))
    found = places(cubes)
    assert (found[:, 0] >= 1).all()
    assert (found[:, :2] <= [2, 3]).all()
    assert found[:, 1].min() < 0
    with cubes, pytest.raises(OptionError, match="no free place"):
        rep.randomizer.scatter_2d(rep.create.plane(), min_samp=(50, None, None))


def test_what_has_no_surface_is_named() -> None:
    session()
    with rep.create.cube(), pytest.raises(InputError, match=r"/Replicator/Xform_Xform has no surface"):
        rep.randomizer.scatter_2d(rep.create.xform())


def test_things_are_scattered_in_volumes_and_out_of_others() -> None:
    session()
    ball = rep.create.sphere(scale=4)
    core = rep.create.sphere(scale=2)
    torus = rep.create.torus(position=(10, 0, 0))
    cubes = rep.create.cube(count=200)
    with cubes:
        rep.randomizer.scatter_3d([ball, torus], volume_excl_prims=core)
    found = places(cubes)
    in_ball = np.linalg.norm(found, axis=1) <= 2
    assert (np.linalg.norm(found[in_ball], axis=1) >= 0.99).all()
    ring = found[~in_ball] - [10, 0, 0]
    tube = np.hypot(np.hypot(ring[:, 0], ring[:, 1]) - 0.5, ring[:, 2])
    assert len(ring) > 0
    assert (tube <= 0.25).all()
    expected = (4 / 3 * np.pi * (8 - 1)) / (4 / 3 * np.pi * 7 + 2 * np.pi**2 * 0.5 * 0.0625)
    assert abs(in_ball.mean() - expected) < 0.04
    with cubes, pytest.raises(OptionError, match="hardly any"):
        rep.randomizer.scatter_3d(rep.create.cube(), volume_excl_prims=rep.create.cube(scale=2))


def test_turns_are_even_over_all_orientations() -> None:
    session()
    cubes = rep.create.xform(count=1500)
    with cubes:
        rep.randomizer.rotation()
    axes = np.array([world(prim)[:3, :3] for prim in prims(cubes)])
    for row in range(3):
        for column in range(3):  # each entry of an even rotation is uniform in -1..1
            counts, _ = np.histogram(axes[:, row, column], bins=10, range=(-1, 1))
            assert ((counts - 150) ** 2 / 150).sum() < 27.9
    angle = np.degrees(np.arccos(np.clip((np.trace(axes, axis1=1, axis2=2) - 1) / 2, -1, 1)))
    assert abs(angle.mean() - (90 + 360 / np.pi**2)) < 4  # of the even measure: pi/2 + 2/pi


def test_turns_stay_within_their_limits() -> None:
    session()
    cubes = rep.create.cube(count=200)
    with cubes:
        rep.randomizer.rotation(min_angle=(0, -30, 90), max_angle=(0, 120, 100))
    found = np.array([prim.GetAttribute("xformOp:rotateXYZ").Get() for prim in prims(cubes)])
    assert (found >= np.array([0, -30, 90]) - 1e-9).all()
    assert (found <= np.array([0, 120, 100]) + 1e-9).all()
    assert found[:, 1].min() < -15
    assert found[:, 1].max() > 95


def diffuse(prim: Any) -> tuple[float, ...]:
    material = UsdShade.MaterialBindingAPI(prim).ComputeBoundMaterial()[0]
    return tuple(material.ComputeSurfaceSource()[0].GetInput("diffuseColor").Get())


def test_every_prim_gets_a_colour_of_its_own_anew_at_each_firing() -> None:
    host = session()
    cubes = rep.create.cube(count=4)
    with rep.trigger.on_frame(), cubes:
        rep.randomizer.color(rep.distribution.uniform((0.1, 0.2, 0.3), (0.2, 0.4, 0.6)))
    seen = set()
    for _ in range(3):
        frame(host)
        colors = [diffuse(prim.GetChildren()[0]) for prim in prims(cubes)]
        assert all(
            low - 1e-6 <= entry <= 2 * low + 1e-6
            for color in colors
            for low, entry in zip((0.1, 0.2, 0.3), color, strict=True)
        )
        seen |= set(colors)
    assert len(seen) == 12
    assert len(host.stage.GetPrimAtPath("/Replicator/Looks").GetChildren()) == 4


def test_a_list_of_colours_is_picked_from() -> None:
    session()
    cubes = rep.create.cube(count=60)
    with cubes:
        rep.randomizer.color([(1, 0, 0), (0, 1, 0)])
    counts = Counter(diffuse(prim) for prim in prims(cubes))
    assert set(counts) == {(1, 0, 0), (0, 1, 0)}
    assert min(counts.values()) > 15


@pytest.mark.parametrize("one", [(0.5, 0.25, 1.0), [0.5, 0.25, 1.0], np.array([0.5, 0.25, 1.0])])
def test_one_colour_is_for_all(one: Any) -> None:
    session()
    cubes = rep.create.cube(count=3)
    with cubes:
        rep.randomizer.color(one)
    assert {diffuse(prim) for prim in prims(cubes)} == {(0.5, 0.25, 1.0)}
    with cubes:
        rep.randomizer.color(np.array([[0.0, 0.0, 1.0]]))
    assert {diffuse(prim) for prim in prims(cubes)} == {(0, 0, 1)}
    with rep.create.xform(), pytest.raises(InputError, match="no mesh or shape"):
        rep.randomizer.color(one, per_sub_mesh=True)


def test_parts_are_coloured_one_by_one_if_asked() -> None:
    host = session()
    cube = rep.create.cube()
    mesh = prims(cube)[0].GetChildren()[0]
    rep.create.sphere(parent=cube)
    UsdGeom.Subset.CreateGeomSubset(UsdGeom.Mesh(mesh), "top", "face", [5], "materialBind")
    with cube:
        rep.randomizer.color(rep.distribution.uniform((0, 0, 0), (1, 1, 1)), per_sub_mesh=True)
    top = host.stage.GetPrimAtPath(mesh.GetPath().AppendChild("top"))
    sphere = prims(cube)[0].GetChildren()[1].GetChildren()[0]
    assert diffuse(top) != diffuse(sphere)


def test_textures_are_laid_on_as_asked(tmp_path: Path) -> None:
    session()
    files = []
    for name in ("a.png", "b.png"):
        files.append(str(tmp_path / name))
        Path(files[-1]).write_bytes(b"")
    cubes = rep.create.cube(count=20)
    with cubes:
        rep.randomizer.texture(files, texture_scale=2.0, texture_rotate=rep.distribution.uniform(0, 90))
    chosen = set()
    for prim in prims(cubes):
        surface, _, _ = UsdShade.MaterialBindingAPI(prim).ComputeBoundMaterial()[0].ComputeSurfaceSource()
        texture = UsdShade.Shader(surface.GetInput("diffuseColor").GetConnectedSources()[0][0].source)
        chosen.add(texture.GetInput("file").Get().path)
        transform = UsdShade.Shader(texture.GetInput("st").GetConnectedSources()[0][0].source)
        assert transform.GetIdAttr().Get() == "UsdTransform2d"
        assert tuple(transform.GetInput("scale").Get()) == (2, 2)
        assert 0 <= transform.GetInput("rotation").Get() <= 90
    assert chosen == set(files)
    with cubes, pytest.raises(InputError, match=r"missing\.png"):
        rep.randomizer.texture([str(tmp_path / "missing.png")])


def test_materials_are_picked_for_each_prim() -> None:
    host = session()
    looks = rep.create.material_omnipbr(count=3)
    cubes = rep.create.cube(count=90)
    with rep.trigger.on_frame(), cubes:
        rep.randomizer.materials(looks)
    bound = []
    for _ in range(2):
        frame(host)
        bound.append([str(UsdShade.MaterialBindingAPI(p).ComputeBoundMaterial()[0].GetPath()) for p in prims(cubes)])
    assert bound[0] != bound[1]
    assert min(Counter(bound[0]).values()) > 12
    assert len(set(bound[0])) == 3


def test_mdl_files_are_bound_and_named_as_not_drawn() -> None:
    host = session()
    cubes = rep.create.cube(count=2)
    with cubes:
        rep.randomizer.materials(["omniverse://server/Brick.mdl"])
        rep.randomizer.materials(["omniverse://server/Brick.mdl"])
    material = UsdShade.MaterialBindingAPI(prims(cubes)[0]).ComputeBoundMaterial()[0]
    assert str(material.GetPath()) == "/Replicator/Looks/Brick"
    assert sum("Brick.mdl" in finding for finding in host.findings) == 1


@pytest.fixture
def assets(tmp_path: Path) -> list[str]:
    files = []
    for name, kind in (("a", UsdGeom.Cube), ("b", UsdGeom.Sphere), ("c", UsdGeom.Cone)):
        stage = Usd.Stage.CreateNew(str(tmp_path / f"{name}.usda"))
        stage.SetDefaultPrim(kind.Define(stage, "/Root").GetPrim())
        stage.Save()
        files.append(str(tmp_path / f"{name}.usda"))
    return files


@pytest.mark.parametrize("mode", ["scene_instance", "reference"])
def test_places_hold_another_asset_at_each_firing(assets: list[str], mode: Any) -> None:
    host = session()
    with rep.trigger.on_frame():
        item = rep.randomizer.instantiate(assets, 30, weights=[1, 2, 0], mode=mode, semantics=[("class", "thing")])
        with item:
            rep.modify.pose(position=rep.distribution.uniform((0, 0, 0), (1, 1, 1)))
    seen = []
    for _ in range(2):
        frame(host)
        inner = [prim.GetChildren()[0] for prim in prims(item)]
        seen.append([str(prim.GetTypeName()) for prim in inner])
        assert all(prim.IsInstance() == (mode == "scene_instance") for prim in inner)
        assert len(np.unique(places(item)[:, 0])) == 30
    assert seen[0] != seen[1]
    assert set(seen[0]) == {"Cube", "Sphere"}


def test_points_of_an_instancer_are_posed_like_prims(assets: list[str]) -> None:
    host = session()
    with rep.trigger.on_frame():
        item = rep.randomizer.instantiate(assets, 12, mode="point_instance")
        with item:
            rep.modify.pose(
                position=rep.distribution.uniform((0, 0, 1), (1, 1, 2)), rotation=(0, 0, 90), scale=(1, 2, 3)
            )
    frame(host)
    (prim,) = prims(item)
    instancer = UsdGeom.PointInstancer(prim)
    matrices = np.array(instancer.ComputeInstanceTransformsAtTime(Usd.TimeCode.Default(), Usd.TimeCode.Default()))
    assert matrices.shape == (12, 4, 4)
    assert np.allclose(matrices[:, :3, :3], [[0, 1, 0], [-2, 0, 0], [0, 0, 3]], atol=1e-6)
    assert (matrices[:, 3, :3] >= [0, 0, 1]).all()
    assert (matrices[:, 3, :3] <= [1, 1, 2]).all()
    assert set(instancer.GetProtoIndicesAttr().Get()) == {0, 1, 2}
    with item, pytest.raises(OptionError, match="point instancer"):
        rep.modify.visibility(False)


def test_prims_of_the_stage_can_be_instantiated_too() -> None:
    session()
    shapes = rep.create.group([rep.create.cube(), rep.create.sphere()])
    item = rep.randomizer.instantiate([shapes, "/Replicator/Cube_Xform"], 5, mode="reference", with_replacements=True)
    assert all(prim.GetChildren()[0].GetChildren() for prim in prims(item))


def test_instances_that_cannot_be_are_refused(assets: list[str], tmp_path: Path) -> None:
    session()
    with pytest.raises(OptionError, match="mode 'copy'"):
        rep.randomizer.instantiate(assets, 3, mode="copy")
    with pytest.raises(OptionError, match="size 0"):
        rep.randomizer.instantiate(assets, 0)
    with pytest.raises(InputError, match=r"none\.usd"):
        rep.randomizer.instantiate([str(tmp_path / "none.usd")], 3)
    with pytest.raises(OptionError, match="without replacement"):
        rep.randomizer.instantiate(assets, 4, with_replacements=False)
    broken = tmp_path / "broken.usda"
    broken.write_text("no usd at all")
    with pytest.raises(InputError, match=r"broken\.usda is no USD file"):
        rep.create.from_usd(str(broken))
    headless = Sdf.Layer.CreateNew(str(tmp_path / "two.usda"))
    for name in ("A", "B"):
        Sdf.CreatePrimInLayer(headless, f"/{name}").specifier = Sdf.SpecifierDef
    headless.Save()
    with pytest.raises(InputError, match="no default prim and 2 root prims"):
        rep.create.from_usd(str(tmp_path / "two.usda"))


def test_scattering_again_with_the_same_seed_gives_the_same_places() -> None:
    def run(seed: int | None) -> list[list[float]]:
        session(seed=1 if seed is None else 2)
        rep.distribution.uniform(0, 1)
        cubes = rep.create.cube(count=5, scale=0.1)
        with cubes:
            rep.randomizer.scatter_2d(rep.create.plane(), seed=seed, check_for_collisions=True)
        return places(cubes).tolist()

    assert run(9) == run(9) != run(8)
    assert run(None) == run(None) != run(9)
