"""Asks a heavy judge: a reader in an environment of its own that says, in plain values, what a dataset folder holds."""

from __future__ import annotations

import json
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from judges.environments import PINS, python_of

# judge -> environment and script
JUDGES = {
    "datumaro": ("datumaro", "judge_datumaro.py"),
    "ultralytics": ("ultralytics", "judge_ultralytics.py"),
    "torchvision_kitti": ("ultralytics", "judge_torchvision_kitti.py"),
    "nuscenes_kitti": ("nuscenes", "judge_nuscenes_kitti.py"),
}


def judged(judge: str, root: Path, *arguments: str, limit_s: float = 120) -> dict[str, Any]:
    """What `judge` understood of the dataset at `root`; the module docstring of its script lists its `arguments`.

    A refusal of the reader is part of the document. Raises RuntimeError, with the script's last words, when the script
    itself fails, and TimeoutExpired after `limit_s`; making the environment, on first use, is not limited.
    """
    environment, script = JUDGES[judge]
    python = python_of(environment)
    with tempfile.TemporaryDirectory() as home:
        run = subprocess.run(
            [str(python), "-sE", str(PINS / script), str(root), *arguments],
            capture_output=True,
            cwd=home,
            env={"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "HOME": home, "TMPDIR": home},
            timeout=limit_s,
        )
    if run.returncode != 0:
        last_words = run.stderr.decode(errors="replace")[-4000:]
        raise RuntimeError(f"judge {judge} failed on {root} (exit {run.returncode}):\n{last_words}")
    return json.loads(run.stdout)


def mask_of(runs: list[int], size_wh: tuple[int, int]) -> np.ndarray:
    """The bool (H, W) mask of a judge's column-major run lengths, zeros first."""
    width, height = size_wh
    if sum(runs) != width * height:
        raise ValueError(f"runs cover {sum(runs)} pixels of a {width}x{height} image")
    values = np.arange(len(runs)) % 2 == 1
    return np.repeat(values, runs).reshape((height, width), order="F")
