"""How far a shard is, told from what lies on the disk: exit codes of a simulator say nothing."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from framepress.dataset.job import JOB_PATH, Job
from framepress.jobs.shards import Shard
from framepress.storage.folder import FolderOutput
from framepress.storage.journal import Journal
from framepress.storage.segments import found, is_growing

__all__ = ["Standing", "standing"]


@dataclass(frozen=True)
class Standing:
    """A shard as it lies there.

    Args:
        state: `absent`, `open` (being written, or interrupted) or `sealed`.
        written: numbers of the frames that it holds.
        missing: those of its frames that it does not hold; strange: frames that are not its own, by their ids.
    """

    path: Path
    shard: Shard
    frames: range
    state: str
    written: tuple[int, ...]
    missing: tuple[int, ...]
    strange: tuple[str, ...]
    origin: Any = None

    @property
    def complete(self) -> bool:
        return self.state == "sealed" and not self.missing and not self.strange

    @property
    def first_missing(self) -> int:
        return self.missing[0] if self.missing else self.frames.stop

    def __str__(self) -> str:
        own = f"shard {self.shard} (frames {self.frames[0]} to {self.frames[-1]})"
        if self.state == "absent":
            return f"{own} is missing"
        if self.strange:
            return f"{own} holds frame {self.strange[0]}, which is not its own; remove {self.path} and run it again"
        if self.missing:
            return f"{own} lacks {len(self.missing)} frames, the first of them {self.missing[0]}"
        return f"{own} is {'complete' if self.complete else 'not sealed'}"


def standing(path: Path, shard: Shard, total: int) -> Standing:
    """Look at a shard's folder; changes nothing.

    Raises:
        JournalError: its journal is damaged.
    """
    frames = shard.frames(total)
    output = FolderOutput(path)
    if not output.exists(JOB_PATH):
        return Standing(path, shard, frames, "absent", (), tuple(frames), ())
    job = Job.from_json(output.read(JOB_PATH), str(path))
    segments = found(output, repair=False)
    ids = set(Journal.open(output, repair=False).ids) if segments else set()
    own = {f"{number:06d}": number for number in frames}
    return Standing(
        path,
        shard,
        frames,
        "sealed" if segments and not is_growing(output, segments) else "open",
        tuple(number for name, number in own.items() if name in ids),
        tuple(number for name, number in own.items() if name not in ids),
        tuple(sorted(ids - own.keys())),
        job.origin,
    )
