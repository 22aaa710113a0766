"""Labels: from what Replicator joins with commas and puts into lower case to one class a prim."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from framepress.capture.accounts import Accounts
from framepress.capture.policy import Policy
from framepress.core.labels import LabelMap
from framepress.errors import InputError, LabelError

__all__ = ["RESERVED", "Classes", "ancestors", "class_of_several", "id_of", "labels_of", "split_labels"]

RESERVED = ("BACKGROUND", "UNLABELLED", "INVALID")
"""Stand for "no label"; upper case, which no authored label is once Replicator has lower-cased it."""


def split_labels(text: str) -> tuple[str, ...]:
    """Labels of one prim in one taxonomy: split at commas, stripped, each once, reserved words left out."""
    parts = (part.strip() for part in text.split(","))
    return tuple(dict.fromkeys(part for part in parts if part and part not in RESERVED))


def labels_of(id_to_labels: Mapping[Any, Any], taxonomy: str, where: str) -> dict[int, tuple[str, ...]]:
    """Id -> labels in one taxonomy (none: empty), from `idToLabels` with int or text keys.

    A value is `{taxonomy: "a,b"}`, or in old releases just the text.

    Raises:
        InputError: this is no such mapping, or has a key or value of another kind.
    """
    if not isinstance(id_to_labels, Mapping):
        raise InputError(f"{where}: idToLabels is {id_to_labels!r}; expected id -> {{type: label}}")
    found = {}
    for key, value in id_to_labels.items():
        if not isinstance(value, (str, Mapping)):
            raise InputError(f"{where}: idToLabels[{key!r}] is {value!r}; expected {{type: label}} or a text")
        given = value if isinstance(value, str) else value.get(taxonomy)
        text = "" if given is None else str(given)
        found[id_of(key, where)] = split_labels(text)
    return found


def id_of(key: Any, where: str) -> int:
    """A key of an `idTo...` map as the uint32 value of its pixels: 7, "7", (r, g, b, a), "(r, g, b, a)".

    Colours are packed as the pixels are: r in the lowest byte.

    Raises:
        InputError: neither number nor colour.
    """
    try:
        if isinstance(key, str):
            key = tuple(map(int, key.strip("() ").split(","))) if key.lstrip().startswith("(") else int(key)
        if isinstance(key, tuple):
            if len(key) != 4 or not all(0 <= int(part) <= 255 for part in key):
                raise ValueError("a colour has four parts of 0..255")
            return sum(int(part) << 8 * place for place, part in enumerate(key))
        number = int(key)
        if not 0 <= number < 1 << 32:
            raise ValueError("an id is a uint32")
        return number
    except (TypeError, ValueError) as error:
        raise InputError(f"{where}: key {key!r} is neither an id nor a colour (r, g, b, a): {error}") from error


def ancestors(path: str) -> Iterator[str]:
    """The paths above a prim, nearest first: /A/B/C gives /A/B, /A."""
    end = path.rfind("/")
    while end > 0:
        path = path[:end]
        yield path
        end = path.rfind("/")


def class_of_several(labels: tuple[str, ...], policy: Policy, accounts: Accounts, where: str) -> str:
    """One class for several labels of one prim, where ancestry does not settle it.

    Raises:
        LabelError: `policy.comma` is `refuse`.
    """
    if policy.comma == "refuse":
        raise LabelError(
            f"{where}: has several labels ({', '.join(labels)}) and nothing tells which is its class; "
            "give a class list (the first match in it is taken), or choose comma='first' or comma='joined'"
        )
    accounts.add(f"labels: several, {policy.comma}", example=f"{where}: {','.join(labels)}")
    return min(labels) if policy.comma == "first" else ",".join(labels)


def first_listed(labels: tuple[str, ...], listed: LabelMap, accounts: Accounts, where: str) -> str | None:
    """The class, in the list's own spelling, that comes first in the list; other labels of those given are counted."""
    codes = sorted(code for label in labels if (code := listed.find(label)) is not None)
    if not codes:
        return None
    name = listed.names[codes[0]]
    for label in labels:
        if label.casefold() != name.casefold():
            accounts.add("labels: further ones passed over", example=f"{where}: {label}")
    return name


class Classes:
    """Prim path -> class, over all rows of one view.

    Args:
        labels: path -> labels of every row of every box annotator, hidden prims included, since a prim's own label is
            found by taking away those of its labelled ancestors.
    """

    def __init__(self, labels: Mapping[str, tuple[str, ...]], policy: Policy, accounts: Accounts, where: str) -> None:
        self._labels = labels
        self._policy = policy
        self._accounts = accounts
        self._where = where
        self._found: dict[str, str | None] = {}

    def of(self, path: str) -> str | None:
        """The class of a prim that has a row; None where it has no label in the taxonomy.

        Raises:
            LabelError: it has several labels and which one is its class cannot be told.
        """
        if path not in self._found:
            self._found[path] = self._class(path, self._labels[path], self._policy, self._accounts)
        return self._found[path]

    def nested(self) -> bool:
        """Whether any prim, hidden ones among them, is below another one that has labels."""
        seen: set[str] = set()  # siblings share all that is above them
        for path in self._labels:
            for parent in ancestors(path):
                if parent in seen:
                    break
                if parent in self._labels:
                    return True
                seen.add(parent)
        return False

    def all(self) -> dict[str, str]:
        """The class of every prim with a row. Hidden ones take part only in deciding what is one object: where theirs
        cannot be told, their labels are joined and nothing is counted."""
        lenient, unheard = replace(self._policy, comma="joined"), Accounts()
        for path, labels in self._labels.items():
            if path not in self._found:
                self._found[path] = self._class(path, labels, lenient, unheard)
        return {path: found for path, found in self._found.items() if found is not None}

    def _class(self, path: str, labels: tuple[str, ...], policy: Policy, accounts: Accounts) -> str | None:
        where = f"{self._where}: {path}"
        if not labels:
            return None
        above = next((parent for parent in ancestors(path) if self._labels.get(parent)), None)
        own = labels if above is None else tuple(label for label in labels if label not in self._labels[above])
        if policy.labels is not None:
            # What it is itself comes before what it inherits: a driver labelled forklift,person is no forklift.
            for candidates in (own, labels):
                listed = first_listed(candidates, policy.labels, accounts, where)
                if listed is not None:
                    return listed
        if len(labels) == 1:
            return labels[0]
        if above is not None and not own:
            return self._class(above, self._labels[above], policy, accounts)
        return own[0] if len(own) == 1 else class_of_several(own, policy, accounts, where)
