"""A mask as COCO run-length text: the one form in which masks travel between frame, journal and formats.

Runs go down columns (Fortran order), the first run counts zeros and may be 0. The text is COCO's "compressed RLE":
5-bit groups, low first, deltas to the run two before from the fourth run on (pycocotools `maskApi.c`).
Kernels that make, check, read and measure it are in `framepress.ops`.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Rle"]


@dataclass(frozen=True, slots=True)
class Rle:
    """`counts` covers exactly height x width pixels; one from outside is checked first (`ops.rle.checked`)."""

    height: int
    width: int
    counts: str
