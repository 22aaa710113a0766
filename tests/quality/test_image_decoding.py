"""A picture is decoded to its last pixel or refused; against Pillow, OpenCV, and each cut and changed byte."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from framepress.errors import InputError
from framepress.quality.images import other_kinds
from framepress.quality.images.decoding import decoded, header_of
from framepress.quality.images.exif import orientation_of
from framepress.quality.images.jpeg_strict import parsed as parsed_jpeg
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
def test_a_stream_without_its_check_sum_is_refused() -> None:
    whole = png_of(rows_of(scene(3, (9, 7))), (9, 7))
    packed = zlib.compress(rows_of(scene(3, (9, 7))))
    for cut in range(1, 5):
        data = whole.replace(chunk(b"IDAT", packed), chunk(b"IDAT", packed[:-cut]))
        with pytest.raises(InputError, match="end after 196 of 196 bytes"):
            grey_of(data)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_bytes_behind_the_end_are_counted(kind: str) -> None:
    data = encoded(scene(3, (33, 21)), kind)
    for more in (b"", b"\xff\xd9" + b"x" * 6, data):
        assert decoded(data + more, header_of(data)).trailing == len(more)


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


def test_files_of_a_hundred_thousand_pieces_are_given_up_on() -> None:
    pieces = chunk(b"teXt", b"") * 100_000
    with pytest.raises(InputError, match="more than 65536 chunks"):
        grey_of(png_of(rows_of(scene(3, (9, 7))), (9, 7), extra=pieces))
    data = encoded(scene(3, (9, 7)), "JPEG")
    with pytest.raises(InputError, match="or 65536 segments"):
        grey_of(data[:2] + b"\xff\xfe\0\2" * 100_000 + data[2:])


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


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"restart_marker_blocks": 2}, {"keep_rgb": True}])
def test_a_jpeg_without_its_metadata_has_the_same_pixels(options: dict[str, object]) -> None:
    data = encoded(scene(6, (70, 50)), "JPEG", comment=b"hello", exif=b"Exif\0\0II*\0", **options)
    assert np.array_equal(np.asarray(parsed_jpeg(data).image()), np.asarray(Image.open(io.BytesIO(data))))


@pytest.mark.parametrize("options", [{"subsampling": 0}, {"subsampling": 2}, {"keep_rgb": True}])
def test_the_luma_of_a_jpeg_is_that_of_its_colours(options: dict[str, object]) -> None:
    data = encoded(scene(6, (70, 50)), "JPEG", quality=90, **options)
    theirs = np.asarray(Image.open(io.BytesIO(data)).convert("L")).astype(int)
    apart = np.abs(grey_of(data) - theirs)
    assert np.mean(apart <= 1) > 0.95  # colours beyond the cube of RGB are clipped there
    assert apart.mean() < 1


def test_the_colour_space_that_adobes_marker_states_is_kept() -> None:
    data = encoded(scene(6, (70, 50)), "JPEG", keep_rgb=True, subsampling=0)
    for name, number in ((b"R", b"\1"), (b"G", b"\2"), (b"B", b"\3")):  # by these names RGB is known without the marker
        data = data.replace(name + b"\x11\0", number + b"\x11\0").replace(name + b"\0", number + b"\0")
    adobe = b"\xff\xee\0\x0eAdobe\0\x64\0\0\0\0\0"
    stated = data[:2] + adobe + data[2:]
    theirs = np.asarray(Image.open(io.BytesIO(stated)))
    assert np.abs(theirs.astype(int) - scene(6, (70, 50))).mean() < 12
    assert np.array_equal(np.asarray(parsed_jpeg(stated).image()), theirs)


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
