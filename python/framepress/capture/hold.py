"""A payload in memory of its own: what a host's thread does before it goes on to the next frame, and no more.

Replicator uses its buffers again at the next step. Once a payload is held, the rest of the work (rows to objects, ids
to masks, pixels to files) can be done in another thread, at its own pace.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from framepress.capture.buffers import Buffers
from framepress.capture.layout import Annotation, Product
from framepress.capture.pixels import copied

__all__ = ["held", "nbytes"]

_PIXELS_ALONE = ("pointcloud",)
"""What stands beside their arrays is as large as they are, and is read by nobody."""

_PLAIN = frozenset((str, int, float, bool, bytes, type(None)))
"""Cannot be changed."""


def held(products: Sequence[Product], buffers: Buffers) -> list[Product]:
    """The products with copies of everything that the host could change: pixels, rows, tables and lists.

    What products share, as the tiles of a mosaic do, is copied once.
    """
    sides: dict[int, Any] = {}
    whole: dict[int, Annotation] = {}

    def own(name: str, annotation: Annotation, product: Product) -> Annotation:
        if id(annotation) not in whole:
            if id(annotation.side) not in sides:
                sides[id(annotation.side)] = {} if name in _PIXELS_ALONE else _own(annotation.side)
            copy = copied(name, annotation, product.size_wh, buffers)
            whole[id(annotation)] = Annotation(copy.pixels, sides[id(annotation.side)], copy.where)
        return whole[id(annotation)]

    return [
        replace(
            product,
            annotations={name: own(name, annotation, product) for name, annotation in product.annotations.items()},
        )
        for product in products
    ]


def nbytes(products: Sequence[Product]) -> int:
    """Of the arrays with pixels and rows, for queues that are bounded in bytes."""
    arrays = {id(annotation): annotation.pixels for product in products for annotation in product.annotations.values()}
    return sum(array.nbytes for array in arrays.values() if isinstance(array, np.ndarray))


def _own(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return value.copy()
    # Asked for each entry of tables that are as long as a scene: an exact type is found faster than a kind of it.
    if isinstance(value, dict | Mapping):
        return {key: entry if type(entry) in _PLAIN else _own(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [entry if type(entry) in _PLAIN else _own(entry) for entry in value]
    return value
