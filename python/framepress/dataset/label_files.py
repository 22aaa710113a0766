"""A list of classes from a file: `.txt`, `.json`, `.yaml` or `.yml`.

.txt: a name a line, in order; empty lines and lines that begin with `#` are passed over.
.json, .yaml: a list of names or of {name, id, supercategory, colour, keypoints, skeleton}; or numbers from 0 on with
names ({0: car, 1: person}); or either of them under the key `names` (as in Ultralytics' data.yaml).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

from framepress.core import Label, LabelMap
from framepress.core.files import open_file
from framepress.errors import InputError, LabelError

__all__ = ["read_label_file"]

LIMIT_BYTES = 4 << 20
_MOST_DIGITS = 9
_DEEPEST = 20  # where a parser in Python still takes no time
_FIELDS = tuple(field.name for field in fields(Label))


def read_label_file(path: Path | str) -> LabelMap:
    """The classes in the order of the file.

    Raises:
        InputError: the file cannot be read, is larger than 4 MiB, or is not what its ending says, with line and column.
        LabelError: what it holds is no list of classes, with the file and the place in the list.
    """
    path = Path(path)
    parse = _PARSERS.get(path.suffix.lower())
    if parse is None:
        raise InputError(f"{path}: a label file ends in {', '.join(_PARSERS)}, not in {path.suffix!r}")
    with open_file(path) as stream:
        content = stream.read(LIMIT_BYTES + 1)
    if len(content) > LIMIT_BYTES:
        raise InputError(f"{path}: is larger than {LIMIT_BYTES} bytes: this is no label file")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise InputError(f"{path}: line {line}: is not UTF-8: {error.reason}; save it as UTF-8") from error
    return parse(text, path)


def _from_txt(text: str, path: Path) -> LabelMap:
    rows = [(number, line.strip()) for number, line in enumerate(text.splitlines(), start=1)]
    return _map([(f"line {number}", name) for number, name in rows if name and not name.startswith("#")], path)


def _from_json(text: str, path: Path) -> LabelMap:
    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        keys = [key for key, _ in pairs]
        repeated = [key for position, key in enumerate(keys) if key in keys[:position]]
        if repeated:
            raise InputError(f"{path}: the key {repeated[0]!r} is there twice; keep one")
        return dict(pairs)

    try:
        document = json.loads(text, object_pairs_hook=unique)
    except json.JSONDecodeError as error:
        raise InputError(f"{path}: line {error.lineno}, column {error.colno}: is not JSON: {error.msg}") from error
    except ValueError as error:  # a number of thousands of digits
        raise InputError(f"{path}: is no label file: {error}") from error
    except RecursionError as error:
        raise InputError(f"{path}: is nested too deeply for a label file") from error
    return _from_document(document, path)


def _from_yaml(text: str, path: Path) -> LabelMap:
    import yaml

    class Loader(yaml.SafeLoader):
        """Plain values, and no key twice: that would hide a class."""

        def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
            mapping: dict[Any, Any] = super().construct_mapping(node, deep)
            seen = set()
            for key_node, _ in node.value:
                key = self.construct_object(key_node, deep=True)
                if key in seen:
                    raise yaml.constructor.ConstructorError(
                        None, None, f"the key {key!r} is there twice", key_node.start_mark
                    )
                seen.add(key)
            return mapping

    try:
        depth = 0
        for event in yaml.parse(text, yaml.SafeLoader):
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if depth > _DEEPEST:
                raise InputError(f"{path}: is nested too deeply for a label file")
            if isinstance(event, yaml.AliasEvent):  # with these, a small file unfolds to any size
                line = event.start_mark.line + 1 if event.start_mark else "?"
                raise InputError(f"{path}: line {line}: aliases (*name) are refused; write the classes out")
        document = yaml.load(text, Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
        raise InputError(f"{path}: {where}is not usable YAML: {error.problem}") from error
    except (yaml.YAMLError, ValueError) as error:  # the latter: a date that does not exist
        raise InputError(f"{path}: is not usable YAML: {error}") from error
    except RecursionError as error:
        raise InputError(f"{path}: is nested too deeply for a label file") from error
    return _from_document(document, path)


_PARSERS: dict[str, Callable[[str, Path], LabelMap]] = {
    ".txt": _from_txt,
    ".json": _from_json,
    ".yaml": _from_yaml,
    ".yml": _from_yaml,
}


def _from_document(document: Any, path: Path) -> LabelMap:
    if isinstance(document, dict) and "names" in document:
        document = document["names"]
    if isinstance(document, dict):
        document = _numbered(document, path)
    if not isinstance(document, list):
        raise LabelError(
            f"{path}: holds {_kind(document)}; write a list of names, numbers with names, or either under `names`"
        )
    return _map([(f"class {position}", row) for position, row in enumerate(document)], path)


def _numbered(rows: dict[Any, Any], path: Path) -> list[Any]:
    """The values of {0: a, 1: b}, whose keys may be texts, as JSON's are."""
    numbers: dict[int, Any] = {}
    for key, value in rows.items():
        if isinstance(key, bool) or not str(key).isdecimal() or len(str(key)) > _MOST_DIGITS:
            raise LabelError(f"{path}: the key {key!r} is no class number; number the classes from 0 on")
        if int(key) in numbers:
            raise LabelError(f"{path}: the class number {int(key)} is there twice; keep one")
        numbers[int(key)] = value
    missing = next((number for number in range(len(numbers)) if number not in numbers), None)
    if missing is not None:
        raise LabelError(f"{path}: there is no class {missing}; number the classes from 0 on, without gaps")
    return [numbers[number] for number in range(len(numbers))]


def _map(rows: list[tuple[str, Any]], path: Path) -> LabelMap:
    if not rows:
        raise LabelError(f"{path}: holds no class")
    labels: list[Label] = []
    for where, row in rows:
        try:
            labels.append(_label(row))
        except LabelError as error:
            raise LabelError(f"{path}: {where}: {error}") from error
    try:
        return LabelMap(tuple(labels))
    except LabelError as error:
        raise LabelError(f"{path}: {error}") from error


def _label(row: Any) -> Label:
    if isinstance(row, str):
        return Label(row)
    if not isinstance(row, dict):
        hint = "; if it is one, put it in quotes" if isinstance(row, bool | int | float) else ""
        raise LabelError(f"{row!r} is {_kind(row)}, not a name{hint}")
    unknown = [key for key in row if key not in _FIELDS]
    if unknown:
        raise LabelError(f"{unknown[0]!r} is no field of a class; there are: {', '.join(_FIELDS)}")
    for name, kind in (("name", str), ("id", int), ("supercategory", str)):
        if name in row and (not isinstance(row[name], kind) or isinstance(row[name], bool)):
            raise LabelError(f"{name} is {row[name]!r}, {_kind(row[name])}; it must be {_KINDS[kind]}")
    colour = row.get("colour")
    if colour is not None and not (_numbers(colour, 3) and all(0 <= part <= 255 for part in colour)):
        raise LabelError(f"colour is {colour!r}; it must be three numbers from 0 to 255: red, green, blue")
    names, bones = row.get("keypoints", []), row.get("skeleton", [])
    if not isinstance(names, list) or any(not isinstance(name, str) for name in names):
        raise LabelError(f"keypoints is {names!r}; it must be a list of names")
    if not isinstance(bones, list) or not all(_numbers(bone, 2) for bone in bones):
        raise LabelError(f"skeleton is {bones!r}; it must be a list of pairs of positions in keypoints, from 0 on")
    return LabelMap.from_dict([row]).labels[0]


def _numbers(value: Any, count: int) -> bool:
    return isinstance(value, list) and len(value) == count and all(type(part) is int for part in value)


_KINDS: dict[type, str] = {
    dict: "a mapping",
    list: "a list",
    str: "a text",
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    type(None): "nothing",
}


def _kind(value: Any) -> str:
    return _KINDS.get(type(value), type(value).__name__)
