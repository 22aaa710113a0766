"""Who uses a store at the moment: one small file each in `leases/`, gone when its owner is done.

It is called <token>.<machine>.<process id>.<start of the process>.json, so that whose it is can be told however little
of {"purpose", "holds", "leaves"} was written into it.

Contents are taken away only while nobody adds any (they may rely on one that no version needs yet), and what a reader
holds is kept. Both sides first say that they are there and then look for the other, so they cannot miss each other: who
takes away (`exclusive`) gives up, who adds or reads waits. A lease of a process that has ended is void at once on the
same machine; on another one it is void when it was not renewed for `EXPIRY_S`, by the clock of the file system.
"""

from __future__ import annotations

import errno
import functools
import hashlib
import json
import os
import re
import secrets
import shutil
import stat
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from framepress.errors import OutputError
from framepress.storage.output import refused

__all__ = ["EXPIRY_S", "Lease", "Leases"]

EXPIRY_S = 900.0
_RENEWED_S = 60.0
_LOOK_S = 0.05
_SWEEPS = "gc"
_NAME = re.compile(r"([0-9a-f]{16})\.([0-9a-f]{16}|)\.([0-9]+)\.([0-9]*)\.json")
_READ_ONLY = {errno.EROFS, errno.EACCES, errno.EPERM}


@dataclass(frozen=True)
class Lease:
    """One user of a store.

    Args:
        purpose: commit, checkout, gc, ...
        holds: the commits whose contents must stay; None for all that is there.
        token: begins the names of all that its owner has not finished, and is part of what it leaves elsewhere.
        path: of its file.
        process: its machine, id and start; "" where that cannot be known.
        leaves: folders elsewhere that are void when the lease is: `.<name>.<token>`, absolute.
    """

    purpose: str
    holds: tuple[str, ...] | None
    token: str
    path: Path
    process: tuple[str, str, str]
    leaves: tuple[str, ...] = ()

    def check(self) -> None:
        """Raises:
        OutputError: others took it for void, as it was not renewed in time: what was added may be gone.
        """
        if not self.path.exists():
            raise OutputError(f"{self.path}: was taken away while the {self.purpose} went on; do it again")

    def to_json(self) -> bytes:
        return json.dumps({"purpose": self.purpose, "holds": self.holds, "leaves": self.leaves}).encode()


class Leases:
    """The leases of the store at `root`."""

    def __init__(self, root: Path) -> None:
        self._folder = root / "leases"
        self._temporary = root / "tmp"

    @contextmanager
    def hold(
        self, purpose: str, holds: Sequence[str] | None = None, *, leaves: Path | None = None, wait_s: float = 600.0
    ) -> Iterator[Lease]:
        """Use the store; waits while contents are being taken away.

        Args:
            leaves: a folder elsewhere that is void when this ends early; the token is put behind its name.

        Raises:
            OutputError: the store cannot be written, or it took too long.
        """
        with self._made(purpose, None if holds is None else tuple(holds), leaves) as lease:
            end = time.monotonic() + wait_s
            while sweeper := next((other for other in self.live() if other.purpose == _SWEEPS), None):
                if time.monotonic() > end:
                    raise OutputError(f"{sweeper.path}: gc has been going on for {wait_s:.0f} s; wait for it")
                time.sleep(_LOOK_S)
            yield lease

    @contextmanager
    def exclusive(self) -> Iterator[tuple[Lease, list[Lease]]]:
        """Take contents away: the lease, and the readers whose commits must stay.

        Raises:
            OutputError: somebody adds to the store, or takes away too.
        """
        with self._made(_SWEEPS, (), None) as lease:
            others = [other for other in self.live() if other.token != lease.token]
            busy = next((other for other in others if other.holds is None or other.purpose == _SWEEPS), None)
            if busy is not None:
                raise OutputError(f"{busy.path}: a {busy.purpose} goes on in this store; do it when that is done")
            yield lease, others

    @contextmanager
    def _made(self, purpose: str, holds: tuple[str, ...] | None, leaves: Path | None) -> Iterator[Lease]:
        token = secrets.token_hex(8)
        process = _this_process()
        left = () if leaves is None else (f"{leaves}{token}",)
        lease = Lease(purpose, holds, token, self._folder / f"{token}.{'.'.join(process)}.json", process, left)
        try:
            self._folder.mkdir(exist_ok=True)
            self._temporary.mkdir(exist_ok=True)
            with lease.path.open("xb", buffering=0) as stream:
                stream.write(lease.to_json())
        except OSError as error:
            with suppress(OSError):
                lease.path.unlink()
            if holds and error.errno in _READ_ONLY:
                yield lease  # nobody takes anything away where nothing can be written
                return
            raise refused(lease.path, "written", error) from error
        done = threading.Event()
        renewing = threading.Thread(target=_renew, args=(lease.path, done), daemon=True, name="framepress-lease")
        renewing.start()
        try:
            yield lease
        finally:
            done.set()
            renewing.join()
            with suppress(FileNotFoundError):
                lease.path.unlink()

    def live(self) -> list[Lease]:
        """Those that count; what the others left is cleared away."""
        now_ns = self._now_ns()
        found = []
        for path in sorted(self._folder.glob("*.json")):
            lease, age_s = _read(path, now_ns)
            if lease is None:
                continue
            if _is_live(lease, age_s):
                found.append(lease)
            else:
                self._clear(lease)
        return found

    def _now_ns(self) -> int:
        """By the clock of the file system, which need not be this machine's."""
        probe = self._temporary / f"{secrets.token_hex(8)}-clock"
        try:
            probe.touch()
            now_ns = probe.stat().st_mtime_ns
            probe.unlink()
        except OSError:
            return 0
        return now_ns

    def _clear(self, lease: Lease) -> None:
        for left in lease.leaves:
            # Who wrote this is not known: only what nobody but the lease's owner calls so may go.
            if os.path.isabs(left) and re.fullmatch(rf"\..+\.{lease.token}", os.path.basename(left), re.DOTALL):
                shutil.rmtree(left, ignore_errors=True)
        for temp in self._temporary.glob(f"{lease.token}-*"):
            with suppress(OSError):
                temp.unlink()
        with suppress(OSError):
            lease.path.unlink()


def _renew(path: Path, done: threading.Event) -> None:
    while not done.wait(_RENEWED_S):
        with suppress(OSError):
            os.utime(path)


def _read(path: Path, now_ns: int) -> tuple[Lease | None, float]:
    """None where it has gone meanwhile, or is no lease."""
    named = _NAME.fullmatch(path.name)
    if named is None:
        return None, 0.0
    try:
        status = path.lstat()
        if not stat.S_ISREG(status.st_mode):
            return None, 0.0
        age_s = (now_ns - status.st_mtime_ns) / 1e9
        found = json.loads(path.read_bytes())
    except FileNotFoundError:
        return None, 0.0
    except (OSError, ValueError, RecursionError):
        found = {}  # its owner is about to write it, or ended before
    if not isinstance(found, dict):
        found = {}
    token, *process = named.groups()
    holds, leaves = found.get("holds"), found.get("leaves")
    return (
        Lease(
            str(found.get("purpose", "process")),
            tuple(map(str, holds)) if isinstance(holds, list) else None,
            token,
            path,
            (process[0], process[1], process[2]),
            tuple(map(str, leaves)) if isinstance(leaves, list) else (),
        ),
        age_s,
    )


def _is_live(lease: Lease, age_s: float) -> bool:
    machine, id, started = lease.process
    if not machine or machine != _machine():
        return age_s < EXPIRY_S
    return started == _started(id) != ""


def _this_process() -> tuple[str, str, str]:
    id = str(os.getpid())
    return _machine(), id, _started(id)


@functools.cache
def _machine() -> str:
    """What tells machines, their starts, and containers apart; "" where it cannot be known."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
        return hashlib.sha256(f"{boot} {os.stat('/proc/self/ns/pid').st_ino}".encode()).hexdigest()[:16]
    except OSError:
        return ""


def _started(id: str) -> str:
    """When a process of this machine began, in its own count; "" where there is none such."""
    try:
        # The name, in parentheses, may hold anything; what follows is fields. Number 22 of all is the start.
        fields = Path(f"/proc/{id}/stat").read_text("utf-8", "replace").rpartition(")")[2].split()
    except OSError:
        return ""
    return "" if fields[0] in "ZX" else fields[19]
