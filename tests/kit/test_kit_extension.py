"""The extension from its start to its end: what it brings, what it leaves behind, whom it gives way to."""

from __future__ import annotations

import shutil
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
