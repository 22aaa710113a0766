"""The YAML at the top of a card, as the Hugging Face hub reads it.

https://huggingface.co/docs/hub/datasets-cards: keys of our own are computed, all others stay as they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from framepress.errors import InputError

__all__ = ["front_matter", "parsed", "wanted"]

_TASKS = (
    ("object-detection", {"box", "box_full"}),
    ("image-segmentation", {"mask", "polygons", "semantic", "instance"}),
    ("depth-estimation", {"depth", "range"}),
    ("keypoint-detection", {"keypoints"}),
)
_SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))
_LARGER = (
    (10_000_000, "1M<n<10M"),
    (100_000_000, "10M<n<100M"),
    (1_000_000_000, "100M<n<1B"),
    (10_000_000_000, "1B<n<10B"),
)
_IMAGES = {"yolo": "{path}images/{split}/**", "coco": "{path}images/{split}/**"}


def wanted(document: Mapping[str, Any]) -> dict[str, Any]:
    """The keys that are ours, from `dataset_info.json`; a license only where one was given."""
    facts = document["facts"]
    features = set(facts["features"])
    found: dict[str, Any] = {} if document["license"] is None else {"license": document["license"]}
    found["pretty_name"] = document["name"]
    if tasks := [task for task, of in _TASKS if features & of]:
        found["task_categories"] = tasks
    found["size_categories"] = [_size(facts["images"])]
    found["tags"] = sorted({"framepress", *(edition["format"] for edition in facts["editions"])})
    if configs := _configs(facts):
        found["configs"] = configs
    return found


def _size(images: int) -> str:
    return next((name for limit, name in (*_SIZES, *_LARGER) if images < limit), "10B<n<100B")


def _configs(facts: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The images of the first edition that has them in folders by split: what the hub's viewer shows."""
    splits = [split["name"] for split in facts["splits"] if split["name"]]
    pattern = next(
        (
            _IMAGES[edition["format"]].replace("{path}", edition["path"])
            for edition in facts["editions"]
            if edition["format"] in _IMAGES and edition["options"].get("images", "none") != "none"
        ),
        None,
    )
    if pattern is None or not splits:
        return []
    files = [{"split": split.replace("-", "_"), "path": pattern.replace("{split}", split)} for split in splits]
    return [{"config_name": "default", "data_files": files}]


def parsed(text: str, where: str) -> dict[str, Any]:
    """The YAML of a card, "" for none.

    Raises:
        InputError: it is no mapping.
    """
    import yaml

    try:
        found = yaml.safe_load(text) if text.strip() else {}
    except yaml.YAMLError as error:
        raise InputError(f"{where}: the YAML at its top cannot be read: {error}; correct it") from error
    if not isinstance(found, dict):
        raise InputError(f"{where}: the YAML at its top is no mapping; correct it")
    return found


def front_matter(text: str, document: Mapping[str, Any], where: str) -> str:
    """The YAML with our keys as they are now; the very text where they are so already.

    Tags of others, a license and a name that were written by hand stay, the latter until others are given.

    Args:
        text: the YAML that is there.
    """
    import yaml

    before, ours = parsed(text, where), wanted(document)
    tags = before.get("tags")
    if isinstance(tags, list):
        ours["tags"] = [*tags, *(tag for tag in ours["tags"] if tag not in tags)]
    merged = {**{key: value for key, value in before.items() if key not in _OWN or key in ours}, **ours}
    if merged == before:
        return text
    return yaml.safe_dump(merged, sort_keys=False, allow_unicode=True, width=1000)


_OWN = ("task_categories", "size_categories", "configs")
