"""What pictures are decoded to, measured as, and compared by; against Pillow, OpenCV, and the plain definition."""

from __future__ import annotations

import io
import os
import struct
import threading
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter

from framepress.errors import InputError
from framepress.quality.images import measures, other_kinds, rules, table_rules
from framepress.quality.images import pictures as module
from framepress.quality.images.decoding import decoded, header_of
from framepress.quality.images.exif import orientation_of
from framepress.quality.images.gathered import Pictures
from framepress.quality.images.jpeg_strict import parsed as parsed_jpeg
from framepress.quality.images.measures import Measures, measured, sharpness_of
from framepress.quality.images.pictures import Picture, pictures
from framepress.quality.images.twins import groups_of_equals, near_pairs
from framepress.quality.look import ImageFile
from framepress.quality.rule import rules_in
from quality.mutations.images import chunk, png_of, rows_of, scene

KINDS = ("PNG", "JPEG", "WEBP", "TIFF", "BMP")


def encoded(pixels: np.ndarray, kind: str, **options: object) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, kind, **options)
    return file.getvalue()


def grey_of(data: bytes) -> np.ndarray:
    grey = decoded(data, header_of(data)).grey
    assert grey is not None
    return np.asarray(grey)


def of_pixels(pixels: np.ndarray) -> Measures:
    return measured(Image.fromarray(pixels).convert("L"))


@pytest.fixture(params=["numpy", "fast"])
def backend(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "fast":
        pytest.importorskip("numba")
    monkeypatch.setenv("FRAMEPRESS_BACKEND", "numpy" if request.param == "numpy" else "")
    return str(request.param)


# ---- whole, or not ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.usefixtures("backend")
def test_a_picture_that_is_cut_anywhere_is_refused(kind: str) -> None:
    data = encoded(scene(3, (33, 21)), kind)
    assert grey_of(data).shape == (21, 33)
    for length in range(len(data)):
        with pytest.raises(InputError):
            grey_of(data[:length])


@pytest.mark.usefixtures("backend")
def test_no_bit_of_a_png_can_change_unseen() -> None:
    data = encoded(scene(3, (9, 7)), "PNG")
    for at in range(8 * len(data)):
        changed = bytearray(data)
        changed[at // 8] ^= 1 << at % 8
        with pytest.raises(InputError):
            grey_of(bytes(changed))


@pytest.mark.usefixtures("backend")
def test_damage_under_a_right_check_sum_is_found() -> None:
    rows = zlib.compress(rows_of(scene(3, (9, 7))))
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 9, 7, 8, 2, 0, 0, 0))
    for at in range(len(rows)):
        changed = rows[:at] + bytes([rows[at] ^ 0x10]) + rows[at + 1 :]
        data = b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", changed) + chunk(b"IEND", b"")
        try:
            grey = grey_of(data)
        except InputError:
            continue
        assert np.array_equal(grey, grey_of(encoded(scene(3, (9, 7)), "PNG")))  # a bit that zlib does not use
        assert at < 2


@pytest.mark.usefixtures("backend")
def test_damaged_files_of_every_kind_are_refused_or_read_and_never_crash() -> None:
    rng = np.random.default_rng(0)
    wholes = {kind: encoded(scene(1, (9, 7)), kind) for kind in KINDS}
    refused = dict.fromkeys(KINDS, 0)
    for number in range(2000):
        kind = KINDS[number % len(KINDS)]
        data = bytearray(wholes[kind])
        for at in rng.integers(0, len(data), int(rng.integers(1, 6))).tolist():
            data[at] = int(rng.integers(0, 256))
        data[len(data) - int(rng.integers(0, 9)) :] = rng.bytes(int(rng.integers(0, 20)))
        try:
            grey_of(bytes(data))
        except InputError:
            refused[kind] += 1
    assert refused["PNG"] >= 0.9 * 400  # what lies behind the end is told by another rule
    assert min(refused.values()) > 40


def test_a_thumbnail_does_not_pass_for_the_end_of_a_cut_jpeg() -> None:
    small, large = encoded(scene(1, (16, 16)), "JPEG"), encoded(scene(2, (200, 150)), "JPEG")
    thumbnail = b"Exif\0\0II*\0" + b"\0" * 8 + small
    whole = large[:2] + b"\xff\xe1" + struct.pack(">H", len(thumbnail) + 2) + thumbnail + large[2:]
    assert grey_of(whole).shape == (150, 200)
    with pytest.raises(InputError, match="without its end marker"):
        grey_of(whole[:-2])


@pytest.mark.parametrize("kind", ["zTXt", "iCCP", "iTXt"])
def test_text_and_profiles_that_unpack_to_gigabytes_are_never_unpacked(kind: str) -> None:
    packer = zlib.compressobj(9)
    bomb = b"".join(packer.compress(bytes(1 << 20)) for _ in range(256)) + packer.flush()
    name = b"name\0\1\0\0\0" if kind == "iTXt" else b"name\0\0"
    data = png_of(rows_of(scene(3, (9, 7))), (9, 7), extra=chunk(kind.encode(), name + bomb))
    assert grey_of(data).shape == (7, 9)


@pytest.mark.parametrize("size", [(50_000, 50_000), (1 << 30, 1 << 30), (8193, 8192)])
def test_more_pixels_than_any_camera_has_are_refused_before_any_is_unpacked(size: tuple[int, int]) -> None:
    packed = zlib.compress(bytes(1 << 22))
    data = png_of(b"", size).replace(chunk(b"IDAT", zlib.compress(b"")), chunk(b"IDAT", packed))
    with pytest.raises(InputError, match=f"states {size[0]}x{size[1]} pixels, above the limit"):
        decoded(data, header_of(data))


def test_what_is_no_picture_is_named() -> None:
    for data, name in (
        (b"GIF89a\1\0\1\0", "a GIF"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "an SVG drawing"),
        (b"\0\0\0\x20ftypavif", "an AVIF"),
        (b"PK\3\4", "a ZIP archive"),
        (b"<!doctype html><title>404</title>", "a web page"),
        (b"\x93NUMPY\1\0", "a NumPy array"),
    ):
        assert other_kinds.kind_of(data) == name
        with pytest.raises(InputError, match=name):
            header_of(data)


# ---- the pixels themselves -------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("backend")
@pytest.mark.parametrize(("colour", "bits"), [(0, 1), (0, 2), (0, 4), (0, 8), (0, 16), (2, 8), (2, 16), (4, 8), (6, 8)])
def test_filters_are_undone_as_pillow_does(colour: int, bits: int) -> None:
    rng = np.random.default_rng(colour + bits)
    step = {0: 1, 2: 3, 4: 2, 6: 4}[colour]
    for width, height in ((1, 1), (7, 5), (33, 40)):
        rows = rng.integers(0, 256, (height, 1 + (width * step * bits + 7) // 8)).astype(np.uint8)
        rows[:, 0] = rng.integers(0, 5, height)
        data = png_of(rows.tobytes(), (width, height), colour, bits)
        theirs = Image.open(io.BytesIO(data))
        levels = (
            (np.asarray(theirs) >> 8).astype(np.uint8) if theirs.mode == "I;16" else np.asarray(theirs.convert("L"))
        )
        assert np.array_equal(grey_of(data), levels)


@pytest.mark.usefixtures("backend")
def test_filters_are_undone_as_opencv_does() -> None:
    cv2 = pytest.importorskip("cv2")
    rng = np.random.default_rng(5)
    rows = rng.integers(0, 256, (64, 1 + 3 * 50)).astype(np.uint8)
    rows[:, 0] = rng.integers(0, 5, 64)
    data = png_of(rows.tobytes(), (50, 64))
    theirs = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)[:, :, ::-1]
    assert np.array_equal(grey_of(data), np.asarray(Image.fromarray(theirs).convert("L")))


@pytest.mark.usefixtures("backend")
@pytest.mark.parametrize(("mode", "alpha"), [("RGBA", 255), ("RGBA", 254), ("LA", 255), ("LA", 0)])
def test_one_transparent_pixel_is_seen(mode: str, alpha: int) -> None:
    image = Image.fromarray(scene(3, (40, 30))).convert(mode)
    image.putpixel((39, 29), (*([7] * (len(mode) - 1)), alpha))
    file = io.BytesIO()
    image.save(file, "PNG")
    found = decoded(file.getvalue(), header_of(file.getvalue()))
    assert (found.alpha, found.opaque) == (True, alpha == 255)


@pytest.mark.usefixtures("backend")
def test_a_colour_that_is_transparent_is_seen() -> None:
    for colour, opaque in (((9, 9, 9), False), ((1, 2, 3), True)):
        pixels = np.full((30, 40, 3), 9, np.uint8)
        data = encoded(pixels, "PNG", transparency=colour)
        assert decoded(data, header_of(data)).opaque == opaque


@pytest.mark.usefixtures("backend")
def test_palettes_and_interlaced_pictures_are_read() -> None:
    cv2 = pytest.importorskip("cv2")
    pixels = scene(4, (40, 30))
    data = encoded(np.asarray(pixels), "PNG")
    indexed = io.BytesIO()
    Image.fromarray(pixels).quantize(16).save(indexed, "PNG")
    theirs = np.asarray(Image.open(indexed).convert("L"))
    assert np.array_equal(grey_of(indexed.getvalue()), theirs)
    assert np.array_equal(grey_of(data), np.asarray(Image.fromarray(pixels).convert("L")))
    assert cv2.imdecode(np.frombuffer(indexed.getvalue(), np.uint8), cv2.IMREAD_COLOR).shape == (30, 40, 3)


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"restart_marker_blocks": 2}, {"subsampling": 0}])
def test_a_jpeg_without_its_metadata_has_the_same_pixels(options: dict[str, object]) -> None:
    data = encoded(scene(6, (70, 50)), "JPEG", comment=b"hello", exif=b"Exif\0\0II*\0", **options)
    assert np.array_equal(np.asarray(parsed_jpeg(data).image()), np.asarray(Image.open(io.BytesIO(data))))


@pytest.mark.parametrize("subsampling", [0, 1, 2])
def test_the_luma_of_a_jpeg_is_that_of_its_colours(subsampling: int) -> None:
    data = encoded(scene(6, (70, 50)), "JPEG", subsampling=subsampling, quality=90)
    theirs = np.asarray(Image.open(io.BytesIO(data)).convert("L")).astype(int)
    apart = np.abs(grey_of(data) - theirs)
    assert np.mean(apart <= 1) > 0.95  # colours beyond the cube of RGB are clipped there
    assert apart.mean() < 1


@pytest.mark.parametrize("kind", ["CMYK", "L"])
def test_jpegs_of_other_colours_are_read_as_pillow_does(kind: str) -> None:
    file = io.BytesIO()
    Image.fromarray(scene(6, (70, 50))).convert(kind).save(file, "JPEG")
    theirs = np.asarray(Image.open(file).convert("L"))
    assert np.array_equal(grey_of(file.getvalue()), theirs)


# ---- what a file says ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("order", ["<", ">"])
def test_an_orientation_is_read_in_both_byte_orders(orientation: int, order: str) -> None:
    exif = Image.Exif()
    exif.endian = order
    exif[0x010F], exif[0x0112] = "Maker", orientation
    assert orientation_of(exif.tobytes().removeprefix(b"Exif\0\0")) == orientation


def test_a_damaged_exif_block_says_nothing() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    whole = exif.tobytes().removeprefix(b"Exif\0\0")
    assert {orientation_of(whole[:length]) for length in range(len(whole) + 1)} <= {0, 6}
    assert orientation_of(b"II*\0\xff\xff\xff\xff" + whole) == 0


@pytest.mark.parametrize("quality", [1, 5, 10, 25, 49, 50, 51, 75, 90, 95, 100])
def test_the_quality_of_a_jpeg_is_the_one_it_was_saved_with(quality: int) -> None:
    assert abs(parsed_jpeg(encoded(scene(1), "JPEG", quality=quality)).quality - quality) <= (2 if quality < 10 else 1)


@pytest.mark.parametrize("kind", KINDS)
def test_headers_state_what_pillow_states(kind: str) -> None:
    data = encoded(scene(3, (33, 21)), kind)
    header = header_of(data)
    assert (header.media_type, header.width, header.height, header.mode) == (f"image/{kind.lower()}", 33, 21, "RGB")


@pytest.mark.parametrize("options", [{"lossless": True}, {"quality": 80}, {"exif": b"Exif\0\0II*\0"}])
@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_every_kind_of_webp_states_its_size(mode: str, options: dict[str, object]) -> None:
    file = io.BytesIO()
    image = Image.fromarray(scene(3, (33, 21))).convert(mode)
    if mode == "RGBA":
        image.putalpha(100)
    image.save(file, "WEBP", **options)
    header = header_of(file.getvalue())
    assert (header.width, header.height, header.mode) == (33, 21, mode)


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
        "lamps at night": (np.zeros((720, 1280), np.uint8), 255),
        "object on white": (np.full((720, 1280), 255, np.uint8), 60),
        "object on grey": (np.full((720, 1280), 128, np.uint8), 180),
        "object on a black table": (np.zeros((720, 1280), np.uint8), 70),
    }
    for name, (background, level) in pictures_.items():
        image = Image.fromarray(background)
        ImageDraw.Draw(image).ellipse((600, 300, 680, 360), fill=level)
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


# ---- reading -------------------------------------------------------------------------------------------------------


def folder(root: Path, count: int) -> list[ImageFile]:
    for number in range(count):
        Image.fromarray(scene(number, (40, 30))).save(root / f"{number:03d}.png")
    return [ImageFile(root / f"{number:03d}.png", f"{number:03d}.png") for number in range(count)]


@pytest.mark.parametrize("workers", [1, 3, None])
def test_pictures_come_in_the_order_given_whatever_the_threads_do(tmp_path: Path, workers: int | None) -> None:
    files = folder(tmp_path, 30)
    once = list(pictures(files, workers=1))
    assert repr(list(pictures(files, workers=workers))) == repr(once)  # NaN is not equal to itself
    assert [picture.file for picture in once] == files
    assert [picture.sha256.hex() for picture in once] == [_sha256(file.path) for file in files]


def _sha256(path: Path) -> str:
    import hashlib

    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_few_files_are_opened_before_their_turn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files, opened, lock = folder(tmp_path, 40), [], threading.Lock()
    real = module._picture

    def counted(file: ImageFile) -> Picture:
        with lock:
            opened.append(file)
        return real(file)

    monkeypatch.setattr(module, "_picture", counted)
    stream = pictures(files, workers=2)
    next(stream)
    stream.close()
    assert len(opened) <= 6


def test_large_pictures_are_decoded_one_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files, together, lock = folder(tmp_path, 12), [0, 0], threading.Lock()
    real = module.decoded

    def counted(*given: object) -> object:
        with lock:
            together[0] += 1
            together[1] = max(together)
        try:
            return real(*given)  # type: ignore[arg-type]
        finally:
            with lock:
                together[0] -= 1

    monkeypatch.setattr(module, "decoded", counted)
    for most in (1000, 10):  # the pixels alone are many; the file is large too
        monkeypatch.setattr(module, "_SMALL", most)
        together[:] = [0, 0]
        assert not any(picture.error for picture in pictures(files, workers=4))
        assert together == [0, 1]


def test_a_pipe_is_not_opened_and_a_file_of_terabytes_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.mkfifo(tmp_path / "a.png")
    with (tmp_path / "b.png").open("wb") as stream:
        stream.truncate(1 << 40)
    monkeypatch.setattr(module, "open_file", lambda path: pytest.fail(f"{path} was opened"))
    files = [ImageFile(tmp_path / name, name) for name in ("a.png", "b.png", "c.png")]
    pipe, sparse, missing = pictures(files)
    assert "pipe" in pipe.error
    assert "1099511627776 bytes" in sparse.error
    assert missing.missing


def test_links_are_followed_inside_of_the_dataset_alone(tmp_path: Path) -> None:
    (tmp_path / "set/images").mkdir(parents=True)
    (tmp_path / "elsewhere").mkdir()
    Image.fromarray(scene(1)).save(tmp_path / "set/one.png")
    Image.fromarray(scene(2)).save(tmp_path / "elsewhere/two.png")
    (tmp_path / "set/images/in.png").symlink_to(tmp_path / "set/one.png")
    (tmp_path / "set/images/out.png").symlink_to(tmp_path / "elsewhere/two.png")
    (tmp_path / "set/away").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "through").symlink_to(tmp_path / "set")
    for root in (tmp_path / "set", tmp_path / "through"):
        names = ("images/in.png", "images/out.png", "away/two.png", "one.png")
        found = list(pictures([ImageFile(root / name, name) for name in names]))
        assert [bool(picture.error) for picture in found] == [False, True, True, False]
        assert "leads out of the dataset" in found[1].error


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


def test_pairs_are_those_of_the_definition() -> None:
    rng = np.random.default_rng(2)
    base = rng.integers(20, 230, (3, 16, 16))
    cells = [(base[row % 3] + row % 5 + rng.integers(0, 2, (16, 16))).astype(np.uint8) for row in range(12)]
    table = gathered([prints(seed, one) for seed, one in enumerate(cells)])
    expected = []
    for one in range(12):
        for other in range(one + 1, 12):
            bits = int(table.difference_hash[one]) ^ int(table.difference_hash[other])
            apart = np.abs(cells[one].astype(int) - cells[other]).max()
            expected += [[one, other]] if bin(bits).count("1") <= 6 and apart <= 2 else []
    assert 3 < len(expected) < 18
    assert near_pairs(table, 6, 2).tolist() == expected


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
