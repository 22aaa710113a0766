"""Names of Replicator's that the stand-in has no answer to: there to be found, and clear when called."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn

from framepress.errors import OptionError

__all__ = ["NotSupportedError", "refuse"]


class NotSupportedError(OptionError, NotImplementedError):
    """Isaac Sim's Replicator can do it, the stand-in cannot; nothing was changed."""


def refuse(name: str, reason: str) -> Callable[..., NoReturn]:
    """A function for `rep.<name>` that says why it is not there.

    Raises:
        NotSupportedError: (the function made) at every call.
    """

    def refused(*_arguments: Any, **_keywords: Any) -> NoReturn:
        raise NotSupportedError(f"rep.{name}: {reason}")

    refused.__name__ = refused.__qualname__ = name.rsplit(".", 1)[-1]
    return refused
