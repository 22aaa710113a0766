"""Starts, stops and restarts: what was edited runs, what failed leaves nothing, and two extensions share one writer."""

from __future__ import annotations

from pathlib import Path

import pytest
from interpreters import EXTENSION, run, start


@pytest.mark.parametrize("forgets", [True, False], ids=["Kit forgets modules", "Kit keeps modules"])
def test_a_library_that_was_edited_is_the_one_that_runs_after_the_next_start(
    checkout: Path, site: Path, forgets: bool
) -> None:
    answer = run(
        start(checkout / "exts" / "framepress.replicator", forgets=forgets)
        + """
import gc, weakref
answer = []
for said in ("first", "second"):
    kit.enable(folder)
    writer = kit.registry.get("FramepressWriter")
    writer.initialize(output_dir=Path("nowhere"), formats="coco")
    answer.append([writer.version, type(writer).__mro__[1].write.__doc__])
    held = weakref.ref(type(writer)), weakref.ref(sys.modules["framepress"])
    del writer
    kit.disable(folder)
    gc.collect()
    answer.append([thing() is None for thing in held])
    file = folder.parents[1] / "python/framepress/replicator/writer.py"
    text = file.read_text()
    line = "def write(self, data: dict[str, Any]) -> None:"
    assert line in text
    file.write_text(text.replace(line, line + '\\n            "edited"\\n'))
""",
        site,
    )
    assert [entry[1] for entry in answer[::2]] == [None, "edited"]
    assert answer[1::2] == [[True, True], [True, True]]


@pytest.mark.parametrize("forgets", [True, False], ids=["Kit forgets modules", "Kit keeps modules"])
@pytest.mark.parametrize("stopped_first", [0, 1])
def test_the_repository_as_an_extension_adds_nothing_to_the_one_below_exts(
    checkout: Path, site: Path, stopped_first: int, forgets: bool
) -> None:
    answer = run(
        start(checkout, forgets=forgets)
        + f"""
both = [folder / "exts" / "framepress.replicator", folder]
for extension in both:
    kit.enable(extension)
answer = [sorted(kit.registry.get_writers())]
kit.disable(both.pop({stopped_first}))
answer.append(sorted(kit.registry.get_writers()))
kit.disable(both.pop())
answer += [sorted(kit.registry.get_writers()), kit.registry._default_writers == DEFAULTS]
""",
        site,
    )
    assert answer == [["FramepressWriter"], ["FramepressWriter"], [], True]


@pytest.mark.parametrize("forgets", [True, False], ids=["Kit forgets modules", "Kit keeps modules"])
def test_a_start_that_failed_halfway_leaves_nothing_behind_and_the_next_one_reads_the_files_anew(
    checkout: Path, site: Path, forgets: bool
) -> None:
    """A library file with a mistake in it; its author mends it, and another one, before the next start."""
    answer = run(
        start(checkout / "exts" / "framepress.replicator", forgets=forgets)
        + """
file = folder.parents[1] / "python/framepress/replicator/writer.py"
text = file.read_text()
answer = []
for mistake in ("raise ValueError('halfway')", "import nothing_of_that_name", "def"):
    file.write_text(text + "\\n" + mistake + "\\n")
    try:
        kit.enable(folder)
    except (ValueError, ImportError, SyntaxError) as error:
        left = [name for name in sys.modules if name.partition(".")[0] == "framepress"]
        answer.append([left, sorted(kit.registry.get_writers()), kit.registry._default_writers == DEFAULTS])
        kit.disable(folder)
file.write_text(text)
kit.enable(folder)
module = sys.modules["framepress"]
answer.append(sorted(kit.registry.get_writers()))
kit.disable(folder)
answer.append(sys.modules.get("framepress") is None)
""",
        site,
    )
    assert answer == [[[], [], True]] * 3 + [["FramepressWriter"], True]


def test_without_replicator_nothing_is_left_behind_either(site: Path) -> None:
    answer = run(
        start(EXTENSION)
        + """
core = sys.modules.pop("omni.replicator.core")
del sys.modules["omni.replicator"].core
try:
    kit.enable(folder)
except ImportError as error:
    left = [name for name in sys.modules if name.partition(".")[0] == "framepress"]
    kit.disable(folder)
sys.modules["omni.replicator.core"] = sys.modules["omni.replicator"].core = core
kit.enable(folder)
answer = [left, sorted(kit.registry.get_writers())]
""",
        site,
    )
    assert answer == [[], ["FramepressWriter"]]


@pytest.mark.parametrize("first", [0, 1], ids=["exts first", "repository first"])
@pytest.mark.parametrize("forgets", [True, False], ids=["Kit forgets modules", "Kit keeps modules"])
def test_with_both_extensions_a_restart_of_each_runs_what_was_edited_and_either_may_stop_first(
    checkout: Path, site: Path, first: int, forgets: bool
) -> None:
    """Kit restarts both when a file below the repository is edited."""
    answer = run(
        start(checkout, forgets=forgets)
        + f"""
both = [folder / "exts" / "framepress.replicator", folder]
if {first}:
    both.reverse()
for extension in both:
    kit.enable(extension)
answer = []
file = folder / "python/framepress/replicator/writer.py"
line = "def write(self, data: dict[str, Any]) -> None:"
file.write_text(file.read_text().replace(line, line + '\\n            "edited"\\n'))
for extension in both:
    kit.disable(extension)
    kit.enable(extension)
    answer.append(sorted(kit.registry.get_writers()))
answer.append(kit.registry.get_writers()["FramepressWriter"].__mro__[1].write.__doc__)
for extension in reversed(both) if {first} else both:
    kit.disable(extension)
    answer.append(sorted(kit.registry.get_writers()))
answer.append(kit.registry._default_writers == DEFAULTS)
""",
        site,
    )
    there = ["FramepressWriter"]
    if forgets:
        assert answer == [there, there, "edited", there, [], True]
    else:
        assert [*answer[:2], *answer[3:]] == [there, there, there, [], True]


def test_a_run_goes_on_and_its_errors_are_told_when_the_other_extension_stops(
    checkout: Path, tmp_path: Path, site: Path
) -> None:
    """Kit forgets the library then, which the running one still needs."""
    answer = run(
        start(checkout)
        + f"""
from kit_frames import payloads
both = [folder / "exts" / "framepress.replicator", folder]
for extension in both:
    kit.enable(extension)
fine, broken = (kit.registry.get("FramepressWriter") for _ in range(2))
fine.initialize(output_dir=Path({str(tmp_path / "fine")!r}), formats="coco,yolo,kitti,native", labels=["crate"])
broken.initialize(output_dir=Path({str(tmp_path / "broken")!r}), formats="coco", labels=["lift"], on_error="raise")
kit.disable(folder)
for payload in payloads(3):
    fine.write(payload)
broken.write(payload)
kit.disable(both[0])
answer = [fine.report.frames, len(kit.errors), sorted(kit.registry.get_writers())]
""",
        site,
    )
    assert answer == [3, 1, []]


@pytest.mark.parametrize("forgets", [True, False], ids=["Kit forgets modules", "Kit keeps modules"])
def test_an_edit_of_the_same_second_and_length_is_not_hidden_by_bytecode(
    checkout: Path, site: Path, forgets: bool
) -> None:
    """Python's bytecode tells the source that it is of by whole seconds and the length."""
    answer = run(
        start(checkout / "exts" / "framepress.replicator", forgets=forgets)
        + """
import os
sys.dont_write_bytecode = False
file = folder.parents[1] / "python/framepress/replicator/writer.py"
line = "def write(self, data: dict[str, Any]) -> None:"
text = file.read_text()
second = 1_700_000_000 * 10**9
answer = []
for edit in range(2):
    file.write_text(text.replace(line, line + f'\\n            "edit {edit}"\\n'))
    os.utime(file, ns=(second, second + edit * 10**8))
    if edit:
        kit.disable(folder)
    kit.enable(folder)
    answer.append(kit.registry.get_writers()["FramepressWriter"].__mro__[1].write.__doc__)
    os.utime(sys.modules["framepress.replicator.writer"].__cached__, ns=(second, second + 10**7))
kit.disable(folder)
""",
        site,
    )
    assert answer == ["edit 0", "edit 1"]
