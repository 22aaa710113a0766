"""Rules for all pictures together: unlike the others, too much like another, in two splits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import pairwise

import numpy as np

from framepress.quality.images.gathered import Pictures
from framepress.quality.images.twins import groups_of_equals, near_pairs
from framepress.quality.issue import ERROR, NOTE, WARNING, Issue
from framepress.quality.look import ImageFile
from framepress.quality.rule import IMAGES, rule

__all__ = [
    "are_all_different",
    "are_as_sharp_as_the_others",
    "are_exposed_as_the_others",
    "are_of_one_size",
    "do_not_look_alike",
    "have_no_twin_in_another_split",
    "move_from_frame_to_frame",
]

_ENOUGH = 8  # pictures: fewer have no distribution to fall out of
_NEAR_BITS, _NEAR_LEVELS = 6, 2


def _issue(pictures: Pictures, row: int, message: str) -> Issue:
    file = pictures.files[row]
    return Issue(message=message, file=file.name, image=file.name, frame=file.frame, view=file.view)


@rule(
    "IMG-020",
    IMAGES,
    WARNING,
    stage="image",
    breaks="small objects cannot be seen in it, but are labelled",
    remedy="look at it: depth of field, motion blur, an upscaled or unfinished render",
)
def are_as_sharp_as_the_others(
    pictures: Pictures, *, sharpness: float = 0.2, deviations: float = 5.0
) -> Iterator[Issue]:
    """No picture is blurred.

    Blurred is what is below `sharpness`, and on a logarithmic scale more than `deviations` robust standard deviations
    (1.4826 of the median absolute deviation) below the dataset's median. Sharpness is the energy of the Laplacian over
    the variance, of the sharpest tenth of a picture (see `measures.sharpness_of`): renders and photos measure 0.5 to 8,
    with a Gaussian blur of 4 pixels at 1280 x 720 they measure 0.03 to 0.12.
    """
    rows = np.flatnonzero(pictures.measured & np.isfinite(pictures.sharpness) & (pictures.sharpness > 0))
    if len(rows) < _ENOUGH:
        return
    logarithm = np.log(pictures.sharpness[rows])
    middle = np.median(logarithm)
    spread = max(0.1, 1.4826 * float(np.median(np.abs(logarithm - middle))))
    for row in rows[(logarithm < middle - deviations * spread) & (pictures.sharpness[rows] < sharpness)].tolist():
        yield _issue(
            pictures,
            row,
            f"sharpness {pictures.sharpness[row]:.3f}, where half of the pictures have {np.exp(middle):.2f}",
        )


@rule(
    "IMG-021",
    IMAGES,
    WARNING,
    stage="time",
    breaks="labels move on while the picture stands still",
    remedy="wait for the renderer before each capture (rt_subframes, or one more step), and render these again",
)
def move_from_frame_to_frame(pictures: Pictures) -> Iterator[Issue]:
    """No frame of a sequence repeats the pixels of the frame before.

    Compared: the digests of neighbouring frames of one view of one sequence, blank ones left out. A path-traced picture
    has other noise each time; a scene without noise in which nothing moves repeats itself rightly, and where there are
    channels to compare, TRU-103 tells the two apart.
    """
    before = _standing(pictures)
    after = {row: later for later, row in before.items()}
    for row in sorted(before):
        if before[row] in before:
            continue  # told with the first of its run
        count, last = 0, row
        while last in after:
            count, last = count + 1, after[last]
        more = f", and so do the {count} frames after it" if count > 1 else ", and so does the frame after it"
        yield _issue(pictures, row, f"repeats the pixels of {pictures.files[before[row]].name}{more if count else ''}")


@rule(
    "IMG-022",
    IMAGES,
    WARNING,
    stage="dataset",
    breaks="what is there twice counts twice, in training and in every score",
    remedy="leave one of them out",
)
def are_all_different(pictures: Pictures) -> Iterator[Issue]:
    """No picture of a split is there twice.

    Compared: digests of the pixels; the message says where the files too are equal, byte for byte. Blank pictures, and
    frames of a sequence that stand still, have rules of their own. Another edition has the same pictures by intent.
    """
    standing = _standing(pictures)
    for group in groups_of_equals(pictures):
        first: dict[tuple[str, str], int] = {}
        for row in group.tolist():
            twin = first.setdefault((pictures.files[row].edition, pictures.files[row].split), row)
            if twin != row and row not in standing:
                same = np.array_equal(pictures.sha256[row], pictures.sha256[twin])
                whole = "byte for byte" if same else "pixel for pixel"
                yield _issue(pictures, row, f"is {whole} the same as {pictures.files[twin].name}")


@rule(
    "IMG-023",
    IMAGES,
    NOTE,
    stage="dataset",
    breaks="a dataset is smaller than it looks",
    remedy="leave one of them out, or change more between frames",
)
def do_not_look_alike(pictures: Pictures, *, distance: int = _NEAR_BITS, levels: int = _NEAR_LEVELS) -> Iterator[Issue]:
    """No picture of a split looks like another one: saved again, scaled, or with next to nothing changed.

    Alike are pictures whose 64-bit difference hashes differ in `distance` bits at most, and whose 16 x 16 mean levels
    differ by `levels` at most everywhere, so that one small object that moves tells two frames apart. Frames of one
    sequence are not compared.
    """
    told: set[int] = set()
    for one, other in near_pairs(pictures, distance, levels).tolist():
        here, there = pictures.files[one], pictures.files[other]
        neighbours = bool(here.sequence) and here.sequence == there.sequence
        same_place = (here.edition, here.split) == (there.edition, there.split)
        if same_place and not neighbours and other not in told:
            told.add(other)
            yield _issue(pictures, other, f"looks like {here.name}")


@rule(
    "SPL-010",
    IMAGES,
    ERROR,
    stage="dataset",
    breaks="scores of a model that has seen the pictures it is tested on are too good",
    remedy="split by scene or sequence, so that what looks alike stays together",
)
def have_no_twin_in_another_split(
    pictures: Pictures, *, distance: int = _NEAR_BITS, levels: int = _NEAR_LEVELS
) -> Iterator[Issue]:
    """No picture has a twin in another split.

    A twin has equal pixels (as for IMG-022), or looks alike (as for IMG-023). Told at the picture of the smaller split,
    which is the one that tests; with how many pictures of it have a twin.
    """
    sizes = Counter(file.split for file in pictures.files)
    twins: dict[tuple[str, str], dict[int, tuple[int, str]]] = {}
    for one, other, words in (*_equal_across(pictures), *_alike_across(pictures, distance, levels)):
        if (sizes[pictures.files[one].split], pictures.files[one].split) > (
            sizes[pictures.files[other].split],
            pictures.files[other].split,
        ):
            one, other = other, one
        splits = pictures.files[one].split, pictures.files[other].split
        twins.setdefault(splits, {}).setdefault(one, (other, words))
    for (small, large), found in sorted(twins.items()):
        share = f"{len(found)} of the {sizes[small]} pictures of {small!r} have a twin in {large!r}"
        for row, (twin, words) in sorted(found.items()):
            yield _issue(
                pictures, row, f"{words} {pictures.files[twin].name}; {share} ({len(found) / sizes[small]:.1%})"
            )


def _equal_across(pictures: Pictures) -> Iterator[tuple[int, int, str]]:
    """Each picture with the first equal one of each other split."""
    for group in groups_of_equals(pictures):
        first: dict[tuple[str, str], int] = {}
        for row in group.tolist():
            if split := pictures.files[row].split:
                first.setdefault((pictures.files[row].edition, split), row)
        for row in group.tolist() if len(first) > 1 else ():
            for (edition, split), twin in first.items():
                if pictures.files[row].edition == edition and pictures.files[row].split not in ("", split):
                    yield row, twin, "is the same as"


def _alike_across(pictures: Pictures, distance: int, levels: int) -> Iterator[tuple[int, int, str]]:
    if len({file.split for file in pictures.files}) < 2:
        return
    for one, other in near_pairs(pictures, distance, levels).tolist():
        splits = {pictures.files[one].split, pictures.files[other].split}
        if len(splits - {""}) == 2 and pictures.files[one].edition == pictures.files[other].edition:
            yield one, other, "looks like"


@rule(
    "IMG-024",
    IMAGES,
    NOTE,
    stage="image",
    breaks="batches of unequal pictures are padded or stretched",
    remedy="render a view with one resolution, if this was not meant",
)
def are_of_one_size(pictures: Pictures) -> Iterator[Issue]:
    """All pictures of a view have one size."""
    of_view: dict[str, Counter[tuple[int, int]]] = {}
    first: dict[tuple[str, tuple[int, int]], int] = {}
    for row, (width, height) in enumerate(zip(pictures.width.tolist(), pictures.height.tolist(), strict=True)):
        if width and height:
            view = pictures.files[row].view
            of_view.setdefault(view, Counter())[width, height] += 1
            first.setdefault((view, (width, height)), row)
    for view, sizes in sorted(of_view.items()):
        if len(sizes) > 1:
            common = sizes.most_common()
            rare = first[view, common[-1][0]]
            told = ", ".join(f"{count} of {width}x{height}" for (width, height), count in common[:5])
            more = f" and {len(common) - 5} other sizes" if len(common) > 5 else ""
            yield _issue(pictures, rare, f"{len(common)} sizes{f' in view {view!r}' if view else ''}: {told}{more}")


@rule(
    "IMG-025",
    IMAGES,
    WARNING,
    stage="image",
    breaks="what is clipped to white shows nothing of the objects that are labelled there",
    remedy="render the frame again with less light or a shorter exposure",
)
def are_exposed_as_the_others(pictures: Pictures, *, share: float = 0.5, usual: float = 0.05) -> Iterator[Issue]:
    """No picture is clipped to white where the others are not.

    Found: `share` of its pixels or more at level 248 or above, in a dataset of which nine tenths of the pictures have
    `usual` of such pixels at most; not where white backgrounds are usual. White pictures have a rule of their own.
    """
    rows = np.flatnonzero(pictures.measured)
    if len(rows) < _ENOUGH or float(np.quantile(pictures.white[rows], 0.9)) > usual:
        return
    for row in rows[(pictures.white[rows] >= share) & (pictures.std[rows] >= 3.0)].tolist():
        yield _issue(pictures, row, f"{pictures.white[row]:.0%} of the pixels are clipped to white")


def _standing(pictures: Pictures) -> dict[int, int]:
    """Row -> the row of the frame before, where both have the same pixels."""
    files = pictures.files
    equal: dict[int, int] = {}
    for number, group in enumerate(groups_of_equals(pictures)):
        equal.update(dict.fromkeys(group.tolist(), number))
    if not equal:
        return {}
    in_order = sorted(
        (row for row in range(len(files)) if files[row].sequence),
        key=lambda row: (*_run(files[row]), files[row].order, row),
    )
    standing = {}
    for before, row in pairwise(in_order):
        if _run(files[before]) == _run(files[row]) and row in equal and equal.get(before) == equal[row]:
            standing[row] = before
    return standing


def _run(file: ImageFile) -> tuple[str, str, str, str]:
    return file.edition, file.split, file.sequence, file.view
