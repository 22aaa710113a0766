"""The command: what it answers, where, and with which exit code."""

from __future__ import annotations

import io
import json
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from framepress import __version__
from framepress.cli import main
from framepress.cli.progress import Progress, counted_aside, duration
from framepress.cli.tables import aligned, bytes_text
from framepress.dataset.writer import DatasetWriter
from framepress.errors import FrameError, InputError
from frames import LABELS, many, mono

Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("FRAMEPRESS_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("FRAMEPRESS_DEBUG", raising=False)

    def invoke(*arguments: object, code: int = 0) -> Result:
        result = CliRunner().invoke(main, [str(argument) for argument in arguments])
        assert result.exit_code == code, result.output
        return result

    return invoke


def pressed(folder: Path, first: int = 0, count: int = 6, formats: str = "native,coco") -> Path:
    with DatasetWriter(folder, formats.split(","), labels=LABELS) as writer:
        for frame in many(count, first=first):
            writer.add(frame)
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    """Everything but the ledger, which counts runs."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != "ledger.jsonl"
    }


def test_a_recording_becomes_the_editions_asked_for(run: Run, capture: Path, tmp_path: Path) -> None:
    result = run("convert", capture, tmp_path / "out", "--to", "coco,yolo,kitti", "--split", "train=.5,val=.5")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [".framepress", "coco", "kitti", "yolo"]
    images = 0
    for document in (tmp_path / "out/coco/annotations").glob("instances_*.json"):
        images += len(json.loads(document.read_text())["images"])
    assert images == 12
    for line in ("6 frames, 12 views", "written 6", "not carried (frames that had it): depth 6", "in the source:"):
        assert line in result.stdout
    assert result.stderr == ""


def test_json_is_one_document_that_says_as_much_as_the_text(run: Run, capture: Path, tmp_path: Path) -> None:
    result = run("convert", capture, tmp_path / "out", "--to", "coco", "--json")
    document = json.loads(result.stdout)
    on_disk = [path for path in (tmp_path / "out").rglob("*") if path.is_file()]
    assert document["source"] == {"path": str(capture), "format": "basic"}
    assert document["frames"] == document["run"]["written"] == 6
    assert document["disk"]["files"] == len(on_disk)
    rows = {name.removeprefix("source "): count for name, count in document["run"].items()}
    fates = [count for name, count in rows.items() if name == "objects" or name.startswith(("merged", "dropped: "))]
    assert rows["rows"] == sum(fates)
    assert rows["objects"] == document["objects"] == sum(document["classes"].values())


def test_settings_reach_the_writers_that_have_them_and_the_reader(run: Run, capture: Path, tmp_path: Path) -> None:
    run("convert", capture, tmp_path / "out", "--to", "coco,kitti", "--set", "images=jpeg", "--set", "coco.quality=70",
        "--set", "from.sequence=0123", "--set", "coco.segmentation=polygon")  # fmt: skip
    job = json.loads((tmp_path / "out/.framepress/dataset.json").read_text())
    assert job["formats"]["coco"] == {"images": "jpeg", "quality": 70, "segmentation": "polygon"}
    assert job["formats"]["kitti"]["images"] == "jpeg"
    assert json.loads(run("info", tmp_path / "out", "--json").stdout)["sequences"] == 1


@pytest.mark.parametrize(
    ("setting", "told"),
    [
        ("segmentatoin=rle", "no such option; there are: coco.images, coco.quality, coco.segmentation, from."),
        ("yolo.images=png", "'yolo' is none of coco, from"),
        ("from.nestd=all", "no such option.*from.nested"),
        ("images", "write it as key=value"),
        ("quality=high", "'high' is not a whole number"),
        ("quality=true", "'true' is not a whole number"),
        ("from.touching_m=far", "'far' is not a number"),
        ("from.nested_by_class=all", "'all' is not a JSON object"),
        ("images=tiff", "images='tiff'"),
        ("from.nested=most", "nested='most'"),
    ],
)
def test_a_wrong_setting_is_a_usage_error_and_nothing_is_written(
    run: Run, capture: Path, tmp_path: Path, setting: str, told: str
) -> None:
    result = run("convert", capture, tmp_path / "out", "--to", "coco", "--set", setting, code=2)
    assert result.stdout == ""
    assert _found(told, result.stderr)
    assert not (tmp_path / "out").exists()


def _found(pattern: str, text: str) -> bool:
    return all(part in " ".join(text.split()) for part in pattern.split(".*"))


def test_a_setting_given_twice_is_refused(run: Run, capture: Path, tmp_path: Path) -> None:
    twice = ["--set", "images=png", "--set", "coco.images=jpeg"]
    result = run("convert", capture, tmp_path / "out", "--to", "coco", *twice, code=2)
    assert "coco.images is given twice" in result.stderr


def test_classes_come_from_a_file_and_others_are_left_out_and_counted(run: Run, capture: Path, tmp_path: Path) -> None:
    (tmp_path / "classes.txt").write_text("Person\nPallet\n")
    asked = ["convert", capture, tmp_path / "out", "--to", "yolo", "--labels", tmp_path / "classes.txt"]
    assert "is not in the label map" in run(*asked, code=2).stderr
    document = json.loads(run(*asked, "--unlisted", "drop", "--existing", "resume", "--json", code=2).stdout)
    assert "made with another unlisted" in document["error"]["message"]
    shutil.rmtree(tmp_path / "out")
    document = json.loads(run(*asked, "--unlisted", "drop", "--json").stdout)
    assert list(document["classes"]) == ["Person", "Pallet"]
    assert document["run"]["objects not in the label map"] > 0


@pytest.mark.parametrize(
    ("arguments", "code", "kind"),
    [
        (["convert", "{set}", "{set}", "--to", "coco"], 3, "OutputError"),
        (["convert", "{set}", "{tmp}/out", "--to", "coco,nothing"], 2, "OptionError"),
        (["convert", "{set}", "{tmp}/out", "--to", "coco,coco"], 2, "BadParameter"),
        (["convert", "{set}", "{tmp}/out", "--to", "basic"], 2, "OptionError"),
        (["convert", "{set}", "{tmp}/out", "--to", "coco", "--split", "train=.5"], 2, "OptionError"),
        (["convert", "{set}", "{tmp}/out", "--to", "coco", "--workers", "0"], 2, "BadParameter"),
        (["convert", "{set}", "{tmp}/out"], 2, "MissingParameter"),
        (["convert", "{tmp}/none", "{tmp}/out", "--to", "coco"], 2, "BadParameter"),
        (["info", "{tmp}/empty"], 4, "InputError"),
        (["finish", "{tmp}/empty"], 3, "OutputError"),
        (["merge", "{tmp}/empty", "{tmp}/out"], 4, "InputError"),
        (["formats", "--options", "nothing"], 2, "OptionError"),
        (["infos"], 2, "UsageError"),
    ],
)
def test_errors_have_their_exit_codes_and_are_json_where_json_is_asked(
    run: Run, tmp_path: Path, arguments: list[str], code: int, kind: str
) -> None:
    (tmp_path / "empty").mkdir()
    names = {"set": str(pressed(tmp_path / "set", count=1)), "tmp": str(tmp_path)}
    given = [argument.format(**names) for argument in arguments]
    plain = run(*given, code=code)
    assert plain.stdout == ""
    assert "Traceback" not in plain.stderr
    error = json.loads(run(*given, "--json", code=code).stdout)["error"]
    assert error["kind"] == kind or kind == "UsageError"
    assert " ".join(error["message"].split()) in " ".join(plain.stderr.split())


def test_corrupt_input_is_exit_code_4_and_what_was_written_can_be_resumed(
    run: Run, capture: Path, tmp_path: Path
) -> None:
    source = shutil.copytree(capture, tmp_path / "source")
    victim = sorted(source.rglob("rgb*0004*"))[0]
    whole = victim.read_bytes()
    victim.write_bytes(whole[: len(whole) // 2])
    result = run("convert", source, tmp_path / "out", "--to", "native", "--set", "workers=1", code=2)
    result = run("convert", source, tmp_path / "out", "--to", "coco", "--set", "images=jpeg", code=4)
    assert str(victim) in result.stderr
    victim.write_bytes(whole)
    again = ["convert", source, tmp_path / "out", "--to", "coco", "--set", "images=jpeg", "--existing", "resume"]
    document = json.loads(run(*again, "--json").stdout)
    assert document["frames"] == 6
    assert document["run"].get("skipped", 0) + document["run"]["written"] == 6
    run("convert", source, tmp_path / "whole", "--to", "coco", "--set", "images=jpeg")
    assert contents(tmp_path / "out") == contents(tmp_path / "whole")


def interrupted(given: list[str], out: Path) -> tuple[str, str]:
    """What a command says that gets a Ctrl-C in the middle."""
    process = subprocess.Popen(
        [sys.executable, "-m", "framepress.cli", *given],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # Where the tests run in the background, a shell has told them to ignore it.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    journal = out / ".framepress/journal/000000.jsonl"
    while process.poll() is None and not (journal.exists() and journal.stat().st_size > 2_000):
        time.sleep(0.002)
    process.send_signal(signal.SIGINT)
    stdout, stderr = process.communicate(timeout=60)
    assert process.returncode == 130, stderr
    return stdout, stderr


def test_an_interrupted_conversion_says_how_to_go_on_and_that_gives_the_same_bytes(run: Run, tmp_path: Path) -> None:
    source = pressed(tmp_path / "a source", count=120)
    out = tmp_path / "out"
    given = ["convert", str(source), str(out), "--to", "coco", "--existing=error"]
    stdout, stderr = interrupted([*given, "--json"], out)
    error = json.loads(stdout)["error"]
    assert error["kind"] == "Interrupted"
    assert error["message"] in stderr
    assert json.loads(run("info", out, "--json").stdout)["state"]["state"] == "open"
    program, *arguments = shlex.split(error["message"].split("go on with: ")[1])
    assert program == "framepress"
    document = json.loads(run(*arguments).stdout)
    assert document["run"]["skipped"] > 0
    run(*given[:2], tmp_path / "whole", *given[3:])
    assert contents(out) == contents(tmp_path / "whole")


def test_finish_makes_the_last_files_of_an_interrupted_dataset(run: Run, tmp_path: Path) -> None:
    writer = DatasetWriter(tmp_path / "set", ["coco"], labels=LABELS)
    for frame in mono()[:4]:
        writer.add(frame)
    writer.abandon()
    assert not list((tmp_path / "set").rglob("instances_*.json"))
    assert "open: being written, or interrupted" in run("info", tmp_path / "set").stdout
    assert json.loads(run("finish", tmp_path / "set", "--json").stdout)["frames"] == 4
    assert "finished: all files are there" in run("info", tmp_path / "set").stdout
    before = contents(tmp_path / "set")
    run("finish", tmp_path / "set")
    assert contents(tmp_path / "set") == before


def test_merged_shards_are_the_dataset_that_one_run_makes(run: Run, tmp_path: Path) -> None:
    shards = [pressed(tmp_path / f"shard{n}", first=3 * n, count=3) for n in range(2)]
    run("merge", shards[1], shards[0], tmp_path / "merged")
    whole = contents(pressed(tmp_path / "whole", count=6))
    assert contents(tmp_path / "merged") == whole


def test_info_tells_what_is_there(run: Run, tmp_path: Path) -> None:
    pressed(tmp_path / "set", count=8)
    document = json.loads(run("info", tmp_path / "set", "--json").stdout)
    objects = [len(frame.view.objects) for frame in many(8)]
    assert document["frames"] == 8
    assert document["objects"] == sum(objects) == sum(document["classes"].values())
    assert list(document["editions"]) == ["native", "coco"]
    assert document["editions"]["coco"] == {"images": "keep", "quality": 95, "segmentation": "rle"}
    assert document["state"]["ledger"] == {"asked": 8, "written": 8}
    text = run("info", tmp_path / "set").stdout
    for line in ("native, coco (framepress dataset)", "8 in 1 sequences", "48x32 px (8)", "asked 8, written 8"):
        assert line in text


def test_names_of_classes_and_splits_are_told_as_they_are(run: Run, tmp_path: Path) -> None:
    pressed(tmp_path / "a")
    made = run("relabel", tmp_path / "a", tmp_path / "b", "--map", "car=traffic_cone", "--split", "my_split=1").stdout
    assert re.search(r"classes .*\btraffic_cone [0-9]", made)
    assert re.search(r"splits +my_split [0-9]", made)
    assert re.search(r"splits +my_split [0-9]", run("info", tmp_path / "b").stdout)


def test_info_reads_a_recording_of_a_simulator_as_well(run: Run, capture: Path) -> None:
    document = json.loads(run("info", capture, "--json").stdout)
    assert (document["format"], document["frames"], document["views"]) == ("basic", 6, 12)
    assert document["state"] is None
    assert document["features"]["rgb"] == 6


def test_formats_are_listed_with_their_options(run: Run) -> None:
    rows = {row["name"]: row for row in json.loads(run("formats", "--json").stdout)["formats"]}
    assert (rows["basic"]["reads"], rows["basic"]["writes"]) == (True, False)
    assert (rows["coco"]["reads"], rows["coco"]["writes"]) == (True, True)
    assert "mask" in rows["coco"]["carries"]
    text = run("formats").stdout
    assert all(name in text for name in rows)
    document = json.loads(run("formats", "--options", "coco", "--json").stdout)
    assert document["writer"]["quality"] == 95
    assert "coco.quality" in run("formats", "--options", "coco").stdout
    assert "from.nested " in run("formats", "--options", "basic").stdout


def test_help_version_and_no_arguments(run: Run) -> None:
    assert __version__ in run("--version").stdout
    assert "convert" in run("-h").stdout
    assert "convert" in run(code=2).stderr
    assert "--existing" in run("convert", "--help").stdout


def test_debug_adds_the_traceback_and_a_bug_always_has_one(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "empty").mkdir()
    monkeypatch.setenv("FRAMEPRESS_DEBUG", "1")
    result = run("info", tmp_path / "empty", code=4)
    assert "Traceback" in result.stderr
    assert result.stderr.rstrip().endswith(result.stderr.rstrip().splitlines()[-1])
    monkeypatch.delenv("FRAMEPRESS_DEBUG")
    monkeypatch.setattr("framepress.dataset.opening.open_dataset", lambda *_: 1 // 0)
    result = run("info", tmp_path / "empty", "--json", code=70)
    assert "ZeroDivisionError" in result.stderr
    assert json.loads(result.stdout)["error"]["kind"] == "ZeroDivisionError"


def test_a_failed_frame_has_the_exit_code_of_its_cause() -> None:
    from framepress.cli.shell import exit_code

    assert exit_code(FrameError("a", InputError("x"))) == 4
    assert exit_code(FrameError("a", OSError("x"))) == 3
    assert exit_code(FrameError("a", TypeError("x"))) == 70  # nobody foresaw it: never the 1 of a check's findings
    assert exit_code(OSError("x")) == 3
    assert exit_code(KeyboardInterrupt()) == 130


def test_a_reader_that_leaves_early_is_no_error() -> None:
    script = f"{shlex.quote(sys.executable)} -m framepress.cli formats | true"
    run = subprocess.run(["bash", "-o", "pipefail", "-c", script], capture_output=True, text=True)
    assert (run.returncode, run.stderr) == (0, "")


@pytest.mark.parametrize(("ending", "code"), [("> /dev/full", 3), (">&-", 0), ("2>&-", 0)])
@pytest.mark.parametrize("more", ["", "--json"])
def test_an_answer_that_cannot_be_given_is_no_bug(ending: str, code: int, more: str, tmp_path: Path) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full here")
    source = pressed(tmp_path / "a source", count=2)
    asked = (
        f"-m framepress.cli convert {shlex.quote(str(source))} {shlex.quote(str(tmp_path / 'out'))} --to yolo {more}"
    )
    script = f"{shlex.quote(sys.executable)} {asked} {ending}"
    run = subprocess.run(["bash", "-c", script], capture_output=True, text=True)
    assert run.returncode == code, run.stderr
    assert "Traceback" not in run.stderr
    assert "Exception ignored" not in run.stderr
    assert (tmp_path / "out/data.yaml").exists()


def test_json_is_utf_8_where_a_path_is_not(run: Run, tmp_path: Path) -> None:
    source = pressed(tmp_path / "a source", count=1).rename(tmp_path / "src\udcff")
    out = subprocess.run([sys.executable, "-m", "framepress.cli", "info", source, "--json"], capture_output=True)
    assert json.loads(out.stdout.decode("utf-8"))["path"] == str(source)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_progress_on_a_terminal_is_one_line_with_rate_and_time_left() -> None:
    stream, clock = Terminal(), Clock()
    with Progress(lambda: 1000, stream=stream, clock=clock) as progress:
        for done in range(1, 101):
            clock.now += 0.0625
            progress(done)
    shown = stream.getvalue()
    assert "\n" not in shown
    lines = [line.rstrip() for line in shown.split("\r") if line.strip()]
    assert lines[-1] == "100 of 1,000 frames (10%), 16.0 frames/s, 56 s left"
    assert len(lines) <= 51  # ten a second at most
    assert shown.endswith("\r")  # the line is clean for what comes next


def test_progress_elsewhere_is_a_plain_line_now_and_then() -> None:
    stream, clock = io.StringIO(), Clock()
    with Progress(stream=stream, clock=clock) as progress:
        for done in range(1, 3001):
            clock.now += 0.0078125  # exact in binary
            progress(done)
    assert stream.getvalue().splitlines() == ["1,280 frames, 128.0 frames/s", "2,560 frames, 128.0 frames/s"]


def test_the_rate_is_that_of_the_last_seconds_not_of_frames_passed_over() -> None:
    clock = Clock()
    progress = Progress(lambda: 20_000, stream=Terminal(), clock=clock)
    clock.now += 1
    progress(10_000)  # these were there already
    for step in range(1, 41):
        clock.now += 1
        progress(10_000 + 10 * step)
    assert "10.0 frames/s" in progress.line(10_400, clock.now)
    assert "last files" in progress.line(20_000, clock.now)


def test_counting_aside_ends_in_the_total_or_never() -> None:
    def broken() -> Iterator[int]:
        yield 1
        raise InputError("damaged")

    whole, never = counted_aside(lambda: range(7)), counted_aside(broken)
    deadline = time.monotonic() + 10
    while whole() is None and time.monotonic() < deadline:
        time.sleep(0.001)
    assert whole() == 7
    assert never() is None


def test_numbers_are_written_for_people() -> None:
    assert [bytes_text(n) for n in (0, 999, 1000, 99_949, 999_499, 999_500, 12_345_678_901, 10**15)] == [
        "0 B", "999 B", "1.0 kB", "99.9 kB", "999 kB", "1.0 MB", "12.3 GB", "1000 TB",
    ]  # fmt: skip
    assert [duration(s) for s in (0.44, 9.96, 59.4, 59.6, 3599, 3601)] == [
        "0.4 s", "10 s", "59 s", "1:00", "59:59", "1:00:01",
    ]  # fmt: skip
    assert aligned([("a", 1), ("long", 1234)], right=frozenset({1})) == "a         1\nlong  1,234"


def test_nothing_is_written_into_what_is_converted(run: Run, capture: Path) -> None:
    before = sorted(path for path in capture.rglob("*"))
    assert "is inside the dataset" in run("convert", capture, capture / "out", "--to", "coco", code=3).stderr
    assert sorted(path for path in capture.rglob("*")) == before
