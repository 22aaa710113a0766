"""An output over a store of whole blobs promises what a folder promises, but for what such a store cannot do."""

from __future__ import annotations

import pytest

from framepress.errors import InputError, OutputError
from framepress.storage.blobs import BlobOutput
from framepress.storage.transaction import INTENTS
from storage.test_output import (
    test_a_file_where_a_folder_is_needed_is_named,
    test_a_stream_does_not_overwrite_unless_asked,
    test_a_stream_is_published_when_its_block_ends,
    test_a_stream_whose_block_fails_leaves_nothing,
    test_discarded_files_are_gone,
    test_eight_threads_that_want_one_name_have_one_winner,
    test_one_taken_name_keeps_all_from_being_published,
    test_one_temporary_can_have_several_names,
    test_put_does_not_take_the_place_of_a_folder,
    test_put_never_overwrites,
    test_replace_takes_the_place_of_a_file_or_of_nothing,
    test_staged_files_are_not_visible_until_published,
    test_sweeping_removes_what_was_staged_and_nothing_else,
    test_what_is_put_is_read_back,
)

__all__ = [
    "test_a_file_where_a_folder_is_needed_is_named",
    "test_a_stream_does_not_overwrite_unless_asked",
    "test_a_stream_is_published_when_its_block_ends",
    "test_a_stream_whose_block_fails_leaves_nothing",
    "test_discarded_files_are_gone",
    "test_eight_threads_that_want_one_name_have_one_winner",
    "test_one_taken_name_keeps_all_from_being_published",
    "test_one_temporary_can_have_several_names",
    "test_put_does_not_take_the_place_of_a_folder",
    "test_put_never_overwrites",
    "test_replace_takes_the_place_of_a_file_or_of_nothing",
    "test_staged_files_are_not_visible_until_published",
    "test_sweeping_removes_what_was_staged_and_nothing_else",
    "test_what_is_put_is_read_back",
]


class Blobs(dict[str, bytes]):
    """A store that takes whole blobs and gives them back."""

    write_blob = dict.__setitem__
    read_blob = dict.__getitem__


@pytest.fixture
def store() -> Blobs:
    return Blobs()


@pytest.fixture
def output(store: Blobs) -> BlobOutput:
    return BlobOutput(store, "a bucket")


def test_what_grows_stays_here_and_what_is_whole_is_sent(output: BlobOutput, store: Blobs) -> None:
    file = output.append(".framepress/journal/000000.jsonl")
    file.write(b"line\n")
    file.close()
    output.replace(INTENTS, b"")
    assert not store
    output.put(".framepress/journal/000000.jsonl.gz", b"sealed")
    output.put("images/a.png", b"pixels")
    assert store == {".framepress/journal/000000.jsonl.gz": b"sealed", "images/a.png": b"pixels"}


def test_what_a_store_cannot_do_is_refused(output: BlobOutput) -> None:
    output.put("a.txt", b"a")
    for refused in (lambda: output.append("a.txt"), lambda: output.move("a.txt", "b.txt")):
        with pytest.raises(OutputError, match="a backend only takes and gives whole files"):
            refused()
    for missing in (output.read, output.size):
        with pytest.raises(InputError, match=r"b\.txt: cannot be read"):
            missing("b.txt")


def test_a_lock_is_one_writers(output: BlobOutput) -> None:
    lock = output.lock()
    with pytest.raises(OutputError, match="this process is writing"):
        output.lock()
    lock.release()
    lock.release()
    output.lock().release()
