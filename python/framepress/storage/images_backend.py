"""What runs the encoders: compiled loops or numpy's, and which library codes runs. Chosen here, once, for all of them.

Compiled and numpy kernels give the same bytes. The coder of runs ("isal" or "zlib") decides the bytes of a file, never
its content. FRAMEPRESS_BACKEND=numpy asks for the standard library and numpy alone.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
from functools import cache
from typing import Protocol, cast

from framepress.core.arrays import Array
from framepress.ops import backend

__all__ = ["Kernels", "kernels", "runs_coder"]


class Kernels(Protocol):
    """The inner loops, described in `images_kernels`."""

    def subtract_paeth(self, here: Array, above: Array, pixel_bytes: int, out: Array, scratch: Array) -> None: ...

    def pack(self, pairs: Array, band: Array, bits: int, count: int, scratch: Array) -> tuple[Array, int, int]: ...


def kernels() -> Kernels:
    """The compiled twin where numba is installed, else numpy's.

    Raises:
        OptionError: FRAMEPRESS_BACKEND asks for what cannot be had.
    """
    suffix = "_numba" if backend.active() == "numba" else ""
    return cast(Kernels, importlib.import_module(f"framepress.storage.images_kernels{suffix}"))


def runs_coder() -> str:
    """ "isal" where it is installed, else "zlib"."""
    return "isal" if os.environ.get(backend.VARIABLE) != "numpy" and _isal_installed() else "zlib"


@cache
def _isal_installed() -> bool:
    try:
        return importlib.util.find_spec("isal") is not None
    except ValueError:  # a module that was put in place of it, without a spec
        return False
