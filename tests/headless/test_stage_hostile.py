"""Stages that are broken, empty, vast or strangely labelled: an error that says where, or a finding; never a wrong row.

Each goes both ways: through Replicator's calls, and through `framepress render`.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

pytest.importorskip("pxr", reason="stages need usd-core")
from pxr import Gf, Sdf, Usd, UsdGeom, UsdLux, Vt

from framepress.cli import main
from framepress.errors import FramepressError, InputError, OptionError
from framepress.headless import host as hosts
from headless.staging import box_of, camera, cube, labelled, opened, placed, product, seen

NAN, INF = float("nan"), float("inf")
SIZE = (160, 90)
SQUARE = [(-1, 0, 0), (1, 0, 0), (1, 0, 1), (-1, 0, 1)]
BOX = "/World/Box"

Build = Callable[[Usd.Stage], Any]


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """Findings are looked up, not printed."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


def made(*builds: Build, eye: bool = True) -> Usd.Stage:
    """A stage with a camera, a light, a crate to the right, and what else is built."""
    stage = Usd.Stage.CreateInMemory()
    UsdGeom.SetStageUpAxis(stage, "Z")
    UsdGeom.SetStageMetersPerUnit(stage, 1.0)
    if eye:
        camera(stage, "/World/Camera", (0, -6, 0.5), (0, 0, 0.5))
    UsdLux.DomeLight.Define(stage, "/World/Sky")
    cube(stage, BOX, "crate", at=(2, 0, 0.5))
    for build in builds:
        build(stage)
    return stage


def mesh(stage: Usd.Stage, path: str, points: Any, counts: list[int], indices: list[int]) -> None:
    prim = UsdGeom.Mesh.Define(stage, path)
    prim.CreatePointsAttr(Vt.Vec3fArray([Gf.Vec3f(*point) for point in points]))
    prim.CreateFaceVertexCountsAttr(counts)
    prim.CreateFaceVertexIndicesAttr(indices)
    labelled(prim, "thing")


def shot(source: Any) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Tight boxes and instances of a stage or file, through Replicator's calls; and what was found."""
    host = opened()
    host.open_stage(source)
    frame = seen(product("/World/Camera", SIZE), "bounding_box_2d_tight_fast", "instance_segmentation_fast")
    return frame, host.findings


def saved(stage: Usd.Stage, folder: Path, name: str = "scene.usda") -> Path:
    path = folder / name
    stage.GetRootLayer().Export(str(path))
    return path


class Rendered:
    """An end of `framepress render`: its answer, and what COCO holds."""

    def __init__(self, source: Path, *options: str, frames: int = 1) -> None:
        out = source.parent / "out"
        arguments = ["render", str(source), str(out), "--size", "160x90", "--to", "coco", "--frames", str(frames)]
        result = CliRunner().invoke(main, [*arguments, "--json", *options])
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        self.code, self.answer = result.exit_code, json.loads(result.stdout)
        self.tracks: list[dict[str, str]] = []
        files = list(out.glob("annotations/*.json"))
        if files:
            document = json.loads(files[0].read_text())
            names = {entry["id"]: entry["name"] for entry in document["categories"]}
            by_image: dict[int, dict[str, str]] = {image["id"]: {} for image in document["images"]}
            for entry in document["annotations"]:
                by_image[entry["image_id"]][entry["track"]] = names[entry["category_id"]]
            self.tracks = [by_image[key] for key in sorted(by_image)]

    @property
    def error(self) -> str:
        return str(self.answer["error"]["message"])


# ---- parts that cannot be drawn: the rest is -------------------------------------------------------------------------


def xform(at: Any = (0, 0, 0), **pose: Any) -> Build:
    return lambda stage: cube(stage, "/World/Bad", "bad", at=at, **pose)


def under(**pose: Any) -> Build:
    def build(stage: Usd.Stage) -> None:
        placed(UsdGeom.Xform.Define(stage, "/World/Bad"), **pose)
        cube(stage, "/World/Bad/Inside", "bad")

    return build


def shape(points: Any, counts: list[int], indices: list[int]) -> Build:
    return lambda stage: mesh(stage, "/World/Bad", points, counts, indices)


def sized(size: float) -> Build:
    return lambda stage: cube(stage, "/World/Bad", "bad").GetSizeAttr().Set(size)


# What is built, whether any of it is to be seen, and the finding's words ("" = there is nothing wrong with it).
ODD: dict[str, tuple[Build, bool, str]] = {
    "translation NaN": (xform((NAN, 0, 0)), False, "/World/Bad: not drawn, its transform is not finite"),
    "translation infinite": (xform((0, INF, 0)), False, "/World/Bad: not drawn, its transform is not finite"),
    "parent's scale NaN": (under(scale=NAN), False, "/World/Bad/Inside: not drawn, its transform is not finite"),
    "scale 0": (xform(scale=0.0), False, ""),
    "flat": (xform(scale=(1, 0, 1)), True, ""),
    "mirrored": (xform(scale=(-1, 1, 1)), True, ""),
    "tiny": (xform(scale=1e-30), False, ""),
    "beyond the far plane": (xform((0, 1e15, 0)), False, ""),
    "size NaN": (sized(NAN), False, "/World/Bad: size is nan"),
    "size below 0": (sized(-1.0), False, "/World/Bad: size is -1.0"),
    "a point NaN": (
        shape([(-1, 0, 0), (1, 0, 0), (NAN, 0, 1), (-1, 0, 1)], [3, 3], [0, 1, 2, 0, 1, 3]),
        True,
        "/World/Bad: 1 points are not finite: their faces are left out",
    ),
    "all points NaN": (shape([(NAN, 0, 0)] * 3, [3], [0, 1, 2]), False, "nothing is left of the mesh"),
    "an index too high": (shape(SQUARE, [3, 3], [0, 1, 9, 0, 1, 3]), True, "the first 9, name none of its 4 points"),
    "an index far too high": (shape(SQUARE, [3], [0, 1, 2**31 - 1]), False, "2147483647, name none of its 4 points"),
    "an index below 0": (shape(SQUARE, [3], [0, -1, 2]), False, "the first -1, name none of its 4 points"),
    "too few indices": (shape(SQUARE, [4], [0, 1, 2]), False, "add up to 4, but there are 3 faceVertexIndices"),
    "counts below 0": (shape(SQUARE, [-3], [0, 1, 2]), False, "add up to -3, some below 0"),
    "faces of two corners": (shape(SQUARE, [2, 3], [0, 1, 0, 1, 2]), True, "faces of fewer than three corners"),
    "no points, no faces": (shape([], [], []), False, ""),
    "no faces": (shape(SQUARE, [], []), False, ""),
    "no points": (shape([], [3], [0, 1, 2]), False, ""),
    "without area": (shape([(0, 0, 0), (1, 0, 1), (2, 0, 2)], [3], [0, 1, 2]), False, ""),
    "to the horizon": (shape([(-1e15, 8, 0), (1e15, 8, 0), (1e15, 8, 1e15)], [3], [0, 1, 2]), True, ""),
}


@pytest.mark.parametrize("case", ODD)
def test_what_cannot_be_drawn_is_left_out_and_told(case: str, tmp_path: Path) -> None:
    build, visible, words = ODD[case]
    stage = made(build)
    frame, findings = shot(stage)
    tight = frame["bounding_box_2d_tight_fast"]
    expected = {BOX} | ({"/World/Bad"} if visible else set())
    assert set(tight["primPaths"]) == expected
    assert all(words in finding for finding in findings)
    assert bool(findings) == bool(words)
    plain, _ = shot(made())
    crate = tight["data"][tight["primPaths"].index(BOX)]
    assert crate["x_max"] == plain["bounding_box_2d_tight_fast"]["data"][0]["x_max"]

    rendered = Rendered(saved(stage, tmp_path))
    assert rendered.code == 0
    assert set(rendered.tracks[0]) == expected
    assert rendered.answer["findings"] == list(findings)


# ---- composition -----------------------------------------------------------------------------------------------------


def referencing(target: str, prim_path: str = "") -> Build:
    def build(stage: Usd.Stage) -> None:
        prim = placed(UsdGeom.Xform.Define(stage, "/World/Bad"), (-1, 0, 0)).GetPrim()
        prim.GetReferences().AddReference(target, prim_path or Sdf.Path())

    return build


BROKEN: dict[str, tuple[Build, str]] = {
    "no such file": (referencing("./nowhere.usda"), "nowhere.usda"),
    "no such prim": (referencing("", "/Nowhere"), "/Nowhere"),
    "of itself": (referencing("", "/World"), "Cycle detected"),
    "no USD": (referencing("./noise.usda"), "noise.usda"),
    "cut off": (referencing("./torn.usdc"), "torn.usdc"),
    "round and round": (referencing("./other.usda", "/Back"), "Cycle detected"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_reference_that_leads_nowhere_is_told_once_and_the_rest_is_drawn(case: str, tmp_path: Path) -> None:
    build, words = BROKEN[case]
    (tmp_path / "noise.usda").write_text("hello, world")
    whole = saved(made(), tmp_path, "whole.usdc").read_bytes()
    (tmp_path / "torn.usdc").write_bytes(whole[: len(whole) // 2])
    other = Usd.Stage.CreateInMemory()
    other.DefinePrim("/Back", "Xform").GetReferences().AddReference("./scene.usda", "/World")
    saved(other, tmp_path, "other.usda")
    path = saved(made(build), tmp_path)

    frame, findings = shot(path)
    assert len(findings) == 1
    assert words in findings[0]
    assert "/World/Bad" in findings[0]
    assert BOX in frame["bounding_box_2d_tight_fast"]["primPaths"]
    rendered = Rendered(path)
    assert rendered.code == 0
    assert rendered.answer["findings"] == list(findings)
    assert BOX in rendered.tracks[0]


def test_a_layer_that_contains_itself_is_told(tmp_path: Path) -> None:
    path = saved(made(), tmp_path)
    layer = Sdf.Layer.FindOrOpen(str(path))
    layer.subLayerPaths.append("./scene.usda")
    layer.Save()
    del layer
    rendered = Rendered(path)
    assert rendered.code == 0
    assert "cycles" in rendered.answer["findings"][0]
    assert rendered.tracks == [{BOX: "crate"}]


# ---- what is refused -------------------------------------------------------------------------------------------------


def test_a_file_that_is_no_stage_is_refused_with_its_name(tmp_path: Path) -> None:
    whole = saved(made(), tmp_path, "whole.usdc").read_bytes()
    files = {
        "missing.usda": None,
        "empty.usda": b"",
        "noise.usda": b"hello, world",
        "noise.usd": b"\x00\x01\x02\xff" * 9,
        "noise.usdz": b"PK\x03\x04" + bytes(40),
        "torn.usdc": whole[: len(whole) // 2],
        "stub.usdc": whole[:40],
        "name.txt": b"#usda 1.0\n",
    }
    for name, content in files.items():
        path = tmp_path / name
        if content is not None:
            path.write_bytes(content)
        with pytest.raises(InputError, match=name):
            opened().open_stage(path)
        rendered = Rendered(path)
        assert rendered.code == (2 if content is None else 4)
        assert name in rendered.error
        assert "\n" not in rendered.error
        assert not (tmp_path / "out").exists()


def test_a_stage_without_a_camera_is_refused(tmp_path: Path) -> None:
    rendered = Rendered(saved(made(eye=False), tmp_path))
    assert rendered.code == 4
    assert "holds no camera" in rendered.error
    opened(made(eye=False))
    with pytest.raises(FramepressError, match="/World/Camera"):
        product("/World/Camera", SIZE)


@pytest.mark.parametrize("size", [(0, 90), (160, 0), (-1, 90), (0, 0)])
def test_a_render_product_without_pixels_is_refused(size: tuple[int, int], tmp_path: Path) -> None:
    opened(made())
    with pytest.raises(OptionError, match=f"{size[0]} x {size[1]}"):
        product("/World/Camera", size)
    path = saved(made(), tmp_path)
    result = CliRunner().invoke(
        main, ["render", str(path), str(tmp_path / "out"), "--to", "coco", f"--size={size[0]}x{size[1]}"]
    )
    assert result.exit_code == 2
    assert "--size" in result.output


def changed(change: Callable[[UsdGeom.Camera], Any]) -> Build:
    return lambda stage: change(UsdGeom.Camera.Get(stage, "/World/Camera"))


CAMERAS: dict[str, tuple[Build, str]] = {
    "pose NaN": (
        changed(lambda eye: eye.GetPrim().GetAttribute("xformOp:transform").Set(Gf.Matrix4d(NAN))),
        "not finite",
    ),
    "focal length 0": (changed(lambda eye: eye.GetFocalLengthAttr().Set(0.0)), "focalLength is 0"),
    "aperture NaN": (
        changed(lambda eye: eye.GetHorizontalApertureAttr().Set(NAN)),
        "horizontalAperture is nan",
    ),
    "orthographic": (changed(lambda eye: eye.CreateProjectionAttr("orthographic")), "orthographic"),
    "far before near": (
        changed(lambda eye: eye.GetClippingRangeAttr().Set(Gf.Vec2f(10, 1))),
        "clippingRange is",
    ),
}


@pytest.mark.parametrize("case", CAMERAS)
def test_a_camera_that_makes_no_image_is_refused_with_its_path(case: str, tmp_path: Path) -> None:
    build, words = CAMERAS[case]
    with pytest.raises(FramepressError, match="/World/Camera") as caught:
        shot(made(build))
    assert words in str(caught.value)
    rendered = Rendered(saved(made(build), tmp_path))
    assert rendered.code in (2, 4)
    assert "/World/Camera" in rendered.error
    assert words in rendered.error


# ---- labels ----------------------------------------------------------------------------------------------------------

NAMES = [
    "it's",
    'say "hi"',
    "back\\slash",
    "a/b/c",
    "../up",
    "日本語 ñ",
    "semi;colon",
    "eq=x:y",
    "{json}",
    "İstanbul",
    "Straße",
    "two words",
    "null",
    "0",
    "x" * 3000,
    "🏗 outside the plane",
]


def test_any_text_is_a_label_from_the_stage_to_the_dataset(tmp_path: Path) -> None:
    def build(stage: Usd.Stage) -> None:
        for k, name in enumerate(NAMES):
            cube(stage, f"/World/L{k}", name, at=(0.28 * k - 2.9, 0, 0.5), scale=0.2)

    stage = made(build)
    frame, _ = shot(stage)
    tight = frame["bounding_box_2d_tight_fast"]
    told = {
        path: tight["idToLabels"][int(row["semanticId"])]["class"]
        for path, row in zip(tight["primPaths"], tight["data"], strict=True)
    }
    assert told == {BOX: "crate", **{f"/World/L{k}": name.lower() for k, name in enumerate(NAMES)}}
    rendered = Rendered(saved(stage, tmp_path))
    assert rendered.code == 0
    assert rendered.tracks == [{BOX: "crate", **{f"/World/L{k}": name for k, name in enumerate(NAMES)}}]


@pytest.mark.parametrize("label", ["new\nline", "tab\tstop", " blank before", "blank after ", " ", "\x7f"])
def test_a_label_that_is_no_name_is_refused_with_its_prim(label: str, tmp_path: Path) -> None:
    rendered = Rendered(saved(made(lambda stage: cube(stage, "/World/Bad", label)), tmp_path))
    assert rendered.code == 4
    assert "scene.usda: /World/Bad: class name" in rendered.error
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("labels", [("first", "second"), ("a,b",)])
def test_several_labels_of_one_prim_are_for_the_user_to_choose_from(labels: tuple[str, ...], tmp_path: Path) -> None:
    stage = made(lambda stage: cube(stage, "/World/Two", *labels))
    path = saved(stage, tmp_path)
    rendered = Rendered(path)
    assert rendered.code == 4
    assert "/World/Two has the labels" in rendered.error
    assert "--labels FILE" in rendered.error
    (tmp_path / "names.txt").write_text("crate\nb\nsecond\n")
    rendered = Rendered(path, "--labels", str(tmp_path / "names.txt"))
    assert rendered.code == 0
    assert rendered.tracks == [{BOX: "crate", "/World/Two": "b" if "a,b" in labels else "second"}]


@pytest.mark.parametrize("label", ["", None])
def test_an_empty_label_is_none(label: str | None, tmp_path: Path) -> None:
    stage = made(lambda stage: cube(stage, "/World/Other", *([] if label is None else [label]), at=(-2, 0, 0.5)))
    frame, _ = shot(stage)
    assert frame["bounding_box_2d_tight_fast"]["primPaths"] == [BOX]
    instances = frame["instance_segmentation_fast"]
    assert set(instances["idToLabels"].values()) == {"BACKGROUND", "UNLABELLED", BOX}
    assert Rendered(saved(stage, tmp_path)).tracks == [{BOX: "crate"}]


def test_labels_that_differ_in_case_are_one_class(tmp_path: Path) -> None:
    rendered = Rendered(saved(made(lambda stage: cube(stage, "/World/Other", "CRATE")), tmp_path))
    assert rendered.code == 0
    assert rendered.tracks == [{BOX: "crate", "/World/Other": "crate"}]


@pytest.mark.parametrize("what", ["nothing", "a cube without label", "labels of another taxonomy"])
def test_a_stage_without_labels_is_an_image_without_objects(what: str, tmp_path: Path) -> None:
    stage = made()
    stage.RemovePrim(BOX)
    if what != "nothing":
        prim = cube(stage, "/World/Cube")
        if what != "a cube without label":
            labelled(prim, "cubic", taxonomy="shape")
    frame, _ = shot(stage)
    assert len(frame["bounding_box_2d_tight_fast"]["data"]) == (what == "labels of another taxonomy")
    rendered = Rendered(saved(stage, tmp_path))
    assert rendered.code == 0
    assert rendered.tracks == [{}]


def test_labels_on_native_instances_and_in_their_prototype_are_each_prims_own(tmp_path: Path) -> None:
    def build(stage: Usd.Stage) -> None:
        stage.CreateClassPrim("/Proto")
        cube(stage, "/Proto/Part", "part", scale=0.5)
        for k in range(3):
            prim = UsdGeom.Xform.Define(stage, f"/World/I{k}")
            prim.GetPrim().GetInherits().AddInherit("/Proto")
            prim.GetPrim().SetInstanceable(True)
            labelled(placed(prim, (1.2 * k - 2.6, 0, 0.5)), f"copy{k}")

    stage = made(build)
    frame, _ = shot(stage)
    tight = frame["bounding_box_2d_tight_fast"]
    told = {
        path: tight["idToLabels"][int(row["semanticId"])]["class"]
        for path, row in zip(tight["primPaths"], tight["data"], strict=True)
    }
    assert told == {
        BOX: "crate",
        **{f"/World/I{k}": f"copy{k}" for k in range(3)},
        **{f"/World/I{k}/Part": f"copy{k},part" for k in range(3)},
    }
    rendered = Rendered(saved(stage, tmp_path))
    assert rendered.tracks[0]["/World/I1"] == "copy1"
    assert rendered.tracks[0]["/World/I1/Part"] == "part"


# ---- strange, but sound ----------------------------------------------------------------------------------------------


def test_from_within_a_mesh_its_inside_fills_the_picture(tmp_path: Path) -> None:
    stage = made(lambda stage: cube(stage, "/World/Room", "room", scale=30))
    frame, _ = shot(stage)
    instances = frame["instance_segmentation_fast"]
    assert set(np.unique(instances["data"])) == {k for k, name in instances["idToLabels"].items() if "World" in name}
    tight = frame["bounding_box_2d_tight_fast"]
    row = tight["data"][tight["primPaths"].index("/World/Room")]
    assert [int(row[name]) for name in ("x_min", "y_min", "x_max", "y_max")] == [0, 0, SIZE[0] - 1, SIZE[1] - 1]
    assert Rendered(saved(stage, tmp_path)).tracks == [{BOX: "crate", "/World/Room": "room"}]


def test_cameras_of_one_name_are_told_apart(tmp_path: Path) -> None:
    stage = made(eye=False)
    for k, path in enumerate(["/L/Camera", "/R/Camera", "/L_Camera", "/L/R/Camera"]):
        camera(stage, path, (0.1 * k, -6, 0.5), (0, 0, 0.5))
    rendered = Rendered(saved(stage, tmp_path), "--camera", "/L/Camera", "--camera", "/R/Camera")
    assert rendered.code == 0
    assert rendered.tracks == [{BOX: "crate"}] * 2
    stems = sorted(path.parent.name for path in (tmp_path / "out/images").rglob("*.png"))
    assert stems == ["L_Camera", "R_Camera"]
    all_of_them = tmp_path / "all"
    all_of_them.mkdir()
    rendered = Rendered(saved(stage, all_of_them))
    assert rendered.code == 0
    assert rendered.answer["cameras"] == ["/L/Camera", "/L/R/Camera", "/R/Camera", "/L_Camera"]
    assert len({path.parent.name for path in (all_of_them / "out/images").rglob("*.png")}) == 4


@pytest.mark.parametrize("depth", [200, 1000])
def test_prims_may_be_nested_deeply(depth: int, tmp_path: Path) -> None:
    def build(stage: Usd.Stage) -> None:
        with Sdf.ChangeBlock():
            spec = stage.GetRootLayer().GetPrimAtPath("/World")
            for _ in range(depth):
                spec = Sdf.PrimSpec(spec, "D", Sdf.SpecifierDef, "Xform")
        cube(stage, f"{spec.path}/Deep", "deep")

    path = saved(made(build), tmp_path, "scene.usdc")
    rendered = Rendered(path)
    assert rendered.code == 0
    assert sorted(rendered.tracks[0].values()) == ["crate", "deep"]


def test_visibility_is_that_of_each_time(tmp_path: Path) -> None:
    def build(stage: Usd.Stage) -> None:
        stage.SetStartTimeCode(0)
        stage.SetEndTimeCode(4)
        stage.SetTimeCodesPerSecond(1)
        visibility = cube(stage, "/World/Blink", "blink", at=(-1, 0, 0.5)).CreateVisibilityAttr()
        for time, value in enumerate(["inherited", "invisible", "inherited", "invisible"]):
            visibility.Set(value, time)

    rendered = Rendered(saved(made(build), tmp_path), frames=5)
    assert rendered.code == 0
    assert ["/World/Blink" in tracks for tracks in rendered.tracks] == [True, False, True, False, False]
    assert all(BOX in tracks for tracks in rendered.tracks)


def test_a_scene_whose_labels_change_with_time_says_what_each_frame_is(tmp_path: Path) -> None:
    def build(stage: Usd.Stage) -> None:
        stage.SetStartTimeCode(0)
        stage.SetTimeCodesPerSecond(1)
        prim = cube(stage, "/World/Lamp", "red", at=(-1, 0, 0.5)).GetPrim()
        for time, label in enumerate(["red", "green"]):
            prim.GetAttribute("semantics:labels:class").Set([label], time)

    path = saved(made(build), tmp_path)
    (tmp_path / "names.txt").write_text("crate\nred\ngreen\n")
    rendered = Rendered(path, "--labels", str(tmp_path / "names.txt"), frames=2)
    assert [tracks["/World/Lamp"] for tracks in rendered.tracks] == ["red", "green"]


CUBE = """def Cube "C{0}" (prepend apiSchemas = ["SemanticsLabelsAPI:class"]) {{
    double size = 1
    token[] semantics:labels:class = ["class{1}"]
    float3 xformOp:scale = (0.04, 0.001, 0.04)
    double3 xformOp:translate = ({2}, 0, {3})
    uniform token[] xformOpOrder = ["xformOp:translate", "xformOp:scale"]
}}
"""


def test_five_thousand_labelled_cubes_have_a_row_each(tmp_path: Path) -> None:
    """In a plane before the camera, none behind another: each row is where its cube's front is."""
    grid = [(0.08 * (k % 100) - 3.96, 0.08 * (k // 100) - 1.46) for k in range(5000)]

    stage = made()
    stage.RemovePrim(BOX)
    cubes = Sdf.Layer.CreateAnonymous(".usda")
    cubes.ImportFromString("#usda 1.0\n" + "".join(CUBE.format(k, k % 7, x, z) for k, (x, z) in enumerate(grid)))
    stage.GetRootLayer().subLayerPaths.append(cubes.identifier)
    stage = Usd.Stage.Open(stage.Flatten())
    host = opened(stage)
    tight = seen(product("/World/Camera", (1280, 720)), "bounding_box_2d_tight_fast")["bounding_box_2d_tight_fast"]
    assert host.findings == ()
    rows = dict(zip(tight["primPaths"], tight["data"], strict=True))
    focal, depth = 18.14756 * 1280 / 20.955, 6 - 5e-4
    inside = 0
    for k, (x, z) in enumerate(grid):
        u, v = 640 + focal * x / depth, 360 - focal * (z - 0.5) / depth
        if not (10 < u < 1270 and 10 < v < 710):
            continue
        row = rows[f"/C{k}"]
        found = [int(row[name]) for name in ("x_min", "y_min", "x_max", "y_max")]
        half = focal * 0.02 / depth
        outline = np.array([u - half, v - half, u + half - 1, v + half - 1])
        assert np.abs(np.ceil(outline - 0.5) - found).max() <= 1  # beside the front, a side of the cube may be seen
        assert tight["idToLabels"][int(row["semanticId"])] == {"class": f"class{k % 7}"}
        inside += 1
    assert inside > 3000
    rendered = Rendered(saved(stage, tmp_path, "scene.usdc"))
    assert rendered.code == 0
    assert rendered.answer["objects"] > 3000


# ---- large -----------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_mesh_of_ten_million_triangles_is_drawn() -> None:
    """A wavy sheet, 2,237 x 2,237 quads: its box and the distance to it are those of its formula."""
    cells = 2237
    stage = made()
    stage.RemovePrim(BOX)
    steps = np.linspace(-1, 1, cells + 1, dtype=np.float32)
    x, y = np.meshgrid(steps, steps)
    points = np.stack([x, y, 0.05 * np.sin(9 * x) * np.cos(7 * y)], axis=-1).reshape(-1, 3)
    first = (np.arange(cells)[:, None] * (cells + 1) + np.arange(cells)).reshape(-1, 1)
    prim = UsdGeom.Mesh.Define(stage, "/World/Sheet")
    prim.CreatePointsAttr(Vt.Vec3fArray.FromNumpy(points))
    prim.CreateFaceVertexCountsAttr(Vt.IntArray.FromNumpy(np.full(cells * cells, 4, np.int32)))
    quads = (first + np.array([0, 1, cells + 2, cells + 1])).astype(np.int32)
    prim.CreateFaceVertexIndicesAttr(Vt.IntArray.FromNumpy(quads.ravel()))
    prim.CreateSubdivisionSchemeAttr("none")
    labelled(prim, "sheet")
    camera(stage, "/World/Above", (0, 0, 4), (0, 0, 0), up=(0, 1, 0))
    host = opened(stage)
    frame = seen(
        product("/World/Above", (640, 360)),
        "bounding_box_2d_tight_fast",
        "distance_to_image_plane",
        "bounding_box_3d_360",
    )
    assert host.findings == ()
    focal = 18.14756 * 640 / 20.955
    v, u = np.mgrid[:360, :640] + 0.5
    depth = frame["distance_to_image_plane"]["data"].astype(float)
    at_x, at_y = (u - 320) / focal * depth, (180 - v) / focal * depth
    hit = np.isfinite(depth)
    np.testing.assert_allclose(4 - depth[hit], 0.05 * np.sin(9 * at_x[hit]) * np.cos(7 * at_y[hit]), atol=2e-6)
    row = frame["bounding_box_2d_tight_fast"]["data"][0]
    assert [int(row[name]) for name in ("x_min", "y_min", "x_max", "y_max")] == box_of(hit)
    solid = frame["bounding_box_3d_360"]["data"][0]
    assert [solid["x_min"], solid["x_max"]] == [-1, 1]
    assert hosts.current() is host
