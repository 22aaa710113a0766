"""The format registry: one line a format, each imported on first use.

Third parties add theirs with `register()`, or with an entry point in the group `framepress.formats` that names a
`Format`; code that a host finds by `sys.path` alone has no entry points, hence both.
"""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path

from framepress.errors import InputError, OptionError
from framepress.formats.base import Files, Format, FormatWriter, Row, Rows

__all__ = ["Files", "Format", "FormatWriter", "Row", "Rows", "by_name", "detect", "names", "register"]

_MODULES = {
    "basic": "framepress.formats.basic",
    "native": "framepress.formats.native",
    "coco": "framepress.formats.coco",
    "yolo": "framepress.formats.yolo",
    "kitti": "framepress.formats.kitti",
}
_REGISTERED: dict[str, Format] = {}


def register(format: Format) -> None:
    """Add a format of one's own.

    Raises:
        OptionError: the name is taken by another format.
    """
    if format.name in _MODULES or _REGISTERED.get(format.name, format) != format:
        raise OptionError(f"a format named {format.name!r} exists already; choose another name")
    _REGISTERED[format.name] = format


def names() -> tuple[str, ...]:
    """Every format's name: ours in the order of the table, then the others by name."""
    found = {point.name for point in entry_points(group="framepress.formats")} | set(_REGISTERED)
    return (*_MODULES, *sorted(found - set(_MODULES)))


def by_name(name: str) -> Format:
    """The format of this name.

    Raises:
        OptionError: there is none.
    """
    if name in _MODULES:
        found: Format = import_module(_MODULES[name]).FORMAT
        return found
    if name not in _REGISTERED:
        for point in entry_points(group="framepress.formats", name=name):
            register(point.load())
    if name not in _REGISTERED:
        raise OptionError(f"no format is named {name!r}; there are: {', '.join(names())}")
    return _REGISTERED[name]


def detect(path: Path) -> Format:
    """The one format that a folder or file looks like.

    Raises:
        InputError: none or several do.
    """
    fitting = [format for format in map(by_name, names()) if format.looks_like is not None and format.looks_like(path)]
    if len(fitting) != 1:
        what = " and ".join(format.name for format in fitting) or "no format that can be read"
        raise InputError(f"{path}: looks like {what}; name the format that it has, one of {', '.join(names())}")
    return fitting[0]
