"""`omni.kit.app`, `omni.kit.async_engine`, `omni.kit.commands`: the application that is not there, and its loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from pxr import Sdf

from framepress.headless.neighbours.events import EventStream
from framepress.headless.neighbours.extensions import ExtensionManager, IExt, extension_name
from framepress.headless.neighbours.module import Partly, unsupported
from framepress.headless.neighbours.session import Session

__all__ = ["Application", "modules"]

POST_QUIT_EVENT_TYPE = 0
KIT = {"4.5": "106.5.0", "5.0": "107.3.1", "5.1": "107.3.3", "6.0": "110.1.2"}


class Application(Partly):
    """`omni.kit.app.IApp`. An update lets the clock run, the recorded graph too, and every waiting coroutine go on."""

    def __init__(self, session: Session, loop: asyncio.AbstractEventLoop) -> None:
        self._session, self._loop = session, loop
        self._extensions = ExtensionManager(session)
        self._updates, self._shutdown = EventStream(), EventStream()
        self._running = True
        self._next: asyncio.Future[None] | None = None
        self._quit = loop.create_future()

    def update(self) -> None:
        """One update; outside of a coroutine, those that wait go on too."""
        self._session.timeline.tick()
        self._session.host.update()
        self._updates.push()
        self._session.dispatcher.dispatch_event("omni.kit.app.GLOBAL_EVENT_UPDATE")
        waiting, self._next = self._next, None
        if waiting is not None and not waiting.done():
            waiting.set_result(None)
        if not _in_coroutine():
            self._loop.call_soon(self._loop.stop)
            self._loop.run_forever()

    def schedule(self, coroutine: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """A task of the loop."""
        return self._loop.create_task(coroutine)

    def finish(self, task: asyncio.Task[Any]) -> Any:
        """Let the loop run until the task is done; its result."""
        return self._loop.run_until_complete(task)

    def drain(self) -> None:
        """Let the loop run until no task is left, or the application was asked to quit.

        Raises:
            BaseException: the first one that ended a task.
        """
        while (tasks := asyncio.all_tasks(self._loop)) and self._running:
            waiting = asyncio.wait({*tasks, self._quit}, return_when=asyncio.FIRST_COMPLETED)
            done, _ = self._loop.run_until_complete(waiting)
            for task in done - {self._quit}:
                if not task.cancelled():
                    task.result()

    async def next_update_async(self) -> float:
        """The next update; all that wait for it share one."""
        loop = asyncio.get_running_loop()
        if self._next is None or self._next.done():
            self._next = loop.create_future()
            loop.call_soon(self._update_for, self._next)
        await asyncio.shield(self._next)
        return 1.0 / self._session.timeline.get_time_codes_per_second()

    def _update_for(self, waiting: asyncio.Future[None]) -> None:
        if waiting is self._next:  # else an update has come in between
            self.update()

    def is_running(self) -> bool:
        return self._running

    is_app_ready = is_running

    def post_quit(self, exit_code: int = 0) -> None:
        self._session.exit_code = exit_code
        if self._running:
            self._running = False
            self._quit.set_result(None)
            self._shutdown.push(POST_QUIT_EVENT_TYPE)

    post_uncancellable_quit = shutdown = post_quit

    def get_extension_manager(self) -> ExtensionManager:
        return self._extensions

    def get_update_event_stream(self) -> EventStream:
        return self._updates

    get_pre_update_event_stream = get_post_update_event_stream = get_update_event_stream

    def get_shutdown_event_stream(self) -> EventStream:
        return self._shutdown

    def get_build_version(self) -> str:
        return f"{KIT[self._session.host.release]}+framepress"

    get_kit_version = get_build_version

    def post_to_main_thread(self, fn: Callable[[], Any]) -> None:
        fn()

    def print_and_log(self, text: str) -> None:
        print(text)


def _in_coroutine() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def _commands(session: Session) -> dict[str, Callable[..., Any]]:
    """The commands that need nothing of an editor."""

    def change_property(prop_path: str, value: Any, prev: Any = None, **_: Any) -> None:
        path = Sdf.Path(str(prop_path))
        attribute = session.stage().GetAttributeAtPath(path)
        if not attribute:
            raise ValueError(f"no attribute at {path}")
        attribute.Set(value)

    def delete_prims(paths: list[str], **_: Any) -> None:
        for path in paths:
            session.stage().RemovePrim(str(path))

    def create_prim(
        prim_type: str, prim_path: str | None = None, attributes: dict[str, Any] | None = None, **_: Any
    ) -> None:
        prim = session.stage().DefinePrim(prim_path or f"/{prim_type}", prim_type)
        for name, value in (attributes or {}).items():
            prim.GetAttribute(name).Set(value)

    return {
        "ChangeProperty": change_property,
        "DeletePrims": delete_prims,
        "CreatePrim": create_prim,
        "CreatePrimWithDefaultXform": create_prim,
    }


def modules(session: Session, application: Application) -> dict[str, dict[str, Any]]:
    """Module name -> its names."""
    commands = _commands(session)

    def execute(name: str, **arguments: Any) -> tuple[bool, Any]:
        if name not in commands:
            raise unsupported(f"the command {name!r}", f"there are {', '.join(sorted(commands))}")
        return True, commands[name](**arguments)

    events = ("GLOBAL_EVENT_UPDATE", "GLOBAL_EVENT_PRE_UPDATE") if session.at_least("5.0") else ()
    return {
        "omni.ext": {"IExt": IExt, **({"get_extension_name": extension_name} if session.at_least("5.0") else {})},
        "omni.kit": {},
        "omni.kit.app": {
            "get_app": lambda: application,
            "get_app_interface": lambda: application,
            "IApp": Application,
            **({} if session.at_least("6.0") else {"POST_QUIT_EVENT_TYPE": POST_QUIT_EVENT_TYPE}),
            **{name: f"omni.kit.app.{name}" for name in events},
        },
        "omni.kit.async_engine": {"run_coroutine": application.schedule},
        "omni.kit.commands": {"execute": execute},
    }
