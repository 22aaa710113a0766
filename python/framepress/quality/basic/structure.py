"""Rules for the files of a recording: which are there."""

from __future__ import annotations

from collections.abc import Iterator

from framepress.formats.basic_files import Number
from framepress.quality.basic.table import BOXES, DISTANCES, ID_MAPS, BasicLook
from framepress.quality.issue import ERROR, WARNING, Issue
from framepress.quality.rule import FILE, rule

__all__ = [
    "distances_are_arrays",
    "frames_are_complete",
    "frames_are_numbered_through",
    "places_are_taken_once",
    "segmentations_have_maps",
    "the_first_frame_is_rendered",
]


@rule(
    "CAP-001",
    FILE,
    ERROR,
    stage="structure",
    format="basic",
    breaks="readers that pair files by their order in the folder give a frame the boxes of the next one",
    remedy="copy the files again; else leave the frame out (incomplete='drop')",
)
def frames_are_complete(basic: BasicLook) -> Iterator[Issue]:
    """Every frame has the files that the same camera has in other frames, and every camera has every frame.

    Replicator only logs what its writing threads could not write; a disk that ran full leaves such holes.
    """
    capture = basic.capture
    frames = {shot.number: shot.frame for shot in basic.shots}
    views = {shot.camera: shot.view for shot in basic.shots}
    kinds = {camera: capture.kinds(camera) for camera in capture.cameras}
    for number in capture.numbers():
        for camera, of_camera in capture.cameras.items():
            if number not in of_camera:
                message = f"camera {camera!r} has no file of this frame, other cameras have"
                yield Issue(message=message, frame=frames[number], view=views[camera])
                continue
            for kind in kinds[camera]:
                if kind not in of_camera[number]:
                    other = next(files[kind] for files in of_camera.values() if kind in files)
                    like = other.relative_to(basic.root).as_posix()
                    message = f"{kind} is missing; other frames have it, such as {like!r}"
                    yield Issue(message=message, frame=frames[number], view=views[camera], place=kind)


@rule(
    "CAP-002",
    FILE,
    WARNING,
    stage="structure",
    format="basic",
    breaks="sequences: the time between two neighbours is not the one that was simulated",
    remedy="render the missing numbers again, or say that they were left out on purpose",
)
def frames_are_numbered_through(basic: BasicLook) -> Iterator[Issue]:
    """Frames are numbered without gaps, within each count of triggers."""
    before: Number | None = None
    for number in basic.capture.numbers():
        if before is not None and before.triggers == number.triggers and number.number - before.number > 1:
            missing = number.number - before.number - 1
            message = f"{missing} numbers are missing between {before.text} and {number.text}"
            yield Issue(message=message, frame=next(shot.frame for shot in basic.shots if shot.number == number))
        before = number


@rule(
    "CAP-006",
    FILE,
    ERROR,
    stage="structure",
    format="basic",
    breaks="colours and ids change with every frame: without the map of this frame no pixel has a class",
    remedy="copy the json files too; colours cannot be mapped back by guessing",
)
def segmentations_have_maps(basic: BasicLook) -> Iterator[Issue]:
    """Every segmentation has the map of its ids or colours beside it, which can be read, and every map its picture.

    Rows of boxes have the labels of their ids.
    """
    sides = {**ID_MAPS, **{kind: f"{kind}_labels" for kind in BOXES}}
    held = {
        camera: {kind for kind in basic.capture.kinds(camera)} for camera in basic.capture.cameras
    }  # what single frames lack of these is told by CAP-001
    for number, shot in enumerate(basic.shots):
        for kind, side in sides.items():
            if kind in shot.files and side not in held[shot.camera]:
                yield basic.of_shot(number, f"{kind} has no {side}, so that its ids mean nothing", kind, side)
            elif side in shot.files and kind not in held[shot.camera]:
                yield basic.of_shot(number, f"{side} is there without {kind}", side, kind)
    yield from basic.wrong_maps


@rule(
    "CAP-018",
    FILE,
    WARNING,
    stage="structure",
    format="basic",
    breaks="a picture of distances has 256 steps without a unit; read as depth it is wrong everywhere",
    remedy="keep the .npy files; colorize_depth adds pictures to look at",
)
def distances_are_arrays(basic: BasicLook) -> Iterator[Issue]:
    """A picture of distances lies beside the array that holds the distances."""
    arrays = {file for shot in basic.shots for kind in DISTANCES if (file := shot.files.get(kind))}
    for name, frame in sorted(basic.pictures_of_distances.items()):
        if f"{name.rpartition('.')[0]}.npy" not in arrays:
            message = f"{name!r} is a picture for the eye, and there is no .npy of its frame"
            yield Issue(message=message, file=name, frame=frame)


@rule(
    "CAP-022",
    FILE,
    WARNING,
    stage="dataset",
    format="basic",
    breaks="training: a frame whose objects were not rendered yet teaches that there are none",
    remedy="render some frames before the first one is written (preview, rt_subframes)",
)
def the_first_frame_is_rendered(basic: BasicLook, *, least_frames: int = 3) -> Iterator[Issue]:
    """The first frame holds objects where all others do: before that annotators are empty.

    Told of a camera with at least `least_frames` frames.
    """
    for camera in basic.capture.cameras:
        numbers = [number for number, shot in enumerate(basic.shots) if shot.camera == camera]
        for kind in BOXES:
            counts = [basic.boxes[kind].read.get(number) for number in numbers]
            others = [count for count in counts[1:] if count is not None]
            if len(others) >= least_frames - 1 and counts[0] == 0 and all(others):
                message = f"no row of {kind} in the first frame, {min(others)} or more in all {len(others)} others"
                yield basic.of_shot(numbers[0], message, kind)


@rule(
    "CAP-023",
    FILE,
    ERROR,
    stage="structure",
    format="basic",
    breaks="which of the two belongs to the frame is chance",
    remedy="remove the one that is left from another run",
)
def places_are_taken_once(basic: BasicLook) -> Iterator[Issue]:
    """Each annotator has one file in a frame of a camera, whatever its padding or extension."""
    yield from basic.doubled
