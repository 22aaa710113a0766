"""A tolerant look at `training/{image_2,label_2,calib,velodyne}` and `ImageSets`, for one camera or several."""

from __future__ import annotations

from array import array
from pathlib import Path

import numpy as np

from framepress.core.files import open_file
from framepress.errors import InputError
from framepress.quality.issue import Issue
from framepress.quality.kitti.calibrations import Calibration, parsed_calibration
from framepress.quality.kitti.folders import trees_of
from framepress.quality.kitti.gathered import gathered, images_of
from framepress.quality.kitti.labels import Fault, parsed_labels
from framepress.quality.kitti.sidecar import Sidecar, sidecar_of
from framepress.quality.kitti.table import KittiLook, Lines, Samples, Tree
from framepress.storage.images import probe

__all__ = ["look"]

_HEAD = 512
_CALIBRATION, _LABELS = 1 << 20, 1 << 23  # bytes: above what such files have
_JPEG_HEAD = 1 << 20  # a JPEG may hold a preview and profiles before it says its size


def look(path: Path) -> KittiLook:
    """Take in every label, calibration, list and image header below a folder.

    Raises:
        InputError: there is no `training/label_2` in it, nor in a folder of it.
    """
    root = Path(path)
    sidecar, unread = sidecar_of(root)
    trees, found = trees_of(root)
    unread += found
    if not trees:
        raise InputError(
            f"{root}: no training/label_2 in it or in a folder of it; give the folder that holds training"
            + "".join(f"; {issue.file}: {issue.message}" for issue in found[:1])
        )
    samples, calibrations = _samples(root, trees, sidecar, unread)
    lines, faults = _lines(root, trees, samples, unread)
    listed = images_of(root, sidecar, trees, samples)
    return KittiLook(
        root=root,
        unread=unread,
        sidecar=sidecar,
        trees=trees,
        samples=samples,
        lines=lines,
        faults=faults,
        calibrations=calibrations,
        listed=listed,
        gathered=gathered(sidecar, trees, samples, lines, calibrations),
    )


def _samples(root: Path, trees: list[Tree], sidecar: Sidecar, unread: list[Issue]) -> tuple[Samples, list[Calibration]]:
    known: dict[bytes, int] = {}
    calibrations: list[Calibration] = []
    rows: list[tuple[int, str, str, str, str, tuple[int, int], int]] = []
    for number, tree in enumerate(trees):
        stated = sidecar.size_wh(tree.view)
        for stem in _sorted({*tree.labels.names, *tree.images.names}):
            image, calib = tree.images.names.get(stem, ""), tree.calib.names.get(stem, "")
            size = _size_wh(root, f"{tree.prefix}image_2/{image}", unread) if image else stated
            row = -1
            content = _content(root, f"{tree.prefix}calib/{calib}", unread, _CALIBRATION) if calib else None
            if content is not None:
                if content not in known:
                    known[content] = len(calibrations)
                    calibrations.append(parsed_calibration(content.decode("utf-8-sig", "replace")))
                row = known[content]
            rows.append((number, stem, tree.labels.names.get(stem, ""), image, calib, size, row))
    return (
        Samples(
            tree=np.array([row[0] for row in rows], np.int64),
            stem=[row[1] for row in rows],
            label=[row[2] for row in rows],
            image=[row[3] for row in rows],
            calib=[row[4] for row in rows],
            size=np.array([row[5] for row in rows], np.int64).reshape(-1, 2),
            calibration=np.array([row[6] for row in rows], np.int64),
        ),
        calibrations,
    )


def _sorted(stems: set[str]) -> list[str]:
    """By number where a stem is one, then by name."""
    return sorted(stems, key=lambda stem: (len(stem.lstrip("0")) if stem.isdigit() else 99, stem.lstrip("0"), stem))


def _lines(
    root: Path, trees: list[Tree], samples: Samples, unread: list[Issue]
) -> tuple[Lines, list[tuple[int, Fault]]]:
    sample: list[int] = []
    line: list[int] = []
    kind: list[str] = []
    numbers: array[float] = array("d")
    faults: list[tuple[int, Fault]] = []
    names: dict[str, str] = {}
    for row, name in enumerate(samples.label):
        if not name:
            continue
        file = f"{trees[int(samples.tree[row])].prefix}label_2/{name}"
        content = _content(root, file, unread, _LABELS)
        if content is None:
            continue
        try:
            parsed = parsed_labels(content.decode())
        except UnicodeDecodeError as error:
            unread.append(Issue(message=f"is not UTF-8 text ({error}); is it compressed or another file?", file=file))
            continue
        sample += [row] * len(parsed.lines)
        line += parsed.lines
        kind += [names.setdefault(text, text) for text in parsed.kinds]
        numbers += parsed.numbers
        faults += [(row, fault) for fault in parsed.faults]
    return (
        Lines(
            sample=np.array(sample, np.int64),
            line=np.array(line, np.int64),
            kind=kind,
            numbers=np.array(numbers).reshape(-1, 15),
        ),
        faults,
    )


def _content(root: Path, file: str, unread: list[Issue], most: int) -> bytes | None:
    """Of a file that `folders` listed; None, and told, where it cannot be had."""
    try:
        with open_file(root / file) as stream:
            content = stream.read(most + 1)
    except (InputError, OSError) as error:
        unread.append(Issue(message=str(error).removeprefix(f"{root / file}: "), file=file))
        return None
    if len(content) > most:
        unread.append(Issue(message=f"is larger than {most} bytes, which no such file is; restore it", file=file))
        return None
    return content


def _size_wh(root: Path, file: str, unread: list[Issue]) -> tuple[int, int]:
    """From the header; (0, 0), and told, where it has none."""
    try:
        with open_file(root / file) as stream:
            head = stream.read(_HEAD)
            if head.startswith(b"\xff\xd8"):
                head += stream.read(_JPEG_HEAD)
        found = probe(head, file)
    except (InputError, OSError) as error:
        unread.append(Issue(message=str(error).removeprefix(f"{root / file}: ").removeprefix(f"{file}: "), file=file))
        return 0, 0
    return found.width, found.height
