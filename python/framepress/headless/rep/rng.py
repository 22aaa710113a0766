"""`rep.rng` (release 6.0) and the seed of the session."""

from __future__ import annotations

import operator

import numpy as np

from framepress.headless import host as hosts
from framepress.headless.rep.graph import Stream

__all__ = ["ReplicatorRNG", "get_global_seed", "set_global_seed"]


class ReplicatorRNG:
    """A random generator for scripts' own use.

    Args:
        seed: None = a stream of the session's seed, another for each object made, in their order.
    """

    def __init__(self, seed: int | None = None) -> None:
        host = hosts.current()
        stream = host.graph.stream(None, seed) if seed is None else Stream("ReplicatorRNG", operator.index(seed))
        self.generator: np.random.Generator = stream.generator(host.seed, 0, 0)


def set_global_seed(seed: int) -> None:
    """Seed of everything random that has no seed of its own.

    Raises:
        TypeError: no integer.
    """
    hosts.current().seed = operator.index(seed)


def get_global_seed() -> int:
    return hosts.current().seed
