""".npy: numpy reads what we write, we read what numpy writes, and headers that lie are refused first."""

from __future__ import annotations

import gc
import io
import threading
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis.extra import numpy as hnp

from framepress.errors import InputError, OptionError
from framepress.storage import npy

BOXES = np.dtype([("semanticId", "<u4"), ("x_min", "<i4"), ("occlusionRatio", "<f4"), ("transform", "<f4", (4, 4))])


def saved(array: np.ndarray, **options) -> bytes:
    file = io.BytesIO()
    np.save(file, array, **options)
    return file.getvalue()


def with_header(text: str, body: bytes = b"", version: bytes = b"\x01\x00") -> bytes:
    line = (text + "\n").encode()
    return b"\x93NUMPY" + version + len(line).to_bytes(2, "little") + line + body


ARRAYS = [
    np.arange(12, dtype=np.float32).reshape(3, 4),
    np.full((2, 3), np.inf, np.float32),
    np.zeros((0, 3), np.float32),
    np.array(7, np.int64),
    np.arange(24, dtype=np.uint8).reshape(2, 3, 4)[:, ::-1],
    np.arange(12, dtype=np.float64).reshape(3, 4).T,
    np.zeros(5, BOXES),
    np.array(["a", "bc"]),
    np.array([True, False]),
]


@pytest.mark.parametrize("array", ARRAYS, ids=lambda array: f"{array.dtype.str}{array.shape}")
def test_numpy_reads_what_is_written_and_the_other_way_round(array):
    data = npy.encode(array)
    loaded = np.load(io.BytesIO(data), allow_pickle=False)
    assert (loaded.dtype, loaded.shape) == (array.dtype, array.shape)
    np.testing.assert_array_equal(loaded, array)
    for file in (data, saved(array), saved(np.array(array, order="F"))):
        back = npy.decode(file, "a.npy")
        assert (back.dtype, back.shape) == (array.dtype, array.shape)
        np.testing.assert_array_equal(back, array)


def test_big_endian_arrays_are_stored_little_endian():
    array = np.arange(6, dtype=">f4").reshape(2, 3)
    loaded = np.load(io.BytesIO(npy.encode(array)))
    assert loaded.dtype == np.dtype("<f4")
    np.testing.assert_array_equal(loaded, array)


@settings(max_examples=100, deadline=None)
@given(hnp.arrays(hnp.floating_dtypes(sizes=(32, 64), endianness="<"), hnp.array_shapes(min_side=0, max_side=9)))
def test_every_float_survives_bit_for_bit(array):
    data = npy.encode(array)
    assert npy.decode(data, "a.npy").tobytes() == array.tobytes()
    assert np.load(io.BytesIO(data)).tobytes() == array.tobytes()


def test_values_start_at_a_multiple_of_64_so_that_a_memory_map_is_aligned():
    for array in ARRAYS:
        assert npy.header(npy.encode(array), "a.npy").offset % 64 == 0


def test_python_objects_are_neither_written_nor_read():
    objects = np.array([{"a": 1}, None], dtype=object)
    with pytest.raises(OptionError, match="object"):
        npy.encode(objects)
    with pytest.raises(InputError, match=r"boxes\.npy: an array of Python objects"):
        npy.decode(saved(objects, allow_pickle=True), "boxes.npy")


@pytest.mark.parametrize("shape", ["(1 << 40, 4)", "(4, 4)", "(3, 5)", "(99999999999999999999, 4)", "(0, 4)", "()"])
def test_a_header_that_promises_another_size_than_the_file_has_is_refused_with_both(shape):
    text = f"{{'descr': '<f4', 'fortran_order': False, 'shape': {shape.replace('1 << 40', str(1 << 40))}}}"
    with pytest.raises(InputError, match=r"lie\.npy: the \.npy header promises float32 .* but there are \d+"):
        npy.decode(with_header(text, bytes(48)), "lie.npy")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "{'descr': '<f4'}",
        "{'descr': 'nonsense', 'fortran_order': False, 'shape': (3,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (-3,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (True,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': 12}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (__import__('os').getpid(),)}",
        "(" * 3000,
    ],
)
def test_a_header_that_is_not_one_is_refused(text):
    with pytest.raises(InputError, match=r"bad\.npy"):
        npy.decode(with_header(text, bytes(12)), "bad.npy")


def test_every_truncation_is_an_error_that_names_the_file():
    data = npy.encode(np.arange(40, dtype=np.float32))
    for length in range(len(data)):
        with pytest.raises(InputError, match=r"depth\.npy"):
            npy.decode(data[:length], "depth.npy")
    with pytest.raises(InputError, match=r"depth\.npy"):
        npy.decode(data + b"\x00", "depth.npy")


def test_an_image_of_another_size_is_refused():
    data = npy.encode(np.zeros((20, 30, 3), np.float32))
    assert npy.decode(data, "normals.npy", (30, 20)).shape == (20, 30, 3)
    with pytest.raises(
        InputError, match=r"normals\.npy: the array has the shape \(20, 30, 3\), expected 30 rows of 20"
    ):
        npy.decode(data, "normals.npy", (20, 30))


@pytest.mark.parametrize("dtype", ["<f4", [("id", "<i4"), ("box", "<f4", (4,))]], ids=["plain", "structured"])
def test_many_threads_may_read_headers_at_once(dtype: object) -> None:
    """Python's own parser fails where threads take turns while it works, as they do when garbage is collected."""
    data, failed = npy.encode(np.zeros((3, 4), dtype)), []

    def read() -> None:
        try:
            for _ in range(100):
                assert npy.header(data, "a.npy").shape == (3, 4)
        except SystemError as error:
            failed.append(error)

    def give_way(*_: object) -> None:
        time.sleep(0)

    before = gc.get_threshold()
    threads = [threading.Thread(target=read) for _ in range(8)]
    gc.callbacks.append(give_way)
    gc.set_threshold(5)
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        gc.set_threshold(*before)
        gc.callbacks.remove(give_way)
    assert failed == []
