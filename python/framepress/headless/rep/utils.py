"""`rep.utils`, named by Replicator: events, files, and items that stand for graph nodes."""

from __future__ import annotations

import sys
from pathlib import Path

from framepress.errors import InputError
from framepress.headless import host as hosts
from framepress.headless.rep.items import GRAPH_PATH, Node, ReplicatorItem, targets_of
from framepress.headless.rep.refused import refuse

__all__ = [
    "GRAPH_PATH",
    "ReplicatorItem",
    "ReplicatorWrapper",
    "auto_connect",
    "create_node",
    "get_node_targets",
    "get_usd_files",
    "send_og_event",
    "set_target_prims",
    "utils",
]


def send_og_event(event_name: str) -> None:
    """Let `rep.trigger.on_custom_event(event_name)` fire at the next evaluation of the graph."""
    hosts.current().graph.send_event(event_name)


def get_usd_files(path: str, recursive: bool = True) -> list[str]:
    """The USD files of a folder, by name.

    Raises:
        InputError: there is no such folder.
    """
    folder = Path(path)
    if not folder.is_dir():
        raise InputError(f"rep.utils.get_usd_files: there is no folder {folder.absolute()}")
    files = folder.rglob("*") if recursive else folder.glob("*")
    return sorted(str(file) for file in files if file.suffix.lower() in (".usd", ".usda", ".usdc", ".usdz"))


def get_node_targets(node: Node | ReplicatorItem, attribute: str) -> list[str]:
    """Paths of the prims that an item stands for; the only thing that a node of the stand-in is connected to."""
    host = hosts.current()
    targets = targets_of(node, host.graph.now(host))
    return [target if isinstance(target, str) else target.instancer for target in targets]


_NO_GRAPH = (
    "there is no OmniGraph in the stand-in; write the randomisation as a function and rep.randomizer.register it"
)
create_node = refuse("utils.create_node", _NO_GRAPH)
set_target_prims = refuse("utils.set_target_prims", _NO_GRAPH)
auto_connect = refuse("utils.auto_connect", _NO_GRAPH)
ReplicatorWrapper = refuse("utils.ReplicatorWrapper", _NO_GRAPH)
utils = sys.modules[__name__]  # Isaac Sim's own code imports it from itself.
