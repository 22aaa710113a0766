"""OrderedPool: everything given is settled, in order, whatever is slow, fails, or fails while a failure is told."""

from __future__ import annotations

import gc
import random
import sys
import threading
import time
import weakref
from collections.abc import Iterator

import numpy as np
import pytest

from framepress.dataset.pool import OrderedPool


@pytest.fixture
def _hasty() -> Iterator[None]:
    """Threads change places as often as they can."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def pool_of(work, commit=lambda result: None, accept=lambda key, error: True, workers=4, limit=100):
    return OrderedPool(work, commit, lambda result: None, accept, workers=workers, limit_bytes=limit)


def closed(pool: OrderedPool) -> bool:
    """Whether closing comes to its end; in a thread, so that a pool that hangs fails its test and no more."""
    closing = threading.Thread(target=pool.close, daemon=True)
    closing.start()
    closing.join(10)
    return not closing.is_alive()


@pytest.mark.usefixtures("_hasty")
@pytest.mark.parametrize("seed", range(20))
def test_nothing_is_left_unsettled_and_nothing_overtakes(seed: int) -> None:
    rng = random.Random(seed)
    slow = {number: rng.uniform(0, 0.002) for number in rng.sample(range(400), 40)}
    bad = set(rng.sample(range(400), 30))
    refused: list[str] = []
    committed: list[int] = []

    def work(number: int) -> int:
        time.sleep(slow.get(number, 0))
        if number in bad:
            raise ValueError(number)
        return number

    pool = pool_of(work, committed.append, lambda key, error: not refused.append(key), rng.randint(1, 8), 5)
    for number in range(400):
        pool.put(str(number), number, rng.randint(0, 3))
    assert closed(pool)
    assert committed == [number for number in range(400) if number not in bad]
    assert refused == [str(number) for number in sorted(bad)]


@pytest.mark.parametrize("where", ["work", "commit"])
def test_an_error_while_a_failure_is_told_ends_the_pool_and_tells_both(where: str) -> None:
    def fail(number: int) -> int:
        raise ValueError("the frame's")

    def accept(key: str, error: BaseException) -> bool:
        raise RuntimeError("the ledger's")

    pool = pool_of(fail, accept=accept) if where == "work" else pool_of(lambda n: n, fail, accept)
    for number in range(5):
        pool.put(str(number), number, 1)
    assert closed(pool)
    assert pool.failure is not None
    key, error = pool.failure
    assert (key, str(error), str(error.__cause__)) == ("0", "the ledger's", "the frame's")


@pytest.mark.parametrize("outcome", ["good", "fails", "fails behind another error"])
def test_an_idle_worker_holds_no_pixels(outcome: str) -> None:
    def work(pixels: np.ndarray) -> int:
        copied = pixels.copy()
        seen.append(weakref.ref(copied))
        if outcome == "good":
            return 1
        try:
            return {}[int(copied.sum())]
        except KeyError as error:
            if outcome == "fails":
                raise
            raise ValueError("no such sum") from error

    seen: list[weakref.ref] = []
    kept: list[BaseException] = []
    pool = pool_of(work, accept=lambda key, error: not kept.append(error), workers=1)
    pixels = np.ones((5, 7))
    seen.append(weakref.ref(pixels))
    pool.put("a", pixels, 1)
    del pixels
    pool.drain()
    gc.collect()
    assert [there() is None for there in seen] == [True, True]
    assert len(kept) == (outcome != "good")
    assert closed(pool)
