"""skeleton_data: keys, cuts, pixels and who hides a joint."""

from __future__ import annotations

import ast
import json
import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from framepress.errors import OptionError
from framepress.headless.payloads import value
from framepress.headless.scene import Skeleton
from headless.fake_shot import FX, HEIGHT, WIDTH, scene, shot, skeleton


def world_of(u: float, v: float, forward: float) -> tuple[float, float, float]:
    """The point that falls on a pixel [edges], so far before the camera: it is at (1, -6, 2) and looks along +y."""
    return 1 + (u - WIDTH / 2) / FX * forward, -6 + forward, 2 - (v - HEIGHT / 2) / FX * forward


def data(*skeletons: Skeleton, **changes: Any) -> dict[str, Any]:
    made = value("skeleton_data", shot(scene=scene(skeletons=skeletons, **changes)))
    assert made.data is None
    return made.info


PIXELS = ((1.5, 1.5), (4.5, 3.5), (15.5, 5.5), (8.5, 12.5))
MAN = skeleton(*(world_of(u, v, 7.0) for u, v in PIXELS))


def test_keys_and_types_are_as_replicator_has_them() -> None:
    info = data(MAN, skeleton(world_of(2, 2, 3), root="/World/Other"))
    sizes = {
        f"{key}Sizes": (np.int32, (2,))
        for key in (
            "globalTranslations",
            "jointOcclusions",
            "localRotations",
            "occlusionTypes",
            "restGlobalTranslations",
            "restLocalRotations",
            "restLocalTranslations",
            "skeletonParents",
            "translations2d",
        )
    }
    assert {
        key: (entry.dtype.type, entry.shape) if isinstance(entry, np.ndarray) else type(entry)
        for key, entry in info.items()
    } == {
        **sizes,
        "animationVariant": list,
        "assetPath": list,
        "globalTranslations": (np.float32, (5, 3)),
        "inView": (np.bool_, (2,)),
        "jointOcclusions": (np.bool_, (5,)),
        "localRotations": (np.float32, (5, 4)),
        "numSkeletons": int,
        "occlusionTypes": list,
        "restGlobalTranslations": (np.float32, (5, 3)),
        "restLocalRotations": (np.float32, (5, 4)),
        "restLocalTranslations": (np.float32, (5, 3)),
        "skelName": list,
        "skelPath": list,
        "skeletonData": str,
        "skeletonJoints": list,
        "skeletonParents": (np.int32, (5,)),
        "translations2d": (np.float32, (5, 2)),
    }
    assert info["translations2dSizes"].tolist() == [4, 1]
    assert info["skelPath"] == ["/World/Man/Skel", "/World/Other/Skel"]
    assert info["skelName"] == ["Skel", "Skel"]
    assert [ast.literal_eval(text) for text in info["skeletonJoints"]][1] == ["j0"]
    assert info["skeletonParents"].tolist() == [-1, 0, 1, 2, -1]


def test_a_stage_without_skeletons_has_empty_arrays() -> None:
    info = data()
    assert info["numSkeletons"] == 0
    assert info["translations2d"].shape == (0, 2)
    assert info["skelPath"] == []


def test_joints_fall_on_their_pixels() -> None:
    info = data(MAN)
    np.testing.assert_allclose(info["translations2d"], PIXELS, atol=1e-5)
    np.testing.assert_allclose(info["globalTranslations"], MAN.matrices[:, 3, :3], rtol=1e-6)
    assert info["inView"].tolist() == [True]


def test_a_skeleton_is_in_view_only_with_all_of_its_joints() -> None:
    beside = skeleton(world_of(3, 3, 4), world_of(WIDTH + 1, 3, 4))
    behind = skeleton(world_of(3, 3, 4), (1, -9, 2))
    info = data(MAN, beside, behind)
    assert info["inView"].tolist() == [True, False, False]
    assert np.isnan(info["translations2d"][-1]).all()
    assert not info["jointOcclusions"][-1]


def test_a_joint_is_hidden_by_what_is_nearer_and_not_its_own() -> None:
    """At depth 7: the first joint is before nothing, the second behind the car, the third behind the box, the fourth
    before the floor."""
    info = data(MAN)
    assert info["jointOcclusions"].tolist() == [False, True, True, False]
    assert ast.literal_eval(info["occlusionTypes"][0]) == ["None", "car", "box,crate", "None"]


def test_a_character_does_not_hide_its_own_joints() -> None:
    by_label = replace(MAN, entity=2)
    assert data(by_label)["jointOcclusions"].tolist() == [False, True, False, False]
    # The wheel is a labelled prim of its own below the car.
    on_wheel = skeleton(world_of(10.5, 7.5, 7.0), entity=0)
    assert data(on_wheel)["jointOcclusions"].tolist() == [False]
    by_path = scene().placements
    body = replace(by_path[0], path="/World/Man/Body", entity=-1)
    assert data(MAN, placements=(body, *by_path[1:]))["jointOcclusions"].tolist() == [False, False, True, False]
    namesake = replace(by_path[0], path="/World/Mannequin/Body", entity=-1)
    info = data(MAN, placements=(namesake, *by_path[1:]))
    assert info["jointOcclusions"].tolist() == [False, True, True, False]
    assert ast.literal_eval(info["occlusionTypes"][0])[1] == "UNLABELLED"


def test_rotations_are_quaternions_w_first_without_the_scale() -> None:
    quarter = math.sqrt(0.5)
    turned = np.eye(4)
    turned[:3, :3] = 3 * np.array([[0, 1, 0], [-1, 0, 0], [0, 0, 1]])  # rows: x goes to y: a quarter turn about z
    made = skeleton(world_of(3, 3, 4), world_of(5, 3, 4))
    local = made.local.copy()
    local[1, :3, :3] = turned[:3, :3]
    info = data(replace(made, local=local, rest_local=local))
    np.testing.assert_allclose(info["localRotations"], [[1, 0, 0, 0], [quarter, 0, 0, quarter]], atol=1e-6)
    np.testing.assert_allclose(info["restLocalRotations"], info["localRotations"])


def test_the_rest_pose_is_told_where_the_character_is_now() -> None:
    """The skeleton stands at (1, 0, 0); at rest its first joint is 2 up, the second 0.5 further."""
    rest = np.tile(np.eye(4), (2, 1, 1))
    rest[0, 3, 2], rest[1, 3, 2] = 2, 0.5
    made = replace(skeleton(world_of(3, 3, 4), world_of(5, 3, 4)), rest_local=rest)
    info = data(made)
    np.testing.assert_allclose(info["restGlobalTranslations"], [[1, 0, 2], [1, 0, 2.5]], atol=1e-6)
    np.testing.assert_allclose(info["restLocalTranslations"], [[0, 0, 2], [0, 0, 0.5]])


def test_the_old_text_form_says_the_same() -> None:
    info = data(MAN)
    (old,) = json.loads(info["skeletonData"])
    assert old["skel_path"] == "/World/Man/Skel"
    assert old["joint_occlusions"] == info["jointOcclusions"].tolist()
    np.testing.assert_allclose(old["translations_2d"], info["translations2d"], rtol=1e-6)


def test_joints_that_are_prims_are_refused() -> None:
    assert value("skeleton_data", shot(), {"useSkelJoints": False}).info["numSkeletons"] == 0
    with pytest.raises(OptionError, match="useSkelJoints"):
        value("skeleton_data", shot(), {"useSkelJoints": True})


def test_the_occluders_labels_follow_the_filter_of_the_application() -> None:
    made = replace(shot(scene=scene(skeletons=(MAN,))), semantic_filter="shape:*")
    info = value("skeleton_data", made).info
    assert ast.literal_eval(info["occlusionTypes"][0]) == ["None", "UNLABELLED", "cube", "None"]
