"""Buffers are used again, and never while anything still looks at them."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from framepress.capture.buffers import Buffers


def address(array: np.ndarray) -> int:
    return int(array.__array_interface__["data"][0])


def test_a_buffer_is_used_again_once_it_is_let_go() -> None:
    buffers = Buffers(least_bytes=0)
    first = buffers.copy(np.arange(1000, dtype=np.float32))
    place = address(first)
    del first
    assert address(buffers.copy(np.arange(500, dtype=np.float64))) == place


@pytest.mark.parametrize("look", [lambda array: array[2:, :3], lambda array: array.view(np.uint8), memoryview])
def test_a_buffer_that_a_view_still_shows_is_left_alone(look: object) -> None:
    buffers = Buffers(least_bytes=0)
    view = look(buffers.copy(np.full((5, 7), 3, np.uint32)))  # type: ignore[operator]
    before = bytes(np.ascontiguousarray(view))
    others = [buffers.copy(np.full((5, 7), 9, np.uint32)) for _ in range(4)]
    assert len({address(other) for other in others}) == 4
    assert bytes(np.ascontiguousarray(view)) == before


@pytest.mark.parametrize("array", [np.arange(24).reshape(2, 3, 4).T, np.zeros((0, 4)), np.arange(9)[::-2]])
@pytest.mark.parametrize("least_bytes", [0, 1 << 20], ids=["pooled", "small"])
def test_a_copy_is_equal_whatever_the_strides(array: np.ndarray, least_bytes: int) -> None:
    copy = Buffers(least_bytes=least_bytes).copy(array)
    np.testing.assert_array_equal(copy, array)
    assert copy.dtype == array.dtype
    assert copy.flags.c_contiguous


def test_rows_of_another_size_in_each_frame_do_not_fill_the_pool() -> None:
    buffers = Buffers()
    row = np.dtype([("semanticId", np.uint32), ("occlusionRatio", np.float32)])
    kept = [buffers.copy(np.full(count, count).astype(row)) for count in range(1, 200)]
    assert not buffers._buffers
    assert [rows["semanticId"].tolist() for rows in kept] == [[count] * count for count in range(1, 200)]


def test_idle_memory_is_bounded() -> None:
    buffers = Buffers(idle_bytes=3000, least_bytes=0)
    held = [buffers.copy(np.zeros(1000, np.uint8)) for _ in range(20)]
    del held
    buffers.copy(np.zeros(7, np.uint8))
    assert sum(buffer.nbytes for buffer in buffers._buffers) <= 3007


def test_threads_that_let_go_in_any_order_never_share_a_buffer() -> None:
    buffers, wrong = Buffers(least_bytes=0), []

    def work(number: int) -> None:
        rng = np.random.default_rng(number)
        held: list[tuple[np.ndarray, int]] = []
        for step in range(300):
            value = number * 1000 + step
            held.append((buffers.copy(np.full(64, value)), value))
            if len(held) > 5:
                array, expected = held.pop(int(rng.integers(len(held))))
                wrong.extend([expected] if not (array == expected).all() else [])

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
