"""What a job puts on the stage: the scene, what its script records, render products, the writer."""

from __future__ import annotations

import runpy
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from framepress.errors import FramepressError, InputError, OptionError
from framepress.jobs.spec import WRITER, JobSpec
from framepress.replicator.products import short_names
from framepress.replicator.writer import build_writer

__all__ = ["attached_writer", "open_scene", "products_of", "randomiser", "run_script"]

Randomise = Callable[[int], None]
_MAKERS = ("render_product", "render_product_tiled")


def open_scene(job: JobSpec) -> None:
    """Open the job's stage, where it names one.

    Raises:
        InputError: it cannot be opened, or Isaac Sim's asset root is not known.
    """
    import omni.usd

    source = job.scene
    if job.env_url is not None:
        try:
            from isaacsim.storage.native import get_assets_root_path

            root = get_assets_root_path()
        except (ImportError, RuntimeError) as error:
            raise InputError(f"{job.where}: env_url: {job.env_url}: {error}; name a scene instead") from error
        if not root:
            raise InputError(f"{job.where}: env_url: {job.env_url}: no asset root is found; name a scene instead")
        source = f"{root}{job.env_url}"
    if source is not None and not omni.usd.get_context().open_stage(source):
        raise InputError(f"{job.where}: scene: {source}: USD cannot open it")


def run_script(job: JobSpec, rep: Any) -> tuple[dict[str, Any], list[Any]]:
    """Run the job's script; its names, and the render products that it made.

    Raises:
        InputError: it raised, with file and line, or asked for an exit code.
        OptionError: it sets the global seed.
    """
    if job.script is None:
        return {}, []
    with _products_made(rep) as made, _seed_kept(rep, job), _as_main(job.script, job.arguments), _blamed(job.script):
        return runpy.run_path(str(job.script), run_name="__main__"), made


def randomiser(job: JobSpec, names: dict[str, Any], rep: Any) -> Randomise:
    """What is done before each frame: the seed, and the script's own `randomize(frame_index, rng)`.

    `rng` is a numpy generator that depends on the job's seed and the frame alone. What `randomize` raises becomes an
    InputError with the frame, file and line.
    """
    own = names.get("randomize")
    if own is not None and not callable(own):
        raise OptionError(f"{job.script}: randomize is {own!r}; make it a function randomize(frame_index, rng)")

    def before(number: int) -> None:
        if job.reseed_frames:
            rep.set_global_seed(job.seed + number)
        if own is not None and job.script is not None:
            seed = np.random.SeedSequence([job.seed, number])
            with _blamed(job.script, f"frame {number:06d}: "):
                own(number, np.random.Generator(np.random.PCG64(seed)))

    return before


def products_of(job: JobSpec, rep: Any, made: Sequence[Any]) -> list[Any]:
    """The render products that are captured.

    Raises:
        OptionError: a camera that is not there.
        InputError: there is none.
    """
    if made and not job.cameras:
        return list(made)
    import omni.usd
    from pxr import Usd, UsdGeom

    stage = omni.usd.get_context().get_stage()
    prims = () if stage is None else Usd.PrimRange(stage.GetPseudoRoot(), Usd.TraverseInstanceProxies())
    known = [str(prim.GetPath()) for prim in prims if prim.IsA(UsdGeom.Camera)]
    known = [path for path in known if not path.startswith("/OmniverseKit_")]  # the editor's own views
    for path in job.cameras:
        if path not in known:
            raise OptionError(f"{job.where}: cameras: no camera {path}; the stage has {', '.join(known) or 'none'}")
    chosen = list(job.cameras or known)
    if not chosen:
        raise InputError(f"{job.where}: no camera to capture: the stage has none, and no script makes a render product")
    names = short_names(chosen)
    return [rep.create.render_product(path, job.resolution, name=names[path]) for path in chosen]


def attached_writer(job: JobSpec, rep: Any, products: Sequence[Any], folder: Path, **options: Any) -> Any:
    """Our writer, registered unless the extension has done that, and attached."""
    if WRITER not in rep.WriterRegistry.get_writers():
        rep.WriterRegistry.register(build_writer(rep))
    writer = rep.WriterRegistry.get(WRITER)
    writer.initialize(output_dir=str(folder), **{**job.writer_config, **options})
    writer._is_warning_backend_posted = True  # that it has none is our doing, not the user's
    writer.attach(list(products))
    return writer


@contextmanager
def _products_made(rep: Any) -> Iterator[list[Any]]:
    """The render products that are made in the block, each once."""
    originals = {name: getattr(rep.create, name) for name in _MAKERS if hasattr(rep.create, name)}
    made: list[Any] = []

    def noting(original: Callable[..., Any]) -> Callable[..., Any]:
        def make(*args: Any, **kwargs: Any) -> Any:
            product = original(*args, **kwargs)
            several = product if isinstance(product, list) else [product]  # one for each of several cameras
            known = {str(one.path) for one in made}  # Replicator makes a tiled one by way of a plain one
            made.extend(one for one in several if str(one.path) not in known)
            return product

        return make

    for name, original in originals.items():
        setattr(rep.create, name, noting(original))
    try:
        yield made
    finally:
        for name, original in originals.items():
            setattr(rep.create, name, original)


@contextmanager
def _seed_kept(rep: Any, job: JobSpec) -> Iterator[None]:
    """A seed of the script's own would be the same in all shards, and in Isaac Sim so would their frames."""
    original = rep.set_global_seed

    def set_global_seed(seed: int) -> None:
        raise OptionError(
            f"{job.script}: sets the global seed to {seed}, and with it shards would repeat each other's frames; "
            f"leave it out, and write `seed: {seed}` in {job.where}"
        )

    rep.set_global_seed = set_global_seed
    try:
        yield
    finally:
        rep.set_global_seed = original


@contextmanager
def _blamed(script: Path, frame: str = "") -> Iterator[None]:
    """Whatever a user's script raises is told as the user's, with file and line."""
    try:
        yield
    except SystemExit as end:
        if end.code not in (None, 0):
            raise InputError(f"{frame}{script}: ended with {end.code!r} before all was captured") from end
        raise InputError(f"{frame}{script}: ended itself; a job's script records, and the job captures") from end
    except FramepressError:
        raise
    except Exception as error:
        raise InputError(f"{frame}{_place(script, error)}: {type(error).__name__}: {error}") from error


@contextmanager
def _as_main(script: Path, arguments: Sequence[str]) -> Iterator[None]:
    argv, places = sys.argv, list(sys.path)
    sys.argv = [str(script), *arguments]
    sys.path.insert(0, str(script.parent))
    try:
        yield
    finally:
        sys.argv, sys.path[:] = argv, places


def _place(script: Path, error: BaseException) -> str:
    """The script's line that an error came from."""
    lines = [call.lineno for call in traceback.extract_tb(error.__traceback__) if call.filename == str(script)]
    if isinstance(error, SyntaxError) and error.filename == str(script):
        lines.append(error.lineno)
    return f"{script}, line {lines[-1]}" if lines else str(script)
