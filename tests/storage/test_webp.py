"""WebP is read: what Pillow writes, by its header and by its pixels; what is cut or animated is refused."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from framepress.errors import InputError
from framepress.storage import images


def picture(mode: str = "RGB") -> Image.Image:
    channels = len(mode)
    values = np.random.default_rng(3).integers(0, 256, (13, 21, channels), np.uint8)
    return Image.fromarray(values)


def encoded(image: Image.Image, **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, "WEBP", **options)
    return file.getvalue()


@pytest.mark.parametrize(
    ("mode", "options", "told"),
    [
        ("RGB", {"lossless": True}, "RGB"),
        ("RGBA", {"lossless": True, "exact": True}, "RGBA"),
        ("RGB", {"quality": 80}, "RGB"),
        ("RGBA", {"quality": 80}, "RGBA"),
        ("RGB", {"lossless": True, "exif": b"Exif\0\0II*\0\x08\0\0\0\0\0"}, "RGB"),
    ],
)
def test_size_and_kind_stand_in_the_header(mode: str, options: dict[str, object], told: str) -> None:
    data = encoded(picture(mode), **options)
    found = images.probe(data, "a.webp")
    assert (found.media_type, found.width, found.height, found.mode) == ("image/webp", 21, 13, told)
    assert images.check_file(data, "a.webp", (21, 13)) == "image/webp"


def test_pixels_without_loss_are_those_that_were_written() -> None:
    image = picture()
    assert np.array_equal(images.decode_rgb(encoded(image, lossless=True), "a.webp", (21, 13)), np.asarray(image))


def test_a_cut_or_animated_webp_and_another_riff_file_are_refused() -> None:
    data = encoded(picture(), lossless=True)
    with pytest.raises(InputError, match=r"a\.webp: the WebP ends after"):
        images.decode(data[:-3], "a.webp")
    with pytest.raises(InputError, match="not a WebP"):
        images.probe(b"RIFF\x10\0\0\0WAVEfmt " + bytes(20), "a.webp")
    film = encoded(picture(), save_all=True, append_images=[picture().rotate(180)], lossless=True)
    with pytest.raises(InputError, match="animated"):
        images.decode(film, "a.webp")
    with pytest.raises(InputError, match="expected 20x13"):
        images.decode(data, "a.webp", (20, 13))
