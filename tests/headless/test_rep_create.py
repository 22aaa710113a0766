"""What `rep.create` authors, read back through plain pxr."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pxr import Usd, UsdGeom, UsdLux, UsdShade
from recorded import box, forward, frame, position, prims, session, world

from framepress.errors import InputError, OptionError
from framepress.headless import rep
from framepress.headless.rep.refused import NotSupportedError

# Volumes of one metre across: facets hold a little less than the round body.
VOLUMES = {
    "cube": (1.0, 0.0),
    "sphere": (np.pi / 6, 0.005),
    "cylinder": (np.pi / 4, 0.005),
    "cone": (np.pi / 12, 0.005),
    "torus": (2 * np.pi**2 * 0.5 * 0.25**2, 0.01),
}
SIZES = {
    "cube": (1, 1, 1),
    "sphere": (1, 1, 1),
    "cylinder": (1, 1, 1),
    "cone": (1, 1, 1),
    "torus": (1.5, 1.5, 0.5),
    "plane": (1, 1, 0),
    "disk": (1, 1, 0),
}


def corners(mesh: UsdGeom.Mesh) -> np.ndarray:
    """(T, 3, 3) of fans, by hand."""
    points, found, at = np.array(mesh.GetPointsAttr().Get(), float), [], 0
    indices = list(mesh.GetFaceVertexIndicesAttr().Get())
    for count in mesh.GetFaceVertexCountsAttr().Get():
        face = indices[at : at + count]
        found += [points[[face[0], face[k], face[k + 1]]] for k in range(1, count - 1)]
        at += count
    return np.array(found)


@pytest.mark.parametrize("kind", SIZES)
@pytest.mark.parametrize(("up", "metres"), [("Z", 1.0), ("Y", 0.01)])
def test_shapes_have_isaac_sims_sizes_in_any_unit_and_stand_upright(kind: str, up: str, metres: float) -> None:
    session(up=up, metres=metres)
    item = getattr(rep.create, kind)()
    found = box(prims(item)[0])
    size = SIZES[kind] if up == "Z" else (SIZES[kind][0], SIZES[kind][2], SIZES[kind][1])
    assert np.allclose((found[1] - found[0]) * metres, size, atol=1e-6)
    assert np.allclose(found.mean(axis=0), 0, atol=1e-4)


@pytest.mark.parametrize("kind", SIZES)
@pytest.mark.parametrize("up", ["Y", "Z"])
def test_shapes_are_closed_face_outwards_and_their_normals_agree(kind: str, up: str) -> None:
    session(up=up)
    mesh = UsdGeom.Mesh(prims(getattr(rep.create, kind)())[0].GetChildren()[0])
    triangles = corners(mesh)
    across = np.cross(triangles[:, 1] - triangles[:, 0], triangles[:, 2] - triangles[:, 0])
    assert (np.linalg.norm(across, axis=1) > 0).all()
    if kind in VOLUMES:
        volume, missing = VOLUMES[kind]
        found = np.einsum("td,td->", triangles[:, 0], np.cross(triangles[:, 1], triangles[:, 2])) / 6
        assert volume * (1 - missing) <= found <= volume + 1e-6
        assert np.abs(across.sum(axis=0)).max() < 1e-5  # the areas of a closed surface cancel
    else:
        assert (across @ ([0, 0, 1] if up == "Z" else [0, 1, 0]) > 0).all()
    normals = np.array(mesh.GetNormalsAttr().Get())
    assert len(normals) == len(mesh.GetFaceVertexIndicesAttr().Get())
    assert np.allclose(np.linalg.norm(normals, axis=1), 1, atol=1e-6)
    first = np.cumsum([0, *mesh.GetFaceVertexCountsAttr().Get()])[:-1]
    faces = np.repeat(np.arange(len(first)), [count - 2 for count in mesh.GetFaceVertexCountsAttr().Get()])
    assert (np.einsum("td,td->t", across, normals[first[faces]]) > 0).all()
    uvs = UsdGeom.PrimvarsAPI(mesh).GetPrimvar("st")
    assert uvs.GetInterpolation() == "faceVarying"
    assert len(uvs.Get()) == len(normals)


@pytest.mark.parametrize("kind", ["cube", "sphere", "cylinder", "cone", "plane"])
def test_a_gprim_is_as_large_as_the_mesh(kind: str) -> None:
    session(up="Y", metres=0.01)
    create = getattr(rep.create, kind)
    gprim, mesh = prims(create(as_mesh=False))[0], prims(create())[0]
    assert gprim.GetChildren()[0].GetTypeName() == kind.capitalize()
    assert mesh.GetChildren()[0].GetTypeName() == "Mesh"
    assert np.allclose(box(gprim), box(mesh), atol=1e-3)


def test_prims_are_an_xform_with_the_three_ops_and_the_thing_inside() -> None:
    host = session()
    cubes = rep.create.cube(position=[(0, 0, 0), (1, 0, 0)], rotation=(0, 0, 90), scale=2.0, count=2)
    assert [str(prim.GetPath()) for prim in prims(cubes)] == ["/Replicator/Cube_Xform", "/Replicator/Cube_Xform_01"]
    second = prims(cubes)[1]
    assert list(UsdGeom.Xformable(second).GetXformOpOrderAttr().Get()) == [
        "xformOp:translate",
        "xformOp:rotateXYZ",
        "xformOp:scale",
    ]
    assert np.allclose(world(second), [[0, 2, 0, 0], [-2, 0, 0, 0], [0, 0, 2, 0], [1, 0, 0, 1]], atol=1e-12)
    named = rep.create.sphere(name="ball", parent="/Replicator/Cube_Xform")
    assert [str(prim.GetPath()) for prim in prims(named)] == ["/Replicator/Cube_Xform/ball_Xform"]
    assert host.stage.GetPrimAtPath("/Replicator/Cube_Xform/ball_Xform/ball")


def test_names_that_usd_cannot_hold_become_valid_ones() -> None:
    session()
    assert prims(rep.create.cube(name="my cube-1"))[0].GetName() == "my_cube_1_Xform"


@pytest.mark.parametrize("up", ["Y", "Z"])
def test_a_camera_looks_along_minus_z_or_at_its_target(up: str) -> None:
    session(up=up)
    plain = prims(rep.create.camera(position=(0, 0, 10)))[0].GetChildren()[0]
    assert plain.IsA(UsdGeom.Camera)
    assert forward(plain).tolist() == [0, 0, -1]
    rng = np.random.default_rng(5)
    for _ in range(20):
        eye, target = rng.uniform(-100, 100, (2, 3))
        camera = prims(rep.create.camera(position=tuple(eye), look_at=tuple(target)))[0].GetChildren()[0]
        ray = (target - position(camera)) / np.linalg.norm(target - eye)
        assert np.linalg.norm(np.cross(forward(camera), ray)) < 1e-9
        assert forward(camera) @ ray > 0
        assert world(camera)[1, 1 if up == "Y" else 2] >= 0  # its top is up
        assert abs(world(camera)[0, 1 if up == "Y" else 2]) < 1e-9  # and its horizon level


def test_a_camera_looks_straight_down_and_at_prims() -> None:
    session()
    down = prims(rep.create.camera(position=(1, 2, 9), look_at=(1, 2, 0)))[0]
    assert np.allclose(forward(down), [0, 0, -1], atol=1e-12)
    cubes = rep.create.group([rep.create.cube(position=(2, 0, 0)), rep.create.cube(position=(4, 2, 0))])
    camera = prims(rep.create.camera(position=(3, 1, -7), look_at=cubes))[0]
    assert np.allclose(forward(camera), [0, 0, 1], atol=1e-12)
    with pytest.raises(OptionError, match="no direction"):
        rep.create.camera(position=(1, 1, 1), look_at=(1, 1, 1))


def test_camera_attributes_are_usds() -> None:
    session()
    item = rep.create.camera(focal_length=35.0, focus_distance=2.0, clipping_range=(0.1, 50.0), horizontal_aperture=30)
    camera = UsdGeom.Camera(prims(item)[0].GetChildren()[0])
    assert camera.GetFocalLengthAttr().Get() == 35
    assert tuple(camera.GetClippingRangeAttr().Get()) == pytest.approx((0.1, 50))
    assert camera.GetHorizontalApertureAttr().Get() == 30
    with pytest.raises(NotSupportedError, match="fisheye"):
        rep.create.camera(projection_type="fisheyePolynomial")
    with pytest.raises(TypeError, match="focal_lenght"):
        rep.create.camera(focal_lenght=3)


@pytest.mark.parametrize(
    ("kind", "schema"),
    [
        ("Distant", UsdLux.DistantLight),
        ("sphere", UsdLux.SphereLight),
        ("Rect", UsdLux.RectLight),
        ("DISK", UsdLux.DiskLight),
        ("dome", UsdLux.DomeLight),
        ("cylinder", UsdLux.CylinderLight),
    ],
)
def test_lights_of_every_type(kind: str, schema: type) -> None:
    session()
    item = rep.create.light(light_type=kind, intensity=500, color=(1, 0.5, 0.25), temperature=4000, exposure=2)
    light = prims(item)[0].GetChildren()[0]
    assert light.IsA(schema)
    read = UsdLux.LightAPI(light)
    assert read.GetIntensityAttr().Get() == 500
    assert tuple(read.GetColorAttr().Get()) == (1, 0.5, 0.25)
    assert read.GetEnableColorTemperatureAttr().Get() is True
    assert read.GetColorTemperatureAttr().Get() == 4000
    assert read.GetExposureAttr().Get() == 2


def test_a_light_shines_at_what_it_looks_at() -> None:
    session()
    light = prims(rep.create.light(light_type="rect", position=(0, 0, 5), look_at=(3, 4, 5)))[0].GetChildren()[0]
    assert np.allclose(forward(light), [0.6, 0.8, 0], atol=1e-12)
    with pytest.raises(OptionError, match="'sun'"):
        rep.create.light(light_type="sun")
    with pytest.raises(OptionError, match="no texture"):
        rep.create.light(light_type="distant", texture="sky.hdr")


@pytest.mark.parametrize("release", ["4.5", "5.0", "5.1", "6.0"])
@pytest.mark.parametrize(
    "semantics", [[("class", "Red Cube"), ("shape", "box")], {"class": "Red Cube", "shape": ["box"]}]
)
def test_labels_are_written_in_the_schema_of_the_release(release: str, semantics: object) -> None:
    session(release=release)
    prim = prims(rep.create.cube(semantics=semantics))[0]
    applied = list(prim.GetPrimTypeInfo().GetAppliedAPISchemas())
    if release == "4.5":
        found = {
            prim.GetAttribute(f"semantic:{name.split(':')[1]}:params:semanticType").Get(): prim.GetAttribute(
                f"semantic:{name.split(':')[1]}:params:semanticData"
            ).Get()
            for name in applied
        }
        assert all(name.startswith("SemanticsAPI:") for name in applied)
        assert found == {"class": "Red Cube", "shape": "box"}
    else:
        assert applied == ["SemanticsLabelsAPI:class", "SemanticsLabelsAPI:shape"]
        assert list(prim.GetAttribute("semantics:labels:class").Get()) == ["Red Cube"]
        assert list(prim.GetAttribute("semantics:labels:shape").Get()) == ["box"]


@pytest.mark.parametrize("semantics", ["cube", [("class",)], [("class", "")], {"class": 3}, [1], {"": "x"}])
def test_labels_that_are_none_are_refused(semantics: object) -> None:
    session()
    with pytest.raises((OptionError, TypeError), match=r"semantics|iterable"):
        rep.create.cube(semantics=semantics)


def test_materials_hold_the_same_values_for_isaac_sim_and_for_plain_usd(tmp_path: Path) -> None:
    host = session()
    item = rep.create.material_omnipbr(
        diffuse=(0.1, 0.2, 0.3), roughness=0.7, metallic=1.0, metallic_texture="m.png", specular=0.4, count=2
    )
    assert [str(prim.GetPath()) for prim in prims(item)] == [
        "/Replicator/Looks/OmniPBR",
        "/Replicator/Looks/OmniPBR_01",
    ]
    material = UsdShade.Material(prims(item)[1])
    surface, _, _ = material.ComputeSurfaceSource()
    assert surface.GetIdAttr().Get() == "UsdPreviewSurface"
    assert tuple(surface.GetInput("diffuseColor").Get()) == pytest.approx((0.1, 0.2, 0.3))
    assert surface.GetInput("roughness").Get() == pytest.approx(0.7)
    texture = UsdShade.Shader(surface.GetInput("metallic").GetConnectedSources()[0][0].source)
    assert texture.GetInput("file").Get().path == "m.png"
    assert texture.GetInput("sourceColorSpace").Get() == "raw"
    mdl, _, _ = material.ComputeSurfaceSource("mdl")
    assert mdl.GetSourceAsset("mdl").path == "OmniPBR.mdl"
    assert tuple(mdl.GetInput("diffuse_color_constant").Get()) == pytest.approx((0.1, 0.2, 0.3))
    assert mdl.GetInput("specular_level").Get() == pytest.approx(0.4)
    cube = prims(rep.create.cube(material=item))[0]
    bound, _ = UsdShade.MaterialBindingAPI(cube.GetChildren()[0]).ComputeBoundMaterial()
    assert bound.GetPath() == "/Replicator/Looks/OmniPBR"
    with rep.trigger.on_frame():
        varying = rep.create.material_omnipbr(roughness=rep.distribution.uniform(0.2, 0.4), count=3)
    frame(host)
    values = [UsdShade.Material(each).ComputeSurfaceSource()[0].GetInput("roughness").Get() for each in prims(varying)]
    assert len(set(values)) == 3
    assert all(0.2 <= value <= 0.4 for value in values)


def test_files_are_referenced_from_anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asset = Usd.Stage.CreateNew(str(tmp_path / "box.usda"))
    asset.SetDefaultPrim(UsdGeom.Cube.Define(asset, "/Box").GetPrim())
    asset.Save()
    session()
    monkeypatch.chdir(tmp_path)
    with rep.new_layer():
        item = rep.create.from_usd("box.usda", semantics=[("class", "box")], count=2, position=(0, 0, 4))
    assert [str(prim.GetPath()) for prim in prims(item)] == ["/Replicator/Ref_Xform", "/Replicator/Ref_Xform_01"]
    assert prims(item)[1].GetChildren()[0].GetTypeName() == "Cube"
    assert np.allclose(box(prims(item)[0]), [[-1, -1, 3], [1, 1, 5]])
    (tmp_path / "sub").mkdir()
    asset.GetRootLayer().Export(str(tmp_path / "sub" / "another.usda"))
    assert len(prims(rep.create.from_dir(str(tmp_path)))) == 1
    assert len(prims(rep.create.from_dir(str(tmp_path), recursive=True))) == 2
    assert len(prims(rep.create.from_dir(str(tmp_path), recursive=True, path_filter="other"))) == 1
    with pytest.raises(InputError, match=r"no_such\.usd"):
        rep.create.from_usd("no_such.usd")
    with pytest.raises(InputError, match="no USD file"):
        rep.create.from_dir(str(tmp_path / "sub"), path_filter="nothing")


def test_groups_take_items_paths_and_prims_and_may_be_labelled() -> None:
    host = session()
    cube, sphere = rep.create.cube(), rep.create.sphere(count=2)
    prim = host.stage.DefinePrim("/World/Thing", "Xform")
    group = rep.create.group([cube, sphere, "/World/Thing", prim, UsdGeom.Xform(prim)], semantics=[("set", "all")])
    assert len(group.targets(host.graph.now(host))) == 6
    assert [each.GetName() for each in prims(group)] == ["Cube_Xform", "Sphere_Xform", "Sphere_Xform_01", "Thing"]
    assert list(prim.GetAttribute("semantics:labels:set").Get()) == ["all"]


def test_what_is_hidden_is_hidden() -> None:
    session()
    prim = prims(rep.create.plane(visible=False))[0]
    assert UsdGeom.Imageable(prim.GetChildren()[0]).ComputeVisibility() == "invisible"


def test_choices_may_mix_numbers_and_vectors() -> None:
    session()
    cubes = rep.create.cube(count=12, scale=rep.distribution.choice([2, (1.0, 2.0, 3.0), np.float32(1)]))
    found = {tuple(prim.GetAttribute("xformOp:scale").Get()) for prim in prims(cubes)}
    assert found == {(2, 2, 2), (1, 2, 3), (1, 1, 1)}


@pytest.mark.parametrize(
    "arguments",
    [
        {"count": 0},
        {"count": 2.5},
        {"position": (1, 2)},
        {"position": (1, float("nan"), 2)},
        {"scale": "large"},
        {"position": [(0, 0, 0), (1, 1, 1)], "count": 3},
        {"rotation": (0, 0, 0), "look_at": (1, 1, 1)},
        {"look_at": (1, 1, 1), "look_at_up_axis": "W"},
        {"look_at": (1, 1, 1), "look_at_up_axis": (0, 0, 0)},
    ],
)
def test_values_that_do_not_fit_are_refused(arguments: dict[str, object]) -> None:
    session()
    with pytest.raises(OptionError, match=r"rep\.create\.cube"):
        rep.create.cube(**arguments)
