"""`--set`: texts from the command line as options of readers and writers."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, fields
from inspect import signature
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from framepress.core import LabelMap

__all__ = ["READER", "listed", "reader_arguments", "reader_options", "settings_for"]

READER = "from"
"""The prefix of a reader's options."""

_OBJECTS = ("policy", "labels", "points", "on_accounts")
"""Parameters of readers that are no texts: the fields of `policy` are options themselves, `labels` is a flag."""

Options = dict[str, Any]


def reader_options(read: Callable[..., Any] | None) -> Options:
    """Option -> default of a format's reader."""
    if read is None:
        return {}
    parameters = list(signature(read).parameters.values())[1:]
    options = {parameter.name: parameter.default for parameter in parameters if parameter.name not in _OBJECTS}
    return {**options, **_policy_defaults()} if _takes(read, "policy") else options


def reader_arguments(read: Callable[..., Any] | None, options: Mapping[str, Any], labels: LabelMap | None) -> Options:
    """The reader's keyword arguments.

    Args:
        options: as given with `from.`.
        labels: as given to the command; a reader with a policy chooses among several labels of one prim by them.
    """
    if not _takes(read, "policy"):
        return dict(options)
    from framepress.capture.policy import Policy

    chosen = {name: value for name, value in options.items() if name in _policy_defaults()}
    others = {name: value for name, value in options.items() if name not in chosen}
    return {**others, "policy": Policy(labels=labels, **chosen)}


def _takes(read: Callable[..., Any] | None, name: str) -> bool:
    return read is not None and name in signature(read).parameters


def _policy_defaults() -> Options:
    from framepress.capture.policy import Policy

    return {
        field.name: field.default if field.default_factory is MISSING else field.default_factory()
        for field in fields(Policy)
        if field.name not in _OBJECTS
    }


def settings_for(
    texts: Sequence[str], writers: Mapping[str, Mapping[str, Any]], reader: Mapping[str, Any]
) -> tuple[dict[str, Options], Options]:
    """`key=value` texts, sorted to whom they belong.

    Args:
        texts: `coco.segmentation=polygon` is for one format, `segmentation=polygon` for all that have such an option,
            `from.nested=outermost` for the reader.
        writers: format -> option -> default.
        reader: option -> default.

    Returns:
        Format -> options, for every format; and the reader's options.

    Raises:
        click.BadParameter: no key, an option that does not exist (with those that do), one given twice, or a value of
            another kind than the default.
    """
    homes = {**writers, READER: reader}
    found: dict[str, Options] = {home: {} for home in homes}
    for text in texts:
        key, equals, value = text.partition("=")
        home, dot, option = key.strip().rpartition(".")
        if not equals or not option:
            raise _bad(f"{text!r}: write it as key=value or format.key=value")
        if dot and home not in homes:
            raise _bad(f"{text!r}: {home!r} is none of {', '.join(homes)}")
        chosen = [home] if dot else [name for name in writers if option in writers[name]]
        if not chosen or option not in homes[chosen[0]]:
            raise _bad(f"{text!r}: there is no such option; there are: {_all_of(homes)}")
        for name in chosen:
            if option in found[name]:
                raise _bad(f"{text!r}: {name}.{option} is given twice")
            found[name][option] = _value(text, value, homes[name][option])
    return {name: found[name] for name in writers}, found[READER]


def _value(where: str, text: str, default: Any) -> Any:
    """A text stays a text where the default is one; else it is read as JSON, if it is JSON: `3`, `true`, `[1, 2]`."""
    if isinstance(default, str):
        return text
    try:
        value = json.loads(text)
    except ValueError:
        value = text
    for kind, allowed, what in _KINDS:
        if isinstance(default, kind):
            if not isinstance(value, allowed) or (isinstance(value, bool) and kind is not bool):
                raise _bad(f"{where!r}: {text!r} is not {what}; the default is {json.dumps(default)}")
            break
    return value


# bool before int: True is an int as well.
_KINDS: tuple[tuple[type, tuple[type, ...], str], ...] = (
    (bool, (bool,), "true or false"),
    (int, (int,), "a whole number"),
    (float, (int, float), "a number"),
    (dict, (dict,), "a JSON object"),
)


def _all_of(homes: Mapping[str, Mapping[str, Any]]) -> str:
    return ", ".join(f"{name}.{option}" for name, known in homes.items() for option in known) or "none"


def _bad(message: str) -> click.BadParameter:
    return click.BadParameter(message, param_hint="--set")


def listed(text: str, hint: str) -> list[str]:
    """A comma list as names, in order.

    Raises:
        click.BadParameter: an empty or repeated name.
    """
    names = [name.strip() for name in text.split(",")]
    if "" in names or len(set(names)) != len(names):
        raise click.BadParameter(f"{text!r}: name each one once, separated by commas", param_hint=hint)
    return names
