"""`carb.settings`: a tree of values under paths such as "/omni/replicator/captureOnPlay"."""

from __future__ import annotations

from collections.abc import Callable, Mapping, MutableMapping
from enum import IntEnum
from typing import Any

from framepress.headless.neighbours.events import Subscription

__all__ = ["ChangeEventType", "DEFAULTS", "Settings"]

Listener = Callable[["Item", "ChangeEventType"], Any]

# What Isaac Sim's applications set, of what scripts about datasets read.
DEFAULTS: Mapping[str, Any] = {
    "/app/fastShutdown": True,
    "/app/omni.graph.scriptnode/opt_in": False,
    "/app/player/playSimulations": True,
    "/app/window/hideUi": True,
    "/exts/omni.replicator.core/Orchestrator/enabled": True,
    "/exts/omni.replicator.core/enableWriteToFabric": False,
    "/exts/omni.replicator.core/maxAssetLoadingTime": 30.0,
    "/omni/replicator/asyncRendering": False,
    "/omni/replicator/captureOnPlay": True,
    "/omni/replicator/debug": False,
    "/rtx/hydra/enableSemanticSchema": True,
    "/rtx/post/dlss/execMode": 2,
    "/syntheticdata/sensors/perSubsetSegmentation": False,
}


class ChangeEventType(IntEnum):
    CREATED = 0
    CHANGED = 1
    DESTROYED = 2


class Item:
    """What a listener is told of: a setting's path and value."""

    def __init__(self, settings: Settings, path: str) -> None:
        self._settings, self._path = settings, path

    def get_dict(self) -> Any:
        return self._settings.get(self._path)

    def __str__(self) -> str:
        return self._settings.get_as_string(self._path)


class Settings:
    """`carb.settings.ISettings`. Leaves are kept flat; a path above leaves reads as a dict of what is below it.

    Args:
        leaves: path -> value, shared with whoever reads settings beside the script.
    """

    def __init__(self, leaves: MutableMapping[str, Any]) -> None:
        self._leaves = leaves
        self._listeners: dict[int, tuple[str, Listener]] = {}
        self._count = 0

    def get(self, path: str) -> Any:
        path = _normal(path)
        if path in self._leaves:
            return self._leaves[path]
        below = {key: value for key, value in self._leaves.items() if key.startswith(f"{path.rstrip('/')}/")}
        if not below:
            return None
        tree: dict[str, Any] = {}
        for key, value in below.items():
            *parts, last = key.removeprefix(path).strip("/").split("/")
            branch = tree
            for part in parts:
                branch = branch.setdefault(part, {})
            branch[last] = value
        return tree

    def set(self, path: str, value: Any) -> None:
        path = _normal(path)
        if isinstance(value, Mapping):
            for key, part in value.items():
                self.set(f"{path.rstrip('/')}/{key}", part)
            return
        known = path in self._leaves
        self._clear_below(path)
        self._leaves[path] = list(value) if isinstance(value, list | tuple) else value
        self._tell(path, ChangeEventType.CHANGED if known else ChangeEventType.CREATED)

    set_string_array = set_float_array = set_int_array = set_bool_array = set

    def set_bool(self, path: str, value: Any) -> None:
        self.set(path, bool(value))

    def set_int(self, path: str, value: Any) -> None:
        self.set(path, int(value))

    def set_float(self, path: str, value: Any) -> None:
        self.set(path, float(value))

    def set_string(self, path: str, value: Any) -> None:
        self.set(path, str(value))

    def set_default(self, path: str, value: Any) -> None:
        if self.get(path) is None:
            self.set(path, value)

    set_default_bool = set_default_int = set_default_float = set_default_string = set_default

    def get_as_bool(self, path: str) -> bool:
        value = self.get(path)
        return value.lower() in ("true", "1") if isinstance(value, str) else bool(value)

    def get_as_int(self, path: str) -> int:
        return int(self.get_as_float(path))

    def get_as_float(self, path: str) -> float:
        value = self.get(path)
        try:
            return float(value)
        except (TypeError, ValueError):  # absent, or no number: zero, as in Kit
            return 0.0

    def get_as_string(self, path: str) -> str:
        value = self.get(path)
        return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)

    def get_settings_dictionary(self, path: str = "/") -> Item:
        return Item(self, _normal(path))

    def create_dictionary_from_settings(self, path: str = "/") -> Any:
        return self.get(path)

    def is_accessible_as(self, kind: Any, path: str) -> bool:
        return self.get(path) is not None

    def destroy_item(self, path: str) -> None:
        path = _normal(path)
        known = self.get(path) is not None
        self._clear_below(path)
        self._leaves.pop(path, None)
        if known:
            self._tell(path, ChangeEventType.DESTROYED)

    def subscribe_to_node_change_events(self, path: str, fn: Listener) -> Subscription:
        return self._listen(_normal(path), fn)

    def subscribe_to_tree_change_events(
        self, path: str, fn: Callable[[Item, Item, ChangeEventType], Any]
    ) -> Subscription:
        root = Item(self, _normal(path))
        return self._listen(f"{_normal(path).rstrip('/')}/", lambda item, event: fn(root, item, event))

    def unsubscribe_to_change_events(self, subscription: Subscription) -> None:
        subscription.unsubscribe()

    def _listen(self, path: str, fn: Listener) -> Subscription:
        self._count += 1
        key = self._count
        self._listeners[key] = (path, fn)
        return Subscription(lambda: self._listeners.pop(key, None) and None)

    def _tell(self, path: str, event: ChangeEventType) -> None:
        for wanted, fn in list(self._listeners.values()):
            if path == wanted or (wanted.endswith("/") and path.startswith(wanted)):
                fn(Item(self, path), event)

    def _clear_below(self, path: str) -> None:
        for key in [key for key in self._leaves if key.startswith(f"{path}/")]:
            del self._leaves[key]


def _normal(path: str) -> str:
    return f"/{path.strip('/')}"
