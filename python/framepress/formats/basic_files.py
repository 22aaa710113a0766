"""What Replicator's BasicWriter leaves in a folder, as a table: camera -> frame number -> kind of file -> path.

    <kind>_<number>.<ext>                       one camera
    <camera>/<kind>/<kind>_<number>.<ext>       several; <camera> may itself be nested (Replicator/cam_0_Xform/cam_0)
    <kind>/<camera>_<kind>_<number>.<ext>       several, with use_common_output_dir
    <kind>_<trigger>_<number>.<ext>             with on_time triggers: a count of each, then the number

`metadata.txt`, colourised pictures beside numbers (distance, normals) and unknown files are not part of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from framepress.core.files import walk
from framepress.errors import InputError

__all__ = ["KINDS", "Capture", "Number", "find", "first_file", "placed"]

_ARRAY = (".npy",)
_IMAGE = (".png", ".jpg", ".jpeg")
_JSON = (".json",)

KINDS: Mapping[str, tuple[str, ...]] = {
    "rgb": _IMAGE,
    "distance_to_camera": _ARRAY,
    "distance_to_image_plane": _ARRAY,
    "motion_vectors": _ARRAY,
    "pointcloud": _ARRAY,
    "camera_params": _JSON,
    "semantic_segmentation": (".png",),
    "semantic_segmentation_labels": _JSON,
    "instance_segmentation": (".png",),
    "instance_segmentation_mapping": _JSON,
    "instance_segmentation_semantics_mapping": _JSON,
    "instance_id_segmentation": (".png",),
    "instance_id_segmentation_mapping": _JSON,
    **{
        f"bounding_box_{box}{part}": extensions
        for box in ("2d_tight", "2d_loose", "3d")
        for part, extensions in (("", _ARRAY), ("_labels", _JSON), ("_prim_paths", _JSON))
    },
}
"""Kind of file -> extensions."""

_FILE = re.compile(
    r"(?:(?P<camera>.+)_)?(?P<kind>" + "|".join(sorted(KINDS, key=len, reverse=True)) + r")_"
    r"(?P<triggers>(?:\d+_)*)(?P<number>\d+)(?P<extension>\.\w+)"
)


@dataclass(frozen=True, order=True)
class Number:
    """A frame's place: counts of on_time triggers (mostly none), then its number. `text` is as in the file names."""

    triggers: tuple[int, ...]
    number: int
    text: str

    @property
    def sequence(self) -> str:
        return "_".join(map(str, self.triggers))


@dataclass(frozen=True)
class Capture:
    """`cameras`: name ("" for a flat folder) -> number -> kind -> file; both levels in order."""

    root: Path
    cameras: Mapping[str, Mapping[Number, Mapping[str, Path]]]

    def kinds(self, camera: str) -> list[str]:
        """Kinds of file that this camera has in any frame, in the order of the table."""
        held = set().union(*self.cameras[camera].values())
        return [kind for kind in KINDS if kind in held]

    def numbers(self) -> list[Number]:
        """Every frame of any camera."""
        return sorted(set().union(*self.cameras.values()))


def find(root: Path) -> Capture:
    """The capture in a folder.

    Raises:
        InputError: no folder, no file of BasicWriter in it, or two files for one place.
    """
    cameras: dict[str, dict[Number, dict[str, Path]]] = {}
    texts: dict[tuple[tuple[int, ...], int], Number] = {}
    for path, camera, kind, number in placed(root):
        # Paddings may differ between cameras; the number is what counts, the first text names the frame.
        number = texts.setdefault((number.triggers, number.number), number)
        files = cameras.setdefault(camera, {}).setdefault(number, {})
        if kind in files:
            raise InputError(f"{path} and {files[kind].name} are both {kind} of frame {number.text}; remove one")
        files[kind] = path
    if not cameras:
        raise InputError(
            f"{root}: no BasicWriter file (such as rgb_0000.png) in this folder or below; is the path right?"
        )
    return Capture(root, {name: dict(sorted(cameras[name].items())) for name in sorted(cameras)})


def first_file(root: Path) -> Path | None:
    """Any file that BasicWriter may have written; None where there is none."""
    return next((path for path, *_ in placed(root)), None) if root.is_dir() else None


def placed(root: Path) -> Iterator[tuple[Path, str, str, Number]]:
    """Every file of BasicWriter with its camera, kind and number, in order of folder and name.

    Raises:
        InputError: no folder.
    """
    if not root.is_dir():
        raise InputError(f"{root}: is no folder; give the output folder of BasicWriter")
    for folder, folders, names in walk(root):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        parts = Path(folder).relative_to(root).parts
        for name in sorted(names):
            match = _FILE.fullmatch(name)
            if match is None or match["extension"].lower() not in KINDS[match["kind"]]:
                continue
            camera = _camera(parts, match["kind"], match["camera"])
            if camera is not None:
                triggers = tuple(int(count) for count in match["triggers"].split("_") if count)
                yield Path(folder, name), camera, match["kind"], Number(triggers, int(match["number"]), match["number"])


def _camera(parts: tuple[str, ...], kind: str, prefix: str | None) -> str | None:
    """The camera's name from the folder and the file's prefix; None where the file fits no layout."""
    in_own_folder = bool(parts) and kind.startswith(parts[-1])  # mappings and labels lie with their annotator
    if prefix is not None:
        return prefix if in_own_folder and len(parts) == 1 else None
    return "/".join(parts[:-1] if in_own_folder else parts)
