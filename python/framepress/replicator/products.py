"""Names of the render products that are made for cameras."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["short_names"]


def short_names(paths: Sequence[str]) -> dict[str, str]:
    """Camera path -> the shortest ending of it that tells them apart, as a name."""
    for depth in range(1, max(path.count("/") for path in paths) + 1):
        names = {path: "_".join(path.strip("/").split("/")[-depth:]) for path in paths}
        if len(set(names.values())) == len(paths):
            return names
    return {path: path.strip("/").replace("/", "_") for path in paths}
