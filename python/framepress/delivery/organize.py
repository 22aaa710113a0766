"""A dataset as the tree of files that a task's tools expect, whole or in groups; what is there already is linked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from framepress.core import LabelMap
from framepress.dataset.job import Job
from framepress.dataset.opening import Dataset
from framepress.delivery.groups import Folders, grouping
from framepress.delivery.organize_editions import press_groups
from framepress.delivery.organize_tree import plant
from framepress.delivery.organized import Organized, check_target
from framepress.delivery.tree import Tree
from framepress.delivery.tree_depth import DepthTree
from framepress.delivery.tree_masks import MaskTree
from framepress.errors import OptionError, OutputError

__all__ = ["EDITIONS", "TREES", "OrganizeReport", "organize", "tree_options"]

EDITIONS = ("yolo", "coco", "kitti")
"""Formats that a tree for detection may have."""
TREES = ("detection", "segmentation", "depth")


@dataclass
class OrganizeReport:
    """What is there now, and in `added` what this run brought; a frame of several groups is added to each.

    Args:
        groups: folder -> frames, "" for a tree that is not in groups.
        counts: what could not be kept as it is, and what writers counted.
    """

    target: str
    tree: str
    frames: int = 0
    added: int = 0
    groups: dict[str, int] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        return {
            "target": self.target,
            "tree": self.tree,
            "frames": self.frames,
            "added": self.added,
            "groups": dict(sorted(self.groups.items())),
            "counts": dict(sorted(self.counts.items())),
        }


def tree_options(tree: str) -> dict[str, Any]:
    """Option -> default of a tree that is no edition."""
    return {"encoding": "millimetres"} if tree == "depth" else {}


def organize(
    source: Dataset,
    target: Path | str,
    tree: str,
    *,
    by: str | None = None,
    formats: Mapping[str, Mapping[str, Any]] | None = None,
    options: Mapping[str, Any] | None = None,
    link: bool = True,
    labels: LabelMap | None = None,
    unlisted: str = "error",
    existing: str = "error",
    workers: int | None = None,
    on_frame: Callable[[int], None] = lambda frames: None,
) -> OrganizeReport:
    """Lay out every frame of `source` below `target` for a task; nothing of the source is moved or changed.

    Args:
        tree: `detection` presses the editions in `formats` (default: yolo); `segmentation` and `depth` are trees of
            `tree_masks` and `tree_depth`.
        by: groups, each a tree of its own in a folder of its own, see `groups.grouping`.
        formats: format -> options of its writer.
        options: of the tree, see `tree_options`.
        link: image files that stay as they are become hard links of the source's; else copies.
        labels: the classes; None takes the source's own list.
        unlisted: objects of other classes: `error`, or `drop`.
        existing: `error`; or `resume`: frames that are there are passed over, the others are added.
        on_frame: called with the number of frames handled so far.

    Raises:
        OptionError: the tree, group or an option is impossible, or the target was organised in another way.
        OutputError: the target holds something else, or two frames have one name.
        InputError: the source is damaged, or lacks what the tree is of.
    """
    target = Path(target)
    _check_apart(source.path, target)
    if tree not in TREES:
        raise OptionError(f"no tree is named {tree!r}; there are: {', '.join(TREES)}")
    if tree != "detection" and formats:
        raise OptionError(
            f"the tree {tree} is no edition: it takes no formats; convert to {', '.join(formats)} instead"
        )
    unknown = sorted(set(formats or {}) - set(EDITIONS))
    if unknown:
        raise OptionError(f"{unknown[0]} is no format for detection; choose of {', '.join(EDITIONS)}")
    classes = source.labels() if labels is None else labels
    editions = {} if tree != "detection" else Job.named(formats or {"yolo": {}})
    settings = {**tree_options(tree), **(options or {}), **({"formats": editions} if editions else {})}
    asked = Organized(tree, by, settings, classes.names)
    groups = None if by is None else grouping(by)
    found = check_target(target, asked, existing)
    folders = Folders({} if found is None or found.groups is None else found.groups)
    origin = None if source.job is None else source.job.origin
    asked = replace(asked, groups=None if groups is None else folders.groups, origin=origin)
    report = OrganizeReport(str(target), tree)
    if editions:
        press_groups(
            source,
            target,
            asked,
            editions,
            grouping=groups,
            folders=folders,
            link=link,
            labels=classes,
            unlisted=unlisted,
            existing=existing,
            workers=workers,
            on_frame=on_frame,
            report=report,
        )
    else:
        grown = _tree(tree, classes, options or {})
        plant(
            source,
            target,
            asked,
            grown,
            grouping=groups,
            folders=folders,
            link=link,
            labels=classes,
            unlisted=unlisted,
            workers=workers,
            on_frame=on_frame,
            report=report,
        )
    return report


def _tree(name: str, labels: LabelMap, options: Mapping[str, Any]) -> Tree:
    unknown = sorted(set(options) - set(tree_options(name)))
    if unknown:
        raise OptionError(
            f"the tree {name} has no option {unknown[0]!r}; it has: {', '.join(tree_options(name)) or 'none'}"
        )
    return MaskTree(labels) if name == "segmentation" else DepthTree(**options)


def _check_apart(source: Path, target: Path) -> None:
    """Neither lies in the other: a tree must not be read as a part of what it is made of."""
    one, other = source.resolve(), target.resolve()
    if one == other or one in other.parents or other in one.parents:
        raise OutputError(f"{target}: lies in {source}, or holds it; choose a folder beside it")
