"""What a fix changes in YOLO's and KITTI's text is right, and all that it changes; the rest stays as found."""

from __future__ import annotations

import math
import shutil
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from framepress.quality.fixes.fix import FIXABLE, Fixed, fix
from framepress.quality.profile import profile
from quality.mutations import kitti, kitti_edits, yolo

RIGHT = {
    "a tab",
    "two blanks",
    "a blank at the end",
    "a blank line among others",
    "a blank line at the end",
    "occluded as 0.0",
    "DontCare before objects",
    "alpha copied from rotation_y",
    "alpha with the other sign",
    "alpha 0 everywhere",
    "a row that is there twice",
    "a row that is there twice in other digits",
    "a cache that is older than its labels",
}
FAMILIES: dict[str, tuple[ModuleType, Callable[[Path, str], object], tuple[str, ...], Callable[..., str]]] = {
    "kitti": (kitti, kitti_edits.good, ("project", "level"), lambda mutation: mutation.tilt),
    "yolo": (yolo, yolo.good, yolo.BASES, lambda mutation: mutation.base),
}
JUDGED = [
    (family, mutation)
    for family, (module, *_) in FAMILIES.items()
    for mutation in module.MUTATIONS
    if mutation.code in FIXABLE
]


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], Path]:
    roots = {}
    for family, (_, good, bases, _) in FAMILIES.items():
        for base in bases:
            roots[family, base] = tmp_path_factory.mktemp(f"{family}-{base}") / "good"
            good(roots[family, base], base)
    return roots


def fixed(root: Path, family: str) -> Fixed:
    chosen = profile("fast").narrowed(select=(family, "FILE"))
    return fix(root, root.with_name("fixed"), chosen, format=family)


def files_of(root: Path) -> dict[str, bytes]:
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()}


@pytest.mark.parametrize(("family", "mutation"), JUDGED, ids=[f"{each.code}-{each.name}" for _, each in JUDGED])
def test_what_needs_no_guess_is_put_right_and_nothing_else(
    family: str, mutation: kitti_edits.Mutation | yolo.Mutation, sound: dict[tuple[str, str], Path], tmp_path: Path
) -> None:
    root = tmp_path / "set"
    shutil.copytree(sound[family, FAMILIES[family][3](mutation)], root)
    mutation.change(root)
    given = files_of(root)
    result = fixed(root, family)
    assert files_of(root) == given
    if mutation.name not in RIGHT:
        assert (result.target, dict(result.made)) == (None, {})
        assert result.after.findings.counts[mutation.code]
        return
    assert result.target is not None
    assert not result.after.findings.counts.total()
    assert result.made[mutation.code] >= 1
    copy = files_of(result.target)
    assert {name for name in given if copy.get(name) != given[name]} == set(result.files)
    assert set(copy) <= set(given)


def test_an_angle_beyond_pi_becomes_the_same_one_within(sound: dict[tuple[str, str], Path], tmp_path: Path) -> None:
    root = tmp_path / "set"
    shutil.copytree(sound["kitti", "project"], root)
    label = next(path for path in sorted(root.rglob("label_2/*.txt")) if path.stat().st_size)
    lines = label.read_text().splitlines()
    row = next(number for number, line in enumerate(lines) if line.split()[14] != "-10")
    words = lines[row].split(" ")
    before = float(words[14])
    words[14] = f"{before + math.tau:.8f}"
    label.write_text("\n".join([*lines[:row], " ".join(words), *lines[row + 1 :], ""]))
    result = fixed(root, "kitti")
    assert result.before.findings.counts["KITTI-009"] == 1
    assert result.target is not None
    after = (result.target / label.relative_to(root)).read_text().splitlines()
    assert float(after[row].split(" ")[14]) == pytest.approx(before, abs=1e-6)
    assert [line for number, line in enumerate(after) if number != row] == lines[:row] + lines[row + 1 :]
    assert not result.after.findings.counts.total()


def test_alpha_is_what_the_location_and_the_yaw_make_it(sound: dict[tuple[str, str], Path], tmp_path: Path) -> None:
    root = tmp_path / "set"
    shutil.copytree(sound["kitti", "project"], root)
    next(each for each in kitti.MUTATIONS if each.name == "alpha 0 everywhere").change(root)
    target = fixed(root, "kitti").target
    assert target is not None
    seen = 0
    for good in sorted(sound["kitti", "project"].rglob("label_2/*.txt")):
        label = target / good.relative_to(sound["kitti", "project"])
        for right, line in zip(good.read_text().splitlines(), label.read_text().splitlines(), strict=True):
            theirs, ours = right.split(), line.split()
            assert (theirs[:3], theirs[4:]) == (ours[:3], ours[4:])
            if theirs[14] != "-10":
                assert math.remainder(float(ours[3]) - float(theirs[3]), math.tau) == pytest.approx(0, abs=0.04)
                seen += 1
    assert seen > 20
