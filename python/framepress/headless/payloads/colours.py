"""Colours of ids: a function of the text that they stand for, the same in every frame, run and process."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from functools import lru_cache

import numpy as np

from framepress.core.arrays import Array

__all__ = ["BACKGROUND", "UNLABELLED", "Colour", "colours", "packed"]

Colour = tuple[int, int, int, int]

BACKGROUND: Colour = (0, 0, 0, 0)
UNLABELLED: Colour = (0, 0, 0, 255)


def colours(texts: Sequence[str], salt: str = "", taken: Iterable[Colour] = ()) -> list[Colour]:
    """A colour (r, g, b, 255) a text: the first three bytes of the BLAKE2b digest of "<salt>/<attempt>/<text>".

    The attempt is 0, or the first one whose colour is free: no two different texts have the same, nor is one
    UNLABELLED's. Where two meet, the text that is first in the alphabet keeps it.
    """
    used = {BACKGROUND, UNLABELLED, *taken}
    found: dict[str, Colour] = {}
    for text in sorted(set(texts)):
        attempt = 0
        while (colour := _drawn(text, salt, attempt)) in used:
            attempt += 1
        used.add(colour)
        found[text] = colour
    return [found[text] for text in texts]


def packed(parts: Sequence[Colour]) -> Array:
    """uint32 (N,) whose bytes in memory are r, g, b, a."""
    return np.array(parts, np.uint8).reshape(-1, 4).view(np.uint32).reshape(-1)


@lru_cache(maxsize=1 << 14)
def _drawn(text: str, salt: str, attempt: int) -> Colour:
    red, green, blue = hashlib.blake2b(f"{salt}/{attempt}/{text}".encode(), digest_size=3).digest()
    return red, green, blue, 255
