"""A held payload is bounded: what is kept of it is what the queue is told of."""

from __future__ import annotations

import numpy as np

from framepress.capture.buffers import Buffers
from framepress.capture.hold import held, nbytes
from framepress.capture.layout import Annotation, products_of


def kept(annotation: Annotation) -> int:
    arrays = [annotation.pixels, *annotation.side.values()]
    return sum(array.nbytes for array in arrays if isinstance(array, np.ndarray))


def test_what_is_kept_of_a_cloud_of_points_is_what_the_queue_is_told_of() -> None:
    """Replicator sends colours, normals and ids beside them, which no channel takes: twice their size."""
    count = 1000
    cloud = {
        "data": np.arange(count * 3, dtype=np.float32).reshape(count, 3),
        "pointRgb": np.zeros(count * 4, np.uint8),
        "pointNormals": np.zeros(count * 4, np.float32),
        "pointSemantic": np.zeros(count, np.uint8),
        "pointInstance": np.zeros(count, np.uint8),
    }
    payload = {"renderProducts": {"Eye": {"camera": "/Eye", "resolution": (40, 25), "pointcloud": cloud}}}
    (product,) = products = held(products_of(payload, "frame 0"), Buffers())
    annotation = product.annotations["pointcloud"]
    cloud["data"][...] = 0
    assert annotation.array()[-1].tolist() == [2997, 2998, 2999]
    assert kept(annotation) == nbytes(products) == count * 3 * 4
