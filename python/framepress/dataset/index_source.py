"""Where an index comes from: the journal of a dataset of ours, the reader of any other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from framepress.core import Frame, LabelMap
from framepress.core.features import features
from framepress.dataset.index_block import File, Gathered
from framepress.dataset.index_build import Builder
from framepress.dataset.index_journal import build_from_journal
from framepress.dataset.opening import Dataset
from framepress.dataset.state import root_of

__all__ = ["build"]


def build(
    dataset: Dataset,
    folder: Path,
    older: Sequence[Path] = (),
    on_frames: Callable[[int], None] = lambda frames: None,
) -> None:
    """Write the index of a dataset into an empty folder.

    Args:
        older: folders of indexes of the same dataset in other states; where the journal only grew since, their columns
            are copied and go on.
        on_frames: told how many frames are done.

    Raises:
        InputError: the dataset is damaged.
        OSError: the folder cannot be written.
    """
    root = root_of(dataset)
    if root is None:
        _from_frames(dataset, folder, on_frames)
    else:
        assert dataset.job is not None
        build_from_journal(root, dataset.job, folder, older, on_frames)


def _from_frames(dataset: Dataset, folder: Path, on_frames: Callable[[int], None]) -> None:
    labels = LabelMap() if dataset.format.read_labels is None else dataset.labels()
    builder = Builder(folder, labels, on_frames=on_frames)
    gathered = Gathered()
    for frame in dataset.frames():
        gathered.add(frame, features(frame), _files_of(frame, dataset))
        if gathered.full:
            builder.add(gathered.block())
            gathered = Gathered()
    if len(gathered):
        builder.add(gathered.block())
    builder.close()


def _files_of(frame: Frame, dataset: Dataset) -> list[File]:
    """The files that a foreign frame's pixels come from."""
    files = []
    for view in frame.views:
        for channel in view.channels:
            image = view.channels.encoded(channel)
            if image is None or not isinstance(image.source, Path):
                continue
            source = image.source
            size = source.stat().st_size if source.is_file() else -1
            base = dataset.path if dataset.path.is_dir() else dataset.path.parent
            path = source.relative_to(base) if source.is_relative_to(base) else source
            files.append(File(dataset.format.name, path.as_posix(), size))
    return files
