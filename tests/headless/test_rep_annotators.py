"""`Annotator`, `AnnotatorRegistry` and augmentations behave as Replicator's."""

from __future__ import annotations

import colorsys
from typing import Any

import fake_shot
import numpy as np
import pytest
from stand_in_session import CAMERA, RELEASES, SIZE, opened, product

from framepress.errors import InputError, OptionError
from framepress.headless import rep
from framepress.headless.rep.errors import AnnotatorError, AnnotatorRegistryError


def test_data_before_attaching_is_an_error_and_before_the_first_frame_empty() -> None:
    opened()
    annotator = rep.AnnotatorRegistry.get_annotator("rgb")
    with pytest.raises(AnnotatorError, match="attach it"):
        annotator.get_data()
    assert annotator.attach(product()) is annotator
    assert annotator.get_data().shape == (0,)
    rep.orchestrator.step()
    assert annotator.get_data().shape == (SIZE[1], SIZE[0], 4)


@pytest.mark.parametrize("release", RELEASES)
def test_values_come_in_legacy_form_or_flat(release: Any) -> None:
    opened(release)
    boxes = rep.annotators.get("bounding_box_2d_tight_fast").attach([product()])
    rep.orchestrator.step()
    legacy = boxes.get_data()
    assert set(legacy) == {"data", "info"}
    if release == "6.0":
        flat = boxes.get_data(use_legacy_structure=False)
        assert set(flat) == {"data", *legacy["info"]}
    else:
        with pytest.raises(TypeError, match=r"before release 6\.0"):
            boxes.get_data(use_legacy_structure=False)
    labels = dict(zip(legacy["info"]["primPaths"], legacy["data"], strict=True))
    wheel = labels["/World/Car/Wheel"]
    assert tuple(wheel[name] for name in ("x_min", "y_min", "x_max", "y_max")) == fake_shot.box_of(
        fake_shot.visible("/World/Car/Wheel/Mesh")
    )


def test_an_annotator_attaches_to_one_product() -> None:
    opened()
    first, second = product(), product()
    annotator = rep.annotators.get("normals")
    with pytest.raises(NotImplementedError, match="got 2"):
        annotator.attach([first, second])
    annotator.attach([first])
    with pytest.raises(AnnotatorError, match="detach it"):
        annotator.attach(second)
    with pytest.raises(AnnotatorError, match="before that"):
        annotator.initialize()
    annotator.detach(second)
    assert annotator.is_attached
    annotator.detach()
    annotator.attach(second)
    rep.orchestrator.step()
    assert annotator.get_data().shape == (SIZE[1], SIZE[0], 4)


def test_only_what_is_attached_is_drawn() -> None:
    host = opened()
    eye = product()
    depth = rep.annotators.get("distance_to_camera").attach(eye)
    rep.orchestrator.step()
    picture = rep.annotators.get("rgb").attach(eye)
    assert picture.get_data().shape == (0,), "the frame was drawn without colours"
    rep.orchestrator.step()
    assert picture.get_data().size
    depth.detach()
    picture.detach()
    rep.orchestrator.step()
    assert [asked[eye.path].rgb for asked in host._studio.asked] == [False, True]


def test_the_default_filter_holds_for_annotators_without_one_of_their_own() -> None:
    host = opened()
    eye = product()
    plain = rep.annotators.get("bounding_box_2d_tight_fast").attach(eye)
    own = rep.annotators.get("bounding_box_2d_loose_fast", init_params={"semanticTypes": ["class"]}).attach(eye)
    depth = rep.annotators.get("distance_to_camera").attach(eye)
    host.semantic_filters["default"] = "class:wheel"
    rep.orchestrator.step()
    assert plain.get_data()["info"]["primPaths"] == ["/World/Car/Wheel"]
    assert len(own.get_data()["info"]["primPaths"]) > 1
    assert depth.get_data().size


def test_unknown_names_parameters_and_devices_are_refused_with_what_there_is() -> None:
    opened()
    with pytest.raises(AnnotatorRegistryError, match="distance_to_camera"):
        rep.annotators.get("depth")
    with pytest.raises(AnnotatorRegistryError, match="colourise"):
        rep.annotators.get("semantic_segmentation", init_params={"colourise": True})
    with pytest.raises(AnnotatorRegistryError, match="tpu"):
        rep.annotators.get("rgb", device="tpu")
    with pytest.raises(AnnotatorRegistryError, match="on the CPU only"):
        rep.annotators.get("bounding_box_3d_fast", device="cuda:0")


def test_a_gpu_that_is_not_there_gives_numpy_arrays_and_a_finding() -> None:
    import warp as wp

    wp.config.quiet = True
    if wp.is_cuda_available():
        pytest.skip("a GPU is here")
    host = opened()
    annotator = rep.annotators.get("rgb", device="cuda").attach(product())
    rep.orchestrator.step()
    assert isinstance(annotator.get_data(), np.ndarray)
    assert any("no such GPU" in finding for finding in host.findings)


def test_a_registered_annotator_is_got_by_its_name_each_time_anew() -> None:
    opened()
    dark = rep.annotators.augment(source_annotator="rgb", augmentation=lambda data_in, gain: data_in // gain, gain=2)
    rep.annotators.register(name="dark", annotator=dark)
    assert "dark" in rep.AnnotatorRegistry.get_registered_annotators()
    eye = product()
    one, plain = rep.annotators.get("dark").attach(eye), rep.annotators.get("rgb").attach(eye)
    rep.orchestrator.step()
    assert one.get_name() == "dark"
    assert rep.annotators.get("dark") is not one
    np.testing.assert_array_equal(one.get_data(), plain.get_data() // 2)
    with pytest.raises(AnnotatorRegistryError, match="Replicator's own"):
        rep.annotators.register(name="rgb", annotator=dark)
    rep.AnnotatorRegistry.unregister_annotator("dark")
    with pytest.raises(OptionError):
        rep.annotators.get("dark")


def test_augmentations_are_composed_in_order_and_leave_their_source_alone() -> None:
    opened()
    source, eye = rep.annotators.get("rgb"), product()
    rep.AnnotatorRegistry.register_augmentation("half", lambda data_in: data_in // 2)

    def spoil(data_in: np.ndarray, amount: int = 1) -> np.ndarray:
        data_in[:] += amount
        return data_in

    added = rep.annotators.Augmentation.from_function(spoil, amount=3)
    both = rep.annotators.augment_compose(source, [rep.annotators.get_augmentation("half"), added], name="both")
    both.attach(eye)
    source.attach(eye)
    rep.orchestrator.step()
    np.testing.assert_array_equal(both.get_data(), source.get_data() // 2 + 3)
    np.testing.assert_array_equal(both.get_data(), source.get_data() // 2 + 3, "not twice")
    assert (both.name, source.name) == ("both", "rgb")


def test_a_seed_that_is_not_given_follows_the_session_and_the_frame() -> None:
    seeds: dict[int, list[int]] = {}
    for session in (7, 7, 8):
        opened(seed=session)
        seen = seeds.setdefault(session, [])

        def noise(data_in: np.ndarray, seed: int, seen: list[int] = seen) -> np.ndarray:
            seen.append(seed)
            return data_in

        annotator = rep.annotators.augment("rgb", noise).attach(product())
        for _ in range(3):
            rep.orchestrator.step()
            annotator.get_data()
    assert seeds[7][:3] == seeds[7][3:]
    assert len({*seeds[7], *seeds[8]}) == 6


def test_augmentations_say_which_argument_is_missing_or_unknown() -> None:
    opened()

    def shift(data_in: np.ndarray, by: int) -> np.ndarray:
        return data_in + by

    with pytest.raises(AnnotatorError, match="is not told its argument by"):
        rep.annotators.Augmentation.from_function(shift)
    with pytest.raises(AnnotatorError, match="has no argument to; its own are by"):
        rep.annotators.Augmentation.from_function(shift, by=1, to=2)
    with pytest.raises(AnnotatorError, match="OmniGraph"):
        rep.annotators.Augmentation.from_node("omni.some.Node")
    with pytest.raises(AnnotatorRegistryError, match="no augmentation 'blur'"):
        rep.annotators.augment("rgb", "blur")


def test_warp_kernels_augment_with_another_shape_too() -> None:
    import warp as wp

    wp.config.quiet = True

    @wp.kernel
    def scaled(data_in: wp.array2d(dtype=wp.float32), data_out: wp.array2d(dtype=wp.float32), gain: float):
        i, j = wp.tid()
        data_out[i, j] = data_in[i, j] * gain

    @wp.kernel
    def grey(data_in: wp.array3d(dtype=wp.uint8), data_out: wp.array2d(dtype=wp.uint8)):
        i, j = wp.tid()
        data_out[i, j] = data_in[i, j, 1]

    opened()
    eye = product()
    depth = rep.annotators.augment("distance_to_camera", scaled, gain=2.0).attach(eye)
    green = rep.annotators.augment("rgb", rep.annotators.Augmentation.from_function(grey, data_out_shape=(-1, -1)))
    green.attach(eye)
    plain = [rep.annotators.get(name).attach(eye) for name in ("distance_to_camera", "rgb")]
    rep.orchestrator.step()
    np.testing.assert_array_equal(depth.get_data(), plain[0].get_data() * np.float32(2))
    np.testing.assert_array_equal(green.get_data(), plain[1].get_data()[..., 1])


def test_colours_turn_to_hsv_and_back_as_the_standard_library_does_it() -> None:
    pixels = np.random.default_rng(3).integers(0, 256, (7, 9, 4), dtype=np.uint8)
    pixels[0, :3, :3] = [[0, 0, 0], [255, 255, 255], [9, 9, 9]]
    hsv = rep.augmentations_default.aug_rgb_to_hsv(pixels)
    rgb = rep.augmentations_default.aug_hsv_to_rgb(pixels)
    for place in np.ndindex(7, 9):
        parts = pixels[place][:3] / 255.0
        np.testing.assert_array_equal(hsv[place][:3], np.rint(np.array(colorsys.rgb_to_hsv(*parts)) * 255))
        np.testing.assert_array_equal(rgb[place][:3], np.rint(np.array(colorsys.hsv_to_rgb(*parts)) * 255))
    np.testing.assert_array_equal(hsv[..., 3], pixels[..., 3])


def test_aovs_that_are_rendered_can_be_registered_and_others_say_why_not() -> None:
    opened()
    rep.AnnotatorRegistry.register_annotator_from_aov(aov="DistanceToCameraSD", name="far", output_data_type=np.float32)
    eye = product()
    far, plain = rep.annotators.get("far").attach(eye), rep.annotators.get("distance_to_camera").attach(eye)
    rep.orchestrator.step()
    np.testing.assert_array_equal(far.get_data(), plain.get_data())
    with pytest.raises(AnnotatorRegistryError, match="PtDirectIllumination"):
        rep.AnnotatorRegistry.register_annotator_from_aov(aov="PtDirectIllumination", name="direct")
    with pytest.raises(AnnotatorRegistryError, match=r"my\.Node"):
        rep.AnnotatorRegistry.register_annotator_from_node(name="x", input_rendervars=[], node_type_id="my.Node")


def test_products_are_named_reused_and_destroyed() -> None:
    host = opened()
    first = rep.create.render_product(CAMERA, SIZE)
    assert first.path == "/Render/OmniverseKit/HydraTextures/Replicator"
    assert rep.create.render_product(CAMERA, SIZE) is first
    assert rep.create.render_product(CAMERA, SIZE, force_new=True).path.endswith("/Replicator_01")
    assert rep.create.render_product(CAMERA, (8, 9)).path.endswith("/Replicator_02")
    named = rep.create.render_product(host.stage.GetPrimAtPath(CAMERA), SIZE, name="left-eye")
    assert named.path.endswith("/left_eye")
    assert any("left_eye" in finding for finding in host.findings)
    prim = host.stage.GetPrimAtPath(first.path)
    assert [str(path) for path in prim.GetRelationship("camera").GetTargets()] == [CAMERA]
    assert tuple(prim.GetAttribute("resolution").Get()) == SIZE
    assert not host.stage.GetRootLayer().GetPrimAtPath(first.path), "the user's layer stays as it is"
    first.destroy()
    first.destroy()
    assert not host.stage.GetPrimAtPath(first.path)
    assert rep.create.render_product(CAMERA, SIZE, force_new=True).path == first.path


@pytest.mark.parametrize("size", [(0, 5), (5, -1), (5,), "big", (1.5, 2)])
def test_a_size_that_is_no_picture_is_refused(size: Any) -> None:
    opened()
    with pytest.raises(OptionError, match="resolution"):
        rep.create.render_product(CAMERA, size)


def test_a_camera_that_is_not_there_is_refused_with_its_path() -> None:
    host = opened()
    for path in ("/World/Nobody", "no path", "/World/Camera/"):
        with pytest.raises(InputError, match="no such prim"):
            rep.create.render_product(path, SIZE)
    host.stage.DefinePrim("/World/Box", "Cube")
    with pytest.raises(InputError, match="a Cube, with no camera below it"):
        rep.create.render_product("/World/Box", SIZE)
    assert rep.create.render_product("/World", SIZE).camera == CAMERA


def test_a_product_that_is_switched_off_or_destroyed_is_not_drawn() -> None:
    host = opened()
    eye = product()
    annotator = rep.annotators.get("rgb").attach(eye)
    eye.hydra_texture.set_updates_enabled(False)
    rep.orchestrator.step()
    assert annotator.get_data().shape == (0,)
    eye.hydra_texture.updates_enabled = True
    rep.orchestrator.step()
    assert annotator.get_data().size
    eye.destroy()
    rep.orchestrator.step()
    assert annotator.get_data().shape == (0,)
    assert [list(asked) for asked in host._studio.asked] == [[], [eye.path], []]
    again = rep.create.render_product(CAMERA, SIZE, force_new=True)
    assert again.path == eye.path
    rep.annotators.get("rgb").attach(again)
    rep.orchestrator.step()
    assert annotator.get_data().shape == (0,), "what takes a destroyed product's place is another one"


def test_render_vars_are_refused_where_there_are_none() -> None:
    opened("5.1")
    with pytest.raises(TypeError, match="render_vars"):
        rep.create.render_product(CAMERA, SIZE, render_vars=["LdrColor"])
    opened("6.0")
    assert rep.create.render_product(CAMERA, SIZE, render_vars=["LdrColor"])
