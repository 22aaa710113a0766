"""Which version a name means."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Protocol, TypeVar

from framepress.errors import OptionError

__all__ = ["resolve"]

_NUMBER = re.compile(r"v?([0-9]+)")
_BACK = re.compile(r"(head|base)(?:~([0-9]+))?", re.IGNORECASE)
_ID = re.compile(r"(?:sha256:)?([0-9a-f]{7,64})")


class _Named(Protocol):
    @property
    def id(self) -> str: ...
    @property
    def number(self) -> int: ...
    @property
    def tags(self) -> tuple[str, ...]: ...


_Version = TypeVar("_Version", bound=_Named)


def resolve(name: str, log: Sequence[_Version], base: str | None) -> _Version:
    """A tag first, then a number (`3`, `v3`), `head`, `base` (what the folder was last equal to), `head~2` (two before
    it), or the beginning of a sha256, seven digits at least.

    Args:
        log: the latest first.

    Raises:
        OptionError: there is no such version, or several; with those that there are.
    """
    for version in log:
        if name in version.tags:
            return version
    found = [version for version in log if _means(name, version, log, base)]
    if len(found) == 1:
        return found[0]
    if found:
        raise OptionError(
            f"version {name!r}: means {' and '.join(version.id[:16] for version in found[:3])}; say more of it"
        )
    told = ", ".join(f"{version.number}{''.join(f' ({tag})' for tag in version.tags)}" for version in log[:8])
    raise OptionError(f"version {name!r}: there is none; there are {told or 'none yet: commit one'}")


def _means(name: str, version: _Named, log: Sequence[_Named], base: str | None) -> bool:
    number = _NUMBER.fullmatch(name)
    if number and len(name) < 12:
        return version.number == int(number[1])
    back = _BACK.fullmatch(name)
    if back:
        start = log[0].id if back[1].lower() == "head" else base
        first = next((known.number for known in log if known.id == start), 0)
        return bool(first) and version.number == first - int(back[2] or 0)
    id = _ID.fullmatch(name)
    return bool(id) and version.id.startswith(id[1]) if id else False
