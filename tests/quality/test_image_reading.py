"""Files are read in order, a few at a time, inside of their dataset."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest
from PIL import Image

from framepress.quality.images import pictures as module
from framepress.quality.images.pictures import pictures
from framepress.quality.look import ImageFile
from quality.mutations.images import scene


def folder(root: Path, count: int) -> list[ImageFile]:
    for number in range(count):
        Image.fromarray(scene(number, (40, 30))).save(root / f"{number:03d}.png")
    return [ImageFile(root / f"{number:03d}.png", f"{number:03d}.png") for number in range(count)]


@pytest.mark.parametrize("workers", [1, 3, None])
def test_pictures_come_in_the_order_given_whatever_the_threads_do(tmp_path: Path, workers: int | None) -> None:
    files = folder(tmp_path, 30)
    once = list(pictures(files, workers=1))
    assert repr(list(pictures(files, workers=workers))) == repr(once)  # NaN is not equal to itself
    assert [picture.file for picture in once] == files
    assert [picture.sha256.hex() for picture in once] == [_sha256(file.path) for file in files]


def _sha256(path: Path) -> str:
    return sha256(path.read_bytes()).hexdigest()


def test_few_files_are_taken_before_their_turn(tmp_path: Path) -> None:
    taken = 0

    class Counted(list[ImageFile]):
        def __iter__(self) -> Iterator[ImageFile]:
            nonlocal taken
            for file in super().__iter__():
                taken += 1
                yield file

    for done, _ in enumerate(pictures(Counted(folder(tmp_path, 40)), workers=2), start=1):
        assert taken <= done + 4


def test_large_pictures_are_decoded_one_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files, together, lock = folder(tmp_path, 12), [0, 0], threading.Lock()
    real = module.decoded

    def counted(*given: object) -> object:
        with lock:
            together[0] += 1
            together[1] = max(together)
        try:
            return real(*given)  # type: ignore[arg-type]
        finally:
            with lock:
                together[0] -= 1

    monkeypatch.setattr(module, "decoded", counted)
    for most in (1000, 10):  # the pixels alone are many; the file is large too
        monkeypatch.setattr(module, "_SMALL", most)
        together[:] = [0, 0]
        assert not any(picture.error for picture in pictures(files, workers=4))
        assert together == [0, 1]


def test_a_pipe_is_not_opened_and_a_file_of_terabytes_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.mkfifo(tmp_path / "a.png")
    with (tmp_path / "b.png").open("wb") as stream:
        stream.truncate(1 << 40)
    monkeypatch.setattr(module, "open_file", lambda path: pytest.fail(f"{path} was opened"))
    files = [ImageFile(tmp_path / name, name) for name in ("a.png", "b.png", "c.png")]
    pipe, sparse, missing = pictures(files)
    assert "pipe" in pipe.error
    assert "1099511627776 bytes" in sparse.error
    assert missing.missing


def test_links_are_followed_inside_of_the_dataset_alone(tmp_path: Path) -> None:
    (tmp_path / "set/images").mkdir(parents=True)
    (tmp_path / "elsewhere").mkdir()
    Image.fromarray(scene(1)).save(tmp_path / "set/one.png")
    Image.fromarray(scene(2)).save(tmp_path / "elsewhere/two.png")
    (tmp_path / "set/images/in.png").symlink_to(tmp_path / "set/one.png")
    (tmp_path / "set/images/out.png").symlink_to(tmp_path / "elsewhere/two.png")
    (tmp_path / "set/away").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "through").symlink_to(tmp_path / "set")
    for root in (tmp_path / "set", tmp_path / "through"):
        names = ("images/in.png", "images/out.png", "away/two.png", "one.png")
        found = list(pictures([ImageFile(root / name, name) for name in names]))
        assert [bool(picture.error) for picture in found] == [False, True, True, False]
        assert "leads out of the dataset" in found[1].error
