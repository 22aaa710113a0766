"""Checking the images of a dataset, 1280 x 720, as PNG and as JPEG: ours beside Ultralytics' scan and cleanvision.

    python bench/images_checked.py [--images N] [--repeats N]

CPU milliseconds an image, one thread, the least of some runs, and how much of ours each is. "numpy" is ours without
numba and isal (extra "fast"). What is compared does
not do the same: Ultralytics opens a file, verifies the check sums of a PNG or the last two bytes of a JPEG, and reads
EXIF; cleanvision decodes, measures and hashes; ours does all of that, decodes strictly, and compares all pictures with
each other. A peer that is not installed is left out, with what would install it.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
from PIL import Image
from workload import id_map, picture, table

from framepress.quality.images import rules, table_rules
from framepress.quality.images.pictures import Picture, Pictures, pictures
from framepress.quality.look import ImageFile
from framepress.quality.rule import rules_in

VENVS = Path(__file__).resolve().parents[1] / ".venvs"
ULTRALYTICS = """
import sys, time
from ultralytics.data.utils import verify_image
folder, repeats = sys.argv[1], int(sys.argv[2])
from pathlib import Path
files = sorted(map(str, Path(folder).iterdir()))
def scan():
    begin = time.process_time()
    assert sum(verify_image(((file, 0), ""))[1] for file in files) == len(files)
    return time.process_time() - begin
print(min(scan() for _ in range(repeats)) / len(files) * 1e3)
"""
CLEANVISION = """
import contextlib, io, sys, time
from cleanvision import Imagelab
folder, repeats = sys.argv[1], int(sys.argv[2])
def checked():
    with contextlib.redirect_stdout(io.StringIO()):
        begin = time.process_time()
        found = Imagelab(data_path=folder)
        found.find_issues(n_jobs=1, verbose=False)
        return (time.process_time() - begin) / len(found.issues)
print(min(checked() for _ in range(repeats)) * 1e3)
"""
PEERS = (
    (
        "Ultralytics' scan (nothing decoded)",
        "ultralytics",
        ULTRALYTICS,
        "python tests/judges/environments.py ultralytics",
    ),
    ("cleanvision", "cleanvision", CLEANVISION, "python -m venv .venvs/cleanvision; its pip: -r bench/cleanvision.txt"),
)


def made(folder: Path, images: int, ending: str) -> None:
    folder.mkdir()
    for number in range(images):
        pixels = picture(id_map(30, 30_000 + number), number)
        Image.fromarray(pixels).save(folder / f"{number:04d}{ending}", **({"quality": 95} if ending == ".jpg" else {}))


def by_pillow(files: Sequence[Path]) -> None:
    for file in files:
        with Image.open(file) as image:
            np.asarray(image)


def by_ours(files: Sequence[Path]) -> None:
    def checked() -> Iterator[Picture]:
        for found in pictures([ImageFile(file, file.name, 1280, 720) for file in files], workers=1):
            issues = [issue for rule in rules_in(rules) for issue in rule(found)]
            assert not issues, issues
            yield found

    gathered = Pictures.of(checked())
    assert not [issue for rule in rules_in(table_rules) for issue in rule(gathered)]


def milliseconds(call: Callable[[Sequence[Path]], None], files: Sequence[Path], repeats: int) -> float:
    taken = []
    for _ in range(repeats):
        begin = time.process_time()
        call(files)
        taken.append(time.process_time() - begin)
    return min(taken) / len(files) * 1e3


def by_peer(environment: str, script: str, folder: Path, repeats: int) -> float | None:
    """None where it is not installed."""
    python = VENVS / environment / "bin" / "python"
    if not python.exists():
        return None
    command = [str(python), "-c", script, str(folder), str(repeats)]
    answer = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return float(answer.split()[-1])


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=16)
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as root:
        for ending in (".png", ".jpg"):
            folder = Path(root) / ending[1:]
            made(folder, options.images, ending)
            files = sorted(folder.iterdir())
            found: list[tuple[str, float]] = []
            for backend in ("fast", "numpy"):
                os.environ["FRAMEPRESS_BACKEND"] = "numpy" if backend == "numpy" else ""
                by_ours(files[:1])
                taken = milliseconds(by_ours, files, options.repeats)
                found.append((f"framepress, all rules for pictures, {backend}", taken))
            found.append(("Pillow's decoding alone", milliseconds(by_pillow, files, options.repeats)))
            for name, environment, script, way in PEERS:
                taken = by_peer(environment, script, folder, options.repeats)
                if taken is None:
                    print(f"{name}: not installed ({way})", file=sys.stderr)
                else:
                    found.append((name, taken))
            rows = [(name, f"{taken:.2f}", f"{taken / found[0][1]:.2f}") for name, taken in found]
            print(table(f"{options.images} images {ending}", ("", "CPU ms an image", "of ours"), rows))


if __name__ == "__main__":
    main()
