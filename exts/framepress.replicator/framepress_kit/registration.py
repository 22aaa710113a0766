"""`FramepressWriter` in Replicator's registry: once, for however many extensions bring it.

The repository can be enabled as an extension beside the one below its exts/. Both run this module: the first start
registers the writer, the last end takes it away. Kit restarts extensions one by one when a file is edited, and imports
this module anew while the other one still runs: so what both share is found through the writer that is registered.
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any
from weakref import WeakSet

import carb

from framepress_kit import library

__all__ = ["NAME", "hold", "release"]

NAME = "FramepressWriter"


@dataclass
class _Shared:
    """Args: of_others: whether the library was there before any holder, and stays."""

    holders: list[object] = field(default_factory=list)
    registration: Registration | None = None
    of_others: bool = library.WAS_LOADED


class Registration:
    """The writer's class, known to Replicator until `close`."""

    def __init__(self, rep: ModuleType, shared: _Shared) -> None:
        """The one before it, of files that were edited since, is closed once this one can be made."""
        from framepress.errors import FramepressError

        self._rep = rep
        self._expected = (FramepressError, OSError)  # Kit may have forgotten the library when `close` needs them
        self._written: WeakSet[Any] = WeakSet()
        self._writer_class = _writer_class(rep, self._written, shared)
        if shared.registration is not None:
            shared.registration.close()
        rep.WriterRegistry.register(self._writer_class)
        names = _default_names(rep)
        if NAME not in names:
            names.append(NAME)

    def close(self) -> None:
        """Complete every dataset that is still open, and take the writer away; their errors are logged.

        Whatever else is raised is raised after all of it.
        """
        with ExitStack() as steps:
            steps.callback(self._unregister)
            for writer in list(self._written):
                steps.callback(self._complete, writer)
            self._written.clear()

    def _complete(self, writer: Any) -> None:
        try:
            writer.seal()
        except self._expected as error:
            carb.log_error(f"{NAME}: {error}")

    def _unregister(self) -> None:
        names = _default_names(self._rep)
        if NAME in names:
            names.remove(NAME)
        if self._rep.WriterRegistry.get_writers().get(NAME) is self._writer_class:
            self._rep.writers.unregister_writer(NAME)


_shared = _Shared()


def hold(holder: object) -> None:
    """Have the writer registered until `release`, by this holder and the others; where it fails, nothing is left.

    Raises:
        LibraryClash: another version of the library is loaded.
        RuntimeError: someone else's writer has the name, and would be lost without a word.
    """
    global _shared
    if holder in _shared.holders:
        return
    try:
        import omni.replicator.core as rep

        taken = rep.WriterRegistry.get_writers().get(NAME)
        _shared = getattr(taken, "_framepress_shared", _shared)
        if not isinstance(_shared.registration, Registration):
            _check_free(taken, _shared)
            library.load()
            if taken is None or _shared.registration is not None:
                _shared.registration = Registration(rep, _shared)
    except BaseException:
        if not _shared.holders and not _shared.of_others:
            library.unload()
        raise
    _shared.holders.append(holder)


def release(holder: object) -> None:
    """The holder's part in it ends; nothing where it had none."""
    if holder not in _shared.holders:
        return
    _shared.holders.remove(holder)
    if _shared.holders:
        return
    registration, _shared.registration = _shared.registration, None
    with ExitStack() as steps:
        if not _shared.of_others:
            steps.callback(library.unload)
        if registration is not None:
            registration.close()


def _check_free(taken: type[Any] | None, shared: _Shared) -> None:
    """The name is free, ours, or has the library's own writer, which a job registers."""
    if taken is None or shared.registration is not None or taken.__module__.partition(".")[0] == "framepress":
        return
    raise RuntimeError(f"Replicator has a writer {NAME} already, from {taken.__module__}: rename that one")


def _writer_class(rep: ModuleType, written: WeakSet[Any], shared: _Shared) -> type[Any]:
    """`build_writer`'s class; each of its writers that is given a frame is put into `written`.

    Those that are initialized would not do: Isaac Sim's graph nodes attach deep copies of them.
    """
    from framepress.replicator.writer import build_writer

    class FramepressWriter(build_writer(rep)):  # type: ignore[misc]  # which Replicator is known at run time only
        __doc__ = build_writer.__doc__
        _framepress_shared = shared

        def write(self, data: dict[str, Any]) -> None:
            written.add(self)
            super().write(data)

    return FramepressWriter


def _default_names(rep: ModuleType) -> list[str]:
    """Whom Replicator's telemetry calls by name, and not "Custom writer"; the list is private, and may be missing."""
    names = getattr(rep.WriterRegistry, "_default_writers", None)
    return names if isinstance(names, list) else []
