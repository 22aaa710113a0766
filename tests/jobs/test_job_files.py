"""A job's file is read as a whole, and what cannot be is told by file, key, value and way out."""

from __future__ import annotations

from pathlib import Path

import pytest
from making import written

from framepress.errors import FramepressError
from framepress.jobs.spec import read_job

ROOT = Path(__file__).parents[2]


def test_a_job_is_read_with_its_defaults_and_absolute_paths(tmp_path: Path) -> None:
    job = read_job(written(tmp_path, frames=12))
    assert (job.num_frames, job.seed, job.rt_subframes, job.resolution) == (12, 3, 4, (1280, 720))
    assert job.script == tmp_path / "script.py"
    assert job.writer_config["seed"] == 3


def test_the_digest_is_that_of_what_is_captured(tmp_path: Path) -> None:
    first = read_job(written(tmp_path / "a")).sha256
    assert read_job(written(tmp_path / "b", script="LOG")).sha256 != first
    assert read_job(written(tmp_path / "a", frames=41)).sha256 != first
    assert read_job(written(tmp_path / "a")).sha256 == first
    digests = set()
    for names in ("crate\nball\npost\n", "ball\ncrate\npost\n"):
        path = written(
            tmp_path / "c", job="script: script.py\nnum_frames: {frames}\nwriter_config: {{labels: l.txt}}\n"
        )
        (tmp_path / "c" / "l.txt").write_text(names)
        digests.add(read_job(path).sha256)
    assert len(digests) == 2, "the list of classes is part of it"


GOOD = "script: script.py\nnum_frames: 4\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "holds nothing"),
        ("- 1", "holds a list"),
        ("num_frames: 4", "nothing to capture"),
        ("script: script.py", "num_frames is missing"),
        (GOOD + "frames: 4", "frames: there is no such key; there are launch_config, scene"),
        (GOOD + "num_frames: 5", "line 3, column 1: num_frames is given twice"),
        (GOOD + "seed: [", "line 3, column 8"),
        (GOOD + "arguments: &a [x]\nlaunch_config: {b: *a}", r"line 4, column 20: aliases \(\*a\) are refused"),
        (GOOD + "launch_config: {? [a] : 1}", "line 3, column 19: a key must be a text"),
        (GOOD + "launch_config: {day: 2026-13-45}", "not usable YAML: month must be in 1..12"),
        (GOOD + "launch_config: " + "{a: " * 3000 + "1" + "}" * 3000, "nested too deeply"),
        ("script: script.py\nnum_frames: 0", "num_frames: 0; expected a whole number of at least 1"),
        ("script: script.py\nnum_frames: true", "num_frames: true; expected"),
        (GOOD + "resolution: [640]", r"resolution: \[640\]; expected \[width, height\]"),
        (GOOD + "cameras: [Camera]", "cameras: .*expected a list of prim paths"),
        (GOOD + "delta_time: -1", "delta_time: -1; expected seconds"),
        (GOOD + "stand_in: {release: 5.1}", "stand_in: .*as texts"),
        (GOOD + "writer: BasicWriter", "writer: BasicWriter; .*only FramepressWriter"),
        (GOOD + "scene: a.usd\nenv_url: /b.usd", "scene and env_url both name a stage"),
        ("script: absent.py\nnum_frames: 4", "script: absent.py: no such file"),
        (GOOD + "writer_config: {output_dir: /x}", "writer_config: output_dir: is set by the job"),
        (GOOD + "writer_config: {formats: coc}", "writer_config: .*coc"),
        (GOOD + "writer_config: {labels: absent.yaml}", "writer_config: labels: absent.yaml: no such file"),
        (GOOD + "writer_config: {on_error: count}", "writer_config: on_error: count leaves frames out"),
        (GOOD + "writer_config: {on_full: drop}", "writer_config: on_full: drop leaves frames out"),
        (GOOD + "launch_config: {experience: absent.kit}", "launch_config: experience: absent.kit: no such file"),
        (GOOD + "writer_config: {colour: red}", "writer_config: the writer has no option 'colour'"),
    ],
)
def test_what_a_job_cannot_be_is_told_with_its_place(tmp_path: Path, text: str, said: str) -> None:
    written(tmp_path)
    path = tmp_path / "job.yaml"
    path.write_text(text)
    with pytest.raises(FramepressError, match=said) as caught:
        read_job(path)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("path", sorted((ROOT / "config" / "jobs").glob("*.yaml")), ids=lambda path: path.name)
def test_the_jobs_that_are_shipped_can_be_read(path: Path) -> None:
    assert read_job(path).num_frames > 0
