"""Ways to break the files of a good dataset, one at a time, and where each one must be found."""

from __future__ import annotations

import gzip
import json
import os
import shutil
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from framepress.dataset.writer import DatasetWriter
from framepress.quality.files import rules
from framepress.quality.issue import Issue
from framepress.quality.native.look import look
from framepress.quality.rule import rules_in
from frames import LABELS, many, mono

__all__ = ["MUTATIONS", "POINTER", "Mutation", "found", "good"]

RGB, DEPTH, SHARD = "rgb/a/0000.png", "depth/a/0000.npy", "frames/000000.jsonl"
POINTER = f"version https://git-lfs.github.com/spec/v1\noid sha256:{'0f' * 32}\nsize 12345\n"
LENGTH_KEPT = ("FILE-006",)  # the journal knows the bytes that were there
LENGTH_LOST = ("FILE-005",)


@dataclass(frozen=True)
class Mutation:
    """Args: change: breaks the dataset in place; where: fields of the first issue, texts by their beginning;
    findings: how many, -1 for some; also: codes that cannot but come with it."""

    name: str
    code: str
    change: Callable[[Path], None]
    where: dict[str, Any]
    findings: int = 1
    also: tuple[str, ...] = ()


def good(root: Path) -> None:
    """`ours`: a dataset with a journal and two editions; `foreign`: a native folder without one, of 30 frames."""
    with DatasetWriter(root / "ours", ["native", "coco"], labels=LABELS) as writer:
        for frame in mono():
            writer.add(frame)
    with DatasetWriter(root / "foreign", ["native"], labels=LABELS) as writer:
        for frame in many(30):
            writer.add(frame.replaced(id=f"{frame.index:04d}", sequence=""))
    shutil.rmtree(root / "foreign/.framepress")


def found(root: Path) -> list[tuple[str, Issue]]:
    """What the rules for files find in both datasets."""
    issues: list[tuple[str, Issue]] = []
    for place in (root / "ours" / "native", root / "foreign"):
        looked = look(place)
        for rule in rules_in(rules):
            if rule.scope == "file":
                subject = (looked, None) if rule.decodes else (looked,)
                issues += [(rule.code, issue) for issue in rule(*subject)]
    return issues


def ours(change: Callable[[Path], None]) -> Callable[[Path], None]:
    return lambda root: change(root / "ours" / "native")


def foreign(change: Callable[[Path], None]) -> Callable[[Path], None]:
    return lambda root: change(root / "foreign")


def put(name: str, content: bytes) -> Callable[[Path], None]:
    def change(root: Path) -> None:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content)

    return change


def linked(name: str, target: str) -> Callable[[Path], None]:
    def change(root: Path) -> None:
        (root / name).unlink(missing_ok=True)
        outside = root.parents[1] / "outside.png"
        outside.write_bytes(b"not the dataset's")
        (root / name).symlink_to(target.format(outside=outside))

    return change


def document(change: Callable[[Any], None]) -> Callable[[Path], None]:
    """Of `dataset.json`."""

    def edit(root: Path) -> None:
        file = root / "dataset.json"
        said = json.loads(file.read_bytes())
        change(said)
        file.write_text(json.dumps(said, indent=1, sort_keys=True) + "\n")

    return edit


def records(change: Callable[[list[Any]], list[Any] | None]) -> Callable[[Path], None]:
    """Of the first shard, whose size and number of frames are kept up to date."""

    def edit(root: Path) -> None:
        file = root / SHARD
        lines = [json.loads(line) for line in file.read_bytes().splitlines()]
        changed = change(lines)
        lines = lines if changed is None else changed
        file.write_text("".join(json.dumps(line) + "\n" for line in lines))

        def counts(said: Any) -> None:
            said["shards"][0] |= {"frames": len(lines), "bytes": file.stat().st_size}
            said["frames"] = len(lines)
            said["splits"] = dict(Counter(line.get("split", "") for line in lines if isinstance(line, dict)))

        document(counts)(root)

    return edit


def _flip(root: Path) -> None:
    content = bytearray((root / DEPTH).read_bytes())
    content[-1] ^= 1
    (root / DEPTH).write_bytes(content)


def _swap(said: Any) -> None:
    said["classes"][2:4] = said["classes"][3:1:-1]


def _recase(said: Any) -> None:
    said["classes"].append({"name": "CAR"})


def _unsealed(root: Path) -> None:
    sealed = root.parent / ".framepress/journal/000000.jsonl.gz"
    (sealed.parent / "000000.jsonl").write_bytes(gzip.decompress(sealed.read_bytes()))
    sealed.unlink()


def _behind(root: Path) -> None:
    """The journal has one frame more than was finished, and is younger."""
    sealed = root.parent / ".framepress/journal/000000.jsonl.gz"
    lines = gzip.decompress(sealed.read_bytes()).splitlines(keepends=True)
    added = json.loads(next(line for line in lines if b'"id":"a/0001"' in line))
    added["frame"]["id"] = "z/0001"
    added["editions"] = {}
    sealed.write_bytes(gzip.compress(b"".join(lines) + json.dumps(added).encode() + b"\n"))
    os.utime(sealed, ns=(1 << 62, 1 << 62))


def _renamed(name: str) -> Callable[[Path], None]:
    """An image that is there, and its record, under another name."""

    def change(root: Path) -> None:
        shutil.move(root / "rgb/0003.png", root / name)

        def edit(lines: list[Any]) -> None:
            lines[3]["views"][0]["files"]["rgb"]["path"] = name

        records(edit)(root)

    return change


def _only_with_objects(lines: list[Any]) -> list[Any]:
    return [line for line in lines if "objects" in line["views"][0]]


def _narrow(lines: list[Any]) -> None:
    lines[1]["views"][0]["objects"]["box"][0] = [3.25, 4, 3.75, 9]


def _torn(root: Path) -> None:
    content = (root / SHARD).read_bytes()
    (root / SHARD).write_bytes(content[:-20])


MUTATIONS = (
    Mutation(
        "cut shard", "FILE-001", foreign(_torn), {"file": SHARD, "line": 30, "message": "the line is cut"}, also=()
    ),
    Mutation("link out", "FILE-003", ours(linked(RGB, "{outside}")), {"file": RGB, "message": f"'{RGB}' is a link"}),
    Mutation("link up", "FILE-003", ours(linked("rgb/up.png", "../../../../outside.png")), {"file": "rgb/up.png"}),
    Mutation("link nowhere", "FILE-003", ours(linked("rgb/no.png", "nothing.png")), {"file": "rgb/no.png"}),
    Mutation("pipe", "FILE-003", ours(lambda root: os.mkfifo(root / "rgb/pipe.png")), {"file": "rgb/pipe.png"}),
    Mutation("folder", "FILE-003", foreign(lambda root: (root / "x.json").mkdir()), {"file": "x.json"}),
    Mutation("pointer", "FILE-004", ours(put(RGB, POINTER.encode())), {"file": RGB}, also=LENGTH_LOST),
    Mutation(
        "empty", "FILE-004", ours(put(DEPTH, b"")), {"file": DEPTH, "message": f"'{DEPTH}' is e"}, also=LENGTH_LOST
    ),
    Mutation("missing", "FILE-005", ours(lambda root: (root / DEPTH).unlink()), {"file": DEPTH, "frame": "a/0000"}),
    Mutation("longer", "FILE-005", ours(put(DEPTH, bytes(99))), {"file": DEPTH, "message": f"'{DEPTH}' has 99 bytes"}),
    Mutation("finished file lost", "FILE-005", lambda root: (root / "ours/native" / SHARD).unlink(), {"file": SHARD}),
    Mutation("one bit", "FILE-006", ours(_flip), {"file": DEPTH, "frame": "a/0000"}),
    Mutation(
        "classes in case",
        "GEN-001",
        ours(document(_recase)),
        {"file": "dataset.json", "place": "classes[5]", "message": "class 'CAR' differs from 'car'"},
        findings=2,  # and it is not the list that the dataset was made with
        also=LENGTH_LOST,
    ),
    Mutation("classes swapped", "GEN-001", ours(document(_swap)), {"place": "classes"}, also=LENGTH_KEPT),
    Mutation(
        "class without a name", "GEN-001", foreign(document(lambda said: said["classes"].append(" "))), {"place": "cl"}
    ),
    Mutation("blank in a name", "GEN-003", foreign(_renamed("rgb/a b.png")), {"file": "rgb/a b.png", "frame": "0003"}),
    Mutation("two dots", "GEN-003", foreign(_renamed("rgb/a.b.png")), {"file": "rgb/a.b.png"}),
    Mutation("umlaut", "GEN-003", foreign(_renamed("rgb/ä.png")), {"message": "'rgb/ä.png' has the character 'ä'"}),
    Mutation(
        "one stem twice",
        "GEN-003",
        foreign(_renamed("rgb/0002.jpg")),
        {"file": "rgb/0002.jpg", "message": "'rgb/0002.jpg' and 'rgb/0002.png' differ by extension"},
    ),
    Mutation("no negatives", "GEN-005", foreign(records(_only_with_objects)), {"message": "all 25 frames hold"}),
    Mutation("half a pixel", "GEN-006", foreign(records(_narrow)), {"frame": "0001", "place": "box"}),
    Mutation("temporary", "GEN-010", foreign(put("rgb/0031.png.part", b"x")), {"file": "rgb/0031.png.part"}),
    Mutation(
        "not published",
        "GEN-010",
        lambda root: put("ours/.framepress/tmp/fp-00-1", b"x")(root),
        {"place": ".framepress/tmp/fp-00-1"},
    ),
    Mutation("open", "GEN-010", ours(_unsealed), {"place": ".framepress", "message": "the dataset is open"}),
    Mutation(
        "not finished",
        "GEN-010",
        lambda root: (root / "ours/.framepress/finished.json").unlink(),
        {"place": ".framepress", "message": "the dataset is sealed"},
    ),
    Mutation("finish is behind", "GEN-010", ours(_behind), {"message": "the dataset is sealed"}),
    Mutation(
        "damaged journal",
        "GEN-010",
        lambda root: put("ours/.framepress/journal/000000.jsonl.gz", b"\x1f\x8b junk")(root),
        {"place": ".framepress", "message": ".framepress/journal/000000.jsonl.gz: damaged"},
        also=("FILE-005", "FILE-006"),
    ),
)
