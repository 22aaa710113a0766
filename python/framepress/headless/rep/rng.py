"""`rep.set_global_seed` and `rep.rng`: where randomness of a script comes from that is not the graph's."""

from __future__ import annotations

import operator

import numpy as np

from framepress.headless import host as hosts

__all__ = ["ReplicatorRNG", "set_global_seed"]


def set_global_seed(seed: int) -> None:
    """The seed of everything random that has none of its own, from now on."""
    hosts.current().seed = operator.index(seed)


class ReplicatorRNG:
    """`generator`: numpy's PCG64, seeded with `seed`, by default the session's."""

    def __init__(self, seed: int | None = None) -> None:
        self.generator = np.random.default_rng(hosts.current().seed if seed is None else seed)
