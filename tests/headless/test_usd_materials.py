"""Materials as they are bound, and what of their shaders is drawn."""

from __future__ import annotations

import math
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

Usd = pytest.importorskip("pxr.Usd", reason="needs usd-core")
from pxr import Gf, Sdf, UsdGeom, UsdShade, UsdUtils, Vt  # noqa: E402

from framepress.headless.scene import Material, TextureUse  # noqa: E402
from framepress.headless.usd.materials import MaterialReader  # noqa: E402

NOW = Usd.TimeCode.Default()
TYPES = Sdf.ValueTypeNames
KINDS = {
    "diffuseColor": TYPES.Color3f,
    "emissiveColor": TYPES.Color3f,
    "file": TYPES.Asset,
    "st": TYPES.Float2,
    "in": TYPES.Float2,
    "translation": TYPES.Float2,
    "varname": TYPES.String,
    "fallback": TYPES.Float4,
    "bias": TYPES.Float4,
    "normal": TYPES.Normal3f,
    "useSpecularWorkflow": TYPES.Int,
    **dict.fromkeys(("wrapS", "wrapT", "sourceColorSpace"), TYPES.Token),
}


@pytest.fixture
def stage() -> Usd.Stage:
    made = Usd.Stage.CreateInMemory()
    UsdGeom.Cube.Define(made, "/Cube")
    return made


def put(node: UsdShade.Shader, name: str, value: object, kind: Sdf.ValueTypeName | None = None) -> None:
    """Set an input, or connect it to an output."""
    if kind is None and name == "scale":
        kind = TYPES.Float2 if len(value) == 2 else TYPES.Float4
    made = node.CreateInput(name, kind or KINDS.get(name, TYPES.Float))
    if isinstance(value, (UsdShade.Output, UsdShade.Input)):
        made.ConnectToSource(value)
    else:
        made.Set(value)


def shader(stage: Usd.Stage, path: str, kind: str, **inputs: object) -> UsdShade.Shader:
    made = UsdShade.Shader.Define(stage, path)
    made.CreateIdAttr(kind)
    for name, value in inputs.items():
        put(made, name, value)
    return made


def surface(stage: Usd.Stage, path: str = "/Looks/M", **inputs: object) -> UsdShade.Material:
    material = UsdShade.Material.Define(stage, path)
    made = shader(stage, f"{path}/Surface", "UsdPreviewSurface", **inputs)
    material.CreateSurfaceOutput().ConnectToSource(made.CreateOutput("surface", TYPES.Token))
    return material


def texture(
    stage: Usd.Stage, file: object, path: str = "/Looks/T", output: str = "rgb", **inputs: object
) -> UsdShade.Output:
    made = shader(stage, path, "UsdUVTexture", file=Sdf.AssetPath(str(file)), **inputs)
    return made.CreateOutput(output, TYPES.Float3 if output == "rgb" else TYPES.Float)


def bind(stage: Usd.Stage, material: UsdShade.Material, path: str = "/Cube", **options: object) -> None:
    UsdShade.MaterialBindingAPI.Apply(stage.GetPrimAtPath(path)).Bind(material, **options)


def drawn(reader: MaterialReader, stage: Usd.Stage, path: str = "/Cube", time: Usd.TimeCode = NOW) -> Material:
    row = reader.of(stage.GetPrimAtPath(path), time)
    return reader.materials[row]


def read(stage: Usd.Stage, path: str = "/Cube") -> Material:
    return drawn(MaterialReader(stage), stage, path)


def picture(
    path: Path, color: tuple[int, ...] = (200, 100, 50), mode: str = "RGB", size: tuple[int, int] = (6, 4)
) -> Path:
    Image.new(mode, size, color if len(color) > 1 else color[0]).save(path)
    return path


# ---- binding


def test_the_values_of_a_preview_surface_are_read(stage) -> None:
    made = surface(
        stage,
        diffuseColor=Gf.Vec3f(0.5, 0.25, 0.125),
        emissiveColor=Gf.Vec3f(1, 2, 4),
        roughness=0.75,
        metallic=1.0,
        opacity=0.5,
        opacityThreshold=0.25,
    )
    bind(stage, made)
    assert read(stage) == Material(
        "/Looks/M", (0.5, 0.25, 0.125), None, (1, 2, 4), None, 0.75, None, 1.0, None, 0.5, None, 0.25
    )


def test_what_is_not_authored_is_the_specifications_fallback(stage) -> None:
    bind(stage, surface(stage))
    assert read(stage) == Material("/Looks/M", (0.18, 0.18, 0.18), roughness=0.5, metallic=0, opacity=1)


def test_bindings_come_from_parents_collections_and_subsets_as_usd_resolves_them(stage) -> None:
    for name, red in (("A", 1), ("B", 0.5), ("C", 0.25), ("D", 0)):
        surface(stage, f"/Looks/{name}", diffuseColor=Gf.Vec3f(red, 0, 0))
    for path in ("/World/Near", "/World/Far"):
        UsdGeom.Cube.Define(stage, path)
    UsdGeom.Xform.Define(stage, "/World")
    mesh = UsdGeom.Mesh.Define(stage, "/World/Mesh")
    mesh.CreateFaceVertexCountsAttr([3, 3])
    looks = {name: UsdShade.Material.Get(stage, f"/Looks/{name}") for name in "ABCD"}
    bind(stage, looks["A"], "/World")
    bind(stage, looks["B"], "/World/Near")
    collection = Usd.CollectionAPI.Apply(stage.GetPrimAtPath("/World"), "far")
    collection.CreateIncludesRel().SetTargets(["/World/Far"])
    UsdShade.MaterialBindingAPI(stage.GetPrimAtPath("/World")).Bind(collection, looks["C"])
    subset = UsdShade.MaterialBindingAPI.Apply(mesh.GetPrim()).CreateMaterialBindSubset("part", Vt.IntArray([1]))
    bind(stage, looks["D"], str(subset.GetPath()))
    reader = MaterialReader(stage)
    paths = ("/World/Mesh", "/World/Near", "/World/Far", str(subset.GetPath()))
    rows = [reader.of(stage.GetPrimAtPath(path), NOW) for path in paths]
    assert [reader.materials[row].path for row in rows] == [f"/Looks/{name}" for name in "ABCD"]
    assert reader.of(stage.GetPrimAtPath("/World/Mesh"), NOW) == rows[0]
    assert len(reader.materials) == 4


def test_the_full_material_is_taken_before_the_preview_one_if_it_is_known(stage) -> None:
    full, preview = surface(stage, "/Looks/Full"), surface(stage, "/Looks/Preview")
    bind(stage, preview, materialPurpose=UsdShade.Tokens.preview)
    assert read(stage).path == "/Looks/Preview"
    bind(stage, full, materialPurpose=UsdShade.Tokens.full)
    assert read(stage).path == "/Looks/Full"
    UsdShade.Shader.Get(stage, "/Looks/Full/Surface").CreateIdAttr("SomeRenderersOwn")
    assert read(stage).path == "/Looks/Preview"


def test_a_prim_without_material_has_its_display_colour_or_grey(stage) -> None:
    assert read(stage) == Material("", (0.18, 0.18, 0.18))
    cube = UsdGeom.Cube.Get(stage, "/Cube")
    cube.CreateDisplayColorAttr([(0.5, 0.25, 1)])
    cube.CreateDisplayOpacityAttr([0.5])
    assert read(stage) == Material("", (0.5, 0.25, 1), opacity=0.5)
    UsdGeom.Cube.Define(stage, "/World/Below")
    parent = UsdGeom.PrimvarsAPI(UsdGeom.Xform.Define(stage, "/World"))
    parent.CreatePrimvar("displayColor", TYPES.Color3fArray, "constant").Set([(0, 1, 0)])
    assert read(stage, "/World/Below").diffuse == (0, 1, 0)


def test_colours_that_differ_over_a_prim_are_their_mean_and_named(stage) -> None:
    UsdGeom.Cube.Get(stage, "/Cube").CreateDisplayColorAttr([(0, 0, 0), (1, 0.5, 0)])
    reader = MaterialReader(stage)
    assert drawn(reader, stage).diffuse == (0.5, 0.25, 0)
    assert "/Cube: a displayColor that differs over a prim" in reader.findings[0]


def test_a_material_that_reads_the_prims_colour_is_one_for_each_prim(stage) -> None:
    reads = shader(stage, "/Looks/Reads", "UsdPrimvarReader_float3", varname="displayColor")
    put(reads, "fallback", Gf.Vec3f(0, 0, 1), TYPES.Float3)
    made = surface(stage, diffuseColor=reads.CreateOutput("result", TYPES.Float3), roughness=0.25)
    bind(stage, made)
    UsdGeom.Xform.Define(stage, "/World")
    for name in "AB":
        UsdGeom.Cube.Define(stage, f"/World/{name}")
        bind(stage, made, f"/World/{name}")
    colour = UsdGeom.Cube.Get(stage, "/World/A").CreateDisplayColorAttr([(1, 0, 0)])
    inherited = UsdGeom.PrimvarsAPI(stage.GetPrimAtPath("/World")).CreatePrimvar("displayColor", TYPES.Color3fArray)
    inherited.Set([(0, 1, 0)])
    reader = MaterialReader(stage)
    found = [drawn(reader, stage, path) for path in ("/Cube", "/World/A", "/World/B")]
    assert [m.diffuse for m in found] == [(0, 0, 1), (1, 0, 0), (0, 1, 0)]
    assert {(m.path, m.roughness) for m in found} == {("/Looks/M", 0.25)}
    assert reader.findings == ()
    colour.Set([(1, 1, 0)])
    assert reader.refresh([colour.GetPath()], NOW)
    inherited.Set([(0, 0.5, 0)])
    assert reader.refresh([inherited.GetAttr().GetPath()], NOW)
    assert [drawn(reader, stage, f"/World/{name}").diffuse for name in "AB"] == [(1, 1, 0), (0, 0.5, 0)]


def test_two_instances_share_the_material_inside_them(stage) -> None:
    UsdGeom.Cube.Define(stage, "/Lib/Box")
    bind(stage, surface(stage, "/Lib/Looks/M", roughness=0.25), "/Lib/Box")
    for name in ("/A", "/B"):
        prim = stage.DefinePrim(name)
        prim.GetReferences().AddInternalReference("/Lib")
        prim.SetInstanceable(True)
    reader = MaterialReader(stage)
    rows = [reader.of(stage.GetPrimAtPath(f"/{name}/Box"), NOW) for name in "AB"]
    assert rows == [0, 0]
    assert reader.materials[0].roughness == 0.25
    assert reader.materials[0].path == "/A/Looks/M"


# ---- textures


def test_a_textures_file_wrap_and_channel_are_read(stage, tmp_path) -> None:
    leaf = picture(tmp_path / "leaf.png", (10, 20, 30, 40), "RGBA")
    colour = texture(stage, leaf, wrapS="mirror", wrapT="mirror")
    alpha = UsdShade.Shader.Get(stage, "/Looks/T").CreateOutput("a", TYPES.Float)
    rough = texture(stage, leaf, "/Looks/R", "g", wrapS="clamp", wrapT="clamp", sourceColorSpace="raw")
    bind(stage, surface(stage, diffuseColor=colour, opacity=alpha, roughness=rough, opacityThreshold=0.5))
    reader = MaterialReader(stage)
    material = drawn(reader, stage)
    assert material.diffuse_texture == TextureUse(0, "rgb", wrap="mirror")
    assert material.opacity_texture == TextureUse(0, "a", wrap="mirror")
    assert material.roughness_texture == TextureUse(1, "g", wrap="clamp")
    first, second = reader.textures
    assert (first.srgb, second.srgb) == (True, False)
    assert first.path == str(leaf)
    assert first.pixels is second.pixels  # decoded once
    assert first.pixels.dtype == np.uint8
    np.testing.assert_array_equal(first.pixels, np.broadcast_to(np.uint8([10, 20, 30, 40]), (4, 6, 4)))
    assert reader.findings == ()


def test_row_0_of_a_texture_is_at_the_top(stage, tmp_path) -> None:
    image = Image.new("RGB", (3, 2))
    image.putpixel((1, 0), (255, 0, 0))
    image.save(tmp_path / "x.png")
    bind(stage, surface(stage, diffuseColor=texture(stage, tmp_path / "x.png")))
    reader = MaterialReader(stage)
    reader.of(stage.GetPrimAtPath("/Cube"), NOW)
    assert reader.textures[0].pixels[0, 1, 0] == 255


def test_a_texture_is_placed_by_its_transform_and_looked_up_by_its_reader(stage, tmp_path) -> None:
    material = UsdShade.Material.Define(stage, "/Looks/M")
    name = material.CreateInput("stName", TYPES.String)
    name.Set("UVMap")
    reader = shader(stage, "/Looks/M/Reader", "UsdPrimvarReader_float2", varname=name)
    placed = shader(
        stage,
        "/Looks/M/Place",
        "UsdTransform2d",
        rotation=30.0,
        scale=Gf.Vec2f(2, 4),
        translation=Gf.Vec2f(0.5, -1),
        **{"in": reader.CreateOutput("result", TYPES.Float2)},
    )
    colour = texture(
        stage,
        picture(tmp_path / "x.png"),
        "/Looks/M/T",
        st=placed.CreateOutput("result", TYPES.Float2),
        wrapS="black",
        wrapT="black",
    )
    bind(stage, surface(stage, diffuseColor=colour))
    found = MaterialReader(stage)
    row = found.of(stage.GetPrimAtPath("/Cube"), NOW)
    assert found.materials[row].diffuse_texture == TextureUse(0, "rgb", (2, 4), (0.5, -1), 30, "black")
    assert found.uv_name(row) == "UVMap"
    assert found.findings == ()


def test_connections_go_through_node_graphs_and_material_interfaces(stage, tmp_path) -> None:
    material = UsdShade.Material.Define(stage, "/Looks/M")
    tint = material.CreateInput("rough", TYPES.Float)
    tint.Set(0.875)
    file = material.CreateInput("map", TYPES.Asset)
    file.Set(Sdf.AssetPath(str(picture(tmp_path / "x.png"))))
    graph = UsdShade.NodeGraph.Define(stage, "/Looks/M/Graph")
    outer = graph.CreateInput("map", TYPES.Asset)
    outer.ConnectToSource(file)
    inside = shader(stage, "/Looks/M/Graph/T", "UsdUVTexture", file=outer)
    result = graph.CreateOutput("out", TYPES.Float3)
    result.ConnectToSource(inside.CreateOutput("rgb", TYPES.Float3))
    bind(stage, surface(stage, diffuseColor=result, roughness=tint))
    found = read(stage)
    assert found.roughness == 0.875
    assert found.diffuse_texture == TextureUse(0, "rgb")


@pytest.mark.parametrize(
    ("mode", "color", "srgb", "pixel"),
    [
        ("RGB", (1, 2, 3), True, (1, 2, 3, 255)),
        ("L", (7,), False, (7, 7, 7, 255)),
        ("LA", (7, 9), False, (7, 7, 7, 9)),
        ("I;16", (0x1234,), False, (0x12, 0x12, 0x12, 255)),
        ("CMYK", (0, 0, 0, 0), True, (255, 255, 255, 255)),
    ],
)
def test_auto_colour_space_is_srgb_for_colours_of_eight_bits_alone(stage, tmp_path, mode, color, srgb, pixel) -> None:
    path = picture(tmp_path / ("x.jpg" if mode == "CMYK" else "x.png"), color, mode)
    bind(stage, surface(stage, diffuseColor=texture(stage, path)))
    reader = MaterialReader(stage)
    reader.of(stage.GetPrimAtPath("/Cube"), NOW)
    (found,) = reader.textures
    assert found.srgb is srgb
    assert tuple(found.pixels[0, 0]) == pixel


def test_scale_and_bias_act_on_linear_values(stage, tmp_path) -> None:
    path = picture(tmp_path / "x.png", (188, 188, 188))  # half in linear light
    scale, bias = Gf.Vec4f(0.5, 1, 0, 1), Gf.Vec4f(0, 0, 0.5, 0)
    bind(stage, surface(stage, diffuseColor=texture(stage, path, scale=scale, bias=bias)))
    reader = MaterialReader(stage)
    reader.of(stage.GetPrimAtPath("/Cube"), NOW)
    # A quarter of full light is 137 in sRGB, a half 188.
    assert tuple(reader.textures[0].pixels[0, 0]) == (137, 188, 188, 255)
    assert reader.findings == ()
    put(UsdShade.Shader.Get(stage, "/Looks/T"), "scale", Gf.Vec4f(9, 9, 9, 9))
    reader = MaterialReader(stage)
    reader.of(stage.GetPrimAtPath("/Cube"), NOW)
    assert "leave 0..1" in reader.findings[0]


def test_textures_resolve_beside_the_layer_that_names_them(tmp_path) -> None:
    (tmp_path / "assets/maps").mkdir(parents=True)
    picture(tmp_path / "assets/maps/x.png")
    asset = Usd.Stage.CreateNew(str(tmp_path / "assets/box.usda"))
    UsdGeom.Cube.Define(asset, "/Box/Cube")
    asset.SetDefaultPrim(asset.GetPrimAtPath("/Box"))
    bind(asset, surface(asset, "/Box/M", diffuseColor=texture(asset, "./maps/x.png", "/Box/M/T")), "/Box/Cube")
    asset.Save()
    stage = Usd.Stage.CreateNew(str(tmp_path / "scene.usda"))
    stage.DefinePrim("/World").GetReferences().AddReference("./assets/box.usda")
    assert read(stage, "/World/Cube").diffuse_texture == TextureUse(0, "rgb")


def test_textures_inside_a_usdz_are_read(tmp_path) -> None:
    picture(tmp_path / "x.png")
    stage = Usd.Stage.CreateNew(str(tmp_path / "box.usda"))
    UsdGeom.Cube.Define(stage, "/Cube")
    bind(stage, surface(stage, diffuseColor=texture(stage, "./x.png")))
    stage.Save()
    assert UsdUtils.CreateNewUsdzPackage(str(tmp_path / "box.usda"), str(tmp_path / "box.usdz"))
    (tmp_path / "x.png").unlink()
    reader = MaterialReader(packed := Usd.Stage.Open(str(tmp_path / "box.usdz")))
    reader.of(packed.GetPrimAtPath("/Cube"), NOW)
    assert reader.findings == ()
    assert reader.textures[0].pixels.shape == (4, 6, 4)


# ---- what cannot be drawn


def header_of(width: int, height: int) -> bytes:
    """A PNG that says how large it is, and holds nothing."""
    chunks = (b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0), b"IDAT" + zlib.compress(b""))
    packed = (struct.pack(">I", len(c) - 4) + c + struct.pack(">I", zlib.crc32(c)) for c in chunks)
    return b"\x89PNG\r\n\x1a\n" + b"".join(packed)


@pytest.mark.parametrize(
    ("name", "write", "message"),
    [
        ("gone.png", None, "no such file"),
        ("text.png", lambda p: p.write_text("hello"), "5 bytes are no picture of a known kind"),
        ("empty.png", lambda p: p.write_bytes(b""), "0 bytes are no picture"),
        ("torn.png", lambda p: p.write_bytes(picture(p, size=(64, 64)).read_bytes()[:80]), "left out"),
        ("big.png", lambda p: p.write_bytes(header_of(9000, 9000)), "9000 x 9000 pixels, above the limit"),
        ("bomb.png", lambda p: p.write_bytes(header_of(20000, 20000)), "decompression bomb"),
        ("lfs.png", lambda p: p.write_text("version https://git-lfs.github.com/spec/v1\nsize 12\n"), "git-lfs pointer"),
        ("tiles.<UDIM>.png", None, "UDIM tiles"),
    ],
)
def test_a_texture_that_cannot_be_read_is_named_once_and_the_fallback_drawn(
    stage, tmp_path, name, write, message
) -> None:
    path = tmp_path / name
    if write:
        write(path)
    colour = texture(stage, path, fallback=Gf.Vec4f(0.5, 0.25, 0, 1))
    bind(stage, surface(stage, diffuseColor=colour))
    UsdGeom.Cube.Define(stage, "/Other")
    bind(stage, surface(stage, "/Looks/N", diffuseColor=texture(stage, path, "/Looks/U")), "/Other")
    reader = MaterialReader(stage)
    rows = [reader.of(stage.GetPrimAtPath(p), NOW) for p in ("/Cube", "/Other")]
    assert reader.materials[rows[0]].diffuse == (0.5, 0.25, 0)
    assert reader.materials[rows[1]].diffuse == (0.18, 0.18, 0.18)
    assert reader.materials[rows[0]].diffuse_texture is None
    assert len(reader.findings) == 1
    assert message in reader.findings[0]
    assert name in reader.findings[0]


def test_an_unknown_shader_is_grey_and_its_kind_is_named_once(stage) -> None:
    for name in "AB":
        material = surface(stage, f"/Looks/{name}", paint=0.25)
        UsdShade.Shader.Get(stage, f"/Looks/{name}/Surface").CreateIdAttr("ND_standard_surface")
        UsdGeom.Cube.Define(stage, f"/{name}")
        bind(stage, material, f"/{name}")
    empty = UsdShade.Material.Define(stage, "/Looks/Empty")
    bind(stage, empty)
    reader = MaterialReader(stage)
    rows = [reader.of(stage.GetPrimAtPath(path), NOW) for path in ("/A", "/B", "/Cube")]
    assert {reader.materials[row].diffuse for row in rows} == {(0.18, 0.18, 0.18)}
    assert [f.split(" ", 1)[0] for f in reader.findings] == ["/Looks/A:", "/Looks/Empty:"]
    assert "ND_standard_surface" in reader.findings[0]


def test_a_material_that_is_not_there_is_named_once(stage) -> None:
    for name in "AB":
        UsdGeom.Cube.Define(stage, f"/{name}")
        api = UsdShade.MaterialBindingAPI.Apply(stage.GetPrimAtPath(f"/{name}"))
        api.GetDirectBindingRel().SetTargets(["/Looks/Gone"])
    reader = MaterialReader(stage)
    assert {drawn(reader, stage, f"/{name}").diffuse for name in "AB"} == {(0.18, 0.18, 0.18)}
    assert reader.findings == ("/A: there is no material /Looks/Gone, which is bound to it",)


def test_numbers_that_are_none_are_left_unset_and_named(stage) -> None:
    bind(stage, surface(stage, diffuseColor=Gf.Vec3f(math.nan, 0, 0), roughness=math.inf))
    reader = MaterialReader(stage)
    material = drawn(reader, stage)
    assert (material.diffuse, material.roughness) == ((0.18, 0.18, 0.18), 0.5)
    assert len(reader.findings) == 2


def test_what_is_not_drawn_of_a_preview_surface_is_named(stage) -> None:
    made = surface(stage, useSpecularWorkflow=1, clearcoat=1.0)
    put(UsdShade.Shader.Get(stage, "/Looks/M/Surface"), "normal", Gf.Vec3f(0, 0, 1))
    bind(stage, made)
    reader = MaterialReader(stage)
    reader.of(stage.GetPrimAtPath("/Cube"), NOW)
    found = " ".join(reader.findings)
    assert "clear coats" in found
    assert "specular workflow" in found
    assert "normal maps" not in found  # the plain normal is no map


def test_a_network_that_runs_in_a_circle_ends(stage, tmp_path) -> None:
    first = shader(stage, "/Looks/P", "UsdTransform2d")
    put(first, "in", first.CreateOutput("result", TYPES.Float2))
    colour = texture(stage, picture(tmp_path / "x.png"), st=first.CreateOutput("result", TYPES.Float2))
    bind(stage, surface(stage, diffuseColor=colour))
    reader = MaterialReader(stage)
    reader.of(stage.GetPrimAtPath("/Cube"), NOW)
    assert any("'UsdTransform2d' places a texture" in finding for finding in reader.findings)


# ---- MDL


def omni(stage: Usd.Stage, kind: str = "OmniPBR", **inputs: tuple[Sdf.ValueTypeName, object]) -> None:
    material = UsdShade.Material.Define(stage, "/Looks/M")
    made = UsdShade.Shader.Define(stage, "/Looks/M/Shader")
    made.GetImplementationSourceAttr().Set(UsdShade.Tokens.sourceAsset)
    made.SetSourceAsset(Sdf.AssetPath(f"{kind}.mdl"), "mdl")
    made.SetSourceAssetSubIdentifier(kind, "mdl")
    material.CreateSurfaceOutput("mdl").ConnectToSource(made.CreateOutput("out", TYPES.Token))
    for name, (type_name, value) in inputs.items():
        put(made, name, value, type_name)
    bind(stage, material)


def test_omnipbr_is_read_by_its_inputs_names(stage, tmp_path) -> None:
    omni(
        stage,
        diffuse_color_constant=(TYPES.Color3f, Gf.Vec3f(0.5, 1, 0.25)),
        diffuse_tint=(TYPES.Color3f, Gf.Vec3f(0.5, 0.5, 1)),
        reflection_roughness_constant=(TYPES.Float, 0.125),
        metallic_constant=(TYPES.Float, 0.75),
        enable_emission=(TYPES.Bool, True),
        emissive_color=(TYPES.Color3f, Gf.Vec3f(1, 0, 0)),
        emissive_intensity=(TYPES.Float, 10.0),
        opacity_constant=(TYPES.Float, 0.5),
    )
    assert read(stage) == Material("/Looks/M", (0.25, 0.5, 0.25), None, (10, 0, 0), None, 0.125, None, 0.75)


def test_omnipbr_textures_are_read_tinted_and_placed(stage, tmp_path) -> None:
    path = Sdf.AssetPath(str(picture(tmp_path / "x.png", (255, 255, 255))))
    omni(
        stage,
        diffuse_texture=(TYPES.Asset, path),
        diffuse_tint=(TYPES.Color3f, Gf.Vec3f(0, 1, 1)),
        texture_scale=(TYPES.Float2, Gf.Vec2f(3, 3)),
        texture_rotate=(TYPES.Float, 90.0),
        reflectionroughness_texture=(TYPES.Asset, path),
        metallic_texture=(TYPES.Asset, path),
        metallic_texture_influence=(TYPES.Float, 1.0),
    )
    reader = MaterialReader(stage)
    material = drawn(reader, stage)
    assert material.diffuse_texture == TextureUse(0, "rgb", (3, 3), (0, 0), 90)
    assert tuple(reader.textures[0].pixels[0, 0]) == (0, 255, 255, 255)
    assert material.roughness_texture is None  # no influence
    assert material.metallic_texture == TextureUse(1, "r", (3, 3), (0, 0), 90)
    assert material.diffuse == (0, 0.2, 0.2)


def test_other_mdl_with_usual_names_is_read_and_named(stage) -> None:
    omni(stage, "ShopPaint", base_color=(TYPES.Color3f, Gf.Vec3f(1, 0, 0)))
    reader = MaterialReader(stage)
    assert drawn(reader, stage).diffuse == (1, 0, 0)
    assert "'ShopPaint' is read by the names of its inputs" in reader.findings[0]


def test_a_preview_surface_beside_mdl_is_the_one_drawn(stage) -> None:
    omni(stage, diffuse_color_constant=(TYPES.Color3f, Gf.Vec3f(1, 0, 0)))
    surface(stage, diffuseColor=Gf.Vec3f(0, 0, 1))
    assert read(stage).diffuse == (0, 0, 1)


# ---- refresh


def test_only_the_material_whose_input_changed_is_another_object(stage, tmp_path) -> None:
    for name in "AB":
        UsdGeom.Cube.Define(stage, f"/{name}")
        colour = texture(stage, picture(tmp_path / "x.png"), f"/Shared/{name}")
        bind(stage, surface(stage, f"/Looks/{name}", diffuseColor=colour, roughness=0.5), f"/{name}")
    reader = MaterialReader(stage)
    rows = [reader.of(stage.GetPrimAtPath(f"/{name}"), NOW) for name in "AB"]
    before = reader.materials
    assert not reader.refresh([Sdf.Path("/A.xformOp:translate"), Sdf.Path("/Looks.visibility")], NOW)
    assert reader.materials is before
    UsdShade.Shader.Get(stage, "/Looks/B/Surface").GetInput("roughness").Set(0.25)
    assert reader.refresh([Sdf.Path("/Looks/B/Surface.inputs:roughness")], NOW)
    assert reader.materials[rows[0]] is before[rows[0]]
    assert reader.materials[rows[1]].roughness == 0.25
    put(UsdShade.Shader.Get(stage, "/Shared/A"), "file", Sdf.AssetPath(str(picture(tmp_path / "y.png"))))
    assert reader.refresh([Sdf.Path("/Shared/A.inputs:file")], NOW)
    assert reader.materials[rows[0]].diffuse_texture == TextureUse(1, "rgb")
    assert len(reader.textures) == 2
    assert not reader.refresh([Sdf.Path("/Looks")], NOW)  # composed anew, and the same


def test_a_display_colour_that_changed_keeps_its_row(stage) -> None:
    reader = MaterialReader(stage)
    colour = UsdGeom.Cube.Get(stage, "/Cube").CreateDisplayColorAttr([(1, 0, 0)])
    row = reader.of(stage.GetPrimAtPath("/Cube"), NOW)
    for value in range(5):
        colour.Set([(0, value, 0)])
        assert reader.refresh([colour.GetPath()], NOW)
        assert reader.of(stage.GetPrimAtPath("/Cube"), NOW) == row
        assert reader.materials[row].diffuse == (0, value, 0)
    assert len(reader.materials) == 1


def test_inputs_that_vary_are_read_again_at_another_time(stage) -> None:
    bind(stage, surface(stage, roughness=0.5))
    value = UsdShade.Shader.Get(stage, "/Looks/M/Surface").GetInput("roughness").GetAttr()
    value.Set(0.0, 0)
    value.Set(1.0, 10)
    reader = MaterialReader(stage)
    row = reader.of(stage.GetPrimAtPath("/Cube"), Usd.TimeCode(0))
    assert reader.materials[row].roughness == 0
    assert reader.refresh([], Usd.TimeCode(5))
    assert reader.materials[row].roughness == 0.5
    assert not reader.refresh([], Usd.TimeCode(5))


def test_a_material_that_was_removed_leaves_its_row(stage) -> None:
    bind(stage, surface(stage, roughness=0.25))
    reader = MaterialReader(stage)
    row = reader.of(stage.GetPrimAtPath("/Cube"), NOW)
    stage.RemovePrim("/Looks/M")
    reader.refresh([Sdf.Path("/Looks/M")], NOW)
    assert len(reader.materials) == row + 1


# ---- scenes made by others


@pytest.mark.parametrize("name", ["Teapot/DrawModes.usd", "Vehicles/vehicles_legacy_semantics.usda"])
def test_every_material_and_texture_of_a_public_scene_is_read(shared: Path, name: str) -> None:
    scene = shared / "usd-wg-assets" / name
    if not scene.is_file():
        pytest.skip(f"{scene} is not there")
    stage = Usd.Stage.Open(str(scene))
    reader = MaterialReader(stage)
    shown = [p for p in stage.Traverse(Usd.TraverseInstanceProxies()) if p.IsA(UsdGeom.Gprim)]
    shown += [part.GetPrim() for p in shown for part in UsdShade.MaterialBindingAPI(p).GetMaterialBindSubsets()]
    for prim in shown:
        reader.of(prim, NOW)
    assert reader.findings == ()
    named = {
        prim.GetAttribute("inputs:file").Get().resolvedPath
        for prim in stage.Traverse(Usd.TraverseInstanceProxies())
        if prim.GetAttribute("info:id").Get() == "UsdUVTexture"
    }
    assert reader.textures
    assert {texture.path for texture in reader.textures} <= named
    for read_texture in reader.textures:
        with Image.open(read_texture.path) as image:
            assert read_texture.pixels.shape == (image.height, image.width, 4)
            np.testing.assert_array_equal(read_texture.pixels[..., :3], np.asarray(image.convert("RGB")))
