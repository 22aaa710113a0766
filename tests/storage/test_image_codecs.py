"""The table of encoders, JPEG, and telling encoded images apart."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from framepress.core.channels import CHANNELS
from framepress.errors import InputError, OptionError
from framepress.storage import images, images_backend, jpeg, npy, png, tiff

GOLDEN = Path(__file__).resolve().parents[3] / "shared" / "data" / "isaacsim-golden"


def picture(height: int = 24, width: int = 40) -> np.ndarray:
    y, x = np.mgrid[0:height, 0:width]
    return np.stack([x * 5 % 256, y * 7 % 256, (x + y) * 3 % 256], axis=2).astype(np.uint8)


def sample(channel: str) -> np.ndarray:
    row = CHANNELS[channel]
    shape = (12, 20) + ((row.components,) if row.components else ()) if row.raster else (33, 3)
    return (np.random.default_rng(0).random(shape) * 200).astype(row.dtype)


# ---- the table -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "channel"), [(e.name, c) for e in images.ENCODERS.values() for c in sorted(e.channels)]
)
def test_every_encoder_holds_the_channels_that_it_names(name, channel):
    encoder = images.encoder(name, channel)
    array = sample(channel)
    data = encoder.encode(array)
    assert encoder.encode(array) == data
    back = images.decode(data, "a", (20, 12) if CHANNELS[channel].raster else None)
    if encoder.lossless:
        np.testing.assert_array_equal(back, array)
    else:
        assert np.abs(back.astype(int) - array).mean() < 30
    if encoder.media_type.startswith("image/"):
        found = images.probe(data, "a")
        assert (found.media_type, found.width, found.height) == (encoder.media_type, 20, 12)


def test_every_channel_has_a_lossless_encoder():
    for channel in CHANNELS:
        assert any(encoder.lossless and channel in encoder.channels for encoder in images.ENCODERS.values())


def test_an_encoder_that_cannot_hold_a_channel_is_refused_with_those_that_can():
    with pytest.raises(OptionError, match="depth cannot be stored as 'jpeg'; choose one of tiff, npy"):
        images.encoder("jpeg", "depth")
    with pytest.raises(OptionError, match="choose one of png, jpeg"):
        images.encoder("webp", "rgb")


def test_the_standard_library_can_be_asked_for(monkeypatch):
    monkeypatch.setenv("FRAMEPRESS_BACKEND", "numpy")
    assert set(images.encoder_backends()) == set(images.ENCODERS)
    assert images.encoder_backends()["png"] == "zlib"


def test_it_works_where_no_extra_can_be_imported():
    code = (
        "import sys; sys.modules.update({name: None for name in ('isal', 'isal.isal_zlib', 'numba')})\n"
        "import numpy as np\n"
        "from framepress.storage import images\n"
        "assert images.encoder_backends()['png'] == 'zlib', images.encoder_backends()\n"
        "pixels = np.arange(2700, dtype=np.uint8).reshape(30, 30, 3)\n"
        "assert (images.decode(images.ENCODERS['png'].encode(pixels), 'a') == pixels).all()\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


# ---- JPEG ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("subsampling", "factors"), [("4:4:4", 0x11), ("4:2:2", 0x21), ("4:2:0", 0x22)])
def test_jpeg_stores_colour_as_asked_and_nothing_about_its_making(subsampling, factors):
    data = jpeg.encode(picture(), quality=90, subsampling=subsampling)
    frame = data.index(b"\xff\xc0")
    assert data[frame + 11] == factors
    assert b"\xff\xe1" not in data
    assert b"\xff\xfe" not in data
    with Image.open(io.BytesIO(data)) as image:
        assert "exif" not in image.info
        np.testing.assert_array_equal(np.array(image), jpeg.decode(data, "a.jpg", (40, 24)))


def test_jpeg_of_high_quality_stays_close():
    smooth = np.repeat(np.linspace(20, 220, 64).astype(np.uint8)[None, :, None], 3, axis=2).repeat(32, axis=0)
    assert np.abs(jpeg.decode(jpeg.encode(smooth, quality=95), "a.jpg").astype(int) - smooth).max() <= 4


def test_grey_jpegs_stay_grey_and_become_colour_when_asked():
    data = jpeg.encode(picture()[:, :, 0])
    assert images.probe(data, "a.jpg").mode == "L"
    assert images.decode(data, "a.jpg").shape == (24, 40)
    assert images.decode_rgb(data, "a.jpg").shape == (24, 40, 3)


@pytest.mark.parametrize(
    "options", [{"quality": 0}, {"quality": 101}, {"subsampling": "4:1:1"}], ids=lambda options: str(options)
)
def test_jpeg_options_out_of_range_are_refused(options):
    with pytest.raises(OptionError, match=str(next(iter(options.values())))):
        jpeg.encode(picture(), **options)


@pytest.mark.parametrize(
    "pixels", [np.zeros((4, 5, 4), np.uint8), np.zeros((4, 5), np.uint16), np.zeros((0, 5), np.uint8)]
)
def test_what_a_jpeg_cannot_hold_is_refused(pixels):
    with pytest.raises(OptionError, match="use PNG"):
        jpeg.encode(pixels)


def test_every_truncation_of_a_jpeg_is_an_error_that_names_the_file():
    data = jpeg.encode(picture(100, 160))
    for length in [*range(0, 40), *range(40, len(data), 53), len(data) - 1]:
        with pytest.raises(InputError, match=r"cam/rgb_3\.jpg"):
            images.decode(data[:length], "cam/rgb_3.jpg")


def test_the_jpeg_header_is_found_behind_long_metadata():
    data = jpeg.encode(picture())
    comment = b"\xff\xe1" + (60_000).to_bytes(2, "big") + bytes(59_998)
    found = images.probe(data[:2] + comment + b"\xff\xff" + data[3:], "a.jpg")
    assert (found.width, found.height, found.mode) == (40, 24, "RGB")


def test_progressive_and_cmyk_jpegs_are_read():
    for mode, options in (("RGB", {"progressive": True}), ("CMYK", {})):
        file = io.BytesIO()
        Image.fromarray(picture()).convert(mode).save(file, "JPEG", quality=98, **options)
        pixels = images.decode_rgb(file.getvalue(), "a.jpg", (40, 24))
        assert np.abs(pixels.astype(int) - picture()).mean() < 12


# ---- telling them apart ----------------------------------------------------------------------------------------------


def test_a_pointer_of_git_lfs_is_named_with_the_way_out():
    pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a2146\nsize 445346\n"
    for read in (images.decode, images.decode_rgb, images.probe, png.decode_ids, npy.decode, jpeg.decode, tiff.decode):
        with pytest.raises(
            InputError, match=r"rgb_0000\.png: .*git-lfs pointer to a file of 445346 bytes.*git lfs pull"
        ):
            read(pointer, "rgb_0000.png")


def test_the_pointers_among_the_recorded_captures_are_all_recognised():
    if not GOLDEN.is_dir():
        pytest.skip("the recorded Isaac Sim captures are not beside this checkout")
    pointers = [path for path in sorted(GOLDEN.rglob("*.png")) if path.stat().st_size < 200]
    assert pointers
    for path in pointers:
        with pytest.raises(InputError, match="git lfs pull"):
            images.decode(path.read_bytes(), path.name)


@pytest.mark.parametrize("data", [b"", b"GIF89a" + bytes(40), b"<html>", bytes(64), b"\x89PNG", b"\xff\xd8\xff"])
def test_what_is_no_image_is_an_error_that_names_the_file(data):
    with pytest.raises(InputError, match=r"odd\.bin"):
        images.decode(data, "odd.bin")


def test_the_expected_size_holds_for_every_kind():
    depth = np.ones((24, 40), np.float32)
    for name, array in (
        ("png", picture()),
        ("jpeg", picture()),
        ("ids", picture()[:, :, 0]),
        ("tiff", depth),
        ("npy", depth),
    ):
        data = images.ENCODERS[name].encode(array)
        assert images.decode(data, "a", (40, 24)).shape[:2] == (24, 40)
        with pytest.raises(InputError, match="expected"):
            images.decode(data, "a", (24, 40))


def test_depth_and_ids_are_no_pictures():
    for data in (png.encode(np.zeros((3, 4), np.uint16)), images.ENCODERS["npy"].encode(np.zeros((3, 4), np.float32))):
        with pytest.raises(InputError, match="no 8-bit picture"):
            images.decode_rgb(data, "a")


def test_pictures_of_recorded_captures_equal_what_pillow_reads():
    folder = GOLDEN.parent / "basicwriter-palletstability"
    files = sorted(folder.rglob("rgb_0000.png"))
    if not files:
        pytest.skip("the recorded Isaac Sim captures are not beside this checkout")
    for path in files[:2]:
        data = path.read_bytes()
        found = images.probe(data, path.name)
        pixels = images.decode_rgb(data, path.name, (found.width, found.height))
        with Image.open(path) as image:
            np.testing.assert_array_equal(pixels, np.array(image)[:, :, :3])
            plain = io.BytesIO()
            image.convert("RGB").save(plain, "PNG", compress_level=6)
        again = png.encode(pixels)
        assert len(again) <= 1.3 * len(plain.getvalue())
        np.testing.assert_array_equal(images.decode(again, path.name), pixels)


def test_the_backend_is_named_by_what_is_installed(monkeypatch):
    pytest.importorskip("isal", reason="ISA-L is not installed (extra fast)")
    monkeypatch.delenv("FRAMEPRESS_BACKEND", raising=False)
    assert images_backend.runs_coder() == "isal"
