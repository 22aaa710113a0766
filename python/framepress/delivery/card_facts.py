"""What a card says of a dataset, as numbers and names: whole numbers only, so that a check is an equality.

dataset_info.json: {"schema": "framepress.dataset_info", "version": 1, "name", "license": text | null,
 "tool": {"name", "version"}, "facts": {
   "frames", "images", "objects", "sequences", "tracks": counts,
   "classes": [{"name", "objects", "images"}], "splits": [{"name", "frames", "images", "objects", "empty_images"}],
   "cameras": [{"name", "images", "sizes": {"640x480": images}}], "features": {feature: frames},
   "editions": [{"format", "path", "options", "files", "bytes"}],
   "gaps": {"classes_without_objects": [names], "images_without_objects": count, "frames_without_split": count,
            "classes_missing_in_splits": {split: [names]}},
   "origin": object | null},
 "facts_sha256": of the facts as JSON with sorted keys and no blanks,
 "validation": {"passed", "profile", "errors", "warnings", "notes", "tool_version"} | null}

`features` are those of `core.features` that some edition holds; `files` and `bytes` are those of frames, as the journal
or the reader knows them; "" is the name of a camera or split that has none.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from framepress.dataset.index import Index
from framepress.dataset.opening import Dataset
from framepress.dataset.state import root_of, state_of
from framepress.delivery.organized import Organized
from framepress.errors import InputError
from framepress.quality.scores.statistics import statistics

__all__ = ["SCHEMA", "digest_of", "facts_of", "home_of"]

SCHEMA = {"schema": "framepress.dataset_info", "version": 1}

Facts = dict[str, Any]


def home_of(dataset: Dataset) -> Path:
    """The folder that a dataset's card lies in: beside its editions."""
    root = root_of(dataset)
    if root is not None:
        return root
    return dataset.path if dataset.path.is_dir() else dataset.path.parent


def facts_of(dataset: Dataset) -> Facts:
    """From the index; no image is read.

    Raises:
        InputError: the dataset is damaged, or being written.
    """
    state = state_of(dataset)
    if state is not None and state.state == "open":
        raise InputError(f"{dataset.path}: is {state.to_dict()['meaning']}; a card is of a finished dataset")
    index = Index.of(dataset)
    counted, summary = statistics(index, None), index.summary()
    bare = [row["name"] for row in counted["classes"] if not row["objects"]]
    return {
        "frames": summary["frames"],
        "images": summary["views"],
        **{name: summary[name] for name in ("objects", "sequences", "tracks")},
        "classes": [
            {"name": row["name"], "objects": row["objects"], "images": row["views"]} for row in counted["classes"]
        ],
        "splits": _splits(counted),
        "cameras": sorted(
            (
                {"name": view["name"], "images": view["views"], "sizes": dict(sorted(view["sizes"].items()))}
                for view in counted["views"]
            ),
            key=lambda camera: str(camera["name"]),
        ),
        "features": {name: count for name, count in summary["features"].items() if _is_held(name, dataset)},
        "editions": _editions(dataset, index),
        "gaps": {
            "classes_without_objects": bare,
            "images_without_objects": sum(row["negatives"] for row in counted["splits"]),
            "frames_without_split": sum(row["frames"] for row in counted["splits"] if not row["name"])
            if any(row["name"] for row in counted["splits"])
            else 0,
            "classes_missing_in_splits": _missing(counted, bare),
        },
        "origin": _origin(dataset),
    }


def _origin(dataset: Dataset) -> Facts | None:
    """What made the frames; of an organised dataset, those of its source."""
    if dataset.job is not None and dataset.job.origin is not None:
        return dict(dataset.job.origin)
    organized = Organized.read(home_of(dataset))
    return None if organized is None or organized.origin is None else dict(organized.origin)


def _is_held(feature: str, dataset: Dataset) -> bool:
    """The journal of a dataset of ours knows more than its editions may hold."""
    if dataset.job is None:
        return True
    return any(feature in writer.carries for _, writer in dataset.job.editions().values())


def _splits(counted: Mapping[str, Any]) -> list[Facts]:
    """By name; none where the dataset has no splits."""
    return sorted(
        (
            {
                "name": row["name"],
                "frames": row["frames"],
                "images": row["views"],
                "objects": row["objects"],
                "empty_images": row["negatives"],
            }
            for row in counted["splits"]
            if row["name"] or len(counted["splits"]) > 1
        ),
        key=lambda split: str(split["name"]),
    )


def _missing(counted: Mapping[str, Any], bare: list[str]) -> dict[str, list[str]]:
    """Split -> the classes that occur in others only."""
    found = {}
    for split in sorted(row["name"] for row in counted["splits"] if row["name"] and row["frames"]):
        names = [row["name"] for row in counted["classes"] if row["name"] not in bare and not row["splits"][split]]
        if names:
            found[split] = names
    return found


def _editions(dataset: Dataset, index: Index) -> list[Facts]:
    files, edition = index.files["size"], index.files["edition"]
    jobs = {dataset.format.name: {}} if dataset.job is None else dataset.job.formats
    names = list(index.editions)
    found = []
    for name, options in jobs.items():
        own = edition == names.index(name) if name in names else np.zeros(len(files), bool)
        path = "" if dataset.job is None else dataset.job.prefix(name)
        sizes = files[own]
        found.append(
            {
                "format": name,
                "path": path,
                "options": dict(options),
                "files": int(np.count_nonzero(own)),
                "bytes": int(sizes[sizes > 0].sum()),
            }
        )
    return found


def digest_of(facts: Facts) -> str:
    """SHA-256 in hex."""
    content = json.dumps(facts, sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(content.encode()).hexdigest()
