"""A profile's weights of scores are refused where they cannot be."""

from __future__ import annotations

from pathlib import Path

import pytest

from framepress.errors import OptionError
from framepress.quality.profile import profile


@pytest.mark.parametrize(
    "text",
    [
        "scores = 3",
        "[scores]\nspeed = 1",
        "[scores]\npass = 1.5",
        "[scores]\nfloor = -0.1",
        "[scores]\naccuracy = -1",
        "[scores]\naccuracy = nan",
        "[scores]\naccuracy = inf",
        "[scores]\naccuracy = true",
        '[scores]\naccuracy = "much"',
        "[scores]\ncompleteness = 0\nconsistency = 0\naccuracy = 0\ndiversity = 0",
    ],
)
def test_weights_that_cannot_be_are_refused_with_the_file(text: str, tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text(text)
    with pytest.raises(OptionError, match=r"own\.toml: .*score"):
        profile(tmp_path / "own.toml")
