"""Encoding one 1280 x 720 frame's images: ours beside Pillow, OpenCV and np.save, on the same frames in one run.

    python bench/images.py [--frames N] [--seconds S]

CPU milliseconds, sizes in kB, and both as ratios to the first row of each table. "numpy" is what Kit has (numpy, Pillow
and the standard library); "fast" is with numba and isal, where they are installed.
"""

from __future__ import annotations

import argparse
import io
import os
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from typing import Any

import numpy as np
from PIL import Image
from workload import cpu_ms, depth, id_map, picture, table

from framepress.storage import jpeg, npy, png, tiff

Encode = Callable[[np.ndarray], bytes]


def ours(encode: Encode, backend: str) -> Encode:
    def encoded(array: np.ndarray) -> bytes:
        os.environ["FRAMEPRESS_BACKEND"] = backend
        return encode(array)

    return encoded


def with_backends(name: str, encode: Encode) -> list[tuple[str, Encode]]:
    rows = [(f"framepress {name}, numpy", ours(encode, "numpy"))]
    if find_spec("numba") and find_spec("isal"):
        rows.append((f"framepress {name}, fast", ours(encode, "")))
    return rows


def by_pillow(**options: Any) -> Encode:
    def encode(array: np.ndarray) -> bytes:
        file = io.BytesIO()
        Image.fromarray(array).save(file, **options)
        return file.getvalue()

    return encode


def by_opencv(extension: str, *options: int) -> list[tuple[str, Encode]]:
    """What OpenCV's own default or level 1 gives; it takes BGR, and swapping the channels is part of the work."""
    if find_spec("cv2") is None:
        return []
    import cv2

    level = f" level {options[1]}" if options else ""
    return [
        (f"OpenCV {extension[1:]}{level}", lambda array: cv2.imencode(extension, swapped(array), options)[1].tobytes())
    ]


def swapped(array: np.ndarray) -> np.ndarray:
    return array[:, :, ::-1] if array.ndim == 3 else array


def by_numpy(array: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def as_uint16(encode: Encode) -> Encode:
    return lambda ids: encode(ids.astype(np.uint16))


def millimetres(encode: Encode) -> Encode:
    return lambda metres: encode(np.where(np.isfinite(metres), np.rint(metres * 1000), 0).astype(np.uint16))


def measured(title: str, methods: Sequence[tuple[str, Encode]], inputs: list[np.ndarray], seconds: float) -> str:
    rows, first = [], None
    for name, encode in methods:
        size = sum(len(encode(array)) for array in inputs) / len(inputs)
        ms = cpu_ms(encode, inputs, seconds)
        first = first or (ms, size)
        rows.append((name, f"{ms:.2f}", f"{first[0] / ms:.1f}x", f"{size / 1e3:.0f}", f"{size / first[1]:.2f}"))
    return table(title, ("", "CPU ms", "faster", "kB", "size"), rows)


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--frames", type=int, default=4)
    parser.add_argument("--seconds", type=float, default=1.0, help="CPU time a row")
    options = parser.parse_args(argv)

    ids = [id_map(30, 30_000 + number) for number in range(options.frames)]
    pictures = [picture(one, number) for number, one in enumerate(ids)]
    depths = [depth(one, number) for number, one in enumerate(ids)]
    level_1 = by_opencv(".png", 16, 1)  # 16: IMWRITE_PNG_COMPRESSION
    tables = {
        "RGB, lossless": (
            pictures,
            [
                ("Pillow PNG level 6", by_pillow(format="PNG", compress_level=6)),
                ("Pillow PNG level 1", by_pillow(format="PNG", compress_level=1)),
                *by_opencv(".png"),
                *level_1,
                ("np.save", by_numpy),
                *with_backends("png", png.encode),
            ],
        ),
        "RGB, with loss (quality 95)": (
            pictures,
            [
                ("Pillow JPEG 4:2:0", by_pillow(format="JPEG", quality=95, subsampling="4:2:0")),
                ("framepress jpeg 4:4:4", jpeg.encode),
            ],
        ),
        "ids, 30 instances": (
            ids,
            [
                ("Pillow PNG level 6, 16 bits", as_uint16(by_pillow(format="PNG", compress_level=6))),
                ("Pillow PNG level 1, 16 bits", as_uint16(by_pillow(format="PNG", compress_level=1))),
                *[(f"{name}, 16 bits", as_uint16(encode)) for name, encode in level_1],
                ("np.save, 32 bits", by_numpy),
                *with_backends("ids", png.encode_ids),
                *with_backends("ids above 65535", lambda one: png.encode_ids(one * np.uint32(70_001))),
            ],
        ),
        "depth, every bit": (
            depths,
            [
                ("np.save", by_numpy),
                ("Pillow TIFF deflate", by_pillow(format="TIFF", compression="tiff_adobe_deflate")),
                ("framepress npy", npy.encode),
                *with_backends("tiff", tiff.encode),
            ],
        ),
        "depth, 16-bit millimetres": (
            depths,
            [
                ("Pillow PNG level 6", millimetres(by_pillow(format="PNG", compress_level=6))),
                *[(name, millimetres(encode)) for name, encode in level_1],
                *with_backends("depth png", lambda metres: png.encode_depth(metres, 1000).data),
            ],
        ),
    }
    for title, (inputs, methods) in tables.items():
        print(measured(title, methods, inputs, options.seconds))


if __name__ == "__main__":
    main()
