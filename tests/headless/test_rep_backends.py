"""Backends, their queue and the functions that write behave as Replicator's."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from stand_in_session import opened

from framepress.errors import OptionError
from framepress.headless import rep
from framepress.headless.rep import io_queue
from framepress.headless.rep.backends import BackendGroup, BaseBackend, DiskBackend
from framepress.storage import images, png


class Kept(BaseBackend):
    """In memory; not registered, since its constructor has only defaults."""

    def __init__(self) -> None:
        self.blobs: dict[str, bytes] = {}

    def write_blob(self, path: str, data: bytes) -> None:
        self.blobs[path] = data

    def read_blob(self, path: str) -> bytes:
        return self.blobs[path]


def disk(folder: Path) -> DiskBackend:
    backend = rep.backends.get("DiskBackend")
    assert not hasattr(backend, "output_dir"), "get() runs no constructor"
    backend.initialize(output_dir=str(folder))
    assert isinstance(backend, DiskBackend)
    return backend


def test_a_disk_backend_writes_below_its_folder_and_reads_back(tmp_path: Path) -> None:
    opened()
    backend = disk(tmp_path / "out")
    backend.write_blob("a/b.bin", b"\x00\x01")
    assert (tmp_path / "out" / "a" / "b.bin").read_bytes() == backend.read_blob("a/b.bin") == b"\x00\x01"
    assert backend.resolve_path("a/b.bin") == str(tmp_path / "out" / "a" / "b.bin")
    assert backend.get_name() == "DiskBackend"


def test_without_overwriting_the_next_free_suffix_is_taken(tmp_path: Path) -> None:
    opened()
    taken = [DiskBackend(str(tmp_path / "out"), overwrite=False).output_dir for _ in range(3)]
    assert taken == [str(tmp_path / name) for name in ("out", "out_0001", "out_0002")]
    assert DiskBackend(str(tmp_path / "out")).output_dir == taken[0]


def test_a_relative_folder_lies_below_the_setting_or_the_home_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    host = opened()
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert DiskBackend("out").output_dir == str(tmp_path / "home" / "omni.replicator_out" / "out")
    host.settings["/omni/replicator/backends/disk/root_dir"] = str(tmp_path / "root")
    assert DiskBackend("out").output_dir == str(tmp_path / "root" / "out")


def test_a_network_is_refused_by_name() -> None:
    opened()
    with pytest.raises(OptionError, match="s3://shelf/"):
        rep.BackendDispatch(bucket="shelf", key_prefix="")
    with pytest.raises(OptionError, match="no backend is called 'Nucleus'"):
        rep.backends.get("Nucleus")


def test_schedule_hands_the_backend_to_functions_that_take_one(tmp_path: Path) -> None:
    opened()
    backend, seen = disk(tmp_path), []

    def told(path: str, backend_instance: Any = None) -> None:
        seen.append((path, backend_instance))

    backend.schedule(told, path="x")
    backend.schedule(seen.append, "alone")
    backend.wait_until_done()
    assert sorted(seen, key=str) == sorted([("x", backend), "alone"], key=str)


def test_dispatch_makes_every_registered_backend_that_takes_its_arguments(tmp_path: Path) -> None:
    opened()
    made: list[str] = []

    class Careless(Kept):
        def __init__(self, output_dir: str = "nowhere") -> None:
            super().__init__()
            made.append(output_dir)

    class Careful(Kept):
        def __init__(self, shelf_name: str) -> None:
            super().__init__()

    class Broken(Kept):
        def __init__(self, output_dir: str) -> None:
            raise TypeError("passes for a wrong argument")

    for backend in (Careless, Careful, Broken):
        rep.BackendRegistry.register(backend)
    dispatch = rep.BackendDispatch(output_dir=str(tmp_path))
    assert [backend.get_name() for backend in dispatch._backends] == ["DiskBackend", "Careless"]
    assert made == [str(tmp_path)]
    with pytest.raises(AttributeError, match="single backend"):
        _ = dispatch.output_dir
    assert isinstance(dispatch, BaseBackend)
    with pytest.raises(OptionError, match="is no backend"):
        rep.backends.register(dict)


def test_dispatch_knows_the_older_form_and_refuses_what_fits_nothing(tmp_path: Path) -> None:
    opened()
    old = rep.BackendDispatch({"paths": {"out_dir": str(tmp_path)}, "use_s3": False, "s3_bucket": "x"})
    assert old.output_dir == str(tmp_path)
    with pytest.raises(ValueError, match="give output_dir"):
        rep.BackendDispatch(folder=str(tmp_path))
    with pytest.raises(ValueError, match="none"):
        rep.BackendDispatch()


def test_dispatch_queues_pictures_arrays_and_bytes(tmp_path: Path) -> None:
    opened()
    dispatch = rep.BackendDispatch(output_dir=str(tmp_path))
    pixels = np.random.default_rng(1).integers(0, 256, (5, 8, 4), dtype=np.uint8)
    dispatch.write_image("rgb/0.png", pixels)
    dispatch.write_array("depth/0.npy", np.array([[1.5, np.inf]], np.float32))
    dispatch.write_blob("note.txt", b"hello")
    dispatch.write_json("note.json", {"a": [1]}, indent=1)
    with pytest.raises(OptionError, match="OpenEXR"):
        dispatch.write_exr("0.exr", pixels, 0)
    rep.BackendDispatch.wait_until_done()
    assert rep.BackendDispatch.is_done_writing()
    with Image.open(tmp_path / "rgb" / "0.png") as picture:
        np.testing.assert_array_equal(np.array(picture), pixels)
    np.testing.assert_array_equal(np.load(tmp_path / "depth" / "0.npy"), [[1.5, np.inf]])
    assert (tmp_path / "note.txt").read_text() == "hello"
    assert (tmp_path / "note.json").read_text() == json.dumps({"a": [1]}, indent=1)


def test_a_group_writes_everything_to_each_and_other_functions_run_once() -> None:
    opened()
    backends, ran = [Kept(), Kept()], []
    group = BackendGroup(backends)
    group.schedule(rep.functional.write_json, path="a.json", data=1)
    group.schedule(ran.append, 1)
    group.write_blob("b", b"2")
    group.wait_until_done()
    assert [backend.blobs for backend in backends] == [{"a.json": b"1", "b": b"2"}] * 2
    assert ran == [1]


def test_four_threads_work_and_a_failing_job_is_counted_and_stops_nothing() -> None:
    host = opened()
    backend, gate = Kept(), threading.Barrier(4, timeout=10)

    def meets(path: str) -> None:
        gate.wait()  # only four at a time get through
        if path == "2":
            raise RuntimeError("disk full")

    host.frame = 5
    for number in range(4):
        backend.schedule(meets, path=str(number))
    host.frame = 6
    backend.wait_until_done()
    assert [str(failure) for failure in host.failures] == [
        "frame 5: test_four_threads_work_and_a_failing_job_is_counted_and_stops_nothing.<locals>.meets('2'): "
        "RuntimeError: disk full"
    ]


def test_a_full_queue_pauses_a_tenth_of_a_second_and_takes_the_job(monkeypatch: pytest.MonkeyPatch) -> None:
    opened()
    pauses: list[float] = []
    gate, backend = threading.Event(), Kept()
    rep.BackendDispatch.set_max_queue_size(2)
    monkeypatch.setattr(io_queue.time, "sleep", pauses.append)
    for _ in range(5):
        backend.schedule(lambda: gate.wait(10) and None)
    assert pauses == [0.1] * 3
    assert not backend.is_done_writing()
    gate.set()
    backend.wait_until_done()
    assert backend.is_done_writing()


def test_waiting_waits_for_jobs_that_jobs_have_queued() -> None:
    opened()
    backend, ran = Kept(), []

    def first() -> None:
        time.sleep(0.02)
        backend.schedule(ran.append, "second")

    backend.schedule(first)
    backend.wait_until_done()
    assert ran == ["second"]


def test_pictures_are_written_by_their_extension(tmp_path: Path) -> None:
    opened()
    ids = np.array([[1, 2, 70000], [0, 4, 5]], np.uint32)
    rgba = np.random.default_rng(2).integers(0, 256, (6, 4, 4), dtype=np.uint8)
    rep.functional.write_image(path=str(tmp_path / "ids.png"), data=ids)
    rep.functional.write_image(path=str(tmp_path / "rgb.jpg"), data=rgba)
    rep.functional.write_image(path=str(tmp_path / "mask.png"), data=rgba[:, :, :1])
    np.testing.assert_array_equal(png.decode_ids((tmp_path / "ids.png").read_bytes(), "ids"), ids)
    assert images.probe((tmp_path / "rgb.jpg").read_bytes(), "rgb.jpg").width == 4
    with Image.open(tmp_path / "mask.png") as mask:
        np.testing.assert_array_equal(np.array(mask), rgba[:, :, 0])
    for path, data in (("a.bmp", rgba), ("a.png", rgba.astype(np.float32)), ("a.png", np.empty(0, np.uint8))):
        with pytest.raises(OptionError):
            rep.functional.write_image(path=str(tmp_path / path), data=data)
    with pytest.raises(OptionError, match="must be absolute"):
        rep.functional.write_np("a.npy", ids)
    with pytest.raises(OptionError, match="OpenEXR"):
        rep.functional.write_exr("a.exr", rgba)
