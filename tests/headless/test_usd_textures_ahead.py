"""Textures are decoded on threads while meshes are read: nothing about them may differ for it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("pxr", reason="stages need usd-core")
from pxr import Sdf, Usd, UsdGeom, UsdShade

from framepress.headless.usd.materials import MaterialReader
from framepress.headless.usd.reader import StageReader

NAMES = ("first", "second", "grey", "cut short", "absent")


def written(folder: Path) -> None:
    rng = np.random.default_rng(0)
    for name, shape in (("first", (40, 30, 3)), ("second", (20, 60, 4)), ("grey", (8, 9)), ("cut short", (50, 50, 3))):
        Image.fromarray(rng.integers(0, 255, shape, np.uint8)).save(folder / f"{name}.png")
    whole = (folder / "cut short.png").read_bytes()
    (folder / "cut short.png").write_bytes(whole[: len(whole) // 2])


def textured(folder: Path) -> Usd.Stage:
    """A cube for each picture, in a material with it; its colour without it is red."""
    stage = Usd.Stage.CreateInMemory()
    for number, name in enumerate(NAMES):
        material = UsdShade.Material.Define(stage, f"/Looks/look_{number}")
        surface = UsdShade.Shader.Define(stage, f"/Looks/look_{number}/surface")
        surface.CreateIdAttr("UsdPreviewSurface")
        picture = UsdShade.Shader.Define(stage, f"/Looks/look_{number}/picture")
        picture.CreateIdAttr("UsdUVTexture")
        picture.CreateInput("file", Sdf.ValueTypeNames.Asset).Set(str(folder / f"{name}.png"))
        picture.CreateInput("fallback", Sdf.ValueTypeNames.Float4).Set((1, 0, 0, 1))
        diffuse = surface.CreateInput("diffuseColor", Sdf.ValueTypeNames.Color3f)
        diffuse.ConnectToSource(picture.ConnectableAPI(), "rgb")
        material.CreateSurfaceOutput().ConnectToSource(surface.ConnectableAPI(), "surface")
        cube = UsdGeom.Cube.Define(stage, f"/World/cube_{number}")
        UsdShade.MaterialBindingAPI.Apply(cube.GetPrim()).Bind(material)
    return stage


def test_textures_of_a_stage_are_those_that_each_material_alone_would_have(tmp_path: Path) -> None:
    written(tmp_path)
    stage = textured(tmp_path)
    scene = StageReader(stage).read(Usd.TimeCode(0))
    alone = MaterialReader(stage)
    rows = [alone.of(prim, Usd.TimeCode(0)) for prim in stage.GetPrimAtPath("/World").GetChildren()]
    assert [Path(texture.path).stem for texture in scene.textures] == ["first", "second", "grey"]
    for ours, theirs in zip(scene.textures, alone.textures, strict=True):
        assert (ours.path, ours.srgb) == (theirs.path, theirs.srgb)
        np.testing.assert_array_equal(ours.pixels, theirs.pixels)
    by_path = {material.path: material for material in scene.materials}
    assert [by_path[f"/Looks/look_{k}"] for k in range(len(NAMES))] == [alone.materials[row] for row in rows]
    assert by_path["/Looks/look_3"].diffuse == (1, 0, 0)
    assert by_path["/Looks/look_3"].diffuse_texture is None


def test_pictures_that_cannot_be_read_are_named_once_though_they_were_met_twice(tmp_path: Path) -> None:
    written(tmp_path)
    findings = [one for one in StageReader(textured(tmp_path)).read(Usd.TimeCode(0)).findings if "left out" in one]
    assert len(findings) == 2
    assert any("cut short.png" in one for one in findings)
    assert any("absent.png" in one and "no such file" in one for one in findings)
