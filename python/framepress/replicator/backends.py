"""Replicator's backends as outputs. Nothing goes through their queue: it keeps no order, has no end, drops errors."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from framepress.errors import OptionError
from framepress.storage.blobs import BlobOutput
from framepress.storage.output import Output

__all__ = ["folder_of", "output_of"]

_ROOT = "/omni/replicator/backends/disk/root_dir"
_DEFAULT_ROOT = "~/omni.replicator_out"


def folder_of(output_dir: str | Path) -> Path:
    """The folder that `output_dir` names, absolute; a relative one is where Replicator's `DiskBackend` puts it.

    That is below the setting `/omni/replicator/backends/disk/root_dir`, else below `~/omni.replicator_out`: never below
    the working folder, which is Isaac Sim's own where a window was opened by its icon.

    Raises:
        OptionError: it is empty, or a URL.
    """
    text = str(output_dir)
    if not text or "://" in text:
        raise OptionError(f"output_dir={text!r}: is no folder of this machine; name one, or pass a backend")
    folder = os.path.expanduser(text)
    if not os.path.isabs(folder):
        folder = os.path.join(os.path.expanduser(_setting(_ROOT) or _DEFAULT_ROOT), folder)
    return Path(os.path.abspath(folder))


def _setting(path: str) -> str:
    """Of the host: Isaac Sim, or the stand-in, with the modules beside Replicator or without; "" = not set."""
    carb, stand_in = sys.modules.get("carb.settings"), sys.modules.get("framepress.headless.host")
    if carb is not None:
        return str(carb.get_settings().get(path) or "")
    return "" if stand_in is None else str(stand_in.current().settings.get(path) or "")


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
