"""What Replicator's functions return: items that stand for prims, and whose `with` block says what calls are about."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from framepress.errors import InputError, OptionError
from framepress.headless import host as hosts

if TYPE_CHECKING:
    from types import TracebackType

    from framepress.headless.rep.graph import Firing

__all__ = [
    "GRAPH_PATH",
    "InstancerPoint",
    "Node",
    "Prims",
    "ReplicatorItem",
    "Target",
    "editable",
    "paths_of",
    "prim_at",
    "prims_of",
    "subject",
    "targets_of",
]

GRAPH_PATH = "/Replicator/SDGPipeline"


@dataclass(frozen=True, slots=True)
class InstancerPoint:
    """One point of a `UsdGeom.PointInstancer`, posed as if it were a prim."""

    instancer: str
    index: int


Target = str | InstancerPoint
"""What an action acts on: a prim, by its path, or a point of an instancer."""


@dataclass(frozen=True, slots=True)
class Node:
    """Stands for an OmniGraph node where scripts pass one on; there is no OmniGraph behind it."""

    item: ReplicatorItem

    def get_prim_path(self) -> str:
        return f"{GRAPH_PATH}/{self.item.node_name}"


class ReplicatorItem:
    """Anything of the graph.

    Args:
        kind: of node, "on_frame", "cube", ...
        name: given by the script; names the random stream.
        seed: of the node's own; None = the session's.
    """

    def __init__(self, kind: str, name: str | None = None, seed: int | None = None) -> None:
        graph = hosts.current().graph
        self.stream = graph.stream(name, seed)
        self.node_name = f"{kind}_{self.stream.node}"

    @property
    def node(self) -> Node:
        return Node(self)

    def targets(self, firing: Firing) -> list[Target]:
        """What is acted on.

        Raises:
            OptionError: the item stands for no prims.
        """
        raise OptionError(f"{self.node_name} stands for no prims; use what rep.create or rep.get returned")

    def get_output_prims(self) -> dict[str, list[Any]]:
        """`{"prims": [Usd.Prim, ...]}`, as they are now; of an instancer's points the instancer, once."""
        host = hosts.current()
        targets = self.targets(host.graph.now(host))
        paths = dict.fromkeys(each if isinstance(each, str) else each.instancer for each in targets)
        return {"prims": [prim_at(host.stage, path) for path in paths]}

    def get_output(self, name: str = "prims") -> list[Any]:
        """The prims, under the name that Replicator gives to that output."""
        if name not in ("prims", "primsOut"):
            raise OptionError(f"{self.node_name} has no output {name!r}, only 'prims'")
        return self.get_output_prims()["prims"]

    def __enter__(self) -> ReplicatorItem:
        hosts.current().graph.contexts.append(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        hosts.current().graph.contexts.remove(self)


class Prims(ReplicatorItem):
    """Prims that are known when the script says so."""

    def __init__(self, kind: str, targets: Iterable[Target], name: str | None = None) -> None:
        super().__init__(kind, name)
        self._targets = list(targets)

    def targets(self, firing: Firing) -> list[Target]:
        return self._targets


def prim_at(stage: Any, path: str) -> Any:
    """The prim.

    Raises:
        InputError: there is none.
    """
    prim = stage.GetPrimAtPath(path) if path.startswith("/") else None
    if not prim:
        raise InputError(
            f"no prim at {path!r} on the stage {stage.GetRootLayer().GetDisplayName() or 'in memory'}; check the path"
        )
    return prim


def targets_of(value: Any, firing: Firing) -> list[Target]:
    """The targets that a script means by an item, a path, a prim, a USD schema object, or a list of these.

    Raises:
        InputError: a path without a prim.
        OptionError: something else.
    """
    if isinstance(value, ReplicatorItem):
        return value.targets(firing)
    if isinstance(value, Node):
        return value.item.targets(firing)
    if isinstance(value, InstancerPoint):
        return [value]
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [target for each in value for target in targets_of(each, firing)]
    return [_path(value, firing.stage)]


def _path(value: Any, stage: Any) -> str:
    if hasattr(value, "GetPrim"):
        value = value.GetPrim()
    if hasattr(value, "GetPath"):
        if not value:
            raise InputError(f"{value!r}: the prim is gone from the stage; get it again")
        value = value.GetPath()
    path = str(value)
    if not isinstance(value, str) and not hasattr(value, "pathString"):
        raise OptionError(f"{value!r} means no prim; give a path, a prim, or what rep.create or rep.get returned")
    return str(prim_at(stage, path).GetPath())


def paths_of(value: Any, firing: Firing, call: str) -> list[str]:
    """As `targets_of`, for calls to which an instancer's points mean nothing.

    Raises:
        OptionError: there are such points.
    """
    targets = targets_of(value, firing)
    for target in targets:
        if not isinstance(target, str):
            raise OptionError(
                f"{call}: {target.instancer} is a point instancer, whose points have no prims; only poses can be "
                "set: instantiate with mode='scene_instance' or mode='reference'"
            )
    return [target for target in targets if isinstance(target, str)]


def prims_of(value: Any, firing: Firing, call: str) -> list[Any]:
    """The `Usd.Prim`s of `paths_of` that may be edited.

    Raises:
        InputError: a prim is gone, or is inside an instance, where USD allows no edits.
    """
    return [editable(firing.stage, path, call) for path in paths_of(value, firing, call)]


def editable(stage: Any, path: str, call: str) -> Any:
    """A prim that may be edited.

    Raises:
        InputError: as `prims_of`.
    """
    prim = prim_at(stage, path)
    if prim.IsInstanceProxy():
        instance = prim
        while not instance.IsInstance():
            instance = instance.GetParent()
        raise InputError(
            f"{call}: {path} is inside the instance {instance.GetPath()}, whose content USD shares with other "
            "instances; edit the instance itself, or make it not instanceable"
        )
    return prim


def subject(call: str, input_prims: Any = None) -> Any:
    """What a call is about: its `input_prims`, or the innermost `with` block that is no trigger.

    Raises:
        OptionError: neither is there.
    """
    if input_prims is not None:
        return input_prims
    from framepress.headless.rep.trigger import Trigger

    for item in reversed(hosts.current().graph.contexts):
        if not isinstance(item, Trigger):
            return item
    raise OptionError(f"{call} needs prims: call it inside `with <prims>:`, or pass input_prims=")
