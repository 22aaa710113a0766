"""What runs the encoders: compiled loops or numpy's, and which library codes runs. Chosen here, once, for all of them.

Compiled and numpy kernels give the same bytes. The coder of runs ("isal" or "zlib") decides the bytes of a file, never
its content. FRAMEPRESS_BACKEND=numpy asks for the standard library and numpy alone.
"""

from __future__ import annotations

import importlib
import os
import zlib
from functools import cache
from typing import Any, Protocol, cast

from framepress.core.arrays import Array
from framepress.ops.backend import VARIABLE
from framepress.storage import images_kernels

__all__ = ["Kernels", "coder_module", "kernels", "runs_coder"]


class Kernels(Protocol):
    """The inner loops, described in `images_kernels`."""

    def subtract_paeth(self, here: Array, above: Array, pixel_bytes: int, out: Array, scratch: Array) -> None: ...

    def pack(self, pairs: Array, band: Array, bits: int, count: int, scratch: Array) -> tuple[Array, int, int]: ...


def kernels() -> Kernels:
    """The compiled twin where numba can be used, else numpy's."""
    return cast(Kernels, images_kernels) if os.environ.get(VARIABLE) == "numpy" else _compiled()


@cache
def _compiled() -> Kernels:
    try:
        return cast(Kernels, importlib.import_module("framepress.storage.images_kernels_numba"))
    except (ImportError, OSError):  # numba is absent or knows no such numpy (ImportError), or its LLVM cannot load
        return cast(Kernels, images_kernels)


def runs_coder() -> str:
    """The name of `coder_module`: "isal" or "zlib"."""
    return "zlib" if coder_module() is zlib else "isal"


def coder_module() -> Any:
    """`isal.isal_zlib` where it is installed, else `zlib`: compressobj, adler32 and crc32; both sum to the same."""
    return zlib if os.environ.get(VARIABLE) == "numpy" else _isal_or_zlib()


@cache
def _isal_or_zlib() -> Any:
    try:
        return importlib.import_module("isal.isal_zlib")
    except ImportError:
        return zlib
