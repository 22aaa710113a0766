"""UsdLux lights as radiances, poses and sizes."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

Usd = pytest.importorskip("pxr.Usd", reason="needs usd-core")
from pxr import Gf, Sdf, UsdGeom, UsdLux  # noqa: E402

from framepress.headless.scene import Light  # noqa: E402
from framepress.headless.usd.lights import LightReader  # noqa: E402
from framepress.headless.usd.textures import TextureFiles  # noqa: E402

NOW = Usd.TimeCode.Default()


@pytest.fixture
def stage() -> Usd.Stage:
    return Usd.Stage.CreateInMemory()


def one(stage: Usd.Stage, time: Usd.TimeCode = NOW) -> Light:
    (light,) = LightReader(stage, TextureFiles()).lights(time)
    return light


def dimensions(prim: Usd.Prim, **inputs: float) -> None:
    for name, value in inputs.items():
        prim.GetAttribute(f"inputs:{name}").Set(value)


def test_intensity_exposure_and_colour_make_the_radiance(stage) -> None:
    light = UsdLux.SphereLight.Define(stage, "/L")
    light.CreateIntensityAttr(3.0)
    light.CreateExposureAttr(2.0)
    light.CreateColorAttr(Gf.Vec3f(1, 0.5, 0.25))
    assert one(stage).color == (12, 6, 3)


def test_values_that_are_not_authored_are_usdlux_fallbacks(stage) -> None:
    UsdLux.DistantLight.Define(stage, "/L")
    light = one(stage)
    assert light.color == (50000, 50000, 50000)
    assert light.size == pytest.approx((0.53, 0))
    assert light.shadow


@pytest.mark.parametrize(
    ("kind", "inputs", "scale", "size", "area"),
    [
        ("SphereLight", {"radius": 0.5}, (2, 2, 2), (1, 0), 4 * math.pi),
        ("RectLight", {"width": 2, "height": 3}, (5, 7, 1), (10, 21), 210),
        ("DiskLight", {"radius": 2}, (3, 3, 9), (6, 0), 36 * math.pi),
        ("CylinderLight", {"radius": 0.5, "length": 3}, (2, 4, 4), (2, 6), 24 * math.pi),
    ],
)
def test_normalised_power_does_not_change_with_the_size_in_the_world(stage, kind, inputs, scale, size, area) -> None:
    light = getattr(UsdLux, kind).Define(stage, "/L")
    dimensions(light.GetPrim(), **inputs)
    UsdGeom.Xformable(light).AddScaleOp().Set(Gf.Vec3f(*scale))
    light.CreateIntensityAttr(100.0)
    assert one(stage).size == pytest.approx(size)
    assert one(stage).color == (100, 100, 100)
    light.CreateNormalizeAttr(True)
    assert one(stage).color == pytest.approx((100 / area,) * 3)
    np.testing.assert_allclose(one(stage).matrix, np.eye(4), atol=1e-15)  # the scale is in the size already


def test_a_normalised_light_without_size_has_a_finite_power(stage) -> None:
    light = UsdLux.SphereLight.Define(stage, "/L")
    light.CreateRadiusAttr(0.0)
    light.CreateNormalizeAttr(True)
    light.CreateIntensityAttr(8.0)
    found = one(stage)
    assert found.color[0] * 4 * math.pi * found.size[0] ** 2 == pytest.approx(8)


def test_a_distant_light_is_an_irradiance_whatever_its_angle(stage) -> None:
    light = UsdLux.DistantLight.Define(stage, "/L")
    light.CreateIntensityAttr(3000.0)
    for normalise in (False, True):
        light.CreateNormalizeAttr(normalise)
        for angle in (0.0, 0.53, 10.0):
            light.CreateAngleAttr(angle)
            assert one(stage).color == (3000,) * 3
            assert one(stage).size == pytest.approx((angle, 0))


def test_a_colour_temperature_colours_only_where_it_is_enabled(stage) -> None:
    light = UsdLux.RectLight.Define(stage, "/L")
    light.CreateIntensityAttr(1.0)
    light.CreateColorTemperatureAttr(2000.0)
    assert one(stage).color == (1, 1, 1)
    light.CreateEnableColorTemperatureAttr(True)
    red, green, blue = one(stage).color
    assert red > green > blue
    assert 0.2126 * red + 0.7152 * green + 0.0722 * blue == pytest.approx(1, abs=1e-5)
    light.GetColorTemperatureAttr().Set(6500.0)
    assert one(stage).color == pytest.approx((1, 1, 1), abs=0.06)


def test_invisible_lights_give_none_and_shadows_can_be_off(stage) -> None:
    UsdLux.SphereLight.Define(stage, "/A")
    UsdLux.SphereLight.Define(stage, "/Group/B")
    UsdGeom.Xform.Define(stage, "/Group").MakeInvisible()
    UsdLux.ShadowAPI.Apply(stage.GetPrimAtPath("/A")).CreateShadowEnableAttr(False)
    assert one(stage).path == "/A"
    assert not one(stage).shadow


def test_a_lights_pose_is_its_prims_at_the_time(stage) -> None:
    UsdGeom.Xform.Define(stage, "/Arm").AddRotateZOp().Set(90)
    light = UsdLux.RectLight.Define(stage, "/Arm/L")
    move = light.AddTranslateOp()
    move.Set(Gf.Vec3d(0, 0, 0), 0)
    move.Set(Gf.Vec3d(2, 0, 4), 10)
    found = one(stage, Usd.TimeCode(5))
    np.testing.assert_allclose(found.matrix[3], (0, 1, 2, 1), atol=1e-12)
    np.testing.assert_allclose(found.matrix[0, :3], (0, 1, 0), atol=1e-12)


def test_older_stages_name_their_inputs_without_prefix(stage) -> None:
    prim = UsdLux.SphereLight.Define(stage, "/L").GetPrim()
    prim.CreateAttribute("intensity", Sdf.ValueTypeNames.Float).Set(7.0)
    prim.CreateAttribute("radius", Sdf.ValueTypeNames.Float).Set(0.25)
    assert one(stage).color == (7, 7, 7)
    assert one(stage).size == (0.25, 0)


def test_a_domes_picture_is_a_texture(stage, tmp_path: Path) -> None:
    Image.new("RGB", (8, 4), (10, 20, 30)).save(tmp_path / "sky.png")
    light = UsdLux.DomeLight.Define(stage, "/Sky")
    light.CreateTextureFileAttr(Sdf.AssetPath(str(tmp_path / "sky.png")))
    files = TextureFiles()
    (found,) = LightReader(stage, files).lights(NOW)
    assert found.kind == "dome"
    assert files.textures[found.texture].pixels.shape == (4, 8, 4)
    assert files.textures[found.texture].srgb
    light.CreateTextureFileAttr(Sdf.AssetPath("nowhere.exr"))
    (found,) = LightReader(stage, files).lights(NOW)
    assert found.texture == -1
    assert "'nowhere.exr' of /Sky" in files.findings[0]


@pytest.mark.parametrize("up", ["Y", "Z"])
def test_a_domes_pole_points_where_the_stage_says(stage, up) -> None:
    UsdGeom.SetStageUpAxis(stage, up)
    world_up = {"Y": (0, 1, 0), "Z": (0, 0, 1)}[up]
    local_up = world_up  # a dome's own axes in a Light have the stage's up at the pole

    def pole() -> np.ndarray:
        return np.array(local_up) @ one(stage).matrix[:3, :3]

    light = UsdLux.DomeLight.Define(stage, "/Sky")
    np.testing.assert_allclose(pole(), world_up, atol=1e-12)
    # UsdLux's own way for stages with z up: its +y, the pole, is turned up.
    light.OrientToStageUpAxis()
    world = np.array(light.ComputeLocalToWorldTransform(NOW))[:3, :3]
    np.testing.assert_allclose(np.array((0, 1, 0)) @ world, world_up, atol=1e-6)
    np.testing.assert_allclose(pole(), world_up, atol=1e-6)
    stage.RemovePrim("/Sky")
    for axis in ("scene", "Y", "Z"):
        dome = UsdLux.DomeLight_1.Define(stage, "/Sky")
        dome.CreatePoleAxisAttr(axis)
        expected = {"scene": world_up, "Y": (0, 1, 0), "Z": (0, 0, 1)}[axis]
        np.testing.assert_allclose(pole(), expected, atol=1e-12)


def test_lights_that_did_not_change_are_the_same_objects(stage) -> None:
    UsdLux.SphereLight.Define(stage, "/A")
    moving = UsdLux.SphereLight.Define(stage, "/B").AddTranslateOp()
    reader = LightReader(stage, TextureFiles())
    first = reader.lights(NOW)
    assert reader.lights(NOW) is first
    moving.Set(Gf.Vec3d(1, 0, 0))
    second = reader.lights(NOW)
    assert second[0] is first[0]
    assert second[1] is not first[1]
    stage.RemovePrim("/A")
    UsdLux.SphereLight.Define(stage, "/C")
    reader.refresh([Sdf.Path("/A"), Sdf.Path("/C")])
    third = reader.lights(NOW)
    assert third[0] is second[1]
    assert third[1].path == "/C"


def test_what_gives_no_light_is_named_once(stage) -> None:
    for name in "AB":
        UsdLux.GeometryLight.Define(stage, f"/{name}")
    UsdLux.SphereLight.Define(stage, "/Bad").CreateIntensityAttr(math.inf)
    UsdLux.SphereLight.Define(stage, "/Lost").AddTranslateOp().Set(Gf.Vec3d(math.nan, 0, 0))
    UsdGeom.PointInstancer.Define(stage, "/Points")
    UsdLux.SphereLight.Define(stage, "/Points/Lamp")
    reader = LightReader(stage, TextureFiles())
    for _ in range(2):
        assert reader.lights(NOW) == ()
    assert len(reader.findings) == 4
    assert any(finding.startswith("/A: a GeometryLight gives no light") for finding in reader.findings)


def test_lights_inside_instances_shine_for_each(stage) -> None:
    UsdLux.SphereLight.Define(stage, "/Lib/Lamp").AddTranslateOp().Set(Gf.Vec3d(0, 0, 1))
    stage.GetPrimAtPath("/Lib").SetSpecifier(Sdf.SpecifierClass)
    for x in (3, 5):
        prim = UsdGeom.Xform.Define(stage, f"/At{x}").GetPrim()
        prim.GetReferences().AddInternalReference("/Lib")
        prim.SetInstanceable(True)
        UsdGeom.Xformable(prim).AddTranslateOp().Set(Gf.Vec3d(x, 0, 0))
    found = LightReader(stage, TextureFiles()).lights(NOW)
    assert [(light.path, light.matrix[3, 0]) for light in found] == [("/At3/Lamp", 3), ("/At5/Lamp", 5)]
