"""A gate: a profile that a dataset must hold before anybody goes on with it; handed down as a function."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from framepress.errors import FindingsError
from framepress.quality.issue import at_least
from framepress.quality.profile import Profile
from framepress.quality.validate import Validation, validate

__all__ = ["gate"]

_NAMED = 3


def gate(profile: Profile) -> Callable[[Path], None]:
    """What checks a dataset, given its folder, and raises FindingsError with the codes where the profile fails.

    The dataset is not touched.
    """

    def check(path: Path) -> None:
        found = validate(path, profile)
        if not found.passed:
            raise FindingsError(f"{path}: does not hold the profile {profile.name!r}: {_named(found)}")

    return check


def _named(found: Validation) -> str:
    """The codes that it fails on, the most frequent first."""
    failing = [
        (count, code)
        for code, count in found.findings.counts.items()
        if at_least(found.findings.severities[code], found.profile.fail_on)
    ]
    failing.sort(key=lambda item: (-item[0], item[1]))
    named = ", ".join(f"{count:,} times {code}" for count, code in failing[:_NAMED])
    more = f" and {len(failing) - _NAMED} more codes" if len(failing) > _NAMED else ""
    return f"{named}{more}; see `framepress validate`, and `framepress explain {failing[0][1]}`"
