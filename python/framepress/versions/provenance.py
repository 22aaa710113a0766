"""Where a version's data came from, as its commit says it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from framepress import __version__
from framepress.dataset.finish import journal_labels
from framepress.dataset.job import JOB_PATH, Job
from framepress.errors import OptionError
from framepress.storage.folder import FolderOutput
from framepress.storage.journal import Journal

__all__ = ["provenance_of"]


def provenance_of(dataset: Path, notes: Mapping[str, Any] | None) -> dict[str, Any]:
    """JSON-able: {"framepress", "origin" (of the job: scene, seeds, versions, as its writer told), "formats",
    "labels": {"names", "sha256"}, "notes"}; of a dataset that is not ours only what the caller says.

    Raises:
        OptionError: `notes` are no plain JSON.
        JournalError: the dataset's description is damaged.
    """
    found: dict[str, Any] = {"framepress": __version__}
    output = FolderOutput(dataset)
    if output.exists(JOB_PATH):
        job = Job.from_json(output.read(JOB_PATH), str(dataset))
        labels = journal_labels(job, Journal.open(output, repair=False)) if job.labels is None else job.labels
        document = json.dumps(labels.to_dict(), sort_keys=True, ensure_ascii=False).encode()
        found["formats"] = {name: dict(options) for name, options in job.formats.items()}
        found["labels"] = {"names": list(labels.names), "sha256": hashlib.sha256(document).hexdigest()}
        if job.origin is not None:
            found["origin"] = dict(job.origin)
    if notes:
        found["notes"] = dict(notes)
    try:
        plain: dict[str, Any] = json.loads(json.dumps(found, allow_nan=False))
    except (TypeError, ValueError) as error:
        raise OptionError(f"notes must be plain JSON: {notes!r}: {error}") from error
    return plain
