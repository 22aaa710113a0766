from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from id_maps import EDGE_CASES, random_maps

import framepress
from framepress.errors import OptionError
from framepress.ops import backend
from framepress.ops.masks import MaskTable, mask_table

COLUMNS = ("ids", "box", "area")
RING_COLUMNS = ("xy", "start", "hole", "row_start")


def python(code: str, **environment: str) -> str:
    """What a fresh interpreter prints."""
    source = str(Path(framepress.__file__).parents[1])
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", textwrap.dedent(code)],
        env={**os.environ, "PYTHONPATH": source, **environment},
        check=True,
        capture_output=True,
        text=True,
    ).stdout.strip()


def with_twin(name: str, id_map: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> MaskTable:
    monkeypatch.setenv("FRAMEPRESS_BACKEND", name)
    return mask_table(id_map, rings=True)


def assert_same_bytes(ours: MaskTable, theirs: MaskTable) -> None:
    assert ours.counts == theirs.counts
    pairs = [(getattr(ours, name), getattr(theirs, name)) for name in COLUMNS]
    pairs += [(getattr(ours.rings, name), getattr(theirs.rings, name)) for name in RING_COLUMNS]
    for mine, other in pairs:
        assert mine.dtype == other.dtype
        assert mine.shape == other.shape
        assert mine.tobytes() == other.tobytes()


def test_the_compiled_twin_gives_the_bytes_of_the_reference(monkeypatch):
    pytest.importorskip("numba", reason="needs the extra 'fast'")
    for id_map in (*random_maps(600, seed=7), *EDGE_CASES.values()):
        assert_same_bytes(with_twin("numba", id_map, monkeypatch), with_twin("numpy", id_map, monkeypatch))


def test_importing_loads_no_numba():
    code = """
        import sys
        import framepress, framepress.ops
        from framepress.ops import backend, masks, polygons, rle
        print("numba" in sys.modules)
    """
    assert python(code) == "False"


def test_numpy_can_be_forced_and_then_numba_is_never_loaded():
    code = """
        import sys, numpy
        from framepress.ops import backend, masks
        masks.mask_table(numpy.eye(3, dtype=int))
        print(backend.active(), "numba" in sys.modules)
    """
    assert python(code, FRAMEPRESS_BACKEND="numpy") == "numpy False"


def test_without_a_usable_numba_the_reference_runs_and_the_reason_is_told():
    code = """
        import sys
        sys.modules["numba"] = None
        from framepress.ops import backend
        print(backend.active(), "|", backend.numba_missing())
    """
    name, reason = python(code, FRAMEPRESS_BACKEND="").split(" | ")
    assert name == "numpy"
    assert "numba" in reason


def test_forcing_numba_where_it_is_missing_says_what_to_install():
    code = """
        import sys
        sys.modules["numba"] = None
        from framepress.errors import OptionError
        from framepress.ops import backend
        try:
            backend.active()
        except OptionError as error:
            print(error)
    """
    assert "pip install 'framepress[fast]'" in python(code, FRAMEPRESS_BACKEND="numba")


def test_an_unknown_backend_is_refused_by_name(monkeypatch):
    monkeypatch.setenv("FRAMEPRESS_BACKEND", "cuda")
    with pytest.raises(OptionError, match="cuda"):
        backend.active()


def test_numba_compiles_without_a_folder_to_cache_in(monkeypatch):
    numba = pytest.importorskip("numba", reason="needs the extra 'fast'")
    from numba.core import caching

    from framepress.ops import kernels_numba

    def twice(value):
        return 2 * value

    # What numba finds where neither the package's folder nor the user's can be written.
    monkeypatch.setattr(caching.CacheImpl, "_locator_classes", [])
    with pytest.raises(RuntimeError, match="cannot cache"):
        numba.njit("int64(int64)", cache=True)(twice)
    assert kernels_numba._compiled(numba.int64, numba.int64)(twice)(21) == 42


def test_threads_that_start_at_once_share_one_twin():
    code = """
        import threading, numpy
        from concurrent.futures import ThreadPoolExecutor
        from framepress.ops import masks
        gate = threading.Barrier(4)
        def press(value):
            gate.wait()
            return masks.mask_table(numpy.full((3, 2), value)).ids.tolist()
        with ThreadPoolExecutor(4) as pool:
            print(list(pool.map(press, [1, 2, 3, 4])))
    """
    assert python(code) == "[[1], [2], [3], [4]]"


def test_many_threads_give_what_one_gives(twin):
    id_maps = list(random_maps(60, seed=11))
    alone = [mask_table(id_map, rings=True) for id_map in id_maps]
    with ThreadPoolExecutor(8) as pool:
        for one, other in zip(pool.map(lambda id_map: mask_table(id_map, rings=True), id_maps), alone, strict=True):
            assert_same_bytes(one, other)
