"""Camera prims as lenses and poses: against Isaac Sim's golden numbers, Gf's own frustum, and refusals."""

from __future__ import annotations

import math

import numpy as np
import pytest

Usd = pytest.importorskip("pxr.Usd", reason="needs usd-core")
from pxr import Gf, Sdf, UsdGeom  # noqa: E402

from framepress.errors import InputError, OptionError  # noqa: E402
from framepress.headless.usd.cameras import scene_camera  # noqa: E402
from framepress.headless.usd.lenses import project, projection_matrix, rays  # noqa: E402

NOW = Usd.TimeCode.Default()
CV_FROM_USD = np.array([1.0, -1.0, -1.0])
OPENCV = "OmniLensDistortionOpenCvPinholeAPI"
FISHEYE = "OmniLensDistortionOpenCvFisheyeAPI"


@pytest.fixture
def stage() -> Usd.Stage:
    return Usd.Stage.CreateInMemory()


def camera(stage: Usd.Stage, path: str = "/Camera", **values: object) -> UsdGeom.Camera:
    made = UsdGeom.Camera.Define(stage, path)
    for name, value in values.items():
        made.GetPrim().GetAttribute(name).Set(value)
    return made


def look_at(made: UsdGeom.Camera, eye: tuple[float, ...], target: tuple[float, ...], up: tuple[float, ...]) -> None:
    view = Gf.Matrix4d().SetLookAt(Gf.Vec3d(*eye), Gf.Vec3d(*target), Gf.Vec3d(*up))
    made.AddTransformOp().Set(view.GetInverse())


def author(made: UsdGeom.Camera, schema: str | None = None, **values: object) -> None:
    prim = made.GetPrim()
    if schema is not None:
        applied = Sdf.TokenListOp()
        applied.prependedItems = [schema]
        prim.SetMetadata("apiSchemas", applied)
    for name, value in values.items():
        kind = {tuple: Sdf.ValueTypeNames.Int2, str: Sdf.ValueTypeNames.Token}.get(type(value))
        attribute = prim.CreateAttribute(name, kind or Sdf.ValueTypeNames.Float)
        attribute.Set(Gf.Vec2i(*value) if isinstance(value, tuple) else value)


def pixel(stage: Usd.Stage, path: str, size_wh: tuple[int, int], world: tuple[float, ...]) -> np.ndarray:
    found = scene_camera(stage, path, size_wh, NOW)
    seen = (np.array([*world, 1.0]) @ found.view)[:3] * CV_FROM_USD
    return project(found.lens, seen[None])[0]


@pytest.mark.parametrize(
    ("eye", "up", "view", "points"),
    [
        (
            (0, 0, 10),
            (1, 0, 0),
            [[0, -1, 0, 0], [1, 0, 0, 0], [0, 0, 1, 0], [0, 0, -10, 1]],
            {(0, 0, 0): (256, 256), (-1, -1, 0): (197, 197), (1, 1, 0): (315, 315)},
        ),
        (
            (-4, -4, 8),
            (0, 0, 1),
            [
                [0.70711, 0.57735, -0.40825, 0],
                [-0.70711, 0.57735, -0.40825, 0],
                [0, 0.57735, 0.8165, 0],
                [0, 0, -9.79796, 1],
            ],
            {(0, 0, 0): (256, 256), (-1, -1, 0): (256, 331), (1, 1, 0): (256, 192)},
        ),
    ],
)
def test_isaac_sims_golden_views_projections_and_pixels_come_out(stage, eye, up, view, points) -> None:
    made = camera(stage, focalLength=24.0, horizontalAperture=20.955, verticalAperture=15.2908)
    look_at(made, eye, (0, 0, 0), tuple(-c for c in up) if eye[0] == 0 else up)
    found = scene_camera(stage, "/Camera", (512, 512), NOW)
    # From straight above, "up" is the camera's own choice: the golden one has world -x upwards.
    np.testing.assert_allclose(found.view, view, atol=1e-5)
    np.testing.assert_allclose(
        projection_matrix(found.lens),
        [[2.29062, 0, 0, 0], [0, 2.29062, 0, 0], [0, 0, 0, -1], [0, 0, 1, 0]],
        atol=5e-6,
    )
    assert (found.lens.fx, found.lens.fy) == pytest.approx((586.3994294792998,) * 2, rel=1e-12)
    for world, expected in points.items():
        assert np.abs(pixel(stage, "/Camera", (512, 512), world) - expected).max() <= 0.5


def test_a_recorded_projection_comes_out(stage) -> None:
    # camera_params of Isaac Sim's recorder, 1280 x 720.
    camera(stage, focalLength=18.14756202697754, horizontalAperture=20.954999923706055, verticalAperture=15.29080009)
    stage.GetPrimAtPath("/Camera").GetAttribute("clippingRange").Set(Gf.Vec2f(0.01, 1e7))
    matrix = projection_matrix(scene_camera(stage, "/Camera", (1280, 720), NOW).lens)
    recorded = np.zeros((4, 4))
    recorded[0, 0], recorded[1, 1], recorded[2, 3] = 1.7320507388416009, 3.079201313496179, -1
    recorded[2, 2], recorded[3, 2] = 9.999999786482582e-10, 0.009999999786482581
    np.testing.assert_allclose(matrix, recorded, rtol=3e-8, atol=0)  # its field of view went through a float32
    np.testing.assert_allclose(matrix[2:], recorded[2:], rtol=4e-16, atol=0)


def test_a_near_far_plane_shows_in_the_projection_as_isaac_sim_has_it(stage) -> None:
    made = camera(stage)
    made.GetClippingRangeAttr().Set(Gf.Vec2f(0.1, 100))
    matrix = projection_matrix(scene_camera(stage, "/Camera", (64, 48), NOW).lens)
    assert matrix[2, 2] == pytest.approx(0.001, abs=5e-6)
    assert matrix[3, 2] == pytest.approx(0.1001, abs=5e-6)
    for depth, expected in ((0.1, 1), (100, 0)):
        clip = np.array([0, 0, -depth, 1]) @ matrix
        assert clip[2] / clip[3] == pytest.approx(expected, abs=1e-6)


def test_the_boxes_of_isaac_sims_cubes_come_out_at_their_corners(stage) -> None:
    made = camera(stage, focalLength=18.14756, horizontalAperture=20.955)
    look_at(made, (0, -6, 0.5), (0, 0, 0.5), (0, 0, 1))
    centre, half = np.array([0, -4, 0.5]), np.array([1.55, 0.4, 1]) / 2
    corners = [centre + half * (x, y, z) for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)]
    seen = np.array([pixel(stage, "/Camera", (1280, 720), corner) for corner in corners])
    np.testing.assert_allclose(np.r_[seen.min(0), seen.max(0)], [162.72, 52.08, 1117.28, 667.92], atol=0.006)


def test_aperture_offsets_shift_as_in_usds_own_frustum(stage) -> None:
    made = camera(stage, focalLength=20.0, horizontalAperture=30.0, verticalAperture=18.0)
    made.GetPrim().GetAttribute("horizontalApertureOffset").Set(3.0)
    made.GetPrim().GetAttribute("verticalApertureOffset").Set(-2.0)
    width, height = 300, 180  # the aperture's own shape, so that Gf has nothing to conform
    found = scene_camera(stage, "/Camera", (width, height), NOW)
    frustum = made.GetCamera(NOW).frustum
    witness = np.array(frustum.ComputeProjectionMatrix())
    ours = projection_matrix(found.lens)
    np.testing.assert_allclose(ours[:, [0, 1, 3]], witness[:, [0, 1, 3]], atol=1e-6)
    clip = np.array([0.7, -0.4, -5, 1]) @ witness
    ndc = clip[:2] / clip[3]
    expected = (ndc[0] + 1) * width / 2, (1 - ndc[1]) * height / 2
    np.testing.assert_allclose(project(found.lens, np.array([[0.7, 0.4, 5]]))[0], expected, atol=1e-4)
    assert found.lens.cx < width / 2  # the film moves right, the axis left
    assert found.lens.cy < height / 2


def test_pixels_are_square_whatever_the_vertical_aperture(stage) -> None:
    camera(stage, verticalAperture=1.0)
    lens = scene_camera(stage, "/Camera", (1024, 512), NOW).lens
    assert lens.fx == lens.fy
    assert projection_matrix(lens)[1, 1] == 2 * projection_matrix(lens)[0, 0]


def test_a_view_is_rigid_under_parents_that_scale_shear_and_mirror(stage) -> None:
    parent = UsdGeom.Xform.Define(stage, "/Rig")
    parent.AddTransformOp().Set(Gf.Matrix4d(2, 0.3, 0, 0, 0, -5, 0.1, 0, 0.2, 0, 0.01, 0, 1, 2, 3, 1))
    made = camera(stage, "/Rig/Camera")
    made.AddRotateXYZOp().Set(Gf.Vec3f(20, -50, 70))
    view = scene_camera(stage, "/Rig/Camera", (8, 6), NOW).view
    np.testing.assert_allclose(view[:3, :3] @ view[:3, :3].T, np.eye(3), atol=1e-14)
    assert np.linalg.det(view) == pytest.approx(1)
    world = np.array(made.ComputeLocalToWorldTransform(NOW))
    np.testing.assert_allclose(np.r_[world[3, :3], 1] @ view, [0, 0, 0, 1], atol=1e-14)
    ahead = (np.array([0, 0, -1, 1]) @ world) @ view
    np.testing.assert_allclose(ahead[:2] / ahead[2], 0, atol=1e-13)
    assert ahead[2] < 0
    above = (np.array([0, 1, 0, 0]) @ world) @ view
    assert above[1] > 0
    assert above[0] == pytest.approx(0, abs=1e-14)


def test_a_scaled_camera_sees_as_one_without_scale(stage) -> None:
    made = camera(stage)
    made.AddTranslateOp().Set(Gf.Vec3d(1, 2, 3))
    made.AddRotateXYZOp().Set(Gf.Vec3f(10, 20, 30))
    bare = scene_camera(stage, "/Camera", (8, 6), NOW).view
    made.AddScaleOp().Set(Gf.Vec3f(3, 0.1, 7))
    np.testing.assert_allclose(scene_camera(stage, "/Camera", (8, 6), NOW).view, bare, atol=1e-14)


def test_a_camera_is_read_at_its_time(stage) -> None:
    made = camera(stage)
    move = made.AddTranslateOp()
    move.Set(Gf.Vec3d(0, 0, 0), 0)
    move.Set(Gf.Vec3d(10, 0, 0), 10)
    made.GetFocalLengthAttr().Set(10.0, 0)
    made.GetFocalLengthAttr().Set(20.0, 10)
    found = scene_camera(stage, "/Camera", (8, 6), Usd.TimeCode(5))
    assert found.view[3, 0] == -5
    assert found.attributes["focalLength"] == 15


def test_opencv_attributes_are_scaled_from_their_image_to_the_product(stage) -> None:
    prefix = "omni:lensdistortion:opencvPinhole:"
    intrinsics = {"fx": 700.0, "fy": 710.0, "cx": 650.0, "cy": 350.0, "k1": -0.25, "p1": 0.5, "s4": 0.25, "k6": 0.125}
    author(
        camera(stage), OPENCV, **{prefix + k: v for k, v in intrinsics.items()}, **{prefix + "imageSize": (1280, 720)}
    )
    lens = scene_camera(stage, "/Camera", (640, 180), NOW).lens
    assert lens.model == "opencvPinhole"
    assert (lens.fx, lens.fy, lens.cx, lens.cy) == (350, 177.5, 325, 87.5)
    assert lens.coefficients == (-0.25, 0, 0.5, 0, 0, 0, 0, 0.125, 0, 0, 0, 0.25)


def test_unset_attributes_of_a_lens_schema_have_the_schemas_fallbacks(stage) -> None:
    author(camera(stage), FISHEYE)
    lens = scene_camera(stage, "/Camera", (2048, 1024), NOW).lens
    assert (lens.model, lens.fx, lens.fy, lens.cx, lens.cy) == ("opencvFisheye", 900, 800, 1024, 512)
    assert lens.max_theta == math.pi


def test_the_model_token_decides_over_the_applied_schema(stage) -> None:
    author(camera(stage), OPENCV, **{"omni:lensdistortion:model": "opencvFisheye"})
    assert scene_camera(stage, "/Camera", (64, 32), NOW).lens.model == "opencvFisheye"


def test_the_older_attributes_name_the_same_lenses(stage) -> None:
    old = {"fthetaWidth": 1280.0, "fthetaHeight": 720.0, "fthetaCx": 650.0, "fthetaCy": 350.0, "openCVFx": 700.0}
    poly = {"fthetaPolyA": -0.25, "fthetaPolyB": 0.0625, "fthetaPolyC": 0.5, "openCVFy": 700.0}
    author(camera(stage, "/A"), cameraProjectionType="pinholeOpenCV", **old, **poly, p0=0.125, s3=0.25)
    lens = scene_camera(stage, "/A", (1280, 720), NOW).lens
    assert lens.model == "opencvPinhole"
    assert lens.coefficients == (-0.25, 0.0625, 0.125, 0, 0.5, 0, 0, 0, 0, 0, 0, 0.25)
    author(camera(stage, "/B"), cameraProjectionType="fisheyeOpenCV", **old, openCVFy=700.0, fthetaMaxFov=150.0)
    lens = scene_camera(stage, "/B", (1280, 720), NOW).lens
    assert lens.model == "opencvFisheye"
    assert lens.max_theta == pytest.approx(math.radians(75))


def test_the_middle_ray_of_an_opencv_camera_goes_through_its_principal_point(stage) -> None:
    prefix = "omni:lensdistortion:opencvPinhole:"
    intrinsics = {"fx": 40.0, "fy": 40.0, "cx": 20.5, "cy": 10.5, "k1": -0.1}
    author(camera(stage), OPENCV, **{prefix + k: v for k, v in intrinsics.items()}, **{prefix + "imageSize": (64, 32)})
    lens = scene_camera(stage, "/Camera", (64, 32), NOW).lens
    np.testing.assert_allclose(rays(lens)[10, 20], [0, 0, 1], atol=1e-15)


def test_a_path_without_camera_names_the_cameras_there_are(stage) -> None:
    camera(stage, "/World/Left")
    UsdGeom.Xform.Define(stage, "/World")
    with pytest.raises(OptionError, match=r"no camera '/World/Rigth'.*its cameras are /World/Left"):
        scene_camera(stage, "/World/Rigth", (8, 6), NOW)
    with pytest.raises(OptionError, match="/World is a Xform, not a Camera"):
        scene_camera(stage, "/World", (8, 6), NOW)
    for path in ("", "World/Left", "no path at all", "/"):
        with pytest.raises(OptionError, match="amera"):
            scene_camera(stage, path, (8, 6), NOW)
    with pytest.raises(OptionError, match="it has no camera"):
        scene_camera(Usd.Stage.CreateInMemory(), "/Camera", (8, 6), NOW)


@pytest.mark.parametrize("size_wh", [(0, 6), (8, 0), (-1, 6)])
def test_a_product_without_pixels_is_refused(stage, size_wh) -> None:
    camera(stage)
    with pytest.raises(OptionError, match=rf"/Camera.*{size_wh[0]} x {size_wh[1]} px; both must be at least 1"):
        scene_camera(stage, "/Camera", size_wh, NOW)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"focalLength": 0.0}, "/Camera: focalLength is 0; it must be above 0"),
        ({"horizontalAperture": -3.0}, "/Camera: horizontalAperture is -3"),
        ({"focalLength": math.nan}, "/Camera: focalLength is nan; expected a finite number"),
        ({"clippingRange": Gf.Vec2f(0, 10)}, r"clippingRange is \(0, 10\); expected 0 < near < far"),
        ({"clippingRange": Gf.Vec2f(2, 1)}, r"clippingRange is \(2, 1\)"),
        ({"clippingRange": Gf.Vec2f(math.nan, 1)}, r"clippingRange is \(nan, 1\)"),
    ],
)
def test_a_camera_that_makes_no_image_is_named_with_its_value(stage, values, message) -> None:
    camera(stage, **values)
    with pytest.raises(InputError, match=message):
        scene_camera(stage, "/Camera", (8, 6), NOW)


@pytest.mark.parametrize(
    ("scale", "message"), [((math.nan, 1, 1), "not finite"), ((1, 1, 0), "no direction of view"), ((1, 0, 1), "no dir")]
)
def test_a_pose_that_is_none_is_refused(stage, scale, message) -> None:
    camera(stage).AddScaleOp().Set(Gf.Vec3f(*scale))
    with pytest.raises(InputError, match=f"/Camera.*{message}"):
        scene_camera(stage, "/Camera", (8, 6), NOW)


@pytest.mark.parametrize(
    ("schema", "values", "message"),
    [
        (None, {"projection": "orthographic"}, "'orthographic', which is not rendered"),
        (None, {"cameraProjectionType": "fisheyePolynomial"}, "cameraProjectionType 'fisheyePolynomial'"),
        (None, {"omni:lensdistortion:model": "ftheta"}, "lens model 'ftheta' is not rendered"),
        ("OmniLensDistortionFthetaAPI", {}, "OmniLensDistortionFthetaAPI is not rendered"),
    ],
)
def test_lenses_that_are_not_rendered_are_refused_by_name(stage, schema, values, message) -> None:
    author(camera(stage), schema, **values)
    with pytest.raises(OptionError, match=message):
        scene_camera(stage, "/Camera", (8, 6), NOW)


@pytest.mark.parametrize(("name", "value"), [("fx", 0.0), ("fy", -1.0), ("imageSize", (0, 5))])
def test_a_distorted_lens_without_image_is_refused(stage, name, value) -> None:
    author(camera(stage), OPENCV, **{f"omni:lensdistortion:opencvPinhole:{name}": value})
    with pytest.raises(InputError, match=r"/Camera: the opencvPinhole lens has .* it must be above 0"):
        scene_camera(stage, "/Camera", (8, 6), NOW)


def test_older_attributes_that_are_missing_are_named(stage) -> None:
    author(camera(stage), cameraProjectionType="pinholeOpenCV", openCVFx=5.0)
    with pytest.raises(InputError, match="/Camera: openCVFy has no value"):
        scene_camera(stage, "/Camera", (8, 6), NOW)
