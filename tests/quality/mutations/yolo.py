"""Ways to break a good YOLO set, one at a time, and where each one must be found."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from formats.pressing import press
from framepress.formats.yolo import Writer
from framepress.quality.issue import Issue
from framepress.quality.rule import rules_in
from framepress.quality.yolo import rules
from framepress.quality.yolo.look import look
from frames import LABELS, mono

__all__ = ["BASES", "MUTATIONS", "Mutation", "found", "good"]

BASES = ("detect", "segment", "pose", "obb")
YAML = "data.yaml"
FIRST, SECOND, VAL = "labels/train/a__0000.txt", "labels/train/a__0002.txt", "labels/val/b__0000.txt"
IMAGE = "images/train/a__0000.png"
NAMES = "names:\n  0: person\n  1: cart\n"
CLASSES = 'nc: 5\nnames:\n  0: "car"\n  1: "person"\n  2: "cone"\n  3: "sign"\n  4: "never_seen"\n'
SPLITS = "train: images/train\nval: images/val\n"
# Numbers made up for 96 x 64 px: a box and three key points with v, four corners of turned boxes.
POSES = {
    "train/a": "0 0.5 0.5 0.5 0.5 0.3 0.3 2 0.5 0.5 1 0 0 0\n1 0.25 0.5 0.5 1 0.1 0.3 2 0.5 1 2 0.2 0.2 2\n",
    "train/b": "",
    "val/c": "0 0.5 0.5 0.25 0.125 0.4 0.5 2 0.5 0.5 2 0.6 0.5 2\n",
}
CORNERS = {
    "train/a": "0 0.5 0.1 0.9 0.5 0.5 0.9 0.1 0.5\n1 -0.005 0.2 0.2 0.004 0.4 0.3 0.195 0.496\n",
    "train/b": "",
    "val/c": "0 0.2 0.2 0.6 0.2 0.6 0.4 0.2 0.4\n1 0.3 0.1 0.5 0.3 0.4 0.4 0.2 0.2\n",
}


@dataclass(frozen=True)
class Mutation:
    """Args: change: breaks the set in place; file, line, place: of the first finding of `code`."""

    name: str
    code: str
    change: Callable[[Path], object]
    file: str = FIRST
    line: int | None = None
    place: str = ""
    base: str = "detect"
    findings: int = 1
    also: tuple[str, ...] = ()


def good(root: Path, base: str) -> Path:
    """`mono` in two splits for detect and segment; a few images made here for pose and obb."""
    if base in ("detect", "segment"):
        frames = [frame.replaced(split="train" if frame.sequence == "a" else "val") for frame in mono()]
        press(Writer(task=base), frames, LABELS, root)
        return root
    extra = "kpt_shape: [3, 3]\nflip_idx: [0, 2, 1]\n" if base == "pose" else ""
    put(YAML, SPLITS + NAMES + extra)(root)
    for name, text in (POSES if base == "pose" else CORNERS).items():
        image(f"images/{name}.png")(root)
        put(f"labels/{name}.txt", text)(root)
    return root


def found(path: Path) -> list[tuple[str, Issue]]:
    """What the rules for YOLO find, and what could not be read at all."""
    looked = look(path)
    issues = [("FILE-001", issue) for issue in looked.unread]
    for rule in rules_in(rules):
        issues += [(rule.code, issue) for issue in rule(looked)]
    return issues


# ------------------------------------------------------------------------------------------------------- small changes
def put(file: str, content: str | bytes) -> Callable[[Path], object]:
    def change(root: Path) -> None:
        (root / file).parent.mkdir(parents=True, exist_ok=True)
        (root / file).write_bytes(content.encode() if isinstance(content, str) else content)

    return change


def image(file: str) -> Callable[[Path], object]:
    def change(root: Path) -> None:
        (root / file).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (96, 64), (10, 20, 30)).save(root / file)

    return change


def added(row: str, file: str = FIRST) -> Callable[[Path], object]:
    """One more row at the end."""

    def change(root: Path) -> None:
        (root / file).write_text((root / file).read_text() + row)

    return change


def row(line: int, change: Callable[[list[str]], object], file: str = FIRST) -> Callable[[Path], object]:
    """`change` is given the words of one line."""

    def apply(root: Path) -> None:
        rows = [text.split() for text in (root / file).read_text().splitlines()]
        change(rows[line - 1])
        (root / file).write_text("".join(" ".join(words) + "\n" for words in rows))

    return apply


def word(line: int, at: int, value: str, file: str = FIRST) -> Callable[[Path], object]:
    return row(line, lambda words: words.__setitem__(at, value), file)


def swapped(old: str, new: str, file: str = YAML) -> Callable[[Path], object]:
    def change(root: Path) -> None:
        text = (root / file).read_text()
        assert old in text
        (root / file).write_text(text.replace(old, new, 1))

    return change


def moved(old: str, new: str) -> Callable[[Path], object]:
    def change(root: Path) -> None:
        (root / new).parent.mkdir(parents=True, exist_ok=True)
        (root / old).rename(root / new)

    return change


def both(*changes: Callable[[Path], object]) -> Callable[[Path], object]:
    def change(root: Path) -> None:
        for each in changes:
            each(root)

    return change


def linked(file: str, target: str) -> Callable[[Path], object]:
    """A link in the file's place."""

    def change(root: Path) -> None:
        if (root / file).is_dir():
            shutil.rmtree(root / file)
        else:
            (root / file).unlink(missing_ok=True)
        (root / file).symlink_to(target)

    return change


def cached(root: Path) -> None:
    """A cache that is newer than all label files but one, which is not the last by name."""
    for second, file in enumerate(sorted((root / "labels/train").iterdir(), reverse=True)):
        os.utime(file, (1_000_000 + second, 1_000_000 + second))
    put("labels/train.cache", "")(root)
    os.utime(root / "labels/train.cache", (1_000_000 + second - 0.5, 1_000_000 + second - 0.5))


def lists(*lines: str) -> Callable[[Path], object]:
    """train as a list of these."""
    return both(swapped('"images/train"', '"train.txt"'), put("train.txt", "".join(f"{line}\n" for line in lines)))


TRAIN_IMAGES = tuple(f"./images/train/a__000{number}.png" for number in range(3))
BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{here}: &{here} [{', '.join([f'*{before}'] * 9)}]\n" for before, here in zip("abcdefgh", "bcdefghi", strict=True)
)

ROWS = [
    Mutation("a row of four words", "YOLO-001", row(2, lambda words: words.pop()), line=2),
    Mutation("a row with commas", "YOLO-001", put(SECOND, "0,0.5,0.5,0.2,0.2\n"), SECOND, 1),
    Mutation("a row of one word at the end", "YOLO-001", added("3\n"), line=5),
    Mutation("a y less in a polygon", "YOLO-001", row(1, lambda words: words.pop()), line=1, base="segment"),
    Mutation(
        "a key point less",
        "YOLO-001",
        row(2, lambda words: words.__delitem__(slice(11, 14)), "labels/train/a.txt"),
        "labels/train/a.txt",
        2,
        base="pose",
    ),
    Mutation(
        "a corner less where the task is said",
        "YOLO-001",
        both(
            swapped("names", "task: obb\nnames"),
            row(1, lambda words: words.__delitem__(slice(7, 9)), "labels/val/c.txt"),
        ),
        "labels/val/c.txt",
        1,
        base="obb",
    ),
    Mutation("two numbers in one word", "YOLO-001", put(SECOND, "0 0.5-0.5 .1 .1\n"), SECOND, 1),
    Mutation(
        "pixels of a box among polygons",
        "YOLO-013",
        put(SECOND, "0 48 32 20 10\n"),
        SECOND,
        1,
        base="segment",
        also=("YOLO-004",),
    ),
    Mutation("three points in a row that are two", "YOLO-006", added("0 .1 .5 .2 .5 .1 .5\n"), line=5, base="segment"),
    Mutation(
        "a confidence behind corners",
        "YOLO-014",
        row(2, lambda words: words.append("0.5"), "labels/train/a.txt"),
        "labels/train/a.txt",
        2,
        base="obb",
    ),
    Mutation("a polygon among boxes", "YOLO-002", added("0 0.1 0.1 0.4 0.1 0.4 0.3\n"), line=5),
    Mutation("a box among polygons", "YOLO-002", added("0 0.5 0.5 0.2 0.2\n"), line=5, base="segment"),
    Mutation("two points among polygons", "YOLO-006", added("0 0.7 0.7 0.9 0.9\n"), line=5, base="segment"),
    Mutation("one point among polygons", "YOLO-006", added("0 0.7 0.7\n"), line=5, base="segment"),
    Mutation("three points that are two", "YOLO-006", added("0 0.7 0.7 0.9 0.9 0.7 0.7\n"), line=5, base="segment"),
    Mutation(
        "an image of boxes among polygons", "YOLO-013", put(SECOND, "0 0.5 0.5 0.2 0.2\n"), SECOND, 1, base="segment"
    ),
    Mutation("an image of polygons among boxes", "YOLO-013", put(SECOND, "\n0 .1 .1 .4 .1 .4 .3\n"), SECOND, 2),
    Mutation(
        "a row that is there twice in other digits",
        "YOLO-010",
        added("0 0.5 0.5 0.25 0.25\n0 .50 5e-1 +0.2500000001 0.25\n"),
        line=6,
    ),
    Mutation("a confidence", "YOLO-014", row(3, lambda words: words.append("0.875")), line=3),
    Mutation(
        "a confidence behind key points",
        "YOLO-014",
        row(2, lambda words: words.append("0.5"), "labels/train/a.txt"),
        "labels/train/a.txt",
        2,
        base="pose",
    ),
]

VALUES = [
    Mutation("a class too many", "YOLO-003", word(2, 0, "5"), line=2, place="class"),
    Mutation("a class below 0", "YOLO-003", word(1, 0, "-1"), line=1, place="class"),
    Mutation("half a class", "YOLO-003", word(4, 0, "0.5"), line=4, place="class"),
    Mutation("a class by name", "YOLO-003", word(3, 0, "sign"), line=3, place="class"),
    Mutation("a class that is NaN", "YOLO-003", word(3, 0, "nan"), line=3, place="class"),
    Mutation("a byte order mark", "YOLO-003", put(SECOND, "\ufeff0 .5 .5 .2 .2\n1 .5 .5 .1 .1\n"), SECOND, 1, "class"),
    Mutation(
        "fewer names than classes",
        "YOLO-003",
        swapped(CLASSES, "names: [car, person, cone]\n"),
        line=3,
        place="class",
        findings=2,
    ),
    Mutation("pixels", "YOLO-004", put(SECOND, "0 48 32 20 10\n"), SECOND, 1, "cx"),
    Mutation("percents", "YOLO-004", put(SECOND, "0 .5 .5 .1 50\n"), SECOND, 1, "height"),
    Mutation("a number below 0", "YOLO-004", word(3, 2, "-0.02"), line=3, place="cy"),
    Mutation("NaN", "YOLO-004", word(3, 2, "nan"), line=3, place="cy"),
    Mutation("infinity", "YOLO-004", word(3, 4, "inf"), line=3, place="height"),
    Mutation("a number too large for a float", "YOLO-004", word(3, 4, "1e999"), line=3, place="height"),
    Mutation("a comma for a point", "YOLO-004", word(2, 3, "0,25"), line=2, place="width"),
    Mutation("two points in a number", "YOLO-004", word(2, 3, "0.2.5"), line=2, place="width"),
    Mutation("no width", "YOLO-004", word(2, 3, "0"), line=2),
    Mutation("a height below 0", "YOLO-004", word(2, 4, "-0.005"), line=2),
    Mutation(
        "a point far outside of a polygon's image", "YOLO-004", word(2, 4, "1.25"), line=2, place="y2", base="segment"
    ),
    Mutation("a polygon of no height", "YOLO-004", added("0 .1 .5 .2 .5 .4 .5\n"), line=5, base="segment"),
    Mutation(
        "a key point outside",
        "YOLO-004",
        word(1, 8, "1.5", "labels/val/c.txt"),
        "labels/val/c.txt",
        1,
        "key point 1 x",
        base="pose",
    ),
    Mutation(
        "a corner far outside",
        "YOLO-004",
        word(2, 1, "-0.3", "labels/train/a.txt"),
        "labels/train/a.txt",
        2,
        "x1",
        base="obb",
    ),
    Mutation("a box that leaves the image", "YOLO-005", put(SECOND, "0 0.9 0.5 0.25 0.2\n"), SECOND, 1),
    Mutation(
        "a polygon that leaves the image a little",
        "YOLO-005",
        added("0 -0.005 .1 .4 .1 .4 .3\n"),
        line=5,
        base="segment",
    ),
    Mutation(
        "a pose whose box leaves the image",
        "YOLO-005",
        word(2, 3, "0.6", "labels/train/a.txt"),
        "labels/train/a.txt",
        2,
        base="pose",
    ),
    Mutation(
        "a visibility that is no number",
        "YOLO-004",
        word(1, 7, "seen", "labels/val/c.txt"),
        "labels/val/c.txt",
        1,
        "key point 0 v",
        "pose",
    ),
    Mutation(
        "a visibility of 3",
        "YOLO-012",
        word(1, 7, "3", "labels/val/c.txt"),
        "labels/val/c.txt",
        1,
        "key point 0 v",
        base="pose",
    ),
    Mutation(
        "a visibility of a half",
        "YOLO-012",
        word(1, 7, "0.5", "labels/val/c.txt"),
        "labels/val/c.txt",
        1,
        "key point 0 v",
        base="pose",
    ),
    Mutation(
        "key points of another number",
        "YOLO-012",
        swapped("3, 3]\nflip_idx: [0, 2, 1", "4, 3"),
        YAML,
        6,
        "kpt_shape",
        "pose",
    ),
    Mutation("a kpt_shape that is none", "YOLO-012", swapped("[3, 3]", "[3, 4]"), YAML, 6, "kpt_shape", "pose"),
    Mutation(
        "no kpt_shape",
        "YOLO-012",
        swapped("kpt_shape: [3, 3]\nflip_idx: [0, 2, 1]\n", ""),
        YAML,
        None,
        "kpt_shape",
        "pose",
    ),
    Mutation("a flip_idx that forgets one", "YOLO-012", swapped("[0, 2, 1]", "[0, 2, 2]"), YAML, 7, "flip_idx", "pose"),
    Mutation("a flip_idx from 1 on", "YOLO-012", swapped("[0, 2, 1]", "[1, 3, 2]"), YAML, 7, "flip_idx", "pose"),
]

DESCRIBED = [
    Mutation("no val", "YOLO-007", swapped('val: "images/val"\n', ""), YAML, None, "val"),
    Mutation("a train that is not there", "YOLO-007", swapped('"images/train"', '"images/training"'), YAML, 1, "train"),
    Mutation("a val without images", "YOLO-007", swapped('"images/val"', '"labels/val"'), YAML, 2, "val"),
    Mutation("a val that leads out", "YOLO-007", swapped('"images/val"', '"../../images/val"'), YAML, 2, "val"),
    Mutation("a val elsewhere", "YOLO-007", swapped('"images/val"', '"/etc"'), YAML, 2, "val"),
    Mutation("a val with a backslash", "YOLO-007", swapped('"images/val"', r"images\val"), YAML, 2, "val"),
    Mutation("a val that is a number", "YOLO-007", swapped('"images/val"', "7"), YAML, 2, "val", findings=2),
    Mutation("a gap in the numbers", "YOLO-007", swapped("4: ", "7: "), YAML, 5, "names"),
    Mutation("numbers from 1", "YOLO-007", swapped(CLASSES, "names: {1: a, 2: b, 3: c, 4: d}\n"), YAML, 3, "names"),
    Mutation(
        "a number that is there twice",
        "YOLO-007",
        swapped('4: "never_seen"', '4: "never_seen"\n  4: "other"'),
        YAML,
        10,
        "names[4]",
    ),
    Mutation("a number in quotes", "YOLO-007", swapped('4: "never_seen"', '"4": "never_seen"'), YAML, 9, "names[4]"),
    Mutation("yes for a name", "YOLO-007", swapped('"sign"', "yes"), YAML, 8, "names[3]"),
    Mutation("a float for a name", "YOLO-007", swapped('"sign"', "1.50"), YAML, 8, "names[3]"),
    Mutation("nothing for a name", "YOLO-007", swapped('"sign"', "~"), YAML, 8, "names[3]"),
    Mutation("one name for two", "YOLO-007", swapped('"sign"', '"Car"'), YAML, 8, "names[3]"),
    Mutation("an nc of another number", "YOLO-007", swapped("nc: 5", "nc: 6"), YAML, 3, "nc"),
    Mutation("an nc that is none", "YOLO-007", swapped("nc: 5", "nc: five"), YAML, 3, "nc"),
    Mutation("a key that is there twice", "YOLO-007", swapped("nc: 5", "nc: 5\nnc: 5"), YAML, 4, "nc"),
    Mutation("no names", "YOLO-007", put(YAML, SPLITS + "nc: 5\n"), YAML, None, "names"),
    Mutation("names that are a text", "YOLO-007", put(YAML, SPLITS + "names: car\n"), YAML, 3, "names"),
    Mutation(
        "nothing among the paths of train",
        "YOLO-007",
        swapped('train: "images/train"', 'train: ["images/train", ~]'),
        YAML,
        1,
        "train",
    ),
    Mutation("a merge key", "YOLO-007", swapped("nc: 5", "<<: {nc: 5}"), YAML, 3, "<<"),
    Mutation("a key that is a list", "YOLO-007", swapped("nc: 5", "[nc]: 5"), YAML),
    Mutation("a date that there is not", "YOLO-007", swapped("nc: 5", "made: 2026-02-30"), YAML),
    Mutation("a list for a map", "YOLO-007", put(YAML, "- train\n"), YAML, None),
    Mutation("aliases that unfold to 400 million names", "YOLO-007", swapped("nc", f"{BOMB}nc"), YAML, 4, findings=72),
    Mutation("no data.yaml", "YOLO-007", lambda root: (root / YAML).unlink(), YAML),
    Mutation("a path of a machine", "YOLO-009", swapped("nc", "path: /home/me/set\nnc"), YAML, 3, "path"),
    Mutation("a path of a Windows machine", "YOLO-009", swapped("nc", "path: 'D:\\set'\nnc"), YAML, 3, "path"),
    Mutation("a path that is the current folder", "YOLO-009", swapped("nc", "path: .\nnc"), YAML, 3, "path"),
    Mutation(
        "an absolute train",
        "YOLO-009",
        lambda root: swapped('"images/train"', f'"{root.absolute()}/images/train"')(root),
        YAML,
        1,
        "train",
    ),
    Mutation("a list that starts elsewhere", "YOLO-009", lists(*(image[2:] for image in TRAIN_IMAGES)), "train.txt", 1),
]

PLACES = [
    Mutation("labels in a folder of another name", "YOLO-008", moved("labels/train", "labels/training"), IMAGE),
    Mutation("labels beside the images", "YOLO-008", moved("labels/train", "images/labels/train"), IMAGE),
    Mutation(
        "two folders images in one path",
        "YOLO-008",
        both(moved("images/train", "kept"), moved("kept", "images/train/images")),
        "images/train/images/a__0000.png",
    ),
    Mutation(
        "Images in capitals",
        "YOLO-008",
        both(moved("images/train", "Images/train"), swapped("images/train", "Images/train")),
        "Images/train/a__0000.png",
    ),
    Mutation("no labels at all", "YOLO-008", lambda root: shutil.rmtree(root / "labels"), IMAGE),
    Mutation("a cache that is older than its labels", "YOLO-011", cached, "labels/train.cache"),
    Mutation(
        "a label file without an image",
        "YOLO-015",
        put("labels/train/lost.txt", "0 .5 .5 .1 .1\n"),
        "labels/train/lost.txt",
    ),
    Mutation("an image that is lost", "YOLO-015", lambda root: (root / IMAGE).unlink(), FIRST),
    Mutation("two images with one stem", "YOLO-016", image("images/train/a__0000.jpg"), FIRST),
    Mutation(
        "an image that is listed and not there",
        "YOLO-017",
        lists(*TRAIN_IMAGES, "./images/train/gone.png"),
        "train.txt",
        4,
    ),
    Mutation("an image that is listed twice", "YOLO-017", lists(*TRAIN_IMAGES, TRAIN_IMAGES[0]), "train.txt", 4),
    Mutation("a list that leads out", "YOLO-017", lists(*TRAIN_IMAGES, "./../../other.png"), "train.txt", 4),
    Mutation("a list of what is no image", "YOLO-017", lists(*TRAIN_IMAGES, "./data.yaml"), "train.txt", 4),
    Mutation(
        "an image in two splits", "YOLO-017", lists(*TRAIN_IMAGES, "./images/val/b__0000.png"), "images/val/b__0000.png"
    ),
]

HOSTILE = [
    Mutation("a data.yaml that is no YAML", "FILE-001", put(YAML, "names: [a, b\ntrain: }{\n"), YAML),
    Mutation("a data.yaml of a million names", "FILE-001", put(YAML, SPLITS + "names:\n" + "- a\n" * 1_000_000), YAML),
    Mutation("a data.yaml nested 100000 deep", "FILE-001", put(YAML, "names: " + "[" * 100_000), YAML),
    Mutation(
        "a data.yaml that was not fetched", "FILE-001", put(YAML, "version https://git-lfs.github.com/spec/v1\n"), YAML
    ),
    Mutation("a data.yaml that is elsewhere", "FILE-001", linked(YAML, "/etc/hostname"), YAML),
    Mutation(
        "a Python object in data.yaml",
        "YOLO-007",
        swapped('"sign"', "!!python/object/apply:os.getcwd []"),
        YAML,
        8,
        "names[3]",
    ),
    Mutation("binary labels", "FILE-001", put(FIRST, bytes(range(256)) * 99), FIRST),
    Mutation("labels with a NUL", "FILE-001", put(FIRST, "0 .5 .5 .1 .1\0\n"), FIRST),
    Mutation("labels in UTF-16", "FILE-001", put(FIRST, "0 .5 .5 .1 .1\n".encode("utf-16")), FIRST),
    Mutation(
        "labels that are a folder",
        "FILE-001",
        both(lambda root: (root / FIRST).unlink(), lambda root: (root / FIRST).mkdir()),
        FIRST,
    ),
    Mutation(
        "labels that are a pipe",
        "FILE-001",
        both(lambda root: (root / FIRST).unlink(), lambda root: os.mkfifo(root / FIRST)),
        FIRST,
    ),
    Mutation("labels that are a link out", "FILE-001", linked(FIRST, "/etc/hostname"), FIRST),
    Mutation("labels that are a link to nothing", "FILE-001", linked(FIRST, "nowhere.txt"), FIRST),
    Mutation("labels of 200000 lines", "FILE-001", put(FIRST, "1\n" * 200_000), FIRST),
    Mutation("labels of 9 MB", "FILE-001", put(FIRST, "0 .5 .5 .1 .1 " * 650_000), FIRST),
    Mutation("an image that is a link out", "FILE-001", linked(IMAGE, "/etc/hostname"), IMAGE),
    Mutation(
        "a split that is a link out", "FILE-001", linked("images/val", "/etc"), YAML, 2, "val", also=("YOLO-015",)
    ),
    Mutation("a folder that is a link to itself", "FILE-001", linked("images/val/again", "."), "images/val/again"),
    Mutation(
        "a list that is a pipe",
        "FILE-001",
        both(swapped("images/val", "val.txt"), lambda root: os.mkfifo(root / "val.txt")),
        YAML,
        2,
        "val",
    ),
    Mutation(
        "a list of junk",
        "YOLO-017",
        both(swapped("images/val", "val.txt"), put("val.txt", bytes(range(256)))),
        "val.txt",
        place="val",
        findings=3,
        also=("YOLO-007", "YOLO-009"),
    ),
    Mutation("a row of a million words", "YOLO-001", put(FIRST, "1 " * 1_000_000 + "\n"), FIRST, 1),
    Mutation("a word of a million digits", "YOLO-004", word(2, 1, "9" * 1_000_000), line=2, place="cx"),
    Mutation("a word of a million letters", "YOLO-004", word(2, 1, "x" * 1_000_000), line=2, place="cx"),
    Mutation("a class of 10^300", "YOLO-003", word(2, 0, "1e300"), line=2, place="class"),
    Mutation("old Mac line ends", "YOLO-004", put(FIRST, "0 .5 .5 .1 .1\r0 .5 .5 2 .1\r"), line=2, place="width"),
    Mutation("a name in numbers that is huge", "YOLO-007", swapped("4: ", "999999999999: "), YAML, 5, "names"),
]

MUTATIONS = [*ROWS, *VALUES, *DESCRIBED, *PLACES, *HOSTILE]
