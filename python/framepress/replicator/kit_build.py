"""The extension for Isaac Sim as a folder that needs nothing else: with the library in it, as far as writing needs it.

framepress.replicator/
    config/ data/ docs/ framepress_kit/   as in the repository; the manifest points at vendor/
    vendor/framepress/                    the library without the command line, the stand-in, and what needs those
    pip_prebundle/                        packages that were asked for; nothing here needs any
    files.json                            version, releases, and the sha256 of each file
"""

from __future__ import annotations

import ast
import hashlib
import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import framepress
from framepress.errors import InputError, OptionError, OutputError
from framepress.replicator import kit_wheels

__all__ = ["NAME", "RELEASES", "Built", "build", "contents"]

NAME = "framepress.replicator"
RELEASES = ("4.5", "5.0", "5.1", "6.0")
LISTING = "files.json"
_AGES = ("new", "old")

_LIBRARY = Path(framepress.__file__).parent
# An installed library has the extension inside of it; a checkout beside it.
_INSTALLED, _CHECKOUT = _LIBRARY / "kit_extension", _LIBRARY.parents[1] / "exts" / NAME
_LEFT_OUT = ("framepress.cli", "framepress.headless")
_NOT_THERE = ("click", "warp")  # in Isaac Sim, or not for us
_WRITER = "framepress.replicator.writer"
_IN_CHECKOUT, _IN_COPY = 'path = "../../python"', 'path = "vendor"'
_PREBUNDLED = """
[[python.module]]
path = "pip_prebundle"
"""


@dataclass(frozen=True)
class Built:
    """Args: releases: of Isaac Sim that the folder was made for."""

    folder: Path
    releases: tuple[str, ...]
    files: int
    nbytes: int


def build(out: Path, releases: Sequence[str] = RELEASES, wheels: Sequence[Path] = ()) -> Built:
    """Make `out`/framepress.replicator. The same sources give the same bytes.

    Nothing in it depends on the release but the wheels: it is Python alone, and Python of the oldest of them.

    Args:
        wheels: to unpack into pip_prebundle/.

    Raises:
        OptionError: a release that there is not; a wheel that is not for each of the releases, or for none.
        InputError: the extension is not where this library is; a file is no wheel.
        OutputError: what lies there is not ours, or was edited.
    """
    for release in releases:
        if release not in RELEASES:
            raise OptionError(f"Isaac Sim {release!r} is none of {', '.join(RELEASES)}")
    chosen = tuple(release for release in RELEASES if release in releases)
    files = contents(kit_wheels.unpacked(wheels, chosen))
    listing = {
        "version": framepress.__version__,
        "isaac_sim": list(chosen),
        "files": {path: hashlib.sha256(text).hexdigest() for path, text in files.items()},
    }
    files[LISTING] = (json.dumps(listing, indent=1) + "\n").encode()
    folder = out / NAME
    _check_ours(folder)
    for age in _AGES:
        shutil.rmtree(out / f".{NAME}.{age}", ignore_errors=True)  # of a build that was killed
    _put(folder, files)
    return Built(folder, chosen, len(files), sum(map(len, files.values())))


def contents(packages: Mapping[str, bytes]) -> dict[str, bytes]:
    """Path -> bytes of each file but the list of them, by path; `packages` are those of pip_prebundle/.

    Raises:
        InputError: the extension is not where this library is.
    """
    source = next((place for place in (_INSTALLED, _CHECKOUT) if (place / "config").is_dir()), None)
    if source is None:
        raise InputError(f"the extension is neither in {_INSTALLED} nor in {_CHECKOUT}: install framepress again")
    found = {path: (source / path).read_bytes() for path in _sources(source)}
    manifest = found["config/extension.toml"].decode()
    if manifest.count(_IN_CHECKOUT) != 1:
        raise InputError(f"{source}/config/extension.toml: expected one line {_IN_CHECKOUT}")
    manifest = manifest.replace(_IN_CHECKOUT, _IN_COPY) + (_PREBUNDLED if packages else "")
    found["config/extension.toml"] = manifest.encode()
    found["LICENSE"] = _license(source)
    for path in _vendored():
        found[f"vendor/framepress/{path}"] = (_LIBRARY / path).read_bytes()
    found |= {f"pip_prebundle/{path}": package for path, package in packages.items()}
    return dict(sorted(found.items()))


def _license(source: Path) -> bytes:
    if source == _CHECKOUT:
        return (_CHECKOUT.parents[1] / "LICENSE").read_bytes()
    return (metadata.distribution("framepress").read_text("licenses/LICENSE") or "").encode()


def _files(folder: Path) -> list[str]:
    found = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return sorted(path.as_posix() for path in found if "__pycache__" not in path.parts)


def _sources(folder: Path) -> list[str]:
    """Without what editors, systems and compilers leave beside them."""
    found = [path for path in _files(folder) if not path.endswith((".pyc", "~"))]
    return [path for path in found if not any(part.startswith(".") for part in path.split("/"))]


def _vendored() -> list[str]:
    """The library's files for a real Isaac Sim: all but those of `_LEFT_OUT`, and those that are nothing without
    any of these, or without what is not there.

    Raises:
        InputError: the writer itself would be left out.
    """
    sources = {_module(path): path for path in _sources(_LIBRARY) if path.endswith(".py")}
    sources = {name: path for name, path in sources.items() if not path.startswith(f"{_INSTALLED.name}/")}
    imported = {name: set(_imports((_LIBRARY / path).read_bytes())) for name, path in sources.items()}
    gone = {name for name in sources if _is_below(name, _LEFT_OUT)}
    absent = (*_LEFT_OUT, *_NOT_THERE)
    gone |= {name for name, needed in imported.items() if any(_is_below(other, absent) for other in needed)}
    while more := {name for name in imported.keys() - gone if imported[name] & gone}:
        gone |= more
    if _WRITER in gone:
        needed = ", ".join(sorted(imported[_WRITER] & gone)) or "a package that Isaac Sim has not"
        raise InputError(f"{_WRITER}: imports {needed}, not made for Isaac Sim")
    return sorted([*(path for name, path in sources.items() if name not in gone), "py.typed"])


def _module(path: str) -> str:
    parts = ("framepress", *Path(path).with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _is_below(name: str, packages: Sequence[str]) -> bool:
    return any(name == package or name.startswith(f"{package}.") for package in packages)


def _imports(source: bytes) -> Iterator[str]:
    """Every dotted name that a file imports when it is imported itself; of `from a import b` both a and a.b."""
    for node in ast.parse(source).body:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _check_ours(folder: Path) -> None:
    """Raises: OutputError: what lies there is anything but what was built before."""
    if not folder.exists():
        return
    try:
        listed: Mapping[str, str] = json.loads((folder / LISTING).read_bytes())["files"]
        edited = [path for path in _files(folder) if path != LISTING and _sha256(folder / path) != listed.get(path)]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise OutputError(f"{folder}: is there, and was not built by framepress; choose another folder") from error
    if edited:
        raise OutputError(f"{folder / edited[0]}: is not as it was built; move it away, or choose another folder")


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _put(folder: Path, files: Mapping[str, bytes]) -> None:
    """Written beside, then moved into the former's place: Isaac Sim watches the folder, and sees no half of it."""
    fresh, former = (folder.with_name(f".{folder.name}.{age}") for age in _AGES)
    try:
        for path, text in files.items():
            (fresh / path).parent.mkdir(parents=True, exist_ok=True)
            (fresh / path).write_bytes(text)
        if folder.exists():
            folder.rename(former)
        try:
            fresh.rename(folder)
        except OSError:
            if former.exists():
                former.rename(folder)
            raise
        shutil.rmtree(former, ignore_errors=True)
    except OSError as error:
        shutil.rmtree(fresh, ignore_errors=True)
        raise OutputError(f"{folder}: {error.strerror or error}") from error
