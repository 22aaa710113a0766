"""A class has a colour where the stage gives all of its surfaces one; USD's linear numbers become sRGB bytes."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("pxr", reason="stages need usd-core")
from pxr import Gf, Sdf, Usd, UsdGeom, UsdShade, Vt

from framepress.replicator.labels import labels_of_stage

LINEAR = (0.2158605, 0.0, 1.0)
"""What IEC 61966-2-1 makes of 128, 0 and 255 of 255."""
SRGB = (128, 0, 255)
RED = (255, 0, 0)


class Stage:
    """Two cubes of one class below a labelled Xform, and how they are coloured."""

    def __init__(self) -> None:
        self.stage = Usd.Stage.CreateInMemory()
        self.top = UsdGeom.Xform.Define(self.stage, "/Crate").GetPrim()
        self.top.AddAppliedSchema("SemanticsLabelsAPI:class")
        self.top.CreateAttribute("semantics:labels:class", Sdf.ValueTypeNames.TokenArray).Set(["crate"])
        self.cubes = [UsdGeom.Cube.Define(self.stage, f"/Crate/{name}").GetPrim() for name in ("A", "B")]

    def paint(self, prim: Any, *colours: tuple[float, float, float]) -> Any:
        primvar = UsdGeom.PrimvarsAPI(prim).CreatePrimvar("displayColor", Sdf.ValueTypeNames.Color3fArray)
        primvar.Set(Vt.Vec3fArray([Gf.Vec3f(*colour) for colour in colours]))
        return primvar

    def bind(self, name: str, source: str, to: Any, **inputs: Any) -> UsdShade.Shader:
        """A material by the id of its shader, or by the MDL file that it is in."""
        material = UsdShade.Material.Define(self.stage, f"/Looks/{name}")
        shader = UsdShade.Shader.Define(self.stage, f"/Looks/{name}/Shader")
        mdl = source.endswith(".mdl")
        if mdl:
            shader.SetSourceAsset(source, "mdl")
        else:
            shader.CreateIdAttr(source)
        for key, value in inputs.items():
            kind = Sdf.ValueTypeNames.Asset if isinstance(value, str) else Sdf.ValueTypeNames.Color3f
            shader.CreateInput(key, kind).Set(value)
        output = material.CreateSurfaceOutput(*(("mdl",) if mdl else ()))
        output.ConnectToSource(shader.ConnectableAPI(), "surface")
        UsdShade.MaterialBindingAPI.Apply(to).Bind(material)
        return shader

    @property
    def colour(self) -> tuple[int, int, int] | None:
        labels = labels_of_stage(self.stage, "here")
        assert labels is not None
        return labels.labels[labels.code("crate")].colour


def test_a_display_colour_above_all_surfaces_is_the_classes() -> None:
    made = Stage()
    assert made.colour is None
    made.paint(made.top, LINEAR)
    assert made.colour == SRGB


def test_a_display_colour_of_one_of_two_surfaces_is_nobodys() -> None:
    made = Stage()
    made.paint(made.cubes[0], LINEAR)
    assert made.colour is None
    made.paint(made.cubes[1], LINEAR, LINEAR)
    assert made.colour == SRGB
    made.paint(made.cubes[1], (1, 0, 0))
    assert made.colour is None
    made.paint(made.cubes[1], LINEAR, (1, 0, 0))
    assert made.colour is None


def test_a_display_colour_that_changes_in_time_is_no_classes() -> None:
    made = Stage()
    primvar = made.paint(made.top, LINEAR)
    for time, red in enumerate((0.0, 1.0)):
        primvar.Set(Vt.Vec3fArray([Gf.Vec3f(red, 0, 0)]), time)
    assert made.colour is None


def test_the_ids_of_a_display_colour_are_followed() -> None:
    made = Stage()
    primvar = made.paint(made.top, (1, 0, 0), LINEAR)
    primvar.SetIndices(Vt.IntArray([1]))
    assert made.colour == SRGB


def test_colours_of_things_with_labels_of_their_own_are_theirs() -> None:
    made = Stage()
    made.paint(made.top, LINEAR)
    inner = UsdGeom.Cube.Define(made.stage, "/Crate/Lid").GetPrim()
    made.paint(inner, (1, 0, 0))
    assert made.colour is None
    inner.AddAppliedSchema("SemanticsLabelsAPI:class")
    inner.CreateAttribute("semantics:labels:class", Sdf.ValueTypeNames.TokenArray).Set(["lid"])
    assert made.colour == SRGB
    labels = labels_of_stage(made.stage, "here")
    assert labels is not None
    assert labels.labels[labels.code("lid")].colour == RED


@pytest.mark.parametrize("purpose", ["guide", "proxy"])
def test_what_is_not_drawn_has_no_say(purpose: str) -> None:
    made = Stage()
    made.paint(made.top, LINEAR)
    hull = UsdGeom.Cube.Define(made.stage, "/Crate/Hull")
    made.paint(hull.GetPrim(), (1, 0, 0))
    hull.CreatePurposeAttr(purpose)
    assert made.colour == SRGB


@pytest.mark.parametrize(
    ("source", "name"),
    [("UsdPreviewSurface", "diffuseColor"), ("OmniPBR.mdl", "diffuse_color_constant"), ("Own.mdl", "base_color")],
)
def test_the_number_of_a_material_is_the_colour_where_no_display_colour_is(source: str, name: str) -> None:
    made = Stage()
    made.bind("Paint", source, made.top, **{name: Gf.Vec3f(*LINEAR)})
    assert made.colour == SRGB
    made.paint(made.top, (1, 0, 0))
    assert made.colour == RED


def test_a_material_on_one_of_two_surfaces_is_nobodys() -> None:
    made = Stage()
    made.bind("Paint", "UsdPreviewSurface", made.cubes[0], diffuseColor=Gf.Vec3f(*LINEAR))
    assert made.colour is None


def test_a_surface_in_parts_with_materials_of_their_own_has_no_colour() -> None:
    made = Stage()
    made.bind("Paint", "UsdPreviewSurface", made.top, diffuseColor=Gf.Vec3f(*LINEAR))
    mesh = UsdGeom.Mesh.Define(made.stage, "/Crate/Lid")
    assert made.colour == SRGB
    part = UsdGeom.Subset.CreateGeomSubset(mesh, "Rim", UsdGeom.Tokens.face, [0], "materialBind")
    made.bind("Rim", "UsdPreviewSurface", part.GetPrim(), diffuseColor=Gf.Vec3f(1, 0, 0))
    assert made.colour is None


def test_instances_have_the_colour_that_is_inside_them() -> None:
    made = Stage()
    made.bind("Paint", "UsdPreviewSurface", made.top, diffuseColor=Gf.Vec3f(*LINEAR))
    for name in ("One", "Two"):
        again = made.stage.DefinePrim(f"/{name}")
        again.GetReferences().AddInternalReference("/Crate")
        again.SetInstanceable(True)
    assert made.colour == SRGB
    made.paint(made.stage.GetPrimAtPath("/Two"), (1, 0, 0))
    assert made.colour == SRGB  # not all have it, so that the material tells


def test_a_tint_is_part_of_the_colour() -> None:
    made = Stage()
    whole, half = Gf.Vec3f(1, 1, 1), Gf.Vec3f(*LINEAR)
    made.bind("Paint", "OmniPBR.mdl", made.top, diffuse_color_constant=whole, diffuse_tint=half)
    assert made.colour == SRGB


def test_a_texture_is_no_colour() -> None:
    made = Stage()
    made.bind("Paint", "OmniPBR.mdl", made.cubes[0], diffuse_color_constant=Gf.Vec3f(*LINEAR), diffuse_texture="a.png")
    made.bind("Same", "OmniPBR.mdl", made.cubes[1], diffuse_color_constant=Gf.Vec3f(*LINEAR))
    assert made.colour is None
    wood = made.bind("Wood", "UsdPreviewSurface", made.top)
    for cube in made.cubes:
        UsdShade.MaterialBindingAPI(cube).UnbindAllBindings()
    picture = UsdShade.Shader.Define(made.stage, "/Looks/Wood/Picture")
    picture.CreateIdAttr("UsdUVTexture")
    picture.CreateOutput("rgb", Sdf.ValueTypeNames.Color3f).Set(Gf.Vec3f(*LINEAR))
    wood.CreateInput("diffuseColor", Sdf.ValueTypeNames.Color3f).ConnectToSource(picture.ConnectableAPI(), "rgb")
    assert made.colour is None


def test_numbers_that_are_sRGB_already_are_taken_as_they_are() -> None:
    made = Stage()
    made.paint(made.top, (128 / 255, 0, 1)).GetAttr().SetColorSpace("sRGB")
    assert made.colour == SRGB


@pytest.mark.parametrize(
    ("linear", "expected"), [((4.0, -1.0, 1.0), (255, 0, 255)), ((float("nan"), 0.0, 0.0), None)], ids=["far", "nan"]
)
def test_a_colour_out_of_range_is_the_nearest_that_bytes_can_tell(linear: Any, expected: Any) -> None:
    made = Stage()
    made.paint(made.top, linear)
    assert made.colour == expected
