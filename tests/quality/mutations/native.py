"""Ways to break a good native edition, one at a time, and where each one must be found."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from framepress.dataset.writer import DatasetWriter
from framepress.quality.issue import Issue
from framepress.quality.native import rules
from framepress.quality.native.look import look
from framepress.quality.rule import rules_in
from frames import LABELS, mono, rig
from quality.mutations.files import POINTER, SHARD, Mutation, document, put, records

__all__ = ["MUTATIONS", "found", "good"]

DATASET = "dataset.json"


def good(root: Path) -> None:
    """`mono` and the two cameras of `rig`, in two splits, without a journal."""
    frames = [frame.replaced(split="train") for frame in mono()]
    frames += [frame.replaced(id=f"rig/{frame.id}", index=50 + frame.index, split="val") for frame in rig()]
    with DatasetWriter(root, ["native"], labels=LABELS) as writer:
        for frame in frames:
            writer.add(frame)
    shutil.rmtree(root / ".framepress")


def found(root: Path) -> list[tuple[str, Issue]]:
    """What the rules for native editions find, and what could not be read at all."""
    looked = look(root)
    issues = [("FILE-001", issue) for issue in looked.unread]
    for rule in rules_in(rules):
        subject = (looked, None) if rule.decodes else (looked,)
        issues += [(rule.code, issue) for issue in rule(*subject)]
    return issues


def view(change: Callable[[Any], None], row: int = 0, camera: int = 0) -> Callable[[Path], None]:
    """Of one record's view."""

    def edit(lines: list[Any]) -> None:
        change(lines[row]["views"][camera])

    return records(edit)


def objects(change: Callable[[Any], None], row: int = 0) -> Callable[[Path], None]:
    return view(lambda found: change(found["objects"]), row)


def text(old: str, new: str) -> Callable[[Path], None]:
    """In the first shard as text, first place."""

    def change(root: Path) -> None:
        content = (root / SHARD).read_text().replace(old, new, 1)
        (root / SHARD).write_text(content)
        document(lambda said: said["shards"][0].update(bytes=len(content.encode())))(root)

    return change


def in_dataset(old: str, new: str) -> Callable[[Path], None]:
    def change(root: Path) -> None:
        (root / DATASET).write_text((root / DATASET).read_text().replace(old, new, 1))

    return change


def one(change: Callable[[Any], Any]) -> Callable[[Path], None]:
    """Of the 3D box that is known in the first record."""

    def edit(said: Any) -> None:
        row = next(row for row, solid in enumerate(said["box3d"]) if solid is not None)
        change(said["box3d"][row])

    return objects(edit)


def _twice(lines: list[Any]) -> list[Any]:
    return [*lines, lines[0]]


def _entry(root: Path, name: str) -> dict[str, Any]:

    content = (root / name).read_bytes()
    return {"bytes": len(content), "sha256": sha256(content).hexdigest()}


def picture(make: Callable[[Path], None], channel: str, name: str) -> Callable[[Path], None]:
    """Another file for a channel of the first record, stated with its own size and hash."""

    def change(root: Path) -> None:
        make(root / name)
        records(lambda lines: lines[0]["views"][0]["files"][channel].update(_entry(root, name)))(root)

    return change


def array(values: Any) -> Callable[[Path], None]:
    return lambda path: np.save(path, values)


def image(pixels: Any) -> Callable[[Path], None]:
    return lambda path: Image.fromarray(pixels).save(path)


def _flipped(root: Path) -> None:
    content = bytearray((root / "depth/a/0000.npy").read_bytes())
    content[-2] ^= 16
    (root / "depth/a/0000.npy").write_bytes(content)


def first(key: str, value: Any) -> Callable[[Path], None]:
    return objects(lambda said: said[key].__setitem__(0, value))


LINE = {"file": SHARD, "line": 1, "frame": "a/0000"}
FILES = {**LINE, "place": "files."}


def _without_shards(said: Any) -> None:
    said["shards"] = {}


def _mirrored(said: Any) -> None:
    for row in said["camera"]["world_from_camera"][:3]:
        row[0] = -row[0]


MUTATIONS = (
    Mutation("other version", "JSN-001", document(lambda said: said.update(version=2)), {"place": "version"}),
    Mutation("true is no version", "JSN-001", document(lambda said: said.update(version=True)), {"place": "version"}),
    Mutation("no schema", "JSN-001", document(lambda said: said.pop("schema")), {"place": "schema"}),
    Mutation(
        "name twice", "JSN-001", in_dataset('"frames": 10', '"frames": 10, "frames": 10'), {"message": "the name 'fra"}
    ),
    Mutation("NaN in a box", "JSN-002", first("area", float("nan")), {**LINE, "place": "views[0].objects.area[0]"}),
    Mutation(
        "infinite far", "JSN-002", text('"far":500.0', '"far":Infinity'), {**LINE, "place": "views[0].camera.far"}
    ),
    Mutation("overflow", "JSN-002", text('"near":0.1', '"near":1e999'), LINE, also=("JSN-006",)),
    Mutation("NaN in dataset.json", "JSN-002", in_dataset('"version": 1', '"version": 1, "x": NaN'), {"file": DATASET}),
    Mutation("frame twice", "JSN-003", records(_twice), {"line": 11, "message": "frame 'a/0000' is in"}),
    Mutation("lost file", "JSN-003", lambda root: (root / "rgb/a/0000.png").unlink(), {**LINE, "place": "files.rgb"}),
    Mutation("longer file", "JSN-003", put("rgb/a/0000.png", bytes(77)), {**LINE, "place": "files.rgb"}),
    Mutation("pointer", "JSN-003", put("rgb/a/0000.png", POINTER.encode()), {**LINE, "place": "files.rgb"}),
    Mutation("lost shard", "JSN-003", lambda root: (root / SHARD).unlink(), {"file": DATASET, "place": "shards[0]"}),
    Mutation(
        "shards of no kind",
        "JSN-003",
        document(_without_shards),
        {"place": "shards"},
        also=("JSN-008",),
    ),
    Mutation("shard of no kind", "JSN-003", document(lambda said: said["shards"].append(5)), {"place": "shards[1]"}),
    Mutation(
        "huge count",
        "JSN-003",
        document(lambda said: said["shards"][0].update(frames=10**9)),
        {"place": "shards[0].frames"},
    ),
    Mutation(
        "size of the shard",
        "JSN-003",
        document(lambda said: said["shards"][0].update(bytes=5)),
        {"place": "shards[0].bytes"},
    ),
    Mutation(
        "way out",
        "JSN-003",
        view(lambda said: said["files"]["rgb"].update(path="../../etc/passwd")),
        {**LINE, "place": "files.rgb", "message": "path '../../etc/passwd' points outside"},
    ),
    Mutation(
        "shard out",
        "JSN-003",
        document(lambda said: said["shards"][0].update(path="/etc/passwd")),
        {"place": "shards[0]", "message": "path '/etc/passwd' is absolute"},
    ),
    Mutation(
        "file of two frames",
        "JSN-003",
        records(lambda lines: lines[1]["views"][0]["files"].update(rgb=lines[0]["views"][0]["files"]["rgb"])),
        {"line": 2, "frame": "a/0001", "place": "files.rgb"},
    ),
    Mutation(
        "long quaternion",
        "JSN-004",
        one(lambda box: box.__setitem__(6, box[6] + 0.01)),
        {**LINE, "place": "objects.box3d"},
    ),
    Mutation("turned out", "JSN-004", one(lambda box: box.__setitem__(4, -1.0)), {**LINE, "place": "objects.box3d"}),
    Mutation(
        "a point",
        "JSN-004",
        one(lambda box: box.__setitem__(slice(3, 6), [0.0] * 3)),
        {**LINE, "place": "objects.box3d"},
    ),
    Mutation(
        "K is transposed",
        "JSN-004",
        view(lambda said: said["camera"].update(K=np.transpose(said["camera"]["K"]).tolist())),
        {**LINE, "place": "camera.K"},
    ),
    Mutation(
        "pose of row vectors",
        "JSN-004",
        view(
            lambda said: said["camera"].update(
                world_from_camera=np.transpose(said["camera"]["world_from_camera"]).tolist()
            )
        ),
        {**LINE, "place": "camera.world_from_camera"},
    ),
    Mutation(
        "pose mirrors",
        "JSN-004",
        view(_mirrored),
        {**LINE, "place": "camera.world_from_camera", "message": "world_from_camera mirrors"},
    ),
    Mutation(
        "text for a width", "JSN-006", view(lambda said: said.update(width="96")), {**LINE, "place": "views[0].width"}
    ),
    Mutation(
        "no objects but a list", "JSN-006", view(lambda said: said.update(objects=[])), {**LINE, "place": "views"}
    ),
    Mutation("record is a list", "JSN-006", records(lambda lines: [*lines, []]), {"line": 11}),
    Mutation("short column", "JSN-006", objects(lambda said: said["area"].pop()), {**LINE, "place": "objects"}),
    Mutation("label beyond", "JSN-006", first("label", 99), {**LINE, "place": "objects"}),
    Mutation("huge id", "JSN-006", first("id", 2**70), {**LINE, "place": "views[0].objects.id"}),
    Mutation(
        "no width",
        "JSN-006",
        view(lambda said: said.update(width=0), 1),
        {"line": 2, "place": "width"},
        also=("JSN-007",),
    ),
    Mutation(
        "near beyond far",
        "JSN-006",
        view(lambda said: said["camera"].update(near=900.0)),
        {**LINE, "place": "camera.near"},
    ),
    Mutation(
        "one name for two views",
        "JSN-006",
        records(lambda lines: lines[7]["views"][1].update(name=lines[7]["views"][0]["name"])),
        {"line": 8, "frame": "rig/", "place": "name"},
    ),
    Mutation("no view", "JSN-006", records(lambda lines: lines[1].update(views=[])), {"line": 2, "place": "views"}),
    Mutation(
        "negative index", "JSN-006", records(lambda lines: lines[1].update(index=-3)), {"line": 2, "place": "index"}
    ),
    Mutation(
        "flipped bits",
        "JSN-007",
        _flipped,
        {**LINE, "place": "files.depth", "message": "'depth/a/0000.npy' has the SHA"},
    ),
    Mutation("float64", "JSN-007", picture(array(np.zeros((64, 96))), "depth", "depth/a/0000.npy"), FILES),
    Mutation("turned round", "JSN-007", picture(array(np.zeros((96, 64), "f4")), "depth", "depth/a/0000.npy"), FILES),
    Mutation(
        "8-bit ids in three channels",
        "JSN-007",
        picture(image(np.zeros((64, 96, 3), "u1")), "semantic", "semantic/a/0000.png"),
        FILES,
    ),
    Mutation("another size", "JSN-007", picture(image(np.zeros((32, 48, 3), "u1")), "rgb", "rgb/a/0000.png"), FILES),
    Mutation("junk", "JSN-007", picture(lambda path: path.write_bytes(b"\x00" * 50), "rgb", "rgb/a/0000.png"), FILES),
    Mutation(
        "objects of Python",
        "JSN-007",
        picture(lambda path: np.save(path, np.array([{}], object), allow_pickle=True), "depth", "depth/a/0000.npy"),
        FILES,
    ),
    Mutation("frames are counted wrong", "JSN-008", document(lambda said: said.update(frames=9)), {"place": "frames"}),
    Mutation(
        "splits are counted wrong", "JSN-008", document(lambda said: said["splits"].update(val=9)), {"place": "splits"}
    ),
    Mutation(
        "a channel is not listed",
        "JSN-008",
        document(lambda said: said["channels"].pop("rgb")),
        {"place": "channels.rgb"},
    ),
    Mutation(
        "a channel's dtype",
        "JSN-008",
        document(lambda said: said["channels"]["depth"].update(dtype="uint16")),
        {"place": "channels.depth.dtype"},
    ),
    Mutation(
        "a class is not listed",
        "JSN-009",
        document(lambda said: said["classes"].pop(0)),
        {"frame": "a/0000", "place": "classes", "message": "the class 'car'"},
    ),
    Mutation(
        "no classes", "JSN-009", document(lambda said: said.pop("classes")), {"file": DATASET, "place": "classes"}
    ),
    Mutation("box beyond the image", "JSN-010", first("box", [5, 5, 97, 20]), {**LINE, "place": "objects.box"}),
    Mutation("box of no height", "JSN-010", first("box", [5, 5, 9, 5]), {**LINE, "place": "objects.box"}),
    Mutation("whole box inside out", "JSN-010", first("box_full", [9, 5, 5, 9]), {**LINE, "place": "objects.box_full"}),
    Mutation(
        "other pixels",
        "GEN-011",
        document(lambda said: said["conventions"].update(box="x y w h")),
        {"place": "conventions.box"},
    ),
    Mutation(
        "no unit", "GEN-011", document(lambda said: said["conventions"].pop("length")), {"place": "conventions.len"}
    ),
    Mutation("no JSON", "FILE-001", text('{"id":"b/0000"', '{"id":b/0000"'), {"file": SHARD, "line": 4}),
    Mutation("nested", "FILE-001", text('"task":', '"deep":' + "[" * 99999 + "]" * 99999 + ',"task":'), {"line": 1}),
    Mutation(
        "no text", "FILE-001", lambda root: (root / SHARD).write_bytes(b"\xff\xfe\n"), {"line": 1}, also=("JSN-003",)
    ),
)
