"""`FramepressWriter`, made for the `omni.replicator.core` that it is given: Isaac Sim's own or the stand-in's."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from framepress import __version__
from framepress.dataset.report import Report
from framepress.errors import OptionError
from framepress.replicator.options import Options
from framepress.replicator.press import Press

__all__ = ["build_writer"]


def build_writer(rep: ModuleType) -> type[Any]:
    """The writer class; register it with `rep.WriterRegistry.register`.

    Its options, all of them JSON-able:

    output_dir: the dataset's folder; or
    backend: a `DiskBackend`, as the Synthetic Data Recorder of Isaac Sim 6.0 passes it: the dataset goes to its folder.
    formats: "coco,yolo", a list, or format -> options.
    labels: a label file, or a list of names or of {name, keypoints, ...}; None: classes as frames bring them.
    unlisted: `error` or `drop` an object whose class is not among them.
    channels: which of rgb, depth, semantic, instance (the default) and range, normal, flow, points are kept where a
        format can keep them.
    split: "train=.8,val=.2", drawn with `seed`.
    policy: {comma, nested, nested_by_class, taxonomy, touching_m}, see `capture.policy`.
    semantic_filter: which labels make a prim an object, as Replicator's predicates; by default those of the policy's
        taxonomy, "class:*". It is this writer's own: other writers of the run keep theirs.
    sequence: the name of the recording; frames of one sequence stay in one split.
    first_frame: the number of the first frame, for a run that makes a part of a longer one.
    world_up: x, y or z, for formats of upright boxes; by default the up axis of the stage that is open.
    workers, queue_bytes, on_full, existing, on_error, origin: see `DatasetWriter`.
    """

    class FramepressWriter(rep.Writer):  # type: ignore[name-defined, misc]
        _press: Press

        def __init__(self, output_dir: str | Path | None = None, backend: Any = None, **options: Any) -> None:
            self._seal()  # `initialize` may be called again, and the former dataset is complete then
            folder = _folder(output_dir, backend)
            chosen = Options.of(**{"world_up": _world_up(), **options})
            self.version = __version__
            self.data_structure = "renderProduct"
            self.annotators = [
                rep.AnnotatorRegistry.get_annotator(name, init_params=dict(params) or None)
                for name, params in chosen.annotators.items()
            ]
            self._press = Press(folder, chosen)

        def write(self, data: dict[str, Any]) -> None:
            self._press.take(data)

        def on_final_frame(self) -> None:
            self._press.finish()

        def detach(self) -> None:
            """Write no more, and complete the dataset: the end of a run is told to attached writers only."""
            super().detach()
            self._seal()

        def _seal(self) -> None:
            if hasattr(self, "_press"):  # WriterRegistry.get makes a writer without its constructor
                self._press.finish()

        @property
        def report(self) -> Report | None:
            """What was written, once the run has stopped."""
            return self._press.report

    return FramepressWriter


def _world_up() -> str:
    """The up axis of the open stage; Isaac Sim's own default where none is open."""
    usd = sys.modules.get("omni.usd")  # Isaac Sim and the stand-in have it loaded
    stage = usd.get_context().get_stage() if usd is not None else None
    if stage is None:
        return "z"
    from pxr import UsdGeom

    return str(UsdGeom.GetStageUpAxis(stage)).lower()


def _folder(output_dir: str | Path | None, backend: Any) -> Path:
    """Where the dataset goes. The backend itself is not written through: its queue keeps no order and drops errors."""
    if (output_dir is None) == (backend is None):
        given = "both output_dir and backend" if backend is not None else "neither output_dir nor backend"
        raise OptionError(f"FramepressWriter: got {given}; pass output_dir (an absolute folder), or a DiskBackend")
    folder = output_dir if backend is None else getattr(backend, "output_dir", None)
    if not isinstance(folder, str | Path):
        raise OptionError(
            f"FramepressWriter: the backend {type(backend).__name__} has no folder; pass a DiskBackend, or output_dir"
        )
    return Path(folder)
