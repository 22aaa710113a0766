"""Each name of Isaac Sim's that our sources use was seen in it, in all releases or behind a guard."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from host_names import uses
from interpreters import ROOT

RELEASES = ("4.5", "5.0", "5.1", "6.0")
LIST = Path(__file__).with_name("host_names.json")
# What at least one release has not -> what to use in its place; no guard makes such a name worth having.
ABSENT: dict[str, str] = json.loads(Path(__file__).with_name("host_names_absent.json").read_text(encoding="utf-8"))
FOLDERS = ("exts", "python/framepress/replicator", "python/framepress/jobs")
SOURCES = sorted(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py"))


def known() -> dict[str, list[str]]:
    """Name -> the releases in which it was seen: used by what ships with them, or defined there.

    Extend it only by what is public: the extensions that Isaac Sim ships, its documentation, its tests.
    """
    listed: dict[str, dict[str, list[str]]] = json.loads(LIST.read_text(encoding="utf-8"))
    return {f"{module}.{name}": releases for module, names in listed.items() for name, releases in names.items()}


KNOWN = known()
LEADING = {name[:place] for name in KNOWN for place, sign in enumerate(name) if sign in ".("}


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_each_name_of_the_host_is_one_that_was_seen_there(source: Path) -> None:
    for use in uses(source.read_text(encoding="utf-8")):
        assert use.name not in ABSENT, f"{source}, line {use.line}: not every release has it: use {ABSENT[use.name]}"
        if use.name in LEADING or (use.guarded and use.name not in KNOWN):
            continue
        assert use.name in KNOWN, f"{source}, line {use.line}: {use.name} is not in {LIST.name}: prove it, then list it"
        lacking = [release for release in RELEASES if release not in KNOWN[use.name]]
        assert use.guarded or not lacking, f"{source}, line {use.line}: {use.name} is not in {lacking}: guard it"


def test_a_name_that_is_not_there_is_not_among_those_that_were_seen() -> None:
    assert not set(ABSENT) & (set(KNOWN) | LEADING)
    assert {use.name for use in uses("rep.WriterRegistry.unregister_writer('A')")} & set(ABSENT)


def test_the_list_names_each_release_once_and_in_order() -> None:
    for name, releases in KNOWN.items():
        assert releases == [release for release in RELEASES if release in releases], name
        assert releases, name


def test_the_sources_that_call_the_host_are_among_those_that_are_read() -> None:
    used = {use.name for path in SOURCES for use in uses(path.read_text(encoding="utf-8"))}
    assert {"omni.ext.IExt", "omni.replicator.core.WriterRegistry.register", "carb.log_error"} <= used


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("import omni.usd\nomni.usd.get_context().get_stage().Flatten()", "omni.usd.get_context().get_stage"),
        ("from omni.ext import IExt", "omni.ext.IExt"),
        ("import omni.timeline as t\nt.nothing", "omni.timeline.nothing"),
        ("def f(rep):\n    rep.orchestrator.step()", "omni.replicator.core.orchestrator.step"),
        ("class A:\n    def f(self):\n        self._rep.get.prims()", "omni.replicator.core.get.prims"),
        ("import sys\nusd = sys.modules.get('omni.usd')\nusd.get_nothing", "omni.usd.get_nothing"),
        ("import sys\nsys.modules['carb'].log_warning", "carb.log_warning"),
        ("import carb.settings\ns = carb.settings.get_settings()\ns.fly()", "carb.settings.get_settings().fly"),
        ("from pxr import Semantics", "pxr.Semantics"),
    ],
)
def test_a_name_is_found_however_it_is_reached(source: str, expected: str) -> None:
    found = {use.name: use.guarded for use in uses(source)}
    assert expected in found
    assert not found[expected]
    assert not [name for name in found if "Flatten" in name]


@pytest.mark.parametrize(
    "source",
    [
        "try:\n    import omni.ext\nexcept ImportError:\n    pass",
        "import omni\ntry:\n    omni.ext\nexcept (KeyError, AttributeError):\n    pass",
        "import omni\ngetattr(omni, 'ext', None)",
        "import omni\nhasattr(omni, 'ext')",
    ],
)
def test_a_guard_is_seen(source: str) -> None:
    assert {use.guarded for use in uses(source) if use.name == "omni.ext"} == {True}


@pytest.mark.parametrize(
    "source",
    [
        "try:\n    import omni.ext\nexcept KeyError:\n    pass",
        "try:\n    pass\nexcept ImportError:\n    import omni.ext",
        "import omni\ngetattr(omni.ext, 'IExt', None)",
    ],
)
def test_what_guards_nothing_is_no_guard(source: str) -> None:
    assert {use.guarded for use in uses(source) if use.name == "omni.ext"} == {False}
