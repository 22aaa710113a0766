"""Run scripts that were written for Isaac Sim where there is none: `install` puts the stand-in's modules under the
names that such scripts import, `uninstall` takes them away, `run` does both around a script.
"""

from __future__ import annotations

import asyncio
import builtins
import gc
import importlib
import importlib.util
import os
import runpy
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any

from framepress.errors import InputError, OptionError
from framepress.headless import host as hosts
from framepress.headless.host import Failure, Host, Release
from framepress.headless.neighbours import modules as neighbours
from framepress.headless.neighbours.application import Application
from framepress.headless.neighbours.isaac_app import ASSETS, STANDALONE
from framepress.headless.neighbours.module import StandInModule
from framepress.headless.neighbours.session import Session
from framepress.headless.rep.attached import Attached
from framepress.headless.replicator_names import modules as replicator

__all__ = ["Outcome", "forgotten", "install", "installed", "real_isaac_sim", "run", "uninstall"]

ROOTS = ("carb", "isaacsim", "omni")
OUTPUT_ROOT = "/omni/replicator/backends/disk/root_dir"
NEVER_STARTED = (
    "no frame was captured, though a writer is attached: the script leaves the start to an editor's menu; let it end "
    "with rep.orchestrator.run_until_complete(), or press it with `framepress render`"
)


class Refusing:
    """The last finder on `sys.meta_path`: says whose module it is that could not be found."""

    def __init__(self, release: Release) -> None:
        self._release = release

    def find_spec(self, name: str, path: Any = None, target: ModuleType | None = None) -> ModuleSpec | None:
        # Without the error's `name`, so that `from omni.usd import nothing` raises it too.
        if name.partition(".")[0] in ROOTS:
            raise ModuleNotFoundError(f"{name}: the stand-in for Isaac Sim {self._release} does not have it")
        return None


@dataclass
class Installation:
    """What `uninstall` puts back."""

    session: Session
    application: Application
    loop: asyncio.AbstractEventLoop
    finder: Refusing
    covered: dict[str, ModuleType]


_installation: Installation | None = None


def real_isaac_sim() -> str:
    """Where a real Isaac Sim shows; "" where none does."""
    for variable in ("ISAAC_PATH", "CARB_APP_PATH"):
        if os.environ.get(variable):
            return f"{variable}={os.environ[variable]}"
    for name in ("isaacsim", "carb"):
        if isinstance(sys.modules.get(name), StandInModule):
            continue
        spec = importlib.util.find_spec(name)
        if spec is not None and spec.origin is not None:  # else a folder that happens to have the name
            return f"module {name} in {spec.origin}"
    return ""


def install(
    release: Release = "5.1",
    seed: int = 0,
    *,
    stand_in: bool = False,
    device: str = "cpu",
    threads: int | None = None,
    settings: Mapping[str, Any] | None = None,
) -> Host:
    """Put the stand-in's modules into `sys.modules`, with a session of their own.

    Args:
        release: the Isaac Sim that is stood in for: its names and its behaviour.
        seed: of everything random that the script gives no seed.
        stand_in: go on where a real Isaac Sim is present.
        device, threads: of the renderer.
        settings: carb's, beside the defaults: path -> value.

    Raises:
        OptionError: a real Isaac Sim is present, the stand-in is installed already, or there is no such release.
    """
    global _installation
    if _installation is not None:
        raise OptionError("the stand-in is installed already; call uninstall() first")
    found = real_isaac_sim()
    if found and not stand_in:
        raise OptionError(
            f"an Isaac Sim is here ({found}): run the script with its python.sh, "
            "or ask for the stand-in with --stand-in (stand_in=True)"
        )
    host = hosts.reset(release=release, seed=seed, device=device, threads=threads)
    session = Session(host)
    for path, value in (settings or {}).items():
        session.settings.set(path, value)
    loop = asyncio.new_event_loop()
    application = Application(session, loop)
    tables = {**neighbours(session, application), **replicator(session)}
    _installation = Installation(session, application, loop, Refusing(release), _take_away())
    _put(tables, release)
    sys.meta_path.append(_installation.finder)
    asyncio.set_event_loop(loop)
    return host


def uninstall() -> None:
    """Take away what `install` put in place, and put back what was there; nothing where nothing is installed."""
    global _installation
    if _installation is None:
        return
    installation, _installation = _installation, None
    try:
        installation.application.get_extension_manager().stop_all()
    finally:
        _put_back(installation)


def _put_back(installation: Installation) -> None:
    sys.meta_path.remove(installation.finder)
    _take_away()
    sys.modules.update(installation.covered)
    builtins.__dict__.pop(STANDALONE, None)
    for task in asyncio.all_tasks(installation.loop):
        task.cancel()
    installation.loop.run_until_complete(asyncio.sleep(0))
    installation.loop.close()
    asyncio.set_event_loop(None)
    hosts.reset()


@contextmanager
def installed(release: Release = "5.1", seed: int = 0, **options: Any) -> Iterator[Host]:
    """`install` for the length of a block."""
    host = install(release, seed, **options)
    try:
        yield host
    finally:
        uninstall()


def _ours(name: str) -> bool:
    return name.partition(".")[0] in (*ROOTS, "Semantics") or name == "pxr.Semantics"


def _take_away() -> dict[str, ModuleType]:
    """The modules that bear Isaac Sim's names, taken out."""
    return {name: sys.modules.pop(name) for name in [name for name in sys.modules if _ours(name)]}


def _put(tables: Mapping[str, Mapping[str, Any]], release: Release) -> None:
    elsewhere = importlib.util.find_spec("omni")  # other parts of Omniverse come as packages of their own
    made = {name: StandInModule(name, names, release) for name, names in tables.items()}
    made["omni"].__path__ = list(elsewhere.submodule_search_locations or ()) if elsewhere else []
    for name in sorted(made):
        parent, _, last = name.rpartition(".")
        sys.modules[name] = made[name]
        if parent in made:
            setattr(made[parent], last, made[name])


@dataclass(frozen=True)
class Outcome:
    """How a script ended.

    Args:
        frames: that were captured.
        failures: errors that Replicator swallows: each a frame or a file that is lost.
        findings: what was left out or stood in for.
        error: what ended the script, or a task of its; None = it came to its end.
        exit_code: what the script asked for.
    """

    frames: int
    failures: tuple[Failure, ...]
    findings: tuple[str, ...]
    error: Exception | None
    exit_code: int

    @property
    def error_text(self) -> str:
        """The traceback, from the script's own first line on; "" without an error."""
        if self.error is None:
            return ""
        frames = self.error.__traceback__
        while frames is not None and frames.tb_next is not None and _is_runner(frames.tb_frame.f_code.co_filename):
            frames = frames.tb_next
        return "".join(traceback.format_exception(type(self.error), self.error, frames))


def _is_runner(file: str) -> bool:
    return file == __file__ or file.startswith("<frozen ") or Path(file).name in ("runpy.py",)


def run(
    script: str | Path,
    arguments: Sequence[str] = (),
    release: Release = "5.1",
    seed: int = 0,
    *,
    out: str | Path | None = None,
    assets: str | Path | None = None,
    afterwards: Callable[[Host], None] | None = None,
    **options: Any,
) -> Outcome:
    """Run a script as `__main__` under the stand-in: to its end, its tasks to theirs, and until all is written.

    Args:
        arguments: `sys.argv[1:]` of the script.
        out: the folder for what the script writes to relative paths.
        assets: the folder that `get_assets_root_path` answers with.
        afterwards: called when the script and its tasks have come to their end, before the run is closed; not where
            the script asks for an exit code that is not 0.
        options: of `install`.

    Raises:
        InputError: there is no such script.
        OptionError: see `install`.
    """
    path = Path(script)
    if not path.is_file():
        raise InputError(f"{path}: no such script")
    settings = {OUTPUT_ROOT: out, ASSETS: assets}
    settings = {key: str(Path(folder).absolute()) for key, folder in settings.items() if folder is not None}
    with forgotten():
        return _outcome(path, arguments, afterwards, release=release, seed=seed, settings=settings, **options)


@contextmanager
def forgotten() -> Iterator[None]:
    """What is made in the block and held by circles alone goes with it: a script's functions hold its stages, and USD
    keeps the layers of a stage that is held, edits and all, for whoever opens their files next.
    """
    gc.freeze()  # collect looks at what was made since
    try:
        yield
    finally:
        gc.collect()
        gc.unfreeze()


def _outcome(
    path: Path, arguments: Sequence[str], afterwards: Callable[[Host], None] | None, **options: Any
) -> Outcome:
    with installed(**options) as host:
        assert _installation is not None
        error = None
        with _as_main(path, arguments):
            try:
                asked = _carry_out(path, _installation, afterwards)
            except Exception as raised:
                error, asked = raised, 1
        return Outcome(host.frame, tuple(host.failures), host.findings, error, asked)


def _carry_out(path: Path, installation: Installation, afterwards: Callable[[Host], None] | None) -> int:
    """The script's exit code."""
    asked: Any = 0
    try:
        runpy.run_path(str(path), run_name="__main__")
    except SystemExit as end:
        asked = end.code
    asyncio.set_event_loop(installation.loop)  # asyncio.run() of the script takes it away
    installation.application.drain()
    if asked is None or isinstance(asked, int):
        code = asked or installation.session.exit_code
    else:
        print(asked, file=sys.stderr)  # as the interpreter does with sys.exit("text")
        code = 1
    if afterwards is not None and code == 0:
        afterwards(installation.session.host)
    host = installation.session.host
    host.wait_until_complete()
    if host.frame == 0 and host.kept(Attached).nodes:
        host.find(NEVER_STARTED)
    return code


@contextmanager
def _as_main(path: Path, arguments: Sequence[str]) -> Iterator[None]:
    """The script's arguments and folder are in place; its own modules are forgotten at the end, for they hold ours."""
    argv, places, before = sys.argv, list(sys.path), set(sys.modules)
    folder = path.parent.absolute()
    sys.argv = [str(path), *arguments]
    sys.path.insert(0, str(folder))
    try:
        yield
    finally:
        sys.argv, sys.path[:] = argv, places
        own = {name for name in set(sys.modules) - before if _folder(name.partition(".")[0]) == folder}
        for name in own:
            del sys.modules[name]


def _folder(name: str) -> Path | None:
    """Where a top-level module or package lies."""
    file = getattr(sys.modules.get(name), "__file__", None)
    if file is None or name == __name__.partition(".")[0]:
        return None
    place = Path(file).absolute()
    return place.parent.parent if place.name == "__init__.py" else place.parent
