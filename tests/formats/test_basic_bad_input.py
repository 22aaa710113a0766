"""What is wrong with a recording is said with file, place, value and way out, before anything is written."""

from __future__ import annotations

import io
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from framepress.core import Frame
from framepress.errors import FramepressError, InputError, LabelError
from framepress.formats import basic


@pytest.fixture
def folder(capture: Path, tmp_path: Path) -> Path:
    """Frames 1 and 2 of the recording, to be damaged."""
    for path in capture.rglob("*_000[12].*"):
        target = tmp_path / path.relative_to(capture)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target)
    return tmp_path


def read_all(folder: Path) -> list[Frame]:
    """Every frame with every channel loaded."""
    frames = list(basic.read(folder))
    for frame in frames:
        for view in frame.views:
            for name in view.channels:
                view.channels[name]
    return frames


def npy(array: np.ndarray, *, allow_pickle: bool = False) -> bytes:
    content = io.BytesIO()
    np.save(content, array, allow_pickle=allow_pickle)
    return content.getvalue()


def changed_rows(field: str, row: int, value: object) -> Callable[[bytes], bytes]:
    def change(content: bytes) -> bytes:
        rows = np.load(io.BytesIO(content))
        rows[field][row] = value
        return npy(rows)

    return change


def changed_json(change: Callable[[dict | list], object]) -> Callable[[bytes], bytes]:
    return lambda content: json.dumps(change(json.loads(content))).encode()


def repainted(content: bytes) -> bytes:
    pixels = np.array(Image.open(io.BytesIO(content)))
    pixels[4, 9] = (1, 2, 3, 4)
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "PNG")
    return out.getvalue()


POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:ab\nsize 4711\n"
RGB, TIGHT, SOLID = "rgb/rgb_0001.png", "bounding_box_2d_tight/bounding_box_2d_tight", "bounding_box_3d/bounding_box_3d"
DEPTH, SEMANTIC = (
    "distance_to_image_plane/distance_to_image_plane_0001.npy",
    "semantic_segmentation/semantic_segmentation",
)
CAMERA = "camera_params/camera_params_0001.json"

DAMAGE: dict[str, tuple[str, Callable[[bytes], bytes], str]] = {
    "truncated picture": (RGB, lambda content: content[:-200], "ends after"),
    "flipped bit": (RGB, lambda content: content[:90] + bytes([content[90] ^ 4]) + content[91:], "check sum"),
    "git-lfs pointer": (RGB, lambda _: POINTER, "git-lfs pointer to a file of 4711 bytes.*git lfs pull"),
    "empty picture": (RGB, lambda _: b"", "the file is empty"),
    "picture of another size": (RGB, lambda _: _png(30, 20), "the image is 30 x 20, camera_params states 160 x 90"),
    "truncated array": (DEPTH, lambda content: content[:-4], "promises float32"),
    "lying array header": (DEPTH, lambda content: content.replace(b"(90, 160)", b"(90, 161)"), "promises float32"),
    "array of objects": (DEPTH, lambda _: npy(np.array([{}, 1], object), allow_pickle=True), "can run code"),
    "array of integers": (DEPTH, lambda _: npy(np.zeros((90, 160), np.int64)), "values are int64"),
    "array of another size": (DEPTH, lambda _: npy(np.zeros((90, 161), np.float32)), "does not fit the resolution"),
    "rows of objects": (f"{TIGHT}_0001.npy", lambda _: npy(np.array([{}], object), allow_pickle=True), "can run code"),
    "rows that are a pointer": (f"{TIGHT}_0001.npy", lambda _: POINTER, "no .npy header|git-lfs"),
    "plain numbers for rows": (f"{TIGHT}_0001.npy", lambda _: npy(np.zeros((3, 6))), "expected structured rows"),
    "empty labels": (f"{TIGHT}_labels_0001.json", lambda _: b"", "the file is empty"),
    "cut labels": (f"{TIGHT}_labels_0001.json", lambda content: content[:-3], "is no JSON"),
    "labels that are a list": (f"{TIGHT}_labels_0001.json", lambda _: b"[]", "holds a list, expected a dict"),
    "labels with a key twice": (f"{TIGHT}_labels_0001.json", lambda _: b'{"0": "a", "0": "b"}', "'0' is there twice"),
    "labels without an id": (f"{TIGHT}_labels_0001.json", lambda _: b'{"99": {"class": "x"}}', "idToLabels lacks"),
    "too few paths": (f"{TIGHT}_prim_paths_0001.json", changed_json(lambda paths: paths[:-1]), "prim paths"),
    "a path twice": (
        f"{TIGHT}_prim_paths_0001.json",
        changed_json(lambda paths: [paths[1], *paths[1:]]),
        "same prim path",
    ),
    "box outside": (f"{TIGHT}_0001.npy", changed_rows("x_min", 2, 500), "row 2 .* is inverted"),
    "box beside": (
        f"{TIGHT}_0001.npy",
        lambda content: changed_rows("x_max", 2, 550)(changed_rows("x_min", 2, 500)(content)),
        "row 2 .*outside the 160 x 90",
    ),
    "colour without an entry": (
        f"{SEMANTIC}_0001.png",
        repainted,
        r"colour \(1, 2, 3, 4\) at pixel x 9, y 4 has no entry",
    ),
    "ids re-coded as a palette": (
        f"{SEMANTIC}_0001.png",
        lambda content: _png(160, 90),
        "an id map is a grey or RGBA PNG",
    ),
    "NaN in the camera": (
        CAMERA,
        lambda content: content.replace(b'"cameraViewTransform": [', b'"cameraViewTransform": [NaN, ', 1),
        "16 finite numbers",
    ),
    "no resolution": (
        CAMERA,
        changed_json(lambda params: {**params, "renderProductResolution": [160]}),
        "renderProductResolution",
    ),
}


def _png(width: int, height: int) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (width, height)).save(out, "PNG")
    return out.getvalue()


@pytest.mark.parametrize("case", DAMAGE)
def test_a_damaged_file_is_named_with_what_is_wrong(folder: Path, case: str) -> None:
    name, damage, message = DAMAGE[case]
    path = folder / "aisle" / name
    content = path.read_bytes()
    damaged = damage(content)
    assert damaged != content
    path.write_bytes(damaged)
    with pytest.raises(InputError, match=message) as raised:
        read_all(folder)
    assert path.name.split("_0001")[0].removesuffix("_labels").removesuffix("_prim_paths") in str(raised.value)


@pytest.mark.parametrize(
    "kind", ["rgb/rgb", f"{TIGHT}_labels", f"{TIGHT}_prim_paths", TIGHT, "camera_params/camera_params"]
)
def test_a_missing_file_is_named_with_frame_and_camera(folder: Path, kind: str) -> None:
    (path,) = folder.glob(f"aisle/{kind}_0001.*")
    path.unlink()
    with pytest.raises(InputError, match=f"frame 0001, camera aisle: {kind.split('/')[1]} is missing"):
        read_all(folder)


def test_labels_missing_throughout_are_missed(folder: Path) -> None:
    for path in folder.glob(f"*/{TIGHT}_labels_*"):
        path.unlink()
    with pytest.raises(InputError, match="its bounding_box_2d_tight_labels file is missing"):
        read_all(folder)


def test_an_annotator_that_was_never_recorded_is_just_absent(folder: Path) -> None:
    shutil.rmtree(folder / "aisle/distance_to_image_plane")
    frame = read_all(folder)[0]
    assert ["depth" in view.channels for view in frame.views] == [False, True]


def test_a_frame_that_one_camera_lacks_is_named(folder: Path) -> None:
    for path in folder.glob("overhead/*/*_0002.*"):
        path.unlink()
    with pytest.raises(InputError, match="frame 0002, camera overhead: has no file, but other cameras have this frame"):
        read_all(folder)


def test_two_files_for_one_place_are_refused(folder: Path) -> None:
    shutil.copy(folder / "aisle/rgb/rgb_0001.png", folder / "aisle/rgb/rgb_001.png")
    with pytest.raises(InputError, match=r"rgb_001.png and rgb_0001.png are both rgb of frame 0001; remove one"):
        read_all(folder)


def test_a_nan_in_a_3d_row_is_counted_and_the_rest_stays(folder: Path) -> None:
    path = folder / f"aisle/{SOLID}_0001.npy"
    path.write_bytes(changed_rows("x_min", 0, np.nan)(path.read_bytes()))
    counts = {}
    list(basic.read(folder, on_accounts=lambda name, accounts: counts.setdefault(name, accounts.counts)))
    assert counts["0001"]["3d rows: no finite box"] == 1
    assert "3d rows: no finite box" not in counts["0002"]


def test_classes_that_differ_only_in_case_are_refused(folder: Path) -> None:
    path = folder / f"aisle/{TIGHT}_labels_0001.json"
    path.write_text(path.read_text().replace('"box"', '"Box"'))
    with pytest.raises(LabelError, match="'Box' and 'box' differ at most in case"):
        basic.read_labels(folder)


def test_a_folder_that_is_none_or_holds_nothing_is_refused(tmp_path: Path) -> None:
    for path, message in ((tmp_path / "missing", "is no folder"), (tmp_path, "no BasicWriter file")):
        with pytest.raises(FramepressError, match=message):
            next(basic.read(path))
        with pytest.raises(FramepressError, match=message):
            basic.read_labels(path)


def test_isaac_sims_own_pointers_are_named_as_such(shared: Path) -> None:
    with pytest.raises(InputError, match=r"rgb_0000.png: this is a git-lfs pointer"):
        next(basic.read(shared / "isaacsim-golden/_out_deformable_drop"))


def test_a_dataset_of_another_writer_with_similar_names_gives_only_what_it_holds(shared: Path) -> None:
    frames = list(basic.read(shared / "nvidia-genai-writer/siggraph_2024_dataset"))
    assert [(frame.id, list(frame.view.channels), frame.view.camera.size_wh) for frame in frames] == [
        ("0", ["rgb"], (1920, 1080)),
        ("1", ["rgb"], (1920, 1080)),
    ]
