"""DVC keeps what is big, by folder where that is possible; git keeps the rest and DVC's own small files.

Every step is a command of DVC: its cache, its `.dvc` files and its database of what it has seen are its own business.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from framepress.errors import InputError, OptionError, OutputError
from framepress.storage.output import OWN
from framepress.storage.paths import checked
from framepress.versions.add import MEDIA
from framepress.versions.bridges.cover import cover
from framepress.versions.bridges.layout import Part, removed
from framepress.versions.bridges.repository import Repository, location
from framepress.versions.bridges.tools import DVC, GIT, Tool, Tools
from framepress.versions.bridges.tracker import Changes, Staged
from framepress.versions.manifest import Row
from framepress.versions.place import INSIDE

__all__ = ["Dvc"]

_BIG = 50_000_000  # bytes; hosts of git warn from here on
_JOURNAL = f"{OWN}journal"
_REMOTE = "storage"
_AT_ONCE = 500  # paths a command


class _Out(NamedTuple):
    """What is tracked: by which `.dvc` file, and whether from elsewhere (`dvc import`), which is DVC's own business."""

    file: str
    imported: bool


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
        own = {out: file for out, (file, imported) in outs.items() if not imported}
        for gone in [out for out in own if not os.path.lexists(self._dataset / out)]:
            self._run(DVC, "remove", "-q", "--", own.pop(gone))
        taken = {*outs, *repository.staged(repository.index)}
        self._each("add", [*own, *cover(self._files(taken), taken)])
        repository.git("add", "-A", "--", ".")
        return Staged(*self._counted(), 0, 0)

    def _outs(self) -> dict[str, _Out]:
        """What DVC tracks in the folder as it is."""
        found: dict[str, _Out] = {}
        for folder, folders, files in os.walk(self._dataset):
            folders[:] = [name for name in folders if name not in (".dvc", ".git")]
            inside = Path(folder).relative_to(self._dataset)
            for file in sorted(name for name in files if name.endswith(".dvc") and name != ".dvc"):
                path = (inside / file).as_posix()
                found.update(_tracked((Path(folder) / file).read_bytes(), path))
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
            self._run(DVC, verb, *options, "--", *paths[start : start + _AT_ONCE])

    def _counted(self) -> tuple[int, int]:
        """Files of the next version and their size [bytes]."""
        count = size = 0
        for path in self._repository.belonging():
            file = self._dataset / path
            if file.is_file():
                count += 1
                size += file.stat().st_size
        for file in map(self._dataset.joinpath, sorted({out.file for out in self._outs().values()})):
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

    def holds(self, commit: str) -> Callable[[str], bool]:
        blobs = {blob.path for blob in self._repository.blobs(commit)}
        outs = self._outs()
        folders = tuple(f"{out}/" for out in outs)
        return lambda path: path in blobs or path in outs or path.startswith(folders)

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
        blobs = self._repository.blobs(commit)
        contents = dict(self._repository.contents(blob.id for blob in blobs))
        outs: dict[str, _Out] = {}
        for blob in blobs:
            yield Part(blob.path, blob.mode, content=contents[blob.id])
            if blob.path.endswith(".dvc"):
                outs.update(_tracked(contents[blob.id], checked(blob.path)))
                target = scratch / blob.path
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(contents[blob.id])
        if outs:
            self._lay_out(list(outs), scratch)
        for out in outs:
            made = scratch / out
            yield Part(out, "040000" if made.is_dir() else "100644", source=made)

    def _lay_out(self, outs: Sequence[str], scratch: Path) -> None:
        tools = self._project(scratch)
        if tools.ask(DVC, "checkout", "--", *outs).code == 0:
            return
        self._give_remotes(tools)
        tools.run(DVC, "pull", "--", *outs)

    def _project(self, scratch: Path) -> Tools:
        """A project for the moment, without git, that has the cache and the settings of the dataset's own."""
        root, _ = self._root()
        tools = Tools(scratch)
        tools.run(DVC, "init", "-q", "--no-scm")
        for name in ("config", "config.local"):
            if (root / ".dvc" / name).is_file():
                shutil.copyfile(root / ".dvc" / name, scratch / ".dvc" / name)
        tools.run(DVC, "config", "--local", "core.no_scm", "true")
        cache = os.fsdecode(self._run(DVC, "cache", "dir")).rstrip("\n")
        tools.run(DVC, "cache", "dir", "--local", "--", cache)
        return tools

    def _give_remotes(self, tools: Tools) -> None:
        """Their URLs, as they are from the dataset's own folder."""
        for name, url in _remotes(self._settings()).items():
            tools.run(DVC, "remote", "modify", "--local", "--", name, "url", url)

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
        """The contents of all versions; then git's part, where git has a remote.

        `dvc push --all-commits` passes over commits that are older than the remote, and takes in what is beside the
        dataset: the `.dvc` files of all versions are put into one project for the moment, which is pushed.
        """
        name = self._remote(remote)
        own = self._dataset / INSIDE
        own.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="push-", dir=own) as scratch:
            tools = self._project(Path(scratch))
            self._give_remotes(tools)
            blobs = [blob for version in self._repository.log() for blob in self._repository.blobs(version.id)]
            wanted = {blob.id for blob in blobs if blob.path.endswith(".dvc")}
            for id, content in self._repository.contents(sorted(wanted)):
                folder = Path(scratch) / id
                folder.mkdir()
                (folder / "version.dvc").write_bytes(content)
            tools.run(DVC, "push", "-r", name)
        theirs = self._repository.remote("")
        if theirs:
            self._repository.push(theirs)
        return theirs or name

    def pull(self, remote: str) -> str:
        theirs = self._repository.remote("")
        if theirs:
            self._repository.pull(theirs)
        name = self._remote(remote)
        self._each("pull", [*self._outs()], "-r", name)
        return theirs or name

    def _remote(self, wanted: str) -> str:
        """The name of DVC's remote; a URL or folder becomes one, the default, where there is none yet.

        Raises:
            OptionError: there is no such remote.
        """
        settings = self._settings()
        remotes = _remotes(settings)
        if not wanted:
            wanted = settings.get("core.remote", "") or (next(iter(remotes)) if len(remotes) == 1 else "")
            if not wanted:
                raise OptionError(f"{self._dataset}: DVC has no default remote yet; name one: a URL, or a folder")
        if wanted in remotes:
            return wanted
        url = str(Path(wanted).resolve()) if Path(wanted).is_dir() else location(wanted)
        known = [name for name, there in remotes.items() if there == url]
        if known:
            return known[0]
        if remotes:
            raise OptionError(f"{wanted!r}: is no remote of DVC ({', '.join(remotes)}); `dvc remote add NAME {wanted}`")
        self._run(DVC, "remote", "add", "-q", "-d", "--", _REMOTE, url)
        return _REMOTE

    def _settings(self) -> dict[str, str]:
        told = self._run(DVC, "config", "--list").decode(errors="replace").splitlines()
        return {name: value for name, _, value in (row.partition("=") for row in told)}


def _remotes(settings: Mapping[str, str]) -> dict[str, str]:
    """Name -> URL or folder, of DVC's own."""
    return {
        name.removeprefix("remote.").removesuffix(".url"): value
        for name, value in settings.items()
        if name.startswith("remote.") and name.endswith(".url")
    }


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


def _tracked(content: bytes, file: str) -> dict[str, _Out]:
    """What a `.dvc` file tracks.

    Raises:
        InputError: it cannot be read, or leads out of the dataset.
    """
    document = _document(content, file)
    base = Path(file).parent / str(document.get("wdir", "."))
    paths = [checked(os.path.normpath(base / str(out["path"]))) for out in document.get("outs", [])]
    return {path: _Out(file, "deps" in document) for path in paths}


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
