"""Functions that scripts register under `rep.randomizer`, `rep.modify` and `rep.get`, and call from there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from framepress.errors import OptionError
from framepress.headless import host as hosts

__all__ = ["named", "register"]

Functions = dict[tuple[str, str], Callable[..., Any]]


def _functions(_: Any) -> Functions:
    return {}


def register(module: str, fn: Callable[..., Any], override: bool, fn_name: str | None, own: set[str]) -> None:
    """Have `rep.<module>.<name>` call a function, for this session.

    Raises:
        OptionError: it is no function; the name is one of Replicator's own, or taken and not to be overridden.
    """
    name = str(fn_name or getattr(fn, "__name__", ""))
    if not callable(fn) or not name.isidentifier():
        raise OptionError(f"rep.{module}.register: {fn!r} under the name {name!r}; give a function that has a name")
    functions = hosts.current().kept(_functions)
    if name in own:
        raise OptionError(f"rep.{module}.register: rep.{module}.{name} is Replicator's own; pass fn_name=")
    if (module, name) in functions and not override:
        raise OptionError(f"rep.{module}.register: {name!r} is registered already; pass override=True to replace it")
    functions[module, name] = fn


def named(module: str, name: str) -> Callable[..., Any]:
    """The function registered under a name.

    Raises:
        AttributeError: there is none.
    """
    found = hosts.current().kept(_functions).get((module, name))
    if found is None:
        raise AttributeError(f"module 'omni.replicator.core.{module}' has no attribute {name!r}", name=name)
    return found
