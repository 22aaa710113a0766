"""Which twin of the pixel kernels runs, chosen in one place.

`kernels_numpy` is the reference. `kernels_numba` gives the same bytes faster and is taken where numba (extra "fast")
can be imported; it is loaded on first use, never by `import framepress`. FRAMEPRESS_BACKEND=numpy|numba forces one.
"""

from __future__ import annotations

import importlib
import os
import threading
from typing import Any, NamedTuple, Protocol, cast

import numpy as np

from framepress.core.arrays import Array
from framepress.errors import OptionError
from framepress.ops.rings import Rings

__all__ = ["Empty", "Kernels", "Pressed", "active", "kernels", "numba_missing"]

VARIABLE = "FRAMEPRESS_BACKEND"


class Pressed(NamedTuple):
    """What one pass over an id map gives, a row an instance, by ascending id."""

    ids: Array
    """(N,) uint32."""
    box: Array
    """(N, 4) int32 half-open x0 y0 x1 y1."""
    area: Array
    """(N,) int64 pixels."""
    text: bytes
    """COCO run-length texts, one after the other."""
    text_start: Array
    """(N + 1,) int64 offsets into `text`."""
    rings: Rings | None
    """None unless asked for."""


class Empty(Protocol):
    """Where results go: `np.empty`, or a pool's twin of it."""

    def __call__(self, shape: tuple[int, ...], dtype: np.dtype[Any], /) -> Array: ...


class Kernels(Protocol):
    """What a twin must supply."""

    def press(self, id_map: Array, listed: Array, only_listed: bool, rings: bool) -> Pressed:
        """All instances of `id_map`, (H, W) C-contiguous uint8, uint16 or uint32 with at least one pixel.

        `listed` is ascending unique uint32: the only ids that count, or the ones that do not.
        """

    def rings_of_cracks(self, row: Array, y: Array, x: Array, below: Array, rows: int) -> Rings:
        """Rings from the horizontal cracks of `rows` masks.

        The crack (y, x) is the pixel side from corner (x, y) to (x + 1, y) with the mask on one side only, below it or
        above it. `row`, `y`, `x` are C-contiguous int64, `below` bool, sorted by (row, y, x).
        """

    def without_fourth(self, pixels: Array, empty: Empty) -> Array:
        """(H, W, 3), C-contiguous, of (H, W, 4) of any dtype."""


def kernels() -> Kernels:
    """The twin to use now.

    Raises:
        OptionError: FRAMEPRESS_BACKEND names no twin, or forces one that cannot be loaded.
    """
    return _twins[active()]


def active() -> str:
    """Which twin `kernels` hands out now, "numpy" or "numba"; raises as it does. Loads numba where it may be used."""
    wanted = os.environ.get(VARIABLE) or "numpy or numba"
    if wanted not in ("numpy", "numba", "numpy or numba"):
        raise OptionError(f"{VARIABLE}={wanted!r} names no backend: use numpy or numba, or unset it")
    name = "numpy" if wanted == "numpy" or numba_missing() else "numba"
    if wanted == "numba" and name != wanted:
        raise OptionError(
            f"{VARIABLE}=numba, but numba cannot be used here ({numba_missing()}): "
            f"pip install 'framepress[fast]', or unset {VARIABLE}"
        )
    if name not in _twins:
        _load(name)
    return name


def numba_missing() -> str:
    """Why the numba twin cannot be used here; empty if it can."""
    if "numba" not in _twins and "numba" not in _missing:
        _load("numba")
    return _missing.get("numba", "")


_lock = threading.Lock()
_twins: dict[str, Kernels] = {}
_missing: dict[str, str] = {}


def _load(name: str) -> None:
    with _lock:  # frames are pressed in parallel: one thread imports and compiles, the others wait
        if name in _twins or name in _missing:
            return
        try:
            _twins[name] = cast(Kernels, importlib.import_module(f"framepress.ops.kernels_{name}"))
        except (ImportError, OSError) as error:
            # numba raises ImportError for a numpy that it does not know, OSError where its LLVM library cannot be read.
            if name == "numpy":
                raise
            _missing[name] = str(error)
