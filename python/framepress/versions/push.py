"""Versions to a remote: contents first, then what names them, then the line's steps one by one, tags last.

Killed at any moment it leaves nothing there that is wrong, and the next push goes on from what has arrived.
"""

from __future__ import annotations

import io
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from framepress.errors import InputError, OutputError
from framepress.storage.output import refused
from framepress.versions.commits import Commit
from framepress.versions.manifest import chunk_rows, roots_chunks
from framepress.versions.packs import PackWriter
from framepress.versions.prune import PRUNED, pruned
from framepress.versions.refs import Ref, Refs, check_name
from framepress.versions.remotes.cells import RemoteCells
from framepress.versions.remotes.contents import PACKED_BELOW, RemoteContents, object_path, pack_path
from framepress.versions.remotes.opening import is_store, make_store, open_remote, probe
from framepress.versions.remotes.remote import Remote
from framepress.versions.store import Store
from framepress.versions.working import sha256_of

__all__ = ["INDEXES", "Pushed", "common_steps", "push"]

INDEXES = "indexes"
"""The folder of `.framepress/versions/` for the indexes of remotes' packs."""
_PACK_SIZE = 32 << 20  # in memory, as often as there are uploads
_UPLOADS = 4


@dataclass(frozen=True)
class Pushed:
    """What a push did.

    Args:
        remote: its name, without credentials.
        versions: numbers of those that the remote did not have.
        contents: how many it did not have, with `size` bytes.
        pruned: numbers of those that went without their files, which were given up here.
        tags: names that are new there.
        taken: tags that name other versions there; they stay as they are.
        behind: how many versions the remote has after our latest.
    """

    remote: str
    versions: tuple[int, ...]
    contents: int
    size: int
    pruned: tuple[int, ...]
    tags: tuple[str, ...]
    taken: tuple[str, ...]
    behind: int

    def to_dict(self) -> dict[str, Any]:
        """JSON-able."""
        return {name: list(value) if isinstance(value, tuple) else value for name, value in self.__dict__.items()}


def push(
    store: Store,
    line: str,
    remote: Any,
    *,
    indexes: Path,
    options: Mapping[str, str] | None = None,
    remote_line: str | None = None,
    exclusive: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> Pushed:
    """Bring a line's versions, and the tags that name them, to a remote.

    Args:
        remote, options: see `opening.open_remote`.
        indexes: a folder where indexes of the remote's packs are kept.
        remote_line: the line there, where it has another name.
        exclusive: nobody else pushes there: it need not keep two apart.
        progress: told how many bytes of how many have arrived.

    Raises:
        OptionError: the remote, or an option of it, is unknown.
        OutputError: the remote refused, cannot keep two pushes apart, or has versions of the line that are not here.
        InputError: something here or there is missing or damaged.
    """
    there = check_name(remote_line or line)
    far = open_remote(remote, options)
    ours = store.refs.line(line)
    if not ours:
        raise InputError(f"{store.root}: the line {line!r} has no version; commit one, then push")
    fresh = not is_store(far)
    if not exclusive:
        probe(far)
    if fresh:
        make_store(far)
    cells = RemoteCells(far)
    refs = Refs(cells)
    theirs = refs.line(there)
    if common_steps(ours, theirs) < min(len(ours), len(theirs)):
        raise OutputError(diverged(far.where, there, ours, theirs))
    new = ours[len(theirs) :]
    sent = _Sent(0, 0)
    given_up = pruned(store.cells)
    bare = [ref for ref in new if ref.commit in given_up]
    if new:
        whole = [ref.commit for ref in new if ref.commit not in given_up]
        with store.leases.hold("push", whole) as near, far.adding() as settle:
            sender = _Sender(store, far, progress, near.token)
            sent = sender.send([ref.commit for ref in new], whole, RemoteContents(far, indexes))
            settle()
            for ref in bare:
                cells.create(f"{PRUNED}/{ref.commit}", b"{}")
            for ref in new:
                _advance(refs, ref, there, far, ours)
    tags, taken = _push_tags(store.refs, refs, {ref.commit for ref in (*theirs, *new)})
    return Pushed(
        far.where,
        tuple(ref.number for ref in new),
        sent.contents,
        sent.size,
        tuple(ref.number for ref in bare),
        tags,
        taken,
        max(len(theirs) - len(ours), 0),
    )


def common_steps(ours: Sequence[Ref], theirs: Sequence[Ref]) -> int:
    """How many versions two lines share from their beginning on."""
    for count, (here, there) in enumerate(zip(ours, theirs, strict=False)):
        if here.commit != there.commit:
            return count
    return min(len(ours), len(theirs))


def diverged(where: str, line: str, ours: Sequence[Ref], theirs: Sequence[Ref]) -> str:
    """The message for two lines that went apart."""
    shared = common_steps(ours, theirs)
    others = [_told(ref) for ref in theirs[shared:]]
    more = f" and {len(others) - 5} more" if len(others) > 5 else ""
    since = f"after version {shared}" if shared else "from the first version on"
    return (
        f"{where}: its line {line!r} differs from ours {since}: it has {', '.join(others[:5])}{more}, which are not "
        "here; nothing was changed. Pull them into a line of their own (--as theirs), look at both, and commit "
        "what is right over theirs"
    )


def _told(ref: Ref) -> str:
    return f"{ref.number} ({' '.join(filter(None, (ref.commit[:12], ref.time, ref.by)))})"


def _advance(refs: Refs, ref: Ref, line: str, far: Remote, ours: Sequence[Ref]) -> None:
    if refs.advance(ref, line):
        return
    theirs = refs.line(line)
    if len(theirs) < ref.number or theirs[ref.number - 1].commit != ref.commit:
        raise OutputError(f"another push was first. {diverged(far.where, line, ours, theirs)}")


def _push_tags(ours: Refs, theirs: Refs, known: set[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Names that are new there, and those that name something else there."""
    there = theirs.tags()
    new: list[str] = []
    taken: list[str] = []
    for name, ref in ours.tags().items():
        if name in there:
            if there[name].commit != ref.commit:
                taken.append(name)
        elif ref.commit in known:
            (new if theirs.tag(name, ref) else taken).append(name)
    return tuple(new), tuple(taken)


@dataclass(frozen=True)
class _Sent:
    contents: int
    size: int


class _Sender:
    """Brings contents from `store` to `far`."""

    def __init__(self, store: Store, far: Remote, progress: Callable[[int, int], None] | None, token: str) -> None:
        self._objects = store.objects
        self._temporary = store.root / "tmp"
        self._far = far
        self._progress = progress
        self._token = token
        self._done = self._of = 0

    def send(self, commits: Sequence[str], whole: Sequence[str], there: RemoteContents) -> _Sent:
        """The commits, and what the `whole` of them need and the remote lacks.

        A manifest's chunk that is there has its contents there.
        """
        manifests = [Commit.from_json(self._objects.read(id), f"commit {id[:12]}").manifest for id in whole]
        chunks = [chunk for root in dict.fromkeys(manifests) for chunk in roots_chunks(root, self._objects)]
        new_chunks = there.missing(chunks)
        sizes = {row.sha256: row.size for chunk in new_chunks for row in chunk_rows(chunk, self._objects)}
        contents = there.missing(sizes)
        lost = self._objects.missing(contents)
        if lost:
            raise InputError(
                f"{self._objects.root}: lacks {len(lost)} contents of these versions, the first is {lost[0]}; "
                "nothing was pushed; `framepress version verify` says what is damaged"
            )
        naming = {id: self._objects.size(id) for id in there.missing([*chunks, *manifests, *commits])}
        self._of = sum(sizes[id] for id in contents) + sum(naming.values())
        self._upload({id: sizes[id] for id in contents})
        self._upload(naming)
        return _Sent(len(contents), self._of)

    def _upload(self, sizes: Mapping[str, int]) -> None:
        """All of them there when it returns."""
        small = {id: size for id, size in sizes.items() if size < PACKED_BELOW}
        with ThreadPoolExecutor(_UPLOADS) as pool:
            waiting = [pool.submit(self._packed, group) for group in _groups(small)]
            waiting += [pool.submit(self._alone, id) for id in sizes if id not in small]
            try:
                for one in as_completed(waiting):
                    self._tell(one.result())
            except BaseException:
                pool.shutdown(wait=True, cancel_futures=True)
                raise

    def _packed(self, ids: Sequence[str]) -> int:
        stream = io.BytesIO()
        writer = PackWriter(stream)
        for id, content in self._objects.read_many(ids):
            writer.add(content, id)
        self._far.put(pack_path(writer.finish()), stream.getbuffer())
        return writer.size

    def _alone(self, id: str) -> int:
        """A large content, read once to check it and once to send it."""
        temp = self._temporary / f"{self._token}-{secrets.token_hex(8)}"
        source = self._objects.path(id)
        try:
            if not source.exists():
                self._objects.copy(id, str(temp))
                source = temp
            elif sha256_of(str(source))[0] != id:
                raise InputError(f"{source}: is damaged: its content has another sha256; it was not sent")
            self._far.put(object_path(id), source)
            return source.stat().st_size
        except OSError as error:
            raise refused(temp, "written", error) from error
        finally:
            with suppress(OSError):
                temp.unlink()

    def _tell(self, size: int) -> None:
        self._done = min(self._done + size, self._of)
        if self._progress is not None:
            self._progress(self._done, self._of)


def _groups(sizes: Mapping[str, int]) -> Iterator[list[str]]:
    """Ids in the order given, so many together as fill a pack."""
    group: list[str] = []
    size = 0
    for id, more in sizes.items():
        if group and size + more > _PACK_SIZE:
            yield group
            group, size = [], 0
        group.append(id)
        size += more
    if group:
        yield group
