"""`rep.functional.write_*`: one array or document to one file, through a backend or at a path.

`backend_instance` is what `Backend.schedule` fills in; without one the path must be absolute.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

from framepress.core.arrays import Array
from framepress.errors import OptionError
from framepress.headless.rep.backend import BaseBackend
from framepress.storage import jpeg, npy, png

__all__ = ["write_exr", "write_image", "write_json", "write_np"]


def write_image(path: str, data: Any, backend_instance: BaseBackend | None = None, quality: int = 95) -> None:
    """A picture, encoded as the path's extension says.

    Args:
        path: .png, or .jpg or .jpeg (which drops alpha).
        data: uint8 (H, W, 4), (H, W, 3) or (H, W), uint16 (H, W), or uint32 (H, W), whose bytes are RGBA; or what
            turns into such an array.
        quality: of a JPEG, 1 to 100.

    Raises:
        OptionError: another extension, dtype or shape.
    """
    pixels = _array(data)
    if pixels.ndim == 3 and pixels.shape[2] == 1:
        pixels = pixels[:, :, 0]
    if pixels.dtype == np.uint32 and pixels.ndim == 2:
        pixels = np.ascontiguousarray(pixels, dtype="<u4").view(np.uint8).reshape(*pixels.shape, 4)
    extension = Path(path).suffix.lower()
    if extension == ".png":
        encoded = png.encode(pixels)
    elif extension in (".jpg", ".jpeg"):
        encoded = jpeg.encode(pixels[:, :, :3] if pixels.ndim == 3 else pixels, quality=quality)
    else:
        raise OptionError(f"write_image: {path}: pictures are written as .png, .jpg or .jpeg; numbers with write_np")
    _store(path, encoded, backend_instance)


def write_json(
    path: str,
    data: Any,
    backend_instance: BaseBackend | None = None,
    encoding: str = "utf-8",
    errors: str = "strict",
    **options: Any,
) -> None:
    """A JSON document; `options` are `json.dumps`'s (`indent`, `sort_keys`, ...)."""
    _store(path, json.dumps(data, **options).encode(encoding, errors), backend_instance)


def write_np(path: str, data: Any, backend_instance: BaseBackend | None = None) -> None:
    """An array as .npy.

    Raises:
        OptionError: an array of Python objects.
    """
    _store(path, npy.encode(_array(data)), backend_instance)


def write_exr(path: str, data: Any, backend_instance: BaseBackend | None = None, **_: Any) -> NoReturn:
    """Raises: OptionError: always."""
    raise OptionError(f"write_exr: {path}: the stand-in writes no OpenEXR; use write_np, which keeps every bit")


def _array(values: Any) -> Array:
    """An array on the CPU; those of Warp and PyTorch know the way."""
    return np.asarray(values.numpy() if hasattr(values, "numpy") else values)


def _store(path: str, content: bytes, backend: BaseBackend | None) -> None:
    if backend is not None:
        backend.write_blob(path, content)
        return
    if not Path(path).is_absolute():
        raise OptionError(f"{path}: without a backend the path must be absolute; schedule the call on one, or give it")
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_bytes(content)
