"""Sums over records are those over the frames that they are of."""

from __future__ import annotations

import json
from dataclasses import asdict

import numpy as np
import pytest

from framepress.core import Camera, Distortion, Frame, Objects, View
from framepress.core.features import features, record_features
from framepress.core.record import from_record, to_record
from framepress.dataset.report import Totals
from frames import imported, many, mono, rig


def odd() -> list[Frame]:
    """Views with little in them: nothing known of objects but a class, a lens, a far plane, a time of their own."""
    lens = Distortion("opencv_pinhole", (0.1, 0.0, 0.0, 0.0))
    return [
        Frame("a", 0, (View(Camera(4, 2), objects=Objects.build(["car"])),)),
        Frame("b", 1, (View(Camera(4, 2, K=np.eye(3), distortion=lens)), View(Camera(2, 2), "side", time_ns=0))),
        Frame("c", 2, (View(Camera(4, 2, far=9.0), names={3: "wall"}),), time_ns=0, split="val", task="lift"),
    ]


@pytest.mark.parametrize("frames", [mono(), rig(), imported(), list(many(9)), odd()], ids=lambda frames: frames[0].id)
def test_records_are_counted_as_their_frames_are(frames: list[Frame]) -> None:
    of_frames, of_records = (Totals({"coco": frozenset({"box"})}) for _ in range(2))
    for frame in frames:
        record = json.loads(json.dumps(to_record(frame)))
        rows = {"coco": {"counts": {"objects": 2}}}
        assert record_features(record) == features(from_record(record))
        of_frames.add(from_record(record), ["rgb"], rows)
        of_records.add_record(record, ["rgb"], rows)
    assert asdict(of_records) == asdict(of_frames)
    assert of_records.objects == sum(len(view.objects) for frame in frames for view in frame.views)
