"""The files of a good dataset have no finding; broken in one way, they have the one that names it, where it is."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from framepress.core import Frame
from framepress.dataset.opening import open_dataset
from framepress.errors import InputError
from framepress.quality.files import rules
from framepress.quality.files.listing import listed
from framepress.quality.findings import Findings
from framepress.quality.frames import check_frames
from framepress.quality.issue import ERROR, Issue
from framepress.quality.profile import Chosen, Profile, profile
from framepress.quality.rule import FRAME, rule, rules_in
from framepress.quality.validate import validate
from quality.mutations.files import DEPTH, MUTATIONS, Mutation, found, good


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("files") / "good"
    good(root)
    return root


def copy_of(sound: Path, target: Path) -> Path:
    shutil.copytree(sound, target, symlinks=True)
    return target


def test_good_datasets_have_no_finding(sound: Path) -> None:
    assert found(sound) == []


def test_a_copy_without_times_has_no_finding(sound: Path, tmp_path: Path) -> None:
    root = copy_of(sound, tmp_path / "set")
    for age, file in enumerate(sorted(root.rglob("*"), reverse=True)):
        os.utime(file, (1_600_000_000 + age, 1_600_000_000 + age))
    assert found(root) == []


@pytest.mark.parametrize("mutation", MUTATIONS, ids=[f"{each.code}-{each.name}" for each in MUTATIONS])
def test_each_mutation_is_found_under_its_code_at_its_place(mutation: Mutation, sound: Path, tmp_path: Path) -> None:
    root = copy_of(sound, tmp_path / "set")
    mutation.change(root)
    check(found(root), mutation)


def check(told: list[tuple[str, Issue]], mutation: Mutation) -> None:
    shown = [(code, issue.to_dict()) for code, issue in told]
    assert {code for code, _ in told} - {mutation.code} <= set(mutation.also), shown
    of_code = [issue for code, issue in told if code == mutation.code]
    assert len(of_code) == mutation.findings or (mutation.findings < 0 and of_code), shown
    for name, value in mutation.where.items():
        said = getattr(of_code[0], name)
        assert said.startswith(value) if isinstance(value, str) else said == value, (name, shown)


def test_every_rule_for_files_is_broken_by_some_mutation() -> None:
    of_channels = {"FILE-002"}  # found by whoever opens a channel: see below
    assert {rule.code for rule in rules_in(rules)} == {mutation.code for mutation in MUTATIONS} | of_channels
    assert len({mutation.name for mutation in MUTATIONS}) == len(MUTATIONS)


def test_a_channel_that_cannot_be_decoded_is_a_finding_of_its_frame(sound: Path, tmp_path: Path) -> None:
    root = copy_of(sound / "foreign", tmp_path / "set")
    content = bytearray((root / "instance/0002.png").read_bytes())
    content[-20] ^= 255
    (root / "instance/0002.png").write_bytes(content)

    def opens_instances(frame: Frame) -> Iterator[Issue]:
        """Instances can be opened."""
        assert frame.views[0].channels["instance"].size
        yield from ()

    opened = rule("X-001", FRAME, ERROR, stage="truth", remedy="-")(opens_instances)

    class One(Profile):
        def chosen(self, scope: str | None = None) -> list[Chosen]:
            return [Chosen(opened, ERROR, {})] if scope == FRAME else []

    findings = Findings()
    check_frames(open_dataset(root), root, One("one"), findings, None, 1, lambda what, done, of: None)
    assert [(found.code, found.issue.frame) for found in findings] == [("FILE-002", "0002")]


def test_contents_are_compared_only_where_pixels_are(sound: Path, tmp_path: Path) -> None:
    root = copy_of(sound / "ours", tmp_path / "set")
    content = bytearray((root / "native" / DEPTH).read_bytes())
    content[-1] ^= 1
    (root / "native" / DEPTH).write_bytes(content)
    chosen = profile().narrowed(select=["FILE-006"])
    assert [found.issue.file for found in validate(root, chosen).findings.of("FILE-006")] == [f"native/{DEPTH}"]
    assert not validate(root, chosen.narrowed(pixels=False)).findings.of("FILE-006")


def test_a_sample_has_the_contents_of_its_own_frames_compared(sound: Path, tmp_path: Path) -> None:
    from framepress.quality.native.look import look

    root = copy_of(sound / "ours", tmp_path / "set")
    for name in (DEPTH, "depth/b/0002.npy"):
        content = bytearray((root / "native" / name).read_bytes())
        content[-1] ^= 1
        (root / "native" / name).write_bytes(content)
    looked = look(root / "native")
    found = [issue.file for issue in rules.contents_are_as_recorded(looked, frozenset({"b/0002"}))]
    assert found == ["depth/b/0002.npy"]


def test_editions_are_each_compared_with_the_journal(sound: Path, tmp_path: Path) -> None:
    root = copy_of(sound / "ours", tmp_path / "set")
    lost = next(path for path in (root / "coco").rglob("*.png"))
    lost.unlink()
    told = validate(root, profile().narrowed(select=["FILE-005"], pixels=False)).findings.of("FILE-005")
    assert [(found.edition, found.issue.file) for found in told] == [("coco", lost.relative_to(root).as_posix())]


def test_a_damaged_journal_is_a_finding_and_not_the_end(sound: Path, tmp_path: Path) -> None:
    root = copy_of(sound / "ours", tmp_path / "set")
    for name in ("journal/000000.jsonl.gz", "dataset.json"):
        (root / ".framepress" / name).write_bytes(b"\x1f\x8b\x00junk")
        assert not validate(root, profile().narrowed(pixels=False)).passed


def test_a_listing_follows_no_link_and_waits_for_no_pipe(tmp_path: Path) -> None:
    (tmp_path / "set/deep").mkdir(parents=True)
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside/secret.png").write_bytes(b"x")
    (tmp_path / "set/out").symlink_to(tmp_path / "outside")
    (tmp_path / "set/deep/round").symlink_to(tmp_path / "set")
    os.mkfifo(tmp_path / "set/pipe")
    (tmp_path / "set/.git").mkdir()
    (tmp_path / "set/.git/config").write_bytes(b"x")
    (tmp_path / "set/a.png").write_bytes(b"abc")
    found = [(entry.name, entry.kind, entry.size) for entry in listed(tmp_path / "set")]
    assert found == [
        ("a.png", "file", 3),
        ("deep", "folder", 0),
        ("out", "link", 0),
        ("pipe", "other", 0),
        ("deep/round", "link", 0),
    ]


def test_bytes_changed_at_random_end_in_findings_and_never_in_a_crash(sound: Path, tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    files = [path.relative_to(sound) for path in sorted(sound.rglob("*")) if path.suffix in (".json", ".jsonl", ".gz")]
    for round in range(20):
        root = copy_of(sound, tmp_path / f"{round}")
        for name in (files[rng.integers(len(files))] for _ in range(2)):
            content = bytearray((root / name).read_bytes())
            at = int(rng.integers(len(content) + 1))
            content[at : at + int(rng.integers(4))] = rng.bytes(int(rng.integers(4)))
            (root / name).write_bytes(content)
        try:
            told = found(root)
        except InputError:
            continue  # no `dataset.json` that could be looked at
        assert all(issue.message for _, issue in told)
        shutil.rmtree(root)
