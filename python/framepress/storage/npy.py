"""NumPy's .npy (NEP 1): any array, bit for bit; the header is written and read here.

Writing it ourselves gives the same bytes under every numpy; reading it ourselves means that nothing is unpickled and
that nothing is allocated before the stated shape agrees with the bytes that are there.
"""

from __future__ import annotations

import ast
import math
import re
from dataclasses import dataclass
from threading import Lock
from typing import Any

import numpy as np

from framepress.core.arrays import Array
from framepress.errors import InputError, OptionError
from framepress.storage.images_header import not_a

__all__ = ["MAGIC", "NpyHeader", "decode", "encode", "header", "pieces"]

MAGIC = b"\x93NUMPY"
_ALIGNMENT = 64  # of the first value, so that a memory map is aligned
_MAX_HEADER = 1 << 16
_SIDE = r"(?:0|[1-9][0-9]{0,17})"
_PLAIN = re.compile(
    r"\{'descr': '([^'\\]*)', 'fortran_order': (True|False), "
    rf"'shape': \((|{_SIDE},|{_SIDE}(?:, {_SIDE})+)\), ?\}}\s*"
)
_evaluating = Lock()


def encode(array: Array) -> bytes:
    """`pieces` in one."""
    return b"".join(pieces(array))


def pieces(array: Array) -> tuple[bytes, memoryview]:
    """The array in C order and little-endian, format version 1.0: the header, and the values as they lie.

    Raises:
        OptionError: an array of Python objects.
    """
    if array.dtype.hasobject:
        raise OptionError(f"an array of {array.dtype} cannot be stored exactly; give it a numeric or structured dtype")
    stored = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<")).reshape(array.shape)
    fields = {"descr": np.lib.format.dtype_to_descr(stored.dtype), "fortran_order": False, "shape": stored.shape}
    text = "{" + "".join(f"{key!r}: {value!r}, " for key, value in fields.items()) + "}"
    padding = -(len(MAGIC) + 4 + len(text) + 1) % _ALIGNMENT
    line = (text + " " * padding + "\n").encode("latin1")
    if len(line) > 0xFFFF:
        raise OptionError(f"the dtype {str(stored.dtype)[:60]}… does not fit an .npy header; split the table")
    values = stored.reshape(-1).view(np.uint8).data if stored.size else memoryview(b"")
    return b"".join([MAGIC, b"\x01\x00", len(line).to_bytes(2, "little"), line]), values


@dataclass(frozen=True)
class NpyHeader:
    dtype: np.dtype[np.generic]
    shape: tuple[int, ...]
    fortran_order: bool
    offset: int  # of the first value in the file


def header(data: bytes, where: str) -> NpyHeader:
    """dtype, shape and order, from the first bytes.

    Raises:
        InputError: these bytes do not begin an .npy file, or it holds Python objects.
    """
    start = {1: 10, 2: 12, 3: 12}.get(data[6] if len(data) > 12 and data.startswith(MAGIC) else 0)
    if start is None:
        raise not_a(".npy file", data, where)
    offset = start + int.from_bytes(data[8:start], "little")
    if offset - start > _MAX_HEADER or offset > len(data):
        raise InputError(f"{where}: the .npy header states {offset - start} bytes, the file has {len(data)}")
    text = data[start:offset].decode("utf8" if data[6] == 3 else "latin1", errors="replace")
    try:
        fields = _fields(text)
        dtype = np.lib.format.descr_to_dtype(fields["descr"])
        shape, fortran_order = fields["shape"], fields["fortran_order"]
    except (SyntaxError, ValueError, TypeError, KeyError, RecursionError, MemoryError) as error:
        raise InputError(f"{where}: the .npy header cannot be read ({text[:80]!r}: {error}); write it again") from error
    if dtype.hasobject:
        raise InputError(
            f"{where}: an array of Python objects ({dtype}) can run code when it is loaded and is refused; "
            "save it again with a numeric or structured dtype"
        )
    if not isinstance(shape, tuple) or not all(type(side) is int and side >= 0 for side in shape):
        raise InputError(f"{where}: the .npy header states the shape {shape!r}; write it again")
    return NpyHeader(dtype, shape, bool(fortran_order), offset)


def _fields(text: str) -> dict[str, Any]:
    """What a header says. Those that NumPy writes of plain dtypes are read without Python's parser.

    Before Python 3.11.8 two threads that parse at a time may both fail, with a SystemError (CPython issue 106905).
    """
    if found := _PLAIN.fullmatch(text):
        descr, order, shape = found.groups()
        sides = tuple(int(side) for side in shape.split(",") if side)
        return {"descr": descr, "fortran_order": order == "True", "shape": sides}
    with _evaluating:
        fields: dict[str, Any] = ast.literal_eval(text.strip())
    return fields


def decode(data: bytes, where: str, expect_size: tuple[int, int] | None = None) -> Array:
    """The array, read-only: its memory is `data` itself.

    Args:
        expect_size: (width, height) that the last but one and the first axis of an image must have.

    Raises:
        InputError: truncated or overlong, of another size, or an array of Python objects.
    """
    found = header(data, where)
    needed = found.offset + math.prod(found.shape) * found.dtype.itemsize
    if needed != len(data):
        raise InputError(
            f"{where}: the .npy header promises {found.dtype} {found.shape}, a file of {needed} bytes, "
            f"but there are {len(data)}; write or copy it again"
        )
    if expect_size is not None and found.shape[:2] != (expect_size[1], expect_size[0]):
        raise InputError(
            f"{where}: the array has the shape {found.shape}, expected {expect_size[1]} rows of {expect_size[0]}; "
            "it belongs to another camera, or the stated size is wrong"
        )
    values = np.frombuffer(data, dtype=found.dtype, offset=found.offset, count=math.prod(found.shape))
    return values.reshape(found.shape, order="F" if found.fortran_order else "C")
