"""Classes under other names: several as one, or left out."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from framepress.core import Frame, Label, LabelMap, View
from framepress.core.files import read_file
from framepress.dataset.opening import Dataset, open_dataset
from framepress.dataset.report import Report
from framepress.dataset.select.derive import derived
from framepress.dataset.select.parse import near
from framepress.dataset.split import Split
from framepress.errors import InputError, LabelError
from framepress.storage.output import Output

__all__ = ["ClassMapping", "relabel"]

_LARGEST = 4 << 20


@dataclass(frozen=True)
class ClassMapping:
    """Old class -> new class, "" = leave its objects out; classes that are not named stay.

    All at once: `a=b, b=a` exchanges two classes. Old names are compared without case, as everywhere.

    Raises:
        LabelError: no pair, an empty old name, one given twice, or a new name that no class may have.
    """

    pairs: tuple[tuple[str, str], ...]

    def __post_init__(self) -> None:
        if not self.pairs:
            raise LabelError("the class mapping is empty; write it as old=new,other=")
        seen: set[str] = set()
        for old, new in self.pairs:
            if not old:
                raise LabelError(f"class mapping: {'=' + new!r}: the class that is meant is missing before the =")
            if old.casefold() in seen:
                raise LabelError(f"class mapping: {old!r} is there twice; a class can become one class only")
            seen.add(old.casefold())
            if new:
                Label(new)

    @classmethod
    def parsed(cls, text: str) -> ClassMapping:
        """From `van=car,truck=car,sign=`.

        Raises:
            LabelError: a part has no =.
        """
        return cls(tuple(_pair(part, "class mapping") for part in text.split(",") if part.strip()))

    @classmethod
    def read(cls, path: Path | str) -> ClassMapping:
        """From a file: .json with {"van": "car", "sign": null}, or any other with a line `old=new` a class.

        Empty lines and lines that begin with # are passed over.

        Raises:
            InputError: the file cannot be read, or is no JSON.
            LabelError: what it holds is no mapping.
        """
        path = Path(path)
        try:
            text = read_file(path, _LARGEST).decode("utf-8-sig")
            if path.suffix.lower() != ".json":
                lines = [line.strip() for line in text.splitlines()]
                return cls(tuple(_pair(line, str(path)) for line in lines if line and not line.startswith("#")))
            pairs = json.loads(text, object_pairs_hook=list)
        except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
            raise InputError(f"{path}: cannot be read as a class mapping: {error}") from error
        if not isinstance(pairs, list) or not all(
            isinstance(pair, tuple) and isinstance(pair[1], str | None) for pair in pairs
        ):
            raise LabelError(f"{path}: must be one object of old class and new class, such as {{'van': 'car'}}")
        return cls(tuple((old.strip(), (new or "").strip()) for old, new in pairs))

    def to_dict(self) -> dict[str, str]:
        return dict(self.pairs)

    def new_names(self, labels: LabelMap) -> list[str]:
        """For each class its new name, "" where it is left out; in the spelling of a class that stays, if one does.

        Raises:
            LabelError: a class of the mapping is not in `labels`.
        """
        wanted = {}
        for old, new in self.pairs:
            if labels.find(old) is None:
                raise LabelError(
                    f"class mapping: there is no class {old!r}{near(old, list(labels.names), 'the classes are')}"
                )
            wanted[old.casefold()] = new
        found = [wanted.get(name.casefold(), name) for name in labels.names]
        spelling: dict[str, str] = {}
        for old, new in zip(labels.names, found, strict=True):
            if old.casefold() not in wanted:
                spelling[new.casefold()] = new
        for new in found:
            spelling.setdefault(new.casefold(), new)
        return [spelling[new.casefold()] for new in found]

    def labels(self, labels: LabelMap) -> LabelMap:
        """The classes afterwards: each at the place of the first that became it.

        Number, colour and supercategory are those of the class that has the name already, else of that first one; key
        points are those of whichever has some.

        Raises:
            LabelError: none is left, or classes with different key points become one.
        """
        sources: dict[str, list[Label]] = {}
        for label, new in zip(labels.labels, self.new_names(labels), strict=True):
            if new:
                sources.setdefault(new, []).append(label)
        if not sources:
            raise LabelError("class mapping: no class is left; give at least one a name")
        return LabelMap(tuple(_merged(new, found) for new, found in sources.items()))

    def stage(self, labels: LabelMap) -> Callable[[Frame], Frame]:
        """What gives a frame's objects their new classes, and the classes of its semantic map their new names.

        Of classes that are left out the semantic map still tells where they are, as the picture does.

        Args:
            labels: the classes of the frames that come.
        """
        after = self.labels(labels)
        named = dict(zip((name.casefold() for name in labels.names), self.new_names(labels), strict=True))

        def mapped(view: View) -> View:
            objects = view.objects
            if len(objects):
                new = [named.get(name.casefold(), name) for name in objects.classes]
                objects = objects.take(np.array([bool(name) for name in new])[objects.label])
                codes = np.zeros(len(new), np.int32)
                for code in np.unique(objects.label).tolist():  # a frame may list classes that it has no object of
                    codes[code] = after.code(new[code])
                objects = objects.relabelled(after.names, codes)
            names = {number: _renamed(name, named) for number, name in view.names.items()}
            return view.replaced(objects=objects, names=names)

        def stage(frame: Frame) -> Frame:
            return frame.replaced(views=tuple(map(mapped, frame.views)))

        return stage


def relabel(
    source: Dataset | Path | str,
    target: Path | str | Output,
    mapping: ClassMapping | Mapping[str, str],
    formats: Mapping[str, Mapping[str, Any]] | Sequence[str] | None = None,
    *,
    split: Split | None = None,
    workers: int | None = None,
    existing: str = "error",
    on_frame: Callable[[int], None] | None = None,
) -> Report:
    """A dataset with the same frames under other classes; files are linked where they hold pixels alone (`native`).

    Args:
        mapping: old class -> new class, "" = leave its objects out; those that are not named stay.
        formats: None for those of the source.
        others: as for `convert`.

    Raises:
        LabelError: a class is not there, or classes cannot become one.
        OptionError: the source's format cannot be written.
    """
    dataset = open_dataset(source) if isinstance(source, Path | str) else source
    wanted = mapping if isinstance(mapping, ClassMapping) else ClassMapping(tuple(mapping.items()))
    labels = dataset.labels()
    return derived(
        dataset,
        target,
        formats,
        stages=[wanted.stage(labels)],
        labels=wanted.labels(labels),
        how={"verb": "relabel", "classes": wanted.to_dict()},
        same_frames=False,
        same_pixels=True,
        split=split,
        workers=workers,
        existing=existing,
        on_frame=on_frame,
    )


def _pair(text: str, where: str) -> tuple[str, str]:
    old, equals, new = text.partition("=")
    if not equals:
        raise LabelError(f"{where}: {text.strip()!r}: write it as old=new, or as old= to leave the class out")
    return old.strip(), new.strip()


def _merged(name: str, labels: Iterable[Label]) -> Label:
    labels = list(labels)
    first = next((label for label in labels if label.name.casefold() == name.casefold()), labels[0])
    pointed = [label for label in labels if label.keypoints]
    for other in pointed[1:]:
        if (other.keypoints, other.skeleton) != (pointed[0].keypoints, pointed[0].skeleton):
            raise LabelError(
                f"class mapping: {pointed[0].name!r} and {other.name!r} have different key points and cannot both "
                f"become {name!r}"
            )
    points = pointed[0] if pointed else first
    return replace(first, name=name, keypoints=points.keypoints, skeleton=points.skeleton)


def _renamed(name: str, named: Mapping[str, Any]) -> str:
    """Of labels that are joined by commas, each."""
    parts = [named.get(part.casefold()) or part for part in name.split(",")]
    return named.get(name.casefold()) or ",".join(dict.fromkeys(parts))
