"""A folder's files into a store: media files are shared (one file, two names), all others copied."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from framepress.errors import InputError
from framepress.versions.objects import Objects
from framepress.versions.working import Working

__all__ = ["MEDIA", "add_files", "is_shared"]

MEDIA = frozenset(
    ".png .jpg .jpeg .webp .bmp .gif .tif .tiff .exr .hdr .npy .npz .bin .pcd .ply .las .h5 .hdf5 .mp4 .mkv .avi .mov "
    ".tfrecord .parquet .arrow .tar .zip .gz .zst .usd .usdc .usdz .mcap".split()
)
"""Files that are written once and never edited in place; what people edit (text) is not shared with a store."""


def is_shared(path: str) -> bool:
    """Whether the store and a folder may have one file between them; our own records are always copied."""
    return PurePosixPath(path).suffix.lower() in MEDIA and not path.startswith(".framepress/")


def add_files(dataset: Path, working: Working, objects: Objects) -> int:
    """How many contents are new in the store.

    Raises:
        InputError: a file is gone or is no longer what was hashed.
        OutputError: the disk refused.
    """
    added = 0
    done: set[str] = set()
    for path, seen in working.files.items():
        if seen.sha256 in done or objects.has(seen.sha256):
            continue
        done.add(seen.sha256)
        name = f"{dataset}/{path}"
        if is_shared(path) and path not in working.links:
            try:
                objects.adopt(name, seen.sha256)
            except OSError:
                _copy(name, seen.sha256, objects)
        else:
            _copy(name, seen.sha256, objects)
        added += 1
    return added


def _copy(name: str, id: str, objects: Objects) -> None:
    try:
        with open(name, "rb") as stream:
            content = stream.read()
    except OSError as error:
        raise InputError(f"{name}: cannot be read: {error.strerror or error}") from error
    if objects.add(content) != id:
        raise InputError(f"{name}: changed while it was committed; commit once nothing writes to the dataset")
