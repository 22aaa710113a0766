"""Replicator's backends as outputs. Nothing goes through their queue: it keeps no order, has no end, drops errors."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from framepress.errors import OptionError
from framepress.storage.blobs import BlobOutput
from framepress.storage.output import Output

__all__ = ["output_of"]


def output_of(backend: Any) -> Path | Output:
    """A `DiskBackend`'s folder; of another backend what writes its blobs, one by one and at once.

    A `BackendDispatch` queues whatever it is given, so that the one backend behind it is taken.

    Raises:
        OptionError: it is no backend, its constructor has not run, or it stands for several.
    """
    name = type(backend).__name__
    if any(base.__name__ == "BackendDispatch" for base in type(backend).__mro__):
        behind = list(getattr(backend, "_backends", ()))
        if len(behind) != 1:
            raise OptionError(
                f"FramepressWriter: {name} stands for {len(behind)} backends; pass one of them, or output_dir"
            )
        return output_of(behind[0])
    if any(base.__name__ == "DiskBackend" for base in type(backend).__mro__):
        folder = getattr(backend, "output_dir", None)
        if not isinstance(folder, str | Path):
            raise OptionError(f"FramepressWriter: the backend {name} has no folder yet; call its initialize() first")
        return Path(folder)
    if not callable(getattr(backend, "write_blob", None)) or not callable(getattr(backend, "read_blob", None)):
        raise OptionError(
            f"FramepressWriter: {name} is no backend: it lacks write_blob and read_blob; pass a DiskBackend, an "
            "S3Backend, another BaseBackend, or output_dir"
        )
    return BlobOutput(backend, name)
