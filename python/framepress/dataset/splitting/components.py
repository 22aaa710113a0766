"""What is linked, directly or through others, becomes one: connected components of a graph, in whole arrays."""

from __future__ import annotations

import numpy as np

from framepress.core.arrays import Array

__all__ = ["components"]


def components(nodes: int, left: Array, right: Array) -> Array:
    """int64 (nodes,): the smallest node of each node's component.

    Each round hooks every root to its smallest neighbouring root and then flattens all trees (after Shiloach and
    Vishkin 1982, with the smallest label in place of the arbitrary one).

    Args:
        left, right: int (edges,), the ends of each edge.
    """
    parent = np.arange(nodes, dtype=np.int64)
    while True:
        left, right = parent[left], parent[right]
        crossing = left != right
        if not crossing.any():
            return parent
        left, right = left[crossing], right[crossing]
        np.minimum.at(parent, np.maximum(left, right), np.minimum(left, right))
        while (parent[parent] != parent).any():
            parent = parent[parent]
