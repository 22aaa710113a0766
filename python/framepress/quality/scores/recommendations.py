"""What to do first: remedies by how much of the whole each would bring."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from framepress.quality.registry import by_code
from framepress.quality.scores.scores import Part, Score, Scores

__all__ = ["Recommendation", "recommendations"]

_REMEDIES = {
    "written": "look up in the ledger why frames were dropped or failed, and render those again",
    "unbroken": "render the missing frames again, or split the sequences where they are missing",
    "classes": "render what has few objects or none, or take it from the list of classes",
    "sizes": "vary the distance of the camera or its lens, so that there are small, medium and large objects",
    "positions": "vary where the camera looks, so that objects are all over the image",
    "distances": "vary the distance from camera to objects",
    "visibility": "let objects stand before each other, more and less",
    "yaw": "turn the objects, or go around them with the camera",
    "splits": "split by sequence and scene, not by frame",
}


@dataclass(frozen=True)
class Recommendation:
    """Args: gain: what the whole would rise by if the part were 1; codes: of findings to look at, see `Part`."""

    score: str
    part: str
    gain: float
    reason: str
    remedy: str
    codes: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """JSON-able."""
        return {**asdict(self), "codes": list(self.codes)}


def recommendations(scores: Scores) -> list[Recommendation]:
    """One for each part that is not 1, the one that brings most first; nothing for what was not measured."""
    weight = sum(score.weight for score in scores.scores if score.value is not None)
    found = []
    for score in scores.scores:
        known = [part for part in score.parts if part.value is not None]
        for part in known:
            lost = 1 - (part.value or 0.0)
            gain = lost * score.weight / len(known) / weight if weight else 0.0
            if gain > 0:
                reason = _reason(part)
                found.append(Recommendation(score.name, part.name, gain, reason, _remedy(score, part), part.codes))
    return sorted(found, key=lambda each: (-each.gain, each.score, each.part))


def _reason(part: Part) -> str:
    if not part.unit:
        return f"evenness is {part.value:.2f} of 1"
    return f"{part.affected:,} of {part.of:,} {part.unit}"


def _remedy(score: Score, part: Part) -> str:
    """What the rule with most findings says; for what no rule tells, words of its own."""
    if part.name in _REMEDIES:
        return _REMEDIES[part.name]
    return "; ".join(dict.fromkeys(by_code(code).remedy for code in part.codes[:3]))
