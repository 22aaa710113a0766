"""Float TIFF: every bit pattern by readers that share no code with the encoder, hostile files."""

from __future__ import annotations

import io
import struct

import numpy as np
import pytest
from PIL import Image

from framepress.errors import InputError, OptionError
from framepress.storage import tiff

cv2 = pytest.importorskip("cv2", reason="OpenCV is one of the independent readers")
tifffile = pytest.importorskip("tifffile", reason="tifffile is one of the independent readers")


@pytest.fixture(params=["numpy", ""], ids=["zlib", "isal"])
def backend(request, monkeypatch):
    monkeypatch.setenv("FRAMEPRESS_BACKEND", request.param)
    if not request.param:
        pytest.importorskip("isal", reason="ISA-L is not installed (extra fast)")


def scene(height: int, width: int) -> np.ndarray:
    """Planes, an object edge, and sky where nothing is hit [m]."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    depth = (2 + 38 * (1 - y / height) ** 2).astype(np.float32)
    depth[height // 3 :, width // 4 : width // 2] = 3 + 0.001 * x[height // 3 :, width // 4 : width // 2]
    depth[: height // 5] = np.inf
    return depth


def bits(values: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(values, np.float32).view(np.uint32)


def assert_holds(data: bytes, values: np.ndarray, compressed: bool) -> None:
    with Image.open(io.BytesIO(data)) as image:
        assert image.mode == "F"
        np.testing.assert_array_equal(bits(np.array(image)), bits(values))
    read = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    np.testing.assert_array_equal(bits(read), bits(values))
    with tifffile.TiffFile(io.BytesIO(data)) as file:
        page = file.pages[0]
        assert (page.shape, page.dtype) == (values.shape, np.dtype("float32"))
        assert page.compression.name == ("ADOBE_DEFLATE" if compressed else "NONE")
        assert page.predictor == (3 if compressed else 1)
        if not compressed:  # tifffile alone cannot undo this predictor
            np.testing.assert_array_equal(bits(page.asarray()), bits(values))


@pytest.mark.parametrize("compress", [True, False])
@pytest.mark.parametrize("size", [(1, 1), (1, 9), (7, 1), (5, 8), (90, 160), (211, 403), (2, 70_000)])
def test_other_readers_give_back_every_bit(backend, size, compress):
    depth = scene(*size)
    assert_holds(tiff.encode(depth, compress=compress), depth, compress)


def test_infinities_nan_payloads_and_subnormals_survive(backend):
    patterns = np.random.default_rng(0).integers(0, 2**32, (40, 31), dtype=np.uint32)
    patterns[:3, :3] = [[0x7F800000, 0xFF800000, 0x7FC00000], [0x7F800001, 0x80000000, 1], [0xFFFFFFFF, 0, 0x00800000]]
    values = patterns.view(np.float32)
    assert_holds(tiff.encode(values), values, True)
    np.testing.assert_array_equal(bits(tiff.decode(tiff.encode(values), "a.tiff")), patterns)


def test_views_of_larger_arrays_are_read_as_they_are(backend):
    depth = scene(60, 90)
    for view in (depth[4:50, 7:80], depth[::2, ::3], depth[::-1], depth.T, depth.astype(">f4")):
        assert_holds(tiff.encode(view), view, True)


def test_depth_of_planes_is_much_smaller_than_raw(backend):
    depth = scene(300, 500)
    assert len(tiff.encode(depth)) < 0.25 * depth.nbytes


def test_the_size_is_checked_before_the_pixels():
    data = tiff.encode(scene(20, 30))
    assert tiff.decode(data, "depth.tiff", (30, 20)).shape == (20, 30)
    with pytest.raises(InputError, match=r"depth\.tiff: the image is 30x20, expected 20x30"):
        tiff.decode(data, "depth.tiff", (20, 30))
    with pytest.raises(InputError, match="above the limit of 599"):
        tiff.decode(data, "depth.tiff", max_pixels=599)


def test_every_truncation_is_an_error_that_names_the_file(backend):
    data = tiff.encode(scene(40, 50))
    for length in [*range(0, 200, 3), *range(200, len(data), 211), len(data) - 1]:
        with pytest.raises(InputError, match=r"a/depth_7\.tiff"):
            tiff.decode(data[:length], "a/depth_7.tiff")


def test_a_directory_that_points_nowhere_is_an_error():
    for at in (4, 0xFFFFFFF0, 9_999):
        with pytest.raises(InputError, match=r"bad\.tiff"):
            tiff.decode(b"II*\x00" + struct.pack("<I", at) + bytes(40), "bad.tiff")


def test_floats_of_another_width_are_refused_not_rounded():
    file = io.BytesIO()
    tifffile.imwrite(file, np.full((4, 6), 1 / 3, np.float64))
    with pytest.raises(InputError, match="mode F64"):
        tiff.decode(file.getvalue(), "double.tiff")


def test_16_bit_grey_and_colour_tiffs_of_others_are_read():
    for pixels in (
        np.random.default_rng(0).integers(0, 65_536, (6, 9)).astype(np.uint16),
        np.random.default_rng(0).integers(0, 256, (6, 9, 3)).astype(np.uint8),
    ):
        file = io.BytesIO()
        tifffile.imwrite(file, pixels, photometric="rgb" if pixels.ndim == 3 else "minisblack")
        np.testing.assert_array_equal(tiff.decode(file.getvalue(), "a.tiff", (9, 6)), pixels)


@pytest.mark.parametrize(
    "values",
    [np.zeros((3, 4)), np.zeros((3, 4), np.uint16), np.zeros((0, 4), np.float32), np.zeros((3, 4, 3), np.float32)],
)
def test_what_a_float_tiff_cannot_hold_is_refused(values):
    with pytest.raises(OptionError, match="float32"):
        tiff.encode(values)


@pytest.mark.usefixtures("backend")
def test_a_file_zeroed_from_any_point_on_is_an_error() -> None:
    values = np.linspace(1, 40, 180 * 320, dtype=np.float32).reshape(180, 320)
    data = tiff.encode(values)
    for cut in range(200, len(data) - 1, max(1, len(data) // 70)):
        with pytest.raises(InputError, match=r"deep\.tiff"):
            tiff.decode(data[:cut] + bytes(len(data) - cut), "deep.tiff")


def test_a_tag_of_millions_of_values_is_refused_before_they_are_read() -> None:
    import tracemalloc

    values = 2_000_000
    directory = struct.pack("<H", 1) + struct.pack("<HHII", 273, 1, values, 26) + struct.pack("<I", 0)
    file = b"II*\x00" + struct.pack("<I", 8) + directory + bytes(values)
    tracemalloc.start()
    with pytest.raises(InputError, match=r"x\.tif"):
        tiff.header(file, "x.tif")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1 << 20
