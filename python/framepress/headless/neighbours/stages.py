"""`omni.usd`: the one stage that is open, and small questions about prims."""

from __future__ import annotations

from collections.abc import Callable
from enum import IntEnum
from typing import Any, Protocol

from pxr import Gf, Sdf, Tf, Usd, UsdGeom, UsdShade, UsdUtils

from framepress.headless.neighbours.events import Dispatcher, EventStream

__all__ = [
    "Selection",
    "StageContext",
    "StageEventType",
    "StageHolder",
    "StageState",
    "local_path",
    "new_stage",
    "next_free_path",
    "stage_of_file",
]


class StageEventType(IntEnum):
    SAVED = 0
    SAVE_FAILED = 1
    OPENING = 2
    OPENED = 3
    OPEN_FAILED = 4
    CLOSING = 5
    CLOSED = 6
    SELECTION_CHANGED = 7
    ASSETS_LOADED = 8
    ASSETS_LOADING = 9
    ASSETS_LOAD_ABORTED = 10
    SIMULATION_START_PLAY = 17
    SIMULATION_STOP_PLAY = 18


class StageState(IntEnum):
    CLOSED = 0
    OPENING = 1
    OPENED = 2
    CLOSING = 3


class StageHolder(Protocol):
    """Who draws: has the open stage, or None."""

    @property
    def stage(self) -> Usd.Stage | None: ...

    def use_stage(self, stage: Usd.Stage | None) -> None: ...


def stage_of_file(path: str) -> Usd.Stage:
    """A stage as its files say it, whatever unsaved edits of theirs a former stage has left in memory.

    Raises:
        Tf.ErrorException: it cannot be opened.
    """
    stage = Usd.Stage.Open(path)
    stage.Reload()
    return stage


def local_path(url: str) -> str:
    """The file that a URL of a file means; another URL as it is."""
    return "/" + url.removeprefix("file:").lstrip("/") if url.startswith("file:/") else str(url)


def new_stage() -> Usd.Stage:
    """An empty stage as Isaac Sim's applications make it: z up, in metres, with a /World, 60 time codes a second."""
    stage = Usd.Stage.CreateInMemory()
    UsdGeom.SetStageUpAxis(stage, UsdGeom.Tokens.z)
    UsdGeom.SetStageMetersPerUnit(stage, 1.0)
    stage.SetTimeCodesPerSecond(60.0)
    stage.SetDefaultPrim(stage.DefinePrim("/World", "Xform"))
    return stage


class Selection:
    """The selected prims: remembered, shown nowhere."""

    def __init__(self, changed: Callable[[], None]) -> None:
        self._paths: list[str] = []
        self._changed = changed

    def get_selected_prim_paths(self) -> list[str]:
        return list(self._paths)

    def set_selected_prim_paths(self, paths: list[str], expand_in_stage: bool = False) -> bool:
        self._paths = [str(path) for path in paths]
        self._changed()
        return True

    def clear_selected_prim_paths(self) -> bool:
        return self.set_selected_prim_paths([])


class StageContext:
    """`omni.usd.UsdContext`. Opening is done when the call returns; the async forms wait for nothing."""

    def __init__(self, holder: StageHolder, dispatcher: Dispatcher, changed: Callable[[], None]) -> None:
        """Args: changed: called when another stage is in place, or none."""
        self._holder, self._dispatcher, self._changed = holder, dispatcher, changed
        self._stream = EventStream()
        self._selection = Selection(lambda: self._tell(StageEventType.SELECTION_CHANGED))
        self._new = False

    def get_stage(self) -> Usd.Stage | None:
        return self._holder.stage

    def get_stage_id(self) -> int:
        """The stage's number in USD's own cache; -1 = no stage."""
        stage = self.get_stage()
        return -1 if stage is None else int(UsdUtils.StageCache.Get().Insert(stage).ToLongInt())

    def get_stage_url(self) -> str:
        stage = self.get_stage()
        return "" if stage is None else str(stage.GetRootLayer().realPath or stage.GetRootLayer().identifier)

    def get_stage_state(self) -> StageState:
        return StageState.CLOSED if self.get_stage() is None else StageState.OPENED

    def get_stage_loading_status(self) -> tuple[str, int, int]:
        """Message, files loaded, files to load: what is open is loaded."""
        return ("", 0, 0)

    def open_stage(self, url: str, *_: Any, **__: Any) -> bool:
        """Open a stage from a file; False, and an event, where it cannot be."""
        try:
            stage = stage_of_file(local_path(url))
        except Tf.ErrorException:
            self._tell(StageEventType.OPEN_FAILED)
            return False
        self._swap(stage)
        self._new = False
        return True

    async def open_stage_async(self, url: str, *_: Any, **__: Any) -> tuple[bool, str]:
        done = self.open_stage(url)
        return done, "" if done else f"cannot open {url}"

    def attach_stage(self, stage: Usd.Stage) -> None:
        """Make a stage that the script has made the open one."""
        self._swap(stage)

    def new_stage(self, *_: Any) -> bool:
        self._swap(new_stage())
        self._new = True
        return True

    async def new_stage_async(self, *_: Any) -> tuple[bool, str]:
        return self.new_stage(), ""

    def close_stage(self, *_: Any) -> bool:
        self._swap(None)
        return True

    async def close_stage_async(self) -> tuple[bool, str]:
        return self.close_stage(), ""

    def can_open_stage(self) -> bool:
        return True

    def can_close_stage(self) -> bool:
        return self.get_stage() is not None

    def has_pending_edit(self) -> bool:
        stage = self.get_stage()
        return stage is not None and bool(stage.GetRootLayer().dirty)

    def is_new_stage(self) -> bool:
        return self._new

    def is_writable(self) -> bool:
        stage = self.get_stage()
        return stage is not None and bool(stage.GetRootLayer().permissionToSave)

    def save_as_stage(self, url: str, *_: Any) -> bool:
        stage = self.get_stage()
        return stage is not None and bool(stage.GetRootLayer().Export(str(url)))

    def save_stage(self, *_: Any) -> bool:
        stage = self.get_stage()
        return stage is not None and bool(stage.GetRootLayer().Save())

    def disable_save_to_recent_files(self) -> None:
        """No such list is kept."""

    enable_save_to_recent_files = disable_save_to_recent_files

    def get_selection(self) -> Selection:
        return self._selection

    def get_stage_event_stream(self) -> EventStream:
        return self._stream

    def stage_event_name(self, event: StageEventType) -> str:
        return f"omni.usd.stage_event.{StageEventType(event).name.lower()}"

    def _swap(self, stage: Usd.Stage | None) -> None:
        if self.get_stage() is not None:
            self._tell(StageEventType.CLOSING)
            self._selection.clear_selected_prim_paths()
            self._holder.use_stage(None)
            self._changed()
            self._tell(StageEventType.CLOSED)
        if stage is not None:
            self._tell(StageEventType.OPENING)
            self._holder.use_stage(stage)
            self._changed()
            self._tell(StageEventType.OPENED)
            self._tell(StageEventType.ASSETS_LOADED)

    def _tell(self, event: StageEventType) -> None:
        self._stream.push(int(event))
        self._dispatcher.dispatch_event(self.stage_event_name(event))


def next_free_path(stage: Usd.Stage, path: str, prepend_default_prim: bool = True) -> str:
    """The path, or the path with "_01", "_02", ..., whichever is first without a prim."""
    default = stage.GetDefaultPrim()
    if prepend_default_prim and default and not path.startswith(f"{default.GetPath()}/"):
        path = f"{default.GetPath()}/{path.lstrip('/')}"
    path = path if path.startswith("/") else f"/{path}"
    free, count = path, 0
    while stage.GetPrimAtPath(free):
        count += 1
        free = f"{path}_{count:02d}"
    return free


def world_matrix(prim: Usd.Prim, time_code: Usd.TimeCode | None = None) -> Gf.Matrix4d:
    """Local to world, for row vectors."""
    time = Usd.TimeCode.Default() if time_code is None else time_code
    return UsdGeom.Xformable(prim).ComputeLocalToWorldTransform(time)


def local_matrix(prim: Usd.Prim, time_code: Usd.TimeCode | None = None) -> Gf.Matrix4d:
    """Local to parent, for row vectors."""
    time = Usd.TimeCode.Default() if time_code is None else time_code
    return UsdGeom.Xformable(prim).GetLocalTransformation(time)


def prim_bounds(prim: Usd.Prim, time_code: Usd.TimeCode | None = None) -> tuple[Gf.Vec3d, Gf.Vec3d]:
    """Minimum and maximum of a prim's world-aligned box."""
    time = Usd.TimeCode.Default() if time_code is None else time_code
    box = UsdGeom.Imageable(prim).ComputeWorldBound(time, "default", "render", "proxy").ComputeAlignedRange()
    return box.GetMin(), box.GetMax()


def shader_from_material(material: UsdShade.Material | Usd.Prim, get_prim: bool = False) -> Any:
    """The shader at a material's surface output, in MDL's context or the general one; None where there is none."""
    found = UsdShade.Material(material if isinstance(material, Usd.Prim) else material.GetPrim())
    for context in ("mdl", UsdShade.Tokens.universalRenderContext):
        shader = found.ComputeSurfaceSource(context)[0]
        if shader:
            return shader.GetPrim() if get_prim else shader
    return None


def set_value(attribute: Usd.Attribute, value: Any, time_code: Usd.TimeCode | None = None) -> bool:
    """Set an attribute's value."""
    return bool(attribute.Set(value, Usd.TimeCode.Default() if time_code is None else time_code))


def prim_at(stage: Usd.Stage | None, path: str | Sdf.Path) -> Usd.Prim | None:
    """The prim at a path of the open stage."""
    return None if stage is None else stage.GetPrimAtPath(str(path))
