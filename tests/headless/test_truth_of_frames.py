"""Everything that the stand-in says of a frame, against what is true of the scene: six scenes, three lenses."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

pytest.importorskip("pxr", reason="stages need usd-core")

from framepress.core.arrays import Array
from headless.staging import box_of
from headless.true_frames import LENSES, NOW, SIZE, Take, take
from headless.true_scenes import ROUND, SCENES
from headless.witness_of_solids import INSCRIBED, Eye

UNIT = np.array([(x, y, z) for x in (-0.5, 0.5) for y in (-0.5, 0.5) for z in (-0.5, 0.5)])
ALONG = np.linspace(0, 1, 400)


@pytest.fixture(params=[(scene, model) for scene in SCENES for model in LENSES], ids=lambda pair: "-".join(pair))
def frame(request: pytest.FixtureRequest) -> Take:
    return take(*request.param)


@pytest.fixture
def scene(request: pytest.FixtureRequest) -> str:
    return request.node.callspec.params["frame"][0]


def rows_of(value: dict[str, Any]) -> dict[str, Any]:
    """Path -> row, of an annotator of boxes."""
    assert len(set(value["primPaths"])) == len(value["primPaths"]) == len(value["data"])
    return dict(zip(value["primPaths"], value["data"], strict=True))


def box_2d(row: Any) -> list[int]:
    return [int(row[name]) for name in ("x_min", "y_min", "x_max", "y_max")]


def points_of(frame: Take, distances: Array) -> Array:
    """float64 (H, W, 3): what the pixels' centres hit, world."""
    world = np.linalg.inv(frame.eye.view)
    rays = frame.eye.rays * np.where(np.isfinite(distances), distances, 0.0)[..., None]
    return np.asarray(rays @ world[:3, :3] + world[3, :3])


# ---- pixels ----------------------------------------------------------------------------------------------------------


def test_every_pixel_shows_the_solid_that_its_ray_meets_first(frame: Take, scene: str) -> None:
    which, _ = frame.cast
    expected = np.array([path or "UNLABELLED" for path in frame.owners] + ["BACKGROUND"], object)[which]
    instances = frame.payload["instance_segmentation_fast"]
    assert (expected != named(instances))[frame.certain].sum() == 0
    assert frame.certain.mean() > 0.97 if scene in ROUND else frame.certain.all()
    assert (which >= 0).sum() > 500


def named(segmentation: dict[str, Any]) -> Array:
    """Names (H, W) of a segmentation with int keys."""
    names = segmentation["idToLabels"]
    return np.array([names.get(k, "") for k in range(int(segmentation["data"].max()) + 1)], object)[
        segmentation["data"]
    ]


def test_the_leaves_are_those_that_the_rays_meet(frame: Take) -> None:
    names = named(frame.payload["instance_id_segmentation_fast"])
    compared = 0
    for row, solid in enumerate(frame.solids):
        shown = set(names[frame.shows(row)])
        if solid.instancer:
            assert all(name.startswith(f"{solid.instancer}/{solid.path.rpartition('/')[2]}_") for name in shown)
        else:
            assert shown <= {solid.path}
        assert len(shown) <= 1
        compared += len(shown)
    assert compared > 1


def test_distances_are_those_of_the_rays_and_land_on_the_surfaces(frame: Take) -> None:
    distances = frame.payload["distance_to_camera"]["data"].astype(float)
    points = points_of(frame, distances)
    for row, solid in enumerate(frame.solids):
        mine = frame.shows(row)
        if solid.is_ball:
            radii = np.linalg.norm(solid.local(points[mine]), axis=1)
            assert ((radii > INSCRIBED - 1e-5) & (radii < 1 + 1e-5)).all()
        else:
            np.testing.assert_allclose(distances[mine], frame.cast[1][mine], rtol=1e-4)
        if solid.is_box:
            reach = np.abs(solid.local(points[mine])).max(axis=1)
            np.testing.assert_allclose(reach, 0.5, atol=2e-4)


def test_both_distances_agree_and_end_where_nothing_is(frame: Take) -> None:
    distances, depths = (frame.payload[f"distance_to_{end}"]["data"].astype(float) for end in ("camera", "image_plane"))
    instances = frame.payload["instance_segmentation_fast"]
    nothing = instances["data"] == next(k for k, name in instances["idToLabels"].items() if name == "BACKGROUND")
    assert np.array_equal(np.isposinf(distances), nothing)
    assert np.array_equal(np.isposinf(depths), nothing)
    cosine = frame.eye.rays[~nothing][:, 2]
    np.testing.assert_allclose(depths[~nothing], distances[~nothing] * cosine, rtol=1e-5, atol=1e-6)


def test_normals_stand_on_the_surfaces_and_face_the_camera(frame: Take) -> None:
    normals = frame.payload["normals"]["data"].astype(float)
    distances = frame.payload["distance_to_camera"]["data"].astype(float)
    points = points_of(frame, distances)
    assert (normals[~np.isfinite(distances)] == 0).all()
    hit = np.isfinite(distances)
    np.testing.assert_allclose(np.linalg.norm(normals[hit][:, :3], axis=1), 1, atol=1e-4)
    assert (normals[hit][:, 3] == 0).all()
    compared = 0
    for row, solid in enumerate(frame.solids):
        mine = frame.shows(row)
        local, found = solid.local(points[mine]), normals[mine][:, :3]
        if solid.is_box:
            size = np.abs(local)
            clear = np.partition(size, 1, axis=1)[:, 1] < 0.49  # away from the edges, where two faces meet
            facing = np.eye(3)[size.argmax(axis=1)] * np.sign(local)
            degrees = 0.1
        elif solid.is_ball:
            clear, facing, degrees = np.ones(len(local), bool), local, 2.0
        else:
            continue
        facing = facing @ np.linalg.inv(solid.matrix)[:3, :3].T
        facing /= np.linalg.norm(facing, axis=1, keepdims=True)
        towards = frame.eye.origin - points[mine]
        sign = np.sign((facing * towards).sum(1, keepdims=True))
        cosine = (facing * sign * found).sum(1)[clear]
        compared += len(cosine)
        assert (np.degrees(np.arccos(np.clip(cosine, -1, 1))) < degrees).all(), solid.path
    assert compared > 300 or any(not isinstance(solid.shape, str) for solid in frame.solids)


def test_motion_is_where_the_same_point_was_before(frame: Take) -> None:
    """Former pixel minus this one: a thing that went to the left, or up, has a positive way."""
    motion = frame.payload["motion_vectors"]["data"].astype(float)
    distances = frame.payload["distance_to_camera"]["data"].astype(float)
    points, hit = points_of(frame, distances), np.isfinite(distances)
    assert (motion[~hit] == 0).all()
    assert (motion[..., 2:] == 0).all()
    v, u = np.mgrid[: SIZE[1], : SIZE[0]] + 0.5
    moved = 0
    for row, (solid, former) in enumerate(zip(frame.solids, frame.former_solids, strict=True)):
        mine = frame.shows(row)
        if not isinstance(solid.shape, str):
            continue
        local = solid.local(points[mine])
        places = local @ former.matrix[:3, :3] + former.matrix[3, :3]
        before = frame.former_eye.project(places)
        way, expected = motion[mine][:, :2], before - np.stack([u[mine], v[mine]], axis=1)
        seen = sees(frame.former_eye, places)  # also what was beside the picture
        np.testing.assert_allclose(way[seen], expected[seen], atol=0.02, rtol=1e-3)
        moved += int((np.abs(expected[seen]).max(axis=1, initial=0) > 0.3).sum())
    assert moved > 300


def test_semantics_lie_under_the_instances(frame: Take) -> None:
    instances, semantics = frame.payload["instance_segmentation_fast"], frame.payload["semantic_segmentation"]
    for number in np.unique(instances["data"]).tolist():
        under = np.unique(semantics["data"][instances["data"] == number])
        assert len(under) == 1
        name, told = instances["idToLabels"][number], semantics["idToLabels"][str(under[0])]
        assert told == instances["idToSemantics"][number]
        if name in frame.labelled:
            assert sorted(told["class"].split(",")) == sorted(frame.labelled[name])
        else:
            assert told == {"class": name}
            assert name in ("BACKGROUND", "UNLABELLED")


# ---- boxes -----------------------------------------------------------------------------------------------------------


def test_tight_boxes_are_the_bounds_of_the_masks(frame: Take) -> None:
    rows = rows_of(frame.payload["bounding_box_2d_tight_fast"])
    masks = {path: frame.mask(path) for path in frame.labelled}
    assert set(rows) == {path for path, mask in masks.items() if mask.any()}
    for path, row in rows.items():
        assert box_2d(row) == box_of(masks[path]), path


def test_loose_boxes_are_the_bounds_of_each_prim_alone(frame: Take) -> None:
    rows = rows_of(frame.payload["bounding_box_2d_loose_fast"])
    assert set(rows) == {path for path, (mask, _) in frame.alone.items() if mask.any()}
    for path, row in rows.items():
        assert box_2d(row) == box_of(frame.alone[path][0]), path


@pytest.mark.parametrize("annotator", ["2d_tight_fast", "2d_loose_fast", "3d_fast", "3d_360"])
def test_occlusion_is_what_hides_each_prim_of_what_it_shows_alone(frame: Take, annotator: str) -> None:
    rows = rows_of(frame.payload[f"bounding_box_{annotator}"])
    assert rows
    for path, row in rows.items():
        ratio, alone = float(row["occlusionRatio"]), int(frame.alone[path][1].sum())
        if frame.has_children(path):
            assert ratio == -1
        elif alone:
            assert ratio == np.float32(1 - frame.mask(path, below=False).sum() / alone)
        else:
            assert np.isnan(ratio)


def test_the_occlusion_annotator_tells_the_same(frame: Take) -> None:
    loose, told = frame.payload["bounding_box_2d_loose_fast"], frame.payload["occlusion"]["data"]
    assert sorted(told["instanceId"].tolist()) == sorted(loose["bboxIds"].tolist())
    of = dict(zip(loose["bboxIds"].tolist(), loose["data"]["occlusionRatio"].tolist(), strict=True))
    for row in told:
        np.testing.assert_equal(float(row["occlusionRatio"]), of[int(row["instanceId"])])


def test_ids_of_boxes_join_the_annotators_and_labels_are_those_of_the_prims(frame: Take) -> None:
    joined: dict[int, str] = {}
    for kind in ("2d_tight_fast", "2d_loose_fast", "3d_fast", "3d_360"):
        value = frame.payload[f"bounding_box_{kind}"]
        for number, path, row in zip(value["bboxIds"].tolist(), value["primPaths"], value["data"], strict=True):
            assert joined.setdefault(number, path) == path
            told = value["idToLabels"][int(row["semanticId"])]
            assert sorted(told["class"].split(",")) == sorted(frame.labelled[path])


def local_corners(frame: Take, path: str) -> tuple[Array, Array]:
    """Corners (N, 3) of a labelled prim's solids in the space of its 3D box, and that space's way to the world."""
    solids = [solid for solid in frame.solids if f"{solid.path}/".startswith(f"{path}/")]
    instancers = {solid.instancer for solid in solids if not f"{solid.instancer}/".startswith(f"{path}/")} - {""}
    prim = frame.stage.GetPrimAtPath(instancers.pop() if instancers else path)
    from pxr import UsdGeom

    to_world = np.array(UsdGeom.Xformable(prim).ComputeLocalToWorldTransform(NOW))
    inverse = np.linalg.inv(to_world)
    corners = np.concatenate([solid.corners() for solid in solids])
    return corners @ inverse[:3, :3] + inverse[3, :3], to_world


def test_3d_boxes_are_the_bounds_of_the_solids_in_the_prims_own_space(frame: Take, scene: str) -> None:
    rows = rows_of(frame.payload["bounding_box_3d_360"])
    assert set(rows) == set(frame.labelled)
    for path, row in rows.items():
        found = np.array([[row[f"{axis}_{end}"] for axis in "xyz"] for end in ("min", "max")])
        if scene in ROUND and "Ball" in path:
            np.testing.assert_allclose(found, [[-1, -1, -1], [1, 1, 1]], atol=1e-6)
            continue
        corners, to_world = local_corners(frame, path)
        np.testing.assert_allclose(row["transform"], to_world, atol=1e-5)
        np.testing.assert_allclose(found, [corners.min(0), corners.max(0)], atol=2e-5)


def edges_of(row: Any) -> Array:
    """float64 (12, N, 3), world: points along the edges of a 3D box."""
    low, high = ([row[f"{axis}_{end}"] for axis in "xyz"] for end in ("min", "max"))
    local = np.where(UNIT > 0, high, low)
    corners = local @ row["transform"][:3, :3].astype(float) + row["transform"][3, :3]
    pairs = [(a, b) for a in range(8) for b in range(a) if (UNIT[a] != UNIT[b]).sum() == 1]
    return np.stack([corners[a] + ALONG[:, None] * (corners[b] - corners[a]) for a, b in pairs])


def test_projected_3d_boxes_enclose_what_each_prim_shows_alone(frame: Take) -> None:
    rows = rows_of(frame.payload["bounding_box_3d_fast"])
    cubes = {solid.path for solid in frame.solids if solid.is_box and not solid.instancer}
    compared = 0
    for path, (mask, _) in frame.alone.items():
        if not mask.any():
            continue
        assert path in rows  # what has a pixel is in view
        edges = edges_of(rows[path]).reshape(-1, 3)
        if not sees(frame.eye, edges).all():
            continue
        pixels = frame.eye.project(edges)
        low, high = pixels.min(axis=0), pixels.max(axis=0)
        box = np.array(box_of(mask)) + 0.5  # the centres of the outermost pixels
        slack = np.concatenate([box[:2] - low, high - box[2:]])
        assert (slack >= -1e-3).all()
        if path in cubes and (low >= 0).all() and (high <= SIZE).all():
            assert slack.max() < 3, slack  # a corner's tip that falls between centres
        compared += 1
    assert compared >= 1


def sees(eye: Eye, world: Array) -> Array:
    """bool (N,): points that a lens sees, far from where its polynomial bends back and from its side."""
    local = world @ eye.view[:3, :3] + eye.view[3, :3]
    angle = np.degrees(np.arctan2(np.hypot(local[:, 0], local[:, 1]), local[:, 2]))
    return np.asarray(angle < {"pinhole": 85, "opencvPinhole": 50, "opencvFisheye": 120}[eye.model])


# ---- camera, points, skeleton ----------------------------------------------------------------------------------------


def test_camera_params_project_known_points_where_they_are(frame: Take) -> None:
    params = frame.payload["camera_params"]
    view = params["cameraViewTransform"].reshape(4, 4)
    np.testing.assert_allclose(view @ np.diag([1.0, -1.0, -1.0, 1.0]), frame.eye.view, atol=1e-9)
    assert params["renderProductResolution"].tolist() == list(SIZE)
    K = frame.eye.K
    if frame.eye.model != "pinhole":
        assert [params["cameraOpenCVFx"], params["cameraOpenCVFy"]] == pytest.approx([K[0, 0], K[1, 1]])
        assert params["cameraFisheyeOpticalCentre"].tolist() == pytest.approx(K[:2, 2].tolist())
        assert [params["cameraFisheyeNominalWidth"], params["cameraFisheyeNominalHeight"]] == list(SIZE)
        return
    points = np.array([solid.matrix[3, :3] for solid in frame.solids])
    local = np.c_[points, np.ones(len(points))] @ view
    clip = local @ params["cameraProjection"].reshape(4, 4)
    ahead = clip[:, 3] > 0
    ndc = clip[ahead, :2] / clip[ahead, 3:]
    pixels = np.stack([(ndc[:, 0] + 1) * SIZE[0] / 2, (1 - ndc[:, 1]) * SIZE[1] / 2], axis=1)
    np.testing.assert_allclose(pixels, frame.eye.project(points[ahead]), atol=1e-6)


def test_the_point_cloud_is_every_labelled_pixel_unprojected(frame: Take) -> None:
    value = frame.payload["pointcloud"]
    points = value["data"].astype(float)
    instances = frame.payload["instance_segmentation_fast"]
    wanted = instances["data"] > 1
    assert len(points) == wanted.sum()
    pixels = frame.eye.project(points)
    column, row = np.floor(pixels).astype(int).T
    assert np.array_equal(np.sort(row * SIZE[0] + column), np.flatnonzero(wanted))
    expected = points_of(frame, frame.payload["distance_to_camera"]["data"].astype(float))[row, column]
    np.testing.assert_allclose(points, expected, atol=2e-5)
    assert np.array_equal(value["pointInstance"], instances["data"][row, column].astype(np.uint8))
    normals = value["pointNormals"].reshape(-1, 4)
    assert np.array_equal(normals, frame.payload["normals"]["data"][row, column])


@pytest.mark.parametrize("model", LENSES)
def test_joints_are_where_usd_puts_them_and_project_into_their_character(model: str) -> None:
    from pxr import Usd, UsdGeom, UsdSkel

    frame = take("puppet", model)
    told = frame.payload["skeleton_data"]
    cache = UsdSkel.Cache()
    root = UsdSkel.Root.Get(frame.stage, "/World/Puppet")
    cache.Populate(root, Usd.PrimDefaultPredicate)
    query = cache.GetSkelQuery(UsdSkel.Skeleton.Get(frame.stage, "/World/Puppet/Skeleton"))
    joints = np.array(query.ComputeJointWorldTransforms(UsdGeom.XformCache(NOW)))[:, 3, :3]
    assert told["numSkeletons"] == 1
    np.testing.assert_allclose(told["globalTranslations"], joints, atol=1e-5)
    np.testing.assert_allclose(told["translations2d"], frame.eye.project(joints), atol=1e-3)
    mask = frame.alone["/World/Puppet"][0]
    inside = [mask[int(v), int(u)] for u, v in told["translations2d"] if 0 <= u < SIZE[0] and 0 <= v < SIZE[1]]
    assert inside
    assert all(inside)


def test_the_scenes_hold_what_is_claimed() -> None:
    """Hidden, cut off, out of view, within each other: what the facts above would else be told of nothing."""
    frames = [take(scene, model) for scene in SCENES for model in LENSES]
    shown = [(frame, path) for frame in frames for path in frame.labelled]
    alone = [frame.alone[path][0].sum() for frame, path in shown]
    visible = [frame.mask(path).sum() for frame, path in shown]
    hidden = sum(1 for whole, seen in zip(alone, visible, strict=True) if whole and not seen)
    partly = sum(1 for whole, seen in zip(alone, visible, strict=True) if 0 < seen < whole)
    assert hidden > 5
    assert partly > 60
    assert sum(1 for whole in alone if not whole) > 20
    assert sum(1 for frame, path in shown if frame.has_children(path)) > 20
