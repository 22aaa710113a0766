"""The script that draws labels shares no code with the package, and draws where the labels are."""

from __future__ import annotations

import ast
import importlib.util
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from PIL import Image

import framepress
from frames import LABELS, rig

SCRIPT = Path(__file__).parents[2] / "docs" / "examples" / "draw_labels.py"


@pytest.fixture(scope="module")
def draw() -> ModuleType:
    spec = importlib.util.spec_from_file_location("draw_labels", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_it_imports_nothing_of_the_package() -> None:
    tree = ast.parse(SCRIPT.read_text(encoding="utf-8"))
    names = [alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names]
    names += [str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    assert not [name for name in names if name.startswith("framepress")]


def test_a_row_for_each_image_and_a_column_for_each_edition(tmp_path: Path) -> None:
    with framepress.DatasetWriter(tmp_path / "set", ["coco", "yolo", "kitti"], labels=LABELS) as writer:
        for frame in rig():
            writer.add(frame)
    command = [sys.executable, str(SCRIPT), str(tmp_path / "set"), str(tmp_path / "sheet.png")]
    run = subprocess.run([*command, "--rows", "2", "--width", "192"], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    with Image.open(tmp_path / "sheet.png") as sheet:
        assert sheet.size == (3 * 192, (64 + 52) * 2 + 2 * 18)  # the cameras are 96 x 64 and 80 x 52, twice enlarged
        pixels = np.asarray(sheet)
    front = pixels[18 : 18 + 128]
    panels = [front[:, n * 192 : (n + 1) * 192].astype(int) for n in range(3)]
    assert all(abs(panels[0] - other).max() > 60 for other in panels[1:])  # each edition's labels are drawn


def test_its_mask_reader_agrees_with_pycocotools(draw: ModuleType) -> None:
    mask_api = pytest.importorskip("pycocotools.mask")
    rng = np.random.default_rng(0)
    for _ in range(50):
        height, width = (int(side) for side in rng.integers(1, 60, 2))
        mask = rng.random((height, width)) < rng.random()
        text = mask_api.encode(np.asfortranarray(mask.astype(np.uint8)))["counts"].decode()
        np.testing.assert_array_equal(draw.rle_mask(height, width, text), mask)
