"""moto's S3 server, in an environment of its own: a second opinion, which keeps all in memory and checks no secret."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from judges import environments
from s3.server import S3Server, free_ports

__all__ = ["running"]

_UP_WITHIN_S = 60


@contextmanager
def running(log: Path) -> Iterator[S3Server]:
    """A server for the time of a block.

    Raises:
        JudgeEnvironmentError: it cannot be installed.
        RuntimeError: it does not come up.
    """
    python = environments.python_of("moto")
    [port] = free_ports(1)
    command = [str(python), "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    with log.open("wb") as out:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT)
    try:
        until = time.monotonic() + _UP_WITHIN_S
        while not _answers(port):
            if process.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"moto does not come up: {log.read_text(errors='replace')[-800:]}")
            time.sleep(0.1)
        yield S3Server(f"http://127.0.0.1:{port}", is_open=True)
    finally:
        process.kill()
        process.wait()


def _answers(port: int) -> bool:
    try:
        urlopen(f"http://127.0.0.1:{port}/moto-api/", timeout=2).close()
    except (URLError, OSError):
        return False
    return True
