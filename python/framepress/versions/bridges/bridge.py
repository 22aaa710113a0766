"""The versions of one dataset folder, kept by git with Git LFS or DVC: the verbs of `history.History`.

A version is a commit of git that touches the dataset; tags are git's. Whoever has the tools needs no framepress to go
on with such a dataset.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from framepress.errors import InputError, OptionError, OutputError
from framepress.storage.output import OWN, refused
from framepress.versions.annotations import annotations_in
from framepress.versions.bridges.blocks import add_lines
from framepress.versions.bridges.dvc import Dvc
from framepress.versions.bridges.kinds import KINDS, remember, remembered
from framepress.versions.bridges.layout import lay_out
from framepress.versions.bridges.lfs import Lfs
from framepress.versions.bridges.record import GitVersion, message_with
from framepress.versions.bridges.repository import Repository
from framepress.versions.bridges.tools import GIT, Say, Tools
from framepress.versions.bridges.tracker import Changes, Tracker
from framepress.versions.committing import nobody_writes
from framepress.versions.difference import Difference, difference
from framepress.versions.history import Committed, Status
from framepress.versions.manifest import FileChange, Row
from framepress.versions.names import resolve
from framepress.versions.place import INSIDE, Place
from framepress.versions.provenance import provenance_of
from framepress.versions.refs import check_name
from framepress.versions.working import look

__all__ = ["Bridge", "Shared"]

_TRACKERS: dict[str, Callable[[Repository], Tracker]] = {"dvc": Dvc, "git-lfs": Lfs}

# Name by name: DVC does not see `.dvc` files that are taken out of a wider pattern again.
_IGNORED = tuple(f"/{OWN}{name}" for name in ("tmp/", "orphans/", "versions/", "lock", "intents.jsonl"))


@dataclass(frozen=True)
class Shared:
    """What a push or a pull did.

    Args:
        remote: the name of git's remote; of DVC's, where git has none and contents alone went there.
        versions: numbers of those that are new on the other side.
    """

    remote: str
    versions: tuple[int, ...]

    def to_dict(self) -> dict[str, Any]:
        """JSON-able."""
        return {"remote": self.remote, "versions": list(self.versions)}


class Bridge:
    """Made by `init` or `open`; what another process does with the tools is seen by the next call.

    Args:
        kind: one of `KINDS`.
        say: gets what the tools say while they work, line by line.
    """

    def __init__(self, dataset: Path | str, kind: str, say: Say | None = None) -> None:
        self.dataset = Path(dataset).resolve()
        self.kind = kind
        self._repository = Repository(Tools(self.dataset, say))
        self._tracker = _TRACKERS[kind](self._repository)

    @classmethod
    def init(cls, dataset: Path | str, kind: str, *, say: Say | None = None) -> Bridge:
        """Begin to keep versions of a folder with a tool, in the git repository around it or a new one of its own.

        Nothing is committed. Once or again: what is there stays, lines of the user's in .gitattributes and .gitignore
        count more than ours.

        Raises:
            OptionError: the tool is not installed, or versions of the folder are kept in another way.
            InputError: it is no folder.
        """
        folder = Path(dataset).resolve()
        if not folder.is_dir():
            raise InputError(f"{dataset}: is no folder; versions are kept of a folder")
        if kind not in KINDS:
            raise OptionError(f"--to {kind!r}: there are {', '.join(KINDS)}")
        other = "our own store" if Place.of(folder) is not None else remembered(folder)
        if other not in (None, kind):
            raise OptionError(f"{folder}: its versions are kept by {other} already; it cannot have a second history")
        tools = Tools(folder, say)
        tools.require(GIT)
        if not Repository.above(tools):
            tools.run(GIT, "init", "-q", ".")
        made = cls(folder, kind, say)
        tools.require(*made._tracker.tools)
        made._tracker.init()
        add_lines(folder / ".gitignore", _IGNORED)
        remember(folder, kind)
        return made

    @classmethod
    def open(cls, dataset: Path | str, *, say: Say | None = None) -> Bridge:
        """Raises:
        InputError: no tool keeps versions of the folder.
        OptionError: that tool is not installed.
        """
        kind = remembered(Path(dataset))
        if kind is None:
            raise InputError(
                f"{dataset}: no tool keeps versions of it; `framepress version init {dataset} --to git-lfs` begins"
            )
        tools = Tools(Path(dataset).resolve(), say)
        tools.require(GIT)
        if not Repository.above(tools):
            raise InputError(f"{dataset}: is in no git repository any more; `framepress version init` begins anew")
        made = cls(dataset, kind, say)
        tools.require(*(tool for tool in made._tracker.tools if tool != GIT))
        return made

    def log(self) -> list[GitVersion]:
        """The branch's versions, the latest first."""
        return self._repository.log()

    def version(self, name: str) -> GitVersion:
        """A version by number (`3`, `v3`), tag, `head`, `base`, `head~2`, or the beginning of git's name for it.

        Raises:
            OptionError: there is no such version, or several.
        """
        log = self.log()
        return resolve(name, log, log[0].id if log else None)

    def rows(self, version: GitVersion) -> list[Row]:
        """Its files, sorted by path; with DVC, sha256 is "" and size 0 where that is not known."""
        return self._tracker.rows(version.id)

    def status(self) -> Status:
        """What has changed in the folder since the branch's latest version."""
        head = next(iter(self.log()), None)
        return Status(head, head, _listed(self._tracker.changed()) if head else self._all_new())

    def _all_new(self) -> tuple[FileChange, ...]:
        return tuple(FileChange(row.path, None, row) for row in look(self.dataset).rows())

    def commit(
        self,
        message: str,
        *,
        author: str = "",
        time: str = "",
        notes: Mapping[str, Any] | None = None,
        over: bool = False,
        gate: Callable[[Path], None] | None = None,
        workers: int | None = None,
    ) -> Committed:
        """Make the folder as it is now the branch's next commit; nothing beside the folder is in it.

        With Git LFS, media files become read-only, as LFS shares them with the folder.

        Args:
            author: a name, or `Name <address>`; "" for who git knows.
            time: ISO 8601; "" for now.
            notes: more provenance, JSON-able; with the rest of it in the message's last line.
            over: nothing to choose here: the commit is always made on what is checked out.
            gate: raises FindingsError where the dataset does not hold what is required.

        Raises:
            OptionError: `message` is empty, or git does not know who commits.
            OutputError: somebody writes the dataset, git is in the middle of something else, or refused.
            InputError: a file changed meanwhile, or a run that writes the dataset was interrupted.
        """
        if not message.strip():
            raise OptionError("a commit needs a message; say what is in it, in one line")
        self._repository.check_can_commit()
        self._own()  # where the hashes of the files are remembered
        with nobody_writes(self.dataset):
            if gate is not None:
                gate(self.dataset)
            staged = self._tracker.stage(workers)
            text = message_with(message, staged.files, staged.size, provenance_of(self.dataset, notes))
            new = self._repository.commit(text, author, time)
        return Committed(self.log()[0], new=new, read=staged.read, added=staged.added)

    def tag(self, name: str, version: str = "head", *, note: str = "", time: str = "", by: str = "") -> GitVersion:
        """Name a version for good; `time` and `by` are git's own here.

        Raises:
            OptionError: no tag may be called so, or the name is taken by another version.
        """
        self._repository.tag(check_name(name), self.version(version).id, note)
        return self.version(name)

    def diff_files(self, before: str, after: str | None = "head") -> list[FileChange]:
        """Files that differ between two versions, by path; with DVC, sha256 is "" and size 0: not known.

        Args:
            after: None for the folder as it is now.
        """
        old = self.version(before)
        if after is not None:
            return list(_listed(self._tracker.between(old.id, self.version(after).id)))
        found = dict(self._tracker.between(old.id, self.log()[0].id))
        for path, (head, now) in self._tracker.changed().items():
            found[path] = (found[path][0] if path in found else head, now)
        return [change for change in _listed(found) if _differs(change)]

    def diff(self, before: str, after: str | None = "head") -> Difference:
        """What became of frames, objects, classes, boxes, masks and splits; the versions are laid out for it.

        Args:
            after: None for the folder as it is now.

        Raises:
            InputError: no format reads one of the versions, or a content is lost.
        """
        with tempfile.TemporaryDirectory(prefix="diff-", dir=self._own()) as scratch:
            sides = []
            for number, name in enumerate((before, after)):
                folder = self.dataset if name is None else Path(scratch) / str(number)
                if name is not None:
                    self.checkout(name, folder)
                sides.append(annotations_in(folder))
            return difference(*sides)

    def checkout(
        self,
        name: str,
        target: Path | str | None = None,
        *,
        force: bool = False,
        paths: Sequence[str] = (),
        bare: bool = False,
    ) -> GitVersion:
        """Lay out a version: in a new folder, or in the dataset's own, whose files become those of the version.

        In the dataset's own folder the branch stays where it is: what was there is the latest version still, and
        the next commit is made on it. Files that no version has stay.

        Args:
            target: a folder that does not exist yet; None for the dataset's own.
            force: in the dataset's own folder, although it has changes that no version has; those are lost.
            paths: must be empty here.
            bare: nothing to choose here: a new folder knows nothing of versions; `git clone` makes one that does.

        Raises:
            OptionError: there is no such version, or `paths` are given.
            OutputError: the target exists, or the folder has changes.
            InputError: a content is neither here nor at the remote.
        """
        if paths:
            raise OptionError(f"{self.kind} lays out whole versions here; for some paths use `git restore --source`")
        found = self.version(name)
        if target is not None:
            lay_out(lambda scratch: self._tracker.parts(found.id, scratch), Path(target).absolute())
            return found
        with nobody_writes(self.dataset, interrupted=force):
            if not force:
                self._check_unchanged("checked out over")
                self._check_free(found)
            self._tracker.restore(found.id)
        return found

    def push(self, remote: str | None = None) -> Shared:
        """Contents first, then the branch with its tags.

        Args:
            remote: a remote's name, or a URL or folder that becomes one; None for the one that there is. With DVC it
                is DVC's remote; git's own is pushed to where there is one.

        Raises:
            OptionError: there is no such remote.
            OutputError: it refused, or has commits that are not here: pull them first.
        """
        before = self._repository.pushed()
        name = self._tracker.push(remote or "")
        return Shared(name, self._new_since(before, self._repository.pushed()))

    def pull(self, remote: str | None = None) -> Shared:
        """The remote's latest version, in the folder, too.

        Raises:
            OptionError: there is no such remote.
            OutputError: the folder has changes, or the branch has versions that the remote has not.
        """
        with nobody_writes(self.dataset):
            self._check_unchanged("pulled over")
            before = self._repository.head()
            name = self._tracker.pull(remote or "")
        return Shared(name, self._new_since(before, self._repository.head()))

    def _new_since(self, before: str | None, after: str | None) -> tuple[int, ...]:
        new = self._repository.commits(before, after) if after else set()
        return tuple(version.number for version in reversed(self.log()) if version.id in new)

    def _own(self) -> Path:
        """`.framepress/versions/`, which no version holds and no clone has."""
        own = self.dataset / INSIDE
        try:
            own.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise refused(own, "made", error) from error
        return own

    def _check_unchanged(self, verb: str) -> None:
        changes = self.status().changes if self.log() else ()
        if changes:
            raise OutputError(
                f"{self.dataset}: {len(changes)} files have changes that no version has and would be {verb}, "
                f"{changes[0].path} first; commit them"
            )

    def _check_free(self, version: GitVersion) -> None:
        """Files that git ignores are changes for nobody, and it would write over them."""
        held = self._tracker.holds(self.log()[0].id)
        wanted = [row.path for row in self.rows(version) if not held(row.path)]
        if ignored := [path for path in wanted if os.path.lexists(f"{self.dataset}/{path}")]:
            raise OutputError(
                f"{self.dataset}: {len(ignored)} files that git ignores would be written over, {ignored[0]} first; "
                "move them away, or lose them (--force)"
            )

    def verify(self, *_: object, **__: object) -> NoReturn:
        """Raises:
        OptionError: with the command of the tool that does it.
        """
        raise OptionError(f"{self.dataset}: {self.kind} checks its own: `{self._tracker.checked_with}`")

    def gc(self, *_: object, **__: object) -> NoReturn:
        """Raises:
        OptionError: with the command of the tool that does it.
        """
        raise OptionError(f"{self.dataset}: {self.kind} sweeps its own: `{self._tracker.swept_with}`")


def _listed(changes: Changes) -> tuple[FileChange, ...]:
    return tuple(FileChange(path, *changes[path]) for path in sorted(changes))


def _differs(change: FileChange) -> bool:
    """True where that is not known, either."""
    return change.before != change.after or (change.after is not None and not change.after.sha256)
