"""`rep.functional`: at once, prims in and prims out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pxr import Gf, Usd, UsdGeom, UsdLux, UsdShade
from recorded import box, forward, position, session, world

from framepress.errors import InputError, OptionError
from framepress.headless import rep
from framepress.headless.rep.refused import NotSupportedError


@pytest.fixture(autouse=True)
def _session() -> None:
    session(release="6.0")


def test_prims_are_made_where_and_as_asked() -> None:
    rep.functional.create.xform(name="World")
    scope = rep.functional.create.scope(name="Things", parent="/World")
    cube = rep.functional.create.cube(
        name="Box", parent=scope, position=(1, 2, 3), rotation=(0, 0, 90), scale=2, semantics={"class": "box"}
    )
    assert str(cube.GetPath()) == "/World/Things/Box"
    assert isinstance(cube, Usd.Prim)
    assert np.allclose(world(cube), [[0, 2, 0, 0], [-2, 0, 0, 0], [0, 0, 2, 0], [1, 2, 3, 1]], atol=1e-12)
    assert list(cube.GetAttribute("semantics:labels:class").Get()) == ["box"]
    again = rep.functional.create.cube(name="Box", parent=scope, as_mesh=False, visible=False)
    assert str(again.GetPath()) == "/World/Things/Box_01"
    assert again.IsA(UsdGeom.Cube)
    assert UsdGeom.Imageable(again).ComputeVisibility() == "invisible"


def test_many_are_made_at_once() -> None:
    cubes = rep.functional.create_batch.cube(
        count=3, name="Box", parent="/", position=[(i, 0, 0) for i in range(3)], semantics={"class": "box"}
    )
    assert [str(prim.GetPath()) for prim in cubes] == ["/Box", "/Box_01", "/Box_02"]
    assert [position(prim)[0] for prim in cubes] == [0, 1, 2]
    assert all(list(prim.GetAttribute("semantics:labels:class").Get()) == ["box"] for prim in cubes)
    assert len(rep.functional.create_batch.camera(count=2, focal_length=10)) == 2


def test_cameras_and_lights() -> None:
    camera = rep.functional.create.camera(
        position=(0, -5, 5), look_at=(0, 0, 0), focal_length=18, clipping_range=(1, 9)
    )
    assert UsdGeom.Camera(camera).GetFocalLengthAttr().Get() == 18
    assert np.allclose(forward(camera), [0, 0.5**0.5, -(0.5**0.5)])
    dome = rep.functional.create.dome_light(intensity=500, rotation=(0, 0, 90))
    assert UsdLux.DomeLight(dome).GetIntensityAttr().Get() == 500
    lamp = rep.functional.create.sphere_light(radius=0.5, color=(1, 0, 0), position=(0, 0, 3))
    assert UsdLux.SphereLight(lamp).GetRadiusAttr().Get() == 0.5
    with pytest.raises(OptionError, match="no radius"):
        rep.functional.create.dome_light(radius=1)
    with pytest.raises(TypeError, match="intensty"):
        rep.functional.create.dome_light(intensty=1)


def test_references_keep_the_pose_that_their_file_has_unless_another_is_given(tmp_path: Path) -> None:
    asset = Usd.Stage.CreateNew(str(tmp_path / "part.usda"))
    root = UsdGeom.Cube.Define(asset, "/Part")
    root.AddTransformOp().Set(Gf.Matrix4d().SetTranslate((0, 0, 7)))
    asset.SetDefaultPrim(root.GetPrim())
    asset.Save()
    kept = rep.functional.create.reference(usd_path=str(tmp_path / "part.usda"), name="Kept")
    assert position(kept).tolist() == [0, 0, 7]
    placed = rep.functional.create.reference(usd_path=str(tmp_path / "part.usda"), position=(1, 1, 1))
    assert position(placed).tolist() == [1, 1, 1]
    copy = rep.functional.create.clone(kept, name="Copy")
    assert np.allclose(box(copy), box(kept))
    with pytest.raises(InputError, match=r"none\.usd"):
        rep.functional.create.reference(usd_path=str(tmp_path / "none.usd"))


def test_materials_by_omnipbrs_own_names_are_drawn() -> None:
    cube = rep.functional.create.cube()
    made = rep.functional.create.material(
        mdl="OmniPBR.mdl", bind_prims=[cube], diffuse_color_constant=(0.1, 0.2, 0.3), reflection_roughness_constant=0.9
    )
    surface, _, _ = UsdShade.MaterialBindingAPI(cube).ComputeBoundMaterial()[0].ComputeSurfaceSource()
    assert tuple(surface.GetInput("diffuseColor").Get()) == pytest.approx((0.1, 0.2, 0.3))
    assert surface.GetInput("roughness").Get() == pytest.approx(0.9)
    other = rep.functional.create.sphere()
    rep.functional.modify.material(other, made)
    assert UsdShade.MaterialBindingAPI(other).ComputeBoundMaterial()[0].GetPath() == made.GetPath()
    with pytest.raises(OptionError, match="'colour'"):
        rep.functional.create.material(colour=(1, 0, 0))


def test_prims_are_modified() -> None:
    cubes = rep.functional.create_batch.cube(count=2)
    rep.functional.modify.pose(cubes, position_value=[(1, 0, 0), (2, 0, 0)], rotation_value=(0, 0, 90), scale_value=3)
    assert [position(prim)[0] for prim in cubes] == [1, 2]
    rep.functional.modify.position(cubes[0], (5, 5, 5))
    rep.functional.modify.scale(cubes, (1, 2, 3))
    assert np.allclose(world(cubes[0]), [[0, 1, 0, 0], [-2, 0, 0, 0], [0, 0, 3, 0], [5, 5, 5, 1]], atol=1e-12)
    rep.functional.modify.pose(cubes[0], look_at_value=(5, 5, 0), look_at_up_axis=(0, 1, 0))
    assert np.allclose(forward(cubes[0]), [0, 0, -1])
    rep.functional.modify.semantics(cubes, {"class": "crate"}, mode="add")
    rep.functional.modify.attribute(cubes, "doubleSided", True)
    assert [list(prim.GetAttribute("semantics:labels:class").Get()) for prim in cubes] == [["crate"]] * 2
    assert all(prim.GetAttribute("doubleSided").Get() for prim in cubes)
    assert tuple(rep.functional.utils.get_world_position(cubes[0])) == (5, 5, 5)


def test_a_generator_of_the_script_decides() -> None:
    def run(seed: int) -> tuple[Any, ...]:
        session(release="6.0")
        rng = rep.rng.ReplicatorRNG(seed=seed)
        cubes = rep.functional.create_batch.cube(count=4, scale=0.1)
        surface = rep.functional.create.plane()
        rep.functional.randomizer.scatter_2d(
            prims=cubes, surface_prims=[surface], check_for_collisions=True, offset=0.05, rng=rng
        )
        rep.functional.randomizer.display_color(cubes, rng=rng)
        places = [tuple(position(prim)) for prim in cubes]
        colors = [tuple(UsdGeom.Gprim(prim).GetDisplayColorAttr().Get()[0]) for prim in cubes]
        assert all(max(abs(x), abs(y)) <= 0.5 and abs(z - 0.05) < 1e-9 for x, y, z in places)
        assert all(0 <= entry <= 1 for color in colors for entry in color)
        return (*places, *colors)

    assert run(1) == run(1) != run(2)
    assert len(set(run(1))) == 8


def test_releases_have_what_they_had() -> None:
    session(release="4.5")
    assert not hasattr(rep.functional, "create")
    session(release="5.1")
    assert hasattr(rep.functional, "create")
    assert hasattr(rep.functional, "modify")
    with pytest.raises(AttributeError, match=r"create_batch.*release 5\.1, only in 6\.0"):
        _ = rep.functional.create_batch
    with pytest.raises(NotSupportedError, match="no lidar"):
        rep.functional.create.omni_lidar(name="lidar")
