"""`Writer` and `WriterRegistry` behave as Replicator's, in each release."""

from __future__ import annotations

import copy
import json
import logging
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from stand_in_session import CAMERA, RELEASES, SIZE, Recorder, opened, product

from framepress.capture.layout import products_of
from framepress.errors import OptionError
from framepress.headless import rep
from framepress.headless.rep.errors import InvalidWriterError, WriterError, WriterRegistryError

OLDER = [release for release in RELEASES if release != "6.0"]


def recorder(**options: Any) -> Recorder:
    rep.WriterRegistry.register(Recorder)
    writer = rep.WriterRegistry.get("Recorder")
    writer.initialize(**options)
    assert isinstance(writer, Recorder)
    return writer


@pytest.mark.parametrize("release", OLDER)
def test_before_6_the_list_of_annotators_is_one_for_all_writers_that_assign_none(release: Any) -> None:
    opened(release)

    class First(rep.Writer):
        def write(self, data: dict[str, Any]) -> None: ...

    class Second(First): ...

    First().annotators.append("rgb")
    assert Second().annotators == ["rgb"]
    assert rep.Writer.annotators == ["rgb"]
    opened(release)
    assert First().annotators == [], "another session is another process"


def test_from_6_on_each_writer_has_a_list_of_its_own_and_the_class_has_none() -> None:
    opened("6.0")

    class First(rep.Writer):
        version = "2.0"

        def write(self, data: dict[str, Any]) -> None: ...

    one, other = First(), First()
    one.annotators.append("rgb")
    assert other.annotators == []
    assert rep.Writer.annotators is None
    assert (one.version, one.num_written) == ("0.0.0", 0)


@pytest.mark.parametrize("release", OLDER)
def test_before_6_writers_do_not_count_what_they_have_written(release: Any) -> None:
    opened(release)
    writer = recorder()
    writer.attach(product())
    rep.orchestrator.step()
    assert writer.num_written is None
    assert len(writer.payloads) == 1


@pytest.mark.parametrize("release", RELEASES)
def test_get_makes_a_writer_without_its_constructor_and_initialize_runs_it_again_and_again(release: Any) -> None:
    opened(release)
    rep.WriterRegistry.register(Recorder)
    writer = rep.WriterRegistry.get("Recorder", init_params={})
    assert not hasattr(writer, "payloads")
    writer.initialize(fails=(3,))
    first = writer.payloads
    writer.initialize()
    assert writer.payloads is not first
    assert rep.writers.get("Recorder", init_params={"fails": (1,)}).fails == (1,)


def test_registering_a_name_twice_warns_and_the_later_one_counts(caplog: pytest.LogCaptureFixture) -> None:
    opened()
    rep.WriterRegistry.register(Recorder)
    other = type("Recorder", (Recorder,), {})
    with caplog.at_level(logging.WARNING, "framepress.headless"):
        rep.writers.register_writer(other, category="mine")
    assert "Recorder" in caplog.text
    assert type(rep.WriterRegistry.get("Recorder")) is other
    assert rep.WriterRegistry.get_writers(category="mine") == {"Recorder": other}


def test_what_is_no_writer_is_not_registered() -> None:
    opened()
    with pytest.raises(InvalidWriterError, match="Path is no writer"):
        rep.WriterRegistry.register(Path)


def test_unregistering_an_unknown_writer_raises_and_a_known_one_is_detached() -> None:
    opened()
    with pytest.raises(WriterRegistryError, match="no writer 'Nobody'"):
        rep.WriterRegistry.unregister("Nobody")
    writer = recorder()
    writer.attach(product())
    rep.writers.unregister_writer("Recorder")
    rep.orchestrator.step()
    assert writer.payloads == []
    with pytest.raises(WriterRegistryError):
        rep.writers.get("Recorder")


@pytest.mark.parametrize("release", RELEASES)
def test_default_writers_are_names_that_extensions_add_theirs_to(release: Any) -> None:
    opened(release)
    rep.WriterRegistry._default_writers.append("Mine")
    assert rep.WriterRegistry._default_writers[0] == "BasicWriter"
    assert rep.WriterRegistry._default_writers[-1] == "Mine"
    assert ("CosmosWriter" in rep.WriterRegistry._default_writers) == (release == "6.0")
    with pytest.raises(WriterRegistryError, match="KittiWriter is one of Isaac Sim's own"):
        rep.WriterRegistry.get("KittiWriter")


def test_node_writers_are_refused_by_name() -> None:
    opened()
    with pytest.raises(WriterError, match=r"some\.node\.Type"):
        rep.writers.register_node_writer(name="X", node_type_id="some.node.Type", annotators=["rgb"])
    with pytest.raises(WriterError, match=r"some\.node\.Type"):
        rep.writers.NodeWriter("some.node.Type", [])


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize("layout", ["legacy", "renderProduct", "annotator"])
@pytest.mark.parametrize("count", [1, 2])
def test_each_layout_is_read_by_the_library_and_has_the_fixed_keys(release: Any, layout: str, count: int) -> None:
    opened(release)
    writer = recorder(annotators=("rgb", "bounding_box_2d_tight_fast", "camera_params"), data_structure=layout)
    writer.attach([product(f"view{number}") for number in range(count)])
    rep.orchestrator.step()
    data = writer.payloads[0]
    assert data["swhFrameNumber"] == 0
    assert data["reference_time"] == (1, 60)
    assert data["trigger_outputs"] == data["distribution_outputs"] == {}
    assert ("named_outputs" in data) == (release == "6.0")
    found = products_of(data, "frame 0")
    assert [one.name for one in found] == [f"view{number}" for number in range(count)]
    for one in found:
        assert one.size_wh == SIZE
        assert one.camera == CAMERA
        assert one.annotations["rgb"].array().shape == (SIZE[1], SIZE[0], 4)
        assert one.annotations["bounding_box_2d_tight"].side["primPaths"]


def test_legacy_keys_name_the_product_only_where_there_are_several() -> None:
    opened()
    one, two = recorder(data_structure="legacy"), recorder(data_structure="legacy")
    one.attach(product("a"))
    two.attach([product("b"), product("c")])
    rep.orchestrator.step()
    assert {"rp_a", "rgb"} <= set(one.payloads[0])
    assert {"rp_b", "rp_c", "rgb-b", "rgb-c"} <= set(two.payloads[0])
    assert isinstance(one.payloads[0]["rgb"], np.ndarray)


def test_a_layout_that_does_not_exist_is_an_error_when_the_frame_is_made() -> None:
    opened()
    writer = recorder(data_structure="sideways")
    writer.attach(product())
    with pytest.raises(ValueError, match="sideways"):
        rep.orchestrator.step()


def test_two_writers_on_a_product_get_arrays_of_their_own() -> None:
    opened()
    one, two = recorder(annotators=("distance_to_camera",)), recorder(annotators=("distance_to_camera",))
    shared = product()
    one.attach(shared)
    two.attach(shared)
    watching = rep.annotators.get("distance_to_camera").attach(shared)
    rep.orchestrator.step()
    name = shared.path.rpartition("/")[2]
    first, second = (writer.payloads[0]["renderProducts"][name]["distance_to_camera"]["data"] for writer in (one, two))
    before = second.copy()
    first[:] = -1
    np.testing.assert_array_equal(second, before)
    np.testing.assert_array_equal(watching.get_data(), before)


def test_who_attaches_last_decides_the_parameters_for_all_as_nodes_are_shared() -> None:
    host = opened()
    shared = product()
    seen = []
    for colorize in (True, False):
        annotator = rep.annotators.get("semantic_segmentation", init_params={"colorize": colorize})
        writer = recorder(annotators=(annotator,))
        writer.attach(shared)
        seen.append(writer)
    rep.orchestrator.step()
    tables = [next(iter(writer.payloads[0]["renderProducts"].values())) for writer in seen]
    assert [next(iter(table["semantic_segmentation"]["idToLabels"])) for table in tables] == ["0", "0"]
    assert any("Replicator shares one node" in finding for finding in host.findings)


def test_annotators_can_be_names_and_be_added_and_augmented_before_attaching() -> None:
    opened()
    writer = recorder()
    writer.add_annotator("distance_to_image_plane", name="depth")
    writer.augment_annotator("rgb", rep.annotators.Augmentation.from_function(lambda data_in: 255 - data_in))
    with pytest.raises(WriterError, match="no annotator 'normals'"):
        writer.augment_annotator("normals", lambda data_in: data_in)
    plain = rep.annotators.get("rgb").attach(product("eye"))
    writer.attach(plain.product)
    with pytest.raises(WriterError, match="is attached"):
        writer.add_annotator("normals")
    rep.orchestrator.step()
    values = writer.payloads[0]["renderProducts"]["eye"]
    assert set(values) == {"camera", "resolution", "rgb", "depth"}
    np.testing.assert_array_equal(values["rgb"]["data"], 255 - plain.get_data())


@pytest.mark.parametrize("release", RELEASES)
def test_metadata_is_written_once_through_the_backend_and_names_the_stand_in(release: Any, tmp_path: Path) -> None:
    opened(release, seed=41)
    writer = recorder(backend=rep.BackendDispatch(output_dir=str(tmp_path)))
    writer.attach(product())
    for _ in range(2):
        rep.orchestrator.step()
    rep.orchestrator.wait_until_complete()
    stated = json.loads((tmp_path / "metadata.txt").read_text())
    assert stated["producer"] == "framepress stand-in"
    assert (stated["name"], stated["version"]) == ("Recorder", "1.2.3")
    assert stated.get("replicator_global_seed:") == (41 if release == "6.0" else None)


def test_without_a_backend_there_is_no_metadata_and_one_warning(caplog: pytest.LogCaptureFixture) -> None:
    opened()
    writer = recorder()
    writer.version = "0.0.0"
    with caplog.at_level(logging.WARNING, "framepress.headless"):
        for _ in range(2):
            writer.attach(product())
    assert [record.getMessage() for record in caplog.records] == [
        "Recorder leaves its version at 0.0.0",
        "Recorder sets no backend: no metadata.txt is written",
    ]


def test_a_deep_copy_of_a_writer_is_attached_and_writes_by_itself() -> None:
    opened()
    writer = recorder(annotators=(rep.annotators.get("rgb"),))
    copied = copy.deepcopy(writer)
    copied.attach(product())
    rep.orchestrator.step()
    assert (len(copied.payloads), len(writer.payloads)) == (1, 0)


def test_a_detached_writer_writes_no_more_and_can_be_attached_again() -> None:
    opened("6.0")
    writer, eye = recorder(), product()
    writer.attach(eye)
    rep.orchestrator.step()
    assert writer.num_written == 1
    assert writer.get_node() is not None
    assert writer.get_data() is writer.payloads[0]
    writer.detach()
    assert writer.get_node() is None
    assert writer.get_data() == {}
    rep.orchestrator.step()
    assert len(writer.payloads) == 1
    writer.attach(eye)
    assert writer.num_written == 0
    rep.orchestrator.step()
    assert len(writer.payloads) == 2


def test_attaching_needs_a_stage_and_a_product_that_is_there() -> None:
    host = opened()
    writer, eye = recorder(), product()
    eye.destroy()
    with pytest.raises(OptionError, match="no such render product"):
        writer.attach(eye)
    host.use_stage(None)
    with pytest.raises(WriterRegistryError, match="no stage is open"):
        writer.attach("/Render/OmniverseKit/HydraTextures/Replicator")


def test_a_trigger_that_is_none_is_refused() -> None:
    opened()
    with pytest.raises(WriterError, match="OgnOnTick"):
        recorder().attach(product(), trigger="omni.graph.action.OgnOnTick")


def test_a_writer_without_a_trigger_writes_when_it_is_scheduled() -> None:
    host = opened()
    writer = recorder()
    writer.attach(product(), trigger=None)
    for frame in range(4):
        if frame == 2:
            writer.schedule_write()
        rep.orchestrator.step()
    assert [data["reference_time"] for data in writer.payloads] == [(1, 20)]
    assert [bool(asked) for asked in host._studio.asked] == [True], "nothing is drawn that nobody wants"


def test_a_function_decides_when_a_writer_writes() -> None:
    opened()
    writer, answers = recorder(), iter([False, True, False, True])
    writer.attach(product(), trigger=lambda: next(answers))
    for _ in range(4):
        rep.orchestrator.step()
    assert [data["reference_time"] for data in writer.payloads] == [(1, 30), (1, 15)]


def test_a_writer_follows_a_trigger_of_the_graph_and_counts_stand_in_the_payload() -> None:
    opened()
    trigger = rep.trigger.on_frame(interval=2, name="every_second")
    every, second = recorder(), recorder()
    every.attach(product("a"))
    second.attach(product("b"), trigger=trigger)
    for _ in range(5):
        rep.orchestrator.step()
    assert [data["trigger_outputs"] for data in every.payloads] == [{"every_second": n} for n in (0, 0, 1, 1, 2)]
    assert [data["trigger_outputs"]["every_second"] for data in second.payloads] == [0, 1, 2]


def test_the_registry_answers_who_is_attached_where() -> None:
    opened()
    writer, eye, other = recorder(), product("eye"), product("other")
    writer.attach(eye)
    assert rep.WriterRegistry.get_attached_writers(eye) == {"Recorder": writer}
    assert rep.WriterRegistry.get_attached_writer("Recorder", [other]) is None
    assert rep.WriterRegistry.get_writer_render_products() == {"Recorder": [eye.path]}
    assert list(rep.WriterRegistry.get_annotators(eye.path)) == ["rgb"]
    rep.WriterRegistry.detach("Recorder", other)
    assert writer.get_node() is not None
    rep.WriterRegistry.detach_all()
    assert writer.get_node() is None
