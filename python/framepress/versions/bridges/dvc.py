"""DVC keeps what is big, by folder where that is possible; git keeps the rest and DVC's own small files.

Every step is a command of DVC: its cache, its `.dvc` files and its database of what it has seen are its own business.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from framepress.errors import InputError, OptionError, OutputError
from framepress.storage.output import OWN
from framepress.versions.add import MEDIA
from framepress.versions.bridges.cover import cover
from framepress.versions.bridges.layout import Part, removed
from framepress.versions.bridges.repository import Repository, location
from framepress.versions.bridges.tools import DVC, GIT, Tool
from framepress.versions.bridges.tracker import Changes, Staged
from framepress.versions.manifest import Row

__all__ = ["Dvc"]

_BIG = 50_000_000  # bytes; hosts of git warn from here on
_JOURNAL = f"{OWN}journal"
_REMOTE = "storage"
_AT_ONCE = 500  # paths a command


class Dvc:
    """A `Tracker`."""

    tools: Sequence[Tool] = (GIT, DVC)
    checked_with = "dvc status"
    swept_with = "dvc gc --all-commits"

    def __init__(self, repository: Repository) -> None:
        self._repository = repository
        self._dataset = repository.dataset
        self._run = repository.tools.run

    def init(self) -> None:
        """In the DVC project around the dataset, or a new one of its own."""
        if self._found_root() is None:
            self._run(DVC, "init", "-q", *(["--subdir"] if self._repository.prefix else []))

    def _found_root(self) -> Path | None:
        for folder in (self._dataset, *self._dataset.parents):
            if (folder / ".dvc" / "config").is_file():
                return folder
            if folder == self._repository.root:
                break
        return None

    def _root(self) -> tuple[Path, str]:
        """The folder of the DVC project, and the dataset's path in it ("" or "a/b/").

        Raises:
            InputError: there is none.
        """
        root = self._found_root()
        if root is None:
            raise InputError(f"{self._dataset}: is in no DVC project; `framepress version init --to dvc` makes one")
        inside = self._dataset.relative_to(root).as_posix()
        return root, "" if inside == "." else f"{inside}/"

    def stage(self, workers: int | None) -> Staged:
        repository = self._repository
        outs = self._outs()
        for gone in [out for out in outs if not os.path.lexists(self._dataset / out)]:
            self._run(DVC, "remove", "-q", "--", outs.pop(gone))
        taken = {*outs, *repository.staged(repository.index)}
        new = cover(self._files(taken), taken)
        self._each("add", [*outs, *new])
        repository.git("add", "-A", "--", ".")
        return Staged(*self._counted(), 0, 0)

    def _outs(self) -> dict[str, str]:
        """What is tracked -> its `.dvc` file; what comes from elsewhere (`dvc import`) is DVC's own business."""
        found: dict[str, str] = {}
        for folder, folders, files in os.walk(self._dataset):
            folders[:] = [name for name in folders if name not in (".dvc", ".git")]
            inside = Path(folder).relative_to(self._dataset)
            for file in sorted(name for name in files if name.endswith(".dvc") and name != ".dvc"):
                path = (inside / file).as_posix()
                document = _document((Path(folder) / file).read_bytes(), path)
                if "deps" not in document:
                    found.update((out, path) for out in _paths(document, inside))
            folders[:] = [name for name in folders if (inside / name).as_posix() not in found]
        return found

    def _files(self, taken: set[str]) -> dict[str, bool]:
        """Path -> whether it is big, of the files that neither git nor DVC has and that the user does not ignore."""
        found: dict[str, bool] = {}
        for folder, folders, files in os.walk(self._dataset):
            inside = Path(folder).relative_to(self._dataset).as_posix()
            prefix = "" if inside == "." else f"{inside}/"
            folders[:] = [name for name in folders if prefix + name not in taken and _may_hold(prefix + name)]
            for name in files:
                path = prefix + name
                if path not in taken and not os.path.islink(f"{folder}/{name}") and not path.endswith(".dvc"):
                    found[path] = _is_big(path, f"{folder}/{name}")
        for path in self._repository.ignored([path for path, big in found.items() if big]):
            del found[path]
        return found

    def _each(self, verb: str, paths: Sequence[str], *options: str) -> None:
        for start in range(0, len(paths), _AT_ONCE):
            self._run(DVC, verb, "-q", *options, "--", *paths[start : start + _AT_ONCE])

    def _counted(self) -> tuple[int, int]:
        """Files of the next version and their size [bytes]."""
        count = size = 0
        for path in self._repository.belonging():
            file = self._dataset / path
            if file.is_file():
                count += 1
                size += file.stat().st_size
        for file in map(self._dataset.joinpath, sorted({*self._outs().values()})):
            for out in _document(file.read_bytes(), str(file)).get("outs", []):
                count += int(out.get("nfiles", 1))
                size += int(out.get("size", 0))
        return count, size

    def rows(self, commit: str) -> list[Row]:
        """Of what DVC keeps, paths only."""
        root, prefix = self._root()
        arguments = ("--rev", commit, "-R", "--dvc-only", "--json", "--", str(root), prefix.rstrip("/"))
        told = json.loads(self._run(DVC, "list", *(part for part in arguments if part)))
        blobs = [Row(blob.path, "", 0) for blob in self._repository.blobs(commit)]
        return sorted([*blobs, *(Row(entry["path"], "", int(entry.get("size") or 0)) for entry in told)])

    def between(self, before: str, after: str) -> Changes:
        found = {path: _sides(path, old, new) for path, old, new in self._repository.between(before, after)}
        _, prefix = self._root()
        told = json.loads(self._run(DVC, "diff", "--json", before, after) or b"{}")
        return dict(sorted({**found, **dict(_changes(told, prefix))}.items()))

    def changed(self) -> Changes:
        _, prefix = self._root()
        told = json.loads(self._run(DVC, "data", "status", "--granular", "--json") or b"{}")
        found: dict[str, tuple[Row | None, Row | None]] = {
            path: (Row(path, "", 0) if old else None, self._now(path)) for path, old in self._repository.changed()
        }
        for part in ("committed", "uncommitted"):
            for path, (old, new) in _changes(told.get(part, {}), prefix):
                first = found[path][0] if path in found else old
                found[path] = (first, self._now(path) if new else None)
        return dict(sorted(found.items()))

    def _now(self, path: str) -> Row | None:
        file = self._dataset / path
        return Row(path, "", file.stat().st_size) if file.is_file() else None

    def parts(self, commit: str, scratch: Path) -> Iterator[Part]:
        root, prefix = self._root()
        blobs = self._repository.blobs(commit)
        contents = dict(self._repository.contents(blob.id for blob in blobs))
        for blob in blobs:
            yield Part(blob.path, blob.mode, content=contents[blob.id])
            if not blob.path.endswith(".dvc"):
                continue
            document = _document(contents[blob.id], blob.path)
            for out in _paths(document, Path(blob.path).parent):
                made = scratch / str(len(os.listdir(scratch)))
                self._run(DVC, "get", "-q", "--rev", commit, "-o", str(made), "--", str(root), prefix + out)
                yield Part(out, "040000" if made.is_dir() else "100644", source=made)

    def restore(self, commit: str) -> None:
        """What the commit does not track is taken away, as DVC's cache has it."""
        before = self._outs()
        self._repository.restore(commit)
        outs = self._outs()
        removed(self._dataset / out for out in before.keys() - outs.keys())
        try:
            self._each("checkout", [*outs], "--force")
        except OutputError:  # a content is not in the cache: the remote may have it
            self._each("fetch", [*outs])
            self._each("checkout", [*outs], "--force")

    def push(self, remote: str) -> str:
        """The contents of all versions; then git's part, where git has a remote."""
        self._run(DVC, "push", "-q", "--all-commits", *self._named(remote))
        theirs = self._repository.remote("")
        if theirs:
            self._repository.push(theirs)
        return theirs

    def pull(self, remote: str) -> str:
        theirs = self._repository.remote("")
        if theirs:
            self._repository.pull(theirs)
        self._each("pull", [*self._outs()], *self._named(remote))
        return theirs

    def _named(self, wanted: str) -> list[str]:
        """Options that name DVC's remote; a URL or folder becomes its default where it has none.

        Raises:
            OptionError: there is no such remote.
        """
        told = self._run(DVC, "remote", "list").decode().splitlines()
        remotes = {
            name: url.split()[0] if url.split() else "" for name, _, url in (row.partition("\t") for row in told)
        }
        if not wanted:
            if not remotes:
                raise OptionError(f"{self._dataset}: DVC has no remote yet; name one: a URL, or a folder")
            return []
        if wanted in remotes:
            return ["-r", wanted]
        url = location(wanted).removeprefix("file://")
        known = [name for name, there in remotes.items() if there == url]
        if known:
            return ["-r", known[0]]
        if remotes:
            raise OptionError(f"{wanted!r}: is no remote of DVC ({', '.join(remotes)}); `dvc remote add NAME {wanted}`")
        self._run(DVC, "remote", "add", "-q", "-d", "--", _REMOTE, url)
        return []


def _is_big(path: str, name: str) -> bool:
    if path.startswith(f"{_JOURNAL}/"):
        return True
    return os.path.splitext(path)[1].lower() in MEDIA or os.stat(name).st_size > _BIG


def _may_hold(folder: str) -> bool:
    if folder.startswith(OWN):
        return folder.startswith(_JOURNAL)
    return folder.rpartition("/")[2] not in (".git", ".dvc", ".hg", ".svn")


def _document(content: bytes, path: str) -> Mapping[str, Any]:
    try:
        found = yaml.safe_load(content)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read: {error}") from error
    if not isinstance(found, dict):
        raise InputError(f"{path}: is no file of DVC's")
    return found


def _paths(document: Mapping[str, Any], folder: Path) -> list[str]:
    """What a `.dvc` file in `folder` tracks."""
    base = folder / str(document.get("wdir", "."))
    return [os.path.normpath(base / str(out["path"])) for out in document.get("outs", [])]


def _sides(path: str, old: object, new: object) -> tuple[Row | None, Row | None]:
    return (Row(path, "", 0) if old else None, Row(path, "", 0) if new else None)


def _changes(told: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, tuple[Row | None, Row | None]]]:
    """From DVC's lists, which name folders, too, with a slash behind, and put an entry in a dictionary or do not."""
    for kind, old, new in (("added", False, True), ("deleted", True, False), ("modified", True, True)):
        for entry in told.get(kind, []):
            yield from _inside(entry["path"] if isinstance(entry, dict) else entry, prefix, old, new)
    for entry in told.get("renamed", []):
        names = entry.get("path", entry)
        yield from _inside(names["old"], prefix, True, False)
        yield from _inside(names["new"], prefix, False, True)


def _inside(path: str, prefix: str, old: bool, new: bool) -> Iterator[tuple[str, tuple[Row | None, Row | None]]]:
    if path.startswith(prefix) and not path.endswith("/"):
        below = path.removeprefix(prefix)
        yield below, _sides(below, old, new)
