"""Which of Isaac Sim's names a source uses, read from its syntax tree; nothing is imported.

A name counts where its root was imported, where it is reached through `sys.modules`, through a variable that holds it,
or through `rep`, which in this repository is always `omni.replicator.core`. A call in the middle is written `()`.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

__all__ = ["Use", "uses"]

ROOTS = ("carb", "isaacsim", "omni", "Semantics", "UsdSemantics", "pxr.Semantics", "pxr.UsdSemantics")
REPLICATOR = "omni.replicator.core"
NOT_ITS_OWN = ("get_stage()", "get_writers()")  # what these return is USD's, or a dict
ABSENCE = {"ImportError", "ModuleNotFoundError", "AttributeError", "Exception"}


@dataclass(frozen=True, order=True)
class Use:
    """Args: guarded: whether the code goes on where the name is missing."""

    line: int
    name: str
    guarded: bool


def uses(source: str) -> list[Use]:
    """Each name with the line of each use: `a.b` and `a.b.c`, where `a.b.c` is used."""
    tree = ast.parse(source)
    guarded = {id(node) for block in _guarded_blocks(tree) for node in ast.walk(block)}
    known = _known(tree)
    found = {Use(node.lineno, name, id(node) in guarded) for node, name in _imported(tree)}
    for node in ast.walk(tree):
        asked = _asked_for(node)
        if asked is not None:
            owner = _name(asked[0], known)
            if owner:
                found.add(Use(asked[0].lineno, f"{owner}.{asked[1]}", True))
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load) and node.attr[:2] != "__":
            name = _name(node, known)
            if name:
                found.add(Use(node.lineno, name, id(node) in guarded))
    return sorted(found)


def _of_host(name: str) -> bool:
    return any(name == root or name.startswith(f"{root}.") for root in ROOTS)


def _imported(tree: ast.AST) -> Iterator[tuple[ast.stmt, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node, alias.name) for alias in node.names if _of_host(alias.name))
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = (f"{node.module}.{alias.name}" for alias in node.names)
            yield from ((node, name) for name in names if _of_host(name))


def _known(tree: ast.AST) -> dict[str, str]:
    """Variable, or `self.attribute` -> what it holds."""
    known = {"rep": REPLICATOR, "self._rep": REPLICATOR}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if _of_host(alias.name):
                    held = alias.name if alias.asname else alias.name.partition(".")[0]
                    known[alias.asname or held] = held
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                if _of_host(f"{node.module}.{alias.name}"):
                    known[alias.asname or alias.name] = f"{node.module}.{alias.name}"
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and len(node.targets) == 1:
            held = _name(node.value, known)
            target = ast.unparse(node.targets[0])
            if held and target not in known:
                known[target] = held
    return known


def _name(node: ast.expr, known: Mapping[str, str]) -> str:
    """The host's name for an expression; "" where it is none."""
    if ast.unparse(node) in known:
        return known[ast.unparse(node)]
    if isinstance(node, ast.Attribute):
        owner = _name(node.value, known)
        return f"{owner}.{node.attr}" if owner and not owner.endswith(NOT_ITS_OWN) else ""
    if isinstance(node, ast.Call):
        looked_up = _looked_up(node)
        called = "" if looked_up else _name(node.func, known)
        return looked_up or (f"{called}()" if called else "")
    if isinstance(node, ast.Subscript) and ast.unparse(node.value) == "sys.modules":
        return _constant(node.slice)
    return ""


def _looked_up(node: ast.Call) -> str:
    if ast.unparse(node.func) in ("sys.modules.get", "importlib.import_module", "import_module") and node.args:
        return _constant(node.args[0])
    return ""


def _constant(node: ast.expr) -> str:
    value = node.value if isinstance(node, ast.Constant) else None
    return value if isinstance(value, str) and _of_host(value) else ""


def _asked_for(node: ast.AST) -> tuple[ast.expr, str] | None:
    """Owner and name of `getattr(owner, "name", default)` and `hasattr(owner, "name")`."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        enough = {"getattr": 3, "hasattr": 2}.get(node.func.id)
        if len(node.args) == enough and isinstance(node.args[1], ast.Constant):
            return node.args[0], str(node.args[1].value)
    return None


def _guarded_blocks(tree: ast.AST) -> Iterator[ast.stmt]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Try):
            caught = {ast.unparse(kind) for handler in node.handlers if handler.type for kind in _kinds(handler.type)}
            if caught & ABSENCE:
                yield from node.body


def _kinds(node: ast.expr) -> list[ast.expr]:
    return node.elts if isinstance(node, ast.Tuple) else [node]
