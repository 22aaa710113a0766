"""What `framepress.json` beside the folders says of how boxes were written, as far as it can be understood."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from framepress.errors import FramepressError, InputError
from framepress.formats.kitti_tree import SIDECAR, About, about_of
from framepress.quality.issue import Issue
from framepress.storage.paths import safe_join
from framepress.storage.png import MAX_SIDE

__all__ = ["LARGEST", "Sidecar", "sidecar_of"]

LARGEST = 1 << 26  # bytes of a text file that is looked at


@dataclass(frozen=True)
class Sidecar:
    """Args: there: whether it is there and is ours; tilt, calib: options, "" where they are not said."""

    there: bool = False
    about: About = field(default_factory=About)
    tilt: str = ""
    calib: str = ""
    counts: Mapping[str, int] = field(default_factory=dict)

    @property
    def edge(self) -> bool:
        """Whether boxes and P2 are in the edge pixel convention; KITTI's is the index convention."""
        return self.about.edge

    @property
    def tilted(self) -> int:
        """How many boxes were written with their true size and a projected yaw although they are tilted by more than 5
        degrees: `strict` leaves those out, `enclose` writes larger ones."""
        return self.counts.get("tilt_above_5_degrees", 0) if self.tilt in ("project", "level") else 0

    def size_wh(self, view: str) -> tuple[int, int]:
        """Of all images of a view [px], 0 where it is not said."""
        found = self.about.sizes.get(f"{view}/" if view else "")
        if (
            isinstance(found, list)
            and len(found) == 2
            and all(type(side) is int and 0 < side <= MAX_SIDE for side in found)
        ):
            return found[0], found[1]
        return 0, 0


def sidecar_of(root: Path) -> tuple[Sidecar, list[Issue]]:
    """And why it could not be understood, where it is there."""
    try:
        file = safe_join(root, SIDECAR)
        if file.is_file() and file.stat().st_size > LARGEST:
            raise InputError(f"{file}: {file.stat().st_size} bytes are not what this file has; restore it")
        about = about_of(root)
        if not about.ours:
            return Sidecar(), []
        document = json.loads(file.read_bytes().decode("utf-8-sig"))
    except (FramepressError, OSError, ValueError) as error:
        return Sidecar(), [Issue(message=str(error), file=SIDECAR)]
    options, counts = _mapping(document.get("options")), _mapping(document.get("counts"))
    return (
        Sidecar(
            there=True,
            about=about,
            tilt=_text(options.get("tilt")),
            calib=_text(options.get("calib")),
            counts={name: count for name, count in counts.items() if type(count) is int},
        ),
        [],
    )


def _mapping(found: Any) -> Mapping[str, Any]:
    return found if isinstance(found, dict) else {}


def _text(found: Any) -> str:
    return found if isinstance(found, str) else ""
