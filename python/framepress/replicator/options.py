"""The writer's options as a script, or the Synthetic Data Recorder's JSON file, gives them."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from inspect import signature
from pathlib import Path
from typing import Any

from framepress import formats as registry
from framepress.capture.policy import Policy
from framepress.capture.probed import Probed
from framepress.capture.tiles import Tiling
from framepress.core import LabelMap
from framepress.dataset.label_files import read_label_file
from framepress.dataset.split import Split
from framepress.errors import InputError, OptionError
from framepress.formats.kitti import WORLD_UP
from framepress.replicator.annotators import Asked, channels_of, wanted
from framepress.replicator.lenses import of_pinholes
from framepress.replicator.option_kinds import check_kinds
from framepress.replicator.required import gate_of
from framepress.replicator.sieve import Sieve
from framepress.replicator.tiles import tilings_of

__all__ = ["Options"]

Formats = str | Sequence[str] | Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Options:
    """What a run writes, checked before anything is attached."""

    formats: Mapping[str, Mapping[str, Any]]
    of_pinholes: tuple[str, ...]
    """Those of them that need a camera's intrinsics."""
    labels: LabelMap | None
    unlisted: str
    split: Split | None
    policy: Policy
    tiles: Mapping[str, Tiling]
    """Of tiled render products that the user names."""
    sieve: Sieve
    sequence: str
    first_frame: int
    """Number of the first frame: other than 0 in a shard of a longer run."""
    meta: Mapping[str, Any]
    """Of every frame."""
    on_error: str
    provenance: Mapping[str, Any]
    """For the ledger."""
    check_every: int
    """Every nth frame is checked while it is written; 0: none."""
    annotators: Asked
    own_predicate: bool
    """Whether the user says which labels make a prim an object."""
    writing: Mapping[str, Any]
    """Passed on to `DatasetWriter`."""

    @property
    def goes_on(self) -> bool:
        """Whether a frame that fails is counted, and the others are written."""
        return self.on_error != "raise"

    @classmethod
    def of(
        cls,
        *,
        formats: Formats = "coco",
        labels: LabelMap | str | Path | Sequence[Any] | None = None,
        unlisted: str = "error",
        channels: str | Sequence[str] | None = None,
        keypoints: bool | None = None,
        images: str | None = None,
        quality: int | None = None,
        depth: str | None = None,
        split: Split | str | None = None,
        seed: int = 0,
        policy: Policy | Mapping[str, Any] | None = None,
        semantic_types: str | Sequence[str] | None = None,
        semantic_filter: str | None = None,
        tiles: Mapping[str, Any] | None = None,
        min_pixels: int = 0,
        min_visibility: float = 0.0,
        sequence: str = "",
        first_frame: int = 0,
        world_up: str = "z",
        on_error: str = "raise",
        provenance: Mapping[str, Any] | None = None,
        checks: str = "truth",
        check_every: int = 10,
        require: str | None = None,
        **writing: Any,
    ) -> Options:
        """See `build_writer`.

        Raises:
            OptionError: an option that does not exist, or cannot be.
            InputError, LabelError: the label file, or the probe's.
        """
        unknown = [name for name in writing if name not in _WRITING]
        if unknown:
            known = [*(name for name in signature(cls.of).parameters if name != "writing"), *_WRITING]
            raise OptionError(f"the writer has no option {unknown[0]!r}; it has {', '.join(known)}")
        check_kinds(
            formats=formats, labels=labels, unlisted=unlisted, channels=channels, keypoints=keypoints, split=split,
            seed=seed, policy=policy, semantic_types=semantic_types, semantic_filter=semantic_filter,
            min_visibility=min_visibility, sequence=sequence, first_frame=first_frame, world_up=world_up,
            on_error=on_error, provenance=provenance, checks=checks, check_every=check_every, require=require,
            **writing,
        )  # fmt: skip
        classes = _labels(labels)
        if classes is not None and keypoints is False:
            classes = classes.without_keypoints()  # a class that names some would have them all unlabelled
        kept = channels_of(channels)
        rules = _policy(policy, classes)
        tiled = tilings_of(tiles)
        sieve = Sieve(min_pixels, min_visibility)
        encodings = {"images": images, "quality": quality, "depth": depth}
        chosen = _formats(formats, {"channels": ",".join(kept)}, encodings)
        writers = {name: registry.by_name(name).make_writer(given) for name, given in chosen.items()}
        return cls(
            formats=chosen,
            of_pinholes=of_pinholes(writers),
            labels=classes,
            unlisted=unlisted,
            split=Split.parse(split, seed) if isinstance(split, str) else split,
            policy=rules,
            tiles=tiled,
            sieve=sieve,
            sequence=sequence,
            first_frame=first_frame,
            meta={} if world_up == WORLD_UP else {"world_up": world_up},
            on_error=on_error,
            provenance=_plain(provenance or {}),
            check_every=check_every if checks == "truth" else 0,
            annotators=wanted(
                [
                    *(writer.carries | writer.needs for writer in writers.values()),
                    sieve.needs,
                    _IN_TILES if tiled else (),
                ],
                [*kept, *sieve.needs],
                _has_points(classes) if keypoints is None else keypoints,
                _predicate(semantic_types, semantic_filter, rules.taxonomy),
            ),
            own_predicate=semantic_filter is not None,
            writing=writing if require is None else {**writing, "gate": gate_of(require)},
        )


PROBE = "FRAMEPRESS_PROBE"
"""Of the environment: the default of `Policy.probe`."""
_IN_TILES = ("mask",)  # boxes of a tile are measured in its part of the instance map
_WRITING = ("workers", "queue_bytes", "on_full", "existing", "origin", "on_finding")


def _predicate(types: str | Sequence[str] | None, predicate: str | None, taxonomy: str) -> str:
    """Which labels make a prim an object: Replicator's predicate, or all labels of some taxonomies."""
    if types is None:
        return predicate or f"{taxonomy}:*"
    if predicate is not None:
        raise OptionError("semantic_types and semantic_filter exclude each other; the types are 'class:*; shape:*'")
    names = [types] if isinstance(types, str) else list(types)
    if taxonomy not in names:
        raise OptionError(
            f"semantic_types={names!r} lacks {taxonomy!r}, whose labels are the classes; add it, or choose another by "
            "policy={'taxonomy': ...}"
        )
    return "; ".join(f"{name}:*" for name in names)


def _plain(provenance: Mapping[str, Any]) -> Mapping[str, Any]:
    try:
        json.dumps(provenance, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise OptionError(f"provenance={provenance!r}: must be plain JSON: {error}") from error
    return provenance


def _labels(labels: Any) -> LabelMap | None:
    if labels is None or isinstance(labels, LabelMap):
        return labels
    if isinstance(labels, str | Path):
        return read_label_file(labels)
    return LabelMap.from_dict(labels)


def _has_points(labels: LabelMap | None) -> bool:
    return labels is not None and any(label.keypoints for label in labels.labels)


def _policy(policy: Policy | Mapping[str, Any] | None, labels: LabelMap | None) -> Policy:
    if isinstance(policy, Policy):
        return policy if policy.probe else replace(policy, probe=_probe_of_environment())
    given = dict(policy or {})
    if "probe" not in given:
        given["probe"] = _probe_of_environment()
    known = [field.name for field in fields(Policy) if field.name not in ("labels", "points")]
    unknown = [name for name in given if name not in known]
    if unknown:
        raise OptionError(f"policy: {unknown[0]!r} is none of {', '.join(known)}")
    return Policy(labels=labels, **given)


def _probe_of_environment() -> str:
    """The file that FRAMEPRESS_PROBE names, where its answers are of the host that runs: the stand-in has its own.

    Raises:
        InputError: it cannot be read.
    """
    file = os.environ.get(PROBE, "")
    if not file:
        return ""
    if not Path(file).is_file():
        raise InputError(f"{PROBE}={file}: no such file; name the answers of a probe by an absolute path, or unset it")
    return file if Probed.read(file).of_stand_in == ("framepress.headless.host" in sys.modules) else ""


def _formats(
    formats: Formats, of_run: Mapping[str, str], encodings: Mapping[str, str | int | None]
) -> dict[str, dict[str, Any]]:
    """Format -> options; a format that has an option of the run's gets it from there unless it names its own.

    Raises:
        OptionError: no format has an encoding that is asked for.
    """
    if isinstance(formats, str):
        formats = [name.strip() for name in formats.split(",")]
    given = formats if isinstance(formats, Mapping) else {name: {} for name in formats}
    asked = {name: value for name, value in encodings.items() if value is not None}
    known = {name: registry.by_name(name).options() for name in given}
    for name, value in asked.items():
        if not any(_takes(options, name, value) for options in known.values()):
            raise OptionError(f"{name}={value!r}: none of the formats {', '.join(given)} has that option")
    return {
        name: {
            **{key: value for key, value in of_run.items() if key in known[name]},
            **{key: value for key, value in asked.items() if _takes(known[name], key, value)},
            **options,
        }
        for name, options in given.items()
    }


def _takes(options: Mapping[str, Any], name: str, value: Any) -> bool:
    """Whether a format has the option, and means the same by it: `depth` is an encoding here, a yes or no there."""
    return name in options and type(options[name]) is type(value)
