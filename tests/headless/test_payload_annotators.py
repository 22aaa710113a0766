"""Annotators by name: what they need, what they refuse, and what the host does to arrays."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from framepress.errors import OptionError
from framepress.headless.buffers import Passes
from framepress.headless.payloads import NAMES, Quirks, nothing, passes_for, value
from headless.fake_shot import HEIGHT, WIDTH, buffers, camera, shot


@pytest.mark.parametrize(
    ("name", "attribute", "dtype", "components"),
    [
        ("rgb", "rgba", np.uint8, 4),
        ("LdrColor", "rgba", np.uint8, 4),
        ("distance_to_camera", "distance", np.float32, 0),
        ("distance_to_image_plane", "depth", np.float32, 0),
        ("normals", "normals", np.float32, 4),
        ("motion_vectors", "motion", np.float32, 4),
    ],
)
def test_images_are_the_buffers_themselves(name: str, attribute: str, dtype: type, components: int) -> None:
    made = shot()
    delivered = value(name, made)
    assert delivered.data is not None
    assert delivered.info == {}
    assert delivered.data.dtype == dtype
    assert delivered.data.shape == ((HEIGHT, WIDTH, components) if components else (HEIGHT, WIDTH))
    np.testing.assert_array_equal(delivered.data, getattr(made.buffers, attribute))


def test_nothing_hit_is_infinitely_far() -> None:
    for name in ("distance_to_camera", "distance_to_image_plane"):
        distance = value(name, shot()).data
        assert distance is not None
        assert distance[0, 0] == np.inf
        assert not np.isnan(distance).any()


@pytest.mark.parametrize("name", NAMES)
def test_what_an_annotator_asks_to_be_rendered_is_all_that_it_reads(name: str) -> None:
    passes = passes_for(name)
    whole = buffers()
    made = replace(
        whole,
        rgba=whole.rgba if passes.rgb else None,
        normals=whole.normals if passes.normals else None,
        motion=whole.motion if passes.motion else None,
        amodal_count=whole.amodal_count if passes.amodal else None,
        amodal_box=whole.amodal_box if passes.amodal else None,
    )
    value(name, shot(buffers=made))


def test_ids_and_cameras_need_no_further_pass() -> None:
    for name in ("semantic_segmentation", "instance_segmentation_fast", "distance_to_camera", "camera_params"):
        assert passes_for(name) == Passes()
    assert passes_for("bounding_box_2d_tight_fast").amodal
    assert passes_for("pointcloud", {"includeUnlabelled": True}) == Passes(rgb=True, normals=True)


@pytest.mark.parametrize("name", ["rgb", "motion_vectors", "normals"])
def test_a_buffer_that_was_not_rendered_is_named(name: str) -> None:
    bare = buffers(rgba=None, motion=None, normals=None)
    with pytest.raises(OptionError, match=rf"{name}: frame 0 of /World/Camera was rendered without .*passes_for"):
        value(name, shot(buffers=bare))


def test_an_unknown_name_is_refused_with_those_there_are() -> None:
    for ask in (lambda: value("bounding_box", shot()), lambda: passes_for("bounding_box")):
        with pytest.raises(OptionError, match=r"no annotator 'bounding_box'; there are rgb, .*ReferenceTime"):
            ask()


@pytest.mark.parametrize("name", ["HdrColor", "DiffuseAlbedo", "PtWorldPos", "RtxSensorCpu", "DepthSensorDistance"])
def test_what_the_stand_in_does_not_make_is_refused_with_the_reason(name: str) -> None:
    with pytest.raises(OptionError, match=rf"annotator '{name}': the stand-in .*there are rgb"):
        value(name, shot())


def test_an_unknown_parameter_is_refused_and_none_counts_as_not_given() -> None:
    with pytest.raises(OptionError, match=r"'rgb': no parameter 'colorize'; it has none"):
        value("rgb", shot(), {"colorize": True})
    with pytest.raises(OptionError, match=r"no parameter 'colourize'; it has colorize, mapping, semanticTypes"):
        passes_for("semantic_segmentation", {"colourize": True})
    made = value("semantic_segmentation", shot(), {"colorize": None, "semanticTypes": None, "semanticFilter": None})
    assert list(made.info["idToLabels"]) == ["0", "1", "2", "3", "4"]


def test_two_filters_at_once_are_refused() -> None:
    with pytest.raises(OptionError, match="exclude each other"):
        value("bounding_box_2d_tight", shot(), {"semanticTypes": ["class"], "semanticFilter": "class:*"})


def test_prim_paths_and_reference_time_have_no_array() -> None:
    paths = value("primPaths", shot())
    assert (paths.data, paths.info["primPaths"][0]) == (None, "/World/Car")
    time = value("ReferenceTime", shot())
    assert (time.data, time.info) == (None, {"referenceTimeNumerator": 7, "referenceTimeDenominator": 60})
    with pytest.raises(OptionError, match="reference_time"):
        value("ReferenceTime", shot(reference_time=None))


def one_row() -> dict[str, np.ndarray]:
    """The drawn buffers' sixth row alone."""
    whole = buffers()
    names = ("placement", "entity", "depth", "distance", "rgba", "normals", "motion")
    return {name: getattr(whole, name)[5:6] for name in names}


@pytest.mark.parametrize("name", ["rgb", "distance_to_camera", "normals", "semantic_segmentation"])
def test_axes_of_length_one_are_dropped_unless_the_host_is_told_not_to(name: str) -> None:
    made = shot(buffers=buffers(**one_row()), camera=camera(height=1))
    squeezed, whole = (value(name, made, quirks=Quirks(squeeze=squeeze)).data for squeeze in (True, False))
    assert squeezed is not None
    assert whole is not None
    assert whole.shape[:2] == (1, WIDTH)
    assert squeezed.shape == whole.shape[1:]
    np.testing.assert_array_equal(squeezed, whole[0])


def test_rows_of_boxes_keep_their_axis() -> None:
    one = value("bounding_box_2d_tight", shot(), {"semanticFilter": "class:wheel"}).data
    assert one is not None
    assert one.shape == (1,)


@pytest.mark.parametrize("name", [name for name in NAMES if value(name, shot()).data is not None])
def test_first_frames_can_be_empty(name: str) -> None:
    quirks = Quirks(empty_frames=2)
    full = value(name, shot(frame=2), quirks=quirks)
    for frame in (0, 1):
        empty = value(name, shot(frame=frame), quirks=quirks)
        assert empty.data is not None
        assert full.data is not None
        assert empty.data.shape == (0,)
        assert full.data.size
        assert empty.data.dtype == full.data.dtype
        assert list(empty.info) == list(full.info)
        assert not any(len(entry) for entry in empty.info.values())


@pytest.mark.parametrize("name", NAMES)
def test_nothing_has_the_form_of_something(name: str) -> None:
    full = value(name, shot())
    empty = nothing(name)
    if full.data is None:
        assert empty.data is None
        assert empty.info == {}
        return
    assert empty.data is not None
    assert empty.data.shape == (0,)
    assert empty.data.dtype == full.data.dtype
    assert set(empty.info) == set(full.info)
    for key, entry in full.info.items():
        assert len(empty.info[key]) == 0
        assert type(empty.info[key]) is type(entry)
        assert getattr(empty.info[key], "dtype", None) == getattr(entry, "dtype", None)


def test_the_same_shot_gives_the_same_value_and_keeps_nothing_of_what_a_writer_did_to_it() -> None:
    made = shot()
    first = value("instance_segmentation", made)
    first.info["idToSemantics"]["2"]["class"] = "spoiled"
    first.info["idToLabels"].clear()
    boxes = value("bounding_box_2d_tight", made)
    boxes.info["primPaths"].clear()
    boxes.info["idToLabels"]["0"].clear()
    again = value("instance_segmentation", made)
    assert again.info["idToSemantics"]["2"] == {"class": "car"}
    assert value("bounding_box_2d_tight", made).info["idToLabels"]["0"] == {"class": "car"}
