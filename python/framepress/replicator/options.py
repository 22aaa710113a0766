"""The writer's options as a script, or the Synthetic Data Recorder's JSON file, gives them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from framepress import formats as registry
from framepress.capture.policy import Policy
from framepress.core import LabelMap
from framepress.dataset.label_files import read_label_file
from framepress.dataset.split import Split
from framepress.errors import OptionError
from framepress.replicator.annotators import Asked, channels_of, wanted

__all__ = ["Options"]

Formats = str | Sequence[str] | Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Options:
    """What a run writes, checked before anything is attached."""

    formats: Mapping[str, Mapping[str, Any]]
    labels: LabelMap | None
    unlisted: str
    split: Split | None
    policy: Policy
    sequence: str
    first_frame: int
    """Number of the first frame: other than 0 in a shard of a longer run."""
    annotators: Asked
    writing: Mapping[str, Any]
    """Passed on to `DatasetWriter`."""

    @classmethod
    def of(
        cls,
        *,
        formats: Formats = "coco",
        labels: LabelMap | str | Path | Sequence[Any] | None = None,
        unlisted: str = "error",
        channels: str | Sequence[str] | None = None,
        split: Split | str | None = None,
        seed: int = 0,
        policy: Policy | Mapping[str, Any] | None = None,
        semantic_filter: str | None = None,
        sequence: str = "",
        first_frame: int = 0,
        world_up: str = "z",
        **writing: Any,
    ) -> Options:
        """See `build_writer`.

        Raises:
            OptionError: an option that does not exist, or cannot be.
            InputError, LabelError: the label file.
        """
        unknown = [name for name in writing if name not in _WRITING]
        if unknown:
            known = [
                "formats",
                "labels",
                "unlisted",
                "channels",
                "split",
                "seed",
                "policy",
                "semantic_filter",
                "sequence",
                "first_frame",
                "world_up",
                *_WRITING,
            ]
            raise OptionError(f"the writer has no option {unknown[0]!r}; it has {', '.join(known)}")
        if type(first_frame) is not int or first_frame < 0:
            raise OptionError(f"first_frame={first_frame!r}: must be a whole number of at least 0")
        classes = _labels(labels)
        kept = channels_of(channels)
        rules = _policy(policy, classes)
        chosen = _formats(formats, {"channels": ",".join(kept), "world_up": world_up})
        writers = [registry.by_name(name).make_writer(given) for name, given in chosen.items()]
        return cls(
            formats=chosen,
            labels=classes,
            unlisted=unlisted,
            split=Split.parse(split, seed) if isinstance(split, str) else split,
            policy=rules,
            sequence=sequence,
            first_frame=first_frame,
            annotators=wanted(
                [writer.carries | writer.needs for writer in writers],
                kept,
                classes,
                semantic_filter or f"{rules.taxonomy}:*",
            ),
            writing=writing,
        )


_WRITING = ("workers", "queue_bytes", "on_full", "existing", "on_error", "origin")


def _labels(labels: Any) -> LabelMap | None:
    if labels is None or isinstance(labels, LabelMap):
        return labels
    if isinstance(labels, str | Path):
        return read_label_file(labels)
    return LabelMap.from_dict(labels)


def _policy(policy: Policy | Mapping[str, Any] | None, labels: LabelMap | None) -> Policy:
    if isinstance(policy, Policy):
        return policy
    given = dict(policy or {})
    known = [field.name for field in fields(Policy) if field.name != "labels"]
    unknown = [name for name in given if name not in known]
    if unknown:
        raise OptionError(f"policy: {unknown[0]!r} is none of {', '.join(known)}")
    return Policy(labels=labels, **given)


def _formats(formats: Formats, of_run: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """Format -> options; a format that has an option of the run's gets it from there unless it names its own."""
    if isinstance(formats, str):
        formats = [name.strip() for name in formats.split(",")]
    given = formats if isinstance(formats, Mapping) else {name: {} for name in formats}
    chosen = {}
    for name, options in given.items():
        known = registry.by_name(name).options()
        chosen[name] = {**{key: value for key, value in of_run.items() if key in known}, **options}
    return chosen
