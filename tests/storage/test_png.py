"""PNG: pixels by readers that share no code with the encoder, sizes beside Pillow's, hostile files."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image

from framepress.errors import InputError, OptionError
from framepress.storage import images_backend, images_kernels, png, png_rows
from framepress.storage.images_huffman import HuffmanCode, HuffmanWriter
from framepress.storage.images_sparse import Sparse
from framepress.storage.png_rows import filter_up, up_of_ids

cv2 = pytest.importorskip("cv2", reason="OpenCV is one of the independent readers")


@pytest.fixture(params=["zlib", "isal"])
def backend(request, monkeypatch):
    """Each test that asks for it runs with the standard library alone, and with ISA-L."""
    if request.param == "zlib":
        monkeypatch.setenv("FRAMEPRESS_BACKEND", "numpy")
    else:
        monkeypatch.delenv("FRAMEPRESS_BACKEND", raising=False)
        pytest.importorskip("isal", reason="ISA-L is not installed (extra fast)")
    assert images_backend.runs_coder() == request.param
    return request.param


def by_pillow(data: bytes) -> np.ndarray:
    with Image.open(io.BytesIO(data)) as image:
        return np.array(image)


def by_opencv(data: bytes) -> np.ndarray:
    pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    return (
        pixels
        if pixels.ndim == 2
        else cv2.cvtColor(pixels, {3: cv2.COLOR_BGR2RGB, 4: cv2.COLOR_BGRA2RGBA}[pixels.shape[2]])
    )


def assert_holds(data: bytes, pixels: np.ndarray) -> None:
    for witness in (by_pillow(data), by_opencv(data)):
        assert witness.dtype == pixels.dtype
        np.testing.assert_array_equal(witness, pixels)
    # zlib itself checks the stream to its last byte; the readers stop when they have all pixels
    rows = zlib.decompress(idat(data))
    assert len(rows) == pixels.shape[0] * (1 + pixels[0].nbytes)


def idat(data: bytes) -> bytes:
    kinds = [(kind, bytes(body)) for kind, body in png._chunks(data, "test")]
    assert [kind for kind, _ in kinds] == [b"IHDR", b"IDAT", b"IEND"]
    return kinds[1][1]


def photo(height: int, width: int, seed: int = 0) -> np.ndarray:
    """Gradients, smooth noise in three octaves, flat objects and sensor noise: about what a renderer's picture is."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    picture = np.stack([60 + 90 * y / height, 70 + 60 * x / width, 120 + 50 * (1 - y / height)], axis=2)
    for cells, strength in ((6, 30.0), (24, 14.0), (90, 7.0)):
        coarse = rng.normal(0, 127, (cells, cells, 3)).astype(np.float32)
        for channel in range(3):
            smooth = Image.fromarray(coarse[:, :, channel]).resize((width, height), Image.Resampling.BICUBIC)
            picture[:, :, channel] += strength / 127 * np.array(smooth)
    for _ in range(12):
        top, left = rng.integers(0, height), rng.integers(0, width)
        picture[top : top + height // 5, left : left + width // 6] += rng.uniform(-70, 70, 3)
    return np.clip(picture + rng.normal(0, 2, picture.shape), 0, 255).astype(np.uint8)


def pillow_size(pixels: np.ndarray) -> int:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG", compress_level=6)
    return len(file.getvalue())


CONTENTS = {
    "noise": lambda shape, rng, top: rng.integers(0, top, shape, endpoint=True),
    "soft noise": lambda shape, rng, top: np.clip(rng.normal(top / 3, 4, shape), 0, top),
    "gradient": lambda shape, rng, top: np.indices(shape).sum(axis=0) % (top + 1),
    "constant": lambda shape, rng, top: np.full(shape, top),
    "half flat": lambda shape, rng, top: np.where(np.indices(shape)[0] < shape[0] // 2, 7, rng.integers(0, top, shape)),
    "stripes": lambda shape, rng, top: np.where(np.indices(shape)[0] // 40 % 2, rng.integers(0, top, shape), 3),
}


@pytest.mark.parametrize("content", CONTENTS)
@pytest.mark.parametrize("size", [(1, 1), (1, 70), (70, 1), (2, 3), (9, 8), (33, 47), (241, 517)])
@pytest.mark.parametrize(("channels", "dtype"), [((3,), np.uint8), ((4,), np.uint8), ((), np.uint8), ((), np.uint16)])
def test_other_readers_give_back_the_pixels(backend, content, size, channels, dtype):
    rng = np.random.default_rng(5)
    pixels = CONTENTS[content]((*size, *channels), rng, np.iinfo(dtype).max).astype(dtype)
    assert_holds(png.encode(pixels), pixels)


def test_views_of_larger_arrays_are_read_as_they_are(backend):
    big = photo(120, 200)
    for view in (
        big[5:80, 7:150],
        big[::2, ::3],
        big[::-1],
        big.transpose(1, 0, 2),
        big[:, :, ::-1],
        np.asfortranarray(big),
    ):
        assert_holds(png.encode(view), view)
    swapped = np.arange(15 * 31, dtype=">u2").reshape(15, 31)
    assert_holds(png.encode(swapped), swapped.astype(np.uint16))
    readonly = photo(20, 30)
    readonly.flags.writeable = False
    assert_holds(png.encode(readonly), readonly)


@settings(max_examples=150, deadline=None)
@given(hnp.arrays(np.uint8, hnp.array_shapes(min_dims=3, max_dims=3, max_side=40).map(lambda s: (s[0], s[1], 3))))
def test_any_small_picture_survives(pixels):
    np.testing.assert_array_equal(by_pillow(png.encode(pixels)), pixels)


@pytest.mark.parametrize("seed", range(3))
def test_a_photo_is_not_larger_than_1_3_times_pillow_level_6(backend, seed):
    pixels = photo(300, 500, seed)
    assert len(png.encode(pixels)) <= 1.3 * pillow_size(pixels)


@pytest.mark.parametrize("seed", range(3))
def test_a_label_picture_stays_within_twice_pillow_level_6(backend, seed):
    rng = np.random.default_rng(seed)
    blobs = np.array(Image.fromarray(rng.integers(0, 9, (12, 20)).astype(np.uint8)).resize((500, 300), 0))
    colours = rng.integers(0, 256, (9, 3)).astype(np.uint8)[blobs]
    assert len(png.encode(colours)) <= 2 * pillow_size(colours) + 200


def test_both_backends_give_equal_pixels_and_each_gives_equal_bytes_every_time(monkeypatch):
    pytest.importorskip("isal", reason="ISA-L is not installed (extra fast)")
    pixels = np.vstack([photo(90, 160), np.zeros((90, 160, 3), np.uint8)])
    by_isal = png.encode(pixels)
    assert png.encode(pixels) == by_isal
    monkeypatch.setenv("FRAMEPRESS_BACKEND", "numpy")
    by_zlib = png.encode(pixels)
    assert png.encode(pixels) == by_zlib
    np.testing.assert_array_equal(by_pillow(by_isal), by_pillow(by_zlib))


@pytest.mark.parametrize(
    "pixels",
    [
        np.zeros((0, 5, 3), np.uint8),
        np.zeros((5, 0), np.uint8),
        np.zeros((4, 5, 2), np.uint8),
        np.zeros((4, 5, 3), np.uint16),
        np.zeros((4, 5), np.int32),
        np.zeros((4, 5), np.float32),
        np.zeros((4,), np.uint8),
    ],
    ids=lambda pixels: f"{pixels.dtype}{pixels.shape}",
)
def test_what_a_png_cannot_hold_is_refused(pixels):
    with pytest.raises(OptionError, match="PNG"):
        png.encode(pixels)


# ---- the Huffman coder -----------------------------------------------------------------------------------------------


@settings(max_examples=100, deadline=None)
@given(
    blocks=st.lists(st.binary(max_size=300), min_size=1, max_size=6),
    counts=st.lists(st.integers(0, 10**9), min_size=256, max_size=256),
)
def test_literal_blocks_inflate_to_what_went_in_whatever_the_code_expected(blocks, counts):
    code = HuffmanCode(np.array(counts))
    writer = HuffmanWriter(code)
    for block in blocks:
        writer.write(np.frombuffer(block, np.uint8))
    inflate = zlib.decompressobj(-15)
    assert inflate.decompress(writer.close() + b"\x03\x00") == b"".join(blocks)
    assert inflate.eof
    assert not inflate.unused_data


@pytest.mark.parametrize("counts", ["equal", "one", "fibonacci", "powers"])
def test_huffman_codes_are_complete_and_no_longer_than_13_bits(counts):
    table = {
        "equal": [5] * 256,
        "one": [10**9] + [0] * 255,
        "fibonacci": [int(1.618**k) for k in range(40)] * 6 + [1] * 16,
        "powers": [2**k for k in range(60)] + [0] * 196,
    }[counts]
    lengths = HuffmanCode(np.array(table, dtype=object)).lengths
    assert max(lengths) <= 13
    assert sum(2.0**-length for length in lengths) == 1.0


def test_huffman_codes_of_a_sample_are_as_short_as_its_entropy_allows():
    rng = np.random.default_rng(1)
    noise = np.clip(rng.normal(0, 6, 200_000), -128, 127).astype(np.int8).view(np.uint8)
    counts = np.bincount(noise, minlength=256)
    share = counts[counts > 0] / counts.sum()
    entropy_bits = -(share * np.log2(share)).sum()
    writer = HuffmanWriter(HuffmanCode(counts))
    writer.write(noise)
    assert len(writer.close()) * 8 < 1.03 * entropy_bits * len(noise) + 2000


@pytest.mark.parametrize("seed", range(20))
def test_the_compiled_loops_give_the_bytes_of_the_numpy_ones(seed):
    pytest.importorskip("numba", reason="numba is not installed (extra fast)")
    from framepress.storage import images_kernels_numba as compiled

    rng = np.random.default_rng(seed)
    height, row_bytes, step = rng.integers(1, 9), int(rng.integers(4, 200)), int(rng.integers(1, 5))
    rows = rng.choice([np.arange(256), np.arange(4), np.array([0, 255])][seed % 3], (height + 1, row_bytes)).astype(
        np.uint8
    )
    rows.flags.writeable = False
    scratch = images_kernels.paeth_scratch(height, row_bytes)
    filtered = np.zeros((2, height, 1 + row_bytes), np.uint8)
    for kernels, out in zip((images_kernels, compiled), filtered, strict=True):
        kernels.subtract_paeth(rows[1:], rows[:-1], step, out, scratch)
    np.testing.assert_array_equal(filtered[0], filtered[1])

    code = HuffmanCode(rng.integers(0, 1000, 256) ** 2)
    band = rng.integers(0, 256, 4 * int(rng.integers(1, 300))).astype(np.uint8)
    count = int(rng.integers(0, 64))
    bits = int(rng.integers(0, 1 << count))
    packed = [
        k.pack(code.pairs, band, bits, count, images_kernels.pack_scratch(len(band)))
        for k in (images_kernels, compiled)
    ]
    np.testing.assert_array_equal(packed[0][0], packed[1][0])
    assert packed[0][1:] == packed[1][1:]


def paeth_by_the_book(rows: np.ndarray, step: int) -> np.ndarray:
    """The pseudocode of the PNG specification, a byte at a time, without its modulo."""
    residual = np.zeros_like(rows)
    for y, x in np.ndindex(rows.shape):
        a = int(rows[y, x - step]) if x >= step else 0
        b = int(rows[y - 1, x]) if y else 0
        c = int(rows[y - 1, x - step]) if y and x >= step else 0
        p = a + b - c
        nearest = min((abs(p - a), 0, a), (abs(p - b), 1, b), (abs(p - c), 2, c))[2]
        residual[y, x] = (int(rows[y, x]) - nearest) % 256
    return residual


@pytest.mark.parametrize("step", [1, 2, 3, 4])
def test_rows_are_filtered_as_the_specification_says(backend, step):
    rows = np.random.default_rng(step).integers(0, 256, (9, 12 * step)).astype(np.uint8)
    row_filter = png_rows.RowFilter(rows, step)
    for first, stop in ((0, 4), (4, 9)):
        filtered = row_filter.paeth(first, stop).reshape(stop - first, -1)
        assert (filtered[:, 0] == 4).all()
        np.testing.assert_array_equal(filtered[:, 1:], paeth_by_the_book(rows, step)[first:stop])


# ---- blocks that are nearly all zero ---------------------------------------------------------------------------------


@settings(max_examples=200, deadline=None)
@given(
    gaps=st.lists(st.one_of(st.integers(0, 6), st.integers(250, 270), st.integers(500, 800)), max_size=30),
    tail=st.integers(0, 600),
    seed=st.integers(0, 2**32 - 1),
)
def test_sparse_blocks_inflate_to_what_went_in(gaps, tail, seed):
    literals = np.random.default_rng(seed).integers(1, 256, len(gaps)).astype(np.uint8)
    block = np.zeros(sum(gaps) + len(gaps) + tail, np.uint8)
    block[np.cumsum(np.array(gaps, dtype=int) + 1) - 1] = literals
    inflate = zlib.decompressobj(-15)
    assert inflate.decompress(sparse(block).block() + b"\x03\x00") == block.tobytes()
    assert inflate.eof
    assert not inflate.unused_data
    for before in (b"", b"\xff" * 70_000):
        assert sparse(block).adler32(zlib.adler32(before)) == zlib.adler32(before + block.tobytes())


def sparse(block):
    return Sparse(np.flatnonzero(block), block[block != 0], len(block))


@pytest.mark.parametrize("stored", [">u2", "<u4"])
def test_the_changes_of_an_id_map_are_what_the_filter_makes_of_its_rows(stored):
    rng = np.random.default_rng(2)
    for height, width in ((1, 1), (1, 300), (37, 53), (64, 9)):
        ids = np.repeat(np.repeat(rng.integers(0, 0xFFFF, (height, -(-width // 7))), 7, axis=1)[:, :width], 1, axis=0)
        ids[height // 2 :] = ids[0]
        pixels = np.ascontiguousarray(ids, dtype=stored)
        dense = filter_up(pixels.view(np.uint8).reshape(height, -1))
        changes = up_of_ids(ids, stored)
        assert changes.length == len(dense)
        np.testing.assert_array_equal(changes.at, np.flatnonzero(dense))
        np.testing.assert_array_equal(changes.literals, dense[dense != 0])


def test_runs_of_every_length_are_coded():
    for length in [*range(1, 800), 5000]:
        block = np.zeros(length + 2, np.uint8)
        block[[0, -1]] = 7, 9
        assert zlib.decompressobj(-15).decompress(sparse(block).block() + b"\x03\x00") == block.tobytes()


def test_id_maps_take_no_more_than_1_5_times_pillow_level_6():
    rng = np.random.default_rng(0)
    ids = np.zeros((360, 640), np.uint32)
    y, x = np.mgrid[0:360, 0:640]
    for number in range(1, 31):
        ids[(x - rng.uniform(0, 640)) ** 2 + (y - rng.uniform(0, 360)) ** 2 < rng.uniform(10, 70) ** 2] = number
    assert len(png.encode_ids(ids)) <= 1.5 * pillow_size(ids.astype(np.uint16))


# ---- ids -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("top", [0, 1, 255, 256, 65_535])
def test_ids_up_to_65535_are_16_bit_grey(backend, top):
    ids = np.random.default_rng(0).integers(0, top, (37, 53), endpoint=True).astype(np.uint32)
    ids[3, 4] = top
    data = png.encode_ids(ids)
    assert png.header(data, "ids").mode == "L16"
    assert_holds(data, ids.astype(np.uint16))
    decoded = png.decode_ids(data, "ids", (53, 37))
    assert decoded.dtype == np.uint32
    np.testing.assert_array_equal(decoded, ids)


@pytest.mark.parametrize("top", [65_536, 2**24 + 7, 2**32 - 1])
@pytest.mark.parametrize("dtype", [np.uint32, np.int64, np.uint64])
def test_larger_ids_are_rgba_with_the_lowest_byte_first(backend, top, dtype):
    ids = np.repeat(np.random.default_rng(0).integers(0, top, (12, 9), endpoint=True), 7, axis=1).astype(dtype)
    ids[3, 4] = top
    data = png.encode_ids(ids)
    channels = by_opencv(data).astype(np.uint64)
    np.testing.assert_array_equal(channels @ np.array([1, 1 << 8, 1 << 16, 1 << 24], np.uint64), ids.astype(np.uint64))
    np.testing.assert_array_equal(png.decode_ids(data, "ids"), ids.astype(np.uint32))


def test_ids_outside_32_bits_are_named_with_their_pixel():
    for value in (-1, 2**32):
        ids = np.zeros((6, 8), np.int64)
        ids[2, 5] = value
        with pytest.raises(InputError, match=rf"id {value} at pixel x=5 y=2"):
            png.encode_ids(ids)
    with pytest.raises(OptionError, match="float32"):
        png.encode_ids(np.zeros((3, 4), np.float32))


def test_a_coloured_picture_is_no_id_map():
    with pytest.raises(InputError, match=r"seg\.png: an id map is a grey or RGBA PNG, not RGB"):
        png.decode_ids(png.encode(photo(5, 6)), "seg.png")


def test_ids_that_a_simulator_stores_as_rgba_are_read():
    ids = np.array([[0, 1, 70_000], [2**24, 5, 2**32 - 1]], np.uint32)
    file = io.BytesIO()
    Image.fromarray(ids.view(np.uint8).reshape(2, 3, 4)).save(file, "PNG")
    np.testing.assert_array_equal(png.decode_ids(file.getvalue(), "instance_segmentation_0000.png"), ids)


# ---- depth -----------------------------------------------------------------------------------------------------------


def test_depth_is_rounded_and_nothing_is_zero():
    depth = np.array([[10.0, 2.5019531, np.inf], [0.001, 0.0, 255.996]], np.float32)
    encoded = png.encode_depth(depth, scale=256)
    np.testing.assert_array_equal(by_opencv(encoded.data), np.array([[2560, 640, 0], [1, 1, 65_535]], np.uint16))
    assert (encoded.raised, encoded.too_far) == (2, 0)


def test_depth_beyond_the_range_becomes_nothing_and_is_counted():
    depth = np.array([[65.535, 65.5354, 65.536, 1e30, np.inf]], np.float32)
    encoded = png.encode_depth(depth, scale=1000)
    np.testing.assert_array_equal(by_pillow(encoded.data), np.array([[65_535, 65_535, 0, 0, 0]], np.uint16))
    assert (encoded.raised, encoded.too_far) == (0, 2)


def test_depth_is_rounded_as_exact_arithmetic_would():
    rng = np.random.default_rng(3)
    depth = rng.uniform(0.01, 60, (40, 30)).astype(np.float32)
    expected = [[round(float(z) * 1000) for z in row] for row in depth]
    np.testing.assert_array_equal(by_pillow(png.encode_depth(depth, 1000).data), np.array(expected, np.uint16))


def test_depth_comes_back_within_half_a_step():
    depth = np.random.default_rng(4).uniform(0.5, 200, (20, 31)).astype(np.float32)
    depth[3, 7] = np.inf
    back = png.decode_depth(png.encode_depth(depth, 256).data, "depth.png", 256, (31, 20))
    assert back[3, 7] == np.inf
    finite = np.isfinite(depth)
    assert np.abs(back[finite] - depth[finite]).max() <= 0.5 / 256 + 1e-5


@pytest.mark.parametrize("value", [np.nan, -0.5, -np.inf])
def test_depth_that_is_no_distance_is_named_with_its_pixel(value):
    depth = np.ones((6, 8), np.float32)
    depth[4, 3] = value
    with pytest.raises(InputError, match=rf"depth {value} at pixel x=3 y=4"):
        png.encode_depth(depth, 1000)


@pytest.mark.parametrize("scale", [0, -1, np.nan, np.inf])
def test_a_depth_scale_is_positive_and_finite(scale):
    with pytest.raises(OptionError, match="steps a metre"):
        png.encode_depth(np.ones((2, 3), np.float32), scale)


def test_8_bit_depth_is_refused():
    with pytest.raises(InputError, match="16-bit grey, this one is L"):
        png.decode_depth(png.encode(np.zeros((2, 3), np.uint8)), "depth.png", 256)


# ---- hostile files ---------------------------------------------------------------------------------------------------


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def test_every_truncation_is_an_error_that_names_the_file():
    data = png.encode(photo(20, 30))
    for length in [*range(0, 60), *range(60, len(data), 97), len(data) - 12, len(data) - 1]:
        with pytest.raises(InputError, match=r"cam/rgb_0001\.png"):
            png.decode(data[:length], "cam/rgb_0001.png")


def test_every_flipped_byte_is_an_error():
    data = png.encode(photo(12, 17))
    for at in range(0, len(data), 7):
        damaged = data[:at] + bytes([data[at] ^ 0x55]) + data[at + 1 :]
        with pytest.raises(InputError, match=r"a\.png"):
            png.decode(damaged, "a.png", (17, 12))


def test_a_bomb_is_refused_by_its_header():
    bomb = png.SIGNATURE + chunk(b"IHDR", struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0))
    bomb += chunk(b"IDAT", zlib.compress(bytes(1 << 20))) + chunk(b"IEND", b"")
    with pytest.raises(InputError, match="60000x60000 pixels, above the limit"):
        png.decode(bomb, "bomb.png")
    with pytest.raises(InputError, match="expected 640x480"):
        png.decode(bomb, "bomb.png", (640, 480))


def test_missing_pixels_behind_right_check_sums_are_an_error():
    head = png.SIGNATURE + chunk(b"IHDR", struct.pack(">IIBBBBB", 30, 20, 8, 2, 0, 0, 0))
    for body in (b"", zlib.compress(bytes(91 * 10)), zlib.compress(bytes(91 * 20))[:8], b"\x78\x01garbage"):
        with pytest.raises(InputError, match=r"short\.png"):
            png.decode(head + chunk(b"IDAT", body) + chunk(b"IEND", b""), "short.png")
    with pytest.raises(InputError, match="no IDAT"):
        png.decode(head + chunk(b"IEND", b""), "short.png")


def test_16_bit_colour_is_refused_rather_than_cut_to_8():
    file = cv2.imencode(".png", np.full((4, 5, 3), 40_000, np.uint16))[1].tobytes()
    with pytest.raises(InputError, match="RGB16"):
        png.decode(file, "hdr.png")


@pytest.mark.parametrize(
    ("mode", "expected"),
    [("RGBA", (3,)), ("RGB", (3,)), ("P", (3,)), ("L", ()), ("LA", ()), ("1", ()), ("I;16", ())],
)
def test_each_kind_of_png_becomes_the_stated_array(mode, expected):
    rng = np.random.default_rng(2)
    if mode == "I;16":
        image = Image.fromarray(rng.integers(0, 65_536, (7, 9)).astype(np.uint16))
    else:
        image = Image.fromarray(rng.integers(0, 256, (7, 9, 4)).astype(np.uint8)).convert(mode)
    file = io.BytesIO()
    image.save(file, "PNG")
    pixels = png.decode(file.getvalue(), "a.png", (9, 7))
    assert pixels.shape == (7, 9, *expected)
    assert pixels.dtype == (np.uint16 if mode == "I;16" else np.uint8)
    if mode in ("RGBA", "LA"):  # alpha is dropped: the colour is not darkened by it
        np.testing.assert_array_equal(pixels, np.array(image)[..., :-1].squeeze())
    assert pixels.flags.writeable


def test_an_interlaced_png_is_read():
    pixels = photo(21, 13)
    passes = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]
    raw = b"".join(b"\x00" + row.tobytes() for x, y, dx, dy in passes for row in pixels[y::dy, x::dx])
    head = png.SIGNATURE + chunk(b"IHDR", struct.pack(">IIBBBBB", 13, 21, 8, 2, 0, 0, 1))
    body = zlib.compress(raw)
    data = head + chunk(b"IDAT", body[:100]) + chunk(b"IDAT", body[100:]) + chunk(b"IEND", b"")
    np.testing.assert_array_equal(png.decode(data, "a.png", (13, 21)), pixels)
    with pytest.raises(InputError, match="holds more"):
        png.decode(head + chunk(b"IDAT", zlib.compress(raw + b"\x00")) + chunk(b"IEND", b""), "a.png")
