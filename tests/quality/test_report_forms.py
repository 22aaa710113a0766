"""The document, text, SARIF, JUnit and GitHub annotations: the same facts in each, whatever a dataset's names hold."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any
from urllib.parse import unquote
from xml.etree import ElementTree

import numpy as np
import pytest
from report_samples import HOSTILE, hostile, validation

from framepress.dataset.writer import DatasetWriter
from framepress.quality.issue import Issue
from framepress.quality.profile import profile
from framepress.quality.report.document import document
from framepress.quality.report.github import github
from framepress.quality.report.junit import junit
from framepress.quality.report.sarif import sarif
from framepress.quality.report.text import text
from framepress.quality.validate import validate
from frames import LABELS, many


@pytest.fixture
def told() -> dict[str, Any]:
    return document(validation())


# -- the document


def test_the_document_counts_what_was_found_and_names_what_looked(told: dict[str, Any]) -> None:
    assert (told["schema"], told["version"], told["passed"]) == ("framepress.validation", 1, False)
    assert told["totals"] == {"error": 5, "warning": 12, "note": 0}
    rules = {rule["code"]: (rule["severity"], rule["count"], rule["ran"]) for rule in told["rules"]}
    assert rules == {
        "COCO-001": ("error", 0, True),
        "COCO-005": ("warning", 12, True),
        "FILE-001": ("error", 4, True),
        "FILE-002": ("error", 1, True),
    }
    assert len(told["findings"]) == 17
    assert told["findings"][12] == {
        "code": "FILE-001",
        "severity": "error",
        "message": "5 fields, 'a,b:c' at 1%",
        "file": "labels/a b#.txt",
        "line": 1,
    }
    assert told["statistics"]["totals"]["objects"] == 60


def test_the_document_does_not_tell_where_the_dataset_lies(tmp_path: Path) -> None:
    found = validation(tmp_path / "set")
    found.findings.add("FILE-001", "error", [Issue(message=f"{tmp_path}/set/labels/a.txt: torn")])
    told = document(found)
    assert str(tmp_path) not in json.dumps(told)
    assert told["findings"][-2]["message"] == "labels/a.txt: torn"


def test_the_document_is_the_same_for_every_count_of_threads_and_in_every_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FRAMEPRESS_CACHE", str(tmp_path / "cache"))
    texts = []
    for folder, workers in (("a", 1), ("b", 4)):
        target = tmp_path / folder / "set"
        with DatasetWriter(target, ["native", "coco"], labels=LABELS) as writer:
            for frame in many(6):
                writer.add(frame)
        labels = next((target / "coco/annotations").glob("*.json"))
        labels.write_text(labels.read_text().replace('"iscrowd":0', '"iscrowd":7', 2))
        found = validate(target, profile("default"), workers=workers)
        texts.append(json.dumps(document(found)))
    assert '"COCO-' in texts[0]
    assert texts[0] == texts[1]
    files = {finding["file"].split("/")[0] for finding in json.loads(texts[0])["findings"] if "file" in finding}
    assert files <= {"native", "coco"}  # an edition's files are named from the dataset's top
    assert "coco" in files


def test_numbers_of_numpy_s_and_boxes_that_are_none_are_told_as_json_can() -> None:
    found = validation()
    box = tuple(np.array([1.5, 2, 3, 4], np.float32))
    found.findings.add("COCO-001", "error", [Issue(message="a", object=np.int64(7), line=np.int32(3), box=box)])
    found.findings.add("COCO-001", "error", [Issue(message="b", box=(float("nan"), 0, 1, float("inf")))])
    told = json.loads(json.dumps(document(found), allow_nan=False))
    assert told["findings"][:2] == [
        {"code": "COCO-001", "severity": "error", "message": "a", "object": 7, "line": 3, "box": [1.5, 2, 3, 4]},
        {"code": "COCO-001", "severity": "error", "message": "b"},
    ]


# -- text


def test_the_text_tells_the_worst_first_and_three_findings_of_a_rule(told: dict[str, Any]) -> None:
    lines = text(told, "data/set").splitlines()
    heads = [line.split()[:3] for line in lines if line and not line.startswith(" ")]
    assert [head[:2] for head in heads[:3]] == [["FILE-001", "error"], ["FILE-002", "error"], ["COCO-005", "warning"]]
    shown = [line for line in lines if "leaves the image" in line]
    assert len(shown) == 3
    assert "    and 9 more" in lines
    assert "    labels/a b#.txt:1  5 fields, 'a,b:c' at 1%" in lines
    assert "    frame 0007, left  rgb is torn" in lines
    assert lines[-3].startswith("FAIL  data/set: 5 errors, 12 warnings, 0 notes")
    assert "4 rules (default), 3 with findings; 30 frames, 60 objects checked" in lines[-2]
    assert re.search(
        r"scores: \d+ of 100 \(completeness \d+, consistency \d+, accuracy \d+, diversity \d+\)", lines[-1]
    )


def test_colours_are_all_that_a_terminal_gets_more(told: dict[str, Any]) -> None:
    coloured = text(told, "set", colour=True)
    assert "\x1b[31m" in coloured
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == text(told, "set")


def test_names_cannot_steer_a_terminal() -> None:
    shown = text(document(hostile()), HOSTILE)
    assert all(sign.isprintable() for sign in shown.replace("\n", ""))
    assert r"\x1b[31m" in shown


# -- SARIF 2.1.0

# Of the published schema (sarif-schema-2.1.0.json): the properties of each object that we write; the required ones.
ALLOWED = {
    "log": ({"$schema", "version", "runs", "properties"}, {"version", "runs"}),
    "run": ({"tool", "automationDetails", "columnKind", "results", "properties"}, {"tool"}),
    "driver": ({"name", "version", "rules"}, {"name"}),
    "rule": (
        {"id", "name", "shortDescription", "fullDescription", "help", "defaultConfiguration", "properties"},
        {"id"},
    ),
    "result": ({"ruleId", "ruleIndex", "level", "message", "locations", "partialFingerprints"}, {"message"}),
    "location": ({"physicalLocation", "logicalLocations"}, set()),
    "physical": ({"artifactLocation", "region"}, {"artifactLocation"}),
    "logical": ({"fullyQualifiedName", "kind"}, set()),
}


def keys(kind: str, found: dict[str, Any]) -> None:
    allowed, required = ALLOWED[kind]
    assert required <= set(found) <= allowed, kind


@pytest.mark.parametrize("make", [validation, hostile])
def test_sarif_is_what_the_schema_asks_for(make: Any) -> None:
    log = json.loads(json.dumps(sarif(document(make()), "data/set")))
    keys("log", log)
    assert log["version"] == "2.1.0"
    (run,) = log["runs"]
    keys("run", run)
    keys("driver", run["tool"]["driver"])
    rules = run["tool"]["driver"]["rules"]
    for rule in rules:
        keys("rule", rule)
        assert rule["help"]["text"]
        assert rule["defaultConfiguration"]["level"] in ("none", "note", "warning", "error")
    assert len({rule["id"] for rule in rules}) == len(rules)
    assert run["results"]
    for result in run["results"]:
        keys("result", result)
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        (location,) = result["locations"]
        keys("location", location)
        keys("physical", location["physicalLocation"])
        assert location["physicalLocation"]["region"]["startLine"] >= 1
        assert re.fullmatch(r"[A-Za-z0-9_.~/%-]+", location["physicalLocation"]["artifactLocation"]["uri"])
        for logical in location.get("logicalLocations", ()):
            keys("logical", logical)


def test_sarif_names_files_from_the_repository_and_lines(told: dict[str, Any]) -> None:
    results = sarif(told, "data/set")["runs"][0]["results"]
    assert [result["ruleId"] for result in results[:5]] == ["FILE-001"] * 4 + ["FILE-002"]
    place = results[1]["locations"][0]["physicalLocation"]
    assert unquote(place["artifactLocation"]["uri"]) == "data/set/labels/a b#.txt"
    assert place["region"] == {"startLine": 2}
    assert results[4]["locations"][0]["logicalLocations"][0]["fullyQualifiedName"] == "frame 0007, left"


def prints(told: dict[str, Any]) -> dict[str, str]:
    results = sarif(told, "set")["runs"][0]["results"]
    found = {result["partialFingerprints"]["primaryLocationLineHash"]: result["message"]["text"] for result in results}
    assert len(found) == len(results)  # each its own
    return found


def test_a_finding_keeps_its_fingerprint_while_its_numbers_change_and_others_come() -> None:
    before = prints(document(validation()))
    changed = validation()
    changed.findings.add("COCO-005", "warning", [Issue(message="new", place="annotations[77].bbox", object=77)])
    told = document(changed)
    for finding in told["findings"]:
        finding["message"] = finding["message"].replace("bbox [", "bbox [1")
    after = prints(told)
    assert set(before) < set(after)
    assert len(after) == len(before) + 1


def test_equal_findings_have_fingerprints_of_their_own() -> None:
    assert len(prints(document(hostile()))) == 4


# -- JUnit


def test_junit_has_a_test_for_each_rule_and_fails_those_that_the_profile_fails_on(told: dict[str, Any]) -> None:
    root = ElementTree.fromstring(junit(told))
    cases = {case.get("name", "").split()[0]: case for case in root.iter("testcase")}
    assert set(cases) == {rule["code"] for rule in told["rules"]}
    assert {code for code, case in cases.items() if case.find("failure") is not None} == {"FILE-001", "FILE-002"}
    failure = cases["FILE-001"].find("failure")
    assert failure is not None
    assert failure.get("message") == "4 times: labels/a b#.txt:1: 5 fields, 'a,b:c' at 1%"
    assert "labels/a b#.txt:4" in (failure.text or "")
    assert "leaves the image" in (cases["COCO-005"].findtext("system-out") or "")
    strict = ElementTree.fromstring(junit(document(validation(name="strict"))))
    assert root.get("failures") == "2"
    assert strict.get("failures") == "3"  # the same findings, and warnings count
    for found in (root, strict):
        for name, tag in (("tests", "testcase"), ("failures", "failure"), ("skipped", "skipped")):
            assert found.get(name) == str(len(list(found.iter(tag))))
            assert sum(int(suite.get(name, "")) for suite in found) == int(found.get(name, ""))


def test_junit_is_xml_whatever_the_names_hold() -> None:
    root = ElementTree.fromstring(junit(document(hostile())))
    failure = next(iter(root.iter("failure")))
    assert "<script>alert(1)</script>\"'&]]>\\x00\\x1b[31m" in (failure.text or "")


# -- GitHub


def parsed(line: str) -> tuple[str, dict[str, str], str]:
    """As the runner reads a command."""
    found = re.fullmatch(r"::(\w+) ([^\r\n]*?)::([^\r\n]*)", line)
    assert found is not None, line
    properties = dict(pair.split("=", 1) for pair in found[2].split(","))
    return found[1], {name: unquote(value) for name, value in properties.items()}, unquote(found[3])


def test_annotations_name_file_line_and_rule(told: dict[str, Any]) -> None:
    lines = [parsed(line) for line in github(told, "data/set")]
    level, properties, message = lines[0]
    assert level == "error"
    assert (properties["file"], properties["line"]) == ("data/set/labels/a b#.txt", "1")
    assert properties["title"].startswith("FILE-001: ")
    assert message.startswith("5 fields, 'a,b:c' at 1%\n4 times in all\n")
    assert lines[1][1]["title"].startswith("FILE-002: ")  # before the second finding of the first rule


def test_there_are_ten_annotations_of_a_level_at_most(told: dict[str, Any]) -> None:
    assert Counter(parsed(line)[0] for line in github(told, "")) == {"error": 5, "warning": 10}


def test_a_name_cannot_make_a_command_of_its_own() -> None:
    lines = github(document(hostile()), "set")
    assert len(lines) == 4
    for line in lines:
        line.encode()  # may be written to a log
        assert line.isprintable()
        level, properties, message = parsed(line)
        assert (level, set(properties), properties["line"]) == ("error", {"file", "line", "title"}, "3")
        assert "\n::error::x" in message
