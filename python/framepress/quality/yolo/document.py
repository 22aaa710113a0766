"""What a `data.yaml` says, each thing with its line; what readers trip over is told, and the rest is taken in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from framepress.core import Label
from framepress.errors import InputError, LabelError
from framepress.quality.issue import Issue
from framepress.storage.images import refuse_pointer

__all__ = ["Document", "Scalar", "document", "shown"]

TASKS = ("detect", "segment", "pose", "obb")
_LARGEST = 4 << 20
_MOST = 100_000  # values: no set has more classes, and a parser in Python still ends
_DEEPEST = 20
_MOST_POINTS = 10_000
_KEYS = frozenset("path nc names kpt_shape flip_idx channels download yaml_file kpt_names minival task".split())
_SPLITS = ("train", "val", "test")


@dataclass(frozen=True, slots=True)
class Scalar:
    """A single value. `kind` is what YAML takes it for: str, int, bool, null, float, ...; "" for a list or map."""

    text: str
    kind: str
    line: int

    @property
    def whole(self) -> int | None:
        """None where it is no plain whole number."""
        digits = self.text.removeprefix("-")
        plain = self.kind == "int" and digits.isdecimal() and digits.isascii() and len(digits) < 19
        return int(self.text) if plain else None


@dataclass(frozen=True, eq=False)
class Document:
    """Args: name: of the file; splits: name -> folders, lists or images; faults: of the rest; pose_faults: of poses."""

    name: str
    names: Mapping[int, str] | None = None
    """None where there are none that can be told; numbers that are out of order are kept."""
    nc: int | None = None
    path: Scalar | None = None
    task: str = ""
    keypoints: tuple[int, int] | None = None
    splits: Mapping[str, list[Scalar]] = field(default_factory=dict)
    lines: Mapping[str, int] = field(default_factory=dict)
    faults: list[Issue] = field(default_factory=list)
    pose_faults: list[Issue] = field(default_factory=list)

    @property
    def classes(self) -> int | None:
        """How many a row may name, as Ultralytics counts."""
        return self.nc if self.names is None else len(self.names)


def shown(text: str) -> str:
    """A value in a message: quoted, and never long."""
    return repr(text if len(text) <= 60 else f"{text[:57]}...")


def document(content: bytes, name: str) -> Document:
    """Take in a data.yaml.

    Raises:
        InputError: it is no YAML, or is too large, deep or rich to be one of a dataset.
    """
    refuse_pointer(content, name)
    if len(content) > _LARGEST:
        raise InputError(f"{name}: has {len(content)} bytes; is it a YOLO data file?")
    faults: list[Issue] = []
    node = _composed(content, name, faults)
    if node is None or node.id != "mapping":
        faults.append(Issue(message="the document is no map of `names`, `train` and `val`", file=name))
        return Document(name, faults=faults)
    found = _Reader(name, faults).read(node)
    if not faults and (words := _unloadable(content)):
        faults.append(Issue(message=words, file=name))
    return found


def _unloadable(content: bytes) -> str:
    """What a YAML reader says of a value that it cannot make, such as a list for a key or a 30th of February."""
    import yaml

    try:
        yaml.load(content, getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except (yaml.YAMLError, ValueError, TypeError, RecursionError) as error:
        return f"YAML readers fail: {' '.join(str(error).split())}"
    return ""


def _composed(content: bytes, name: str, faults: list[Issue]) -> Any:
    """The tree of nodes: aliases lead to one node twice there, and unfold to nothing."""
    import yaml

    loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    depth = count = 0
    try:
        for event in yaml.parse(content, loader):
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            count += 1
            if depth > _DEEPEST:
                raise InputError(f"{name}: is no YAML of a YOLO data file: it nests lists and maps {depth} deep")
            if count > _MOST:
                raise InputError(f"{name}: has more than {_MOST} values; is it a YOLO data file?")
            if isinstance(event, yaml.AliasEvent):
                words = f"there is an alias, *{event.anchor}; write out what it stands for"
                faults.append(Issue(message=words, file=name, line=_line(event)))
        return yaml.compose(content, loader)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise InputError(f"{name}: is no YAML: {' '.join(str(error).split())}") from error


class _Reader:
    """Reads the outermost map; collects what is wrong with it."""

    def __init__(self, name: str, faults: list[Issue]) -> None:
        self.name, self.faults, self.pose_faults = name, faults, list[Issue]()

    def read(self, root: Any) -> Document:
        nodes: dict[str, Any] = {}
        lines: dict[str, int] = {}
        for key, node in root.value:
            scalar = _scalar(key)
            if scalar.text in nodes:
                self._fault(f"the key {shown(scalar.text)} is there twice; readers keep the last", scalar, scalar.text)
            if key.tag.endswith(":merge"):
                self._fault("there is a merge key, <<; write out what it stands for", scalar, "<<")
            nodes[scalar.text], lines[scalar.text] = node, scalar.line
        names = self._names(nodes["names"]) if "names" in nodes else None
        if "names" not in nodes:
            self.faults.append(Issue(message="there are no `names`", file=self.name, place="names"))
        keypoints = self._keypoints(nodes["kpt_shape"]) if "kpt_shape" in nodes else None
        if keypoints is not None and "flip_idx" in nodes:
            self._flips(nodes["flip_idx"], keypoints[0])
        path = _scalar(nodes["path"]) if "path" in nodes else None
        return Document(
            self.name,
            names,
            self._count(nodes.get("nc"), names),
            path if path is not None and path.kind != "null" else None,
            task if "task" in nodes and (task := _scalar(nodes["task"]).text) in TASKS else "",
            keypoints,
            self._splits(nodes),
            lines,
            self.faults,
            self.pose_faults,
        )

    def _fault(self, message: str, at: Scalar, place: str) -> None:
        self.faults.append(Issue(message=message, file=self.name, line=at.line, place=place[:80]))

    def _names(self, node: Any) -> dict[int, str] | None:
        if node.id == "sequence":
            pairs = [(number, _scalar(item)) for number, item in enumerate(node.value)]
        elif node.id == "mapping":
            pairs = list(self._numbered(node))
        else:
            self._fault(f"names is {shown(_scalar(node).text)}, no list and no map", _scalar(node), "names")
            return None
        found: dict[int, str] = {}
        known: dict[str, int] = {}
        for number, name in pairs:
            place = f"names[{number}]"
            if number in found:
                self._fault(f"the number {number} is there twice; readers keep the last", name, place)
            self._check_name(name, place)
            found[number] = name.text
            first = known.setdefault(name.text.strip().casefold(), number)
            if first != number and name.kind:
                self._fault(f"{shown(name.text)} is the name of {first} as well", name, place)
        if not found:
            self._fault("names is empty", _scalar(node), "names")
        elif sorted(found) != list(range(len(found))):
            missing = next(number for number in range(len(found)) if number not in found)
            words = f"the numbers of {len(found)} names go to {max(found)}, and {missing} is not among them"
            self._fault(words, _scalar(node), "names")
        return found

    def _numbered(self, node: Any) -> Iterator[tuple[int, Scalar]]:
        for key, item in node.value:
            number = _scalar(key)
            if (code := number.whole) is not None:
                yield code, _scalar(item)
                continue
            place = f"names[{number.text}]"
            self._fault(
                f"the number of a name is {shown(number.text)}, a {number.kind or 'list or map'}", number, place
            )
            if number.kind == "str" and number.text.isdecimal() and len(number.text) < 19:
                yield int(number.text), _scalar(item)

    def _check_name(self, name: Scalar, place: str) -> None:
        if name.kind == "str":
            try:
                Label(name.text.strip())
            except LabelError as error:
                self._fault(str(error), name, place)
        elif name.kind == "bool":
            self._fault(f"the name {name.text} has no quotes: YAML takes it for a truth value", name, place)
        elif name.kind == "" or name.kind == "null":
            self._fault(f"a name is {'a list or map' if not name.kind else 'missing'}", name, place)
        elif str(name.whole) != name.text:
            self._fault(f"the name {shown(name.text)} has no quotes: YAML takes it for a {name.kind}", name, place)

    def _count(self, node: Any, names: Mapping[int, str] | None) -> int | None:
        if node is None:
            return None
        count = _scalar(node)
        if count.whole is None:
            self._fault(f"nc is {shown(count.text)}, no whole number", count, "nc")
        elif names is not None and count.whole != len(names):
            self._fault(f"nc is {count.whole}, and there are {len(names)} names", count, "nc")
        return count.whole

    def _keypoints(self, node: Any) -> tuple[int, int] | None:
        sides = [_scalar(item).whole for item in node.value] if node.id == "sequence" else []
        if len(sides) == 2 and sides[0] is not None and 1 <= sides[0] <= _MOST_POINTS and sides[1] in (2, 3):
            return sides[0], sides[1]
        words = f"kpt_shape is {_text(node)}, not the number of key points and 2 or 3"
        self.pose_faults.append(Issue(message=words, file=self.name, line=_scalar(node).line, place="kpt_shape"))
        return None

    def _flips(self, node: Any, points: int) -> None:
        flips = [_scalar(item).whole for item in node.value] if node.id == "sequence" else []
        if sorted(-1 if flip is None else flip for flip in flips) != list(range(points)):
            words = f"flip_idx is {_text(node)}, no order of the {points} key points 0 to {points - 1}"
            self.pose_faults.append(Issue(message=words, file=self.name, line=_scalar(node).line, place="flip_idx"))

    def _splits(self, nodes: Mapping[str, Any]) -> dict[str, list[Scalar]]:
        """The known splits first; another key is one where it holds texts."""
        found: dict[str, list[Scalar]] = {}
        for key in (*_SPLITS, *(key for key in nodes if key not in (*_SPLITS, *_KEYS))):
            if key not in nodes:
                continue
            node = nodes[key]
            items = [_scalar(item) for item in node.value] if node.id == "sequence" else [_scalar(node)]
            texts = [item for item in items if item.kind == "str" and item.text.strip()]
            for odd in (
                item
                for item in items
                if key in _SPLITS and item not in texts and (item.kind != "null" or len(items) > 1)
            ):
                self._fault(f"{key} has {shown(odd.text) if odd.kind else 'a list or map'}, which is no path", odd, key)
            if texts:
                found[key] = texts
        return found


def _line(at: Any) -> int:
    found: int = at.start_mark.line + 1
    return found


def _scalar(node: Any) -> Scalar:
    line = _line(node)
    return Scalar(node.value, node.tag.rpartition(":")[2], line) if node.id == "scalar" else Scalar("", "", line)


def _text(node: Any) -> str:
    if node.id == "sequence":
        return f"[{', '.join(_scalar(item).text[:20] for item in node.value[:20])}]"
    return "a map" if node.id == "mapping" else shown(str(node.value))
