"""Skeletons become key points of the objects that they move."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from framepress.capture.accounts import Accounts
from framepress.capture.policy import Policy
from framepress.capture.skeletons import with_keypoints
from framepress.core import Label, LabelMap, Objects
from framepress.errors import InputError

SIZE = (20, 12)
OBJECTS = Objects.build(["box", "person", "person"], track=["/W/Box", "/W/Ann", "/W/Bob"])
ROWS = {"/W/Box": 0, "/W/Ann": 1, "/W/Bob": 2}
ANN = [[3.25, 4.5], [10.0, 2.0], [25.0, 3.0]]
BOB = [[1.0, 1.0], [np.nan, np.nan]]


def side(**changed: Any) -> dict[str, Any]:
    """Two skeletons as Replicator delivers them: flat arrays, sizes, lists written out."""
    return {
        "skelPath": ["/W/Ann/Body/Skel", "/W/Bob/Skel"],
        "skeletonJoints": ["['Hips', 'Hips/Spine', 'Hips/Spine/Head']", "['Hips', 'Hips/Leg']"],
        "translations2d": np.array(ANN + BOB, np.float32),
        "translations2dSizes": np.array([3, 2], np.int32),
        "jointOcclusions": np.array([False, True, False, True, False]),
        "jointOcclusionsSizes": np.array([3, 2], np.int32),
    } | changed


def given(labels: LabelMap | None = None, points: LabelMap | None = None, **changed: Any) -> tuple[Objects, Accounts]:
    accounts = Accounts()
    policy = Policy(labels=labels, points=points)
    return with_keypoints(OBJECTS, ROWS, side(**changed), SIZE, policy, accounts, "frame 7"), accounts


def test_joints_belong_to_the_object_above_their_skeleton() -> None:
    objects, accounts = given()
    assert objects.keypoints[0] is None
    np.testing.assert_array_equal(objects.keypoints[1], [[3.25, 4.5, 2], [10, 2, 1], [0, 0, 0]])  # the last is outside
    np.testing.assert_array_equal(objects.keypoints[2], [[1, 1, 1], [0, 0, 0]])  # the last has no pixel
    assert accounts.counts["skeletons: joined"] == 2


def test_a_class_that_names_key_points_gets_those_in_its_order() -> None:
    labels = LabelMap((Label("box"), Label("person", keypoints=("head", "hips", "tail", "leg"))))
    objects, _ = given(labels)
    np.testing.assert_array_equal(objects.keypoints[1], [[0, 0, 0], [3.25, 4.5, 2], [0, 0, 0], [0, 0, 0]])
    np.testing.assert_array_equal(objects.keypoints[2], [[0, 0, 0], [1, 1, 1], [0, 0, 0], [0, 0, 0]])


def test_where_classes_are_not_given_those_with_key_points_can_be() -> None:
    points = LabelMap((Label("person", keypoints=("leg", "hips")),))
    objects, accounts = given(points=points)
    np.testing.assert_array_equal(objects.keypoints[2], [[0, 0, 0], [1, 1, 1]])
    assert "skeletons: of a class without key points" not in accounts.counts
    objects, accounts = given(points=LabelMap.of(["person"]))
    assert objects.keypoints == (None, None, None)
    assert accounts.counts["skeletons: of a class without key points"] == 2


def test_skeletons_of_nothing_and_second_ones_are_counted() -> None:
    _, accounts = given(skelPath=["/W/Ann/Skel", "/Elsewhere/Skel"])
    assert accounts.counts["skeletons: of nothing that is an object here"] == 1
    objects, accounts = given(skelPath=["/W/Ann/Skel", "/W/Ann/Other"])
    assert accounts.counts["skeletons: second ones of an object"] == 1
    assert objects.keypoints[1].shape == (3, 3)


def test_a_scene_without_skeletons_has_no_key_points() -> None:
    empty = {key: value[:0] for key, value in side().items()}
    objects, _ = given(**empty)
    assert objects.keypoints == (None, None, None)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"translations2dSizes": np.array([3, 3], np.int32)}, r"translations2d holds 10 values.*\[3, 3\]"),
        ({"skeletonJoints": ["['Hips']", "['Hips', 'Leg']"]}, "/W/Ann/Body/Skel: 1 joints, 3 pixels"),
        ({"skeletonJoints": ["__import__('os')", "[]"]}, "holds no list"),
        ({"skeletonJoints": ["['a', 'b', 'c']"]}, "1 skeletonJoints for 2 skeletons"),
    ],
)
def test_arrays_that_contradict_each_other_are_refused(changed: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=f"frame 7: skeleton_data: .*{words}"):
        given(**changed)
