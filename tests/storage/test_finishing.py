from __future__ import annotations

import hashlib
import json

import pytest

from framepress.errors import InputError, OutputError
from framepress.storage.finishing import FINISHED, FinishFiles, finished
from framepress.storage.folder import FolderOutput


def finish(output, prefix, **files):
    target = FinishFiles(output, prefix)
    for name, content in files.items():
        target.put(f"{name}.txt", content)
    return target.publish()


def tree(output):
    return {path: output.read(path) for path in output.list()}


def orphans(output):
    return {path.removeprefix(".framepress/orphans/"): output.read(path) for path in output.list(".framepress/orphans")}


def test_nothing_is_visible_before_publish(output):
    target = FinishFiles(output, "coco/")
    target.put("a.json", b"{}")
    with target.file("b.json") as stream:
        stream.write(b"[]")
    assert tree(output) == {}
    assert [entry.path for entry in target.publish()] == ["coco/a.json", "coco/b.json"]
    assert tree(output) == {"coco/a.json": b"{}", "coco/b.json": b"[]"}
    assert list(finished(output)) == ["coco/a.json", "coco/b.json"]
    target = FinishFiles(output, "coco/")
    target.put("c.json", b"{}")
    target.discard()
    assert output.sweep() == 0


def test_finishing_again_replaces_only_what_finish_made(output):
    finish(output, "", data=b"1", names=b"a")
    assert finish(output, "", data=b"22", names=b"a")[0].size == 2
    assert tree(output) == {"data.txt": b"22", "names.txt": b"a"}
    assert orphans(output) == {}


def test_finishing_twice_changes_no_byte_and_touches_no_file(tmp_path):
    output = FolderOutput(tmp_path)
    finish(output, "", data=b"1", names=b"a")
    before = {path: (path.stat().st_ino, path.read_bytes()) for path in tmp_path.rglob("*") if path.is_file()}
    finish(output, "", data=b"1", names=b"a")
    assert {path: (path.stat().st_ino, path.read_bytes()) for path in tmp_path.rglob("*") if path.is_file()} == before


def test_a_file_of_the_user_is_never_replaced(output):
    output.put("names.txt", b"mine")
    with pytest.raises(OutputError, match=r"names\.txt: exists already and was not made by finish"):
        finish(output, "", data=b"1", names=b"a")
    assert tree(output) == {"names.txt": b"mine"}
    assert finished(output) == {}
    assert output.sweep() == 0


def test_a_file_edited_since_is_kept_among_the_orphans(output):
    finish(output, "yolo/", data=b"made")
    output.replace("yolo/data.txt", b"edited")
    finish(output, "yolo/", data=b"made again")
    output.replace("yolo/data.txt", b"edited twice")
    finish(output, "yolo/", data=b"made again")
    assert tree(output) == {"yolo/data.txt": b"made again"}
    assert orphans(output) == {"yolo/data.txt": b"edited", "yolo/data.txt~2": b"edited twice"}


def test_a_file_that_is_not_made_any_more_goes_to_the_orphans(output):
    finish(output, "coco/", train=b"1", val=b"2")
    finish(output, "yolo/", train=b"3")
    finish(output, "coco/", train=b"1")
    assert tree(output) == {"coco/train.txt": b"1", "yolo/train.txt": b"3"}
    assert orphans(output) == {"coco/val.txt": b"2"}
    assert list(finished(output)) == ["coco/train.txt", "yolo/train.txt"]


def test_a_file_that_was_deleted_is_made_again(tmp_path):
    output = FolderOutput(tmp_path)
    finish(output, "", data=b"1")
    (tmp_path / "data.txt").unlink()
    finish(output, "", data=b"1")
    assert tree(output) == {"data.txt": b"1"}


def test_one_name_twice_is_refused(output):
    target = FinishFiles(output, "coco/")
    target.put("a.json", b"")
    with pytest.raises(OutputError, match=r"coco/a\.json is written twice"):
        target.put("a.json", b"")


@pytest.mark.parametrize("calls", range(12))
def test_finish_may_be_interrupted_anywhere_and_run_again(output, calls):
    """Stopped after any number of calls that change the disk, finishing anew gives the tree of an undisturbed run."""
    finish(output, "", data=b"old", gone=b"old", same=b"same")

    class Stopped(Exception):
        pass

    class Interrupted:
        left = calls

        def __getattr__(self, name):
            value = getattr(output, name)
            if name in ("replace", "publish", "move"):

                def call(*args, **kwargs):
                    self.left -= 1
                    if self.left < 0:
                        raise Stopped
                    return value(*args, **kwargs)

                return call
            return value

    try:
        finish(Interrupted(), "", data=b"new", extra=b"extra", same=b"same")
    except Stopped:
        pass
    for path in output.list():
        assert output.read(path) in (b"old", b"new", b"extra", b"same")
        assert path in finished(output), "announced before it was visible"
    finish(output, "", data=b"new", extra=b"extra", same=b"same")
    assert tree(output) == {"data.txt": b"new", "extra.txt": b"extra", "same.txt": b"same"}
    assert list(finished(output)) == ["data.txt", "extra.txt", "same.txt"]


@pytest.mark.parametrize("content", [b"", b"[]", b'{"a":1}', b'{"../a":[1,"x"]}', b"\xff"])
def test_a_damaged_list_is_refused(output, content):
    output.put(FINISHED, content)
    with pytest.raises(InputError, match=r"finished\.json|\.\./a"):
        finish(output, "", data=b"1")
    assert tree(output) == {}


def test_the_list_is_plain_json(output):
    finish(output, "", b=b"1", a=b"")
    rows = json.loads(output.read(FINISHED))
    assert list(rows) == ["a.txt", "b.txt"]
    assert rows["a.txt"] == [0, hashlib.sha256(b"").hexdigest()]
