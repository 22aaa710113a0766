"""One writer a dataset: a lock that the system drops when the process ends, however it ends."""

from __future__ import annotations

import os
import sys
from contextlib import suppress

from framepress.errors import OutputError
from framepress.storage.output import refused

__all__ = ["FolderLock"]

_OPEN = os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOFOLLOW", 0)
_HELD: set[int] = set()


class FolderLock:
    """An advisory lock on the file `name`, which holds the owner's process id as long as it is held.

    `flock` rather than POSIX record locks: those are lost when any reader in this process closes the file.

    Raises:
        OutputError: another writer, in this process or another, has it; with the process id.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._descriptor = -1
        try:
            self._acquire()
        except OSError as error:
            self.release()
            raise refused(name, "locked", error) from error

    def _acquire(self) -> None:
        while True:
            descriptor = os.open(self._name, _OPEN, 0o666)
            if not _try_lock(descriptor):
                owner = os.read(descriptor, 64).decode("ascii", "replace").strip() or "unknown"
                os.close(descriptor)
                raise OutputError(
                    f"{self._name}: process {owner} is writing this dataset; wait for it, or choose another target"
                )
            # The owner before us may have removed the file between our open and our lock.
            if _same_file(descriptor, self._name):
                self._descriptor = descriptor
                _HELD.add(descriptor)
                os.ftruncate(descriptor, 0)
                os.write(descriptor, f"{os.getpid()}\n".encode())
                return
            os.close(descriptor)

    def release(self) -> None:
        """Gives it up; does nothing a second time, or in a forked child."""
        if self._descriptor in _HELD:
            if sys.platform != "win32":  # an open file cannot be removed there, and a stale one locks nothing
                with suppress(FileNotFoundError):  # somebody took the file away
                    os.unlink(self._name)
            _HELD.discard(self._descriptor)
            os.close(self._descriptor)
        self._descriptor = -1


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
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _forget() -> None:
        # A forked child shares the lock, and would keep it when its parent is killed.
        for descriptor in _HELD:
            os.close(descriptor)
        _HELD.clear()

    os.register_at_fork(after_in_child=_forget)
