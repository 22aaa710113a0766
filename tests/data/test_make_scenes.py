"""The scenes that the repository makes: the committed files, their measures, their labels, what their cameras see."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("pxr.UsdSemantics", reason="needs usd-core: pip install 'framepress[headless]'")

from make_scenes import SCENES, write_scenes
from pxr import Usd, UsdGeom, UsdSemantics, UsdShade, UsdSkel

WAREHOUSE, TABLETOP = SCENES / "warehouse" / "warehouse.usda", SCENES / "tabletop" / "tabletop.usda"
PROPS = sorted((SCENES / "warehouse" / "props").glob("*.usda"))


@pytest.fixture(scope="module")
def stage() -> Any:
    return Usd.Stage.Open(str(WAREHOUSE))


def files(folder: Path) -> dict[str, Path]:
    return {path.relative_to(folder).as_posix(): path for path in sorted(folder.rglob("*")) if path.is_file()}


def size(path: Path) -> Any:
    """Of what a file shows, metres."""
    opened = Usd.Stage.Open(str(path))
    cache = UsdGeom.BBoxCache(Usd.TimeCode(0), ["default"])
    return np.array(cache.ComputeWorldBound(opened.GetDefaultPrim()).ComputeAlignedRange().GetSize())


def former_label(prim: Any) -> str:
    attribute = prim.GetAttribute("semantic:Semantics:params:semanticData")
    return str(attribute.Get()) if attribute else ""


def new_label(prim: Any) -> str:
    if "class" not in UsdSemantics.LabelsAPI.GetDirectTaxonomies(prim):
        return ""
    return str(UsdSemantics.LabelsAPI(prim, "class").GetLabelsAttr().Get()[0])


def test_the_committed_scenes_are_what_the_script_makes(tmp_path: Path) -> None:
    write_scenes(tmp_path)
    made, kept = files(tmp_path), files(SCENES)
    assert list(made) == list(kept)
    for name, path in made.items():
        if path.suffix == ".usda":
            assert path.read_bytes() == kept[name].read_bytes(), name
        elif path.read_bytes() != kept[name].read_bytes():  # another libjpeg or zlib: the pixels are what counts
            ours, theirs = (np.asarray(Image.open(file), np.int16) for file in (path, kept[name]))
            assert np.abs(ours - theirs).max() <= (2 if path.suffix == ".jpg" else 0), name


def test_the_same_process_makes_the_same_bytes_again(tmp_path: Path) -> None:
    for run in ("first", "second"):
        write_scenes(tmp_path / run)
    first, second = files(tmp_path / "first"), files(tmp_path / "second")
    assert {name: path.read_bytes() for name, path in first.items()} == {
        name: path.read_bytes() for name, path in second.items()
    }


def test_the_scenes_stay_small_and_refer_to_files_beside_them_only() -> None:
    kept = files(SCENES)
    assert sum(path.stat().st_size for path in kept.values()) < 5_000_000
    for name, path in kept.items():
        if path.suffix == ".usda":
            for asset in re.findall("@([^@]*)@", path.read_text(encoding="utf-8")):
                assert asset.startswith(("./", "../")), (name, asset)
                assert (path.parent / asset).is_file(), (name, asset)


@pytest.mark.parametrize(
    ("prop", "expected", "within"),
    [
        ("pallet", (1.2, 0.8, 0.144), 0.001),  # EN 13698-1
        ("barrel_red", (0.58, 0.58, 0.88), 0.01),
        ("cone", (0.34, 0.34, 0.5), 0.005),
        ("carton", (1.0, 1.0, 1.0), 0.0),  # to be scaled
        ("rack_shelf", (2.7, 1.1, 0.2), 0.12),
        ("forklift", (3.1, 1.16, 2.2), 0.06),
    ],
)
def test_things_have_the_size_that_they_have(prop: str, expected: Any, within: float) -> None:
    assert np.abs(size(SCENES / "warehouse" / "props" / f"{prop}.usda") - expected).max() <= within + 1e-6


@pytest.mark.parametrize("path", PROPS, ids=lambda path: path.stem)
def test_faces_are_seen_from_outside(path: Path) -> None:
    """Authored normals lie on the side that the winding says, and what is closed encloses a positive volume."""
    opened = Usd.Stage.Open(str(path))
    for prim in opened.Traverse():
        mesh = UsdGeom.Mesh(prim)
        if not mesh:
            continue
        points = np.array(mesh.GetPointsAttr().Get(), float)
        counts, indices = mesh.GetFaceVertexCountsAttr().Get(), np.array(mesh.GetFaceVertexIndicesAttr().Get())
        normals = None if mesh.GetNormalsAttr().Get() is None else np.array(mesh.GetNormalsAttr().Get(), float)
        first, volume = 0, 0.0
        for count in counts:
            corners = points[indices[first : first + count]]
            fan = np.cross(corners[1:-1] - corners[0], corners[2:] - corners[0])
            volume += float((fan @ corners[0]).sum() / 6)
            if normals is not None and count <= 4:  # the lids of sleeves share the normals of their sides
                rows = indices[first : first + count] if len(normals) == len(points) else slice(first, first + count)
                assert (normals[rows] @ fan.sum(0) > -1e-9).mean() >= 0.5, (prim.GetPath(), corners)
            first += count
        assert volume >= -1e-9, prim.GetPath()


def test_the_warehouse_holds_what_scenes_in_the_wild_hold(stage: Any) -> None:
    prims = list(stage.Traverse())
    assert UsdGeom.GetStageUpAxis(stage) == "Z"
    assert UsdGeom.GetStageMetersPerUnit(stage) == 1.0
    assert sum(prim.IsInstance() for prim in prims) > 100
    assert [prim for prim in prims if prim.IsA(UsdGeom.PointInstancer)]
    assert [prim for prim in prims if prim.IsA(UsdSkel.Root)]
    everything = list(Usd.PrimRange(stage.GetPseudoRoot(), Usd.TraverseInstanceProxies(Usd.PrimDefaultPredicate)))
    assert [prim for prim in everything if prim.IsA(UsdGeom.Subset)]
    shaders = [UsdShade.Shader(prim) for prim in everything if prim.IsA(UsdShade.Shader)]
    assert [shader for shader in shaders if shader.GetInput("opacityThreshold")]


def test_labels_are_in_both_schemas_and_below_each_other(stage: Any) -> None:
    former = Counter(former_label(prim) for prim in stage.Traverse())
    new = Counter(new_label(prim) for prim in stage.Traverse())
    assert former["pallet"] > 10 < new["pallet"]
    assert former["box"] > 50 < new["box"]
    assert former["traffic_cone"] == 5
    assert {"forklift", "person", "crate", "barrel", "rack", "sign", "fence"} <= set(new)
    truck = stage.GetPrimAtPath("/World/Truck/Forklift")
    assert new_label(truck) == "forklift"
    below = [prim for prim in Usd.PrimRange(truck) if "part" in UsdSemantics.LabelsAPI.GetDirectTaxonomies(prim)]
    parts = {str(UsdSemantics.LabelsAPI(prim, "part").GetLabelsAttr().Get()[0]) for prim in below}
    assert {"mast", "fork", "cabin", "counterweight"} <= parts
    assert UsdSemantics.LabelsAPI(stage.GetPrimAtPath("/World/Barrels/Barrel_0"), "color")


def skinned(stage: Any, frame: float) -> Any:
    """Points of the person, as UsdSkel itself moves them, before the prim's own pose."""
    root, mesh = UsdSkel.Root(stage.GetPrimAtPath("/World/Person")), stage.GetPrimAtPath("/World/Person/Body")
    cache = UsdSkel.Cache()
    cache.Populate(root, Usd.PrimDefaultPredicate)
    skeleton = cache.GetSkelQuery(UsdSkel.Skeleton(stage.GetPrimAtPath("/World/Person/Skeleton")))
    points = UsdGeom.Mesh(mesh).GetPointsAttr().Get()
    assert cache.GetSkinningQuery(mesh).ComputeSkinnedPoints(skeleton.ComputeSkinningTransforms(frame), points, frame)
    return np.array(points, float)


def test_the_person_walks_on_the_floor_upright_and_forwards(stage: Any) -> None:
    poses = [skinned(stage, frame) for frame in range(0, 25, 2)]
    for points in poses:
        assert -0.02 < points[:, 2].min() < 0.02
        assert 1.68 < np.ptp(points[:, 2]) < 1.82
    strides = [np.ptp(points[points[:, 2] < 0.2][:, 1]) for points in poses]
    assert max(strides) > 0.75 > 0.5 > min(strides)
    assert np.allclose(poses[0], poses[-1])
    person = UsdGeom.Xformable(stage.GetPrimAtPath("/World/Person"))
    start, end = (person.ComputeLocalToWorldTransform(frame) for frame in (0, 24))
    way = end.ExtractTranslation() - start.ExtractTranslation()
    assert way.GetLength() == pytest.approx(1.32, abs=0.01)
    assert (start.TransformDir((0, 1, 0)) * way) / way.GetLength() == pytest.approx(1.0, abs=1e-4)  # faces +y


@pytest.mark.parametrize(
    ("path", "cameras", "least"),
    [(WAREHOUSE, ("Front", "Aisle"), 200), (TABLETOP, ("Main", "Side"), 5)],
    ids=["warehouse", "tabletop"],
)
def test_the_cameras_see_most_of_what_is_labelled_and_nothing_is_left_out(
    path: Path, cameras: tuple[str, ...], least: int
) -> None:
    pytest.importorskip("warp", reason="needs warp-lang: pip install 'framepress[headless]'")
    from framepress.headless.buffers import Passes
    from framepress.headless.render.renderer import Renderer
    from framepress.headless.usd.cameras import scene_camera
    from framepress.headless.usd.reader import StageReader

    opened = Usd.Stage.Open(str(path))
    scene = StageReader(opened).read(Usd.TimeCode(0))
    assert scene.findings == ()
    renderer, seen = Renderer(threads=1), set()
    renderer.begin_frame(scene)
    for name in cameras:
        buffers = renderer.render(scene_camera(opened, f"/World/Cameras/{name}", (640, 360), Usd.TimeCode(0)), Passes())
        assert (buffers.visible_count > 0).sum() >= least
        assert np.isfinite(buffers.depth).mean() > (0.95 if path == WAREHOUSE else 0.3)
        seen |= {k for k, count in enumerate(buffers.visible_count) if count > 20}
    labels = [next(iter(entity.own.values()))[0] for entity in scene.entities]
    assert {labels[k] for k in seen} == set(labels)
