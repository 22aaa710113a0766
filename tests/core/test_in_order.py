"""Work in threads: results in order, errors at their place, and never much ahead."""

from __future__ import annotations

import time
from collections.abc import Iterator

import numpy as np
import pytest

from framepress.core.in_order import in_order


def test_results_come_in_the_order_of_the_work() -> None:
    waits = np.random.default_rng(0).uniform(0, 0.004, 60).tolist()

    def work(number: int) -> int:
        time.sleep(waits[number])
        return number

    for workers in (1, 3, 16):
        assert list(in_order(work, range(60), workers)) == list(range(60))


def test_an_error_comes_at_its_place_and_what_was_not_begun_is_not_done() -> None:
    done = []

    def work(number: int) -> int:
        if number == 5:
            raise ValueError("five")
        time.sleep(0.002)
        done.append(number)
        return number

    found = []
    with pytest.raises(ValueError, match="five"):
        found.extend(in_order(work, range(1000), 2))
    assert len(done) < 20
    results = in_order(work, range(1000), 2)
    assert [next(results) for _ in range(5)] == [0, 1, 2, 3, 4]
    with pytest.raises(ValueError, match="five"):
        next(results)


def test_no_more_is_drawn_than_a_few_a_thread() -> None:
    drawn = 0

    def items() -> Iterator[int]:
        nonlocal drawn
        for number in range(1000):
            drawn = number
            yield number

    results = in_order(lambda number: number, items(), 2)
    for number in range(50):
        assert next(results) == number
        assert drawn <= number + 6
    results.close()
