"""Packs: what goes in comes out, by an independent reading of the file, and damage is told."""

from __future__ import annotations

import hashlib
import io
import struct
from pathlib import Path

import pytest

from framepress.errors import InputError
from framepress.versions.objects import Objects
from framepress.versions.packs import FOOTER, Pack, PackWriter, index_range

CONTENTS = [b"", b"one", b"two" * 1000, bytes(range(256)), b"one"]


def written(contents: list[bytes]) -> tuple[str, bytes]:
    stream = io.BytesIO()
    writer = PackWriter(stream)
    for content in contents:
        writer.add(content)
    return writer.finish(), stream.getvalue()


def read_all(path: Path) -> list[bytes]:
    pack = Pack.open(path)
    return [pack.read(id) for id in pack.ids()]


def test_a_pack_is_read_by_what_its_form_says() -> None:
    name, whole = written(CONTENTS)
    assert whole.startswith(b"FPPACK\x00\x01")
    assert whole.endswith(b"\x01FPINDEX")
    count = struct.unpack("<Q", whole[-48:-40])[0]
    index = whole[-48 - 48 * count : -48]
    assert hashlib.sha256(index).hexdigest() == name
    assert whole[-40:-8].hex() == name
    ids = [index[32 * row : 32 * row + 32] for row in range(count)]
    offsets = struct.unpack_from(f"<{count}Q", index, 32 * count)
    sizes = struct.unpack_from(f"<{count}Q", index, 40 * count)
    assert ids == sorted({hashlib.sha256(content).digest() for content in CONTENTS})
    for id, offset, size in zip(ids, offsets, sizes, strict=True):
        assert hashlib.sha256(whole[offset : offset + size]).digest() == id


def test_each_content_is_found_and_no_other(tmp_path: Path) -> None:
    name, whole = written([b"content %d" % number for number in range(300)])
    (tmp_path / f"{name}.pack").write_bytes(whole)
    pack = Pack.open(tmp_path / f"{name}.pack")
    assert len(pack) == 300
    for number in range(300):
        content = b"content %d" % number
        assert pack.read(hashlib.sha256(content).hexdigest()) == content
    assert sorted(pack.ids()) == list(pack.ids())
    for other in (b"content 300", b"x"):
        assert pack.range_of(hashlib.sha256(other).hexdigest()) is None
    assert pack.range_of("0" * 64) is None
    assert pack.range_of("f" * 64) is None


def test_the_name_follows_from_the_contents_and_their_order_alone() -> None:
    assert written(CONTENTS) == written(CONTENTS)
    assert written(CONTENTS)[0] != written(CONTENTS[:3])[0]


@pytest.mark.parametrize("cut", [0, 1, FOOTER - 1, FOOTER, 200])
def test_a_pack_that_was_cut_is_refused(cut: int, tmp_path: Path) -> None:
    name, whole = written(CONTENTS)
    (tmp_path / name).write_bytes(whole[:cut])
    with pytest.raises(InputError, match="not whole"):
        Pack.open(tmp_path / name)


def test_a_flipped_bit_anywhere_is_told(tmp_path: Path) -> None:
    name, whole = written([b"first content", b"second"])
    for at in range(8, len(whole)):
        (tmp_path / name).write_bytes(whole[:at] + bytes([whole[at] ^ 16]) + whole[at + 1 :])
        with pytest.raises(InputError):
            read_all(tmp_path / name)


def test_an_index_that_leads_out_of_the_contents_is_refused() -> None:
    index = bytes(32) + struct.pack("<QQ", 8, 2**64 - 4)
    with pytest.raises(InputError, match="contradicts itself"):
        Pack(hashlib.sha256(index).hexdigest(), index, 100, lambda offset, length: b"")


def test_an_index_that_asks_for_more_than_the_pack_is_refused() -> None:
    footer = struct.pack("<Q", 2**60) + bytes(32) + b"\x01FPINDEX"
    with pytest.raises(InputError, match="not whole"):
        index_range(footer, 500, "pack")


def test_a_sha256_that_ends_with_zeros_is_found_like_any_other(tmp_path: Path) -> None:
    wanted = [content for n in range(3000) if hashlib.sha256(content := b"%d" % n).hexdigest().endswith("00")]
    others = [b"other %d" % n for n in range(200)]
    objects = Objects(tmp_path)
    with objects.batch() as batch:
        ids = [batch.add(content) for content in wanted + others]
    assert len(wanted) > 3
    assert objects.missing(ids) == []
    assert objects.missing(["0" * 64, *ids, "f" * 62 + "00"]) == ["0" * 64, "f" * 62 + "00"]
    assert all(objects.read(id) == content for id, content in zip(ids, wanted + others, strict=True))
