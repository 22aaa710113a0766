"""A record holds everything but the pixels, through JSON, to the last bit."""

from __future__ import annotations

import json

import numpy as np
import pytest

from framepress.core import Camera, Distortion, Frame, Objects, Signal, View
from framepress.core.record import from_record, to_record
from framepress.errors import InputError
from frames import imported, mono, rig

COLUMNS = ("id", "label", "box", "box_full", "area", "visibility", "truncation", "crowd", "score")


def through_json(frame: Frame) -> Frame:
    return from_record(json.loads(json.dumps(to_record(frame), allow_nan=False)))


@pytest.mark.parametrize("frame", [*mono(), *rig(), *imported()], ids=lambda frame: frame.id)
def test_a_frame_survives_its_record_bit_for_bit(frame: Frame) -> None:
    back = through_json(frame)
    for name in ("id", "index", "sequence", "time_ns", "split", "task", "text", "meta"):
        assert getattr(back, name) == getattr(frame, name)
    assert dict(back.signals) == dict(frame.signals)
    for before, after in zip(frame.views, back.views, strict=True):
        assert (after.name, after.camera.size_wh, dict(after.names)) == (
            before.name,
            before.camera.size_wh,
            dict(before.names),
        )
        for name in ("K", "world_from_camera"):
            np.testing.assert_array_equal(getattr(after.camera, name), getattr(before.camera, name))
        assert (after.camera.near, after.camera.far) == (before.camera.near, before.camera.far)
        assert after.objects.labels == before.objects.labels
        assert after.objects.known() == before.objects.known()
        for name in COLUMNS[:1] + COLUMNS[2:]:
            np.testing.assert_array_equal(getattr(after.objects, name), getattr(before.objects, name))
        for name in ("center", "size", "rotation"):
            np.testing.assert_array_equal(getattr(after.objects.box3d, name), getattr(before.objects.box3d, name))
        assert after.objects.mask == before.objects.mask
        assert after.objects.track == before.objects.track
        assert after.objects.source_id == before.objects.source_id
        assert after.objects.attributes == before.objects.attributes
        for name in ("keypoints", "points"):
            for one, two in zip(getattr(before.objects, name), getattr(after.objects, name), strict=True):
                np.testing.assert_array_equal(one, two)


def test_rings_signals_and_attributes_survive() -> None:
    ring = np.array([[0.1, 2], [3, 4.7], [5, 1e-9]])
    objects = Objects.build(
        ["a", "b"], polygons=[[ring, ring + 1], None], polylines=[None, [ring]], attributes=[{"x": [1]}, None]
    )
    signals = {"arm": Signal(17, (0.1, 2.0), ("q0", "q1"))}
    frame = Frame("s/1", 4, (View(Camera(5, 3), objects=objects, time_ns=3),), signals=signals, meta={"seed": 1})
    back = through_json(frame)
    assert dict(back.signals) == signals
    found = back.view.objects
    assert [part.tolist() for part in found.polygons[0]] == [ring.tolist(), (ring + 1).tolist()]
    assert found.polygons[1] is None
    assert found.polylines[1][0].tolist() == ring.tolist()
    assert found.attributes == ({"x": [1]}, None)
    assert back.view.time_ns == 3


@pytest.mark.parametrize(
    "camera", [Camera(5, 3, near=0.2, far=70.0), Camera(5, 3, distortion=Distortion("ftheta", (1 / 3, 2.0)))]
)
def test_what_is_known_of_a_camera_survives_without_the_rest(camera: Camera) -> None:
    back = through_json(Frame("0", 0, (View(camera),))).view.camera
    assert (back.near, back.far, back.distortion) == (camera.near, camera.far, camera.distortion)
    assert back.K is None
    assert back.world_from_camera is None


@pytest.mark.parametrize(
    "damage",
    [
        lambda record: record.pop("views"),
        lambda record: record["views"][0].pop("width"),
        lambda record: record["views"][0]["objects"].update(box=[[1, 2]]),
        lambda record: record["views"][0]["objects"].update(area="many"),
        lambda record: record["views"][0]["objects"].update(colour=[1]),
        lambda record: record["views"][0].update(camera={"K": [[1]]}),
        lambda record: record.update(id="../x"),
    ],
)
def test_a_damaged_record_is_refused(damage) -> None:
    record = json.loads(json.dumps(to_record(mono()[0])))
    damage(record)
    with pytest.raises(InputError):
        from_record(record)
