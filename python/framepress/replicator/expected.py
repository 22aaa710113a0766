"""The classes that the open stage lets a run expect which was given none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from framepress.capture.policy import Policy
from framepress.core import LabelMap
from framepress.replicator.annotators import ANNOTATORS
from framepress.replicator.labels import TAXONOMY, labels_of_stage
from framepress.replicator.options import Options
from framepress.replicator.stage import open_stage

__all__ = ["expected_classes", "has_skeletons", "taxonomy_of", "with_points"]


def taxonomy_of(policy: Policy | Mapping[str, Any] | None) -> str:
    """Whose labels are the classes, by the option `policy` as it was given."""
    return policy.taxonomy if isinstance(policy, Policy) else str((policy or {}).get("taxonomy", TAXONOMY))


def has_skeletons() -> bool:
    """Whether the open stage has a skeleton; what has no joints counts, too."""
    stage = open_stage()
    if stage is None:
        return False
    from pxr import Usd

    prims = Usd.PrimRange(stage.GetPseudoRoot(), Usd.TraverseInstanceProxies())
    return any(prim.GetTypeName() == "Skeleton" for prim in prims)


def expected_classes(options: Options) -> LabelMap | None:
    """Those of the open stage now, as far as its labels tell; None where they cannot, or classes are given.

    A predicate may leave any of them out, and only the host knows what it says: nothing is expected then.
    """
    stage = None if options.labels is not None or options.own_predicate else open_stage()
    if stage is None:
        return None
    found = labels_of_stage(stage, stage.GetRootLayer().identifier, taxonomy=options.policy.taxonomy, strict=False)
    return found if found is None or _asks_for_points(options) else found.without_keypoints()


def with_points(options: Options, labels: LabelMap) -> Policy:
    """The policy under which a class has the key points that it has in the dataset's list."""
    if options.labels is not None or not _asks_for_points(options):
        return options.policy
    return replace(options.policy, points=labels)


def _asks_for_points(options: Options) -> bool:
    return ANNOTATORS["keypoints"][0] in options.annotators
