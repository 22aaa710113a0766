"""Single images made smaller: every pixel and everything beside it as OpenCV and Pillow read it, or refused."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image, ImageCms
from PIL.PngImagePlugin import PngInfo

from framepress.delivery.optimize_images import Outcome, Wish, optimized
from framepress.delivery.optimize_png import chunks, five_filters, same_picture, smaller
from framepress.errors import InputError, OptionError
from framepress.storage import png

H, W = 37, 53
y, x = np.mgrid[:H, :W]
RGB = np.stack((x * 4 % 256, (x + y) * 2 % 256, x * y % 251), 2).astype(np.uint8)
ALL = Wish(min_saving=0.0)
ADAM7 = "0 0 8 8  0 4 8 8  4 0 8 4  0 2 4 4  2 0 4 2  0 1 2 2  1 0 2 1"


def encoded(pixels: np.ndarray | Image.Image, format: str = "PNG", **options: Any) -> bytes:
    image = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)
    file = io.BytesIO()
    image.save(file, format, **options)
    return file.getvalue()


def by_opencv(pixels: np.ndarray) -> bytes:
    return cv2.imencode(".png", pixels, [cv2.IMWRITE_PNG_COMPRESSION, 1])[1].tobytes()


def interlaced(pixels: np.ndarray) -> bytes:
    """Adam7 by hand (W3C PNG, 8.2), no filter."""
    lines = b""
    for y0, x0, down, right in np.array(ADAM7.split(), int).reshape(7, 4).tolist():
        for row in pixels[y0::down, x0::right]:
            lines += b"\0" + row.tobytes() if row.size else b""
    header = struct.pack(">IIBBBBB", W, H, 8, 2, 0, 0, 1)
    parts = [png.SIGNATURE]
    for kind, body in ((b"IHDR", header), (b"IDAT", zlib.compress(lines, 1)), (b"IEND", b"")):
        parts += [struct.pack(">I", len(body)), kind, body, struct.pack(">I", zlib.crc32(kind + body))]
    return b"".join(parts)


PNGS: dict[str, Callable[[], bytes]] = {
    "rgb": lambda: encoded(RGB, compress_level=1),
    "rgba": lambda: encoded(np.dstack((RGB, RGB[:, :, 0])), compress_level=1),
    "grey": lambda: encoded(RGB[:, :, 1].copy(), compress_level=1),
    "grey and alpha": lambda: encoded(Image.fromarray(RGB).convert("LA"), compress_level=1),
    "one bit": lambda: encoded(Image.fromarray(RGB).convert("1"), compress_level=1),
    "grey, one is clear": lambda: encoded(Image.fromarray(RGB).convert("L"), transparency=7, compress_level=1),
    "palette": lambda: encoded(Image.fromarray(RGB).quantize(200), compress_level=1),
    "palette of 4 bits": lambda: encoded(Image.fromarray(RGB).quantize(16), compress_level=1),
    "palette of 2 bits": lambda: encoded(Image.fromarray(RGB).quantize(4), compress_level=1),
    "palette with a clear colour": lambda: encoded(Image.fromarray(RGB).quantize(99), transparency=3, compress_level=1),
    "16 bits": lambda: by_opencv((RGB[:, :, 0].astype(np.uint16) << 8) + RGB[:, :, 1]),
    "16 bits of colour": lambda: by_opencv(RGB.astype(np.uint16) * 257),
    "16 bits of colour and alpha": lambda: by_opencv(np.dstack((RGB, RGB[:, :, 0])).astype(np.uint16) * 255),
    "ids above 16 bits": lambda: png.encode_ids((x * 70_000 + y).astype(np.uint32)),
    "interlaced": lambda: interlaced(RGB),
    "one pixel": lambda: encoded(RGB[:1, :1].copy()),
    "one row": lambda: encoded(RGB[:1].copy()),
    "noise": lambda: by_opencv(np.random.default_rng(0).integers(0, 256, (H, W, 3), np.uint8)),
}


def with_beside(content: bytes) -> bytes:
    """Chunks that an encoder would not write again: before and behind the pixels."""
    extra = [(b"gAMA", struct.pack(">I", 50_000)), (b"pHYs", struct.pack(">IIB", 2835, 2835, 1)), (b"prVt", b"private")]
    parts, behind = [png.SIGNATURE], [(b"tEXt", b"Comment\0behind the pixels")]
    found = [(chunk.kind, chunk.body) for chunk in chunks(content)]
    for kind, body in (found[0], *extra, *found[1:-1], *behind, found[-1]):
        parts += [struct.pack(">I", len(body)), kind, body, struct.pack(">I", zlib.crc32(kind + body))]
    return b"".join(parts)


@pytest.mark.parametrize("kind", PNGS)
@pytest.mark.parametrize("level", [1, 9])
def test_a_png_keeps_every_pixel_and_every_other_chunk(kind: str, level: int) -> None:
    content = with_beside(PNGS[kind]())
    found = smaller(content, kind, level)
    for flag in (cv2.IMREAD_UNCHANGED, cv2.IMREAD_COLOR):
        before, after = (cv2.imdecode(np.frombuffer(data, np.uint8), flag) for data in (content, found))
        assert before.dtype == after.dtype
        assert np.array_equal(before, after)
    with Image.open(io.BytesIO(content)) as one, Image.open(io.BytesIO(found)) as other:
        assert (one.mode, one.info, one.getpalette()) == (other.mode, other.info, other.getpalette())
        assert one.tobytes() == other.tobytes()
    kept = [chunk for chunk in chunks(content) if chunk.kind != b"IDAT"]
    assert [chunk for chunk in chunks(found) if chunk.kind != b"IDAT"] == kept
    assert same_picture(content, found, kind)


@pytest.mark.parametrize("number", range(5))
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_each_row_filter_is_undone_by_opencv(number: int, channels: int) -> None:
    pixels = np.random.default_rng(number).integers(0, 256, (H, W, channels), np.uint8)
    rows = pixels.reshape(H, -1)
    above = np.vstack((np.zeros_like(rows[:1]), rows[:-1]))
    lines = np.column_stack((np.full(H, number, np.uint8), five_filters(rows, above, channels)[number]))
    header = struct.pack(">IIBBBBB", W, H, 8, {1: 0, 3: 2, 4: 6}[channels], 0, 0, 0)
    parts = [png.SIGNATURE]
    for kind, body in ((b"IHDR", header), (b"IDAT", zlib.compress(lines.tobytes())), (b"IEND", b"")):
        parts += [struct.pack(">I", len(body)), kind, body, struct.pack(">I", zlib.crc32(kind + body))]
    found = cv2.imdecode(np.frombuffer(b"".join(parts), np.uint8), cv2.IMREAD_UNCHANGED).reshape(H, W, channels)
    order = {1: [0], 3: [2, 1, 0], 4: [2, 1, 0, 3]}[channels]
    assert np.array_equal(found[:, :, order], pixels)


def test_pngs_that_were_written_in_haste_get_smaller() -> None:
    for kind in ("rgb", "rgba", "grey", "16 bits", "ids above 16 bits"):
        content = PNGS[kind]()
        assert len(smaller(content, kind, 9)) < 0.95 * len(content), kind


def test_pictures_that_differ_in_one_place_are_told_apart() -> None:
    other = RGB.copy()
    other[-1, -1, 2] ^= 1
    assert not same_picture(encoded(RGB), encoded(other), "a")
    assert not same_picture(encoded(RGB), with_beside(encoded(RGB)), "a")
    deep = RGB.astype(np.uint16) * 257
    low = deep.copy()
    low[3, 3, 0] ^= 1  # a bit that Pillow does not read
    assert not same_picture(by_opencv(deep), by_opencv(low), "a")


def test_damaged_pngs_are_refused_wherever_the_damage_is() -> None:
    content = bytearray(encoded(RGB))
    rng = np.random.default_rng(6)
    for place in rng.integers(8, len(content) - 1, 60).tolist():
        damaged = bytearray(content)
        damaged[place] ^= 1 << int(rng.integers(8))
        with pytest.raises(InputError):
            smaller(bytes(damaged), "a.png", 6)
    for cut in rng.integers(8, len(content) - 1, 20).tolist():
        with pytest.raises(InputError):
            smaller(bytes(content[:cut]), "a.png", 6)


def test_a_png_of_more_pixels_than_its_header_says_is_no_way_to_fill_the_memory() -> None:
    body = zlib.compress(bytes(1 << 24), 9)
    parts = [png.SIGNATURE]
    for kind, content in ((b"IHDR", struct.pack(">IIBBBBB", 4, 4, 8, 0, 0, 0, 0)), (b"IDAT", body), (b"IEND", b"")):
        parts += [struct.pack(">I", len(content)), kind, content, struct.pack(">I", zlib.crc32(kind + content))]
    with pytest.raises(InputError, match="do not end where its header says"):
        smaller(b"".join(parts), "a.png", 6)


# ---- other formats ---------------------------------------------------------------------------------------------------


def exif_of(orientation: int) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x010F] = "a camera"
    return exif.tobytes()


PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()


@pytest.mark.parametrize("wish", [Wish("jpeg", 80), Wish("webp", 80), Wish("webp"), Wish("png")])
@pytest.mark.parametrize("source", ["PNG", "JPEG", "WEBP"])
def test_orientation_and_colour_profile_come_along(wish: Wish, source: str) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (64, 96, 3), np.uint8)
    options = {"PNG": {"compress_level": 0}, "JPEG": {"quality": 100}, "WEBP": {"quality": 100}}[source]
    content = encoded(noise, source, exif=exif_of(6), icc_profile=PROFILE, **options)
    found = optimized(content, "a", Wish(wish.images, wish.quality, 1, 0.0), picture=True)
    if found.content is None:
        assert "saves less" in found.reason or "without loss" in found.reason
        return
    with Image.open(io.BytesIO(found.content)) as image:
        assert image.size == (96, 64)
        assert image.info["icc_profile"] == PROFILE
        assert image.getexif()[0x0112] == 6
        assert image.getexif()[0x010F] == "a camera"


def test_loss_is_what_the_file_says_when_opencv_reads_it() -> None:
    soft = cv2.GaussianBlur(np.random.default_rng(1).integers(0, 256, (60, 90, 3), np.uint8), (0, 0), 2)
    found = optimized(encoded(soft), "a", Wish("jpeg", 70), picture=True)
    assert found.content is not None
    assert found.extension == ".jpg"
    assert found.psnr_db is not None
    again = cv2.imdecode(np.frombuffer(found.content, np.uint8), cv2.IMREAD_COLOR)[:, :, ::-1]
    assert found.psnr_db == pytest.approx(cv2.PSNR(again, soft), abs=0.3)  # decoders differ by a step here and there
    assert found.max_error == pytest.approx(cv2.norm(again, soft, cv2.NORM_INF), abs=2)
    better = optimized(encoded(soft), "a", Wish("jpeg", 95), picture=True)
    assert better.psnr_db is not None
    assert better.psnr_db > found.psnr_db


def test_webp_without_a_quality_loses_nothing_of_colour_or_alpha() -> None:
    for pixels in (RGB, np.dstack((RGB, RGB[:, :, 0]))):
        found = optimized(encoded(pixels, compress_level=0), "a", Wish("webp"), picture=True)
        assert found.content is not None
        assert found.psnr_db is found.max_error is None
        assert np.array_equal(np.asarray(Image.open(io.BytesIO(found.content))), pixels)


@pytest.mark.parametrize(
    ("kind", "target", "told"),
    [
        ("rgba", "jpeg", "has alpha"),
        ("palette with a clear colour", "jpeg", "has alpha"),
        ("grey, one is clear", "jpeg", "has alpha"),
        ("16 bits", "jpeg", "16 bits"),
        ("16 bits of colour", "webp", "16 bits"),
        ("ids above 16 bits", "jpeg", "has alpha"),
        ("one bit", "jpeg", "of the kind 1"),
        ("grey", "webp", "of the kind L"),
    ],
)
def test_what_another_format_does_not_hold_stays(kind: str, target: str, told: str) -> None:
    found = optimized(PNGS[kind](), kind, Wish(target, min_saving=0.0), picture=True)
    assert found.content is None
    assert told in found.reason


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (with_beside(encoded(RGB)), "says in gAMA what its colours are"),
        (encoded(Image.fromarray(RGB).convert("CMYK"), "JPEG", quality=100), "of the kind CMYK"),
        (encoded(RGB, "GIF"), "neither PNG, JPEG nor WebP"),
        (
            encoded(RGB, "WEBP", save_all=True, append_images=[Image.fromarray(RGB[::-1])], lossless=True),
            "several frames",
        ),
        (b"", "neither"),
    ],
)
def test_what_would_not_be_the_same_picture_stays(content: bytes, told: str) -> None:
    found = optimized(content, "a", Wish("jpeg", 50, min_saving=0.0), picture=True)
    assert found.content is None
    assert told in found.reason


def test_what_is_left_behind_is_told() -> None:
    texts = PngInfo()
    texts.add_text("Software", "a renderer")
    noise = np.random.default_rng(7).integers(0, 256, (H, W, 4), np.uint8)
    noise[:, :, 3] = 255
    found = optimized(encoded(noise, pnginfo=texts, dpi=(72, 72)), "a", Wish("jpeg", 50), picture=True)
    assert found.content is not None
    assert found.left_behind == ("pHYs", "tEXt", "alpha that is opaque")


def test_nothing_is_lost_of_what_is_no_picture_or_was_not_asked_for() -> None:
    content = encoded(RGB, compress_level=1)
    for wish, picture in ((Wish("jpeg", 10), False), (Wish(), True), (Wish("png"), True)):
        found = optimized(content, "a", wish, picture=picture)
        assert found.content is not None
        assert found.extension == ".png"
        assert np.array_equal(np.asarray(Image.open(io.BytesIO(found.content))), RGB)
    photo = encoded(RGB, "JPEG")
    assert optimized(photo, "a", Wish("jpeg"), picture=True) == Outcome(
        reason="jpeg cannot be made smaller without loss here"
    )
    assert optimized(photo, "a", Wish("jpeg", 10), picture=False).content is None
    assert optimized(photo, "a", Wish("webp", 10), picture=False).content is None
    assert optimized(photo, "a", Wish("jpeg", 10), picture=True).content is not None


def test_what_saves_too_little_stays() -> None:
    content = smaller(encoded(RGB), "a", 9)
    assert optimized(content, "a", ALL, picture=True).reason == "saves less than 0%"
    found = optimized(encoded(RGB), "a", Wish(min_saving=0.9), picture=True)
    assert found.reason == "saves less than 90%"


@pytest.mark.parametrize("target", ["jpeg", "webp"])
def test_a_damaged_picture_is_an_error_and_no_loss(target: str) -> None:
    photo = encoded(np.random.default_rng(2).integers(0, 256, (64, 96, 3), np.uint8), "JPEG")
    with pytest.raises(InputError, match="a: the JPEG ends"):
        optimized(photo[: len(photo) // 2], "a", Wish(target, 50), picture=True)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"images": "gif"}, "must be one of keep, png"),
        ({"images": "jpeg", "quality": 0}, "must be 1 to 100"),
        ({"quality": 50}, "loses nothing"),
        ({"level": 10}, "must be 1 to 9"),
        ({"min_saving": 5}, "is a share"),
    ],
)
def test_impossible_wishes_are_refused(options: dict[str, Any], told: str) -> None:
    with pytest.raises(OptionError, match=told):
        Wish(**options)
