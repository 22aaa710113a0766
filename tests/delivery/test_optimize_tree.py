"""Datasets of others made smaller: the same tree, names in step wherever they stand, or nothing is written."""

from __future__ import annotations

import io
import json
import shutil
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image
from pycocotools.coco import COCO
from trees import contents, put

from framepress.dataset.opening import open_dataset
from framepress.dataset.split import Split
from framepress.dataset.writer import DatasetWriter
from framepress.delivery import optimize_tree
from framepress.delivery.optimize import optimize
from framepress.errors import InputError, OptionError
from framepress.quality.profile import profile
from framepress.quality.validate import validate
from frames import LABELS, many


def foreign(folder: Path, format: str, **options: Any) -> Path:
    """A dataset without a journal, as others would leave it."""
    split = Split((("train", 0.6), ("val", 0.4)), 1)
    with DatasetWriter(folder, {format: options}, labels=LABELS, split=split) as writer:
        for frame in many(6, size_wh=(96, 64)):
            writer.add(frame.replaced(id=f"f{frame.index}", sequence=f"s{frame.index}"))
    shutil.rmtree(folder / ".framepress")
    return folder


def smooth(seed: int, size_wh: tuple[int, int] = (64, 48)) -> np.ndarray:
    noise = np.random.default_rng(seed).integers(0, 256, (size_wh[1], size_wh[0], 3), np.uint8)
    blurred: np.ndarray = cv2.GaussianBlur(noise, (0, 0), 2)
    return blurred


def png(pixels: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG", compress_level=1)
    return file.getvalue()


def names(root: Path) -> set[str]:
    return set(contents(root))


@pytest.mark.parametrize(
    ("format", "images", "extension"),
    [
        ("coco", "jpeg", ".jpg"),
        ("coco", "webp", ".webp"),
        ("yolo", "jpeg", ".jpg"),
        ("yolo", "webp", ".webp"),
        ("kitti", "jpeg", ".jpg"),
    ],
)
def test_pictures_of_another_format_are_found_by_every_reader(
    tmp_path: Path, format: str, images: str, extension: str
) -> None:
    options = {"depth": True} if format == "kitti" else {}
    root = foreign(tmp_path / "set", format, **options)
    before = contents(root)
    found = optimize(root, tmp_path / "new", images=images, quality=90)
    assert found.renamed == found.kinds["pictures (png)"].changed == 6
    assert contents(root) == before
    pictures = {name for name in before if "/image_2/" in name or name.startswith("images/")}
    wanted = {str(Path(name).with_suffix(extension)) if name in pictures else name for name in before}
    assert names(tmp_path / "new") == wanted
    for one, other in zip(open_dataset(root).frames(), open_dataset(tmp_path / "new").frames(), strict=True):
        assert (one.id, one.split) == (other.id, other.split)
        assert one.view.objects.box.tolist() == other.view.objects.box.tolist()
        assert np.abs(one.view.channels["rgb"].astype(int) - other.view.channels["rgb"]).max() > 0
    assert validate(tmp_path / "new", profile("default")).passed
    for name in before:
        if "depth_2" in name:
            one, other = (cv2.imread(str(place / name), -1) for place in (root, tmp_path / "new"))
            assert one.dtype == np.uint16
            assert np.array_equal(one, other)


def test_a_coco_file_keeps_every_field_and_pycocotools_agrees(tmp_path: Path) -> None:
    root = foreign(tmp_path / "set", "coco")
    for path in (root / "annotations").iterdir():
        document = json.loads(path.read_text())
        document["licenses"] = [{"id": 3, "name": "ours", "url": "https://example.org/a.png"}]
        document["unknown"] = {"file_name": "kept/as/it.png", "deep": [1.5, None, "ß"]}
        for entry in document["annotations"]:
            entry["file_name"] = "mask.png"
        path.write_text(json.dumps(document, indent=2))
    optimize(root, tmp_path / "new", images="jpeg")
    for split in ("train", "val"):
        name = f"annotations/instances_{split}.json"
        one, other = (json.loads((place / name).read_text()) for place in (root, tmp_path / "new"))
        for image in one["images"]:
            image["file_name"] = image["file_name"].replace(".png", ".jpg")
        assert one == other
        judged = COCO(tmp_path / "new" / name)
        assert all((tmp_path / "new/images" / split / entry["file_name"]).is_file() for entry in judged.imgs.values())


def test_equal_names_in_two_splits_and_one_picture_that_stays(tmp_path: Path) -> None:
    """One folder a split beside its JSON, as Roboflow exports it; val's picture would grow as a JPEG."""
    root = tmp_path / "set"
    hard = np.zeros((48, 64, 3), np.uint8)
    for split, pixels in (("train", smooth(1)), ("valid", hard)):
        put(root, f"{split}/0001.png", png(pixels))
        document = {
            "images": [{"id": 1, "file_name": "0001.png", "width": 64, "height": 48}],
            "annotations": [],
            "categories": [{"id": 1, "name": "car"}],
        }
        put(root, f"{split}/_annotations.coco.json", json.dumps(document).encode())
    found = optimize(root, tmp_path / "new", images="jpeg", quality=80)
    assert found.renamed == 1
    assert names(tmp_path / "new") == {
        "train/0001.jpg",
        "train/_annotations.coco.json",
        "valid/0001.png",
        "valid/_annotations.coco.json",
    }
    for split, name in (("train", "0001.jpg"), ("valid", "0001.png")):
        document = json.loads((tmp_path / "new" / split / "_annotations.coco.json").read_text())
        assert document["images"][0]["file_name"] == name


def test_lists_of_yolo_are_written_anew_in_their_own_words(tmp_path: Path) -> None:
    root = tmp_path / "set"
    for number in range(4):
        put(root, f"images/{number}.png", png(smooth(number)))
        put(root, f"labels/{number}.txt", b"0 0.5 0.5 0.25 0.25\n")
    put(root, "train.txt", b"./images/0.png\nimages/1.png\r\n\n")
    put(root, "val.txt", b"./images/2.png\n./images/3.png")
    put(root, "data.yaml", b"train: train.txt\nval: val.txt\nnames: [car]\n")
    optimize(root, tmp_path / "new", images="jpeg")
    assert (tmp_path / "new/train.txt").read_bytes() == b"./images/0.jpg\nimages/1.jpg\r\n\n"
    assert (tmp_path / "new/val.txt").read_bytes() == b"./images/2.jpg\n./images/3.jpg"
    splits = {frame.id: frame.split for frame in open_dataset(tmp_path / "new").frames()}
    assert sorted(splits.values()) == ["train", "train", "val", "val"]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("train.txt", b"/data/set/images/0.png\n"),
        ("notes.csv", b"file,weather\n0.png,rain\n"),
        ("extra.yaml", b"best: images/0.png\n"),
        ("boxes.jsonl", b'{"image": "images/0.png"}\n'),
    ],
)
def test_names_that_nothing_here_can_keep_in_step_end_it(tmp_path: Path, name: str, content: bytes) -> None:
    root = tmp_path / "set"
    put(root, "images/0.png", png(smooth(0)))
    put(root, "labels/0.txt", b"")
    put(root, "data.yaml", b"train: images\nval: images\nnames: [car]\n")
    put(root, name, content)
    with pytest.raises(InputError, match=name):
        optimize(root, tmp_path / "new", images="jpeg")
    assert [path.name for path in tmp_path.iterdir()] == ["set"]
    found = optimize(root, tmp_path / "new")  # names stay
    assert found.target is not None
    assert (tmp_path / "new" / name).read_bytes() == content


def yolo(root: Path, pictures: int) -> Path:
    for number in range(pictures):
        put(root, f"images/{number}.png", png(smooth(number)))
        put(root, f"labels/{number}.txt", b"")
    put(root, "data.yaml", b"train: images\nval: images\nnames: [car]\n")
    return root


def test_a_name_that_is_taken_leaves_the_picture_as_it_is(tmp_path: Path) -> None:
    """By a folder's or link's name too; that of another image in the same place is no YOLO dataset."""
    root = yolo(tmp_path / "set", 2)
    (root / "images/0.jpg.d").mkdir()
    (root / "elsewhere").mkdir()
    put(tmp_path, "photo.txt", b"")
    (root / "images/1.jpg").symlink_to("../../photo.txt")
    (root / "images/1.jpg").rename(root / "elsewhere/1.jpg")
    found = optimize(root, tmp_path / "deep" / "new", images="jpeg")
    assert found.renamed == 2
    assert (tmp_path / "deep/new/elsewhere/1.jpg").resolve() == tmp_path / "photo.txt"
    assert (tmp_path / "deep/new/images/0.jpg.d").is_dir()
    document = {
        "images": [
            {"id": n, "file_name": f"1.{kind}", "width": 64, "height": 48} for n, kind in ((1, "png"), (2, "jpg"))
        ],
        "annotations": [],
        "categories": [],
    }
    coco = tmp_path / "coco"
    photo = io.BytesIO()
    Image.fromarray(smooth(9)).save(photo, "JPEG")
    put(coco, "annotations/instances_train.json", json.dumps(document).encode())
    put(coco, "images/train/1.png", png(smooth(1)))
    put(coco, "images/train/1.jpg", photo.getvalue())
    found = optimize(coco, tmp_path / "twins", images="jpeg", depth="keep", level=1)
    assert found.stays["another file has its new name"] == 1
    assert found.target is None


def test_pictures_that_differ_in_the_extension_only_are_named(tmp_path: Path) -> None:
    """Frames have the extension in their names while there are such pictures, and would lose it."""
    for name, format in (("same.png", "PNG"), ("same.jpg", "JPEG"), ("other.png", "PNG")):
        put(tmp_path / "set", f"images/train/{name}", b"")
        Image.fromarray(smooth(1)).save(tmp_path / "set/images/train" / name, format)
    images = [
        {"id": number, "file_name": name, "width": 64, "height": 48}
        for number, name in enumerate(("same.png", "same.jpg", "other.png"), 1)
    ]
    document = {"images": images, "annotations": [], "categories": [{"id": 1, "name": "a"}]}
    put(tmp_path / "set", "annotations/instances_train.json", json.dumps(document).encode())
    before = contents(tmp_path)
    with pytest.raises(InputError, match=r"frame train/\S+ first.*rename pictures that differ in the extension only"):
        optimize(tmp_path / "set", tmp_path / "out", images="webp")
    assert contents(tmp_path) == before


def test_a_link_to_a_picture_that_would_be_renamed_ends_it(tmp_path: Path) -> None:
    root = yolo(tmp_path / "set", 1)
    (root / "best.png").symlink_to("images/0.png")
    with pytest.raises(InputError, match=r"best\.png: leads to a picture"):
        optimize(root, tmp_path / "new", images="jpeg")
    optimize(root, tmp_path / "new")
    assert (tmp_path / "new/best.png").resolve() == tmp_path / "new/images/0.png"


def test_masks_and_other_images_are_never_lossy(tmp_path: Path) -> None:
    root = foreign(tmp_path / "set", "coco")
    mask = (np.arange(64 * 48).reshape(48, 64) // 300).astype(np.uint8)
    put(root, "masks/0001.png", png(np.dstack((mask,) * 3)))
    photo = io.BytesIO()
    Image.fromarray(smooth(5)).save(photo, "JPEG", quality=100)
    put(root, "photos/0001.jpg", photo.getvalue())
    found = optimize(root, tmp_path / "new", images="jpeg", quality=30)
    assert np.array_equal(cv2.imread(str(tmp_path / "new/masks/0001.png"), -1), np.dstack((mask,) * 3))
    assert (tmp_path / "new/photos/0001.jpg").read_bytes() == photo.getvalue()
    assert found.kinds["images (png)"].files == 1
    assert found.stays["jpeg cannot be made smaller without loss here"] == 1


def test_without_a_reader_pngs_get_smaller_and_names_stay(tmp_path: Path) -> None:
    root = tmp_path / "anything"
    put(root, "a.png", png(smooth(0)))
    put(root, "named wrongly.jpg", png(smooth(1)))
    put(root, "empty.png", b"")
    put(root, "list.csv", b"a.png\n")
    (root / "link.png").symlink_to("a.png")
    found = optimize(root, tmp_path / "new")
    assert names(tmp_path / "new") == names(root)
    assert found.kinds["images (png)"].changed == 1
    assert (tmp_path / "new/link.png").is_symlink()
    for name in ("a.png", "named wrongly.jpg"):
        assert np.array_equal(cv2.imread(str(tmp_path / "new" / name)), cv2.imread(str(root / name)))
    assert (tmp_path / "new/list.csv").stat().st_ino == (root / "list.csv").stat().st_ino
    with pytest.raises(InputError):
        optimize(root, tmp_path / "jpeg", images="jpeg")


def test_a_damaged_picture_ends_it_and_nothing_is_left(tmp_path: Path) -> None:
    root = tmp_path / "set"
    put(root, "a.png", png(smooth(0)))
    content = bytearray(png(smooth(1)))
    content[len(content) // 2] ^= 4
    put(root, "b.png", bytes(content))
    with pytest.raises(InputError, match=r"b\.png"):
        optimize(root, tmp_path / "new")
    assert [path.name for path in tmp_path.iterdir()] == ["set"]


def test_records_with_digests_are_refused_without_their_journal(tmp_path: Path) -> None:
    root = foreign(tmp_path / "set", "native")
    with pytest.raises(OptionError, match="digests"):
        optimize(root, tmp_path / "new")
    with pytest.raises(OptionError, match=r"png and \.jpg"):
        optimize(foreign(tmp_path / "kitti", "kitti"), tmp_path / "new", images="webp")
    with pytest.raises(OptionError, match="datasets of ours only"):
        optimize(tmp_path / "kitti", tmp_path / "new", depth="tiff")


def test_a_result_that_is_read_otherwise_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = foreign(tmp_path / "set", "coco")
    monkeypatch.setattr(optimize_tree, "renamed_in", lambda *arguments: iter(()))
    with pytest.raises(InputError, match="nothing was written"):
        optimize(root, tmp_path / "new", images="jpeg")
    assert [path.name for path in tmp_path.iterdir()] == ["set"]
