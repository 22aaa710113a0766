"""A dataset as one archive, or as numbered parts: deterministic, in threads, visible when it is whole."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from framepress.core.in_order import threads
from framepress.delivery.manifest_files import SUMS, Listing, files_below
from framepress.delivery.pack_archive import Packer, kind_of, unfinished, write_archive
from framepress.delivery.pack_members import IMAGES, Member, linked, parts
from framepress.delivery.unpack import digests_within
from framepress.delivery.unpack_archive import items
from framepress.errors import InputError, OptionError, OutputError
from framepress.storage.lock import FolderLock
from framepress.storage.output import refused

__all__ = ["Packed", "pack"]


@dataclass(frozen=True)
class Packed:
    """Args:
    archives: one, or the numbered parts.
    files, bytes: of the dataset that are in them, the manifests not counted.
    packed_bytes: of the archives.
    links: those of the files that are names of others before them.
    images_left_out: how many, where images were not asked for.
    left_out: folders of other tools, and the store of versions.
    empty_folders: which an archive of files does not hold.
    verified: whether the archives were read back.
    """

    archives: tuple[Path, ...]
    files: int
    bytes: int
    packed_bytes: int
    links: int
    images_left_out: int
    left_out: Sequence[str]
    empty_folders: int
    verified: bool


def pack(
    source: Path | str,
    target: Path | str,
    *,
    split: str | None = None,
    frames: Collection[str] | None = None,
    max_bytes: int | None = None,
    images: bool = True,
    prefix: str = "",
    workers: int | None = None,
    level: int | None = None,
    history: bool = False,
    links: bool = False,
    verify: bool = False,
    on_progress: Callable[[int, int], None] | None = None,
) -> Packed:
    """Pack a dataset's folder; the archive's name says how: .zip, .tar, .tar.gz or .tar.zst.

    Bytes depend on the files' names and content and on the arguments, never on times, owners, modes or threads; those
    of deflate and zstd on their library's release too. The last entry is a manifest, `.framepress/SHA256SUMS`.

    Args:
        split, frames: only frames of this split, with these ids: of a dataset of ours, whose dataset-wide files are
            then those of these frames.
        max_bytes: of each of several archives, NAME-1-of-3.zip and so on; each can be unpacked alone.
        images: False leaves picture files out.
        prefix: a folder in the archive, with a slash at its end.
        history: the store of versions inside the dataset too.
        links: pack a file of several names (hard links: an image of several editions) once; tar only. The bytes then
            depend on which files are links, too.
        verify: read everything back before the archive gets its name.
        on_progress: told how many files of how many are in.

    Raises:
        OptionError: a name of no archive, a target inside the source, an impossible option.
        InputError: a link that leads out of the dataset or a file that is none; a file changed or cannot be read.
        OutputError: the target exists, is being written, a name that cannot be unpacked elsewhere, or a full disk.
    """
    source, target = Path(source), Path(os.path.abspath(target))
    kind, suffix = kind_of(target)
    kind.packer(level).close()  # what cannot be is told before anything is written
    _check(source, target, prefix, max_bytes)
    if links and not kind.links:
        raise OptionError(f"{target}: {suffix} knows no links; choose a tar, or leave out `links`")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        lock = FolderLock(str(target.with_name(f".{target.name}.lock")))
    except OSError as error:
        raise refused(target, "written", error) from error
    with ExitStack() as stack:
        stack.callback(lock.release)
        if split is not None or frames is not None:
            from framepress.delivery.pack_frames import some_frames  # loads all that writes datasets

            source = stack.enter_context(some_frames(source, target, split, frames))
        listing = _listed(source, history)
        members = _members(listing, prefix, images)
        lots = parts(members, max_bytes, kind.overhead)
        if links:
            lots = [linked(lot) for lot in lots]
        names = _names(target, suffix, len(lots))
        told = _Told(on_progress, len(members))
        for name in names:
            if os.path.lexists(name):
                raise OutputError(f"{name}: exists already and is not overwritten; move it away, or name another")
        packers = [kind.packer(level) for _ in lots]
        with _written(names, lots, packers, prefix, threads(workers), verify, told):
            packed_bytes = sum(unfinished(name).stat().st_size for name in names)
    return Packed(
        tuple(names),
        len(members),
        sum(member.size for member in members),
        packed_bytes,
        sum(bool(member.same_as) for lot in lots for member in lot),
        len(listing.files) - len(members),
        listing.left_out,
        listing.empty_folders,
        verify,
    )


def _check(source: Path, target: Path, prefix: str, max_bytes: int | None) -> None:
    if not source.is_dir():
        raise OptionError(f"{source}: is no folder; a dataset's folder is what can be packed")
    if target.resolve().is_relative_to(source.resolve()):
        raise OptionError(f"{target}: lies in the dataset itself; name a file outside of {source}")
    if os.path.lexists(target):
        raise OutputError(f"{target}: exists already and is not overwritten; move it away, or name another")
    if prefix and not prefix.endswith("/"):
        raise OptionError(f"prefix {prefix!r}: is a folder in the archive, and ends in a slash")
    if max_bytes is not None and max_bytes < 1 << 16:
        raise OptionError(f"max_bytes={max_bytes}: must be at least {1 << 16}")


def _listed(source: Path, history: bool) -> Listing:
    listing = files_below(source, history=history)
    for path, reason in listing.passed_over.items():
        raise InputError(f"{source}/{path}: is {reason}; put the file itself there, or take it out of the dataset")
    return listing


def _members(listing: Listing, prefix: str, images: bool) -> list[Member]:
    return [
        Member(prefix + file.path, listing.root / file.path, file.size, file.mtime_ns, file.shared)
        for file in listing.files
        if images or os.path.splitext(file.path)[1].lower() not in IMAGES
    ]


def _names(target: Path, suffix: str, count: int) -> list[Path]:
    if count == 1:
        return [target]
    stem, width = target.name[: -len(suffix)], len(str(count))
    return [target.with_name(f"{stem}-{number:0{width}}-of-{count}{suffix}") for number in range(1, count + 1)]


class _Told:
    """Progress over several archives."""

    def __init__(self, on_progress: Callable[[int, int], None] | None, total: int) -> None:
        self._on_progress, self._total, self._done = on_progress, total, 0

    def __call__(self, files: int) -> None:
        self._done += files
        if self._on_progress is not None:
            self._on_progress(self._done, self._total)


@contextmanager
def _written(
    names: Sequence[Path],
    lots: Sequence[Sequence[Member]],
    packers: Sequence[Packer],
    prefix: str,
    workers: int,
    verify: bool,
    on_file: Callable[[int], None],
) -> Iterator[None]:
    """All archives are whole within the block; none has its name before it ends, and then the last one first."""
    with ExitStack() as stack:
        for name, lot, packer in zip(names, lots, packers, strict=True):
            part = stack.enter_context(
                write_archive(name, lot, packer, prefix=prefix, workers=workers, on_file=on_file)
            )
            if verify:
                _verified(part, name, prefix)
        yield


def _verified(part: Path, name: Path, prefix: str) -> None:
    """Reads an archive back and holds it against its own manifest."""
    digests: dict[str, str] = {}
    manifest = b""
    for item in items(part):
        if item.blocks is None:
            digests[item.name] = digests[item.same_as]
            continue
        if item.name == prefix + SUMS:
            manifest = b"".join(item.blocks)
            continue
        digest = hashlib.sha256()
        for block in item.blocks:
            digest.update(block)
        digests[item.name] = digest.hexdigest()
    digests_within(manifest, prefix + SUMS, digests, name)
