"""What pictures are measured as, and compared by; against the plain definitions."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter

from framepress.quality.images import measures, rules, table_rules
from framepress.quality.images.gathered import Pictures
from framepress.quality.images.measures import Measures, measured, sharpness_of
from framepress.quality.images.pictures import Picture, pictures
from framepress.quality.images.twins import groups_of_equals, near_pairs
from framepress.quality.look import ImageFile
from framepress.quality.profile import profile
from framepress.quality.rule import rules_in
from framepress.quality.validate import validate
from quality.mutations.images import scene


def of_pixels(pixels: np.ndarray) -> Measures:
    return measured(Image.fromarray(pixels).convert("L"))


# ---- what is measured ------------------------------------------------------------------------------------------------


def test_brightness_is_that_of_the_pixels() -> None:
    pixels = scene(8, (500, 300))
    grey = np.asarray(Image.fromarray(pixels).convert("L")).astype(float)
    found = of_pixels(pixels)
    assert (found.mean, found.std) == (pytest.approx(grey.mean()), pytest.approx(grey.std()))
    assert found.black == pytest.approx(np.mean(grey <= measures.BLACK))


def test_sharpness_falls_with_blur_and_not_with_contrast_or_size() -> None:
    picture = Image.fromarray(scene(8, (640, 480))).convert("L")
    sharp = measured(picture).sharpness
    levels = [measured(picture.filter(ImageFilter.GaussianBlur(radius))).sharpness for radius in (1, 2, 4)]
    assert sharp > levels[0] > levels[1] > levels[2]
    assert sharp > 0.5
    assert levels[2] < 0.2
    assert measured(picture.point(lambda level: level // 2)).sharpness == pytest.approx(sharp, rel=0.1)
    double = picture.resize((1280, 960), Image.Resampling.NEAREST)
    assert measured(double).sharpness == pytest.approx(sharp, rel=0.05)


def test_noise_has_twenty_times_the_energy_of_its_variance() -> None:
    noise = np.random.default_rng(0).normal(128, 25, (320, 320)).clip(0, 255).astype(np.uint8)
    assert sharpness_of(noise) == pytest.approx(20, rel=0.15)  # 4 x 4 + 4: the squares of the Laplacian's weights


def test_dark_and_plain_pictures_that_show_something_are_not_called_black_white_blank_or_blurred() -> None:
    pictures_ = {
        "lamp at night": (np.zeros((720, 1280), np.uint8), 255),
        "object on white": (np.full((720, 1280), 255, np.uint8), 60),
        "object on grey": (np.full((720, 1280), 128, np.uint8), 180),
        "object on a black table": (np.zeros((720, 1280), np.uint8), 70),
    }
    for name, (background, level) in pictures_.items():
        image = Image.fromarray(background)
        ImageDraw.Draw(image).ellipse((600, 300, 611, 311) if "lamp" in name else (600, 300, 680, 360), fill=level)
        found = measured(image)
        picture = Picture(ImageFile(Path("a.png"), "a.png"), measures=found, media_type="image/png", mode="RGB")
        assert [rule.code for rule in rules_in(rules) for _ in rule(picture)] == [], name
        assert not found.sharpness < 0.2, name


def test_a_plain_grey_floor_is_not_the_rest_of_a_cut_jpeg() -> None:
    pixels = scene(8, (320, 240))
    pixels[120:] = 128
    assert of_pixels(pixels).tail == pytest.approx(0.5)
    pixels[60:] = 128
    pixels[40:110, 30:60] = 200  # a box stands on the floor
    assert of_pixels(pixels).tail == 0


@pytest.mark.parametrize("name", ["crowd", "nested", "multiplied", "balls", "puppet"])
def test_scenes_of_the_stand_in_have_no_finding(name: str, tmp_path: Path) -> None:
    pytest.importorskip("pxr")
    from quality.good_frames import stand_in

    (frame,) = stand_in(name, "pinhole")
    Image.fromarray(np.asarray(frame.views[0].channels["rgb"])[..., :3]).save(tmp_path / "a.png")
    (picture,) = pictures([ImageFile(tmp_path / "a.png", "a.png")])
    assert [rule.code for rule in rules_in(rules) for _ in rule(picture)] == []
    assert picture.measures is not None
    assert picture.measures.sharpness > 0.4


# ---- twins -----------------------------------------------------------------------------------------------------------


def gathered(measured_: list[Measures], **of_file: list[str]) -> Pictures:
    files = [ImageFile(Path(f"{row}.png"), f"{row}.png") for row in range(len(measured_))]
    return Pictures.of(Picture(file, measures=found) for file, found in zip(files, measured_, strict=True))


def prints(seed: int, thumbnail: np.ndarray) -> Measures:
    cells = thumbnail.astype(np.int16)
    bits = (cells[::2, :-1:2][:, :8] - cells[::2, 1::2][:, :8]) >= 2
    code = int.from_bytes(np.packbits(bits).tobytes(), "big")
    mean, std = float(cells.mean()), float(cells.std())
    return Measures(mean, std, 0, 0, 1.0, 0, 0, code, seed.to_bytes(16, "big"), thumbnail.tobytes())


@pytest.mark.parametrize("distance", [0, 1, 6])
def test_pairs_are_those_of_the_definition(distance: int) -> None:
    rng = np.random.default_rng(2)
    base = rng.integers(20, 230, (3, 16, 16))
    cells = [(base[row % 3] + row % 5 + rng.integers(0, 2, (16, 16))).astype(np.uint8) for row in range(12)]
    table = gathered([prints(seed, one) for seed, one in enumerate(cells)])
    expected = []
    for one in range(12):
        for other in range(one + 1, 12):
            bits = int(table.difference_hash[one]) ^ int(table.difference_hash[other])
            apart = np.abs(cells[one].astype(int) - cells[other]).max()
            expected += [[one, other]] if bin(bits).count("1") <= distance and apart <= 2 else []
    assert distance == 0 or 3 < len(expected) < 18
    assert near_pairs(table, distance, 2).tolist() == expected


def test_a_twin_is_found_among_thousands_before_one_background() -> None:
    rng = np.random.default_rng(7)
    background = rng.integers(60, 200, (16, 16)).astype(np.uint8)
    rows = []
    for seed in range(6000):
        cells = background.copy()
        y, x = rng.integers(0, 14, 2)
        cells[y : y + 2, x : x + 2] = rng.integers(0, 255, (2, 2))  # an object goes about
        rows.append(prints(seed, cells))
    planted = rng.permutation(6000)[:40]
    for number, row in enumerate(planted.tolist()):
        twin = (np.frombuffer(rows[row].thumbnail, np.uint8).reshape(16, 16) + np.uint8(1)).astype(np.uint8)
        rows.append(prints(10_000 + number, twin))
    found = {tuple(pair) for pair in near_pairs(gathered(rows), 6, 2).tolist()}
    hits = sum((row, 6000 + number) in found for number, row in enumerate(planted.tolist()))
    assert hits >= 38


def test_frames_of_one_sequence_may_look_alike() -> None:
    cells = np.random.default_rng(0).integers(0, 250, (16, 16)).astype(np.uint8)
    for sequences, found in ((("run", "run"), 0), (("", ""), 1), (("one", "two"), 1)):
        files = [ImageFile(Path("a.png"), f"{row}.png", sequence=name) for row, name in enumerate(sequences)]
        shown = zip(files, (prints(1, cells), prints(2, cells + np.uint8(1))), strict=True)
        table = Pictures.of(Picture(file, measures=measures_) for file, measures_ in shown)
        assert len(list(table_rules.do_not_look_alike(table))) == found


def test_equal_pictures_are_grouped_and_blank_ones_are_not() -> None:
    cells = np.random.default_rng(0).integers(0, 255, (16, 16)).astype(np.uint8)
    same, other, blank = prints(1, cells), prints(2, cells), prints(3, np.zeros((16, 16), np.uint8))
    table = gathered([other, same, blank, same, blank, same])
    assert [group.tolist() for group in groups_of_equals(table)] == [[1, 3, 5]]


def test_a_leak_tells_how_many_pictures_of_the_smaller_split_have_a_twin() -> None:
    cells = [np.random.default_rng(seed).integers(0, 255, (16, 16)).astype(np.uint8) for seed in range(6)]
    splits = ["train", "train", "train", "train", "val", "val", "val"]
    shown = [0, 1, 2, 3, 1, 4, 5]
    files = [ImageFile(Path(f"{row}.png"), f"{row}.png", split=split) for row, split in enumerate(splits)]
    table = Pictures.of(
        Picture(file, measures=prints(which, cells[which])) for file, which in zip(files, shown, strict=True)
    )
    (issue,) = table_rules.have_no_twin_in_another_split(table)
    assert issue.file == "4.png"
    assert issue.message == "is the same as 1.png; 1 of the 3 pictures of 'val' have a twin in 'train' (33.3%)"


@pytest.mark.parametrize("link", [False, True])
def test_a_file_with_two_names_in_two_splits_is_a_leak(tmp_path: Path, link: bool) -> None:
    document = {"categories": [], "annotations": []}
    for split in ("train", "val"):
        (tmp_path / f"images/{split}").mkdir(parents=True)
        (tmp_path / "annotations").mkdir(exist_ok=True)
        images = [{"id": 1, "file_name": f"{split}.png", "width": 160, "height": 120}]
        whole = json.dumps({**document, "images": images})
        (tmp_path / f"annotations/instances_{split}.json").write_text(whole)
    first, second = tmp_path / "images/train/train.png", tmp_path / "images/val/val.png"
    Image.fromarray(scene(1)).save(first)
    if link:
        second.hardlink_to(first)
    else:
        second.write_bytes(first.read_bytes())
    found = validate(tmp_path, profile("default").narrowed(select=["IMG", "SPL-010"]), format="coco")
    assert dict(found.findings.counts) == {"SPL-010": 1}
    assert found.checked["images"] == 2


def test_a_hundred_thousand_pictures_are_compared_within_bounded_memory() -> None:
    psutil = pytest.importorskip("psutil")
    rng = np.random.default_rng(1)
    count = 100_000
    table = Pictures()
    table.files = [ImageFile(Path("a.png"), "a.png")] * count
    table.measured, table.std = np.ones(count, bool), np.full(count, 40.0)
    table.mean = rng.normal(120, 20, count)
    table.difference_hash = rng.integers(0, 1 << 63, count).astype(np.uint64)
    table.digest = rng.integers(0, 1 << 63, (count, 2)).astype(np.uint64)
    table.thumbnail = np.broadcast_to(np.uint8(7), (count, 256))
    before = psutil.Process().memory_info().rss
    assert len(near_pairs(table, 6, 2)) == 0
    assert groups_of_equals(table) == []
    assert psutil.Process().memory_info().rss - before < 150e6
