"""One digest of the files that a stage is made of."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

__all__ = ["digest_of_files"]

_BLOCK = 1 << 20


def digest_of_files(stage: Any) -> str:
    """sha256 (hex) of all local files that the layers of a stage are, or name; "" where there are none.

    These are layers, references, payloads and assets such as textures (all tiles of a UDIM), loaded or not. Of their
    places only what is written in a layer counts, and of absolute ones the last part, so that the digest is the same on
    each machine that has the files. What lies on a server is not read, nor what only a search path finds, such as Isaac
    Sim's own materials.
    """
    digests: dict[Path, str] = {}
    lines = set()
    for name, file in _files_of(stage):
        if file not in digests:
            digests[file] = _sha256(file)
        lines.add(f"{digests[file]} {name}\n")
    return hashlib.sha256("".join(sorted(lines)).encode()).hexdigest() if lines else ""


def _files_of(stage: Any) -> Iterator[tuple[str, Path]]:
    """By the names that layers have for them; the layers themselves by none."""
    from pxr import UsdUtils

    for layer in stage.GetUsedLayers():
        yield from (("", file) for file in _local(layer.realPath))
        for group in UsdUtils.ExtractExternalReferences(layer.identifier):
            for named in group:
                for file in _local(layer.ComputeAbsolutePath(named)):
                    yield file.name if Path(named).is_absolute() else f"{named} {file.name}", file


def _local(path: str) -> Iterator[Path]:
    """The files of an absolute path: several where it is a UDIM, the package where it is in one, none of a URL."""
    from pxr import Ar

    outer, _ = Ar.SplitPackageRelativePathOuter(path)
    file = Path(outer)
    if "<UDIM>" in file.name:
        start, end = file.name.split("<UDIM>", 1)
        yield from (
            tile
            for tile in (file.parent.iterdir() if file.parent.is_dir() else ())
            if tile.name.startswith(start) and tile.name.endswith(end) and tile.name[len(start) :][:4].isdecimal()
        )
    elif outer and file.is_absolute() and file.is_file():
        yield file


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()
