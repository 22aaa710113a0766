"""Bridges: versions kept by git, with Git LFS or DVC for what is big, instead of by our own store.

`begin` starts one, `bridge` opens what keeps a dataset's versions, whatever it is; both give the verbs of
`history.History`.
"""

from __future__ import annotations

from pathlib import Path

from framepress.errors import OptionError
from framepress.versions.bridges.bridge import Bridge
from framepress.versions.bridges.kinds import KINDS, remembered
from framepress.versions.bridges.tools import Say
from framepress.versions.history import History

__all__ = ["KINDS", "Bridge", "begin", "bridge", "remembered"]


def begin(dataset: Path | str, kind: str | None = None, *, say: Say | None = None) -> History | Bridge:
    """Begin to keep versions of a folder: with a tool of `KINDS`, or (None) as they are kept already, or in a store.

    Raises:
        OptionError: the tool is not installed, or versions are kept in another way.
        InputError: it is no folder.
    """
    wanted = kind or remembered(Path(dataset))
    return History.init(dataset) if wanted is None else Bridge.init(dataset, wanted, say=say)


def bridge(dataset: Path | str, kind: str | None = None, *, say: Say | None = None) -> History | Bridge:
    """What keeps the versions of a folder.

    Args:
        kind: what it must be; None for whatever it is.

    Raises:
        OptionError: it is kept in another way, or the tool is not installed.
        InputError: no versions are kept of it.
    """
    found = remembered(Path(dataset))
    if kind is not None and kind != found:
        raise OptionError(f"{dataset}: its versions are kept by {found or 'our own store, if at all'}, not by {kind}")
    return History.open(dataset) if found is None else Bridge.open(dataset, say=say)
