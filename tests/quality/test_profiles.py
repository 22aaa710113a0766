"""Which rules a profile runs, how bad they are, with which thresholds; and what a profile cannot be."""

from __future__ import annotations

from pathlib import Path

import pytest

from framepress.errors import InputError, OptionError
from framepress.quality.issue import SEVERITIES
from framepress.quality.profile import PROFILES, Profile, profile
from framepress.quality.registry import all_rules, by_code
from framepress.quality.rule import SCOPES, STAGES, rule


def written(folder: Path, text: str, name: str = "ours.toml") -> Path:
    (folder / name).write_text(text, encoding="utf-8")
    return folder / name


def test_every_profile_that_is_shipped_can_be_read() -> None:
    read = {name: profile(name) for name in PROFILES}
    assert [read[name].fail_on for name in ("strict", "default", "fast")] == ["warning", "error", "error"]
    assert [read[name].pixels for name in ("strict", "default", "fast")] == [True, True, False]
    assert all(found.description for found in read.values())


def test_every_rule_says_what_must_hold_and_what_to_do() -> None:
    for found in all_rules():
        assert found.sentence.endswith("."), found.code
        assert found.remedy, found.code
        assert not found.remedy.endswith("."), found.code
        assert found.scope in SCOPES, found.code
        assert found.stage in STAGES, found.code
        assert found.severity in SEVERITIES, found.code
        for name, default in found.thresholds.items():
            assert isinstance(default, (bool, int, float, str)), f"{found.code}: {name}"


def test_codes_are_unique_and_found_in_any_case() -> None:
    codes = [found.code for found in all_rules()]
    assert codes == sorted(set(codes))
    assert by_code("coco-006").code == "COCO-006"
    with pytest.raises(OptionError, match=r"no rule has the code 'COCO-999'; COCO-001"):
        by_code("COCO-999")


def test_a_file_changes_severity_and_thresholds_of_its_base(tmp_path: Path) -> None:
    written(tmp_path, '[rules.COCO-006]\nseverity = "note"\ntolerance_px = 3\n', "base.toml")
    own = written(
        tmp_path, 'base = "base.toml"\nselect = ["COCO"]\nignore = ["COCO-01"]\n[rules.COCO-006]\ntolerance_px = 2.5\n'
    )
    chosen = {found.rule.code: found for found in profile(own).chosen()}
    assert (chosen["COCO-006"].severity, dict(chosen["COCO-006"].thresholds)) == ("note", {"tolerance_px": 2.5})
    assert "COCO-001" in chosen
    assert not any(code.startswith("COCO-01") or not code.startswith("COCO") for code in chosen)


def test_a_command_line_narrows_a_profile() -> None:
    narrowed = profile("default").narrowed(select=["coco"], ignore=["COCO-006"], pixels=False)
    codes = [found.rule.code for found in narrowed.chosen()]
    assert codes == [found.code for found in all_rules() if found.code.startswith("COCO") and found.code != "COCO-006"]
    assert not narrowed.pixels


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('fail_on = "fatal"', "fail_on = 'fatal': must be one of error, warning, note"),
        ("pixels = 1", "pixels = 1: known are"),
        ('selct = ["COCO"]', "selct = .*known are"),
        ('select = ["CACAO"]', "'CACAO' is no rule and begins none"),
        ("select = [3]", "3 is no rule"),
        ('[rules.COCO-999]\nseverity = "note"', "no rule has that code"),
        ('[rules.COCO-006]\nseverity = "bad"', "severity = 'bad'"),
        ("[rules.COCO-006]\ntollerance_px = 1", "has no threshold 'tollerance_px'; it has: tolerance_px"),
        ('[rules.COCO-006]\ntolerance_px = "1"', "tolerance_px='1': expected float"),
        ("rules = 3", "expected tables"),
        ('base = "ours.toml"', "in a circle"),
        ('base = "absent.toml"', "must be one of strict, default, fast, or a TOML file"),
    ],
)
def test_a_profile_that_cannot_be_is_told_with_its_place(text: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(OptionError, match=message):
        profile(written(tmp_path, text))


def test_a_file_that_is_no_toml_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is no TOML"):
        profile(written(tmp_path, "fail_on ="))
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(InputError, match="is no TOML"):
        profile(tmp_path / "binary.toml")


def test_a_rule_without_a_sentence_cannot_be() -> None:
    with pytest.raises(OptionError, match="needs a docstring"):

        @rule("OWN-001", "index", "error", stage="dataset", remedy="none")
        def silent(columns: object) -> list[object]:
            return []


def test_an_unknown_code_on_the_command_line_is_told() -> None:
    with pytest.raises(OptionError, match="'NONE-1' is no rule"):
        Profile("own").narrowed(ignore=["NONE-1"])
