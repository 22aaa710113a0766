"""What every output promises: the same tests for the folder and for memory."""

from __future__ import annotations

import threading

import pytest

from framepress.errors import InputError, OutputError


def everything(output):
    return [*output.list(), *output.list(".framepress")]


def half_a_file(output, error):
    with output.file("a.bin") as stream:
        stream.write(b"half")
        raise error


def test_what_is_put_is_read_back(output):
    output.put("images/a.png", b"content")
    output.put("empty.txt", b"")
    assert output.read("images/a.png") == b"content"
    assert output.read("empty.txt") == b""
    assert (output.size("images/a.png"), output.size("empty.txt")) == (7, 0)
    with output.open("images/a.png") as stream:
        assert stream.read(3) == b"con"
    assert output.exists("images/a.png")
    assert output.exists("images")
    assert not output.exists("images/b.png")


def test_put_never_overwrites(output):
    output.put("a.txt", b"first")
    with pytest.raises(OutputError, match=r"a\.txt.*not overwritten"):
        output.put("a.txt", b"second")
    assert output.read("a.txt") == b"first"
    assert everything(output) == ["a.txt"]


def test_put_does_not_take_the_place_of_a_folder(output):
    output.put("a/b.txt", b"")
    with pytest.raises(OutputError, match="a"):
        output.put("a", b"")
    with pytest.raises(OutputError, match="a"):
        output.replace("a", b"")
    assert everything(output) == ["a/b.txt"]


def test_a_file_where_a_folder_is_needed_is_named(output):
    output.put("a", b"")
    with pytest.raises(OutputError, match="a file where a folder is needed"):
        output.put("a/b/c.txt", b"")
    assert everything(output) == ["a"]


def test_replace_takes_the_place_of_a_file_or_of_nothing(output):
    output.replace("a.txt", b"first")
    output.replace("a.txt", b"2")
    assert output.read("a.txt") == b"2"
    assert everything(output) == ["a.txt"]


def test_a_stream_is_published_when_its_block_ends(output):
    with output.file("a/b.bin") as stream:
        stream.write(b"one")
        stream.write(bytearray(b"two"))
        assert not output.exists("a/b.bin")
    assert output.read("a/b.bin") == b"onetwo"
    assert everything(output) == ["a/b.bin"]


def test_a_stream_whose_block_fails_leaves_nothing(output):
    with pytest.raises(ZeroDivisionError):
        half_a_file(output, ZeroDivisionError())
    assert everything(output) == []


def test_an_error_of_another_file_in_the_block_keeps_its_own_name(output):
    with pytest.raises(FileNotFoundError, match="the source"):
        half_a_file(output, FileNotFoundError("the source"))
    assert everything(output) == []


def test_a_stream_does_not_overwrite_unless_asked(output):
    output.put("a.bin", b"old")
    with pytest.raises(OutputError, match="not overwritten"), output.file("a.bin") as stream:
        stream.write(b"new")
    assert output.read("a.bin") == b"old"
    with output.file("a.bin", replace=True) as stream:
        stream.write(b"new")
    assert output.read("a.bin") == b"new"


def test_staged_files_are_not_visible_until_published(output):
    staged = [output.stage("a.txt", b"a"), output.stage("b/c.txt", b"c")]
    assert list(output.list()) == []
    output.publish(staged)
    assert {path: output.read(path) for path in output.list()} == {"a.txt": b"a", "b/c.txt": b"c"}
    assert list(output.list(".framepress/tmp")) == []


def test_one_taken_name_keeps_all_from_being_published(output):
    output.put("b.txt", b"theirs")
    staged = [output.stage(path, b"ours") for path in ("a.txt", "b.txt", "c.txt")]
    with pytest.raises(OutputError, match=r"b\.txt"):
        output.publish(staged)
    assert everything(output) == ["b.txt"]
    assert output.read("b.txt") == b"theirs"


def test_one_temporary_can_have_several_names(output):
    staged = output.stage("coco/a.png", b"pixels")
    output.publish([staged, staged.at("yolo/a.png")])
    assert output.read("coco/a.png") == output.read("yolo/a.png") == b"pixels"
    assert list(output.list(".framepress/tmp")) == []


def test_discarded_files_are_gone(output):
    staged, stream = output.stage_file("b.txt")
    stream.write(b"b")
    stream.close()
    output.discard([output.stage("a.txt", b"a"), staged])
    assert everything(output) == []


def test_sweeping_removes_what_was_staged_and_nothing_else(output):
    output.put("a.txt", b"")
    output.replace(".framepress/own.json", b"{}")
    output.stage("b.txt", b"b")
    output.stage("c.txt", b"c")
    assert output.sweep() == 2
    assert everything(output) == ["a.txt", ".framepress/own.json"]
    assert output.sweep() == 0


def test_an_appender_goes_on_where_the_file_ends(output):
    first = output.append("log.txt")
    first.write(b"one\n")
    assert output.read("log.txt") == b"one\n"
    first.sync()
    first.close()
    first.close()
    again = output.append("log.txt")
    assert again.size == 4
    again.write(b"two\n")
    assert again.size == 8
    again.close()
    assert output.read("log.txt") == b"one\ntwo\n"


def test_a_file_made_whole_can_be_appended_to(output):
    output.replace("log.txt", b"one\n")
    file = output.append("log.txt")
    file.write(b"two\n")
    file.close()
    assert output.read("log.txt") == b"one\ntwo\n"


def test_only_our_own_folder_can_be_cut_or_emptied(output):
    output.put("a.txt", b"theirs")
    output.put(".framepress/a.txt", b"ours")
    output.truncate(".framepress/a.txt", 2)
    assert output.read(".framepress/a.txt") == b"ou"
    output.remove(".framepress/a.txt")
    output.remove(".framepress/a.txt")
    for path in ("a.txt", ".framepress", ".framepressed/a"):
        with pytest.raises(OutputError, match="only files in"):
            output.remove(path)
        with pytest.raises(OutputError, match="only files in"):
            output.truncate(path, 0)
    assert everything(output) == ["a.txt"]


def test_a_file_moves_once_and_never_over_another(output):
    output.put("a.txt", b"a")
    output.put("b.txt", b"b")
    with pytest.raises(OutputError, match="not overwritten"):
        output.move("a.txt", "b.txt")
    output.move("a.txt", "c/a.txt")
    assert {path: output.read(path) for path in output.list()} == {"b.txt": b"b", "c/a.txt": b"a"}
    with pytest.raises(OutputError, match=r"a\.txt"):
        output.move("a.txt", "d.txt")


def test_a_file_from_elsewhere_is_linked_in(output, tmp_path):
    source = tmp_path / "source.png"
    source.write_bytes(b"pixels")
    output.link(source, "images/a.png")
    assert output.read("images/a.png") == b"pixels"
    with pytest.raises(OutputError, match="not overwritten"):
        output.link(source, "images/a.png")
    with pytest.raises(InputError, match="absent"):
        output.link(tmp_path / "absent.png", "images/b.png")
    with pytest.raises(InputError, match="cannot be read"):
        output.link(tmp_path, "images/b.png")
    assert everything(output) == ["images/a.png"]


def test_files_are_listed_by_component_and_our_own_only_when_asked(output):
    for path in ("b.txt", "a-b/x", "a/x", "a/B", "a.txt", ".framepress/x", ".hidden"):
        output.put(path, b"")
    assert list(output.list()) == [".hidden", "a/B", "a/x", "a-b/x", "a.txt", "b.txt"]
    assert list(output.list("a")) == ["a/B", "a/x"]
    assert list(output.list(".framepress")) == [".framepress/x"]
    assert list(output.list("absent")) == []
    assert list(output.list("a/x")) == []


def test_a_missing_file_is_an_input_error_with_its_name(output):
    for read in (output.read, output.open, output.size):
        with pytest.raises(InputError, match="absent"):
            read("images/absent.png")


@pytest.mark.parametrize("path", ["../a", "/a", "a\\b", "aux.txt", "", "a/"])
def test_an_unsafe_path_is_refused_everywhere(output, path):
    output.put(".framepress/x", b"")
    with pytest.raises(OutputError):
        output.put(path, b"")
    with pytest.raises(OutputError):
        output.replace(path, b"")
    with pytest.raises(OutputError), output.file(path):
        pass
    for refuse in (output.append, output.exists, output.remove, lambda path: output.move(".framepress/x", path)):
        with pytest.raises(OutputError):
            refuse(path)
    with pytest.raises(OutputError):
        output.move(path, "b")
    for refuse in (output.read, output.open, output.size):
        with pytest.raises(InputError):
            refuse(path)
    assert everything(output) == [".framepress/x"]


def test_eight_threads_that_want_one_name_have_one_winner(output):
    start = threading.Barrier(8)
    won = []

    def contend(number):
        start.wait()
        for round in range(20):
            try:
                output.put(f"deep/{round}/a.txt", bytes([number]) * 1000)
                won.append((round, number))
            except OutputError:
                continue

    threads = [threading.Thread(target=contend, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(round for round, _ in won) == list(range(20))
    for round, number in won:
        assert output.read(f"deep/{round}/a.txt") == bytes([number]) * 1000
    assert list(output.list(".framepress/tmp")) == []


def test_an_output_has_one_writer_at_a_time(output):
    lock = output.lock()
    with pytest.raises(OutputError, match="process"):
        output.lock()
    lock.release()
    lock.release()
    output.lock().release()


def test_everything_can_be_made_durable(output):
    output.put("a.txt", b"a")
    output.sync()
    assert output.read("a.txt") == b"a"
