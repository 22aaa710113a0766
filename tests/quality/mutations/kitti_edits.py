"""A good KITTI dataset, what the rules find in one, and the small changes that break it."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from formats.pressing import press
from framepress.core import Camera, Frame, LabelMap, View
from framepress.formats.kitti import Writer
from framepress.quality.files.rules import files_can_be_read
from framepress.quality.issue import Issue
from framepress.quality.kitti import rules
from framepress.quality.kitti.look import look
from framepress.quality.rule import rules_in
from things import Thing, camera_at, cuboid, flat, view_of

__all__ = [
    "EMPTY",
    "FIELDS",
    "FRONT",
    "Mutation",
    "SIDE",
    "Where",
    "calib",
    "calibrated",
    "copied",
    "dont_care_first",
    "drive",
    "edited",
    "every",
    "exchanged",
    "fields",
    "first",
    "first_field",
    "found",
    "good",
    "label",
    "lidar",
    "lines_of",
    "linked_out",
    "moved",
    "narrower_when_mirrored",
    "near_car",
    "other_camera",
    "projected",
    "renamed",
    "scaled",
    "set_to",
    "sidecar",
    "sideways",
    "text",
    "then",
    "turned_back",
    "velodyne",
    "whole",
    "with_blank",
    "with_bytes",
    "without",
    "written",
]

FIELDS = (
    *("type", "truncated", "occluded", "alpha", "left", "top", "right", "bottom"),
    *("height", "width", "length", "x", "y", "z", "rotation_y"),
)
LABELS = LabelMap.of(["car", "person", "pallet", "crowd"])
SIZES = {"car": (4.2, 1.8, 1.5), "person": (0.6, 0.5, 1.8), "pallet": (1.2, 0.8, 0.5)}  # length width height
KINDS = ("car", "person", "pallet", "car")
COUNT = 12
EMPTY = 5  # the frame without objects
FRONT, SIDE = "front/training", "side/training"

Change = Callable[[Path], "Where"]


@dataclass(frozen=True)
class Where:
    """Where a finding must point: the beginning of `file`, `line`, `place`."""

    file: str
    line: int | None = None
    place: str = ""


@dataclass(frozen=True)
class Mutation:
    """Args: change: breaks the dataset in place; findings: how many of `code`, None for one and more; also: others.

    `also` are codes that cannot but be found too; `tilt` is the policy of the good dataset.
    """

    name: str
    code: str
    change: Change
    findings: int | None = 1
    also: tuple[str, ...] = ()
    tilt: str = "project"


def drive(
    count: int = COUNT, *, pitch_deg: float = 0.0, sizes: tuple[tuple[int, int], ...] = ((160, 90), (96, 65))
) -> list[Frame]:
    """A car with a camera ahead and one to the side, on a level floor, among cars, persons and pallets that turn."""
    found = []
    for index in range(count):
        rng = np.random.default_rng((3, index))
        cameras = {
            "front": camera_at(sizes[0], 0.75 * sizes[0][0], (0, 0, 1.6), pitch_deg=pitch_deg),
            "side": camera_at(sizes[1], 0.6 * sizes[1][0], (0.3, -0.2, 1.9), yaw_deg=-35, pitch_deg=pitch_deg),
        }
        slots = rng.permutation(len(KINDS)).tolist()
        rows = [] if index == EMPTY else [(kind, *_place(rng, slot)) for kind, slot in zip(KINDS, slots, strict=True)]
        views = tuple(_view(camera, name, rows, index) for name, camera in cameras.items())
        split = "train" if index < 8 else "val" if index < 10 else "test"
        found.append(Frame(f"drive/{index:04d}", index, views, sequence="drive", split=split))
    return found


def _place(rng: np.random.Generator, slot: int) -> tuple[float, float, float]:
    """x to the right, y ahead [m], yaw [deg]; slots stand side by side as the front camera sees them."""
    ahead = rng.uniform(8, 20)
    return float((-0.48 + 0.32 * slot + rng.uniform(-0.06, 0.06)) * ahead), float(ahead), float(rng.uniform(0, 360))


def _view(camera: Camera, name: str, rows: list[tuple[str, float, float, float]], seed: int) -> View:
    things: list[Thing] = []
    for row, (kind, x, y, yaw_deg) in enumerate(rows):
        size = SIZES[kind]
        forward = camera.world_from_camera[:3, 2]
        if (np.array((x, y, 0)) - camera.world_from_camera[:3, 3]) @ forward > 3:
            things.append(
                cuboid(kind, row + 1, camera, (x, y, size[2] / 2), size, yaw_deg, track=f"/World/{kind}_{row}")
            )
    if rows:
        things.append(flat("crowd", 90, camera, [(2, 3, 9, 8)], depth_m=90, track="/World/Crowd", crowd=True))
    return view_of(camera, things, name=name, seed=seed)


def good(root: Path, tilt: str = "project", **options: Any) -> dict[str, int]:
    """The drive with two cameras, crowds, lidar, an empty frame and three splits; the counts of what was left out."""
    pitch = 15.0 if tilt == "level" else 0.0
    given = {"velodyne": "depth", "tilt": tilt, **options}
    return press(Writer(**given), drive(pitch_deg=pitch), LABELS, root)


def found(path: Path) -> list[tuple[str, Issue]]:
    """What the rules for KITTI find, and what could not be read at all."""
    looked = look(path)
    issues = [("FILE-001", issue) for issue in files_can_be_read(looked)]
    for rule in rules_in(rules):
        issues += [(rule.code, issue) for issue in (rule(looked, None) if rule.decodes else rule(looked))]
    return issues


def label(index: int, tree: str = FRONT) -> str:
    return f"{tree}/label_2/{index:06d}.txt"


def calib(index: int, tree: str = FRONT) -> str:
    return f"{tree}/calib/{index:06d}.txt"


def velodyne(index: int, tree: str = FRONT) -> str:
    return f"{tree}/velodyne/{index:06d}.bin"


def lines_of(root: Path, tree: str = FRONT) -> Iterator[tuple[str, int, dict[str, str]]]:
    """File, number of the line, and its fields."""
    for path in sorted((root / tree / "label_2").iterdir()):
        for number, line in enumerate(path.read_text().splitlines(), 1):
            yield f"{tree}/label_2/{path.name}", number, dict(zip(FIELDS, line.split(" "), strict=True))


def whole(fields: dict[str, str], kind: str = "car") -> bool:
    """Whether an object shows entirely, large enough that nothing is hidden in the tolerance."""
    box = [float(fields[name]) for name in ("left", "top", "right", "bottom")]
    return (
        (fields["type"], fields["occluded"], float(fields["truncated"])) == (kind, "0", 0)
        and box[2] - box[0] > 20
        and box[3] - box[1] > 10
    )


def first(root: Path, wanted: Callable[[dict[str, str]], bool]) -> tuple[str, int, dict[str, str]]:
    return next(found for found in lines_of(root) if wanted(found[2]))


def sideways(fields: dict[str, str]) -> bool:
    """A car that is seen from its long side."""
    return whole(fields) and abs(np.sin(float(fields["alpha"]))) < 0.35


def narrower_when_mirrored(fields: dict[str, str]) -> bool:
    """A car to the side of the road that looks longer than it would, turned the other way."""
    turn, x, z = (float(fields[name]) for name in ("rotation_y", "x", "z"))
    wide, narrow = (
        4.2 * abs(np.cos(yaw - np.arctan2(x, z))) + 1.8 * abs(np.sin(yaw - np.arctan2(x, z))) for yaw in (turn, -turn)
    )
    return whole(fields) and bool(wide > 1.4 * narrow)


def written(root: Path, file: str, number: int, line: str) -> None:
    path = root / file
    lines = path.read_text().split("\n")
    lines[number - 1] = line
    path.write_text("\n".join(lines))


def fields(
    place: str,
    change: Callable[[dict[str, str]], dict[str, str]],
    wanted: Callable[[dict[str, str]], bool] = whole,
) -> Change:
    """Change some fields of the first line that is wanted."""

    def apply(root: Path) -> Where:
        file, number, row = first(root, wanted)
        written(root, file, number, " ".join((row | change(row)).values()))
        return Where(file, number, place)

    return apply


def text(place: str, change: Callable[[str], str]) -> Change:
    """Change the text of the first line of a whole car."""

    def apply(root: Path) -> Where:
        file, number, row = first(root, whole)
        written(root, file, number, change(" ".join(row.values())))
        return Where(file, number, place)

    return apply


def every(change: Callable[[dict[str, str]], dict[str, str]], where: Callable[[Path], Where]) -> Change:
    """Change fields of all lines that are no DontCare."""

    def apply(root: Path) -> Where:
        for file, number, row in [*lines_of(root, FRONT), *lines_of(root, SIDE)]:
            if row["type"] != "DontCare":
                written(root, file, number, " ".join((row | change(row)).values()))
        return where(root)

    return apply


def moved(row: dict[str, str], **by: float) -> dict[str, str]:
    return {name: f"{float(row[name]) + step:.6f}" for name, step in by.items()}


def set_to(**values: str) -> Callable[[dict[str, str]], dict[str, str]]:
    return lambda row: values


def exchanged(row: dict[str, str]) -> dict[str, str]:
    return {"width": row["length"], "length": row["width"]}


def scaled(row: dict[str, str], factor: float, *names: str) -> dict[str, str]:
    return {name: f"{float(row[name]) * factor:.6f}" for name in names}


def edited(name: str, change: Callable[[str], str], place: str = "", line: int | None = None) -> Change:
    """Change the text of a file."""

    def apply(root: Path) -> Where:
        (root / name).write_text(change((root / name).read_text()))
        return Where(name, line, place)

    return apply


def calibrated(key: str, change: Callable[[np.ndarray], np.ndarray], index: int = 2) -> Change:
    """Change a matrix of a calibration."""

    def apply(root: Path) -> Where:
        path = root / calib(index)
        lines = path.read_text().split("\n")
        number = next(number for number, line in enumerate(lines) if line.startswith(f"{key}:"))
        matrix = np.array(lines[number].split()[1:], float).reshape(3, -1)
        lines[number] = f"{key}: " + " ".join(f"{value:.12e}" for value in change(matrix).ravel())
        path.write_text("\n".join(lines))
        return Where(calib(index), number + 1, key)

    return apply


def projected(change: Callable[[np.ndarray], np.ndarray]) -> Change:
    """Change P2 of all calibrations."""

    def apply(root: Path) -> Where:
        for path in sorted([*(root / FRONT / "calib").iterdir(), *(root / SIDE / "calib").iterdir()]):
            lines = path.read_text().split("\n")
            matrix = np.array(lines[2].split()[1:], float).reshape(3, 4)
            lines[2] = "P2: " + " ".join(f"{value:.12e}" for value in change(matrix).ravel())
            path.write_text("\n".join(lines))
        return Where(f"{FRONT}/label_2/")

    return apply


def then(change: Change, where: Where) -> Change:
    def apply(root: Path) -> Where:
        change(root)
        return where

    return apply


def turned_back(projection: np.ndarray) -> np.ndarray:
    """K R as K R transposed, for a K without skew in the middle of the image."""
    axis = projection[2, :3]
    pitch = np.arctan2(axis[1], axis[2])
    back = np.array([[1, 0, 0], [0, np.cos(2 * pitch), -np.sin(2 * pitch)], [0, np.sin(2 * pitch), np.cos(2 * pitch)]])
    return np.hstack((projection[:, :3] @ back.T, projection[:, 3:]))


def without(*names: str, where: Where) -> Change:
    def apply(root: Path) -> Where:
        for name in names:
            (root / name).unlink()
        return where

    return apply


def renamed(old: str, new: str, where: Where) -> Change:
    """Give a frame of the front camera another stem, in the lists too."""

    def apply(root: Path) -> Where:
        for folder, suffix in (("image_2", "png"), ("label_2", "txt"), ("calib", "txt"), ("velodyne", "bin")):
            (root / FRONT / folder / f"{old}.{suffix}").rename(root / FRONT / folder / f"{new}.{suffix}")
        for path in (root / "front/ImageSets").iterdir():
            path.write_text(path.read_text().replace(old, new))
        return where

    return apply


def other_camera(root: Path) -> Where:
    for path in (root / SIDE / "calib").iterdir():
        shutil.copy(path, root / FRONT / "calib" / path.name)
    return Where(f"{FRONT}/label_2/")


def copied(source: str, target: str) -> Change:
    def apply(root: Path) -> Where:
        shutil.copy(root / source, root / target)
        return Where(target)

    return apply


def linked_out(root: Path) -> Where:
    outside = root.parent / "elsewhere.txt"
    outside.write_text("car")
    (root / label(2)).unlink()
    os.symlink(outside, root / label(2))
    return Where(label(2))


def with_bytes(name: str, change: Callable[[bytes], bytes]) -> Change:
    def apply(root: Path) -> Where:
        (root / name).write_bytes(change((root / name).read_bytes()))
        return Where(name)

    return apply


def lidar(change: Callable[[np.ndarray], np.ndarray], where: Callable[[Path], Where]) -> Change:
    """Change the points of a frame that has a near car."""

    def apply(root: Path) -> Where:
        pointed = where(root)
        path = root / pointed.file.replace("label_2", "velodyne").replace(".txt", ".bin")
        points = np.fromfile(path, "<f4").reshape(-1, 4)
        change(points).astype("<f4").tofile(path)
        return pointed

    return apply


def near_car(root: Path) -> Where:
    file, number, _ = first(root, lambda row: whole(row) and float(row["z"]) < 20)
    return Where(file, number, "x")


def sidecar(change: Callable[[dict[str, Any]], object], place: str = "") -> Change:
    def apply(root: Path) -> Where:
        path = root / "framepress.json"
        document = json.loads(path.read_text())
        change(document)
        path.write_text(json.dumps(document))
        return Where("framepress.json", None, place)

    return apply


def dont_care_first(root: Path) -> Where:
    path = root / label(2)
    lines = path.read_text().splitlines()
    path.write_text("\n".join([lines[-1], *lines[:-1], ""]))
    return Where(label(2), 1, "type")


def first_field(name: str) -> Callable[[Path], Where]:
    return lambda root: Where(f"{FRONT}/label_2/", None, name)


def with_blank(root: Path) -> Where:
    file, number, row = first(root, whole)
    written(root, file, number, " ".join(row.values()) + "\n")
    return Where(file, number + 1)
