"""`FramepressWriter`, made for the `omni.replicator.core` that it is given: Isaac Sim's own or the stand-in's."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Any

from framepress import __version__
from framepress.core import LabelMap
from framepress.dataset.report import Report
from framepress.errors import OptionError
from framepress.replicator.backends import folder_of, output_of
from framepress.replicator.expected import expected_classes, has_skeletons, taxonomy_of
from framepress.replicator.failures import Errors
from framepress.replicator.labels import labels_of_stage
from framepress.replicator.options import Options
from framepress.replicator.press import Press
from framepress.replicator.seal import host_queue
from framepress.replicator.stage import open_stage, provenance, rendered_stage, world_up
from framepress.storage.output import Output

__all__ = ["SCENE", "build_writer"]

SCENE = "scene"
"""As `labels`: those of the open stage."""

_END = "FramepressWriter.on_final_frame"


def build_writer(rep: ModuleType) -> type[Any]:
    """The writer class; register it with `rep.WriterRegistry.register`.

    Its options, all of them JSON-able:

    output_dir: the dataset's folder, a relative one where Replicator's own writers put it, see `backends.folder_of`; or
    backend: a `DiskBackend`, as the Synthetic Data Recorder of Isaac Sim 6.0 passes it: the dataset goes to its folder.
    formats: "coco,yolo", a list, or format -> options.
    labels: a label file, or a list of names or of {name, keypoints, ...}; "scene": those of the open stage, by name, as
        they are spelled there, with the joints of skeletons as key points and their colours, and none that come later;
        None: those of the stage at the dataset's first frame, likewise, and behind them what else frames bring. A
        prim with several labels is not listed beforehand: the policy says what its class is. With a `semantic_filter`
        nothing is: it may leave any class out.
    unlisted: `error` or `drop` an object whose class is not among them.
    channels: which of rgb, depth, semantic, instance (the default) and range, normal, flow, points are kept where a
        format can keep them.
    keypoints: whether the joints of skeletons are taken; None: where a class names some, or, without `labels`, where
        the stage has skeletons when the writer is initialized.
    images, quality, depth: encodings, such as images="jpeg", depth="tiff", of every format that has the option and does
        not name its own in `formats`.
    split: "train=.8,val=.2", drawn with `seed`.
    policy: {comma, nested, nested_by_class, taxonomy, touching_m, probe}, see `capture.policy`.
    semantic_types: taxonomies whose labels make a prim an object, such as ["class", "shape"]; or
    semantic_filter: which labels make a prim an object, as Replicator's predicates; by default those of the policy's
        taxonomy, "class:*". It is this writer's own: other writers of the run keep theirs.
    tiles: of tiled render products, name -> {"size": [width, height] of a tile, "cameras": [prim path, ...]}; needed
        where a format has boxes and no masks, or where the product's prim does not tell its cameras; see `tiles`.
    min_pixels, min_visibility: an object with less to see is left out, and counted; see `sieve`.
    sequence: the name of the recording; frames of one sequence stay in one split.
    first_frame: the number of the first frame, for a run that makes a part of a longer one.
    world_up: x, y or z, for formats of upright boxes; by default the up axis of the stage that is open.
    on_error: what a frame that cannot be written does. It is in the ledger and in the log, and the frames that follow
        are taken whatever it is: `stop` (the default) stops the orchestrator, `count` goes on. With `raise` nothing is
        written after it and `write` raises, which Isaac Sim logs for each frame from there on.
    provenance: what is known of where the frames come from, for the ledger; by default what the host tells: its
        versions, seed and stage.
    checks: `truth` (the default): the channels of every `check_every`th frame (10) must agree with each other, and with
        those of the frame before; what does not is counted, and is in the ledger. `none`: nothing is checked.
    on_finding: `count`; or `stop`: a frame with an error ends the run, and is not written.
    require: a profile (strict, default, fast, or a TOML file) that the finished dataset must hold, see `framepress
        validate`; where it does not, that is in the log, and `report` raises. Its rules need msgspec and PyYAML.
    workers, queue_bytes, on_full, existing, origin: see `DatasetWriter`.
    """
    errors = Errors(rep)

    class FramepressWriter(rep.Writer):  # type: ignore[name-defined, misc]
        _press: Press

        def __init__(self, output_dir: str | Path | None = None, backend: Any = None, **options: Any) -> None:
            self.seal()  # `initialize` may be called again, and the former dataset is complete then
            target = _target(output_dir, backend)
            given = {"world_up": world_up(), "on_error": "stop", "provenance": provenance(rep), **options}
            if given.get("labels") == SCENE:
                given["labels"] = _labels_of_scene(taxonomy_of(given.get("policy")))
            elif given.get("labels") is None:
                given.setdefault("keypoints", has_skeletons())
            chosen = Options.of(**given)
            self.version = __version__
            self.data_structure = "renderProduct"
            self.annotators = [
                rep.AnnotatorRegistry.get_annotator(name, init_params=dict(params) or None)
                for name, params in chosen.annotators.items()
            ]
            self._press = Press(target, chosen, rendered_stage, expected_classes)
            self._queued = host_queue(rep, target, backend)

        def write(self, data: dict[str, Any]) -> None:
            if not hasattr(self, "_press"):
                raise OptionError("FramepressWriter: call initialize(output_dir=...) before attach")
            with errors.of(self._press, "FramepressWriter.write"):
                self._press.take(data)

        def on_final_frame(self) -> None:
            """Have the dataset completed while the host goes on: its `wait_until_complete` waits for that."""
            self._end()

        def detach(self) -> None:
            """Write no more, and have the dataset completed: the end of a run is told to attached writers only."""
            super().detach()
            self._end()

        def seal(self) -> None:
            """Complete the dataset before this returns, as where the host ends."""
            if hasattr(self, "_press"):  # WriterRegistry.get makes a writer without its constructor
                with errors.of(self._press, _END, at_end=True):
                    self._press.finish()

        def _end(self) -> None:
            if not hasattr(self, "_press"):
                return
            press, queued = self._press, self._queued
            seal = press.end()

            def job() -> None:
                with errors.of(press, _END, at_end=True):
                    if seal is not None:
                        seal.run()

            job.__qualname__ = _END  # what a host's queue calls a job that fails
            if seal is None or not queued(job):
                job()

        @property
        def report(self) -> Report | None:
            """What was written, once the run has stopped; waits until the dataset is complete.

            Raises:
                FramepressError: why it is not.
            """
            return self._press.sealed() if hasattr(self, "_press") else None

    return FramepressWriter


def _labels_of_scene(taxonomy: str) -> LabelMap:
    stage = open_stage()
    found = None if stage is None else labels_of_stage(stage, stage.GetRootLayer().identifier, taxonomy=taxonomy)
    if found is None:
        raise OptionError(
            f"labels={SCENE!r}: no stage is open, or none of its prims is labelled; label some, or name them"
        )
    return found


def _target(output_dir: str | Path | None, backend: Any) -> Path | Output:
    """Where the dataset goes: a folder, a backend's too, or what a backend stands for.

    Raises:
        OptionError: both, neither, or nothing that can be written.
    """
    if (output_dir is None) == (backend is None):
        given = "both output_dir and backend" if backend is not None else "neither output_dir nor backend"
        raise OptionError(f"FramepressWriter: got {given}; pass output_dir (an absolute folder), or a backend")
    if output_dir is not None:
        return folder_of(output_dir)
    return output_of(backend)
