"""A session that has seen a stage change draws it as one that sees it for the first time: no state is left behind."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

pytest.importorskip("pxr", reason="stages need usd-core")
from pxr import Gf, Sdf, Usd, UsdGeom, UsdLux, UsdShade, Vt

from framepress.headless import host as hosts
from headless.staging import camera, cube, labelled, placed, product, seen, sphere
from headless.true_scenes import SCENES, bend

SIZE = (80, 45)
ANNOTATORS = (
    "rgb",
    "distance_to_camera",
    "normals",
    "semantic_segmentation",
    "instance_segmentation_fast",
    "instance_id_segmentation_fast",
    "bounding_box_2d_tight_fast",
    "bounding_box_2d_loose_fast",
    "bounding_box_3d_360",
    "occlusion",
    "camera_params",
    "pointcloud",
    "skeleton_data",
)


def scene(rng: np.random.Generator) -> Usd.Stage:
    stage = Usd.Stage.CreateInMemory()
    UsdGeom.SetStageUpAxis(stage, "Z")
    UsdGeom.SetStageMetersPerUnit(stage, 1.0)
    for name in ("multiplied", "puppet", "balls"):
        SCENES[name](stage, rng)
    for k in range(3):
        material = UsdShade.Material.Define(stage, f"/World/Looks/Look_{k}")
        shader = UsdShade.Shader.Define(stage, f"/World/Looks/Look_{k}/Surface")
        shader.CreateIdAttr("UsdPreviewSurface")
        shader.CreateInput("diffuseColor", Sdf.ValueTypeNames.Color3f).Set(Gf.Vec3f(*rng.uniform(0, 1, 3).tolist()))
        material.CreateSurfaceOutput().ConnectToSource(shader.ConnectableAPI(), "surface")
    UsdLux.DistantLight.Define(stage, "/World/Sun").CreateIntensityAttr(2000.0)
    UsdLux.DomeLight.Define(stage, "/World/Sky").CreateIntensityAttr(400.0)
    camera(stage, "/World/Camera", (0.5, -4, 1), (0, 0, 0.2))
    return stage


# ---- edits: each takes the stage and a seeded generator --------------------------------------------------------------


def some(stage: Usd.Stage, rng: np.random.Generator, *kinds: Any) -> Usd.Prim:
    found = [prim for prim in stage.Traverse() if not kinds or any(prim.IsA(kind) for kind in kinds)]
    return found[int(rng.integers(len(found)))]


def move(stage: Usd.Stage, rng: np.random.Generator) -> None:
    prim = some(stage, rng, UsdGeom.Cube, UsdGeom.Sphere, UsdGeom.PointInstancer)
    placed(prim, rng.uniform(-1.5, 1.5, 3), rng.uniform(0, 360, 3), rng.uniform(0.3, 1, 3))


def hide(stage: Usd.Stage, rng: np.random.Generator) -> None:
    visibility = UsdGeom.Imageable(some(stage, rng, UsdGeom.Gprim, UsdGeom.PointInstancer)).CreateVisibilityAttr()
    visibility.Set("inherited" if visibility.Get() == "invisible" else "invisible")


def relabel(stage: Usd.Stage, rng: np.random.Generator) -> None:
    labelled(some(stage, rng, UsdGeom.Imageable), str(rng.choice(["crate", "ball", "Other"])))


def unlabel(stage: Usd.Stage, rng: np.random.Generator) -> None:
    prims = [prim for prim in stage.Traverse() if prim.GetAttribute("semantics:labels:class")]
    if prims:
        prim = prims[int(rng.integers(len(prims)))]
        prim.RemoveProperty("semantics:labels:class")
        prim.RemoveAPI("SemanticsLabelsAPI", "class")


def add(stage: Usd.Stage, rng: np.random.Generator) -> None:
    make = (cube, sphere)[int(rng.integers(2))]
    path = f"/World/New_{int(rng.integers(4))}"
    stage.RemovePrim(path)
    make(stage, path, "new", at=rng.uniform(-1.5, 1.5, 3), scale=rng.uniform(0.2, 0.6))


def remove(stage: Usd.Stage, rng: np.random.Generator) -> None:
    prim = some(stage, rng, UsdGeom.Cube, UsdGeom.Sphere)
    if "Prototypes" not in str(prim.GetPath()):
        stage.RemovePrim(prim.GetPath())


def switch_off(stage: Usd.Stage, rng: np.random.Generator) -> None:
    off = [prim for prim in stage.GetPrimAtPath("/World").GetAllChildren() if not prim.IsActive()]
    prim = off[0] if off else some(stage, rng, UsdGeom.Gprim, UsdGeom.PointInstancer)
    if not prim.IsA(UsdGeom.Camera):
        prim.SetActive(not prim.IsActive())


def resize(stage: Usd.Stage, rng: np.random.Generator) -> None:
    prim = some(stage, rng, UsdGeom.Cube, UsdGeom.Sphere)
    prim.GetAttribute("size" if prim.IsA(UsdGeom.Cube) else "radius").Set(float(rng.uniform(0.4, 1.2)))


def shift_points(stage: Usd.Stage, rng: np.random.Generator) -> None:
    instancer = UsdGeom.PointInstancer(some(stage, rng, UsdGeom.PointInstancer))
    count = int(rng.integers(2, 9))
    instancer.GetProtoIndicesAttr().Set(Vt.IntArray(rng.integers(0, 2, count).tolist()))
    instancer.GetPositionsAttr().Set(Vt.Vec3fArray([Gf.Vec3f(*p) for p in rng.uniform(-2, 2, (count, 3)).tolist()]))
    instancer.GetOrientationsAttr().Clear()
    instancer.GetScalesAttr().Clear()
    instancer.GetInvisibleIdsAttr().Set(Vt.Int64Array([int(rng.integers(count))]))


def shade(stage: Usd.Stage, rng: np.random.Generator) -> None:
    prim = some(stage, rng, UsdGeom.Gprim)
    look = UsdShade.Material.Get(stage, f"/World/Looks/Look_{int(rng.integers(3))}")
    UsdShade.MaterialBindingAPI.Apply(prim).Bind(look)


def paint(stage: Usd.Stage, rng: np.random.Generator) -> None:
    shader = UsdShade.Shader.Get(stage, f"/World/Looks/Look_{int(rng.integers(3))}/Surface")
    shader.GetInput("diffuseColor").Set(Gf.Vec3f(*rng.uniform(0, 1, 3).tolist()))


def light(stage: Usd.Stage, rng: np.random.Generator) -> None:
    sun = UsdLux.DistantLight.Get(stage, "/World/Sun")
    sun.GetIntensityAttr().Set(float(rng.uniform(100, 4000)))
    placed(sun, turn=rng.uniform(-60, 60, 3))


def aim(stage: Usd.Stage, rng: np.random.Generator) -> None:
    eye = UsdGeom.Camera.Get(stage, "/World/Camera")
    look = Gf.Matrix4d().SetLookAt(
        Gf.Vec3d(*rng.uniform((-1, -5, 0), (1, -3, 2))), Gf.Vec3d(*rng.uniform(-0.5, 0.5, 3)), Gf.Vec3d(0, 0, 1)
    )
    eye.GetPrim().GetAttribute("xformOp:transform").Set(look.GetInverse())
    eye.GetFocalLengthAttr().Set(float(rng.uniform(12, 24)))


def pose(stage: Usd.Stage, rng: np.random.Generator) -> None:
    if stage.GetPrimAtPath("/World/Puppet/Animation"):
        bend(stage, float(rng.uniform(-30, 30)))


def purpose(stage: Usd.Stage, rng: np.random.Generator) -> None:
    UsdGeom.Imageable(some(stage, rng, UsdGeom.Gprim)).CreatePurposeAttr(
        str(rng.choice(["default", "guide", "render"]))
    )


EDITS: tuple[Callable[[Usd.Stage, np.random.Generator], None], ...] = (
    move, hide, relabel, unlabel, add, remove, switch_off, resize,
    shift_points, shade, paint, light, aim, pose, purpose,
)  # fmt: skip


def same(a: Any, b: Any) -> bool:
    if isinstance(a, dict):
        return list(a) == list(b) and all(same(a[key], b[key]) for key in a)
    if isinstance(a, np.ndarray):
        return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()
    return bool(a == b)


def frame(host: hosts.Host, stage: Usd.Stage) -> dict[str, Any]:
    """What a session says of the stage; products are not left behind on it."""
    render_product = product("/World/Camera", SIZE)
    values = seen(render_product, *ANNOTATORS)
    render_product.destroy()
    return values


@pytest.mark.parametrize("seed", range(6))
def test_a_session_that_has_lived_through_edits_draws_what_a_new_one_draws(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(seed)
    stage = scene(rng)
    lived = hosts.reset()
    lived.use_stage(stage)
    frame(lived, stage)
    objects = 0
    for _ in range(10):
        made = [EDITS[k] for k in rng.integers(0, len(EDITS), rng.integers(1, 4))]
        for edit in made:
            edit(stage, rng)
        monkeypatch.setattr(hosts, "_current", lived)
        known = frame(lived, stage)
        new = hosts.reset()
        new.use_stage(stage)
        fresh = frame(new, stage)
        for name in ANNOTATORS:
            assert same(known[name], fresh[name]), (name, [edit.__name__ for edit in made])
        assert set(new.findings) <= set(lived.findings)
        objects += len(known["bounding_box_2d_tight_fast"]["data"])
    assert objects > 60
