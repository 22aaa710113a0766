"""The extension from its start to its end: what it brings, what it leaves behind, whom it gives way to."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from interpreters import EXTENSION, ROOT, provided, run

START = """
from pathlib import Path
from fake_kit import DEFAULTS, Kit
kit = Kit(forgets={forgets})
before = set(sys.modules), list(sys.path)
folder = Path({folder!r})
"""


@pytest.fixture
def site(tmp_path: Path) -> Path:
    return provided(tmp_path / "site")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of what a checkout holds of extension and library."""
    clone = tmp_path / "clone"
    for part in ("exts", "config", "python"):
        shutil.copytree(ROOT / part, clone / part, ignore=shutil.ignore_patterns("__pycache__", "headless"))
    shutil.copy(ROOT / "extension.toml", clone)
    return clone


def start(folder: Path, *, forgets: bool = True) -> str:
    return START.format(folder=str(folder), forgets=forgets)


def test_the_writer_is_there_while_the_extension_runs_and_gone_afterwards(site: Path) -> None:
    answer = run(
        start(EXTENSION)
        + """
kit.enable(folder)
during = sorted(kit.registry.get_writers()), list(kit.registry._default_writers)
kit.disable(folder)
after = sorted(kit.registry.get_writers()), list(kit.registry._default_writers)
ours = sorted(name for name in set(sys.modules) - before[0] if name.startswith("framepress"))
answer = [during, after, ours, sys.path == before[1], kit.errors]
""",
        site,
    )
    during, after, ours, same_path, errors = answer
    assert during == [["FramepressWriter"], ["BasicWriter", "KittiWriter", "FramepressWriter"]]
    assert after == [[], ["BasicWriter", "KittiWriter"]]
    assert (ours, same_path, errors) == ([], True, [])


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


def test_a_dataset_that_is_open_when_the_extension_stops_is_completed(tmp_path: Path, site: Path) -> None:
    answer = run(
        start(EXTENSION)
        + f"""
from kit_frames import payloads
kit.enable(folder)
writers = [kit.registry.get("FramepressWriter") for _ in range(3)]
for place, writer in enumerate(writers[:2]):
    writer.initialize(output_dir=Path({str(tmp_path)!r}) / str(place), formats="coco")
writers[0].attach(["/Render/Front"])  # the second is fed by hand, the third was never made
for payload in payloads(2):
    for writer in writers[:2]:
        writer.write(payload)
kit.disable(folder)
answer = [[writer.report.frames for writer in writers[:2]], kit.errors]
""",
        site,
    )
    assert answer == [[2, 2], []]
    for place in ("0", "1"):
        assert (tmp_path / place / "annotations" / "instances_default.json").is_file()


def test_what_goes_wrong_with_one_dataset_at_the_end_is_logged_and_the_others_are_completed(
    tmp_path: Path, site: Path
) -> None:
    answer = run(
        start(EXTENSION)
        + f"""
from kit_frames import payloads
kit.enable(folder)
broken, fine = (kit.registry.get("FramepressWriter") for _ in range(2))
broken.initialize(
    output_dir=Path({str(tmp_path / "broken")!r}), formats="coco", labels=["forklift"], on_error="raise"
)
fine.initialize(output_dir=Path({str(tmp_path / "fine")!r}), formats="coco", labels=["crate"])
for writer in broken, fine:
    writer.write(next(payloads(1)))
kit.disable(folder)
answer = [fine.report.frames, kit.errors, sorted(kit.registry.get_writers())]
""",
        site,
    )
    frames, errors, left = answer
    assert frames == 1
    assert len(errors) == 1
    assert "crate" in errors[0]
    assert left == []


def test_stopping_twice_or_without_a_start_does_nothing(site: Path) -> None:
    answer = run(
        start(EXTENSION)
        + """
sys.path += [str(folder), str(folder.parents[1] / "python")]
from framepress_kit import FramepressExtension
extension = FramepressExtension()
extension.on_shutdown()
extension.on_startup()
extension.on_startup("framepress.replicator-0.1.0")
during = sorted(kit.registry.get_writers())
extension.on_shutdown()
extension.on_shutdown()
answer = [during, sorted(kit.registry.get_writers()), kit.errors]
""",
        site,
    )
    assert answer == [["FramepressWriter"], [], []]


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


def test_the_library_of_others_is_used_if_its_version_is_the_same_and_not_taken_away(
    checkout: Path, site: Path
) -> None:
    answer = run(
        "import framepress\n"
        + start(checkout / "exts" / "framepress.replicator")
        + """
kit.enable(folder)
during = sorted(kit.registry.get_writers())
kit.forgets = False
kit.disable(folder)
answer = [during, sys.modules["framepress"] is framepress]
""",
        ROOT / "python",
        site,
    )
    assert answer == [["FramepressWriter"], True]


def test_a_library_of_another_version_is_refused_with_both_places(checkout: Path, tmp_path: Path, site: Path) -> None:
    other = tmp_path / "other" / "framepress"
    other.mkdir(parents=True)
    (other / "__init__.py").write_text('__version__ = "0.0.9"\n')
    answer = run(
        "import framepress\n"
        + start(checkout / "exts" / "framepress.replicator")
        + """
try:
    kit.enable(folder)
except ImportError as error:
    answer = [str(error), sorted(kit.registry.get_writers())]
    kit.disable(folder)
""",
        tmp_path / "other",
        site,
    )
    message, writers = answer
    assert writers == []
    for said in ("0.0.9", str(other), str(checkout / "python" / "framepress")):
        assert said in message


def test_a_writer_of_that_name_that_is_not_ours_is_not_overwritten(site: Path) -> None:
    answer = run(
        start(EXTENSION)
        + """
class FramepressWriter: ...
kit.registry.register(FramepressWriter)
try:
    kit.enable(folder)
except RuntimeError as error:
    kit.disable(folder)
    answer = [str(error), kit.registry.get_writers()["FramepressWriter"] is FramepressWriter]
""",
        site,
    )
    assert "__main__" in answer[0]
    assert answer[1]


def test_a_copy_that_the_host_made_of_a_writer_is_completed_too(tmp_path: Path, site: Path) -> None:
    """Isaac Sim's graph nodes attach deep copies of the writers that they are given."""
    answer = run(
        start(EXTENSION)
        + f"""
import copy
from kit_frames import payloads
kit.enable(folder)
writer = kit.registry.get("FramepressWriter")
writer.initialize(output_dir=Path({str(tmp_path / "out")!r}), formats="coco")
copied = copy.deepcopy(writer)
for payload in payloads(2):
    copied.write(payload)
kit.disable(folder)
answer = [copied.report.frames, kit.errors]
""",
        site,
    )
    assert answer == [2, []]


def test_a_bug_at_the_end_leaves_nothing_behind_and_is_raised(tmp_path: Path, site: Path) -> None:
    answer = run(
        start(EXTENSION)
        + f"""
from kit_frames import payloads
kit.enable(folder)
broken, fine = (kit.registry.get("FramepressWriter") for _ in range(2))
for place, writer in enumerate((broken, fine)):
    writer.initialize(output_dir=Path({str(tmp_path)!r}) / str(place), formats="coco")
    writer.write(next(payloads(1)))
options, broken._press.options = broken._press.options, None
try:
    kit.disable(folder)
except AttributeError:
    answer = [fine.report.frames, sorted(kit.registry.get_writers()), kit.registry._default_writers == DEFAULTS,
              [name for name in sys.modules if name.partition(".")[0] == "framepress"]]
broken._press.options = options
broken._press.finish()
""",
        site,
    )
    assert answer == [1, [], True, []]


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


def test_an_older_library_in_kits_own_packages_is_refused_and_named(checkout: Path, site: Path) -> None:
    """`sys.path` has them before the extension's folders, so that Kit itself loads that copy."""
    (site / "framepress").mkdir()
    (site / "framepress" / "__init__.py").write_text('__version__ = "0.0.9"\n')
    answer = run(
        start(checkout / "exts" / "framepress.replicator")
        + """
try:
    kit.enable(folder)
except ImportError as error:
    answer = [str(error), sorted(kit.registry.get_writers()), "framepress" in sys.modules]
    kit.disable(folder)
""",
        site,
    )
    assert answer[1:] == [[], False]
    for said in ("0.0.9", str(site / "framepress"), str(checkout / "python" / "framepress")):
        assert said in answer[0]


def test_a_folder_that_python_took_for_the_library_is_named(checkout: Path, tmp_path: Path, site: Path) -> None:
    (tmp_path / "work" / "framepress").mkdir(parents=True)
    answer = run(
        "import framepress\n"
        + start(checkout / "exts" / "framepress.replicator")
        + """
try:
    kit.enable(folder)
except ImportError as error:
    kit.disable(folder)
    answer = str(error)
""",
        tmp_path / "work",
        site,
    )
    assert str(tmp_path / "work" / "framepress") in answer


def test_paths_may_hold_spaces_and_letters_of_any_language(tmp_path: Path, site: Path) -> None:
    place = tmp_path / "Projekt Größe 场景"
    for part in ("exts", "python"):
        shutil.copytree(ROOT / part, place / part, ignore=shutil.ignore_patterns("__pycache__", "headless"))
    answer = run(
        start(place / "exts" / "framepress.replicator")
        + f"""
from kit_frames import payloads
kit.enable(folder)
writer = kit.registry.get("FramepressWriter")
writer.initialize(output_dir=Path({str(place / "Ausgabe 1")!r}), formats="coco,yolo,kitti,native")
for payload in payloads(2):
    writer.write(payload)
kit.disable(folder)
answer = [writer.report.frames, kit.errors, sys.path == before[1]]
""",
        site,
    )
    assert answer == [2, [], True]


def test_a_writer_that_the_library_itself_registered_is_left_where_it_is(site: Path) -> None:
    """A job registers it, whose script may enable the extension then."""
    answer = run(
        "from framepress.replicator import build_writer\n"
        + start(EXTENSION)
        + """
import omni.replicator.core as rep
kit.registry.register(build_writer(rep))
registered = kit.registry.get_writers()["FramepressWriter"]
answer = []
for step in (kit.enable, kit.disable):
    step(folder)
    answer.append(kit.registry.get_writers()["FramepressWriter"] is registered)
""",
        ROOT / "python",
        site,
    )
    assert answer == [True, True]


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


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="not a checkout of git's")
def test_what_git_has_is_enough_for_either_extension(tmp_path: Path, site: Path) -> None:
    """As a git search path in Kit brings it: all of the repository, `dir=exts` being the folder that is searched."""
    listed = ["git", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    for name in subprocess.run(listed, capture_output=True, text=True, check=True).stdout.split("\0")[:-1]:
        if name.startswith(("config/", "exts/", "extension.toml", "python/")) and (ROOT / name).is_file():
            (tmp_path / "clone" / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, tmp_path / "clone" / name)
    answer = run(
        start(tmp_path / "clone")
        + """
answer = []
for extension in (folder / "exts" / "framepress.replicator", folder):
    kit.enable(extension)
    places = [Path(sys.modules[name].__file__) for name in ("framepress", "framepress_kit")]
    answer.append([place.is_relative_to(folder) for place in places])
    kit.disable(extension)
""",
        site,
    )
    assert answer == [[True, True], [True, True]]
