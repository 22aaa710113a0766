"""Rules for one picture: whole, what its file says it is, and of something."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath

from framepress.quality.images.measures import BLACK, WHITE
from framepress.quality.images.pictures import Picture
from framepress.quality.issue import ERROR, NOTE, WARNING, Issue
from framepress.quality.rule import IMAGE, rule

__all__ = [
    "colour_has_8_bits",
    "decodes_to_its_end",
    "ends_with_its_end",
    "is_called_what_it_is",
    "is_compressed_with_care",
    "is_not_black",
    "is_not_blank",
    "is_not_cut_off",
    "is_not_rotated_by_metadata",
    "is_not_white",
    "is_rgb",
    "size_is_as_stated",
]

_ENDINGS = {
    "image/png": {".png", ".apng"},
    "image/jpeg": {".jpg", ".jpeg", ".jpe", ".jfif", ".mpo"},
    "image/tiff": {".tif", ".tiff"},
    "image/bmp": {".bmp", ".dib"},
    "image/webp": {".webp"},
}
_KNOWN = frozenset().union(*_ENDINGS.values())
_PLAIN_LEVELS = 2.0  # standard deviation of levels: a black frame with sensor noise has less, one lit lamp more
_JPEG_GREY = range(127, 130)


def _issue(picture: Picture, message: str) -> Issue:
    file = picture.file
    return Issue(message=message, file=file.name, image=file.name, frame=file.frame, view=file.view)


@rule(
    "IMG-001",
    IMAGE,
    ERROR,
    stage="integrity",
    breaks="loaders stop at it, or fill what is missing with grey and train on that (OpenCV, libjpeg)",
    remedy="copy the file again, or render the frame again",
)
def decodes_to_its_end(picture: Picture) -> Iterator[Issue]:
    """Every image file is a picture of which all pixels are there.

    The whole file is decoded: each check sum of a PNG, its stream of pixels to the last and not beyond; a JPEG up to
    its end marker, found by walking its segments; nothing is filled up. A file that git-lfs has not fetched, an empty
    one, a pipe in its place, a link that leads out of the dataset, and a header that states more pixels than any camera
    has (none of which are unpacked) are named as such. That a file is there at all is for the rules of its format.
    """
    if picture.error and not picture.missing:
        yield _issue(picture, picture.error)


@rule(
    "IMG-002",
    IMAGE,
    WARNING,
    stage="integrity",
    breaks="readers take the first picture and drop the rest; digests differ between copies",
    remedy="write the picture again without what follows it",
)
def ends_with_its_end(picture: Picture) -> Iterator[Issue]:
    """Nothing follows the end of the picture.

    Compared: the file's size and where the last chunk of a PNG, the end marker of a JPEG, or the RIFF of a WebP ends. A
    file that was written over a longer one without being cut, two files in one, or a second picture (MPO) are longer.
    """
    if picture.trailing > 0:
        yield _issue(picture, f"{picture.trailing} of {picture.file_bytes} bytes follow the end of the picture")


@rule(
    "GEN-002",
    IMAGE,
    ERROR,
    stage="format",
    breaks="masks and boxes land elsewhere: pycocotools fails or is wrong on masks, Ultralytics on normalised boxes",
    remedy="state the size that the file has",
)
def size_is_as_stated(picture: Picture) -> Iterator[Issue]:
    """The size that is stated for an image is the size of its file.

    Compared with the header, before any EXIF rotation; where nothing is stated there is nothing to compare.
    """
    stated, found = (picture.file.width, picture.file.height), (picture.width, picture.height)
    if all(stated) and all(found) and stated != found:
        turned = ", which is turned on its side" if stated == found[::-1] else ""
        yield _issue(picture, f"stated is {stated[0]}x{stated[1]}, the file has {found[0]}x{found[1]}{turned}")


@rule(
    "GEN-009",
    IMAGE,
    WARNING,
    stage="format",
    breaks="JPEG encoders refuse alpha; TensorFlow's decoders give four channels or one; networks expect three",
    remedy="store three channels; drop alpha where nothing is transparent",
)
def is_rgb(picture: Picture) -> Iterator[Issue]:
    """A colour image has three channels, without alpha.

    Compared: the colour type in the header, and whether there is transparency (an alpha channel, or a tRNS chunk).
    Replicator's rgb is RGBA; the alpha of a render says what was hit, and is no part of the picture. So a recording of
    BasicWriter, which has no other, is not told of alpha that is opaque.
    """
    if picture.file.edition == "basic" and picture.mode == "RGBA" and picture.opaque:
        return
    mode = picture.mode.rstrip("0123456789")
    if picture.alpha or mode in ("RGBA", "LA"):
        use = "all of it opaque" if picture.opaque else "and uses it"
        yield _issue(picture, f"the picture is {picture.mode} with transparency, {use}")
    elif picture.mode == "L":
        yield _issue(picture, "the picture is grey, not of three channels")


@rule(
    "IMG-003",
    IMAGE,
    WARNING,
    stage="format",
    breaks="Pillow clips or cuts 16 bits where OpenCV scales them; CMYK turns out inverted; palettes read as class ids",
    remedy="store 8-bit RGB",
)
def colour_has_8_bits(picture: Picture) -> Iterator[Issue]:
    """A colour image has 8 bits a channel, and holds its colours themselves: no palette, no CMYK, no floats."""
    mode = picture.mode
    if mode in ("P", "CMYK") or mode[-2:] in ("16", "32", "64"):
        told = {"P": "indices into a palette", "CMYK": "inks (CMYK)"}.get(mode, f"{mode[-2:]}-bit values ({mode})")
        yield _issue(picture, f"the pixels are {told}")


@rule(
    "IMG-004",
    IMAGE,
    WARNING,
    stage="format",
    breaks="OpenCV and Ultralytics turn the picture, Pillow and torchvision do not: boxes fit one of them",
    remedy="turn the pixels, and remove the orientation from EXIF",
)
def is_not_rotated_by_metadata(picture: Picture) -> Iterator[Issue]:
    """EXIF does not say that the picture has to be turned or mirrored."""
    if picture.orientation > 1:
        yield _issue(picture, f"EXIF orientation {picture.orientation}: some readers turn or mirror the picture")


@rule(
    "IMG-005",
    IMAGE,
    WARNING,
    stage="structure",
    breaks="readers that choose a decoder by the name fail (TensorFlow's decode_png, TFRecord's image/format)",
    remedy="rename the file, and what names it",
)
def is_called_what_it_is(picture: Picture) -> Iterator[Issue]:
    """The ending of the name is one of the file's kind."""
    ending = PurePosixPath(picture.file.name).suffix.lower()
    if picture.media_type in _ENDINGS and ending in _KNOWN - _ENDINGS[picture.media_type]:
        yield _issue(
            picture, f"{ending} is in the name, {picture.media_type.removeprefix('image/').upper()} in the file"
        )


@rule(
    "IMG-006",
    IMAGE,
    WARNING,
    stage="image",
    breaks="a detector learns that objects are where nothing is seen",
    remedy="render the frame again: lights off, camera inside of an object, or an empty first frame",
)
def is_not_black(picture: Picture, *, share: float = 0.999) -> Iterator[Issue]:
    """A picture is not black.

    Black: `share` of its pixels at level 8 or below, and what is above does not stand out (standard deviation below 2
    levels). A night scene with a single lamp of 100 pixels in 1280 x 720 stands out; sensor noise does not.
    """
    found = picture.measures
    if found and found.black >= share and found.std < _PLAIN_LEVELS:
        yield _issue(picture, f"{found.black:.2%} of the pixels are at level {BLACK} or below (mean {found.mean:.2f})")


@rule(
    "IMG-007",
    IMAGE,
    WARNING,
    stage="image",
    breaks="a detector learns that objects are where nothing is seen",
    remedy="render the frame again with less light or a shorter exposure",
)
def is_not_white(picture: Picture, *, share: float = 0.999) -> Iterator[Issue]:
    """A picture is not white.

    White: `share` of its pixels at level 248 or above, and what is below does not stand out (as for IMG-006). An object
    on a white background does.
    """
    found = picture.measures
    if found and found.white >= share and found.std < _PLAIN_LEVELS:
        yield _issue(picture, f"{found.white:.2%} of the pixels are at level {WHITE} or above (mean {found.mean:.2f})")


@rule(
    "IMG-008",
    IMAGE,
    WARNING,
    stage="image",
    breaks="nothing can be learnt from it, and labels on it are wrong",
    remedy="render the frame again, or leave it out",
)
def is_not_blank(picture: Picture, *, deviation: float = 1.5) -> Iterator[Issue]:
    """A picture shows something: its levels differ.

    Compared: the standard deviation of grey levels, of pictures that are neither black nor white. Renders and photos in
    fog have 5 and more, an ordinary picture 30 to 60.
    """
    found = picture.measures
    if found and found.std < deviation and found.mean > BLACK and found.mean < WHITE:
        yield _issue(picture, f"all pixels are near level {found.mean:.1f} (standard deviation {found.std:.2f})")


@rule(
    "IMG-009",
    IMAGE,
    WARNING,
    stage="image",
    breaks="a detector learns grey bars, and boxes lie on what is not there",
    remedy="copy the file again from where it was whole, or render the frame again",
)
def is_not_cut_off(picture: Picture, *, share: float = 0.05) -> Iterator[Issue]:
    """A picture does not end in the grey that decoders put where the rest of a JPEG is missing.

    Compared: how many of its rows, from the last one up, are of one level from 127 to 129 throughout. A JPEG that was
    cut, given an end marker or saved again decodes without an error.
    """
    found = picture.measures
    if found and found.tail >= share and found.tail_level in _JPEG_GREY and found.std >= _PLAIN_LEVELS:
        yield _issue(picture, f"the last {found.tail:.0%} of the rows are all of level {found.tail_level}")


@rule(
    "IMG-010",
    IMAGE,
    NOTE,
    stage="image",
    breaks="small objects lose their edges to blocks of 8 pixels",
    remedy="store with quality 90 or more, or without loss",
)
def is_compressed_with_care(picture: Picture, *, quality: int = 50) -> Iterator[Issue]:
    """A JPEG was not stored with a quality below 50.

    Compared: the first quantisation table, on libjpeg's scale. The file is then far smaller than its pixels suggest.
    """
    if 0 < picture.quality < quality:
        bits = 8 * picture.file_bytes / max(1, picture.width * picture.height)
        yield _issue(picture, f"JPEG quality is about {picture.quality} ({bits:.2f} bits a pixel)")
