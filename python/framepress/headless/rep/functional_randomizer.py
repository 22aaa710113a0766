"""`rep.functional.randomizer` (6.0): prims randomised at once, with a generator of the script's own."""

from __future__ import annotations

from typing import Any

import numpy as np
from pxr import Usd, UsdGeom

from framepress.errors import InputError
from framepress.headless import host as hosts
from framepress.headless.rep.items import prims_of
from framepress.headless.rep.layers import Edits
from framepress.headless.rep.rng import ReplicatorRNG
from framepress.headless.rep.scatter import Region, Spread, on_surfaces

__all__ = ["display_color", "scatter_2d"]


def _generator(rng: Any) -> np.random.Generator:
    """A `ReplicatorRNG`'s, NumPy's own, or a new one of the session."""
    if rng is None:
        return ReplicatorRNG().generator
    found: np.random.Generator = getattr(rng, "generator", rng)
    return found


def display_color(prims: Any, rng: Any = None) -> None:
    """Give each prim, that is all meshes and shapes at it and below, a colour drawn evenly from RGB."""
    host, call = hosts.current(), "rep.functional.randomizer.display_color"
    found = prims_of(prims, host.graph.now(host), call)
    edits = Edits(host.stage)
    for prim, color in zip(found, _generator(rng).random((len(found), 3)).tolist(), strict=True):
        gprims = [each for each in Usd.PrimRange(prim) if each.IsA(UsdGeom.Gprim)]
        if not gprims:
            raise InputError(f"{call}: {prim.GetPath()} holds no geometry to colour")
        for gprim in gprims:
            edits.set(UsdGeom.Gprim(gprim).CreateDisplayColorAttr(), [tuple(color)])
    edits.write()


def scatter_2d(
    prims: Any,
    surface_prims: Any,
    no_coll_prims: Any = None,
    min_samp: Any = (None, None, None),
    max_samp: Any = (None, None, None),
    offset: float = 0.0,
    check_for_collisions: bool = False,
    rng: Any = None,
) -> None:
    """As `rep.randomizer.scatter_2d`."""
    host, call = hosts.current(), "rep.functional.randomizer.scatter_2d"
    generator = _generator(rng)
    spread = Spread(generator, Region.of(min_samp, max_samp, call), no_coll_prims, check_for_collisions, call)
    on_surfaces(host.graph.now(host), prims, surface_prims, float(offset), spread)
