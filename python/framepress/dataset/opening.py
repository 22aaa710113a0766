"""Any dataset that some format can read, opened as frames: ours by its best edition, a foreign one by its format."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from inspect import signature
from pathlib import Path
from typing import Any

from framepress import formats
from framepress.core import Frame, LabelMap
from framepress.core.files import read_file
from framepress.dataset.job import JOB_PATH, Job
from framepress.errors import InputError, OptionError
from framepress.formats import Format

__all__ = ["Dataset", "open_dataset"]


@dataclass(frozen=True)
class Dataset:
    """A readable dataset; `frames` may be called again and streams each time.

    Args:
        path: the folder or file that the format reads.
        job: what it was asked to be, where it is one of ours.
    """

    path: Path
    format: Format
    options: Mapping[str, Any] = field(default_factory=dict)
    job: Job | None = None

    def frames(self) -> Iterator[Frame]:
        if self.format.read is None:
            raise OptionError(f"format {self.format.name} can only be written")
        return self.format.read(self.path, **self.options)

    def labels(self) -> LabelMap:
        """The classes, in order; made from the frames where the format has no list of them."""
        if self.format.read_labels is not None:
            known = signature(self.format.read_labels).parameters
            return self.format.read_labels(
                self.path, **{key: self.options[key] for key in self.options if key in known}
            )
        labels = LabelMap()
        for frame in self.frames():
            for view in frame.views:
                labels = labels.grown(view.objects.classes)
        return labels


def open_dataset(path: Path | str, format: str | None = None, **options: Any) -> Dataset:
    """Open a folder or file for reading.

    Args:
        format: its format; None finds out.
        options: of the format's reader.

    Raises:
        InputError: nothing is there, or no format or several fit.
        OptionError: the format is unknown or cannot be read.
    """
    path = Path(path)
    if not path.exists():
        raise InputError(f"{path}: does not exist")
    if format is not None:
        job = _job(path) if (path / JOB_PATH).exists() else None
        if job is None or format not in job.formats:  # not one of our editions, whatever else it may be
            return Dataset(path, formats.by_name(format), options)
        return Dataset(path / job.prefix(format), formats.by_name(format), options, job)
    if (path / JOB_PATH).exists():
        job = _job(path)
        readable = [found for name in job.formats if (found := formats.by_name(name)).read is not None]
        if not readable:
            raise InputError(f"{path}: none of its formats can be read: {', '.join(job.formats)}")
        best = max(readable, key=lambda found: len(found.carries))
        return Dataset(path / job.prefix(best.name), best, options, job)
    return Dataset(path, formats.detect(path), options)


def _job(path: Path) -> Job:
    return Job.from_json(read_file(path / JOB_PATH), str(path))
