"""What `rep.modify` authors on prims with all kinds of ops, read back through plain pxr."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from pxr import Gf, Usd, UsdGeom
from recorded import box, forward, frame, position, prims, session, world

from framepress.errors import InputError, OptionError
from framepress.headless import rep

FLOAT, DOUBLE = UsdGeom.XformOp.PrecisionFloat, UsdGeom.XformOp.PrecisionDouble
SOME = (0.3, -40.0, 25.0)


def _none(x: Any) -> None: ...


def _matrix(x: Any) -> None:
    turned = Gf.Matrix4d().SetRotate(Gf.Rotation(Gf.Vec3d(1, 2, 3), 70))
    x.AddTransformOp().Set(Gf.Matrix4d().SetScale(Gf.Vec3d(2, 3, 4)) * turned * Gf.Matrix4d().SetTranslate((1, 2, 3)))


def _standard(x: Any) -> None:
    x.AddTranslateOp(FLOAT).Set((1, 2, 3))
    x.AddRotateXYZOp(FLOAT).Set(SOME)
    x.AddScaleOp(FLOAT).Set((2, 3, 4))


def _orient(x: Any) -> None:
    x.AddTranslateOp().Set((1, 2, 3))
    x.AddOrientOp(DOUBLE).Set(Gf.Rotation(Gf.Vec3d(1, 2, 3), 70).GetQuat())
    x.AddScaleOp().Set((2, 3, 4))


def _zyx(x: Any) -> None:
    x.AddTranslateOp().Set((1, 2, 3))
    x.AddRotateZYXOp(DOUBLE).Set(SOME)
    x.AddScaleOp().Set((2, 3, 4))


def _pivoted(x: Any) -> None:
    x.AddTranslateOp().Set((1, 2, 3))
    pivot = x.AddTranslateOp(DOUBLE, "pivot")
    pivot.Set((0.5, 0, 0))
    x.AddRotateXYZOp(DOUBLE).Set(SOME)
    x.AddScaleOp().Set((2, 3, 4))
    x.AddTranslateOp(DOUBLE, "pivot", isInverseOp=True)


def _units(x: Any) -> None:
    x.AddTranslateOp().Set((1, 2, 3))
    x.AddRotateXYZOp(DOUBLE).Set(SOME)
    x.AddScaleOp().Set((2, 2, 2))
    x.AddRotateXOp(DOUBLE, "unitsResolve").Set(90.0)
    x.AddScaleOp(DOUBLE, "unitsResolve").Set((0.01, 0.01, 0.01))


def _scale_first(x: Any) -> None:
    x.AddScaleOp().Set((2, 2, 2))
    x.AddRotateYOp().Set(30.0)
    x.AddTranslateOp().Set((1, 2, 3))


def _two_translations(x: Any) -> None:
    x.AddTranslateOp().Set((1, 2, 3))
    x.AddTranslateOp(DOUBLE, "more").Set((1, 1, 1))
    x.AddRotateZOp(DOUBLE).Set(30.0)


def _resets(x: Any) -> None:
    _standard(x)
    x.SetResetXformStack(True)


OPS: list[Callable[[Any], None]] = [
    _none,
    _matrix,
    _standard,
    _orient,
    _zyx,
    _pivoted,
    _units,
    _scale_first,
    _two_translations,
    _resets,
]


def thing(ops: Callable[[Any], None], parent: bool = True) -> Any:
    """A prim with these ops, below one that is moved, turned and scaled unevenly."""
    stage = session().stage
    above = UsdGeom.Xform.Define(stage, "/World")
    if parent:
        above.AddTranslateOp().Set((10, -20, 30))
        above.AddRotateXYZOp().Set((20, 30, 40))
        above.AddScaleOp().Set((0.5, 2.0, 1.5))
    made = UsdGeom.Xform.Define(stage, "/World/Thing")
    ops(made)
    return made.GetPrim()


def scale_of(prim: Any) -> np.ndarray:
    local = np.array(UsdGeom.Xformable(prim).GetLocalTransformation(Usd.TimeCode.Default()))
    return np.linalg.norm(local[:3, :3], axis=1)


def rotation_of(prim: Any) -> np.ndarray:
    local = np.array(UsdGeom.Xformable(prim).GetLocalTransformation(Usd.TimeCode.Default()))[:3, :3]
    return local / np.linalg.norm(local, axis=1, keepdims=True)


def turned(degrees: tuple[float, float, float], order: str = "XYZ") -> np.ndarray:
    """Row-vector rotation, from sines and cosines alone."""
    found = np.eye(3)
    for axis in order:
        index = "XYZ".index(axis)
        angle = np.radians(degrees[index])
        j, k = (index + 1) % 3, (index + 2) % 3
        step = np.eye(3)
        step[[j, k], [j, k]] = np.cos(angle)
        step[j, k], step[k, j] = np.sin(angle), -np.sin(angle)
        found = found @ step
    return found


@pytest.mark.parametrize("ops", OPS)
def test_a_position_is_in_the_world_and_leaves_the_rest(ops: Callable[[Any], None]) -> None:
    prim = thing(ops)
    scale, rotation = scale_of(prim), rotation_of(prim)
    rep.modify.pose(position=(4, 5, 6), input_prims=prim)
    if ops is _pivoted:  # its position is its translation, as with all tools
        above = world(prim.GetParent())
        assert np.allclose((np.array([*prim.GetAttribute("xformOp:translate").Get(), 1]) @ above)[:3], [4, 5, 6])
    else:
        assert np.allclose(position(prim), [4, 5, 6], atol=1e-5)
    assert np.allclose(scale_of(prim), scale, rtol=1e-6)
    assert np.allclose(rotation_of(prim), rotation, atol=1e-6)


@pytest.mark.parametrize("ops", [ops for ops in OPS if ops is not _pivoted])  # whose position is that of its pivot
def test_a_single_coordinate_leaves_the_others(ops: Callable[[Any], None]) -> None:
    prim = thing(ops)
    before = position(prim)
    rep.modify.pose(position_y=-7.0, input_prims=prim)
    assert np.allclose(position(prim), [before[0], -7, before[2]], atol=1e-5)


@pytest.mark.parametrize("order", ["XYZ", "ZYX", "YXZ"])
@pytest.mark.parametrize("ops", OPS)
def test_a_rotation_is_the_prims_own_and_leaves_the_rest(ops: Callable[[Any], None], order: str) -> None:
    prim = thing(ops)
    scale, place = scale_of(prim), position(prim)
    degrees = (15.0, -70.0, 130.0)
    rep.modify.pose(rotation=degrees, rotation_order=order, input_prims=prim)
    below = turned((90, 0, 0)) if ops is _units else np.eye(3)  # kept, below what is set
    assert np.allclose(rotation_of(prim), below @ turned(degrees, order), atol=1e-5)
    assert np.allclose(scale_of(prim), scale, rtol=1e-6)
    if ops is not _pivoted:
        assert np.allclose(position(prim), place, atol=1e-5)


def test_one_angle_leaves_the_others() -> None:
    prim = thing(_standard)
    rep.modify.pose(rotation_z=rep.distribution.uniform(5, 5), input_prims=prim)
    assert np.allclose(prim.GetAttribute("xformOp:rotateXYZ").Get(), (0.3, -40, 5))


@pytest.mark.parametrize("ops", OPS)
def test_a_scale_leaves_the_rest(ops: Callable[[Any], None]) -> None:
    prim = thing(ops)
    place, rotation = position(prim), rotation_of(prim)
    rep.modify.pose(scale=5.0, input_prims=prim)
    assert np.allclose(scale_of(prim), 0.05 if ops is _units else 5, rtol=1e-6)
    assert np.allclose(rotation_of(prim), rotation, atol=1e-6)
    if ops is not _pivoted:
        assert np.allclose(position(prim), place, atol=1e-5)


@pytest.mark.parametrize("parent", [False, True])
@pytest.mark.parametrize("ops", OPS)
def test_looking_at_a_point_looks_at_it(ops: Callable[[Any], None], parent: bool) -> None:
    prim = thing(ops, parent)
    rng = np.random.default_rng(2)
    for _ in range(5):
        eye, target = rng.uniform(-30, 30, (2, 3))
        rep.modify.pose(position=tuple(eye), look_at=tuple(target), input_prims=prim)
        axis = np.array([0.5, 0, 0, 1]) if ops is _pivoted else np.array([0, 0, 0, 1])
        centre = (axis @ world(prim))[:3]  # what it turns about
        ray = (target - centre) / np.linalg.norm(target - centre)
        assert np.linalg.norm(np.cross(forward(prim), ray)) < 1e-5
        assert forward(prim) @ ray > 0


def test_a_mirrored_prim_looks_at_its_target_too() -> None:
    prim = thing(_standard)
    rep.modify.pose(position=(1, 2, 3), scale=(1, 1, -2), look_at=(5, 2, 3), input_prims=prim)
    assert np.allclose(forward(prim), [1, 0, 0], atol=1e-6)


def test_ops_that_are_there_are_set_and_no_others_made() -> None:
    for ops in (_matrix, _standard, _orient, _zyx, _pivoted, _units):
        prim = thing(ops)
        before = list(UsdGeom.Xformable(prim).GetXformOpOrderAttr().Get())
        rep.modify.pose(position=(1, 1, 1), rotation=(1, 2, 3), scale=(1, 2, 3), input_prims=prim)
        assert list(UsdGeom.Xformable(prim).GetXformOpOrderAttr().Get()) == before


def test_a_prim_that_resets_its_parents_goes_on_doing_so() -> None:
    prim = thing(_resets)
    rep.modify.pose(position=(1, 2, 3), input_prims=prim)
    assert UsdGeom.Xformable(prim).GetResetXformStack()
    assert np.allclose(position(prim), [1, 2, 3])


def test_a_sheared_prim_is_refused_rather_than_straightened() -> None:
    def sheared(x: Any) -> None:
        x.AddScaleOp().Set((1, 3, 1))
        x.AddRotateZOp().Set(45.0)
        x.AddTranslateOp().Set((1, 0, 0))

    prim = thing(sheared)
    with pytest.raises(InputError, match=r"/World/Thing is sheared"):
        rep.modify.pose(position=(0, 0, 0), input_prims=prim)


def test_prims_without_a_pose_are_named() -> None:
    stage = session().stage
    stage.DefinePrim("/Looks", "Scope")
    with pytest.raises(InputError, match=r"/Looks is a Scope"):
        rep.modify.pose(position=(0, 0, 0), input_prims="/Looks")


def test_a_child_is_placed_after_its_parent_has_moved() -> None:
    session()
    parent = rep.create.cube()
    child = rep.create.cube(parent=parent)
    with rep.create.group([child, parent]):
        rep.modify.pose(position=[(1, 1, 1), (5, 5, 5)])
    assert position(prims(parent)[0]).tolist() == [5, 5, 5]
    assert position(prims(child)[0]).tolist() == [1, 1, 1]


def test_a_size_is_reached_whatever_the_shape_was() -> None:
    session()
    cone = rep.create.cone(scale=7)
    with cone:
        rep.modify.pose(size=(2, 3, 4))
    found = box(prims(cone)[0])
    assert np.allclose(found[1] - found[0], [2, 3, 4], atol=1e-5)
    with pytest.raises(OptionError, match="exclude each other"):
        rep.modify.pose(size=1, scale=1, input_prims=cone)
    with pytest.raises(InputError, match="no geometry"):
        rep.modify.pose(size=1, input_prims=rep.create.xform())


def test_a_pivot_is_what_is_placed_and_turned_about() -> None:
    session()
    cube = rep.create.cube(scale=2)
    with cube:
        rep.modify.pose(position=(10, 0, 0), pivot=(0, 0, -1))
        assert np.allclose(box(prims(cube)[0]), [[9, -1, 0], [11, 1, 2]], atol=1e-6)  # it stands there
        rep.modify.pose(rotation=(0, 90, 0))
    assert np.allclose(box(prims(cube)[0]), [[10, -1, -1], [12, 1, 1]], atol=1e-6)  # and leans over on its foot


def test_each_prim_of_a_group_gets_a_sample_of_its_own() -> None:
    host = session()
    cubes = rep.create.cube(count=50)
    with rep.trigger.on_frame(), cubes:
        rep.modify.pose(
            position=rep.distribution.uniform((-1, -1, 0), (1, 1, 0)), scale=rep.distribution.uniform(0.5, 2)
        )
    frame(host)
    places = np.array([position(prim) for prim in prims(cubes)])
    assert len(np.unique(places[:, 0])) == 50
    assert (np.abs(places) <= 1).all()
    scales = np.array([scale_of(prim) for prim in prims(cubes)])
    assert np.allclose(scales, scales[:, :1])
    assert (scales >= 0.5).all()
    assert (scales <= 2).all()


def test_an_orbit_keeps_its_distance_and_looks_inwards() -> None:
    for up in ("Y", "Z"):
        session(up=up)
        camera, target = rep.create.camera(), rep.create.cube(position=(1, 2, 3))
        with camera:
            rep.modify.pose_orbit(target, distance=5, azimuth=rep.distribution.uniform(0, 360), elevation=30)
        away = position(prims(camera)[0]) - [1, 2, 3]
        assert np.linalg.norm(away) == pytest.approx(5)
        assert away["XYZ".index(up)] == pytest.approx(2.5)
        assert np.allclose(forward(prims(camera)[0]), -away / 5, atol=1e-9)


def test_a_place_in_the_picture_is_where_the_camera_sees_it() -> None:
    session()
    camera = rep.create.camera(position=(3, 4, 5), look_at=(0, 0, 0), focal_length=20, horizontal_aperture=40)
    product = rep.create.render_product(camera, (200, 100))
    cube = rep.create.cube()
    with cube:
        rep.modify.pose_camera_relative(camera, product, distance=10, horizontal_location=0.5, vertical_location=-1)
    seen = np.array([*position(prims(cube)[0]), 1]) @ np.linalg.inv(world(prims(camera)[0].GetChildren()[0]))
    assert np.allclose(seen[:3], [0.5 * 10 * 20 / 20, -10 * 10 / 20, -10])  # x = right * half width, at that depth


def test_attributes_take_values_of_their_own_type() -> None:
    session()
    sphere = rep.create.sphere(as_mesh=False)
    inner = prims(sphere)[0].GetChildren()[0]
    with rep.get.prim_at_path(str(inner.GetPath())):
        rep.modify.attribute("radius", rep.distribution.uniform(2, 2))
        rep.modify.attribute("primvars:displayColor", (0.5, 0.25, 1.0))
        rep.modify.attribute("visibility", "invisible")
        rep.modify.attribute("doubleSided", True)
        rep.modify.attribute("weight", 3, attribute_type="float")
        rep.modify.attribute("picture", "a.png", attribute_type="asset")
        rep.modify.attribute("where", np.array([1.0, 2.0]), attribute_type="float2")
        rep.modify.attribute("counts", [1, 2, 3], attribute_type="int[]")
    assert inner.GetAttribute("radius").Get() == 2
    assert [tuple(each) for each in inner.GetAttribute("primvars:displayColor").Get()] == [(0.5, 0.25, 1.0)]
    assert inner.GetAttribute("visibility").Get() == "invisible"
    assert inner.GetAttribute("doubleSided").Get() is True
    assert inner.GetAttribute("weight").Get() == 3.0
    assert inner.GetAttribute("picture").Get().path == "a.png"
    assert tuple(inner.GetAttribute("where").Get()) == (1, 2)
    assert list(inner.GetAttribute("counts").Get()) == [1, 2, 3]


def test_the_attributes_of_what_was_created_are_those_of_the_thing_inside() -> None:
    session()
    lamp = rep.create.light(light_type="sphere")
    with lamp:
        rep.modify.attribute("inputs:intensity", 77)
        rep.modify.attribute("color", (1, 0, 0.5))
        rep.modify.attribute("xformOp:translate", (1, 2, 3))
    light = prims(lamp)[0].GetChildren()[0]
    assert light.GetAttribute("inputs:intensity").Get() == 77
    assert tuple(light.GetAttribute("inputs:color").Get()) == (1, 0, 0.5)
    assert position(prims(lamp)[0]).tolist() == [1, 2, 3]


@pytest.mark.parametrize(
    ("name", "value", "kind"),
    [
        ("radius", "wide", None),
        ("radius", (1, 2), None),
        ("visibility", 3, None),
        ("primvars:displayColor", (1, 2), None),
        ("no_such", 1, None),
        ("new", 1, "number"),
    ],
)
def test_attributes_that_do_not_fit_are_named(name: str, value: Any, kind: str | None) -> None:
    session()
    inner = prims(rep.create.sphere(as_mesh=False))[0].GetChildren()[0]
    with pytest.raises((OptionError, InputError), match=r"rep\.modify\.attribute"):
        rep.modify.attribute(name, value, kind, input_prims=inner)


@pytest.mark.parametrize("release", ["4.5", "5.1"])
def test_labels_are_added_replaced_and_cleared(release: str) -> None:
    from framepress.headless.rep.labels import labels_of

    session(release=release)
    cube = rep.create.cube(semantics=[("class", "box"), ("color", "red")])
    prim = prims(cube)[0]
    with cube:
        rep.modify.semantics([("class", "crate"), ("class", "box")])
        assert sorted(labels_of(prim)) == [("class", "box"), ("class", "crate"), ("color", "red")]
        rep.modify.semantics({"class": "lid"}, mode="replace")
        assert sorted(labels_of(prim)) == [("class", "lid"), ("color", "red")]
        rep.modify.semantics([("class", "only")], mode="clear")
        assert labels_of(prim) == [("class", "only")]
        with pytest.raises(OptionError, match="mode 'remove'"):
            rep.modify.semantics([("class", "x")], mode="remove")


def test_labels_of_weaker_layers_are_cleared_too() -> None:
    from framepress.headless.rep.labels import labels_of

    for release in ("4.5", "5.1"):
        host = session(release=release)
        with rep.new_layer():
            cube = rep.create.cube(semantics=[("class", "box")])
        rep.modify.semantics([("class", "crate")], input_prims=cube, mode="replace")
        assert labels_of(host.stage.GetPrimAtPath("/Replicator/Cube_Xform")) == [("class", "crate")]


def test_visibility_may_be_one_a_prim() -> None:
    session()
    cubes = rep.create.cube(count=3)
    with cubes:
        rep.modify.visibility([True, False, True])
    seen = [UsdGeom.Imageable(prim).ComputeVisibility() for prim in prims(cubes)]
    assert seen == ["inherited", "invisible", "inherited"]
    with cubes, pytest.raises(OptionError, match="cannot be 'no'"):
        rep.modify.visibility("no")
    with cubes, pytest.raises(OptionError, match="2 values for 3 prims"):
        rep.modify.visibility([True, False])


def test_variants_are_selected_or_named() -> None:
    stage = session().stage
    prim = stage.DefinePrim("/Chair", "Xform")
    variants = prim.GetVariantSets().AddVariantSet("color")
    for name in ("red", "blue"):
        variants.AddVariant(name)
    with rep.get.prim_at_path("/Chair"):
        rep.modify.variant("color", "blue")
        assert variants.GetVariantSelection() == "blue"
        with pytest.raises(OptionError, match=r"no variant color='green'.*'blue', 'red'"):
            rep.modify.variant("color", "green")
        with pytest.raises(OptionError, match=r"size='big'.*'color'"):
            rep.modify.variant("size", "big")


def test_materials_are_bound_and_drawn() -> None:
    from pxr import UsdShade

    host = session()
    looks = rep.create.material_omnipbr(count=3)
    cubes = rep.create.cube(count=9)
    with rep.trigger.on_frame(), cubes:
        rep.modify.material(rep.distribution.choice([looks, "/Replicator/Looks/OmniPBR_02"]))
    frame(host)
    bound = [UsdShade.MaterialBindingAPI(prim).ComputeBoundMaterial()[0] for prim in prims(cubes)]
    assert all(bound)
    with pytest.raises(OptionError, match="no material"):
        rep.modify.material("/Replicator/Cube_Xform", input_prims=cubes)


def test_the_clock_can_be_set() -> None:
    host = session()
    with rep.trigger.on_frame():
        rep.modify.time(rep.distribution.sequence([1.5, 2.5]))
    assert [frame(host) and host.time_s for _ in range(2)] == [1.5, 2.5]
