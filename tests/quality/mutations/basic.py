"""Ways to break a good recording of BasicWriter, one at a time, and where each one must be found."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from framepress.quality.basic import rules
from framepress.quality.basic.look import look
from framepress.quality.files import rules as of_files
from framepress.quality.issue import Issue
from framepress.quality.rule import rules_in
from quality.mutations.files import POINTER, Mutation, linked, put

__all__ = ["MUTATIONS", "found", "good"]

TIGHT, SOLID = "aisle/bounding_box_2d_tight/bounding_box_2d_tight", "aisle/bounding_box_3d/bounding_box_3d"
LOOSE = "aisle/bounding_box_2d_loose/bounding_box_2d_loose"
SEMANTIC, CAMERA = "aisle/semantic_segmentation/semantic_segmentation", "aisle/camera_params/camera_params_0001.json"
DEPTH, RANGE = (f"aisle/{name}/{name}_0001" for name in ("distance_to_image_plane", "distance_to_camera"))
RGB = "aisle/rgb/rgb_0001.png"
HERE = {"frame": "0001", "view": "aisle"}
AT_TEN = {**HERE, "message": "10 pixels have no entry in the map; the first is colour (1, 2, 3, 255) at x 20, y 10"}
TWICE = b'{"(0, 0, 0, 0)": "BACKGROUND", "(0, 0, 0, 255)": "UNLABELLED", "(0, 0, 0, 0)": "BACKGROUND"}'


def good(root: Path) -> None:
    """Two cameras, four frames, of which the last holds no object."""
    from make_capture import write_capture

    write_capture(root, frames=4, size=(160, 90), seed=0, samples=1)


def found(root: Path) -> list[tuple[str, Issue]]:
    """What the rules for recordings and those for files find."""
    looked = look(root)
    issues: list[tuple[str, Issue]] = []
    for rule in (*rules_in(rules), *rules_in(of_files)):
        if rule.scope == "file" and rule.is_for("basic"):
            issues += [(rule.code, issue) for issue in (rule(looked, None) if rule.decodes else rule(looked))]
    return issues


def gone(pattern: str) -> Callable[[Path], None]:
    def change(root: Path) -> None:
        files = list(root.glob(pattern))
        assert files
        for file in files:
            file.unlink()

    return change


def edited(name: str, change: Callable[[Any], Any]) -> Callable[[Path], None]:
    """Of a JSON document: in place, or what `change` returns."""

    def edit(root: Path) -> None:
        said = json.loads((root / name).read_bytes())
        changed = change(said)
        (root / name).write_text(json.dumps(said if changed is None else changed))

    return edit


def set_to(name: str, **values: Any) -> Callable[[Path], None]:
    return edited(name, lambda said: {**said, **values})


def array(name: str, change: Callable[[Any], Any]) -> Callable[[Path], None]:
    """Of an .npy: in place, or what `change` returns."""

    def edit(root: Path) -> None:
        values = np.load(root / name)
        changed = change(values)
        np.save(root / name, values if changed is None else changed)

    return edit


def row(field: str, value: Any, at: int = 2, name: str = TIGHT) -> Callable[[Path], None]:
    def change(rows: Any) -> None:
        rows[field][at] = value

    return array(f"{name}_0001.npy", change)


def rows(change: Callable[[Any], Any], name: str = TIGHT) -> Callable[[Path], None]:
    return array(f"{name}_0001.npy", change)


def filled(name: str, value: float) -> Callable[[Path], None]:
    return array(f"{name}.npy", lambda values: np.full_like(values, value))


def picture(name: str, change: Callable[[Any], Any]) -> Callable[[Path], None]:
    def edit(root: Path) -> None:
        with Image.open(root / name) as image:
            pixels = np.array(image)
        Image.fromarray(np.ascontiguousarray(change(pixels))).save(root / name)

    return edit


def both(*changes: Callable[[Path], None]) -> Callable[[Path], None]:
    def change(root: Path) -> None:
        for each in changes:
            each(root)

    return change


def _painted(pixels: Any) -> Any:
    pixels[10:12, 20:25] = (1, 2, 3, 255)
    return pixels


def _without_view(said: Any) -> None:
    del said["cameraViewTransform"]


def _all_unlabelled(root: Path) -> None:
    for number in range(4):
        picture(f"{SEMANTIC}_{number:04d}.png", lambda pixels: np.full_like(pixels, (0, 0, 0, 255)))(root)


def _empty_first(root: Path) -> None:
    gone("**/*_0003.*")(root)
    for name in (TIGHT, LOOSE, SOLID):
        array(f"{name}_0000.npy", lambda found: found[:0])(root)
        kind = name.rpartition("/")[2]
        (root / f"{name.rpartition('/')[0]}/{kind}_prim_paths_0000.json").write_text("[]")


def _many_thin(found: Any) -> None:
    found["x_max"] = found["x_min"]


def _copied(name: str, target: str) -> Callable[[Path], None]:
    def change(root: Path) -> None:
        shutil.copy(root / name, root / target)

    return change


def _child_with_the_box_of_its_parent(root: Path) -> None:
    """Two rows of different classes get one box, and the second the path of a child."""
    paths = json.loads((root / f"{TIGHT}_prim_paths_0001.json").read_bytes())
    values = np.load(root / f"{TIGHT}_0001.npy")
    one = 0
    other = next(at for at, each in enumerate(values["semanticId"]) if each != values["semanticId"][0])
    for field in ("x_min", "y_min", "x_max", "y_max"):
        values[field][other] = values[field][one]
    paths[other] = f"{paths[one]}/Lid"
    np.save(root / f"{TIGHT}_0001.npy", values)
    (root / f"{TIGHT}_prim_paths_0001.json").write_text(json.dumps(paths))


def _no_class(said: Any) -> Any:
    return {key: {"shape": "cube"} for key in said}


def _swapped(said: Any) -> Any:
    """Ids 0 and 1 mean each other: the map of another frame."""
    return {**said, "0": said["1"], "1": said["0"]}


def _joined(said: Any) -> Any:
    return {**said, "0": {"class": f"{said['0']['class']},thing"}}


MUTATIONS = (
    Mutation("lost labels", "CAP-001", gone(f"{TIGHT}_labels_0001.json"), {**HERE, "place": "bounding_box_2d_tight_l"}),
    Mutation("lost picture", "CAP-001", gone(RGB), {**HERE, "place": "rgb"}),
    Mutation("lost camera", "CAP-001", gone("aisle/*/*_0001.*"), {**HERE, "message": "camera 'aisle' has no file"}),
    Mutation("gap", "CAP-002", gone("*/*/*_0001.*"), {"frame": "0002", "message": "1 numbers are missing"}),
    Mutation(
        "one path too few",
        "CAP-003",
        edited(f"{TIGHT}_prim_paths_0001.json", lambda said: said[:-1]),
        {**HERE, "file": f"{TIGHT}_prim_paths_0001.json"},
    ),
    Mutation(
        "one path twice",
        "CAP-003",
        edited(f"{TIGHT}_prim_paths_0001.json", lambda said: [said[1], *said[1:]]),
        {**HERE, "message": "rows 0 and 1 have one prim path"},
        also=("CAP-024",),
    ),
    Mutation("numbers for rows", "CAP-003", rows(lambda found: np.zeros((5, 6))), {"file": f"{TIGHT}_0001.npy"}),
    Mutation(
        "a field is missing",
        "CAP-003",
        rows(lambda found: found[["semanticId", "x_min", "y_min", "x_max"]].copy()),
        {"message": "rows have no field 'y_max'"},
    ),
    Mutation("path is a number", "CAP-003", edited(f"{SOLID}_prim_paths_0001.json", lambda said: [7, *said[1:]]), {}),
    Mutation("strange semantic id", "CAP-004", row("semanticId", 77), {**HERE, "place": "[2].semanticId", "object": 2}),
    Mutation(
        "colour without a label", "CAP-005", picture(f"{SEMANTIC}_0001.png", _painted), {**HERE, "message": "10 p"}
    ),
    Mutation(
        "no map at all",
        "CAP-006",
        gone("aisle/semantic_segmentation/*_labels_*.json"),
        {"frame": "0000", "view": "aisle"},
        findings=4,
    ),
    Mutation(
        "no picture at all",
        "CAP-006",
        gone("aisle/semantic_segmentation/semantic_segmentation_0*.png"),
        {"frame": "0000", "view": "aisle"},
        findings=4,
    ),
    Mutation("no labels at all", "CAP-006", gone(f"{SOLID}_labels_*.json"), {"place": "bounding_box_3d"}, findings=4),
    Mutation(
        "key is no id", "CAP-006", set_to(f"{SEMANTIC}_labels_0001.json", x={"class": "a"}), {**HERE, "place": "x"}
    ),
    Mutation(
        "rows without a class",
        "CAP-007",
        edited(f"{TIGHT}_labels_0001.json", _no_class),
        {**HERE, "file": f"{TIGHT}_0001.npy"},
    ),
    Mutation("occlusion is NaN", "CAP-008", row("occlusionRatio", np.nan), {**HERE, "place": "[2].occlusionRatio"}),
    Mutation("occlusion above 1", "CAP-008", row("occlusionRatio", 7.5), {**HERE, "place": "[2].occlusionRatio"}),
    Mutation(
        "occlusion is never known",
        "CAP-008",
        both(*(array(f"{TIGHT}_{n:04d}.npy", lambda found: found["occlusionRatio"].fill(-1)) for n in range(3))),
        {"frame": "0000", "view": "aisle"},
    ),
    Mutation("lines", "CAP-009", rows(_many_thin), {"view": "aisle", "file": TIGHT}),
    Mutation(
        "the whole image",
        "CAP-010",
        both(row("x_min", 0), row("y_min", 0), row("x_max", 159), row("y_max", 89)),
        {**HERE, "place": "[2]", "object": 2},
    ),
    Mutation("one box for parent and child", "CAP-011", _child_with_the_box_of_its_parent, HERE),
    Mutation(
        "commas",
        "CAP-012",
        both(*(edited(f"{name}_labels_{n:04d}.json", _joined) for name in (TIGHT,) for n in range(3))),
        {"file": f"{TIGHT}_000", "view": "aisle"},
        also=("CAP-024",),
    ),
    Mutation("sentinel", "CAP-013", row("x_min", 2147483647), {**HERE, "place": "[2].x_min"}),
    Mutation("inside out", "CAP-014", both(row("x_min", 60), row("x_max", 50)), {**HERE, "place": "[2]"}),
    Mutation("beyond the image", "CAP-014", row("x_max", 160), {**HERE, "place": "[2]"}),
    Mutation("loose inside out", "CAP-014", row("y_max", -500, name=LOOSE), {"file": f"{LOOSE}_0001.npy"}),
    Mutation("depth is zero", "CAP-015", filled(DEPTH, 0), {**HERE, "file": f"{DEPTH}.npy"}),
    Mutation("depth is NaN", "CAP-015", array(f"{DEPTH}.npy", lambda z: z[3:5].fill(np.nan)), HERE),
    Mutation("depth is negative", "CAP-015", array(f"{RANGE}.npy", lambda z: z[3:5].fill(-1)), HERE),
    Mutation("nothing hit", "CAP-016", filled(DEPTH, np.inf), {**HERE, "file": f"{DEPTH}.npy"}),
    Mutation("millimetres", "CAP-017", array(f"{DEPTH}.npy", lambda z: z * 1000), {**HERE, "file": f"{DEPTH}.npy"}),
    Mutation("hundredths", "CAP-017", array(f"{RANGE}.npy", lambda z: z / 100), {**HERE, "file": f"{RANGE}.npy"}),
    Mutation("beyond far", "CAP-017", array(f"{DEPTH}.npy", lambda z: z[:1].fill(1e9)), HERE),
    Mutation(
        "pictures of depth",
        "CAP-018",
        both(gone(f"{DEPTH[:-5]}*.npy"), put(f"{DEPTH}.png", b"x")),
        {"file": f"{DEPTH}.png", "frame": "0001"},
    ),
    Mutation(
        "no view", "CAP-019", edited(CAMERA, lambda said: said.pop("cameraViewTransform") and None), {"file": CAMERA}
    ),
    Mutation(
        "another lens",
        "CAP-019",
        edited(CAMERA, lambda said: {**said, "cameraFocalLength": 2 * said["cameraFocalLength"]}),
        {"file": CAMERA, "place": "cameraProjection"},
    ),
    Mutation(
        "transposed projection",
        "CAP-019",
        edited(
            CAMERA,
            lambda said: {
                **said,
                "cameraProjection": np.reshape(said["cameraProjection"], (4, 4)).T.ravel().tolist(),
            },
        ),
        {"file": CAMERA},
    ),
    Mutation("near beyond far", "CAP-019", set_to(CAMERA, cameraNearFar=[10, 1]), {"file": CAMERA}, also=("CAP-017",)),
    Mutation("size as text", "CAP-019", set_to(CAMERA, renderProductResolution=["160", "90"]), {"place": "render"}),
    Mutation("no unit", "CAP-019", set_to(CAMERA, metersPerSceneUnit=0), {"file": CAMERA}),
    Mutation(
        "another resolution",
        "CAP-020",
        picture(RGB, lambda pixels: pixels[::2, ::2]),
        {**HERE, "file": RGB, "message": "is 80 x 45 px, the product 160 x 90"},
    ),
    Mutation("depth turned round", "CAP-020", array(f"{DEPTH}.npy", lambda z: z.T.copy()), {"file": f"{DEPTH}.npy"}),
    Mutation("depth as a mask", "CAP-020", array(f"{DEPTH}.npy", np.isfinite), HERE),
    Mutation("ids without alpha", "CAP-020", picture(f"{SEMANTIC}_0001.png", lambda p: p[..., :3]), HERE),
    Mutation(
        "torn picture of ids", "CAP-020", put(f"{SEMANTIC}_0001.png", b"\x89PNG\r\n\x1a\n" + bytes(300)), {**HERE}
    ),
    Mutation("torn array", "CAP-020", put(f"{DEPTH}.npy", b"\x93NUMPY\x01\x00" + bytes(300)), HERE),
    Mutation(
        "huge array",
        "CAP-020",
        put(
            f"{DEPTH}.npy",
            b"\x93NUMPY\x01\x00\x76\x00"
            + b"{'descr': '<f4', 'fortran_order': False, 'shape': (1000000000, 1000000000), }".ljust(117)
            + b"\n",
        ),
        HERE,
    ),
    Mutation("nothing is labelled", "CAP-021", _all_unlabelled, {"frame": "0000", "view": "aisle"}),
    Mutation("empty first frame", "CAP-022", _empty_first, {"frame": "0000", "view": "aisle"}, findings=3),
    Mutation(
        "another padding",
        "CAP-023",
        _copied(RGB, "aisle/rgb/rgb_001.png"),
        {"file": "aisle/rgb/rgb_001.png", "frame": "0001"},
    ),
    Mutation(
        "another extension", "CAP-023", _copied(RGB, "aisle/rgb/rgb_0001.jpg"), {"frame": "0001"}, also=("GEN-003",)
    ),
    Mutation("map of another frame", "CAP-024", edited(f"{TIGHT}_labels_0001.json", _swapped), HERE, findings=-1),
    Mutation(
        "classes in case",
        "GEN-001",
        edited(f"{TIGHT}_labels_0001.json", lambda said: {**said, "90": {"class": "BoX"}}),
        {"message": "class 'box' differs from 'BoX'"},
    ),
    Mutation("NaN in the camera", "GEN-004", set_to(CAMERA, cameraFStop=float("nan")), {"place": "cameraFStop"}),
    Mutation("no JSON", "FILE-001", put(CAMERA, b"{"), {"file": CAMERA, "frame": "0001"}),
    Mutation("nested", "FILE-001", put(CAMERA, b"[" * 99999 + b"]" * 99999), {"file": CAMERA}),
    Mutation("a list for a map", "FILE-001", put(f"{SEMANTIC}_labels_0001.json", b"[]"), {"frame": "0001"}),
    Mutation("junk for rows", "FILE-001", put(f"{TIGHT}_0001.npy", bytes(500)), {"file": f"{TIGHT}_0001.npy"}),
    Mutation("one key twice", "FILE-001", put(f"{SEMANTIC}_labels_0003.json", TWICE), {"place": "(0, 0, 0, 0)"}),
    Mutation("pointer", "FILE-004", put(RGB, POINTER.encode()), {"file": RGB}),
    Mutation("empty array", "FILE-004", put(f"{DEPTH}.npy", b""), {"file": f"{DEPTH}.npy"}),
    Mutation("link out", "FILE-003", linked(RGB, "{outside}"), {"file": RGB}, also=("CAP-001",)),
)
