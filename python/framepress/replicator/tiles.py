"""Tiled render products taken apart in the host's thread, while the stage is as it was rendered.

Which cameras a product has is told by the user (the writer's option `tiles`), or by the product's prim on the open
stage, whose relationship `camera` then has several targets. Payloads do not tell: they name the first camera, and the
size of the whole mosaic.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from framepress.capture.accounts import Accounts
from framepress.capture.layout import Product
from framepress.capture.tiles import Tiling, split
from framepress.errors import InputError, OptionError
from framepress.replicator.products import short_names
from framepress.replicator.tile_cameras import OpenStage, params_of

__all__ = ["Tiles", "tilings_of"]

_FOLDER = "/Render/OmniverseKit/HydraTextures"
_KEYS = {"size", "cameras"}


def tilings_of(given: Mapping[str, Any] | None) -> dict[str, Tiling]:
    """The option `tiles`: render product -> {"size": [width, height] of a tile, "cameras": [prim path, ...]}.

    Raises:
        OptionError: it is something else.
    """
    if given is not None and not isinstance(given, Mapping):
        raise OptionError(f"tiles={given!r}: must be a mapping, render product -> {{size, cameras}}")
    return {str(name): _tiling(entry, f"tiles[{name!r}]") for name, entry in (given or {}).items()}


def _tiling(entry: Any, where: str) -> Tiling:
    if not isinstance(entry, Mapping) or set(entry) != _KEYS:
        raise OptionError(f"{where}: {entry!r}; expected {{'size': [width, height], 'cameras': [prim path, ...]}}")
    size, cameras = entry["size"], entry["cameras"]
    sides = list(size) if isinstance(size, list | tuple) else []
    if len(sides) != 2 or any(type(side) is not int or side < 1 for side in sides):
        raise OptionError(f"{where}: size {size!r}; expected [width, height] of one tile, both whole and at least 1")
    paths = list(cameras) if isinstance(cameras, list | tuple) else []
    if not paths or any(not isinstance(path, str) or not path.startswith("/") for path in paths):
        raise OptionError(f"{where}: cameras {cameras!r}; expected the prim paths of all tiles' cameras, in order")
    if len(set(paths)) < len(paths):
        twice = next(path for path in paths if paths.count(path) > 1)
        raise OptionError(f"{where}: {twice} is named twice; each tile has a camera of its own")
    return Tiling((sides[0], sides[1]), tuple(paths))


@dataclass(frozen=True)
class Tiles:
    """Args: stated: by the user, by product. opened: the stage that is open in the host, None where there is none."""

    stated: Mapping[str, Tiling] = field(default_factory=dict)
    opened: Callable[[], OpenStage | None] = lambda: None

    def apart(self, products: Sequence[Product], accounts: Accounts, where: str) -> list[Product]:
        """The products, tiled ones as one a camera, named by the shortest ending of its path that tells it apart.

        Raises:
            InputError: as `capture.tiles.split`; a product of which the user and the stage tell different cameras.
        """
        stage = self.opened()
        found = {product.name: self._tiling_of(product, stage, f"{where}, {product.name}") for product in products}
        taken = {name for name, tiling in found.items() if tiling is None}
        apart: list[Product] = []
        for product in products:
            tiling = found[product.name]
            if tiling is None:
                apart.append(product)
                continue
            short = short_names(tiling.cameras)
            if not taken.isdisjoint(short.values()):
                short = {camera: f"{product.name}_{name}" for camera, name in short.items()}
            taken.update(short.values())
            name = f"{where}, {product.name}"
            params = params_of(tiling, stage, product, accounts, name)
            apart += split(product, tiling, [short[camera] for camera in tiling.cameras], params, accounts, name)
        return apart

    def _tiling_of(self, product: Product, stage: OpenStage | None, where: str) -> Tiling | None:
        stated = self.stated.get(product.name)
        cameras = _targets(stage, product.name)
        if stated is not None and len(cameras) > 1 and cameras != stated.cameras:
            raise InputError(
                f"{where}: tiles names the cameras {', '.join(stated.cameras)}, but the product's prim has "
                f"{', '.join(cameras)}; leave the product out of `tiles`, or name them in that order"
            )
        if stated is not None or len(cameras) < 2 or product.size_wh is None:
            return stated
        return Tiling.of_mosaic(product.size_wh, cameras, where)


def _targets(stage: OpenStage | None, name: str) -> tuple[str, ...]:
    """The cameras of a render product's prim; none where there is no such prim."""
    prim = stage.stage.GetPrimAtPath(f"{_FOLDER}/{name}") if stage is not None and name.isidentifier() else None
    relationship = prim.GetRelationship("camera") if prim else None
    return tuple(str(path) for path in relationship.GetTargets()) if relationship else ()
