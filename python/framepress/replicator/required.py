"""What the finished dataset must hold, from the writer's option."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from framepress.errors import OptionError

__all__ = ["gate_of"]


def gate_of(profile_name: str) -> Callable[[Path], None]:
    """A gate of a profile, told before anything is attached where it cannot be.

    Raises:
        OptionError: there is no such profile; or the host's Python lacks what rules for files need.
        InputError: its file is no TOML.
    """
    try:
        from framepress.quality.gate import gate
        from framepress.quality.profile import profile

        return gate(profile(profile_name))
    except ImportError as error:
        raise OptionError(
            f"require={profile_name!r}: {error}; leave it out here, and run `framepress validate` on the dataset "
            "afterwards (checks='truth' needs nothing)"
        ) from error
