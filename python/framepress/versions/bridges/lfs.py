"""Git LFS keeps what is big: media files, our journal, and any file above 50 MB.

`git add` pipes each such file through git-lfs, which hashes and copies it. Where its sha256 is known already, it is
given its place among the objects of LFS as a hard link and its pointer goes to git directly; what results is the same,
and `git add` looks at all files once more behind it.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath

from framepress.errors import InputError, OptionError, OutputError
from framepress.storage.durable import sync_tree
from framepress.storage.output import OWN, refused
from framepress.versions.add import MEDIA, is_shared
from framepress.versions.bridges.blocks import add_lines, pattern
from framepress.versions.bridges.index_file import tell_stats
from framepress.versions.bridges.layout import Part
from framepress.versions.bridges.pointers import LONGEST, Pointer, pointed
from framepress.versions.bridges.repository import Repository
from framepress.versions.bridges.tools import GIT, LFS, Tool
from framepress.versions.bridges.tracker import Changes, Staged
from framepress.versions.manifest import Row
from framepress.versions.working import Seen, Working, look, sha256_of

__all__ = ["Lfs"]

_TRACKED = " filter=lfs diff=lfs merge=lfs -text"
_BIG = 50_000_000  # bytes; hosts of git warn from here on
_JOURNAL = f"{OWN}journal/"
_COPY = "framepress-index-"
_OLD_S = 86_400


class Lfs:
    """A `Tracker`."""

    tools: Sequence[Tool] = (GIT, LFS)
    checked_with = "git lfs fsck"
    swept_with = "git lfs prune"

    def __init__(self, repository: Repository) -> None:
        self._repository = repository
        self._run = repository.tools.run

    def init(self) -> None:
        self._run(LFS, "install", "--local")
        # A file's ctime changes whenever it gets another name (a checkout elsewhere): git would read it all again.
        self._run(GIT, "config", "--local", "core.trustctime", "false")
        lines = [f"*{suffix}{_TRACKED}" for suffix in sorted(MEDIA)]
        add_lines(self._repository.dataset / ".gitattributes", [*lines, f"/{_JOURNAL}**{_TRACKED}"])

    def stage(self, workers: int | None) -> Staged:
        repository = self._repository
        if not repository.setting("filter.lfs.clean"):  # a clone by somebody without them: git would keep it all itself
            self._run(LFS, "install", "--local")
        working = look(repository.dataset, workers=workers)
        belonging = repository.belonging()
        self._track(belonging, working)
        with self._index() as index:
            added = 0 if self._extended() else self._stage_known(self._by_lfs(belonging), working, index)
            repository.git("add", "-A", "--", ".", index=index)
        kept = [working.files[path].size for path in {*belonging, ".gitattributes"} if path in working.files]
        return Staged(len(kept), sum(kept), working.read, added)

    def _track(self, belonging: Iterable[str], working: Working) -> None:
        """Lines for what is big and is not tracked yet, unless the user has said that it must not be."""
        big = [path for path in belonging if path in working.files and _is_big(path, working.files[path])]
        new = [path for path, filter in self._filters(big) if filter == "unspecified"]
        lines = []
        for path in new:
            suffix = PurePosixPath(path).suffix
            wanted = f"*{suffix}" if suffix.lower() in MEDIA and suffix.isascii() else pattern(path)
            lines.append(f"{wanted}{_TRACKED}")
        add_lines(self._repository.dataset / ".gitattributes", sorted(set(lines)))

    def _filters(self, paths: Iterable[str]) -> Iterator[tuple[str, str]]:
        """Path and what gitattributes say of its `filter`."""
        given = b"".join(os.fsencode(path) + b"\0" for path in paths)
        told = self._run(GIT, "check-attr", "-z", "--stdin", "filter", stdin=given).split(b"\0")
        return ((os.fsdecode(path), value.decode()) for path, value in zip(told[0:-1:3], told[2::3], strict=True))

    def _by_lfs(self, paths: Iterable[str]) -> list[str]:
        return [path for path, filter in self._filters(paths) if filter == "lfs"]

    def _extended(self) -> bool:
        """Whether the user has put other programs into LFS's way."""
        return self._repository.tools.ask(GIT, "config", "--get-regexp", r"^lfs\.extension\.").code == 0

    @contextmanager
    def _index(self) -> Iterator[Path]:
        """A copy of git's index that takes its place when the block ends; whatever happens, that is whole.

        Raises:
            OutputError: another git holds it, or changed it meanwhile.
        """
        index = self._repository.index
        lock = index.with_name(f"{index.name}.lock")
        descriptor, name = tempfile.mkstemp(prefix=_COPY, dir=index.parent)
        os.close(descriptor)
        copy = Path(name)
        _sweep(copy)
        try:
            before = index.stat() if index.exists() else None
            if before is None:
                copy.unlink()
            else:
                shutil.copyfile(index, copy)
            yield copy
            os.link(copy, lock)
            try:
                after = index.stat() if index.exists() else None
                if _key(before) != _key(after):
                    raise OutputError(f"{index}: another git changed it meanwhile; nothing was committed, try again")
                os.replace(copy, index)
            finally:
                lock.unlink()
        except FileExistsError as error:
            raise OutputError(f"{lock}: another git is at work; where none is, remove that file") from error
        finally:
            with suppress(FileNotFoundError):
                copy.unlink()

    def _stage_known(self, paths: Iterable[str], working: Working, index: Path) -> int:
        """Puts the files whose hash is known into LFS and git, and tells the index of them."""
        repository = self._repository
        dataset = str(repository.dataset)
        known = {path: working.files[path] for path in paths if path in working.files and path not in working.links}
        pointers = {
            path: Pointer(seen.sha256, seen.size)
            for path, seen in known.items()
            if seen.size >= LONGEST or pointed(_content(f"{dataset}/{path}")) is None
        }
        texts = {path: pointer.text() for path, pointer in pointers.items()}
        ids = {path: repository.blob_id(text) for path, text in texts.items()}
        before = repository.staged(index)
        changed = [path for path, id in ids.items() if path not in before or before[path].id != id]
        added = sum([self._place(path, pointers[path]) for path in changed])
        if changed:
            sync_tree(str(self._objects()))
            given = b"".join(b"blob\ndata %d\n%b\n" % (len(text), text) for text in {texts[path] for path in changed})
            self._run(GIT, "fast-import", "--quiet", stdin=given)
        statuses = {path: _unchanged(f"{dataset}/{path}", known[path]) for path in ids}
        executable = repository.setting("core.fileMode") != "false"
        entries = []
        for path in changed:
            mode = "100755" if executable and statuses[path].st_mode & stat.S_IXUSR else "100644"
            entries.append(f"{mode} {ids[path]} 0\t{repository.prefix}{path}\0")
        if entries:
            repository.git("update-index", "-z", "--index-info", stdin=os.fsencode("".join(entries)), index=index)
        if index.exists():
            prefix = os.fsencode(repository.prefix)
            tell_stats(index, {prefix + os.fsencode(path): (ids[path], statuses[path]) for path in ids})
        return added

    def _objects(self) -> Path:
        """LFS's own folder of contents."""
        if not hasattr(self, "_folder"):
            told = os.fsdecode(self._run(LFS, "env"))
            line = next(line for line in told.splitlines() if line.startswith("LocalMediaDir="))
            self._folder = Path(line.partition("=")[2])
            self._folder.mkdir(parents=True, exist_ok=True)
        return self._folder

    def _place(self, path: str, pointer: Pointer) -> bool:
        """Gives a file's content its place in LFS; False where it is there."""
        source, target = f"{self._repository.dataset}/{path}", self._object(pointer.sha256)
        if not pointer.size or _has(target, pointer.size):
            return False
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            if is_shared(path) and _linked(source, target):
                return True
            _copied(source, target, pointer)
        except OSError as error:
            raise refused(target, "written", error) from error
        return True

    def _object(self, sha256: str) -> Path:
        return self._objects() / sha256[:2] / sha256[2:4] / sha256

    def _known(self, ids: Iterable[str]) -> dict[str, Pointer]:
        """Object name -> sha256 and size of the file that it stands for."""
        return {
            id: pointed(content) or Pointer(hashlib.sha256(content).hexdigest(), len(content))
            for id, content in self._repository.contents(ids)
        }

    def rows(self, commit: str) -> list[Row]:
        blobs = self._repository.blobs(commit)
        known = self._known(blob.id for blob in blobs)
        return [Row(blob.path, *known[blob.id]) for blob in blobs]

    def holds(self, commit: str) -> Callable[[str], bool]:
        return {blob.path for blob in self._repository.blobs(commit)}.__contains__

    def between(self, before: str, after: str) -> Changes:
        found = list(self._repository.between(before, after))
        known = self._known(id for _, *ids in found for id in ids if id is not None)
        return {
            path: (Row(path, *known[old]) if old else None, Row(path, *known[new]) if new else None)
            for path, old, new in found
        }

    def changed(self) -> Changes:
        found = dict(self._repository.changed())
        known = self._known(id for id in found.values() if id)
        return {path: (Row(path, *known[id]) if id else None, self._now(path)) for path, id in found.items()}

    def _now(self, path: str) -> Row | None:
        name = f"{self._repository.dataset}/{path}"
        if not os.path.exists(name):
            return None
        sha256, status = sha256_of(name)
        return Row(path, sha256, status.st_size)

    def parts(self, commit: str, scratch: Path) -> Iterator[Part]:
        """The files of a version; those that LFS has not here yet are fetched first.

        Raises:
            InputError: LFS has a content nowhere.
        """
        blobs = self._repository.blobs(commit)
        contents = dict(self._repository.contents(blob.id for blob in blobs))
        pointers = {id: pointer for id, content in contents.items() if (pointer := pointed(content))}
        if any(not _has(self._object(found.sha256), found.size) for found in pointers.values()):
            self._repository.tools.ask(LFS, "fetch", self._repository.remote("") or "origin", commit)
        for blob in blobs:
            pointer = pointers.get(blob.id)
            if pointer is None or blob.mode == "120000":
                yield Part(blob.path, blob.mode, content=contents[blob.id])
                continue
            source = self._object(pointer.sha256)
            if not _has(source, pointer.size):
                raise InputError(
                    f"{blob.path}: its content {pointer.sha256[:12]} is not in LFS here, nor could it be fetched; "
                    "see `git lfs fetch --all`"
                )
            yield Part(blob.path, blob.mode, source=source)

    def restore(self, commit: str) -> None:
        self._repository.restore(commit)

    def push(self, remote: str) -> str:
        """Contents first, so that nobody sees a version whose files are not there."""
        name = self._remote(remote)
        self._run(LFS, "push", "--", name, self._repository.branch())
        self._repository.push(name)
        return name

    def pull(self, remote: str) -> str:
        name = self._remote(remote)
        self._repository.pull(name)
        self._run(LFS, "pull", "--", name)
        return name

    def _remote(self, wanted: str) -> str:
        name = self._repository.remote(wanted)
        if not name:
            raise OptionError(f"{self._repository.root}: has no remote yet; name one: a URL, or a folder")
        return name


def _is_big(path: str, seen: Seen) -> bool:
    if PurePosixPath(path).name.startswith(".git"):
        return False  # git reads them
    return is_shared(path) or path.startswith(_JOURNAL) or seen.size > _BIG


def _content(name: str) -> bytes:
    try:
        return Path(name).read_bytes()
    except OSError as error:
        raise InputError(f"{name}: cannot be read: {error.strerror or error}") from error


def _key(status: os.stat_result | None) -> tuple[int, ...] | None:
    return None if status is None else (status.st_ino, status.st_size, status.st_mtime_ns)


def _sweep(copy: Path) -> None:
    """Takes away what commits left behind that were killed a day before this one began."""
    now_s = copy.stat().st_mtime
    for left in copy.parent.glob(f"{_COPY}*"):
        with suppress(FileNotFoundError):
            if now_s - left.stat().st_mtime > _OLD_S:
                left.unlink()


def _has(target: Path, size: int) -> bool:
    try:
        return target.stat().st_size == size
    except OSError:
        return False


def _unchanged(name: str, seen: Seen) -> os.stat_result:
    """Its status now, where it is still what was hashed.

    Raises:
        InputError: it is not.
    """
    try:
        status = os.lstat(name)
    except OSError as error:
        raise InputError(f"{name}: cannot be read: {error.strerror or error}") from error
    if (status.st_size, status.st_mtime_ns, status.st_ino) != seen[:3]:
        raise InputError(f"{name}: changed while it was committed; commit once nothing writes to the dataset")
    return status


def _linked(source: str, target: Path) -> bool:
    """One file with two names, which is read-only from then on; False where the file system has none such."""
    try:
        os.link(source, target)
    except OSError:
        return False
    os.chmod(target, os.stat(target).st_mode & 0o555)
    return True


def _copied(source: str, target: Path, pointer: Pointer) -> None:
    descriptor, temp = tempfile.mkstemp(prefix="framepress-", dir=target.parent)
    os.close(descriptor)
    try:
        shutil.copyfile(source, temp)
        if sha256_of(temp)[0] != pointer.sha256:
            raise InputError(f"{source}: changed while it was committed; commit once nothing writes to the dataset")
        os.chmod(temp, 0o444)
        os.replace(temp, target)
    finally:
        with suppress(FileNotFoundError):
            os.unlink(temp)
