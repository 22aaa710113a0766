"""The versions of one dataset folder: commit, look back, name, compare, go back.

history = History.init("dataset")
history.commit("first 500 frames")
history.tag("sent-to-training")
history.checkout("sent-to-training", "elsewhere")
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from framepress.errors import InputError, OptionError, OutputError
from framepress.versions import manifest
from framepress.versions.annotations import Annotations, annotations_in, annotations_of, laid_out
from framepress.versions.checkout import check_cases, check_out, check_rows, chosen
from framepress.versions.committing import add_commit, announce, caught_up, nobody_writes, written_down
from framepress.versions.difference import Difference, difference
from framepress.versions.gc import GRACE_S, Collected, collect
from framepress.versions.manifest import FileChange, Row
from framepress.versions.names import resolve
from framepress.versions.place import Place
from framepress.versions.prune import prune, pruned
from framepress.versions.pull import Pulled, pull
from framepress.versions.push import INDEXES, Pushed, push
from framepress.versions.refs import LINE, Ref, check_name
from framepress.versions.remotes.remembered import recalled, remember
from framepress.versions.store import Store
from framepress.versions.stored import StoredFiles
from framepress.versions.take_back import check_whole, intent_of, take_back
from framepress.versions.verify import Damage, Verified, repair, verify
from framepress.versions.version import Committed, Status, Version
from framepress.versions.working import Working, look, settle

__all__ = ["Committed", "History", "Status", "Version"]


class History:
    """Made by `init` or `open`; a value of the moment: what another process commits is seen by the next call."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.store = Store.open(place.store)

    @classmethod
    def init(
        cls,
        dataset: Path | str,
        *,
        store: Path | str | None = None,
        line: str = LINE,
        made_from: Path | str | None = None,
    ) -> History:
        """Begin to keep versions of a folder, whatever dataset it holds; nothing happens where they are kept already.

        Args:
            store: a folder for the contents, which several datasets may share; None keeps them inside of the dataset.
            line: the line of versions in that store; datasets that share one have a line each.
            made_from: a dataset with versions, of which this one is a changed copy: its next commit follows the
                version that the other was equal to, in the same store and line.

        Raises:
            OptionError: the dataset keeps its versions in another store or line, or `made_from` excludes the others.
            OutputError: the store's folder holds something else, or cannot be written.
        """
        folder = Path(dataset)
        if not folder.is_dir():
            raise InputError(f"{folder}: is no folder; versions are kept of a folder")
        if made_from is not None:
            if store is not None or line != LINE:
                raise OptionError("store and line are those of the dataset that this one was made from")
            wanted = replace(cls.open(made_from).place, dataset=folder.resolve())
        else:
            wanted = Place.new(folder, None if store is None else Path(store), check_name(line))
        found = Place.of(folder)
        if found is None:
            Store.create(wanted.store)
            wanted.write()
        elif (store or made_from) and (found.store.resolve(), found.line) != (wanted.store.resolve(), wanted.line):
            raise OptionError(f"{folder}: keeps its versions in {found.store}, line {found.line}; no second one")
        return cls(found or wanted)

    @classmethod
    def open(cls, dataset: Path | str) -> History:
        """Raises:
        InputError: no versions are kept of the folder, or its store is not there.
        """
        place = Place.of(Path(dataset))
        if place is None:
            told = shlex.quote(str(dataset))
            raise InputError(f"{dataset}: no versions are kept of it; begin with `framepress version init {told}`")
        return cls(place)

    def along(self, line: str) -> History:
        """The same folder seen along another line of the store, such as one that `pull(as_line=...)` made; a commit or
        a checkout there moves the folder to it.

        Raises:
            OptionError: no line may be called so.
        """
        return History(replace(self.place, line=check_name(line)))

    def log(self) -> list[Version]:
        """The line's versions, the latest first.

        Raises:
            InputError: something of it is missing or damaged.
        """
        return self._versions(self.store.refs.line(self.place.line)[::-1])

    def _versions(self, refs: Sequence[Ref]) -> list[Version]:
        names: dict[str, list[str]] = {}
        for tag, ref in self.store.refs.tags().items():
            names.setdefault(ref.commit, []).append(tag)
        gone = pruned(self.store.cells)
        return [
            Version(
                ref.commit,
                ref.number,
                self.store.commit(ref.commit),
                ref.time,
                tuple(names.get(ref.commit, ())),
                ref.commit in gone,
            )
            for ref in refs
        ]

    def version(self, name: str) -> Version:
        """A version by number (`3`, `v3`), tag, `head`, `head~2`, `base`, or the beginning of its sha256; with the name
        of another line before it: `theirs:head`.

        Raises:
            OptionError: there is no such version, or several.
        """
        line, name = self._line_of(name)
        return resolve(name, (self if line is None else self.along(line)).log(), self.place.base)

    def _line_of(self, name: str) -> tuple[str | None, str]:
        """The other line that a name begins with, if it does, and the rest."""
        line, colon, rest = name.partition(":")
        if not colon or line == "sha256":
            return None, name
        return (None if line == self.place.line else line), rest

    def rows(self, version: Version) -> Iterator[Row]:
        """Its files, sorted by path.

        Raises:
            InputError: something of the manifest is missing or damaged, or the version was pruned.
        """
        return manifest.read(_manifest_of(version), self.store.objects)

    def status(self) -> Status:
        """What has changed in the folder; reads only files that may have."""
        log = self.log()
        stands = caught_up(self.place, self.store.refs).base
        base = next((version for version in log if version.id == stands), None)
        intent = intent_of(self.place)
        changes = self._changed(look(self.place.dataset), base)
        return Status(base, log[0] if log else None, tuple(changes), None if intent is None else intent.to)

    def _changed(self, working: Working, base: Version | None) -> Iterator[FileChange]:
        if base is not None and working.manifest == base.commit.manifest:
            return
        before = {} if base is None or base.pruned else {row.path: row for row in self.rows(base)}
        after = {row.path: row for row in working.rows()}
        for path in sorted(before.keys() | after.keys()):
            if before.get(path) != after.get(path):
                yield FileChange(path, before.get(path), after.get(path))

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
        """Make the folder as it is now the line's next version.

        Hashes come from what was seen before and from the dataset's journal where these may be believed. Media files
        become read-only, as the store shares them with the folder; others are copied.

        Args:
            time: ISO 8601, to be told by `log`; no part of the version's identity.
            notes: more provenance, JSON-able: a report's digest, a ticket.
            over: commit although the folder was made from an older version than the latest.
            gate: raises FindingsError where the dataset does not hold what is required; see `quality.gate`.

        Raises:
            OptionError: `message` is empty.
            OutputError: another commit was first, or the folder is not made from the latest; nothing is lost.
            InputError: a file changed meanwhile, or the dataset is being written.
        """
        if not message.strip():
            raise OptionError("a commit needs a message; say what is in it, in one line")
        check_whole(self.place)
        with nobody_writes(self.place.dataset), self.store.leases.hold("commit") as lease:
            self._catch_up()
            head = self._head()
            if not over and (None if head is None else head.id) != self.place.base:
                raise OutputError(self._behind(head))
            working = look(self.place.dataset, workers=workers)
            same = head is not None and working.manifest == head.commit.manifest
            before = [] if head is None or same else list(self.rows(head))
            if head is not None and (same or before == working.rows()):
                self._stands_at(head.id, head.commit.manifest, working)
                return Committed(head, new=False, read=working.read, added=0)
            if gate is not None:
                gate(self.place.dataset)
            id, commit, added = add_commit(
                self.place.dataset,
                working,
                self.store,
                lease,
                before={row.path: row for row in before},
                parents=() if head is None else (head.id,),
                message=message,
                author=author,
                notes=notes,
            )
            ref = Ref(1 if head is None else head.number + 1, id, time, author)
            announce(self.place, id)
            if not self.store.refs.advance(ref, self.place.line):
                raise OutputError(self._behind(self._head()))
            self._stands_at(id, commit.manifest, working)
        return Committed(Version(id, ref.number, commit, time, ()), new=True, read=working.read, added=added)

    def _head(self) -> Version | None:
        ref = self.store.refs.latest(self.place.line)
        return None if ref is None else self._versions([ref])[0]

    def _stands_at(self, id: str, root: str, working: Working) -> None:
        working.table.is_manifest(root)
        if self.place.base != id:
            self.place = self.place.at(id)
        written_down(self.place)

    def _catch_up(self) -> None:
        place = caught_up(self.place, self.store.refs)
        if place != self.place:
            place.write()
            self.place = place
        written_down(place)

    def _behind(self, head: Version | None) -> str:
        made_from = "before the first" if self.place.base is None else f"from {self.place.base[:12]}"
        latest = "there is none now" if head is None else f"the latest is {head.number} ({head.id[:12]})"
        return (
            f"{self.place.dataset}: was made {made_from}, and {latest}: nothing was committed; look at it with "
            "`framepress version diff`, check it out elsewhere, or commit over it (--over)"
        )

    def tag(self, name: str, version: str = "head", *, note: str = "", time: str = "", by: str = "") -> Version:
        """Name a version for good.

        Raises:
            OptionError: no tag may be called so, or the name is taken by another version.
        """
        found = self.version(version)
        with self.store.leases.hold("tag", [found.id]):
            made = self.store.refs.tag(check_name(name), Ref(0, found.id, time, by, note))
        if not made:
            other = self.store.refs.tags()[name].commit
            if other != found.id:
                raise OptionError(f"tag {name!r}: is taken by version {other[:12]}; a tag never moves, choose another")
        return self.version(name)

    def diff_files(self, before: str, after: str | None = None) -> list[FileChange]:
        """Files that differ, by path.

        Args:
            after: None for the folder as it is now.

        Raises:
            InputError: something of a manifest is missing or damaged, or a version was pruned.
        """
        old = self.version(before)
        root = _manifest_of(old)
        if after is None:
            return list(self._changed(look(self.place.dataset), old))
        return list(manifest.changes(root, _manifest_of(self.version(after)), self.store.objects))

    def annotations(self, version: Version | None) -> Annotations:
        """What the frames of a version hold; None for those of the folder as it is now.

        Raises:
            InputError: no format reads it, or a content is lost.
        """
        if version is None:
            return annotations_in(self.place.dataset)
        rows, objects = list(self.rows(version)), self.store.objects
        scratch = self.store.root / "tmp"
        return annotations_of(
            StoredFiles(rows, lambda row: objects.read(row.sha256)),
            lambda: laid_out(scratch, lambda folder: check_out(rows, objects, folder)),
        )

    def diff(self, before: str, after: str | None = None) -> Difference:
        """What became of frames, objects, classes, boxes, masks and splits.

        Args:
            after: None for the folder as it is now.

        Raises:
            InputError: no format reads one of them, or a content is lost.
        """
        old, new = self.version(before), None if after is None else self.version(after)
        return difference(self.annotations(old), self.annotations(new))

    def checkout(
        self,
        name: str,
        target: Path | str | None = None,
        *,
        force: bool = False,
        paths: Sequence[str] = (),
        bare: bool = False,
    ) -> Version:
        """Lay out a version: in a new folder, or in the dataset's own, whose files become those of the version.

        A new folder keeps its versions in the same store from then on, and can be committed in its turn.

        Args:
            target: a folder that does not exist yet; None for the dataset's own.
            force: in the dataset's own folder, although it has changes that no version has; those are lost.
            paths: only these files, as patterns (`images/*.png`) or folders; the new folder is then bare.
            bare: the new folder knows nothing of versions.

        Raises:
            OutputError: the target exists, or the folder has changes.
            InputError: the store lacks a content, which is named.
            OptionError: there is no such version, or a pattern fits nothing.
        """
        line, rest = self._line_of(name)
        if line is not None:
            return self.along(line).checkout(rest, target, force=force, paths=paths, bare=bare)
        found = self.version(name)
        if target is None:
            if paths or bare:
                raise OptionError("paths and bare are for a new folder; say which")
            self._take_back(found, force)
            return found
        goal = Path(os.path.abspath(target))
        if not os.path.lexists(goal) and goal.resolve().is_relative_to(self.place.dataset):
            raise OptionError(f"{goal}: lies in the dataset, whose next version would have it; choose another folder")
        unfinished = goal.with_name(f".{goal.name}.")
        with self.store.leases.hold("checkout", [found.id], leaves=unfinished) as lease:
            rows = list(self.rows(found))
            wanted = chosen(rows, paths) if paths else rows
            place = None if bare or paths else replace(self.place, base=found.id)
            check_out(
                wanted,
                self.store.objects,
                goal,
                made=Path(f"{unfinished}{lease.token}"),
                then=None if place is None else lambda made: settle(replace(place, dataset=made), rows, found.commit),
            )
        return found

    def _take_back(self, version: Version, force: bool) -> None:
        with (
            nobody_writes(self.place.dataset, interrupted=force),
            self.store.leases.hold("checkout", [version.id]),
        ):
            self._catch_up()
            intent = None if force else intent_of(self.place)
            mine = {self.place.base} | ({intent.to, intent.before} if intent else set())
            known: dict[str, set[str]] = {}
            lines = (self.store.refs.line(line) for line in self.store.refs.lines())
            refs = {ref.commit: ref for line in lines for ref in line if ref.commit in mine}
            for other in self._versions(list(refs.values())):
                for row in () if other.pruned else self.rows(other):
                    known.setdefault(row.path, set()).add(row.sha256)
            rows = list(self.rows(version))
            check_rows(rows)
            check_cases(rows, self.place.own)
            working = look(self.place.dataset)
            self.place = take_back(
                self.place, (version.id, rows), known, working, self.store.objects, force=force, intent=intent
            )

    def verify(
        self, *, sample: float = 1.0, seed: int = 0, progress: Callable[[int, int], None] | None = None
    ) -> Verified:
        """Whether all that the store's versions need is there and is what its sha256 says; see `verify.verify`.

        Raises:
            OptionError: `sample` is not above 0, or above 1.
        """
        return verify(self.store, self.place.dataset, sample=sample, seed=seed, progress=progress)

    def repair(self, verified: Verified) -> list[Damage]:
        """Put the good copies that `verify` found in the place of damaged contents; what is still damaged.

        Raises:
            OutputError: the disk refused.
        """
        return repair(self.store, verified)

    def gc(self, *, grace_s: float = GRACE_S, now: bool = False) -> Collected:
        """Take away what no version of any line needs; see `gc.collect`.

        Raises:
            OutputError: somebody adds to the store.
            InputError: what is needed cannot be told, as something is damaged.
        """
        return collect(self.store, grace_s=grace_s, now=now)

    def prune(self, keep_last: int) -> list[Version]:
        """Give up the files of versions before the last `keep_last` that have no tag; the next `gc` takes them away.

        What such a version was is still told by `log`; it cannot be checked out or compared any more.

        Raises:
            OptionError: `keep_last` is below 1.
        """
        if keep_last < 1:
            raise OptionError(f"keep_last {keep_last}: must be 1 or more; the latest version stays")
        with self.store.leases.hold("prune", []):
            gone = set(prune(self.store.cells, self.place.line, keep_last))
        return [version for version in self.log() if version.id in gone]

    def push(
        self,
        remote: Any = None,
        *,
        options: Mapping[str, str] | None = None,
        remote_line: str | None = None,
        exclusive: bool = False,
        progress: Callable[[int, int], None] | None = None,
    ) -> Pushed:
        """Bring the line's versions, and the tags that name them, to a remote, which is remembered.

        Args:
            remote: a folder, a URL, or an fsspec filesystem with a path; None for the one that was used last.
            remote_line: the line there, where it has another name.

        Raises:
            OptionError, OutputError, InputError: see `push.push`.
        """
        where = recalled(self.place.own) if remote is None else remote
        done = push(
            self.store,
            self.place.line,
            where,
            indexes=self.place.own / INDEXES,
            options=options,
            remote_line=remote_line,
            exclusive=exclusive,
            progress=progress,
        )
        remember(self.place.own, where)
        return done

    def pull(
        self,
        remote: Any = None,
        *,
        options: Mapping[str, str] | None = None,
        as_line: str | None = None,
        depth: int | None = None,
        progress: Callable[[int, int], None] | None = None,
    ) -> Pulled:
        """Bring a remote's versions of the line into the store; the folder stays as it is until a checkout.

        Args:
            remote: as in `push`.

        Raises:
            OptionError, OutputError, InputError: see `pull.pull`.
        """
        where = recalled(self.place.own) if remote is None else remote
        done = pull(
            self.store,
            self.place.line,
            where,
            indexes=self.place.own / INDEXES,
            options=options,
            as_line=as_line,
            depth=depth,
            progress=progress,
        )
        remember(self.place.own, where)
        return done


def _manifest_of(version: Version) -> str:
    if version.pruned:
        raise InputError(f"version {version.number}: was pruned, its files were given up; choose another")
    return version.commit.manifest
