"""`framepress manifest`, `pack`, `unpack` and `optimize`: what they answer, and with which exit code."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from framepress.cli import main
from framepress.dataset.split import Split
from framepress.dataset.writer import DatasetWriter
from frames import LABELS, many

Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.chdir(tmp_path)

    def invoke(*arguments: object, code: int = 0) -> Result:
        result = CliRunner().invoke(main, [str(argument) for argument in arguments])
        assert result.exit_code == code, result.output
        return result

    return invoke


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    split = Split((("train", 0.5), ("val", 0.5)), 3)
    with DatasetWriter(tmp_path / "set", ["native", "coco"], labels=LABELS, split=split) as writer:
        for frame in many(6):
            writer.add(frame.replaced(id=f"f{frame.index}", sequence=f"s{frame.index}"))
    return Path("set")


def files(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


# ---- manifest --------------------------------------------------------------------------------------------------------


def test_a_manifest_on_stdout_is_what_sha256sum_reads(run: Run, dataset: Path) -> None:
    told = run("manifest", dataset).stdout_bytes
    assert told.count(b"\n") == len(files(dataset))
    if shutil.which("sha256sum"):
        subprocess.run(["sha256sum", "--check", "--strict", "--quiet"], input=told, cwd=dataset, check=True)
    document = json.loads(run("manifest", dataset, "--json").stdout)
    assert document["files"] == len(document["entries"]) == len(files(dataset))
    assert document["bytes"] == sum(map(len, files(dataset).values()))


@pytest.mark.parametrize("name", ["SHA256SUMS", "set/SHA256SUMS", "sums.json"])
def test_what_differs_from_a_manifest_is_named_and_is_exit_code_1(run: Run, dataset: Path, name: str) -> None:
    assert f"{name}: {len(files(dataset))} files" in run("manifest", dataset, "--out", name).stdout
    assert "no other is there" in run("manifest", dataset, "--check", name).stdout
    path = next(path for path in sorted((dataset / "coco/images").rglob("*.png")))
    content = bytearray(path.read_bytes())
    path.unlink()  # a hard link of native's
    path.write_bytes(content[:-1] + b"x")
    (dataset / "native/dataset.json").unlink()
    (dataset / "new\x1b[2J.txt").write_bytes(b"")
    text = run("manifest", dataset, "--check", name, code=1).stdout
    assert f"changed  {path.relative_to(dataset).as_posix()}" in text
    assert "missing  native/dataset.json" in text
    assert "1 missing, 1 changed, 1 extra" in text
    assert "\x1b" not in text
    document = json.loads(run("manifest", dataset, "--check", name, "--json", code=1).stdout)
    assert document["equal"] is False
    assert document["missing"] == ["native/dataset.json"]
    assert document["extra"] == ["new\x1b[2J.txt"]
    assert list(document["changed"]) == [path.relative_to(dataset).as_posix()]


def test_a_manifest_overwrites_nothing_and_names_of_any_bytes_are_told(run: Run, dataset: Path) -> None:
    Path("mine").write_text("mine")
    assert "exists already" in run("manifest", dataset, "--out", "mine", code=3).stderr
    assert Path("mine").read_text() == "mine"
    run("manifest", dataset, "--out", "a", "--check", "mine", code=2)
    assert "no line of sha256sum" in run("manifest", dataset, "--check", "mine", code=4).stderr
    (dataset / os.fsdecode(b"\xff")).write_bytes(b"")
    (dataset / "nowhere").symlink_to("nothing")
    result = run("manifest", dataset)
    assert b"  \xff\n" in result.stdout_bytes
    assert "not listed: nowhere: a symbolic link that leads nowhere" in result.stderr
    assert json.loads(run("manifest", dataset, "--json").stdout)["passed_over"].keys() == {"nowhere"}


# ---- pack and unpack -------------------------------------------------------------------------------------------------


def test_packed_and_unpacked_is_the_same_dataset(run: Run, dataset: Path) -> None:
    result = run("pack", dataset, "set.tar.gz", "--verify", "--workers", 2)
    assert f"{len(files(dataset))} files" in result.stdout
    assert "read back and compared" in result.stdout
    told = run("unpack", "set.tar.gz", "back").stdout
    assert f"{len(files(dataset))} compared with the manifest" in told
    assert files(Path("back")) == files(dataset)
    assert "exists already" in run("unpack", "set.tar.gz", "back", code=3).stderr
    assert "exists already" in run("pack", dataset, "set.tar.gz", code=3).stderr


def test_json_says_as_much_as_the_text(run: Run, dataset: Path) -> None:
    document = json.loads(run("pack", dataset, "a.zip", "--no-images", "--prefix", "set/", "--json").stdout)
    images = [name for name in files(dataset) if name.endswith(".png")]
    assert document["images_left_out"] == len(images) > 0
    assert document["files"] == len(files(dataset)) - len(images)
    assert document["packed_bytes"] == Path("a.zip").stat().st_size
    assert document["verified"] is False
    with zipfile.ZipFile("a.zip") as opened:
        assert all(name.startswith("set/") for name in opened.namelist())
    told = json.loads(run("unpack", "a.zip", "out", "--json").stdout)
    assert told["files"] == told["checked"] == document["files"]


def test_parts_and_frames_of_a_list(run: Run, dataset: Path) -> None:
    document = json.loads(run("pack", dataset, "a.zip", "--max-bytes", "150KB", "--json").stdout)
    assert len(document["archives"]) > 1
    assert all(Path(path).stat().st_size <= 150_000 for path in document["archives"])
    run("unpack", document["archives"][-1], "whole")
    assert files(Path("whole")) == files(dataset)
    Path("ids.txt").write_text("f1\n\nf4\n")
    run("pack", dataset, "some.tar", "--frames-from", "ids.txt")
    run("unpack", "some.tar", "some")
    assert json.loads(run("info", "some", "--json").stdout)["frames"] == 2
    run("pack", dataset, "val.tar", "--split", "val")
    run("unpack", "val.tar", "val")
    assert list(json.loads(run("info", "val", "--json").stdout)["splits"]) == ["val"]


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["pack", "set", "a.rar"], 2, "ends in one of"),
        (["pack", "set", "a.zip", "--max-bytes", "many"], 2, "no size such as 2GB"),
        (["pack", "set", "set/a.zip"], 2, "lies in the dataset itself"),
        (["pack", "set", "a.zip", "--split", "test"], 4, "no frame is of split"),
        (["pack", "none", "a.zip"], 2, "does not exist"),
        (["unpack", "set/coco/annotations/instances_val.json", "out"], 4, "is no zip, tar"),
        (["optimize", "set"], 2, "name the folder DST"),
        (["optimize", "set", "out", "--in-place"], 2, "not both"),
        (["optimize", "set", "out", "--depth", "png16"], 2, "depth is never lossy"),
        (["optimize", "set", "out", "--images", "jpeg", "--lossless"], 2, "loses something"),
        (["optimize", "set", "out", "--min-saving", "much"], 2, "no share such as 5%"),
        (["optimize", "set/coco", "--in-place"], 2, "is an edition of"),
    ],
)
def test_what_cannot_be_is_told_and_nothing_is_written(
    run: Run, dataset: Path, arguments: list[str], code: int, told: str
) -> None:
    before = files(Path())
    result = run(*arguments, code=code)
    assert told in " ".join(result.stderr.split())
    assert files(Path()) == before


@pytest.mark.parametrize("size", ["100kB", "100 KB", "0.1MB", "97.65625 KiB", "0.0001GB"])
def test_sizes_are_read_in_every_usual_way(run: Run, dataset: Path, size: str) -> None:
    """What is above the limit says it in bytes."""
    (dataset / "large.jpg").write_bytes(bytes(100_000))
    assert "no archive of 100000 can hold" in run("pack", dataset, "a.zip", "--max-bytes", size, code=2).stderr


# ---- optimize --------------------------------------------------------------------------------------------------------


def test_what_was_saved_and_what_was_lost_is_told(run: Run, dataset: Path) -> None:
    text = run("optimize", dataset, "new").stdout
    assert "nothing was lost" in text
    assert text.splitlines()[-1] == "new"
    document = json.loads(run("optimize", dataset, "jpeg", "--images", "jpeg", "--quality", 80, "--json").stdout)
    assert document["target"] == "jpeg"
    assert document["loss"]["pictures"] == document["renamed"] == document["kinds"]["pictures (png)"]["changed"] == 6
    assert document["bytes_after"] < document["bytes_before"]
    assert document["kinds"]["pictures (png)"]["ratio"] < 0.8
    text = run("optimize", dataset, "other", "--images", "jpeg", "--min-saving", "99.9%", "--depth", "tiff").stdout
    assert "saves less than" in text


def test_in_place_keeps_the_former_dataset(run: Run, dataset: Path) -> None:
    before = files(dataset)
    result = run("optimize", dataset, "--in-place", "--json")
    assert json.loads(result.stdout)["target"] == "set"
    assert "as it was it is" in result.stderr
    assert files(Path("set-before-optimize")) == before
    assert files(dataset) != before
    assert "exists already" in run("optimize", dataset, "--in-place", code=2).stderr
    shutil.rmtree("set-before-optimize")
    again = run("optimize", dataset, "--in-place")
    assert "nothing could be saved: no copy was written" in again.stdout
    assert sorted(path.name for path in Path().iterdir()) == ["set"]
