"""The index's tables as Parquet, read back by pyarrow, which knows nothing of us."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from framepress.cli import main
from framepress.core import Camera, Frame, Objects, View
from framepress.dataset import index_parquet
from framepress.dataset.index import Index
from framepress.dataset.index_parquet import write_parquet
from framepress.dataset.opening import Dataset, open_dataset
from framepress.dataset.writer import DatasetWriter
from framepress.errors import OutputError
from framepress.formats import Format
from frames import LABELS, mono, rig

parquet = pytest.importorskip("pyarrow.parquet", reason="needs pip install 'framepress[parquet]'")


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FRAMEPRESS_CACHE", str(tmp_path / "cache"))


def frames() -> list[Frame]:
    return [*mono(), *[frame.replaced(id=f"rig/{frame.id}", time_ns=None) for frame in rig()]]


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    with DatasetWriter(tmp_path / "set", ["native", "coco"], labels=LABELS) as writer:
        for frame in frames():
            writer.add(frame)
    return tmp_path / "set"


def rows_of(file: Path) -> list[dict[str, object]]:
    return parquet.read_table(file).to_pylist()


@pytest.mark.parametrize("group", [3, 1 << 17])
def test_every_row_says_what_its_frame_said(
    dataset: Path, tmp_path: Path, group: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(index_parquet, "ROWS", group)
    written = write_parquet(Index.of(open_dataset(dataset)), tmp_path / "tables")
    assert set(written) == {path.name for path in (tmp_path / "tables").iterdir()}
    views, objects = rows_of(tmp_path / "tables/views.parquet"), rows_of(tmp_path / "tables/objects.parquet")
    told = rows_of(tmp_path / "tables/frames.parquet")
    assert [len(told), len(views), len(objects)] == [
        written[f"{name}.parquet"] for name in ("frames", "views", "objects")
    ]
    place = row = 0
    for number, (frame, said) in enumerate(zip(frames(), told, strict=True)):
        assert (said["id"], said["index"], said["sequence"], said["time_ns"]) == (
            frame.id,
            frame.index,
            frame.sequence,
            frame.time_ns,
        )
        assert said.get("meta.lights.sun") == frame.meta.get("lights", {}).get("sun")
        assert said["scene"] == str(frame.meta.get("scene", ""))
        for view in frame.views:
            assert (views[place]["frame"], views[place]["name"]) == (number, view.name)
            assert (views[place]["width"], views[place]["height"]) == view.camera.size_wh
            for thing, label in zip(view.objects, view.objects.labels, strict=True):
                found = objects[row]
                assert (found["view"], found["frame"], found["label"], found["id"]) == (place, number, label, thing.id)
                assert found["track"] == (thing.track or None)
                box = [None] * 4 if thing.box is None else thing.box.tolist()
                assert [found[f"box_{side}"] for side in ("x0", "y0", "x1", "y1")] == box
                assert found["visibility"] == (None if thing.visibility is None else np.float32(thing.visibility))
                assert found["attributes.note"] == thing.attributes.get("note")
                assert found["attributes.dirty"] is thing.attributes.get("dirty")
                row += 1
            place += 1
    assert row == len(objects) == written["objects.parquet"]


def test_the_files_are_listed_with_their_sizes(dataset: Path, tmp_path: Path) -> None:
    write_parquet(Index.of(open_dataset(dataset)), tmp_path / "tables")
    files = rows_of(tmp_path / "tables/files.parquet")
    assert {file["edition"] for file in files} == {"native", "coco"}
    assert all((dataset / str(file["path"])).stat().st_size == file["size"] for file in files)


def test_columns_that_nobody_filled_are_null(tmp_path: Path) -> None:
    index = Index.of(made_up(tmp_path, [Frame("a", 0, (View(Camera(4, 3), objects=Objects.build(["car"])),))]))
    write_parquet(index, tmp_path / "tables")
    (row,) = rows_of(tmp_path / "tables/objects.parquet")
    unknown = {name for name, value in row.items() if value is None}
    boxes = {f"{box}_{side}" for box in ("box", "box_full") for side in ("x0", "y0", "x1", "y1")}
    assert unknown == {"track", "area", "visibility", "truncation", "score", "distance", "yaw"} | boxes
    assert row["crowd"] is False


def test_a_key_with_numbers_and_texts_has_two_columns_and_odd_names_stay_apart(tmp_path: Path) -> None:
    said = [{"x": 1.5, "x text": "b"}, {"x": "a"}, {"x": None, "\udcff": 1}]
    views = (View(Camera(4, 3)),)
    index = Index.of(made_up(tmp_path, [Frame(f"f{n}", n, views, meta=words) for n, words in enumerate(said)]))
    write_parquet(index, tmp_path / "tables")
    table = parquet.read_table(tmp_path / "tables/frames.parquet")
    assert table["meta.x"].to_pylist() == [1.5, None, None]
    assert table["meta.x text"].to_pylist() == [None, "a", None]
    assert table["meta.x text_"].to_pylist() == ["b", None, None]
    assert table["meta.\\udcff"].to_pylist() == [None, None, 1.0]


def test_a_dataset_without_frames_has_empty_tables(tmp_path: Path) -> None:
    write_parquet(Index.of(made_up(tmp_path, [])), tmp_path / "tables")
    for file in (tmp_path / "tables").iterdir():
        assert parquet.read_metadata(file).num_rows == 0
    assert "box_x0" in parquet.read_schema(tmp_path / "tables/objects.parquet").names


def test_the_bytes_are_the_same_each_time(dataset: Path, tmp_path: Path) -> None:
    index = Index.of(open_dataset(dataset))
    for name in ("one", "two"):
        write_parquet(index, tmp_path / name)
    for file in (tmp_path / "one").iterdir():
        assert file.read_bytes() == (tmp_path / "two" / file.name).read_bytes()


def test_what_is_there_is_refused_and_left(dataset: Path, tmp_path: Path) -> None:
    (tmp_path / "tables").mkdir()
    (tmp_path / "tables/mine.txt").write_text("mine")
    with pytest.raises(OutputError, match="tables: is there already"):
        write_parquet(Index.of(open_dataset(dataset)), tmp_path / "tables")
    assert [path.name for path in (tmp_path / "tables").iterdir()] == ["mine.txt"]
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


def test_the_command_tells_what_is_there_and_writes_the_tables(dataset: Path, tmp_path: Path) -> None:
    def run(*arguments: object, code: int = 0) -> str:
        result = CliRunner().invoke(main, ["index", *map(str, arguments)])
        assert result.exit_code == code, result.output
        return result.stdout

    first = json.loads(run(dataset, "--json"))
    assert first["index"]["made"] is True
    assert first["parquet"] is None
    assert first["attributes"]["fields"]["dirty"] == {"kind": "bool", "texts": 0}
    assert first["meta"]["fields"]["scene"]["kind"] == "text"
    told = json.loads(run(dataset, "--parquet", tmp_path / "tables", "--json"))
    assert told["index"]["made"] is False
    assert told["rows"] == first["rows"]
    files = told["parquet"]["files"]
    assert files["frames.parquet"]["rows"] == told["rows"]["frames"] == len(frames())
    assert all((tmp_path / "tables" / name).stat().st_size == of["bytes"] for name, of in files.items())
    assert json.loads(run(dataset, "--rebuild", "--json"))["index"]["made"] is True
    assert "attributes.note" in run(dataset)
    run(dataset, "--parquet", tmp_path / "tables", code=3)


def test_without_pyarrow_the_way_out_is_named(dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    result = CliRunner().invoke(main, ["index", str(dataset), "--parquet", str(tmp_path / "tables")])
    assert result.exit_code == 2
    assert "framepress[parquet]" in result.stderr
    assert not (tmp_path / "tables").exists()


def test_pyarrow_is_loaded_for_parquet_only(dataset: Path) -> None:
    code = (
        "import sys\nfrom click.testing import CliRunner\nfrom framepress.cli import main\n"
        "assert CliRunner().invoke(main, ['index', sys.argv[1]]).exit_code == 0\nassert 'pyarrow' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code, str(dataset)], check=True)


def made_up(tmp_path: Path, given: list[Frame]) -> Dataset:
    (tmp_path / "foreign").mkdir()
    return Dataset(tmp_path / "foreign", Format("made_up", "", frozenset(), read=lambda path: iter(given)))
