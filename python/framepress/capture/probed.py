"""What a probe of the host has settled, for what is taken for granted where nobody asked."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from framepress.errors import InputError

__all__ = ["MIRRORED", "Probed"]

MIRRORED: Mapping[str, tuple[int, int]] = {
    "as read": (1, 1),
    "x mirrored": (-1, 1),
    "y mirrored": (1, -1),
    "both mirrored": (-1, -1),
    "ignored": (0, 0),
}
"""How P[2, 0] and P[2, 1] of `cameraProjection` are to be read -> their signs; 0: no picture is shifted by them."""

UNITS: Mapping[str, str] = {"scene units": "scene units", "metres": "metres"}


@dataclass(frozen=True)
class Probed:
    """Answers of `framepress.replicator.probe`.

    Args:
        distances: "scene units" or "metres"; "" = not asked: scene units are taken, and that is counted as unverified.
        offset_signs: of P[2, 0] and P[2, 1].
        of_stand_in: whether the stand-in gave them.
    """

    distances: str = ""
    offset_signs: tuple[int, int] = (1, 1)
    of_stand_in: bool = False

    def metres(self, per_unit: float) -> float:
        """Metres in one unit of distance, where a scene unit has `per_unit`."""
        return 1.0 if self.distances == "metres" else per_unit

    @classmethod
    def read(cls, path: Path | str) -> Probed:
        """From the file that a probe wrote. What is unknown there stays so.

        Raises:
            InputError: no such file, none of a probe, or an answer that no camera model fits.
        """
        try:
            document = json.loads(Path(path).read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError) as error:
            raise InputError(f"{path}: cannot be read as a probe's answers: {error}; run the probe again") from error
        if not isinstance(document, dict) or (document.get("schema"), document.get("version")) != (
            "framepress.probe",
            1,
        ):
            raise InputError(f"{path}: holds no answers of a probe; make them with framepress.replicator.probe")
        host = document.get("host")
        return cls(
            distances=_answer(document, "depth_unit", path, UNITS, ""),
            offset_signs=_answer(document, "aperture_sign", path, MIRRORED, (1, 1)),
            of_stand_in=isinstance(host, dict) and host.get("stand_in") is True,
        )


def _answer(document: Mapping[str, Any], name: str, path: Path | str, known: Mapping[str, Any], default: Any) -> Any:
    try:
        answer = document["answers"][name]["answer"]
    except (KeyError, TypeError) as error:
        raise InputError(f"{path}: has no answer for {name}; run the probe again") from error
    if answer == "unknown":
        return default
    if not isinstance(answer, str) or answer not in known:
        raise InputError(
            f"{path}: {name}: {answer!r} is none of {', '.join(known)}: this host is not understood; "
            "please report it with the file"
        )
    return known[answer]
