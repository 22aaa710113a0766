"""A USD scene, or a Replicator script, rendered by the stand-in and pressed into a dataset."""

from __future__ import annotations

import hashlib
import logging
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from framepress.dataset.report import Report
from framepress.dataset.session import check_target
from framepress.errors import FrameError, FramepressError, InputError, OptionError
from framepress.headless import host as hosts
from framepress.headless import stand_in
from framepress.headless.host import Host, Release
from framepress.headless.rep.writer import PRODUCER
from framepress.replicator.expected import taxonomy_of
from framepress.replicator.labels import labels_of_stage
from framepress.replicator.products import short_names
from framepress.replicator.sources import digest_of_files
from framepress.replicator.writer import build_writer

__all__ = ["Rendered", "is_script", "render"]

Told = Callable[[int], None]

SIZE_WH = (1280, 720)


@dataclass(frozen=True)
class Rendered:
    """What came of it.

    Args:
        report: of the dataset.
        cameras: prim paths, in the order of the render products.
        findings: what the stand-in left out or stood in for.
    """

    report: Report
    cameras: tuple[str, ...]
    findings: tuple[str, ...]


def is_script(source: Path) -> bool:
    return source.suffix.lower() == ".py"


def render(
    source: Path,
    target: Path,
    *,
    frames: int,
    cameras: Sequence[str] = (),
    size_wh: tuple[int, int] | None = None,
    seed: int = 0,
    release: Release = "5.1",
    device: str = "cpu",
    threads: int | None = None,
    anywhere: bool = False,
    arguments: Sequence[str] = (),
    options: Mapping[str, Any],
    on_frame: Told | None = None,
) -> Rendered:
    """Capture `frames` frames of a scene as it plays, or of a script's scene as its triggers change it.

    A scene is captured by `cameras` (all that it has, if none is named), one time code after the other. A script makes
    its own render products, and records what changes; it needs no writer and no call to the orchestrator.

    Args:
        size_wh: of a scene's images [px]; None: 1280 x 720.
        options: of `build_writer`, without `output_dir`.
        anywhere: even where a real Isaac Sim is present, which would run a script better.
        arguments: `sys.argv[1:]` of a script.
        on_frame: told the number of frames so far.

    Raises:
        InputError: no such file, nothing that USD can read, a scene without a camera; a script that raises, with the
            line, asks for an exit code other than 0, or makes no render product.
        OptionError: an option of the writer, a camera that a scene has not, or what is for scenes alone with a script.
        OutputError: the target holds something.
        FrameError: a frame could not be captured or written; what was committed is intact.
    """
    if not source.is_file():
        raise InputError(f"{source}: no such file; expected a USD scene or a Python script")
    if frames < 1:
        raise OptionError(f"frames={frames}: must be at least 1")
    check_target(target, options.get("existing", "error"))  # before a script or a scene takes its time
    if is_script(source):
        if cameras or size_wh is not None:
            raise OptionError(f"{source}: a script makes its own render products; name cameras and sizes there")
        with _errors_raised():
            return _of_script(source, target, frames, options, arguments, on_frame, release=release, seed=seed,
                              device=device, threads=threads, stand_in=anywhere)  # fmt: skip
    if arguments:
        raise OptionError(f"{source}: a scene takes no arguments, found {' '.join(arguments)}")
    with _errors_raised(), stand_in.installed(release, seed, device=device, threads=threads, stand_in=True) as host:
        host.open_stage(source)
        rep = sys.modules["omni.replicator.core"]
        seen = _products(rep, host, source, cameras, size_wh or SIZE_WH)
        if options.get("labels") is None:
            taxonomy = taxonomy_of(options.get("policy"))
            found = labels_of_stage(host.stage, str(source), time=host.time, taxonomy=taxonomy)
            options = {**options, "labels": found}
        options = {**options, "origin": _origin(host, source, (), seen)}
        return _captured(rep, host, target, frames, seen, options, on_frame, from_start=True)


def _origin(host: Host, source: Path, arguments: Sequence[str], products: Sequence[Any]) -> dict[str, Any]:
    """What the frames depend on: a resumed run must have the same."""
    return {
        "producer": PRODUCER,
        "release": host.release,
        "seed": host.seed,
        "device": host.device.partition(":")[0],
        "source": source.name,
        "sha256": hashlib.sha256(source.read_bytes()).hexdigest(),
        "files": digest_of_files(host.stage),
        "arguments": list(arguments),
        "products": [[*map(str, product.cameras), *product.resolution] for product in products],
    }


@contextmanager
def _errors_raised() -> Iterator[None]:
    """What the stand-in logs because Replicator would swallow it is raised here: it is not told twice."""

    def below_errors(record: logging.LogRecord) -> bool:
        return record.levelno < logging.ERROR

    hosts.log.addFilter(below_errors)
    try:
        yield
    finally:
        hosts.log.removeFilter(below_errors)


def _of_script(
    source: Path,
    target: Path,
    frames: int,
    options: Mapping[str, Any],
    arguments: Sequence[str],
    on_frame: Told | None,
    **settings: Any,
) -> Rendered:
    found: list[Rendered] = []

    def capture(host: Host) -> None:
        seen = list(host.products.values())
        if not seen:
            raise InputError(f"{source}: made no render product; call rep.create.render_product(camera, (W, H)) in it")
        rep = sys.modules["omni.replicator.core"]
        made_by = _origin(host, source, arguments, seen)
        found.append(_captured(rep, host, target, frames, seen, {**options, "origin": made_by}, on_frame))

    outcome = stand_in.run(source, arguments, afterwards=capture, **settings)
    if outcome.error is not None:
        place = _place(source, outcome.error)
        if place:
            raise InputError(f"{place}: {_said(outcome.error)}") from outcome.error
        raise outcome.error
    if not found:
        raise InputError(f"{source}: ended with exit code {outcome.exit_code} before anything was captured")
    return found[0]


def _place(script: Path, error: BaseException) -> str:
    """File and line, of the script or of a module beside it, where an error came from; "" where it is not theirs."""
    folder = script.parent.absolute()
    calls = [(call.filename, call.lineno) for call in traceback.extract_tb(error.__traceback__)]
    if isinstance(error, SyntaxError) and error.filename is not None:
        calls.append((error.filename, error.lineno))
    own = [(file, line) for file, line in calls if file[:1] != "<" and Path(file).parent.absolute() == folder]
    if own:
        return f"{own[-1][0]}, line {own[-1][1]}"
    return _place(script, error.__cause__) if error.__cause__ is not None else ""  # a writer of the script's


def _said(error: BaseException) -> str:
    return str(error) if isinstance(error, FramepressError) else f"{type(error).__name__}: {error}"


def _products(rep: Any, host: Host, source: Path, cameras: Sequence[str], size_wh: tuple[int, int]) -> list[Any]:
    from pxr import Usd, UsdGeom

    known = [str(prim.GetPath()) for prim in Usd.PrimRange(host.stage.GetPseudoRoot(), Usd.TraverseInstanceProxies())
             if prim.IsA(UsdGeom.Camera)]  # fmt: skip
    if not known:
        raise InputError(f"{source}: holds no camera; add a Camera prim, or render a script that creates one")
    for path in cameras:
        if path not in known:
            raise OptionError(f"{source}: no camera {path}; it has {', '.join(known)}")
    chosen = list(cameras or known)
    names = short_names(chosen)
    return [rep.create.render_product(path, size_wh, name=names[path]) for path in chosen]


def _captured(
    rep: Any,
    host: Host,
    target: Path,
    frames: int,
    products: Sequence[Any],
    options: Mapping[str, Any],
    on_frame: Told | None,
    *,
    from_start: bool = False,
) -> Rendered:
    writer = build_writer(rep)(output_dir=target.absolute(), **{"on_error": "raise", **options})
    writer._is_warning_backend_posted = True  # that it has none is our doing, not the user's
    writer.attach(list(products))
    cameras = tuple(str(camera) for product in products for camera in product.cameras)
    for number in range(frames):
        # Time passes before a frame is drawn: before all of them but a scene's first.
        rep.orchestrator.step(delta_time=0.0 if number == 0 and from_start else None)
        _raise_failure(host)
        if on_frame is not None:
            on_frame(number + 1)
    rep.orchestrator.wait_until_complete()
    _raise_failure(host)
    if writer.report is None:
        raise InputError(f"{target}: no frame was rendered; the render products have their updates off")
    return Rendered(writer.report, cameras, host.findings)


def _raise_failure(host: Host) -> None:
    """Replicator goes on after an error in a writer; here it is the end."""
    if host.failures:
        failure = host.failures[0]
        if isinstance(failure.error, FramepressError):
            raise failure.error
        raise FrameError(f"{failure.frame}, {failure.what}", failure.error)
