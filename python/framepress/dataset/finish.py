"""The dataset-wide files of every edition: a pure function of the journal, so it may run again at any time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial

import numpy as np

from framepress.core import Frame, LabelMap, Objects
from framepress.core.record import from_record
from framepress.dataset.job import Job
from framepress.dataset.report import Totals
from framepress.errors import FramepressError, JournalError
from framepress.formats import Row
from framepress.storage.finishing import FinishFiles
from framepress.storage.journal import JOURNAL, Journal
from framepress.storage.output import Output

__all__ = ["finish_editions", "frames_of", "journal_labels", "totals_of"]

JournalRow = tuple[Frame, list[str], dict[str, Row]]


def finish_editions(output: Output, job: Job, journal: Journal) -> None:
    """Write (again) what every edition's `finish` makes; each edition's files become visible together."""
    labels = journal_labels(job, journal)
    for name, (_, writer) in job.editions().items():
        files = FinishFiles(output, job.prefix(name))
        try:
            writer.finish(labels, partial(_rows, journal, labels, name), files)
            files.publish()
        except BaseException:
            files.discard()
            raise


def journal_labels(job: Job, journal: Journal) -> LabelMap:
    """The dataset's classes: those of the job, and those that frames added."""
    if job.labels is not None:
        return job.labels
    labels = LabelMap()
    for line in journal.lines():
        if line.op == "labels":
            labels = labels.grown(LabelMap.from_dict(line.record()["labels"]).labels)
    return labels


def frames_of(journal: Journal, labels: LabelMap) -> Iterator[JournalRow]:
    """Every frame (without channels) under the dataset's classes, the channels it had, and its rows by edition."""
    for record in journal.records():
        if record["op"] not in ("add", "replace"):
            continue
        try:
            frame = _recoded(from_record(record["frame"]), labels)
            rows = {name: edition["row"] for name, edition in record["editions"].items()}
            channels = record["channels"]
        except (FramepressError, KeyError, TypeError, AttributeError) as error:
            raise JournalError(
                f"{JOURNAL}: frame {record['frame'].get('id')!r}: damaged: {type(error).__name__}: {error}; "
                "restore the journal from a copy"
            ) from error
        yield frame, channels, rows


def totals_of(job: Job, journal: Journal, labels: LabelMap) -> Totals:
    """Sums over everything that the journal holds."""
    totals = Totals({name: writer.carries for name, (_, writer) in job.editions().items()})
    for frame, channels, rows in frames_of(journal, labels):
        totals.add(frame, channels, rows)
    return totals


def _rows(journal: Journal, labels: LabelMap, name: str) -> Iterable[tuple[Frame, Row]]:
    return ((frame, rows[name]) for frame, _, rows in frames_of(journal, labels))


def _recoded(frame: Frame, labels: LabelMap) -> Frame:
    """A record names its own classes; editions count in the dataset's."""

    def recoded(objects: Objects) -> Objects:
        codes = np.array([labels.code(name) for name in objects.classes], np.int32)
        return objects.relabelled(labels.names, codes)

    return frame.replaced(views=tuple(view.replaced(objects=recoded(view.objects)) for view in frame.views))
