"""Which frames of a job a process makes: said by a flag, or by whatever started it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from framepress.errors import OptionError

__all__ = ["Shard", "folders_of", "shard_asked"]

_TEXT = re.compile(r"(\d+)(?:/(\d+))?")
_FOLDER = re.compile(r"(\d{5,})-of-(\d{5,})")


@dataclass(frozen=True, order=True)
class Shard:
    """The `index`-th of `count` shards, from 0.

    Raises:
        OptionError: there is no such shard.
    """

    index: int
    count: int

    def __post_init__(self) -> None:
        if not 0 <= self.index < self.count:
            raise OptionError(f"shard {self.index} of {self.count}: shards count from 0 to {max(self.count, 1) - 1}")

    def __str__(self) -> str:
        return f"{self.index}/{self.count}"

    def frames(self, total: int) -> range:
        """Its frames of `total`; the shards of one count cover all of them once, and differ by one frame at most.

        Raises:
            OptionError: there are more shards than frames.
        """
        if self.count > total:
            raise OptionError(f"{self.count} shards of {total} frames: some would be empty; ask for {total} at most")
        return range(total * self.index // self.count, total * (self.index + 1) // self.count)

    def folder(self, out: Path) -> Path:
        """Where its dataset lies in a job's folder."""
        return out / "shards" / f"{self.index:05}-of-{self.count:05}"


def folders_of(out: Path) -> dict[Shard, Path]:
    """The shards that lie in a job's folder, in whatever state."""
    found = {}
    for path in sorted((out / "shards").iterdir()) if (out / "shards").is_dir() else ():
        name = _FOLDER.fullmatch(path.name)
        if name is not None and path.is_dir():
            found[Shard(int(name[1]), int(name[2]))] = path
    return found


def shard_asked(flag: str | None, count: int | None, environ: Mapping[str, str]) -> Shard:
    """From `--shard I/N` (or `--shard I --shards N`), else from the environment, else the only one there is.

    Kubernetes: JOB_COMPLETION_INDEX, with the count given. Slurm: SLURM_ARRAY_TASK_ID, with the count given or an array
    from 0 to N-1. torchrun: RANK and WORLD_SIZE.

    Raises:
        OptionError: no numbers, no such shard, an index without a count, or two sources that disagree.
    """
    if flag is not None:
        text = _TEXT.fullmatch(flag)
        if text is None:
            raise OptionError(f"shard {flag!r}: write it as INDEX/COUNT, such as 0/8")
        return _shard(int(text[1]), None if text[2] is None else int(text[2]), count, f"shard {flag}")
    found = {name: read(environ, count) for name, read in _SOURCES.items() if environ.get(name)}
    if len(set(found.values())) > 1:
        told = ", ".join(f"{name} says {shard}" for name, shard in found.items())
        raise OptionError(f"which shard is this? {told}; say it with --shard INDEX/COUNT")
    if found:
        return next(iter(found.values()))
    if count not in (None, 1):
        raise OptionError(f"shards {count}: which of them is this? Say it with --shard INDEX/{count}")
    return Shard(0, 1)


def _shard(index: int, own: int | None, asked: int | None, where: str) -> Shard:
    if own is not None and asked is not None and own != asked:
        raise OptionError(f"{where}: of {own} shards, but --shards says {asked}")
    count = own if asked is None else asked
    if count is None:
        raise OptionError(f"{where}: of how many? Say it with --shards COUNT")
    return Shard(index, count)


def _number(environ: Mapping[str, str], name: str, default: int | None = None) -> int:
    text = environ.get(name, "")
    if not text and default is not None:
        return default
    if not text.isdecimal():
        raise OptionError(f"{name}={text!r}: expected a number; say the shard with --shard INDEX/COUNT")
    return int(text)


def _kubernetes(environ: Mapping[str, str], count: int | None) -> Shard:
    return _shard(_number(environ, "JOB_COMPLETION_INDEX"), None, count, "JOB_COMPLETION_INDEX")


def _slurm(environ: Mapping[str, str], count: int | None) -> Shard:
    task = _number(environ, "SLURM_ARRAY_TASK_ID")
    if count is None:
        first, many = _number(environ, "SLURM_ARRAY_TASK_MIN", 0), _number(environ, "SLURM_ARRAY_TASK_COUNT")
        last = _number(environ, "SLURM_ARRAY_TASK_MAX", many - 1)
        if (first, last) != (0, many - 1):  # a part of an array that is run again does not tell the size of the whole
            raise OptionError(
                f"SLURM_ARRAY_TASK_ID={task}: an array from {first} to {last} with {many} tasks is not one of all "
                "shards, which is 0 to N-1; say how many there are with --shards N"
            )
        count = many
    return _shard(task, None, count, "SLURM_ARRAY_TASK_ID")


def _rank(environ: Mapping[str, str], count: int | None) -> Shard:
    own = _number(environ, "WORLD_SIZE") if environ.get("WORLD_SIZE") else None
    return _shard(_number(environ, "RANK"), own, count, "RANK")


_SOURCES: Mapping[str, Callable[[Mapping[str, str], int | None], Shard]] = {
    "JOB_COMPLETION_INDEX": _kubernetes,
    "SLURM_ARRAY_TASK_ID": _slurm,
    "RANK": _rank,
}
