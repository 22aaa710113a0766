"""The native layout: everything comes back exactly, and what is damaged is named."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import fields
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pytest

import frames
from framepress.core import (
    Boxes3D,
    Camera,
    Channels,
    Distortion,
    EncodedImage,
    Frame,
    Label,
    LabelMap,
    Objects,
    Rle,
    Signal,
    View,
)
from framepress.core.features import features
from framepress.errors import InputError, LabelError, OptionError
from framepress.formats import native
from framepress.formats.native import FORMAT
from framepress.storage.images import ENCODERS, decode_rgb
from framepress.storage.output import Content


class Folder:
    """The seam to the disk at its simplest."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def put(self, path: str, content: Content) -> str:
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        content = content if isinstance(content, bytes) else b"".join(content)
        (self.root / path).write_bytes(content)
        return hashlib.sha256(content).hexdigest()

    @contextmanager
    def file(self, path: str) -> Iterator[BinaryIO]:
        stream = BytesIO()
        yield stream
        self.put(path, stream.getvalue())


def press(root: Path, source: Iterable[Frame], labels: LabelMap = frames.LABELS, **options: Any) -> Path:
    writer, files = FORMAT.make_writer(options), Folder(root)
    rows = [(frame, json.loads(json.dumps(writer.add(frame, files)))) for frame in source]
    writer.finish(labels, lambda: iter(rows), files)
    return root


def listed(root: Path) -> list[str]:
    return sorted(str(file.relative_to(root)) for file in root.rglob("*") if file.is_file())


def same(one: Any, other: Any) -> bool:
    """Equal to the last bit, NaN equal to NaN, dtype for dtype."""
    if isinstance(one, np.ndarray):
        return bool(one.dtype == other.dtype and np.array_equal(one, other, equal_nan=one.dtype.kind == "f"))
    if isinstance(one, Boxes3D):
        return all(same(getattr(one, name), getattr(other, name)) for name in ("center", "size", "rotation"))
    if isinstance(one, (tuple, list)):
        return type(one) is type(other) and len(one) == len(other) and all(map(same, one, other))
    return type(one) is type(other) and one == other


def assert_same_frame(one: Frame, other: Frame) -> None:
    for name in (field.name for field in fields(Frame) if field.name != "views"):
        assert getattr(one, name) == getattr(other, name), name
    assert len(one.views) == len(other.views)
    for view, wanted in zip(one.views, other.views, strict=True):
        for name in ("name", "names", "time_ns"):
            assert getattr(view, name) == getattr(wanted, name), name
        for field in fields(Camera):
            assert same(getattr(view.camera, field.name), getattr(wanted.camera, field.name)), field.name
        assert view.objects.labels == wanted.objects.labels
        for name in {field.name for field in fields(Objects)} - {"label", "classes"}:
            assert same(getattr(view.objects, name), getattr(wanted.objects, name)), name
        assert set(view.channels) == set(wanted.channels)
        for name in wanted.channels:
            assert same(np.asarray(view.channels[name]), np.asarray(wanted.channels[name])), name


def everything() -> Frame:
    """A frame that holds each feature there is, with values at the ends of their ranges."""
    rng = np.random.default_rng(5)
    size = (7, 5)
    pose = np.eye(4)
    pose[:3, :3] = [[0, 0, 1], [-1, 0, 0], [0, -1, 0]]
    pose[:3, 3] = (1e-9, -0.1, 1e6 / 3)
    camera = Camera(
        *size,
        K=np.array([[600 / 7, 0.125, 3.5], [0, 600 / 7, 2.5], [0, 0, 1]]),
        distortion=Distortion("opencv", (0.1, -0.2, 1e-17, 1 / 3)),
        world_from_camera=pose,
        near=0.013,
        far=123.4,
    )
    objects = Objects.build(
        ["person", "car", "person"],
        id=[2**32 - 1, 0, 2**24 + 1],
        track=["/World/Größe", "", "/World/b"],
        box=[(0, 1, 6.5, 5), (np.nan,) * 4, (1 / 3, 1, 2, 3)],
        box_full=[(-10.25, 1, 9, 5), (np.nan,) * 4, (0, 0, 1, 1)],
        box3d=Boxes3D(
            np.array([(1, 2, 3), (np.nan,) * 3, (1e9, -1e-9, 0)]),
            np.array([(1, 2, 3), (np.nan,) * 3, (0.1, 0.2, 0.3)]),
            np.array([(1, 0, 0, 0), (np.nan,) * 4, (0.5, 0.5, -0.5, 0.5)]),
        ),
        area=[np.nan, 1, 35],
        visibility=[0.1, np.nan, 1],
        truncation=[np.nan, 0, 1 / 3],
        crowd=[False, True, False],
        score=[np.nan, 0.999, 1e-300],
        source_id=["c-1", 2**63, None],
        mask=[Rle(5, 7, "0S1"), None, Rle(5, 7, "S1")],
        polygons=[None, [np.array([(0.5, 1), (2, 1), (2, 3.25)]), np.array([(0, 0), (1, 0), (1, 1.0)])], []],
        keypoints=[np.array([(1.5, 2, 2), (0, 0, 0)]), None, None],
        points=[None, np.array([(1.0, 2)]), None],
        polylines=[None, None, [np.array([(1.0, 2), (3, 4)])]],
        attributes=[None, {"ratio": 0.1, "deep": {"list": [1, None, "ß"]}}, {}],
    )
    floats = {name: rng.normal(size=shape).astype(np.float32) for name, shape in (
        ("depth", (5, 7)), ("range", (5, 7)), ("normal", (5, 7, 3)), ("flow", (5, 7, 2)), ("points", (11, 3)),
    )}  # fmt: skip
    floats["depth"][0, 0] = np.inf
    floats["range"] = np.abs(floats["range"])
    floats["depth"] = np.abs(floats["depth"])
    ids = rng.integers(0, 2**32, (2, 5, 7), np.uint32)
    channels = {
        **floats,
        "rgb": rng.integers(0, 256, (5, 7, 3)).astype(np.uint8),
        "instance": ids[0],
        "semantic": ids[1] >> 20,
    }
    view = View(camera, "front", Channels(channels, size), objects, {2: "car", 11: "per,son"}, 2**62 + 1)
    other = View(Camera(3, 4), "back")
    return Frame(
        id="run-1/day_2/0001",
        index=123_456_789,
        views=(view, other),
        sequence="run-1",
        time_ns=2**62 + 1,
        split="val",
        signals={"arm": Signal(2**53 + 1, (0.1, -0.0, 1e-320), ("a", "b", "ü")), "gripper": Signal(0, ())},
        task="pick",
        text="„zwei“\nZeilen\u2028",
        meta={"scene": "Straße", "n": 2**60, "x": [0.1, None, {"k": True}], "lone": "\ud800"},
    )


def test_everything_that_a_frame_can_hold_comes_back(tmp_path: Path) -> None:
    frame = everything()
    (back,) = FORMAT.read(press(tmp_path, [frame]))
    assert_same_frame(back, frame)


def test_the_frame_above_holds_every_feature_and_the_format_carries_them() -> None:
    known = features(everything())
    assert known == FORMAT.carries
    columns = {field.name for field in fields(Objects)} - {"classes"}
    assert columns <= known


@pytest.mark.parametrize("scene", [frames.mono, frames.rig, frames.imported])
def test_the_scenes_of_all_formats_come_back(tmp_path: Path, scene: Callable[[], list[Frame]]) -> None:
    source = scene()
    back = list(FORMAT.read(press(tmp_path, source)))
    assert len(back) == len(source)
    for one, other in zip(back, source, strict=True):
        assert_same_frame(one, other)
    assert FORMAT.read_labels(tmp_path) == frames.LABELS


def test_native_pressed_from_native_has_the_same_bytes(tmp_path: Path) -> None:
    press(tmp_path / "a", [everything(), *frames.mono()])
    press(tmp_path / "b", FORMAT.read(tmp_path / "a"), FORMAT.read_labels(tmp_path / "a"))
    assert listed(tmp_path / "a") == listed(tmp_path / "b")
    for name in listed(tmp_path / "a"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes(), name


def test_labels_keep_ids_colours_and_skeletons(tmp_path: Path) -> None:
    labels = LabelMap((Label("b", id=7, supercategory="x"), Label("a", 3, "", (1, 2, 3), ("p", "q"), ((0, 1),))))
    assert FORMAT.read_labels(press(tmp_path, [], labels)) == labels
    assert list(FORMAT.read(tmp_path)) == []


def test_each_channel_has_its_folder_and_the_record_names_its_files(tmp_path: Path) -> None:
    press(tmp_path, [everything(), *frames.mono()[:1]])
    assert listed(tmp_path) == sorted(
        [
            "dataset.json",
            "frames/000000.jsonl",
            *(f"{name}/front/run-1/day_2/0001.npy" for name in ("normal", "flow", "points", "depth", "range")),
            *(f"{name}/front/run-1/day_2/0001.png" for name in ("rgb", "instance", "semantic")),
            *(f"{name}/a/0000.png" for name in ("rgb", "instance", "semantic")),
            "depth/a/0000.npy",
        ]
    )
    record = json.loads((tmp_path / "frames/000000.jsonl").read_text().splitlines()[1])
    named = record["views"][0]["files"]
    assert {name: entry["path"].split("/")[0] for name, entry in named.items()} == {name: name for name in named}
    assert all((tmp_path / entry["path"]).stat().st_size == entry["bytes"] for entry in named.values())


def test_records_are_ascii_lines_without_nan(tmp_path: Path) -> None:
    press(tmp_path, [everything()])
    text = (tmp_path / "frames/000000.jsonl").read_bytes()
    assert text.isascii()
    assert text.count(b"\n") == 1
    assert b"NaN" not in text
    assert b"Infinity" not in text


def test_frames_are_spread_over_shards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(native, "SHARD_FRAMES", 3)
    press(tmp_path, frames.mono(), channels="instance")
    shards = json.loads((tmp_path / "dataset.json").read_text())["shards"]
    assert [(shard["path"], shard["frames"]) for shard in shards] == [
        ("frames/000000.jsonl", 3),
        ("frames/000001.jsonl", 3),
        ("frames/000002.jsonl", 1),
    ]
    assert [frame.id for frame in FORMAT.read(tmp_path)] == [frame.id for frame in frames.mono()]


def test_a_source_that_is_a_picture_already_is_kept_as_it_is(tmp_path: Path) -> None:
    pixels = frames.mono()[0].view.channels["rgb"]
    jpeg = ENCODERS["jpeg"].encode(pixels)
    source = EncodedImage("image/jpeg", jpeg, decode_rgb)
    frame = frames.mono()[0]
    view = frame.view.replaced(channels=frame.view.channels.replaced(rgb=source))
    press(tmp_path, [frame.replaced(views=(view,))])
    assert (tmp_path / "rgb/a/0000.jpg").read_bytes() == jpeg
    (back,) = FORMAT.read(tmp_path)
    assert back.view.channels.encoded("rgb").read() == jpeg
    assert same(back.view.channels["rgb"], view.channels["rgb"])


@pytest.mark.parametrize("encoder", ["npy", "tiff"])
@pytest.mark.parametrize("channel", ["depth", "range"])
@pytest.mark.parametrize("value", [np.nan, -1.0, -np.inf])
def test_a_distance_that_is_none_is_refused_with_its_pixel(
    tmp_path: Path, value: float, channel: str, encoder: str
) -> None:
    metres = np.full((3, 5), np.inf, np.float32)
    metres[1, 4] = value
    view = View(Camera(5, 3), channels=Channels({channel: metres}, (5, 3)))
    with pytest.raises(InputError, match=f"{channel}/a: {value} at pixel x=4 y=1"):
        native.Writer(depth=encoder).add(Frame("a", 0, (view,)), Folder(tmp_path))


@pytest.mark.parametrize(
    ("options", "suffixes"),
    [
        ({"images": "none", "depth": "tiff"}, {"depth": ".tiff", "instance": ".png", "semantic": ".png"}),
        ({"images": "jpeg", "channels": "rgb,depth"}, {"rgb": ".jpg", "depth": ".npy"}),
        ({"channels": "instance"}, {"instance": ".png"}),
    ],
)
def test_options_choose_channels_and_encoders(
    tmp_path: Path, options: dict[str, str], suffixes: dict[str, str]
) -> None:
    press(tmp_path, frames.mono()[:1], **options)
    files = [name for name in listed(tmp_path) if name.count("/") == 2]
    assert {name.split("/")[0]: Path(name).suffix for name in files} == suffixes
    (back,) = FORMAT.read(tmp_path)
    assert set(back.view.channels) == set(suffixes)
    true = frames.mono()[0].view.channels
    assert all(same(np.asarray(back.view.channels[name]), true[name]) for name in suffixes if name != "rgb")
    asked = options.get("channels")
    assert FORMAT.make_writer(options).needs == (set(asked.split(",")) if asked else set())


@pytest.mark.parametrize(
    "options", [{"images": "bmp"}, {"depth": "png"}, {"channels": "rgb,colour"}, {"channels": ""}, {"depht": "npy"}]
)
def test_impossible_options_are_refused(options: dict[str, str]) -> None:
    with pytest.raises(OptionError):
        FORMAT.make_writer(options)


@pytest.mark.parametrize(
    "frame",
    [
        everything().replaced(meta={"x": float("nan")}),
        everything().replaced(meta={"x": object()}),
        everything().replaced(signals={"arm": Signal(0, (float("inf"),))}),
    ],
)
def test_what_json_cannot_say_is_an_error_with_the_frames_id(tmp_path: Path, frame: Frame) -> None:
    with pytest.raises(InputError, match="frame run-1/day_2/0001"):
        press(tmp_path, [frame])


# ------------------------------------------------------------------------------------ damage


@pytest.fixture(scope="module")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return press(tmp_path_factory.mktemp("pristine"), frames.mono())


@pytest.fixture
def dataset(pristine: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(pristine, tmp_path / "dataset"))


def edit_document(root: Path, **changes: Any) -> None:
    file = root / "dataset.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | changes))


def edit_records(root: Path, change: Callable[[list[Any]], list[str]]) -> None:
    """Rewrite the only shard, with its size in `dataset.json` set right."""
    shard = root / "frames/000000.jsonl"
    lines = change([json.loads(line) for line in shard.read_text().splitlines()])
    shard.write_text("".join(line + "\n" for line in lines))
    entry = {"path": "frames/000000.jsonl", "frames": len(lines), "bytes": shard.stat().st_size}
    edit_document(root, shards=[entry])


def with_first(change: Callable[[Any], Any]) -> Callable[[list[Any]], list[str]]:
    def changed(records: list[Any]) -> list[str]:
        change(records[0])
        return [json.dumps(record) for record in records]

    return changed


def test_an_undamaged_copy_is_read(dataset: Path) -> None:
    assert len(list(FORMAT.read(dataset))) == 7
    assert FORMAT.looks_like(dataset)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"schema": "other"}, "schema 'other'"),
        ({"schema": None}, "schema None"),
        ({"version": 2}, "version 2 .* newer"),
        ({"version": "1"}, "version '1'"),
        ({"shards": 3}, "shards"),
        ({"shards": [{"path": "frames/000000.jsonl"}]}, "no object of path, frames, bytes"),
        ({"classes": {}}, "classes"),
        ({"shards": [{"path": "../x.jsonl", "frames": 1, "bytes": 1}]}, r"'\.\./x\.jsonl' points outside"),
    ],
)
def test_a_document_that_is_not_understood_is_refused(dataset: Path, changes: dict[str, Any], message: str) -> None:
    edit_document(dataset, **changes)
    with pytest.raises(InputError, match=message):
        list(FORMAT.read(dataset))


def test_classes_that_contradict_each_other_are_refused(dataset: Path) -> None:
    edit_document(dataset, classes=["car", "Car"])
    with pytest.raises(LabelError, match="differ at most in case"):
        FORMAT.read_labels(dataset)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"schema": NaN}', b"\xff\xfe", b"[" * 100_000])
def test_a_document_that_is_no_json_object_is_refused(dataset: Path, content: bytes) -> None:
    (dataset / "dataset.json").write_bytes(content)
    assert not FORMAT.looks_like(dataset)
    with pytest.raises(InputError, match=r"dataset\.json"):
        list(FORMAT.read(dataset))


def test_a_dataset_that_was_not_finished_says_so(dataset: Path) -> None:
    (dataset / "dataset.json").unlink()
    with pytest.raises(InputError, match="framepress finish"):
        list(FORMAT.read(dataset))


@pytest.mark.parametrize("cut", [1, 100])
def test_a_cut_shard_is_refused_before_its_first_frame(dataset: Path, cut: int) -> None:
    shard = dataset / "frames/000000.jsonl"
    shard.write_bytes(shard.read_bytes()[:-cut])
    with pytest.raises(InputError, match=r"000000\.jsonl has \d+ bytes, \d+ are recorded"):
        next(FORMAT.read(dataset))


def test_a_missing_shard_or_frame_is_refused(dataset: Path) -> None:
    document = json.loads((dataset / "dataset.json").read_text())
    document["shards"][0]["frames"] = 8
    edit_document(dataset, **document)
    with pytest.raises(InputError, match=r"has 7 frames, dataset\.json says 8"):
        list(FORMAT.read(dataset))
    (dataset / "frames/000000.jsonl").unlink()
    with pytest.raises(InputError, match=r"000000\.jsonl cannot be read"):
        list(FORMAT.read(dataset))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda record: record.update(id="b/0002"), r"jsonl:6: frame 'b/0002' is in frames/000000\.jsonl already"),
        (lambda record: record["views"][0].update(width=float("nan")), "jsonl:1: JSN-002: NaN"),
        (lambda record: record["views"][0]["files"]["rgb"].update(path="../../x.png"), "points outside"),
        (lambda record: record["views"][0]["files"]["rgb"].update(path="/etc/passwd"), "is absolute"),
        (lambda record: record["views"][0]["files"]["rgb"].update(path="rgb/none.png"), r"none\.png cannot be read"),
        (lambda record: record["views"][0]["files"]["rgb"].update(encoder="webp"), "'rgb' stored as 'webp'"),
        (lambda record: record["views"][0]["files"]["rgb"].update(encoder="tiff"), "'rgb' stored as 'tiff'"),
        (lambda record: record["views"][0]["files"].update(thermal={"encoder": "png"}), "'thermal' stored as"),
        (lambda record: record["views"][0]["files"]["rgb"].pop("bytes"), "jsonl:1: frame 'a/0000'.*bytes"),
        (lambda record: record["views"][0]["files"]["rgb"].pop("sha256"), "jsonl:1: frame 'a/0000'.*sha256"),
        (lambda record: record["views"][0]["objects"]["label"].append(0), "jsonl:1: .*column"),
        (lambda record: record["views"][0]["objects"].update(label=[9] * 5), "jsonl:1: .*label codes"),
        (lambda record: record.pop("views"), "jsonl:1: frame 'a/0000': not a frame record"),
        (lambda record: record.update(views=3), "jsonl:1: frame 'a/0000': not a frame record"),
        (lambda record: record["views"][0].update(camera=3), "jsonl:1: frame 'a/0000': not a frame record"),
        (lambda record: record.update(id="a b"), "jsonl:1: frame id 'a b'"),
    ],
)
def test_a_broken_record_is_named_with_its_file_and_line(
    dataset: Path, change: Callable[[Any], Any], message: str
) -> None:
    edit_records(dataset, with_first(change))
    with pytest.raises(InputError, match=message):
        list(FORMAT.read(dataset))


def test_a_number_beyond_float64_is_refused(dataset: Path) -> None:
    edit_records(dataset, lambda records: [json.dumps(records[0]).replace('"area": [', '"area": [1e999, ')])
    with pytest.raises(InputError, match="JSN-002: 1e999 is no finite number"):
        list(FORMAT.read(dataset))


def test_a_line_that_is_no_json_is_named(dataset: Path) -> None:
    edit_records(dataset, lambda records: [json.dumps(records[0]), '{"id": "x"'])
    with pytest.raises(InputError, match=r"000000\.jsonl:2: no JSON"):
        list(FORMAT.read(dataset))


@pytest.mark.parametrize("name", ["rgb/a/0000.png", "depth/a/0000.npy", "instance/a/0000.png"])
def test_a_channels_file_must_have_the_size_that_was_written(dataset: Path, name: str) -> None:
    content = (dataset / name).read_bytes()
    (dataset / name).write_bytes(content[:-10])
    with pytest.raises(InputError, match=rf"{name} has {len(content) - 10} bytes, {len(content)} are recorded"):
        next(FORMAT.read(dataset))
    (dataset / name).write_bytes(b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 5\n")
    with pytest.raises(InputError, match="git lfs pull"):
        next(FORMAT.read(dataset))


@pytest.mark.parametrize("channel", ["rgb", "depth", "instance", "points"])
@pytest.mark.parametrize("share", [0.3, 0.6, 0.99])
def test_one_flipped_bit_is_found_when_the_pixels_are_used(tmp_path: Path, channel: str, share: float) -> None:
    press(tmp_path, [everything()])
    (file,) = (tmp_path / channel).rglob("0001.*")
    content = bytearray(file.read_bytes())
    content[int(share * len(content))] ^= 4
    file.write_bytes(content)
    frame = next(FORMAT.read(tmp_path))
    with pytest.raises(InputError, match=f"{channel}/front/run-1/day_2/0001.*checksum"):
        frame.views[0].channels[channel]


def test_a_link_that_leads_outside_is_refused(dataset: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret.png"
    shutil.move(dataset / "rgb/a/0000.png", secret)
    (dataset / "rgb/a/0000.png").symlink_to(secret)
    with pytest.raises(InputError, match="symbolic link that leads outside"):
        next(FORMAT.read(dataset))


def test_boxes_are_read_without_decoding_an_image(dataset: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> None:
        raise AssertionError("an image was read")

    monkeypatch.setattr(EncodedImage, "read", refuse)
    assert sum(len(frame.view.objects) for frame in FORMAT.read(dataset)) == 29
