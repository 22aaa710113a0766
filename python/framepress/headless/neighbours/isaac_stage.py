"""`isaacsim.core.utils.stage`, and its successor `isaacsim.core.experimental.utils.stage`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from pxr import Sdf, Usd, UsdGeom, UsdUtils

from framepress.headless.host import Release
from framepress.headless.neighbours.application import Application
from framepress.headless.neighbours.module import unsupported
from framepress.headless.neighbours.session import Session
from framepress.headless.neighbours.stages import next_free_path

__all__ = ["modules"]


class _Stage:
    """The functions of both modules, on the open stage."""

    def __init__(self, session: Session, application: Application) -> None:
        self._session, self._application = session, application
        self._used: list[Usd.Stage] = []

    def current(self, fabric: bool = False, backend: str | None = None) -> Usd.Stage:
        if fabric or backend not in (None, "usd"):
            raise unsupported("a stage in Fabric", "the USD stage is there")
        return self._used[-1] if self._used else self._session.stage()

    def stage_id(self, stage: Usd.Stage | None = None) -> int:
        return int(UsdUtils.StageCache.Get().Insert(stage or self.current()).ToLongInt())

    def open(self, usd_path: str) -> bool:
        if not self._session.context.open_stage(usd_path):
            raise ValueError(f"cannot open the stage {usd_path}")
        return True

    async def open_async(self, usd_path: str) -> bool:
        return self.open(usd_path)

    def create(self) -> Usd.Stage:
        self._session.context.new_stage()
        return self.current()

    async def create_async(self) -> None:
        self.create()

    @contextmanager
    def use(self, stage: Usd.Stage) -> Iterator[None]:
        """Within the block these functions act on `stage`, which need not be the open one."""
        self._used.append(stage)
        try:
            yield
        finally:
            self._used.pop()

    def save(self, usd_path: str, save_and_reload_in_place: bool = True) -> bool:
        return bool(self.current().GetRootLayer().Export(usd_path))

    def clear(self, predicate: Callable[[str], bool] | None = None) -> None:
        stage = self.current()
        wanted = predicate or (lambda path: not path.startswith(("/Render", "/OmniverseKit")))
        for path in [str(prim.GetPath()) for prim in stage.Traverse()]:
            if stage.GetPrimAtPath(path) and path != str(_default_path(stage)) and wanted(path):
                stage.RemovePrim(path)

    def add_reference(self, usd_path: str, prim_path: str, prim_type: str = "Xform") -> Usd.Prim:
        if not Sdf.Layer.FindOrOpen(usd_path):
            raise FileNotFoundError(f"{usd_path}: not found, or no USD file")
        stage = self.current()
        prim = stage.GetPrimAtPath(prim_path) or stage.DefinePrim(prim_path, prim_type)
        prim.GetReferences().AddReference(usd_path)
        return prim

    def add_reference_with_variants(
        self, usd_path: str, path: str, *, prim_type: str = "Xform", variants: Any = ()
    ) -> Usd.Prim:
        prim = self.add_reference(usd_path, path, prim_type)
        for name, choice in variants or ():
            prim.GetVariantSet(name).SetVariantSelection(choice)
        return prim

    def define_prim(self, path: str, type_name: str = "Xform") -> Usd.Prim:
        return self.current().DefinePrim(path, type_name)

    def delete_prim(self, prim: str | Usd.Prim) -> bool:
        return bool(self.current().RemovePrim(prim if isinstance(prim, str) else prim.GetPath()))

    def units(self) -> float:
        return float(UsdGeom.GetStageMetersPerUnit(self.current()))

    def set_units(self, stage_units_in_meters: float) -> None:
        UsdGeom.SetStageMetersPerUnit(self.current(), stage_units_in_meters)

    def set_both_units(self, *, meters_per_unit: float | None = None, kilograms_per_unit: float | None = None) -> None:
        if kilograms_per_unit is not None:
            raise unsupported("kilograms_per_unit", "nothing is simulated")
        if meters_per_unit is not None:
            self.set_units(meters_per_unit)

    def up_axis(self) -> str:
        return str(UsdGeom.GetStageUpAxis(self.current()))

    def set_up_axis(self, axis: str = "z") -> None:
        UsdGeom.SetStageUpAxis(self.current(), axis.upper())

    def free_path(self, path: str, parent: str | None = None) -> str:
        return next_free_path(self.current(), f"{parent}/{path.lstrip('/')}" if parent else path, False)

    def free_path_below_default(self, path: str | None = None, *, prepend_default_prim: bool = True) -> str:
        return next_free_path(self.current(), path or "/Prim", prepend_default_prim)

    def traverse(self, fabric: bool = False) -> Iterator[Usd.Prim]:
        return iter(self.current(fabric).Traverse())

    def loading(self) -> bool:
        return False

    def is_set(self) -> bool:
        return self._session.host.stage is not None

    def update(self) -> None:
        self._application.update()

    async def update_async(self) -> None:
        await self._application.next_update_async()

    def close(self, callback_fn: Callable[..., Any] | None = None) -> bool:
        done = self._session.context.close_stage()
        if callback_fn is not None:
            callback_fn(done, "")
        return done


def _default_path(stage: Usd.Stage) -> Sdf.Path:
    prim = stage.GetDefaultPrim()
    return prim.GetPath() if prim else Sdf.Path.emptyPath


def modules(session: Session, application: Application) -> dict[str, dict[str, Any]]:
    """Module name -> its names."""
    stage = _Stage(session, application)
    found = {
        "isaacsim.core.utils.stage": {
            "add_reference_to_stage": stage.add_reference,
            "clear_stage": stage.clear,
            "close_stage": stage.close,
            "create_new_stage": stage.create,
            "create_new_stage_async": stage.create_async,
            "get_current_stage": stage.current,
            "get_current_stage_id": stage.stage_id,
            "get_next_free_path": stage.free_path,
            "get_stage_units": stage.units,
            "get_stage_up_axis": stage.up_axis,
            "is_stage_loading": stage.loading,
            "open_stage": stage.open,
            "open_stage_async": stage.open_async,
            "save_stage": stage.save,
            "set_stage_units": stage.set_units,
            "set_stage_up_axis": stage.set_up_axis,
            "traverse_stage": stage.traverse,
            "update_stage": stage.update,
            "update_stage_async": stage.update_async,
            "use_stage": stage.use,
        }
    }
    experimental: dict[Release, dict[str, Any]] = {
        "5.0": {
            "add_reference_to_stage": stage.add_reference_with_variants,
            "create_new_stage": stage.create,
            "create_new_stage_async": stage.create_async,
            "define_prim": stage.define_prim,
            "get_current_stage": stage.current,
            "get_stage_id": stage.stage_id,
            "is_stage_set": stage.is_set,
            "open_stage": stage.open,
            "open_stage_async": stage.open_async,
            "use_stage": stage.use,
        },
        "5.1": {
            "close_stage": stage.close,
            "generate_next_free_path": stage.free_path_below_default,
            "get_stage_units": stage.units,
            "get_stage_up_axis": stage.up_axis,
            "save_stage": stage.save,
            "set_stage_units": stage.set_both_units,
            "set_stage_up_axis": stage.set_up_axis,
        },
        "6.0": {"delete_prim": stage.delete_prim, "is_stage_loading": stage.loading},
    }
    for release, names in experimental.items():
        if session.at_least(release):
            found.setdefault("isaacsim.core.experimental.utils.stage", {}).update(names)
    return found
