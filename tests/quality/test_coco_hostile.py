"""Whatever a COCO file holds, looking at it ends, and ends in findings."""

from __future__ import annotations

import copy
import json
import random
from pathlib import Path
from typing import Any

import pytest

from quality.mutations.coco_edits import POINTS, TRAIN, found, good

NAN, INF = float("nan"), float("inf")
ODD: list[Any] = [
    *(None, True, False, 0, -1, 1, 2, 1.5, -0.0, NAN, INF, 1e300, 1e308, 2.0**1023),
    *(10**30, -(10**30), 2**31, 2**62, -(2**62), 2**63),
    *("", "x", "7", "NaN", "b'1'", "\ud800", "\0", "../../x", "/etc/passwd", "a\\b", "." * 300, "..", ".", "a/", "/"),
    *([], [[]], [[[]]], {}, [1], [1, 2, 3, 4], [1e308] * 4, ["a"] * 4, [None] * 4, {"id": 1}, [{}], [[1, 2], [2, 1]]),
    *([[1, 2, 3, 4, 5, 6]], [[1e308, -1e308, 1e308, 0, 0, 1e308]], [[1, 2, 3]], [[0, 0] * 3], list(range(9)), [0] * 9),
    *({"size": [1, 2]}, {"counts": "0", "size": [0, 0]}, {"size": [-1, 5], "counts": [1]}),
    *({"size": [5, 5], "counts": [-5, 30]}, {"size": [2**62, 2**62], "counts": "0"}),
]
FURTHER = "license attributes keypoints num_keypoints skeleton track visibility meta camera frame".split()


def disturbed(document: Any, rng: random.Random) -> None:
    """One thing in the place of another."""
    lists = [name for name in ("images", "annotations", "categories") if isinstance(document.get(name), list)]
    if not lists or rng.random() < 0.05:
        document[rng.choice(["images", "annotations", "categories", "licenses", "info"])] = rng.choice(ODD)
        return
    entries = document[rng.choice(lists)]
    if not entries:
        return
    row = rng.randrange(len(entries))
    if not isinstance(entries[row], dict) or rng.random() < 0.05:
        entries[row] = rng.choice(ODD)
        return
    entry, field = entries[row], rng.choice([*entries[row], *FURTHER])
    if rng.random() < 0.15:
        entry.pop(field, None)
    elif isinstance(entry.get(field), dict) and rng.random() < 0.5:
        entry[field][rng.choice(["size", "counts"])] = rng.choice(ODD)
    else:
        entry[field] = rng.choice(ODD)


def torn(text: str, rng: random.Random) -> str:
    at = rng.randrange(len(text))
    return text[:at] + rng.choice(["{", "}", "[", '"', ",", "NaN", "\\", "", "1"]) + text[at + rng.randint(0, 3) :]


@pytest.mark.parametrize("seed", range(4))
def test_looking_ends_whatever_the_file_holds(seed: int, tmp_path: Path) -> None:
    good(tmp_path)
    rng = random.Random(seed)
    sound = {name: json.loads((tmp_path / name).read_text()) for name in (TRAIN, POINTS)}
    told = 0
    for _ in range(60):
        for name, document in sound.items():
            changed = copy.deepcopy(document)
            for _ in range(rng.randint(1, 4)):
                disturbed(changed, rng)
            text = json.dumps(changed)
            text = torn(text, rng) if rng.random() < 0.1 else text
            (tmp_path / name).write_bytes(text.encode("utf-8", "surrogatepass"))
        findings = found(tmp_path)
        assert all(message for _, _, _, message in findings)
        told += bool(findings)
    assert told > 50
