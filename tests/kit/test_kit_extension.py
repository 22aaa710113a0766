"""The extension from its start to its end: what it brings, what it leaves behind, whom it gives way to."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from interpreters import EXTENSION, ROOT, run, start


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
