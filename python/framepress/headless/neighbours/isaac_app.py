"""`isaacsim.SimulationApp`, extensions, assets and version."""

from __future__ import annotations

import builtins
from collections.abc import Callable, Coroutine, Mapping
from types import TracebackType
from typing import Any, NamedTuple

from framepress.headless.neighbours.application import Application
from framepress.headless.neighbours.extensions import ExtensionManager
from framepress.headless.neighbours.module import Partly
from framepress.headless.neighbours.session import Session

__all__ = ["ASSETS", "STANDALONE", "modules"]

ASSETS = "/persistent/isaac/asset_root/default"
STANDALONE = "ISAAC_LAUNCHED_FROM_TERMINAL"  # of builtins; False in a script that starts the application itself
VERSIONS = {"4.5": "4.5.0", "5.0": "5.0.0", "5.1": "5.1.0", "6.0": "6.0.1"}


class Version(NamedTuple):
    """What `parse_version` tells."""

    core: str
    prerelease: str
    major: str
    minor: str
    patch: str
    pretag: str
    prebuild: str
    buildtag: str


def parse_version(full_version: str) -> Version:
    """The parts of "5.1.0-rc.1+build"."""
    text, _, build = full_version.partition("+")
    core, _, pre = text.partition("-")
    major, minor, patch = (*core.split("."), "", "", "")[:3]
    tag, _, number = pre.partition(".")
    return Version(core, pre, major, minor, patch, tag, number, build)


def simulation_app(session: Session, application: Application) -> type:
    """The class `SimulationApp` of one installation: all of its objects are the same application."""

    class SimulationApp(Partly):
        """`isaacsim.SimulationApp`. Unlike the real one, `close` returns, so that what follows it runs."""

        def __init__(self, launch_config: Mapping[str, Any] | None = None, experience: str = "") -> None:
            setattr(builtins, STANDALONE, False)
            self.config = {"headless": True, "width": 1280, "height": 720, **(launch_config or {})}
            if session.host.stage is None:
                session.context.new_stage()
            application.get_extension_manager().follow([str(part) for part in self.config.get("extra_args") or ()])

        @property
        def app(self) -> Application:
            return application

        @property
        def context(self) -> Any:
            return session.context

        def update(self) -> None:
            application.update()

        def run_coroutine(self, coroutine: Coroutine[Any, Any, Any], run_until_complete: bool = True) -> Any:
            task = application.schedule(coroutine)
            return application.finish(task) if run_until_complete else task

        def is_running(self) -> bool:
            return application.is_running() and session.host.stage is not None

        def is_exiting(self) -> bool:
            return not application.is_running()

        def set_setting(self, setting: str, value: Any) -> None:
            session.settings.set(setting, value)

        def reset_render_settings(self) -> None:
            """There are none."""

        def close(self, wait_for_replicator: bool = True, skip_cleanup: bool = False, exit_code: int = 0) -> None:
            """As in Isaac Sim, the write queue is not waited for after an error or where that is asked for."""
            if wait_for_replicator and not skip_cleanup and exit_code == 0 and application.is_running():
                session.host.wait_until_complete()
            application.post_quit(exit_code)

        def __enter__(self) -> SimulationApp:
            return self

        def __exit__(
            self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
        ) -> None:
            self.close()

    return SimulationApp


def modules(session: Session, application: Application) -> dict[str, dict[str, Any]]:
    """Module name -> its names."""
    extensions: ExtensionManager = application.get_extension_manager()
    app_class = simulation_app(session, application)
    version = VERSIONS[session.host.release]

    def assets_root(*, skip_check: bool = False) -> str:
        root = session.settings.get(ASSETS)
        if not root:
            raise RuntimeError(
                f"no assets are here: the stand-in fetches nothing; set {ASSETS} to a folder that holds them, "
                "or give `framepress run` --assets DIR"
            )
        return str(root)

    async def assets_root_async(*, skip_check: bool = False) -> str:
        return assets_root()

    def get_version() -> tuple[str, ...]:
        return tuple(parse_version(f"{version}+framepress"))

    storage = {"get_assets_root_path": assets_root, "get_assets_root_path_async": assets_root_async}
    found: dict[str, dict[str, Any]] = {
        "isaacsim": {"SimulationApp": app_class},
        "isaacsim.simulation_app": {"SimulationApp": app_class},
        "isaacsim.core": {},
        "isaacsim.core.utils": {},
        "isaacsim.core.version": {"get_version": get_version, "parse_version": parse_version},
        "isaacsim.core.utils.extensions": {
            "enable_extension": lambda extension_name: extensions.set_extension_enabled_immediate(extension_name, True),
            "disable_extension": lambda extension_name: extensions.set_extension_enabled_immediate(
                extension_name, False
            ),
        },
        "isaacsim.storage": {},
        "isaacsim.storage.native": storage,
        "isaacsim.storage.native.nucleus": storage,
    }
    if session.at_least("5.0"):
        found |= {"isaacsim.core.experimental": {}, "isaacsim.core.experimental.utils": {}}
    if session.at_least("6.0"):
        found["isaacsim.core.experimental.utils.app"] = _app_functions(session, application)
    return found


def _app_functions(session: Session, application: Application) -> dict[str, Any]:
    """`isaacsim.core.experimental.utils.app` of 6.0."""
    extensions, timeline = application.get_extension_manager(), session.timeline

    def update_app(*, steps: int = 1, callback: Callable[[int, int], bool | None] | None = None) -> None:
        for step in range(steps):
            application.update()
            if callback is not None and callback(step, steps) is False:
                return

    async def update_app_async(*, steps: int = 1, callback: Callable[[int, int], bool | None] | None = None) -> None:
        for step in range(steps):
            await application.next_update_async()
            if callback is not None and callback(step, steps) is False:
                return

    def enable_extension(name: str, *, enabled: bool = True) -> bool:
        return extensions.set_extension_enabled_immediate(name, enabled)

    return {
        "enable_extension": enable_extension,
        "is_extension_enabled": extensions.is_extension_enabled,
        "get_extension_id": extensions.get_enabled_extension_id,
        "is_paused": lambda: not timeline.is_playing() and not timeline.is_stopped(),
        "is_playing": timeline.is_playing,
        "is_stopped": timeline.is_stopped,
        "pause": lambda *, commit=True: timeline.pause(),
        "play": lambda *, commit=True: timeline.play(),
        "stop": lambda *, commit=True: timeline.stop(),
        "update_app": update_app,
        "update_app_async": update_app_async,
    }
