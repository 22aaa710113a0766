"""Whether a store still holds what its versions need, and each content is what its name says."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from framepress.errors import InputError, OptionError
from framepress.storage.durable import sync_tree
from framepress.storage.output import refused
from framepress.versions.objects import Objects
from framepress.versions.reach import Reach, Use
from framepress.versions.sharing import copy
from framepress.versions.store import Store
from framepress.versions.working import sha256_of

__all__ = ["Damage", "Verified", "repair", "verify"]

_AT_ONCE = 64


@dataclass(frozen=True)
class Damage:
    """One thing that is not as it should be.

    Args:
        kind: content, ref, tag, commit, manifest, chunk (of a manifest) or pack.
        id: its sha256; the path below the store of a ref or tag.
        what: is wrong with it.
        needed_by: versions, with the path of the file that it is there.
        sources: files that hold what it should be, by their sha256.
    """

    kind: str
    id: str
    what: str
    needed_by: tuple[Use, ...] = ()
    sources: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """JSON-able."""
        needed = [{"version": use.version, "path": use.path} for use in self.needed_by]
        return {**self.__dict__, "needed_by": needed, "sources": list(self.sources)}


@dataclass(frozen=True)
class Verified:
    """What `verify` found.

    Args:
        contents: how many were read, with `size` bytes; of `total` that are there.
        sample: the share that was asked for.
        damages: by kind and id; none where all is well.
    """

    contents: int
    size: int
    total: int
    sample: float
    damages: tuple[Damage, ...]

    @property
    def ok(self) -> bool:
        return not self.damages

    def to_dict(self) -> dict[str, Any]:
        """JSON-able."""
        return {**self.__dict__, "ok": self.ok, "damages": [damage.to_dict() for damage in self.damages]}


def verify(
    store: Store,
    dataset: Path | None = None,
    *,
    sample: float = 1.0,
    seed: int = 0,
    workers: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Verified:
    """Refs, tags, commits and manifests are always read, and every content that a version needs must be there.

    Args:
        dataset: a folder where good copies of damaged contents may be.
        sample: share of the contents that are read, chosen by `seed` and their sha256 alone.
        progress: told (read, of how many).

    Raises:
        OptionError: `sample` is not above 0, or above 1.
    """
    if not 0 < sample <= 1:
        raise OptionError(f"sample {sample}: must be above 0, and 1 at most")
    wrong: dict[tuple[str, str], str] = {}

    def tell(kind: str, what: str, error: InputError) -> None:
        wrong[kind, what] = str(error)

    with store.leases.hold("verify"):
        reach = Reach.of(store, tell)
        needed = {row.sha256: row.size for _, rows in reach.rows() for row in rows}
        for id in store.objects.missing(needed):
            wrong["content", id] = "is missing"
        for name, error in store.objects.packs.damaged.items():
            wrong["pack", name] = str(error)
        there = _there(store.objects)
        total = len(there)
        chosen = [id for id in there if sample == 1 or _share(id, seed) < sample]
        size = 0
        for at, (id, found, what) in enumerate(_checked(store.objects, chosen, workers or min(os.cpu_count() or 1, 8))):
            size += found
            if not what and needed.get(id, found) != found:
                what = f"has {found} bytes, the manifest says {needed[id]}"
            if what:
                wrong.setdefault((_kind(id, reach), id), what)
            if progress is not None and at % _AT_ONCE == 0:
                progress(at, len(chosen))
        damages = tuple(_damages(wrong, reach, store, dataset))
    return Verified(len(chosen), size, total, sample, damages)


def _there(objects: Objects) -> list[str]:
    """All contents, those of packs together, in the order in which they lie there."""
    found = {objects.id_of(entry): None for entry in objects.loose()}
    for pack in objects.packs.all():
        found.update(dict.fromkeys(id for _, id in sorted(zip(pack.offsets.tolist(), pack.ids(), strict=True))))
    return list(found)


def _share(id: str, seed: int) -> float:
    """Where a content falls in [0, 1)."""
    return int.from_bytes(hashlib.sha256(f"{seed} {id}".encode()).digest()[:7], "big") / 2**56


def _checked(objects: Objects, ids: Sequence[str], workers: int) -> Iterator[tuple[str, int, str]]:
    """Each id with its size in bytes, and what is wrong, "" for nothing."""
    parts = iter([ids[at : at + _AT_ONCE] for at in range(0, len(ids), _AT_ONCE)])

    def some(part: Sequence[str]) -> list[tuple[str, int, str]]:
        return [(id, *_check(objects, id)) for id in part]

    with ThreadPoolExecutor(workers) as pool:
        while group := list(islice(parts, 16 * workers)):
            for done in pool.map(some, group):
                yield from done


def _check(objects: Objects, id: str) -> tuple[int, str]:
    try:
        if objects.is_loose(id):
            digest, status = sha256_of(str(objects.path(id)))
            return status.st_size, "" if digest == id else f"has another content, of sha256 {digest[:12]}"
        return len(objects.read(id)), ""
    except InputError as error:
        return 0, str(error)


def _kind(id: str, reach: Reach) -> str:
    kinds = {"commit": reach.versions, "manifest": reach.roots, "chunk": reach.chunks}
    return next((kind for kind, known in kinds.items() if id in known), "content")


def _damages(wrong: dict[tuple[str, str], str], reach: Reach, store: Store, dataset: Path | None) -> Iterator[Damage]:
    uses = reach.needing([id for kind, id in wrong if kind not in ("ref", "tag", "pack")])
    for (kind, id), what in sorted(wrong.items()):
        needed_by = tuple(dict.fromkeys(uses.get(id, ())))
        sources = () if dataset is None else tuple(_copies(id, needed_by, store.objects, dataset))
        yield Damage(kind, id, what, needed_by, sources)


def _copies(id: str, needed_by: Sequence[Use], objects: Objects, dataset: Path) -> Iterator[str]:
    for path in dict.fromkeys(use.path for use in needed_by if use.path):
        name = dataset / path
        if name.is_file() and not (objects.is_loose(id) and os.path.samefile(name, objects.path(id))):
            try:
                digest, _ = sha256_of(str(name))
            except InputError:
                continue
            if digest == id:
                yield str(name)


def repair(store: Store, verified: Verified) -> list[Damage]:
    """Put good copies in the place of damaged or missing contents, where `verify` found any; what is still damaged.

    Raises:
        OutputError: the disk refused.
    """
    left = []
    with store.leases.hold("repair") as lease:
        for damage in verified.damages:
            if damage.kind != "content" or not _replace(damage, store.objects, f"{store.root}/tmp/{lease.token}-copy"):
                left.append(damage)
        store.objects.sync()
    return left


def _replace(damage: Damage, objects: Objects, temp: str) -> bool:
    """A loose content is found before one in a pack, so that a good one stands for a damaged one there too."""
    target = objects.path(damage.id)
    for source in damage.sources:
        try:
            copy(source, temp)
            if sha256_of(temp)[0] == damage.id:
                os.chmod(temp, 0o444)
                sync_tree(str(objects.root))
                target.parent.mkdir(parents=True, exist_ok=True)
                os.replace(temp, target)
                return True
            os.unlink(temp)
        except OSError as error:
            raise refused(target, "repaired", error) from error
    return False
