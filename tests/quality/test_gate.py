"""A profile that a dataset must hold: for a writer, for Kit's writer, for `convert`; the dataset stays either way."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from framepress.cli import main
from framepress.core import Frame
from framepress.dataset.opening import open_dataset
from framepress.dataset.writer import DatasetWriter
from framepress.errors import FindingsError, OptionError
from framepress.quality.gate import gate
from framepress.quality.profile import profile
from framepress.replicator.options import Options
from framepress.replicator.press import Press
from framepress.storage.memory import MemoryOutput
from frames import LABELS, mono
from replicator.payloads_by_hand import Host


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FRAMEPRESS_CACHE", str(tmp_path / "cache"))


def one_pixel_short() -> list[Frame]:
    """As NVIDIA's writers have them: every box ends before its last pixel."""
    frames = []
    for frame in mono():
        objects = frame.view.objects
        short = objects.with_columns(box=objects.box - np.array([0, 0, 1, 1]))
        frames.append(frame.replaced(views=(frame.view.replaced(objects=short),)))
    return frames


def written(root: Path, frames: list[Frame], **options: object) -> Path:
    with DatasetWriter(root, ["native"], labels=LABELS, **options) as writer:  # type: ignore[arg-type]
        for frame in frames:
            writer.add(frame)
    return root


def test_a_dataset_that_holds_its_profile_passes(tmp_path: Path) -> None:
    written(tmp_path / "set", mono(), gate=gate(profile("default")))
    assert len(list(open_dataset(tmp_path / "set").frames())) == len(mono())


def test_one_that_does_not_is_complete_and_told_with_codes(tmp_path: Path) -> None:
    with pytest.raises(FindingsError, match=r"does not hold the profile 'default': .*TRU-0") as raised:
        written(tmp_path / "set", one_pixel_short(), gate=gate(profile("default")))
    assert raised.value.exit_code == 1
    assert len(list(open_dataset(tmp_path / "set").frames())) == len(mono())


def test_closing_again_gives_the_report(tmp_path: Path) -> None:
    writer = DatasetWriter(tmp_path / "set", ["native"], labels=LABELS, gate=gate(profile("default")))
    for frame in one_pixel_short():
        writer.add(frame)
    with pytest.raises(FindingsError):
        writer.close()
    assert writer.close().frames == len(mono())


def test_a_gate_needs_a_folder_to_look_into() -> None:
    with pytest.raises(OptionError, match="must be a folder"):
        DatasetWriter(MemoryOutput(), ["native"], gate=gate(profile("fast")))


def test_the_writer_of_a_host_can_require_a_profile(tmp_path: Path) -> None:
    strict = tmp_path / "ours.toml"
    strict.write_text('base = "default"\nselect = ["SET-001"]\n[rules."SET-001"]\nseverity = "error"\n')
    host = Host()
    for name, require, passes in (("a", "default", True), ("b", str(strict), False)):
        press = Press(tmp_path / name, Options.of(formats={"coco": {}}, labels=["box", "unseen"], require=require))
        for number in range(3):
            press.take(host.payload(number))
        if passes:
            report = press.finish()
            assert report is not None
            assert report.frames == 3
        else:
            with pytest.raises(FindingsError, match="1 times SET-001"):
                press.finish()


@pytest.mark.parametrize(("require", "message"), [("lax", "must be one of strict, default, fast"), (3, "require=3")])
def test_a_profile_that_cannot_be_is_told_before_anything_is_attached(require: object, message: str) -> None:
    with pytest.raises(OptionError, match=message):
        Options.of(formats="native", require=require)  # type: ignore[arg-type]


def test_convert_tells_what_it_wrote_does_not_hold(tmp_path: Path) -> None:
    source = written(tmp_path / "source", one_pixel_short())
    common = ["convert", str(source)]
    result = CliRunner().invoke(
        main, [*common, str(tmp_path / "a"), "--to", "native,coco", "--require", "default", "--json"]
    )
    assert result.exit_code == 1, result.output
    document = json.loads(result.stdout)
    assert document["frames"] == len(mono())
    assert not document["validation"]["passed"]
    assert {rule["code"] for rule in document["validation"]["rules"] if rule["count"]} >= {"COCO-006"}
    refused = CliRunner().invoke(main, [*common, str(tmp_path / "b"), "--to", "coco", "--require", "lax"])
    assert refused.exit_code == 2
    assert not (tmp_path / "b").exists()
    good = written(tmp_path / "good", mono())
    held = CliRunner().invoke(main, ["convert", str(good), str(tmp_path / "c"), "--to", "coco", "--require", "default"])
    assert held.exit_code == 0, held.output
    assert "PASS" in held.stdout
