"""framepress: simulator frames in, exact datasets out.

    import framepress
    source = framepress.open("capture")
    framepress.convert(source, "dataset", ["coco", "yolo", "kitti"])

The names below are loaded when they are first used, so that importing the package costs nothing inside a host.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from framepress.core import (
        Boxes3D,
        Camera,
        Channels,
        Distortion,
        EncodedImage,
        Frame,
        Instance,
        Label,
        LabelMap,
        Objects,
        Rle,
        Signal,
        View,
        safe_name,
    )
    from framepress.dataset.convert import convert
    from framepress.dataset.index import Index
    from framepress.dataset.label_files import read_label_file
    from framepress.dataset.merge import Merging, merge
    from framepress.dataset.opening import Dataset
    from framepress.dataset.opening import open_dataset as open
    from framepress.dataset.refinish import finish
    from framepress.dataset.report import EditionReport, Report
    from framepress.dataset.select.append import append, update
    from framepress.dataset.select.places import slice
    from framepress.dataset.select.relabel import ClassMapping, relabel
    from framepress.dataset.select.selection import Selection, select
    from framepress.dataset.split import Split
    from framepress.dataset.splitting.draw import SplitCounts
    from framepress.dataset.splitting.plan import SplitPlan, plan_split
    from framepress.dataset.splitting.press import split_dataset
    from framepress.dataset.writer import DatasetWriter
    from framepress.delivery.card import check_card, write_card
    from framepress.delivery.manifest import manifest_of as manifest
    from framepress.delivery.optimize import optimize
    from framepress.delivery.organize import organize
    from framepress.delivery.pack import pack
    from framepress.delivery.unpack import unpack
    from framepress.errors import (
        FrameError,
        FramepressError,
        InputError,
        JournalError,
        LabelError,
        OptionError,
        OutputError,
    )
    from framepress.formats import Format, register
    from framepress.quality.report.statistics_document import dataset_statistics as statistics

__version__ = "0.1.0"

__all__ = [
    # whole datasets
    "open",
    "convert",
    "merge",
    "plan_split",
    "split_dataset",
    "select",
    "slice",
    "relabel",
    "append",
    "update",
    "finish",
    "Dataset",
    "DatasetWriter",
    "Index",
    "Selection",
    "Report",
    "EditionReport",
    "Split",
    "SplitCounts",
    "SplitPlan",
    "Merging",
    # what is in them
    "statistics",
    "write_card",
    "check_card",
    # handing them on
    "organize",
    "manifest",
    "optimize",
    "pack",
    "unpack",
    # classes
    "Label",
    "LabelMap",
    "ClassMapping",
    "read_label_file",
    # frames and what is in them
    "Frame",
    "View",
    "Camera",
    "Distortion",
    "Channels",
    "EncodedImage",
    "Objects",
    "Instance",
    "Boxes3D",
    "Rle",
    "Signal",
    "safe_name",
    # formats of one's own
    "Format",
    "register",
    # what can go wrong
    "FramepressError",
    "OptionError",
    "LabelError",
    "OutputError",
    "InputError",
    "JournalError",
    "FrameError",
]

_HOMES = {
    "core": "Frame View Camera Distortion Channels EncodedImage Objects Instance Boxes3D Rle Signal safe_name",
    "core.labels": "Label LabelMap",
    "dataset.convert": "convert",
    "dataset.index": "Index",
    "dataset.label_files": "read_label_file",
    "dataset.merge": "Merging merge",
    "dataset.opening": "Dataset open",
    "dataset.refinish": "finish",
    "dataset.report": "EditionReport Report",
    "dataset.select.append": "append update",
    "dataset.select.places": "slice",
    "dataset.select.relabel": "ClassMapping relabel",
    "dataset.select.selection": "Selection select",
    "dataset.split": "Split",
    "dataset.splitting.draw": "SplitCounts",
    "dataset.splitting.plan": "SplitPlan plan_split",
    "dataset.splitting.press": "split_dataset",
    "dataset.writer": "DatasetWriter",
    "delivery.card": "check_card write_card",
    "delivery.manifest": "manifest",
    "delivery.optimize": "optimize",
    "delivery.organize": "organize",
    "delivery.pack": "pack",
    "delivery.unpack": "unpack",
    "errors": "FrameError FramepressError InputError JournalError LabelError OptionError OutputError",
    "formats": "Format register",
    "quality.report.statistics_document": "statistics",
}
_HOME = {name: home for home, names in _HOMES.items() for name in names.split()}
_NAMED_THERE = {"open": "open_dataset", "statistics": "dataset_statistics", "manifest": "manifest_of"}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOME[name]}"), _NAMED_THERE.get(name, name))
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
