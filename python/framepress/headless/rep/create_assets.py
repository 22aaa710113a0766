"""`rep.create.from_usd` and `from_dir`: references to files."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

from pxr import Sdf, Tf

from framepress.errors import InputError
from framepress.headless import host as hosts
from framepress.headless.rep.authoring import Placing, made, pose_values
from framepress.headless.rep.items import Prims, targets_of

__all__ = ["asset_path", "from_dir", "from_usd", "reference_to"]

USD_SUFFIXES = (".usd", ".usda", ".usdc", ".usdz")


def from_usd(
    usd: str,
    semantics: Any = None,
    count: int = 1,
    position: Any = None,
    rotation: Any = None,
    scale: Any = None,
    look_at: Any = None,
    look_at_up_axis: Any = None,
    pivot: Any = None,
    material: Any = None,
    visible: Any = True,
    parent: Any = None,
    name: str | None = None,
) -> Prims:
    """`count` references to a USD file.

    Raises:
        InputError: a file of this machine's that is not there.
    """
    reference = reference_to(usd, "rep.create.from_usd")

    def define(stage: Any, path: str) -> Any:
        inner = stage.DefinePrim(path)  # Of the type that the file says.
        inner.GetReferences().AddReference(reference)
        return inner

    placing = Placing(
        pose_values("from_usd", position, rotation, look_at, look_at_up_axis, scale, pivot),
        semantics,
        material,
        visible,
        parent,
        name,
        count,
    )
    return made("from_usd", "Ref", define, placing)


def asset_path(usd: Any, call: str) -> str:
    """What to refer to a file by: absolute, so that it does not depend on the layer that refers to it.

    Raises:
        InputError: there is no such file. Addresses ("omniverse://", "https://") are left for USD to resolve.
    """
    text = str(os.fspath(usd))
    if re.match(r"[A-Za-z][\w+.-]+:/", text):
        return text
    path = Path(text).expanduser()
    if not path.is_file():
        raise InputError(f"{call}: there is no file {path.absolute()}")
    return path.absolute().as_posix()


def reference_to(usd: Any, call: str) -> Any:
    """`Sdf.Reference` to a file's default prim, or its only one.

    Raises:
        InputError: a file of this machine's that is not there, is not USD's, or says not which of its prims is meant.
    """
    path = asset_path(usd, call)
    if "://" in path:
        return Sdf.Reference(path)
    try:
        layer = Sdf.Layer.FindOrOpen(path)
    except Tf.ErrorException as error:
        raise InputError(f"{call}: {path} is no USD file that can be read ({_last_line(error)})") from error
    if layer is None:
        raise InputError(f"{call}: {path} is no USD file that can be read")
    roots = [prim.path for prim in layer.rootPrims]
    if not layer.defaultPrim and len(roots) != 1:
        raise InputError(f"{call}: {path} has no default prim and {len(roots)} root prims; set its defaultPrim")
    return Sdf.Reference(path) if layer.defaultPrim else Sdf.Reference(path, roots[0])


def _last_line(error: BaseException) -> str:
    return str(error).strip().splitlines()[-1]


def from_dir(
    dir_path: str,
    recursive: bool = False,
    path_filter: str | None = None,
    semantics: Any = None,
    name: str | None = None,
    **placing: Any,
) -> Prims:
    """A reference to each USD file of a folder, by name; `path_filter` is a regular expression that must be found.

    Raises:
        InputError: there is none.
    """
    folder = Path(dir_path)
    files = sorted(folder.rglob("*") if recursive else folder.glob("*"))
    wanted = [
        file
        for file in files
        if file.suffix.lower() in USD_SUFFIXES and (path_filter is None or re.search(path_filter, file.as_posix()))
    ]
    if not wanted:
        raise InputError(f"rep.create.from_dir: no USD file in {folder.absolute()} fits")
    host = hosts.current()
    items = [from_usd(str(file), semantics, name=name, **placing) for file in wanted]
    return Prims("from_dir", targets_of(items, host.graph.now(host)), name)
