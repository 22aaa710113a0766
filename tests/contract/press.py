"""Press the frames of one camera in a process of its own: python press.py TARGET CASE [--kill-at K] [--clock SECONDS]

`--kill-at K` ends the process by SIGKILL when frame K is asked for; `--clock` says what time and host it is.
"""

from __future__ import annotations

import argparse
import os
import platform
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path

from format_cases import CASES

import frames
from framepress.core import Frame
from framepress.dataset.writer import DatasetWriter


def killed_at(position: int | None) -> Iterator[Frame]:
    for number, frame in enumerate(frames.mono()):
        if number == position:
            os.kill(os.getpid(), signal.SIGKILL)
        yield frame
    if position is not None:
        os.kill(os.getpid(), signal.SIGKILL)


def elsewhere(clock_s: float) -> None:
    """Another time and another machine, as far as Python asks for them."""
    time.time = lambda: clock_s
    time.time_ns = lambda: int(clock_s * 1e9)
    socket.gethostname = lambda: f"host{clock_s:.0f}"
    platform.node = socket.gethostname
    os.uname = lambda: os.uname_result(("Linux", socket.gethostname(), "", "", ""))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("target", type=Path)
    parser.add_argument("cases", nargs="+")
    parser.add_argument("--kill-at", type=int)
    parser.add_argument("--clock", type=float)
    given = parser.parse_args()
    if given.clock is not None:
        elsewhere(given.clock)
    for name in given.cases:
        case = CASES[name]
        with DatasetWriter(given.target / name, case.formats, labels=frames.LABELS, workers=4) as writer:
            for frame in killed_at(given.kill_at):
                writer.add(frame)


if __name__ == "__main__":
    main()
