"""One writer a dataset: a lock that the system drops when the process ends, however it ends."""

from __future__ import annotations

import os
import sys
import threading

from framepress.errors import OutputError
from framepress.storage.output import refused

__all__ = ["FolderLock"]

_HELD: dict[str, int] = {}
_GUARD = threading.Lock()


class FolderLock:
    """An advisory lock on the file `name`, which holds the owner's process id while it is held.

    POSIX record locks belong to a process: a forked child does not keep one, unlike `flock`. They do not tell two
    writers in one process apart, so a table does.

    Raises:
        OutputError: another writer has it, with its process id.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._key = os.path.realpath(name)
        with _GUARD:
            if _HELD.get(self._key) == os.getpid():
                raise _taken(name, f"this process ({os.getpid()})")
            try:
                self._descriptor = self._acquire()
            except OSError as error:
                raise refused(name, "locked", error) from error
            _HELD[self._key] = os.getpid()

    def _acquire(self) -> int:
        while True:
            descriptor = os.open(self._name, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o666)
            if not _try_lock(descriptor):
                owner = os.read(descriptor, 64).decode("ascii", "replace").strip() or "unknown"
                os.close(descriptor)
                raise _taken(self._name, f"process {owner}")
            # The owner before us may have removed the file between our open and our lock.
            if _same_file(descriptor, self._name):
                os.ftruncate(descriptor, 0)
                os.write(descriptor, f"{os.getpid()}\n".encode())
                return descriptor
            os.close(descriptor)

    def release(self) -> None:
        """Gives it up; a second call does nothing."""
        with _GUARD:
            if _HELD.get(self._key) != os.getpid() or self._descriptor < 0:
                return
            del _HELD[self._key]
            if sys.platform != "win32":  # an open file cannot be removed there; a stale one locks nothing
                os.unlink(self._name)
            os.close(self._descriptor)
            self._descriptor = -1


def _taken(name: str, owner: str) -> OutputError:
    return OutputError(f"{name}: {owner} is writing this dataset; wait for it, or choose another target")


def _same_file(descriptor: int, name: str) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), os.stat(name))
    except FileNotFoundError:
        return False


if sys.platform == "win32":
    import msvcrt

    def _try_lock(descriptor: int) -> bool:
        # The byte lies behind the text, so that others can read who has it.
        os.lseek(descriptor, 1 << 20, os.SEEK_SET)
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        finally:
            os.lseek(descriptor, 0, os.SEEK_SET)
        return True
else:
    import fcntl

    def _try_lock(descriptor: int) -> bool:
        try:
            fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except (BlockingIOError, PermissionError):
            return False
        return True
