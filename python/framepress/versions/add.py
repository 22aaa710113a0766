"""A folder's files into a store: media files are shared with it, small other files are packed, large ones copied."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from posixpath import splitext

from framepress.errors import InputError
from framepress.storage.output import refused
from framepress.versions.batch import Batch
from framepress.versions.manifest import Row
from framepress.versions.place import INSIDE
from framepress.versions.sharing import way_between
from framepress.versions.store import Store
from framepress.versions.working import Working

__all__ = ["MEDIA", "add_files", "is_shared"]

MEDIA = frozenset(
    ".png .jpg .jpeg .webp .bmp .gif .tif .tiff .exr .hdr .npy .npz .bin .pcd .ply .las .h5 .hdf5 .mp4 .mkv .avi .mov "
    ".tfrecord .parquet .arrow .tar .zip .gz .zst .usd .usdc .usdz .mcap".split()
)
"""Files that are written once and never edited in place; what people edit (text) is not linked with a store."""
_PACKED = 1 << 20  # larger contents have a file each, which can be cloned and streamed


def is_shared(path: str) -> bool:
    """Whether the store and a folder may have one file between them; our own records are always copied."""
    return splitext(path)[1].lower() in MEDIA and not path.startswith(".framepress/")


def add_files(dataset: Path, working: Working, rows: Sequence[Row], store: Store, batch: Batch) -> None:
    """Those that the store lacks.

    Args:
        rows: of the folder, in any order, more than one with a content or not.

    Raises:
        InputError: a file is gone or is no longer what was hashed.
        OutputError: the disk refused.
    """
    lacking = set(store.objects.missing({row.sha256 for row in rows}))
    wanted = [row for row in rows if row.sha256 in lacking]
    if not wanted:
        return
    try:
        (store.root / "tmp").mkdir(exist_ok=True)
        way = way_between(str(dataset / INSIDE), str(store.root / "tmp"))
    except OSError as error:
        raise refused(store.root, "written", error) from error
    files = working.some({row.path for row in wanted})
    for row in wanted:
        name = f"{dataset}/{row.path}"
        seen = files[row.path][:3]
        if is_shared(row.path):
            batch.add_file(name, row.sha256, seen, "copy" if way == "link" and row.path in working.links else way)
        elif row.size > _PACKED:
            batch.add_file(name, row.sha256, seen, "copy" if way == "link" else way)
        elif batch.add(_content(name)) != row.sha256:
            raise InputError(f"{name}: changed while it was committed; commit once nothing writes to the dataset")


def _content(name: str) -> bytes:
    try:
        with open(name, "rb") as stream:
            return stream.read()
    except OSError as error:
        raise InputError(f"{name}: cannot be read: {error.strerror or error}") from error
