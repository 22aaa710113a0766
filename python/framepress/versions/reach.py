"""All that the lines and tags of a store lead to: commits, manifests, chunks of manifests, contents."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Set
from typing import NamedTuple

from framepress.errors import InputError
from framepress.versions import manifest
from framepress.versions.manifest import Row
from framepress.versions.prune import pruned
from framepress.versions.refs import LINE, Ref, is_number
from framepress.versions.store import Store

__all__ = ["Reach", "Use"]

OnDamage = Callable[[str, str, InputError], None]
"""Told (kind, its path or sha256, what is wrong), in place of what cannot be read."""


class Use(NamedTuple):
    """What needs a content: a path of a version; "" for the version itself."""

    version: str
    path: str


class Reach:
    """Made by `of`.

    Attributes:
        versions: commit -> how people call it: "version 3", "tag sent".
        roots: sha256 of a manifest -> commits that have it; those of pruned versions left out.
        chunks: sha256 of a part of it -> manifests that have it.
    """

    def __init__(self, store: Store, tell: OnDamage) -> None:
        self.versions: dict[str, list[str]] = {}
        self.roots: dict[str, list[str]] = {}
        self.chunks: dict[str, list[str]] = {}
        self._store, self._tell = store, tell

    @classmethod
    def of(cls, store: Store, on_damage: OnDamage | None = None, more: Collection[str] = ()) -> Reach:
        """Args:
        on_damage: None passes over what cannot be read.
        more: commits that count although no line or tag has them, or although they were pruned.
        """
        found = cls(store, on_damage or (lambda kind, what, error: None))
        found._read_refs()
        for id in more:
            found.versions.setdefault(id, [f"commit {id[:12]}"])
        found._read_commits(pruned(store.cells) - set(more))
        found._read_manifests()
        return found

    def _read_refs(self) -> None:
        cells, last = self._store.cells, dict[str, int]()
        for path in sorted([*cells.names("refs"), *cells.names("tags")]):
            kind, _, rest = path.partition("/")
            line, _, number = rest.partition("/")
            try:
                if kind == "refs" and not is_number(number):
                    raise InputError(f"{path!r:.200}: is no version's number")
                ref = Ref.from_json(cells.get(path), int(number or 0), path)
            except InputError as error:
                self._tell(kind.removesuffix("s"), path, InputError(str(error)))
            else:
                of_line = "" if line == LINE else f" of {line}"
                name = f"tag {rest}" if kind == "tags" else f"version {ref.number}{of_line}"
                self.versions.setdefault(ref.commit, []).append(name)
            if kind == "refs" and is_number(number):
                first, count = last.get(line, 0) + 1, int(number) - last.get(line, 0) - 1
                if count > 0:
                    more = f", and {count - 1:,} after it" if count > 1 else ""
                    self._tell("ref", f"refs/{line}/{first:08}", InputError(f"is missing{more}"))
                last[line] = int(number)

    def _read_commits(self, without: Set[str]) -> None:
        for id in self.versions:
            try:
                commit = self._store.commit(id)
            except InputError as error:
                self._tell("commit", id, error)
                continue
            if id not in without:
                self.roots.setdefault(commit.manifest, []).append(id)

    def _read_manifests(self) -> None:
        for root in self.roots:
            try:
                for chunk in manifest.roots_chunks(root, self._store.objects):
                    self.chunks.setdefault(chunk, []).append(root)
            except InputError as error:
                self._tell("manifest", root, error)

    def rows(self) -> Iterator[tuple[str, list[Row]]]:
        """Each chunk of any manifest once, with its files."""
        for chunk in self.chunks:
            try:
                yield chunk, manifest.chunk_rows(chunk, self._store.objects)
            except InputError as error:
                self._tell("chunk", chunk, error)

    def needing(self, ids: Collection[str]) -> dict[str, list[Use]]:
        """What needs each of these contents, whatever they are: of files, or our own."""
        wanted = set(ids)
        uses: dict[str, list[Use]] = {id: [] for id in ids}
        for id in wanted & self.versions.keys():
            uses[id] += [Use(name, "") for name in self.versions[id]]
        for id in wanted & self.roots.keys():
            uses[id] += [Use(name, "") for name in self._names([id])]
        for id in wanted & self.chunks.keys():
            uses[id] += [Use(name, "") for name in self._names(self.chunks[id])]
        for chunk, rows in self.rows():
            for row in rows:
                if row.sha256 in wanted:
                    uses[row.sha256] += [Use(name, row.path) for name in self._names(self.chunks[chunk])]
        return uses

    def _names(self, roots: Collection[str]) -> list[str]:
        return [name for root in roots for commit in self.roots[root] for name in self.versions[commit]]
