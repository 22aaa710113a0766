"""Versions that gave their contents up: their commits and refs stay, their files are gone with the next gc.

`pruned/<sha256 of the commit>` is made once, and says that no manifest of it counts any more.
"""

from __future__ import annotations

from collections.abc import Iterable

from framepress.versions.refs import Cells, Refs

__all__ = ["PRUNED", "prune", "pruned"]

PRUNED = "pruned"


def pruned(cells: Cells) -> set[str]:
    """The commits whose contents were given up."""
    return {path.partition("/")[2] for path in cells.names(PRUNED)}


def prune(cells: Cells, line: str, keep_last: int) -> list[str]:
    """Give up the contents of a line's versions before the last `keep_last`, but for those that have a tag; which ones.

    A commit that another line has among its last ones, or that has a tag, keeps them.

    Raises:
        OutputError: the disk refused.
        InputError: a ref is damaged.
    """
    refs = Refs(cells)
    kept = {ref.commit for ref in refs.tags().values()} | _last(refs, keep_last)
    given_up = [ref.commit for ref in refs.line(line)[: -keep_last or None] if ref.commit not in kept | pruned(cells)]
    for commit in given_up:
        cells.create(f"{PRUNED}/{commit}", b"{}")
    return given_up


def _last(refs: Refs, count: int) -> set[str]:
    names: Iterable[str] = refs.lines()
    return {ref.commit for name in names for ref in refs.line(name)[-count:]}
