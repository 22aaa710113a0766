"""`framepress validate`, `rules` and `explain`: what goes where, and with which exit code."""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner, Result

from framepress.cli import main
from framepress.cli.report_files import write_report
from framepress.dataset.writer import DatasetWriter
from framepress.errors import OutputError
from framepress.quality.registry import all_rules
from frames import LABELS, many

Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("FRAMEPRESS_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("FRAMEPRESS_DEBUG", raising=False)
    monkeypatch.chdir(tmp_path)

    def invoke(*arguments: object, code: int = 0) -> Result:
        result = CliRunner().invoke(main, [str(argument) for argument in arguments])
        assert result.exit_code == code, result.output
        return result

    return invoke


@pytest.fixture
def good(tmp_path: Path) -> Path:
    with DatasetWriter(tmp_path / "data/set", ["coco"], labels=LABELS) as writer:
        for frame in many(6):
            writer.add(frame)
    return tmp_path / "data/set"


@pytest.fixture
def bad(good: Path) -> Path:
    """Two boxes leave their image."""
    labels = next((good / "annotations").glob("instances_*.json"))
    document = json.loads(labels.read_text())
    for annotation in document["annotations"][:2]:
        annotation["bbox"][2] += 1000
    labels.write_text(json.dumps(document))
    return good


def test_a_good_dataset_passes(run: Run, good: Path) -> None:
    result = run("validate", good)
    assert f"PASS  {good}: 0 errors" in result.stdout
    assert result.stderr == ""


def test_errors_fail_with_exit_code_1_and_are_told(run: Run, bad: Path) -> None:
    result = run("validate", "data/set", code=1)
    assert "COCO-005  error  2 times" in result.stdout
    assert "\nFAIL  data/set: " in result.stdout
    assert "\x1b" not in result.stdout  # no terminal
    run("validate", bad, "--select", "TIM")


def test_every_form_is_written_at_once_and_tells_the_same(run: Run, bad: Path, tmp_path: Path) -> None:
    names = {"--html": "r.html", "--sarif": "r.sarif", "--junit": "new/folder/r.xml", "--json-file": "r.json"}
    arguments = [text for option, name in {**names, "--times": "t.csv"}.items() for text in (option, name)]
    result = run("validate", "data/set", "--select", "COCO", *arguments, code=1)
    assert "FAIL  data/set" in result.stdout
    document = json.loads((tmp_path / "r.json").read_text())
    assert document["totals"]["error"] == len(document["findings"]) >= 2
    results = json.loads((tmp_path / "r.sarif").read_text())["runs"][0]["results"]
    assert len(results) == len(document["findings"])
    uri = results[0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert (tmp_path / uri).is_file()  # from the folder that we are in: a repository's
    root = ElementTree.parse(tmp_path / "new/folder/r.xml").getroot()
    assert root.get("failures") == str(len({finding["code"] for finding in document["findings"]}))
    assert b"COCO-005" in (tmp_path / "r.html").read_bytes()
    rows = list(csv.DictReader(io.StringIO((tmp_path / "t.csv").read_text())))
    assert [row["frame"] for row in rows] == [f"s0000/{number:04d}" for number in range(6)]
    assert sorted(path.name for path in tmp_path.iterdir() if path.name != "cache") == [
        "data", "new", "r.html", "r.json", "r.sarif", "t.csv",
    ]  # fmt: skip


def test_reports_have_the_same_bytes_for_every_count_of_threads(run: Run, bad: Path, tmp_path: Path) -> None:
    for workers in (1, 4):
        made = [f"--html=h{workers}", f"--sarif=s{workers}", f"--junit=j{workers}", f"--json-file=d{workers}"]
        run("validate", "data/set", "--workers", workers, *made, code=1)
    for kind in "hsjd":
        assert (tmp_path / f"{kind}1").read_bytes() == (tmp_path / f"{kind}4").read_bytes()


def test_json_on_stdout_is_one_document(run: Run, bad: Path) -> None:
    document = json.loads(run("validate", bad, "--json", code=1).stdout)
    assert document["schema"] == "framepress.validation"
    assert not document["passed"]


def test_a_dash_puts_one_report_on_stdout(run: Run, bad: Path) -> None:
    log = json.loads(run("validate", bad, "--sarif", "-", code=1).stdout)
    assert log["version"] == "2.1.0"
    for several in (["--json", "--sarif", "-"], ["--json", "--github"], ["--html", "-", "--junit", "-"]):
        assert "stdout holds one answer" in run("validate", bad, *several, code=2).stderr


def test_annotations_come_before_the_text(run: Run, bad: Path) -> None:
    lines = run("validate", "data/set", "--github", code=1).stdout.splitlines()
    assert lines[0].startswith("::error file=data/set/annotations/instances_")
    assert any(line.startswith("FAIL  data/set") for line in lines)
    assert run("validate", "data/set", "--github", "--select", "TIM").stdout.startswith("PASS")


@pytest.mark.parametrize("name", ["", "images", "annotations/new.html", "framepress.json", ".framepress/r.html"])
def test_a_report_never_takes_the_place_of_what_it_is_about(run: Run, good: Path, name: str) -> None:
    (good / "framepress.json").write_text("{}")
    before = sorted(good.rglob("*"))
    assert "name a file" in run("validate", good, "--html", good / name, code=3).stderr
    assert sorted(good.rglob("*")) == before
    assert (good / "framepress.json").read_text() == "{}"


def test_a_report_may_lie_at_the_top_of_its_dataset_and_be_made_anew(run: Run, good: Path) -> None:
    for option, name in (("--html", "r.html"), ("--sarif", "r.sarif"), ("--junit", "r.xml"), ("--json-file", "r.json")):
        for _ in range(2):
            run("validate", good, option, good / name)
        assert b"framepress.validation" in (good / name).read_bytes()


def test_two_reports_do_not_share_a_file(run: Run, good: Path) -> None:
    assert "two reports" in run("validate", good, "--html", "x", "--sarif", "./x", code=2).stderr


def test_a_report_that_cannot_be_written_leaves_the_former_one(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"former")
    with pytest.raises(OutputError, match="cannot be written"):
        write_report(tmp_path / "file" / "r.html", b"new")
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("file", b"former")]


def test_rules_are_listed_by_format_and_stage(run: Run) -> None:
    everything = json.loads(run("rules", "--json").stdout)["rules"]
    assert [rule["code"] for rule in everything] == [rule.code for rule in all_rules()]
    coco = json.loads(run("rules", "--format", "coco", "--json").stdout)["rules"]
    assert {"COCO-001", "FILE-001"} <= {rule["code"] for rule in coco}
    assert not any(rule["code"].startswith("YOLO") for rule in coco)
    times = run("rules", "--stage", "time").stdout.splitlines()
    assert times
    assert all(line.split()[2] == "time" for line in times if line)
    assert "no format is named" in run("rules", "--format", "nothing", code=2).stderr


def test_a_rule_is_explained_with_its_thresholds(run: Run) -> None:
    (rule,) = [rule for rule in all_rules() if rule.code == "COCO-005"]
    result = run("explain", "coco-005").stdout
    for part in (rule.sentence, rule.remedy, rule.breaks, "COCO-005 (error"):
        assert part in " ".join(result.split())
    assert json.loads(run("explain", "COCO-005", "--json").stdout)["thresholds"] == rule.thresholds
    assert "no rule has the code 'COCO-999'; COCO-001" in run("explain", "COCO-999", code=2).stderr


def test_the_page_of_the_rules_is_current(run: Run) -> None:
    page = Path(__file__).parents[1] / "docs" / "rules.md"
    assert run("rules", "--markdown").stdout == page.read_text(encoding="utf-8"), (
        "framepress rules --markdown > docs/rules.md"
    )


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.usefixtures("run")
@pytest.mark.parametrize(("setting", "coloured"), [("", True), ("1", False)])
def test_a_terminal_gets_colours_unless_it_wants_none(
    good: Path, monkeypatch: pytest.MonkeyPatch, setting: str, coloured: bool
) -> None:
    monkeypatch.setenv("NO_COLOR", setting)
    monkeypatch.setattr("sys.stdout", Terminal())
    with pytest.raises(SystemExit):
        main(["validate", str(good)])
    told = sys.stdout.getvalue()  # type: ignore[attr-defined]
    assert ("\x1b[" in told) == coloured
    assert "PASS" in told


@pytest.mark.usefixtures("run")
def test_a_terminal_is_told_how_far_it_is_and_left_clean(good: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("framepress.cli.progress.LIVE_SECONDS", -1.0)
    monkeypatch.setattr("sys.stderr", Terminal())
    with pytest.raises(SystemExit):
        main(["validate", str(good)])
    shown = sys.stderr.getvalue().split("\r")  # type: ignore[attr-defined]
    lines = [line.rstrip() for line in shown if line.strip()]
    assert [line.split(" images")[0] for line in lines if " images" in line] == [f"{done} of 6" for done in range(1, 7)]
    assert lines[5].endswith("images/s, comparing them")
    assert shown[-1] == ""
    assert shown[-2].strip() == ""


def test_no_name_of_a_file_moves_the_cursor(run: Run, good: Path, tmp_path: Path) -> None:
    odd = tmp_path / "red\x9b31m\x07"
    good.rename(odd)
    (odd / "images").mkdir(exist_ok=True)
    (tmp_path / "no\x9b31m").mkdir()
    for result in (run("validate", odd), run("validate", tmp_path / "no\x9b31m", code=4)):
        assert (result.stdout + result.stderr).replace("\n", "").isprintable()
        assert "\\x9b31m" in result.stdout + result.stderr
