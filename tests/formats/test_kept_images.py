"""A picture that is passed on as it is must be one: whole, of the camera's size, under the name of its own kind."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from framepress.core import Camera, Channels, EncodedImage, View
from framepress.errors import InputError
from framepress.formats.base import image_file
from framepress.storage.images import decode_rgb

SIZE = (40, 24)


def picture(kind: str, size: tuple[int, int] = SIZE) -> bytes:
    pixels = np.random.default_rng(3).integers(0, 256, (size[1], size[0], 3), np.uint8)
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, kind)
    return out.getvalue()


def view_of(content: bytes, media_type: str, folder: Path) -> View:
    path = folder / "picture"
    path.write_bytes(content)
    return View(Camera(*SIZE), channels=Channels({"rgb": EncodedImage(media_type, path, decode_rgb)}, SIZE))


@pytest.mark.parametrize("images", ["keep", "same"])
@pytest.mark.parametrize(
    ("kind", "change", "told"),
    [
        ("png", lambda content: content[:-30], "ends after"),
        ("png", lambda content: content[:99] + bytes([content[99] ^ 1]) + content[100:], "check sum"),
        ("png", lambda _: picture("PNG", (24, 40)), "24x40, expected 40x24"),
        ("png", lambda _: b"", "empty"),
        ("png", lambda _: b"version https://git-lfs.github.com/spec/v1\noid sha256:ab\nsize 7\n", "git lfs pull"),
        ("jpeg", lambda content: content[:-30], "end marker"),
        ("jpeg", lambda _: b"<html>", "begin with b'<html>'"),
    ],
)
def test_a_damaged_picture_is_not_passed_on(
    kind: str, change: Callable[[bytes], bytes], told: str, images: str, tmp_path: Path
) -> None:
    view = view_of(change(picture(kind.upper())), f"image/{kind}", tmp_path)
    with pytest.raises(InputError, match=told) as caught:
        image_file(view, kind if images == "same" else images, where="frame 7")
    assert str(tmp_path / "picture") in str(caught.value)


@pytest.mark.parametrize("kind", ["png", "jpeg"])
def test_a_whole_picture_keeps_its_bytes(kind: str, tmp_path: Path) -> None:
    content = picture(kind.upper())
    expected = {"png": ".png", "jpeg": ".jpg"}[kind], content
    assert image_file(view_of(content, f"image/{kind}", tmp_path), "keep", where="frame 7") == expected


def test_a_picture_under_the_wrong_extension_gets_its_own(tmp_path: Path) -> None:
    content = picture("PNG")
    extension, kept = image_file(view_of(content, "image/jpeg", tmp_path), "keep", where="frame 7")
    assert (extension, kept) == (".png", content)
    extension, encoded = image_file(view_of(content, "image/jpeg", tmp_path), "jpeg", where="frame 7")
    assert extension == ".jpg"
    assert encoded.startswith(b"\xff\xd8")
