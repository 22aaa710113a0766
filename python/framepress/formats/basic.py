"""A folder that Replicator's BasicWriter left, read as frames; see `basic_files` for its layouts.

Coordinates: as Replicator delivers them (inclusive maxima, row vectors, scene units); the files are put back together
into payloads and go through `framepress.capture`, the code that runs inside Isaac Sim. Frames are paired by camera and
number only: `Frame.id` is the number as in the file names, `Frame.index` its value; gaps are allowed.
https://docs.omniverse.nvidia.com/extensions/latest/ext_replicator.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from framepress.capture.accounts import Accounts
from framepress.capture.payload import frame_from_products
from framepress.capture.policy import Policy
from framepress.core import Frame, LabelMap, safe_name
from framepress.errors import InputError, OptionError
from framepress.formats.base import Format
from framepress.formats.basic_files import Capture, Number, find, first_file
from framepress.formats.basic_product import labels_in, product_of

__all__ = ["FORMAT", "looks_like", "read", "read_labels", "view_names"]

OnAccounts = Callable[[str, Accounts], None]

_LABELS = ("_labels", "_semantics_mapping")


def read(
    path: Path,
    *,
    policy: Policy | None = None,
    labels: LabelMap | None = None,
    sequence: str = "",
    incomplete: str = "refuse",
    on_accounts: OnAccounts | None = None,
) -> Iterator[Frame]:
    """The frames of a folder, in order of their numbers; no image is decoded before a channel is used.

    Args:
        policy: how rows become objects.
        labels: shorthand for `Policy(labels=...)`.
        sequence: the sequence of all frames, where the file names hold no trigger counts.
        incomplete: a frame that lacks a file which the same camera has in other frames, or that another camera has:
            `refuse`, or `drop` it and count it.
        on_accounts: called with the frame's id and what became of its rows, before the frame is handed out; for
            a frame that is dropped too.

    Raises:
        InputError: a file is missing, damaged or contradicts another, with file, place, value and way out.
        LabelError: as `capture.policy`.
        OptionError: an option that does not exist.
    """
    if incomplete not in ("refuse", "drop"):
        raise OptionError(f"incomplete={incomplete!r}: must be refuse or drop")
    if labels is not None:
        policy = Policy(labels=labels) if policy is None else _with_labels(policy, labels)
    capture = find(Path(path))
    numbers, names = capture.numbers(), view_names(capture)
    several = len({number.triggers for number in numbers}) > 1
    for place, number in enumerate(numbers):
        frame_id = f"{number.sequence}/{number.text}" if number.triggers else number.text
        missing = _missing(capture, number, frame_id)
        if missing and incomplete == "refuse":
            raise InputError(f"{missing}; copy it again, or pass incomplete='drop' to leave such frames out")
        accounts = Accounts()
        frame = None
        if missing:
            accounts.add("frames dropped: incomplete", example=missing)
        else:
            frame, accounts = frame_from_products(
                [product_of(frames[number], names[camera], str(path)) for camera, frames in capture.cameras.items()],
                frame_id=frame_id,
                index=place if several else number.number,
                sequence=number.sequence or sequence,
                policy=policy,
                copy=False,
            )
        if on_accounts is not None:
            on_accounts(frame_id, accounts)
        if frame is not None:
            yield frame


def read_labels(path: Path, *, policy: Policy | None = None) -> LabelMap:
    """The classes in all labels files, by name; those that `policy` joins are known from the frames alone.

    Raises:
        InputError: a labels file is damaged.
        LabelError: two classes differ only in case.
    """
    policy = policy or Policy()
    found: set[str] = set()
    if policy.comma == "joined":
        for frame in read(path, policy=policy):
            found.update(label for view in frame.views for label in view.objects.labels)
        return LabelMap.of(sorted(found))
    capture = find(Path(path))
    for frames in capture.cameras.values():
        for files in frames.values():
            for kind in files:
                if kind.endswith(_LABELS):
                    found.update(labels_in(files[kind], policy.taxonomy))
    return LabelMap.of(sorted(found))


def looks_like(path: Path) -> bool:
    """Whether a folder holds files of BasicWriter and nothing says that it is a dataset."""
    return path.is_dir() and not (path / ".framepress").exists() and first_file(path) is not None


def _with_labels(policy: Policy, labels: LabelMap) -> Policy:
    if policy.labels not in (None, labels):
        raise OptionError("labels and policy.labels differ; give one of them")
    return replace(policy, labels=labels)


def _missing(capture: Capture, number: Number, frame_id: str) -> str:
    """What this frame lacks and other frames or cameras have; "" for nothing."""
    for camera, frames in capture.cameras.items():
        named = f"{capture.root}: frame {frame_id}" + (f", camera {camera}" if camera else "")
        if number not in frames:
            return f"{named}: has no file, but other cameras have this frame"
        for kind in capture.kinds(camera):
            if kind not in frames[number]:
                other = next(files[kind] for files in frames.values() if kind in files)
                return f"{named}: {kind} is missing, though other frames have it (such as {other.name})"
    return ""


def view_names(capture: Capture) -> dict[str, str]:
    """Camera -> view name: its folders joined by `_`, or where that is ambiguous escaped; "" for the only one."""
    if len(capture.cameras) == 1:
        return dict.fromkeys(capture.cameras, "")
    joined = {camera: safe_name(camera.replace("/", "_")) for camera in capture.cameras}
    return joined if len(set(joined.values())) == len(joined) else {camera: safe_name(camera) for camera in joined}


FORMAT = Format(
    "basic",
    "BasicWriter recording of Isaac Sim Replicator (read only)",
    carries=frozenset(
        "rgb depth range semantic instance flow points camera pose distortion names views sequence "
        "id label track box box_full box3d visibility truncation".split()
    ),
    read=read,
    read_labels=read_labels,
    looks_like=looks_like,
)
