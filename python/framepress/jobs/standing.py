"""How far a shard is, told from what lies on the disk: exit codes of a simulator say nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from framepress.dataset.job import JOB_PATH, Job
from framepress.errors import InputError
from framepress.jobs.shards import Shard
from framepress.jobs.spec import JobSpec
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
        origin: what made it.
        missing: those of its frames that it does not hold; strange: frames that are not its own, by their ids.
    """

    path: Path
    shard: Shard
    frames: range
    state: str
    written: tuple[int, ...]
    missing: tuple[int, ...]
    strange: tuple[str, ...]
    origin: Mapping[str, Any] = field(default_factory=dict)

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


def standing(path: Path, shard: Shard, job: JobSpec) -> Standing:
    """Look at a shard's folder; changes nothing.

    Raises:
        InputError: what lies there is of another edition of the job.
        JournalError: its journal is damaged.
    """
    frames = shard.frames(job.num_frames)
    output = FolderOutput(path)
    if not output.exists(JOB_PATH):
        return Standing(path, shard, frames, "absent", (), tuple(frames), ())
    origin = Job.from_json(output.read(JOB_PATH), str(path)).origin or {}
    if origin.get("sha256") != job.sha256:
        raise InputError(f"{path}: was made by another edition of {job.where}; remove it, and run the shard again")
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
        origin,
    )
