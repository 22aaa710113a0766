"""Names of Replicator's that the stand-in has no answer to, or that do nothing here: there to be found, and clear when
called.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn

from framepress.errors import OptionError
from framepress.headless import host as hosts

__all__ = ["NotSupportedError", "refuse", "without_effect"]


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


def without_effect(name: str, reason: str) -> Callable[..., None]:
    """A function for `rep.<name>` that does nothing, which is a finding of the session."""

    def accepted(*_arguments: Any, **_keywords: Any) -> None:
        hosts.current().find(f"rep.{name} has no effect: {reason}")

    accepted.__name__ = accepted.__qualname__ = name.rsplit(".", 1)[-1]
    return accepted
