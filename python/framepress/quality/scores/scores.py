"""How good a dataset is, in four numbers and one: completeness, consistency, accuracy, diversity.

Each score is the mean of those of its parts that could be measured; each part is the share of things (frames, objects,
tracks, steps) that nothing was found on, so that one more finding can only lower it. A part or score that was not
measured is None: it counts neither as 1 nor as 0, and is told.

completeness    files        frames without an error of stage structure or integrity
                written      frames that were asked for and came through, by the ledger of a dataset of ours
                unbroken     frames that are there, of those that clocks and numbers say there should be
                classes      classes of the list that have objects
consistency     format       frames without an error of stage format
                splits       frames that share neither name, sequence, scene nor scene and seed with another split
                pictures     frames without a twin of their picture in another split (SPL-010)
                tracks       tracks that keep one class in their sequence
                time         steps of a clock that are as long as the others, see `index.clocks`
accuracy        objects      objects without an error of stage annotation, truth or format
                frames       frames without an error of stage image, annotation or truth, where anything is labelled
                once         objects without a twin (SET-006) and without a second object on their track (SET-009)
diversity       classes, sizes, positions, distances, visibility, yaw: evenness of counts, 0 (all in one kind) .. 1 (all
                equal), the entropy over that of as many equal kinds as there are, or as there are objects

A finding that names no object counts as one object. Of a dataset in several formats each edition is a dataset by
itself: the one with most that is wrong counts, and what is wrong with the frames themselves comes on top. Where a
sample was looked at, errors that only pixels show are those of the sample: `checked` of a validation says how many.

Diversity says what was annotated, right or wrong: of boxes that are wrong, accuracy tells.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from framepress.dataset.state import state_of
from framepress.errors import JournalError
from framepress.quality.affected import Affected, united
from framepress.quality.columns import Columns
from framepress.quality.findings import Findings
from framepress.quality.issue import ERROR
from framepress.quality.registry import by_code
from framepress.quality.scores.breaks import frames_shared_by_splits, missing_frames, steady_steps, tracks_of
from framepress.quality.scores.spread import spreads
from framepress.quality.validate import Validation

__all__ = ["Part", "Score", "Scores", "scores"]

_LOST = ("dropped", "failed", "refused", "not written")


@dataclass(frozen=True)
class Part:
    """What is right, of what was looked at.

    Args:
        value: 0..1; None where it was not measured.
        affected, of: how many are not right, of how many; 0 and 0 where the part is an evenness.
        unit: frames, objects, classes, tracks, steps; "" for an evenness.
        codes: of the rules whose findings lower it, the one with most first.
    """

    name: str
    value: float | None
    affected: int = 0
    of: int = 0
    unit: str = ""
    codes: tuple[str, ...] = ()

    @classmethod
    def share(cls, name: str, affected: int, of: int, unit: str, codes: tuple[str, ...] = ()) -> Part:
        """None where there is nothing; what is found in one place twice cannot make it negative."""
        affected = min(affected, of)
        return cls(name, 1 - affected / of if of else None, affected, of, unit, codes)


@dataclass(frozen=True)
class Score:
    """The mean of its parts that were measured."""

    name: str
    weight: float
    parts: tuple[Part, ...]

    @property
    def value(self) -> float | None:
        known = [part.value for part in self.parts if part.value is not None]
        return sum(known) / len(known) if known else None


@dataclass(frozen=True)
class Scores:
    """Args: least: what the whole has to reach; floor: what each measured score has to."""

    scores: tuple[Score, ...]
    least: float
    floor: float

    @property
    def overall(self) -> float | None:
        """The mean of the measured scores by their weights; None where none with a weight was measured."""
        known = [(score.weight, score.value) for score in self.scores if score.value is not None]
        weight = sum(share for share, _ in known)
        return sum(share * value for share, value in known) / weight if weight else None

    @property
    def passed(self) -> bool | None:
        """Whether the whole and each score that has a weight reach what they have to; None: nothing was measured."""
        overall = self.overall
        if overall is None:
            return None
        each = (score.value for score in self.scores if score.weight and score.value is not None)
        return overall >= self.least and all(value >= self.floor for value in each)

    def to_dict(self) -> dict[str, Any]:
        """JSON-able: {"overall", "passed", "least", "floor", "not_measured": ["consistency.time"], "scores": [{"name",
        "weight", "value", "parts": [{"name", "value", "affected", "of", "unit", "codes"}]}]}.
        """
        return {
            "overall": self.overall,
            "passed": self.passed,
            "least": self.least,
            "floor": self.floor,
            "not_measured": [
                f"{score.name}.{part.name}" for score in self.scores for part in score.parts if part.value is None
            ],
            "scores": [
                {
                    "name": score.name,
                    "weight": score.weight,
                    "value": score.value,
                    "parts": [{**vars(part), "codes": list(part.codes)} for part in score.parts],
                }
                for score in self.scores
            ],
        }


def scores(validation: Validation, statistics: Mapping[str, Any] | None) -> Scores:
    """The scores of what was validated.

    Args:
        statistics: as `statistics` made them of the same columns; None where too little could be read, and then only
            what needs no columns is measured.
    """
    columns, weights = validation.columns, validation.profile.scores
    parts: dict[str, list[Part]] = {"completeness": [*_written(validation)]}
    if columns is not None and statistics is not None:
        frames, objects = columns.frames.rows, columns.objects.rows
        parts["completeness"] += _complete(validation, columns, statistics)
        parts["consistency"] = [
            _on_frames("format", validation, ("format",), frames),
            Part.share("splits", *frames_shared_by_splits(columns), "frames", ("GEN-008", "SPL-001")),
            _twins(validation, frames),
            _tracks(validation, columns),
            _time(columns),
        ]
        parts["accuracy"] = [
            _on_objects(validation, objects),
            _labelled(validation, frames, objects),
            _once(validation, objects),
        ]
        parts["diversity"] = [Part(name, value) for name, value in spreads(statistics).items()]
    names = ("completeness", "consistency", "accuracy", "diversity")
    made = tuple(Score(name, weights[name], tuple(parts.get(name, ()))) for name in names)
    return Scores(made, weights["pass"], weights["floor"])


def _complete(validation: Validation, columns: Columns, statistics: Mapping[str, Any]) -> Iterator[Part]:
    yield _on_frames("files", validation, ("structure", "integrity"), columns.frames.rows)
    missing, judged = missing_frames(columns)
    yield Part.share("unbroken", missing, missing + judged, "frames", ("TIM-003", "TIM-006"))
    bare = sum(not row["objects"] for row in statistics["classes"])
    yield Part.share("classes", bare, len(statistics["classes"]), "classes", ("SET-001",))


def _written(validation: Validation) -> Iterator[Part]:
    """From the ledger; not measured for a dataset that is not ours."""
    lost = kept = 0
    if validation.source is not None:
        try:
            state = state_of(validation.source)
        except JournalError:
            state = None
        if state is not None:
            lost = sum(state.ledger.get(name, 0) for name in _LOST)
            kept = state.ledger.get("written", 0)
    yield Part.share("written", lost, lost + kept, "frames")


def _twins(validation: Validation, frames: int) -> Part:
    """Not measured where no pixels were, or where there is one split: nothing can have a twin in another."""
    code = "SPL-010"
    splits = {file.split for file in validation.pictures.files} - {""} if validation.pictures else set()
    if code not in validation.ran or len(splits) < 2:
        return Part("pictures", None, unit="frames", codes=(code,))
    return Part.share("pictures", _most(validation.findings, (code,), "frames"), frames, "frames", (code,))


def _tracks(validation: Validation, columns: Columns) -> Part:
    code = "SET-004"
    if code not in validation.ran:
        return Part("tracks", None, unit="tracks", codes=(code,))
    return Part.share("tracks", validation.findings.counts[code], tracks_of(columns), "tracks", (code,))


def _time(columns: Columns) -> Part:
    uneven, steps = steady_steps(columns)
    return Part.share("time", uneven, steps, "steps", ("TIM-001", "TIM-002", "TIM-003", "TIM-004"))


def _once(validation: Validation, objects: int) -> Part:
    codes = ("SET-006", "SET-009")
    if not set(codes) <= validation.ran:
        return Part("once", None, unit="objects", codes=codes)
    doubles = [found.objects for code in codes for found in validation.findings.affected(code).values()]
    return Part.share("once", united(doubles), objects, "objects", codes)


def _on_frames(name: str, validation: Validation, stages: tuple[str, ...], frames: int) -> Part:
    codes = _erring(validation, stages)
    if not _looked(validation, stages):
        return Part(name, None, unit="frames")
    return Part.share(name, _most(validation.findings, codes, "frames"), frames, "frames", codes)


def _labelled(validation: Validation, frames: int, objects: int) -> Part:
    """Not measured where there is no object: what nobody labelled is neither right nor wrong."""
    if not objects:
        return Part("frames", None, unit="frames")
    return _on_frames("frames", validation, ("image", "annotation", "truth"), frames)


def _on_objects(validation: Validation, objects: int) -> Part:
    stages = ("annotation", "truth", "format")
    codes = _erring(validation, stages)
    if not _looked(validation, stages):
        return Part("objects", None, unit="objects")
    return Part.share("objects", _most(validation.findings, codes, "objects"), objects, "objects", codes)


def _looked(validation: Validation, stages: tuple[str, ...]) -> bool:
    """Whether a rule of these stages looked at something, or found something."""
    return any(by_code(code).stage in stages for code in (*validation.ran, *validation.findings.counts))


def _erring(validation: Validation, stages: tuple[str, ...]) -> tuple[str, ...]:
    """Codes of these stages under which errors were found, the one with most first."""
    found = validation.findings
    codes = [code for code in found.counts if found.counts[code] and found.severities[code] == ERROR]
    return tuple(sorted((c for c in codes if by_code(c).stage in stages), key=lambda code: (-found.counts[code], code)))


def _most(findings: Findings, codes: tuple[str, ...], kind: str) -> int:
    """Frames or objects that are affected: those of the worst edition, and of the frames themselves."""
    editions: dict[str, list[Affected]] = {}
    for code in codes:
        for edition, found in findings.affected(code).items():
            editions.setdefault(edition, []).append(found)
    counts = {edition: united(getattr(each, kind) for each in found) for edition, found in editions.items()}
    return counts.pop("", 0) + max(counts.values(), default=0)
