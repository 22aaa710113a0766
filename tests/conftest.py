"""What every test may ask for: shared real recordings, a recording made here, and one seed."""

from __future__ import annotations

import random
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared" / "data"
sys.path.insert(0, str(ROOT / "data"))  # make_capture and its parts are scripts, not part of the package


@pytest.fixture(autouse=True)
def _seed() -> None:
    random.seed(0)
    np.random.seed(0)  # noqa: NPY002 - for libraries under test; our own code takes generators


@pytest.fixture(scope="session")
def shared() -> Path:
    """Folder of recordings and samples made by others; not part of the repository."""
    if not SHARED.is_dir():
        pytest.skip(f"no recordings of others at {SHARED}")
    return SHARED


@pytest.fixture(scope="session")
def capture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A recording of two cameras and six frames as BasicWriter leaves it, 160 x 90 px; frame 3 holds no object."""
    from make_capture import write_capture

    folder = tmp_path_factory.mktemp("capture")
    write_capture(folder, frames=6, size=(160, 90), seed=0, samples=1)
    return folder
