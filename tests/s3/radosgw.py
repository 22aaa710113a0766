"""A real S3 server for tests: Ceph's radosgw with one monitor and one disk, on loopback, in a folder of its own.

From Debian's packages (62 MB to fetch), which are installed where this runs as root. Daemons run in the foreground as
children of the process that asked for them, die with it, and their folder is removed after them.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

from s3.server import S3Server, free_ports

PACKAGES = ("ceph-mon", "ceph-osd", "ceph-common", "radosgw")
COMMANDS = ("monmaptool", "ceph-mon", "ceph-osd", "ceph", "radosgw", "radosgw-admin", "setpriv")
_UP_WITHIN_S = 60
_CONF = """\
[global]
fsid = {fsid}
mon host = [v1:127.0.0.1:{mon}]
public addr = 127.0.0.1
cluster addr = 127.0.0.1
auth cluster required = none
auth service required = none
auth client required = none
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 4
osd pool default pg autoscale mode = off
osd crush chooseleaf type = 0
osd crush update on start = false
osd class update on start = false
mon allow pool size one = true
mon data avail crit = 1
mon data avail warn = 1
run dir = {root}/run
admin socket = {root}/run/$name.asok
pid file = {root}/run/$name.pid
log file = {root}/log/$name.log
crash dir = {root}/crash
osd objectstore = bluestore
bluestore block size = {disk_bytes}
osd data = {root}/osd
mon data = {root}/mon
[client.rgw]
rgw frontends = beast endpoint=127.0.0.1:{http}
rgw thread pool size = 64
rgw data = {root}/rgw
"""


class RadosgwError(RuntimeError):
    """The server does not come up; the message says what its daemons said."""


class NotInstalledError(RuntimeError):
    """Ceph is not here and cannot be installed; the message says why."""


def install() -> None:
    """See that Ceph's commands are there.

    Raises:
        NotInstalledError: they are not and cannot be installed, with the reason.
    """
    missing = [command for command in COMMANDS if shutil.which(command) is None]
    if not missing:
        return
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        raise NotInstalledError(
            f"no {', '.join(missing)} here; as root on Debian: apt-get install {' '.join(PACKAGES)}"
        )
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for step in (["update"], ["install", "-y", "--no-install-recommends", *PACKAGES, "util-linux"]):
        run = subprocess.run(["apt-get", *step], env=environment, capture_output=True, text=True)
        if run.returncode:
            raise NotInstalledError(f"apt-get {step[0]} failed ({run.returncode}): {run.stderr.strip()[-400:]}")


@contextmanager
def running(disk_bytes: int = 2 << 30) -> Iterator[S3Server]:
    """A server for the time of a block; it takes some seconds to come up.

    Args:
        disk_bytes: of a sparse file in the temporary folder.

    Raises:
        NotInstalledError: Ceph is not here, and cannot be installed.
        RadosgwError: it does not come up.
    """
    install()
    root = Path(tempfile.mkdtemp(prefix="radosgw-"))
    daemons: list[subprocess.Popen[bytes]] = []
    try:
        yield _start(root, disk_bytes, daemons)
    finally:
        for daemon in reversed(daemons):
            daemon.kill()
            daemon.wait()
        shutil.rmtree(root, ignore_errors=True)


def _start(root: Path, disk_bytes: int, daemons: list[subprocess.Popen[bytes]]) -> S3Server:
    for name in ("mon", "osd", "run", "log", "rgw", "crash"):
        (root / name).mkdir()
    mon, http = free_ports(2)
    fsid = str(uuid.uuid4())
    conf = root / "ceph.conf"
    conf.write_text(_CONF.format(fsid=fsid, root=root, mon=mon, http=http, disk_bytes=disk_bytes))
    monmap = str(root / "monmap")
    _ran(root, "monmaptool", "--create", "--clobber", "--addv", "a", f"[v1:127.0.0.1:{mon}]", "--fsid", fsid, monmap)
    _ran(root, "ceph-mon", "-c", conf, "--mkfs", "-i", "a", "--monmap", monmap)
    daemons.append(_daemon(root, "ceph-mon", "-i", "a"))
    disk = str(uuid.uuid4())
    _ran(root, "ceph", "-c", conf, "--connect-timeout", str(_UP_WITHIN_S), "osd", "create", disk)
    _ran(root, "ceph-osd", "-c", conf, "-i", "0", "--mkfs", "--osd-uuid", disk)
    # By hand: a disk that tells its own place before it has met the monitor ends with "wrong fsid".
    _ran(root, "ceph", "-c", conf, "osd", "crush", "add", "osd.0", "1", "root=default")
    daemons.append(_daemon(root, "ceph-osd", "-i", "0"))
    daemons.append(_daemon(root, "radosgw", "-n", "client.rgw"))
    _wait_for(f"http://127.0.0.1:{http}/", root, daemons)
    server = S3Server(f"http://127.0.0.1:{http}")
    _ran(
        root, "radosgw-admin", "-c", conf, "user", "create", "--uid", "tester", "--display-name", "tester",
        "--access-key", server.access_key, "--secret-key", server.secret_key,
    )  # fmt: skip
    return server


def _daemon(root: Path, command: str, *arguments: str) -> subprocess.Popen[bytes]:
    whole = ["setpriv", "--pdeathsig", "KILL", command, "-f", "-c", str(root / "ceph.conf"), *arguments]
    with (root / "log" / f"{command}.out").open("wb") as out:
        return subprocess.Popen(whole, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT)


def _ran(root: Path, *command: str | Path) -> None:
    try:
        run = subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=_UP_WITHIN_S)
    except subprocess.TimeoutExpired as error:
        raise RadosgwError(f"{command[0]} did not end within {_UP_WITHIN_S} s\n{_said(root)}") from error
    if run.returncode:
        raise RadosgwError(f"{command[0]} failed ({run.returncode}): {run.stderr.strip()[-400:]}\n{_said(root)}")


def _wait_for(url: str, root: Path, daemons: list[subprocess.Popen[bytes]]) -> None:
    until = time.monotonic() + _UP_WITHIN_S
    while time.monotonic() < until:
        for daemon in daemons:
            if daemon.poll() is not None:
                raise RadosgwError(f"{daemon.args} ended with {daemon.returncode}\n{_said(root)}")
        try:
            urlopen(url, timeout=2).close()
            return
        except HTTPError:
            return  # it answers
        except (URLError, OSError):
            time.sleep(0.1)
    raise RadosgwError(f"nothing answers at {url} after {_UP_WITHIN_S} s\n{_said(root)}")


def _said(root: Path) -> str:
    """The end of what each daemon wrote."""
    files = sorted((root / "log").iterdir())
    return "\n".join(f"{file.name}: {file.read_text(errors='replace')[-600:]}" for file in files)
