"""The example script makes the dataset that it says, in every release."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

pytest.importorskip("pxr.UsdSemantics", reason="needs usd-core: pip install 'framepress[headless]'")
pytest.importorskip("warp", reason="needs warp-lang: pip install 'framepress[headless]'")

from framepress.cli import main

SCRIPT = Path(__file__).parents[2] / "docs" / "examples" / "sdg_tabletop.py"


def run(out: Path, release: str, *more: str) -> dict[str, bytes]:
    arguments = ["run", str(SCRIPT), "--release", release, "--stand-in", "--", str(out)]
    result = CliRunner().invoke(main, [*arguments, "--frames", "3", "--size", "96", "60", *more])
    assert result.exit_code == 0, result.output
    return {path.relative_to(out).as_posix(): path.read_bytes() for path in sorted(out.rglob("*")) if path.is_file()}


def test_the_example_makes_the_same_dataset_in_every_release(tmp_path: Path) -> None:
    made = {release: run(tmp_path / release, release) for release in ("4.5", "5.1", "6.0")}
    first = made["5.1"]
    assert {path.partition("/")[0] for path in first} == {".framepress", "coco", "yolo", "kitti"}
    for files in made.values():
        assert [path for path in first if files.get(path) != first[path] and "ledger" not in path] == []
    rows, names, images = [], {}, 0
    for path, content in first.items():
        if path.startswith("coco/annotations/"):
            coco = json.loads(content)
            rows += coco["annotations"]
            images += len(coco["images"])
            names = {category["id"]: category["name"] for category in coco["categories"]}
    assert images == 6
    heights = {names[row["category_id"]]: row["box3d"]["center"][2] - row["box3d"]["size"][2] / 2 for row in rows}
    assert set(heights) == {"ball", "box", "can", "cloth", "mug", "table"}
    assert all(0.7399 <= heights[name] <= 0.7425 for name in ("ball", "box", "can", "mug")), "they stand on the table"


def test_another_seed_makes_another_dataset(tmp_path: Path) -> None:
    one, other = (run(tmp_path / seed, "5.1", "--seed", seed) for seed in ("0", "1"))
    labels = [path for path in one if path.startswith("kitti/") and "label_2" in path]
    assert labels
    assert all(one[path] != other[path] for path in labels)
