"""Looks at YOLO sets: good sets pass, samples are explained, what is read agrees with plain Python and the reader."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from formats.pressing import press
from framepress.core import Frame
from framepress.errors import InputError
from framepress.formats.yolo import Writer, read
from framepress.quality.profile import profile
from framepress.quality.validate import validate
from framepress.quality.yolo.look import look
from framepress.quality.yolo.parse import parsed
from framepress.quality.yolo.table import Rows
from framepress.quality.yolo.tasks import BOX, POLYGON
from frames import LABELS, imported, many, mono, rig
from quality.mutations.yolo import BASES, NAMES, SPLITS, found, good, image, put

SPLIT_NAMES = ("train", "val", "night")


# ---------------------------------------------------------------------------------------------------------- good sets
@pytest.mark.parametrize("splits", [("",), ("train", "val"), ("train", "val", "night")])
@pytest.mark.parametrize("options", [{}, {"task": "segment"}, {"task": "segment", "raster": "fillpoly"}])
@pytest.mark.parametrize("frames", [mono, rig, imported])
def test_our_own_editions_have_no_finding(
    frames: Callable[[], list[Frame]], options: dict[str, str], splits: tuple[str, ...], tmp_path: Path
) -> None:
    split = [frame.replaced(split=splits[frame.index % len(splits)]) for frame in frames()]
    press(Writer(**options), split, LABELS, tmp_path)
    assert found(tmp_path) == []


@pytest.mark.parametrize("task", ["detect", "segment"])
def test_columns_and_images_are_those_of_the_reader(task: str, tmp_path: Path) -> None:
    frames = [frame.replaced(split=SPLIT_NAMES[frame.index % 3]) for frame in (*mono(), *imported())]
    frames = [frame.replaced(id=f"{number}/{frame.id}") for number, frame in enumerate(frames)]
    press(Writer(task=task), frames, LABELS, tmp_path)
    looked, witness = look(tmp_path), list(read(tmp_path))
    columns = looked.columns()
    assert columns is not None
    assert columns.labels.names == LABELS.names
    assert list(columns.frames.texts("id")) == [frame.id for frame in witness] == [one.frame for one in looked.images()]
    assert [columns.splits[code] for code in columns.frames["split"]] == [frame.split for frame in witness]
    assert [one.split for one in looked.images()] == [frame.split for frame in witness]
    sizes = np.stack((columns.views["width"], columns.views["height"]), 1)
    assert sizes.tolist() == [list(frame.view.camera.size_wh) for frame in witness]
    for number, frame in enumerate(witness):
        own = columns.objects["view"] == number
        objects = frame.view.objects
        np.testing.assert_allclose(columns.objects["box"][own], objects.box, atol=1e-4)
        assert [LABELS.names[code] for code in columns.objects["label"][own]] == objects.labels
        assert columns.objects["mask"][own].all() == (task == "segment" or not own.any())
    assert columns.objects.rows == sum(len(frame.view.objects) for frame in witness)


def test_the_area_of_a_polygon_is_that_of_its_mask(tmp_path: Path) -> None:
    frames = mono()
    press(Writer(task="segment"), frames, LABELS, tmp_path)
    columns = look(tmp_path).columns()
    assert columns is not None
    areas = dict(zip(columns.frames.texts("id"), (columns.objects["frame"] == n for n in range(99)), strict=False))
    for frame in frames:
        shown = frame.view.objects
        kept = ~np.isnan(shown.box[:, 0]) & ~shown.crowd
        np.testing.assert_allclose(columns.objects["area"][areas[frame.id]], shown.area[kept], rtol=1e-4)


def test_a_whole_dataset_is_validated_by_these_rules(tmp_path: Path) -> None:
    press(Writer(), list(many(12)), LABELS, tmp_path)
    result = validate(tmp_path, profile("default").narrowed(select=["YOLO"], pixels=False))
    assert (result.passed, len(result.findings), result.checked["frames"]) == (True, 0, 12)
    label = next((tmp_path / "labels/train").iterdir())
    label.write_text("0 0.5 0.5 0.2\n")
    result = validate(tmp_path, profile("default").narrowed(select=["YOLO"], pixels=False))
    assert {code: count for code, count in result.findings.counts.items() if count} == {"YOLO-001": 1}


@pytest.mark.parametrize("base", BASES)
def test_what_each_set_is_for_is_seen(base: str, tmp_path: Path) -> None:
    assert look(good(tmp_path, base)).tasks.task == base


@pytest.mark.parametrize(
    "names",
    ["names: [person, cart]\n", "names: {0: person, 1: cart}\nnc: 2\n", "'names':\n- 'no'\n- 7\n", NAMES + "nc: 2\n"],
)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_good_sets_in_other_forms_have_no_finding(names: str, end: str, tmp_path: Path) -> None:
    put("data.yaml", (f"# a set\n{SPLITS}test:\nroboflow: {{workspace: me}}\n{names}").replace("\n", end))(tmp_path)
    for split in ("train", "val"):
        image(f"images/{split}/{split}_a.png")(tmp_path)
        image(f"images/{split}/deep/er/{split}_b.JPG")(tmp_path)
        put(f"images/{split}/notes.md", "not an image")(tmp_path)
        put(f"labels/{split}/{split}_a.txt", f"0.0  0.1234 0.5\t.2468 1{end}{end}1 5e-1 0.5 1.0 1")(tmp_path)
        put(f"labels/{split}/deep/er/{split}_b.txt", "")(tmp_path)
    put("labels/classes.txt", "person\ncart\n")(tmp_path)
    assert found(tmp_path) == []


def test_a_set_with_the_images_of_each_split_in_a_folder_of_its_own_has_no_finding(tmp_path: Path) -> None:
    """As Roboflow exports it."""
    put("data.yaml", "train: ../train/images\nval: ../valid/images\n" + NAMES)(tmp_path)
    for split in ("train", "valid"):
        image(f"{split}/images/{split}.jpg")(tmp_path)
        put(f"{split}/labels/{split}.txt", "1 0.5 0.5 1 1\n")(tmp_path)
    assert found(tmp_path) == []
    assert [one.name for one in look(tmp_path).images()] == ["train/images/train.jpg", "valid/images/valid.jpg"]


def test_a_polygon_that_touches_the_border_is_no_pose(tmp_path: Path) -> None:
    good(tmp_path, "obb")
    put("labels/train/a.txt", "0 .1 .2 .9 .2 .5 .5 1 .6 .3 0\n")(tmp_path)  # 1 and 0 where a visibility might be
    assert found(tmp_path) == []


def test_validation_is_another_word_for_val(tmp_path: Path) -> None:
    good(tmp_path, "pose")
    (tmp_path / "data.yaml").write_text((tmp_path / "data.yaml").read_text().replace("val:", "validation:"))
    assert found(tmp_path) == []


def test_sizes_are_those_of_jpegs_with_a_long_preamble_too(tmp_path: Path) -> None:
    good(tmp_path, "pose")
    (tmp_path / "images/train/a.png").unlink()
    Image.new("RGB", (30, 70)).save(tmp_path / "images/train/a.jpg", icc_profile=bytes(150_000))
    columns = look(tmp_path).columns()
    assert columns is not None
    assert (columns.views["width"].tolist(), columns.views["height"].tolist()) == ([30, 96, 96], [70, 64, 64])


def test_columns_leave_out_what_is_no_object(tmp_path: Path) -> None:
    good(tmp_path, "detect")
    rows = "0 .5 .5 .5 .5\n0 .5 .5 .5 .5 .9\n9 .5 .5 .5 .5\n-1 .5 .5 .5 .5\n.5 .5 .5 .5 .5\nx .5 .5 .5 .5\n"
    put("labels/train/a__0000.txt", rows + "1 nan .5 .5 .5\n1 .5 .5 inf .5\n2 .9 .5 .5 .5\n")(tmp_path)
    columns = look(tmp_path).columns()
    assert columns is not None
    own = columns.objects["frame"] == 0
    assert columns.objects["label"][own].tolist() == [0, 2]
    np.testing.assert_allclose(columns.objects["box"][own], [(24, 16, 72, 48), (62.4, 16, 96, 48)])


def test_a_way_out_of_the_folder_is_told_as_that(tmp_path: Path) -> None:
    good(tmp_path, "pose")
    put("data.yaml", "train: images/train\nval: images/../../val\n" + NAMES + "kpt_shape: [3, 3]\n")(tmp_path)
    assert [issue.message for _, issue in found(tmp_path)] == [
        "val is 'images/../../val', which leads out of the dataset"
    ]


def test_lists_of_some_of_the_images_have_no_finding(tmp_path: Path) -> None:
    put("data.yaml", "train: train.txt\nval: [val.txt]\n" + NAMES)(tmp_path)
    for number in range(4):
        image(f"images/{number}.{'JPG' if number == 3 else 'png'}")(tmp_path)
        put(f"labels/{number}.txt", "1 0.5 0.5 1 1\n")(tmp_path)
    put("train.txt", "\ufeff./images/0.png\n\n./images/2.png\n")(tmp_path)
    put("val.txt", "./images/1.png\n")(tmp_path)
    assert found(tmp_path) == []
    assert [one.split for one in look(tmp_path).images()] == ["train", "train", "val"]


def test_a_cache_that_is_newer_than_its_labels_has_no_finding(tmp_path: Path) -> None:
    good(tmp_path, "detect")
    put("labels/train.cache", "")(tmp_path)
    for file in (tmp_path / "labels/train").iterdir():
        os.utime(file, (1_000_000, 1_000_000))
    assert found(tmp_path) == []


def test_four_decimals_of_boxes_at_the_border_have_no_finding(tmp_path: Path) -> None:
    good(tmp_path, "pose")
    (tmp_path / "data.yaml").write_text(SPLITS + NAMES)
    rng = np.random.default_rng(4)
    x0, y0 = rng.uniform(0, 0.9, (2, 500))
    rows = [f"0 {(x + 1) / 2:.4f} {(y + 1) / 2:.4f} {1 - x:.4f} {1 - y:.4f}\n" for x, y in zip(x0, y0, strict=True)]
    for file in (tmp_path / "labels").rglob("*.txt"):
        file.write_text("".join(dict.fromkeys(rows)))
    assert found(tmp_path) == []


# ------------------------------------------------------------------------------------------------------------- samples
LOCAL = "path '.' is taken from the current folder, or from the trainer's folder for datasets"
NO_VAL = ("YOLO-007", "data.yaml", "there is no 'val'")  # all of them are a single split
SAMPLES: dict[str, list[tuple[str, str, str]]] = {
    "yolov8_detection": [NO_VAL, ("YOLO-009", "data.yaml", LOCAL)],
    "yolov8_detection_with_list_of_imgs": [NO_VAL, ("YOLO-009", "data.yaml", LOCAL)],
    # The list has darknet's folder `data`, which there is not.
    "yolov8_detection_with_subset_txt": [
        NO_VAL,
        ("YOLO-009", "data.yaml", LOCAL),
        (
            "YOLO-009",
            "train.txt",
            "paths that do not begin with './': 1, such as 'data/images/train/1.jpg'; readers start from elsewhere",
        ),
    ],
    "yolov8_segmentation": [NO_VAL, ("YOLO-009", "data.yaml", LOCAL)],
    "yolov8_oriented_boxes": [NO_VAL, ("YOLO-009", "data.yaml", LOCAL)],
    "yolov8_pose": [NO_VAL, ("YOLO-009", "data.yaml", LOCAL)],
}


@pytest.mark.parametrize("name", SAMPLES)
def test_what_is_wrong_in_samples_of_others_is_known(name: str, shared: Path) -> None:
    folder = shared / "formats-datumaro/yolo_dataset" / name
    if not folder.exists():
        pytest.skip(f"no sample at {folder}")
    assert [(code, issue.file, issue.message) for code, issue in found(folder)] == SAMPLES[name]


def test_labels_whose_images_were_left_out_are_told_as_that(shared: Path) -> None:
    folder = shared / "formats-labelstudio/test_import_yolo_data"
    if not folder.exists():
        pytest.skip(f"no sample at {folder}")
    told = [(code, issue.file) for code, issue in found(folder)]
    assert told == [
        ("YOLO-007", "data.yaml"),  # there is none
        *(("YOLO-015", f"labels/img_{number}.txt") for number in range(1, 8)),
    ]


def test_a_folder_without_data_yaml_and_labels_is_no_yolo_set(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="has no data"):
        look(tmp_path)


# ------------------------------------------------------------------------------------------------------------- parsing
WORDS = (
    "0",
    "1",
    "7",
    ".5",
    "0.25",
    "-0.0",
    "1e-3",
    "+1",
    "nan",
    "x",
    "1.2.3",
    "--1",
    "e5",
    "1-2",
    "\ufeff0",
    "٣",
    "1_0",
)
ODD = ("\u2003", "\v", "\x1c", "\r", "\r\n", "\n", " ", "\t", "\n\n")


def random_file(rng: np.random.Generator, plain: bool) -> str:
    words = WORDS[:8] if plain else WORDS
    gaps = ("\r\n", "\n", " ", " ", "\t", "\n\n") if plain else ODD
    text = ""
    for _ in range(int(rng.integers(0, 30))):
        text += words[rng.integers(len(words))] + gaps[rng.integers(len(gaps))]
    return text


def number(word: str) -> float:
    try:
        return float(word)
    except ValueError:
        return float("nan")


@pytest.mark.parametrize("seed", range(60))
def test_lines_words_and_classes_are_those_of_plain_python(seed: int) -> None:
    rng = np.random.default_rng(seed)
    texts = [random_file(rng, plain=bool(rng.random() < 0.7)) for _ in range(int(rng.integers(1, 12)))]
    parts, unread = parsed([text.encode() for text in texts], range(10, 10 + len(texts)), None)
    expected = [
        (file, line, words)
        for file, text in enumerate(texts, 10)
        for line, row in enumerate(text.splitlines(), 1)
        if (words := row.split())
    ]
    assert unread == {}
    rows = Rows.joined(parts) if parts else None
    assert len(expected) == (len(rows) if rows is not None else 0)
    for row, (file, line, words) in enumerate(expected):
        assert rows is not None
        values = [number(word) for word in words]
        assert (rows.file[row], rows.line[row], rows.tokens[row]) == (file, line, len(words))
        assert rows.label[row] == pytest.approx(values[0], nan_ok=True)
        first = next(((at, word) for at, word in enumerate(words) if not is_float(word)), None)
        assert rows.words.get(row) == first
        if len(words) == 5:
            assert rows.shape[row].tolist() == pytest.approx(values[1:], nan_ok=True)
        if len(words) >= 7 and len(words) % 2 and not rows.posed[row] and not np.isnan(values).any():
            x, y = np.array(values[1:]).reshape(-1, 2).T
            assert rows.shape[row].tolist() == [x.min(), y.min(), x.max(), y.max()]
            area = abs(sum(x * np.roll(y, -1) - np.roll(x, -1) * y)) / 2
            assert rows.area[row] == pytest.approx(area, abs=1e-12)
        same = [
            other_line
            for other, other_line, others in expected
            if other == file and other_line < line and np.array_equal(kept(others), kept(words))
        ]
        assert rows.twin[row] == (min(same) if same else 0)


def is_float(word: str) -> bool:
    return word == "nan" or not np.isnan(number(word))


def kept(words: list[str]) -> np.ndarray:
    """What a trainer keeps; NaN is like nothing."""
    return np.array([number(word) for word in words], np.float32)


@pytest.mark.parametrize("seed", range(20))
def test_the_worst_coordinate_of_a_row_is_told_with_its_place(seed: int) -> None:
    rng = np.random.default_rng(seed)
    values = np.round(rng.uniform(-0.3, 1.3, (50, 8)), 3)
    values[rng.random(values.shape) < 0.02] = np.inf
    values[rng.random(values.shape) < 0.02] = np.nan
    text = "".join("0 " + " ".join(map(str, row)) + "\n" for row in values.tolist())
    (rows,), _ = parsed([text.encode()], [0], None)
    for row, numbers in enumerate(values.tolist()):
        far = [2e9 if np.isnan(v) else min(max(-v, v - 1), 1e9) for v in numbers]
        if max(far) <= 0:
            assert rows.worst_at[row] == -1
        else:
            assert rows.worst_at[row] == 1 + far.index(max(far))
            assert rows.worst[row] == pytest.approx(numbers[far.index(max(far))], nan_ok=True)


def test_a_file_with_one_odd_word_does_not_change_what_is_read_of_others() -> None:
    good_file, odd_file = b"0 .5 .5 .1 .1\n" * 3, b"0 .5 .5 .1 .1\n0 1.2.3 .5 .1 .1\n"
    parts, _ = parsed([good_file] * 4 + [odd_file] + [good_file] * 4, range(9), None)
    rows = Rows.joined(parts)
    assert rows.file.tolist() == [0] * 3 + [1] * 3 + [2] * 3 + [3] * 3 + [4] * 2 + [
        n for n in range(5, 9) for _ in "abc"
    ]
    assert rows.words == {13: (1, "1.2.3")}


def test_memory_is_of_rows_not_of_points(tmp_path: Path) -> None:
    import tracemalloc

    good(tmp_path, "obb")
    rng = np.random.default_rng(0)
    ring = " ".join(f"{value:.8f}" for value in rng.random(4000))
    rows = "".join(f"{number} {ring}\n" for number in range(2))
    for number in range(200):
        image(f"images/train/x{number}.png")(tmp_path)
        put(f"labels/train/x{number}.txt", rows)(tmp_path)
    tracemalloc.start()
    looked = look(tmp_path)
    held, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert set(looked.tasks.kind.tolist()) == {POLYGON}
    assert len(looked.rows) == 404
    assert held < 1 << 20
    assert peak < 100 << 20  # of 18 MB of text


@pytest.mark.parametrize("base", ["detect", "segment", "pose"])
def test_what_the_reader_refuses_has_a_finding_and_nothing_crashes(base: str, tmp_path: Path) -> None:
    root = good(tmp_path, base)
    files = ["data.yaml", *(str(file.relative_to(root)) for file in sorted((root / "labels").rglob("*.txt")))]
    files = [name for name in files if (root / name).stat().st_size]
    rng = np.random.default_rng(sum(base.encode()))
    refused = 0
    for _ in range(100):
        name = files[rng.integers(len(files))] if rng.random() < 0.6 else "data.yaml"
        sound = (root / name).read_bytes()
        (root / name).write_bytes(spoilt(sound, rng))
        told = found(root)
        look(root).columns()
        error = refusal(root)
        refused += bool(error)
        assert told or not error, (error, (root / name).read_bytes())
        (root / name).write_bytes(sound)
    assert refused > 30


def refusal(root: Path) -> str:
    try:
        list(read(root))
    except InputError as error:
        return str(error)
    return ""


ODD_BYTES = b"0123456789.-+e \n:\"'[]{}&*!|#\\\0\xff\xef,az/"


def spoilt(content: bytes, rng: np.random.Generator) -> bytes:
    """Bytes changed, taken out or put in at up to three places; or a line that is there twice, or not."""
    lines = content.splitlines(keepends=True)
    line = int(rng.integers(len(lines)))
    kind = rng.random()
    if kind < 0.1:
        return b"".join(lines[:line] + lines[line + 1 :])
    if kind < 0.2:
        return b"".join(lines[: line + 1] + lines[line:])
    for _ in range(int(rng.integers(1, 4))):
        at = int(rng.integers(len(content)))
        put_in = bytes([ODD_BYTES[rng.integers(len(ODD_BYTES))]])
        content = content[:at] + (put_in if rng.random() < 0.8 else b"") + content[at + int(rng.integers(0, 2)) :]
    return content


def test_nothing_is_read_outside_of_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = tmp_path / "set"
    outside = tmp_path / "outside"
    good(outside, "detect")
    put("data.yaml", f"path: {outside}\ntrain: ../outside/images/train\nval: [{outside}/images/val, l.txt]\n{NAMES}")(
        root
    )
    put("l.txt", f"{outside}/images/val/b__0000.png\n../outside/images/val/b__0000.png\n/etc/hostname\n")(root)
    (root / "images").symlink_to(outside / "images")
    (root / "labels").symlink_to(outside / "labels")
    opened: list[str] = []
    plain = os.open
    monkeypatch.setattr(
        os, "open", lambda path, *rest, **named: (opened.append(str(path)), plain(path, *rest, **named))[1]
    )
    looked = look(root)
    assert (looked.images(), looked.layout.labels) == ([], [])
    assert all(str(outside) not in os.path.realpath(path) for path in opened)


def test_an_issue_of_a_row_has_the_box_in_pixels_and_the_line_for_an_object(tmp_path: Path) -> None:
    good(tmp_path, "segment")
    put("labels/train/a__0002.txt", "0 0.25 0.5 0.5 0.5 0.5 0.75\n\n9 0.25 0.5 0.5 0.5 0.5 0.75\n")(tmp_path)
    ((code, issue),) = found(tmp_path)
    assert (code, issue.frame, issue.image, issue.object) == ("YOLO-003", "a/0002", "images/train/a__0002.png", 3)
    assert issue.box == (24, 32, 48, 48)


def test_kinds_of_rows_follow_the_words_alone_where_nothing_is_said(tmp_path: Path) -> None:
    good(tmp_path, "detect")
    assert set(look(tmp_path).tasks.kind.tolist()) == {BOX}
