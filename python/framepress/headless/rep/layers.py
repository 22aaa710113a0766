"""Where edits go: `rep.new_layer`, and values authored together, each in the layer where it takes effect."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pxr import Sdf, Usd

from framepress.errors import OptionError
from framepress.headless import host as hosts
from framepress.headless.rep.graph import opened

__all__ = ["Edits", "new_layer"]


@contextmanager
def new_layer(name: str | None = None) -> Iterator[Any]:
    """`with rep.new_layer():` what is authored inside goes to a layer of its own, the root layer's first sublayer.

    A layer of that name that is there already is emptied first. Afterwards edits go where they went before.
    """
    stage = opened(hosts.current())
    root, name = stage.GetRootLayer(), name or "Replicator"
    layer = next((each for each in _sublayers(stage) if each.anonymous and each.GetDisplayName() == name), None)
    if layer is None:
        layer = Sdf.Layer.CreateAnonymous(name)
        _keep(layer)
        root.subLayerPaths.insert(0, layer.identifier)
    else:
        layer.Clear()
    with Usd.EditContext(stage, Usd.EditTarget(layer)):
        yield layer


def _sublayers(stage: Any) -> list[Any]:
    found = (Sdf.Layer.Find(path) for path in stage.GetRootLayer().subLayerPaths)
    return [layer for layer in found if layer]


def _keep(layer: Any) -> None:
    """Nothing else holds an anonymous layer before the stage has composed it."""
    hosts.current().kept(_layers).append(layer)


def _layers(_: Any) -> list[Any]:
    return []


class Edits:
    """Values to be authored in one go: 180 in a millisecond, where one by one each would be told to all who listen.

    They are written to the stage's edit target or, where a stronger layer has an opinion that would hide them, there;
    over time samples, which hide any plain value of the same layer, into the session layer.
    """

    def __init__(self, stage: Any) -> None:
        self._stage = stage
        self._target = stage.GetEditTarget().GetLayer()
        self._stack = stage.GetLayerStack()
        self._values: list[tuple[Any, Any]] = []
        self._elsewhere: dict[str, tuple[Any, list[tuple[Any, Any]]]] = {}

    def set(self, attribute: Any, value: Any) -> None:
        """Have an existing attribute set.

        Raises:
            OptionError: time samples of the session layer would hide the value.
        """
        layer = self._layer_for(attribute.GetPath())
        if layer is None:
            self._values.append((attribute, value))
        else:
            self._elsewhere.setdefault(layer.identifier, (layer, []))[1].append((attribute, value))

    def write(self) -> None:
        """Author everything. Prims and attributes are there; nothing may be read while this runs."""
        with Sdf.ChangeBlock():
            _set_all(self._values)
        for layer, values in self._elsewhere.values():
            with Usd.EditContext(self._stage, Usd.EditTarget(layer)), Sdf.ChangeBlock():
                _set_all(values)
        self._values, self._elsewhere = [], {}

    def _layer_for(self, path: Any) -> Any:
        for layer in self._stack:
            spec = layer.GetAttributeAtPath(path)
            if spec is not None and layer.GetNumTimeSamplesForPath(path):
                if layer == self._stack[0]:
                    raise OptionError(f"{path} has time samples in the session layer, which no value can override")
                return self._stack[0]
            if layer == self._target:
                return None
            if spec is not None and spec.HasDefaultValue():
                return layer
        return None


def _set_all(values: list[tuple[Any, Any]]) -> None:
    for attribute, value in values:
        if not attribute.Set(value):
            raise OptionError(
                f"{attribute.GetPath()} takes no value {value!r}; it is of type {attribute.GetTypeName()}"
            )
