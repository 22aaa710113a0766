"""What can go wrong, in one tree.

FramepressError
├── OptionError     an option, a label map or a call is wrong; nothing was read or written      (exit code 2)
│   └── LabelError  a class is unknown, repeated, or differs from another only in case
├── OutputError     the target cannot be written: it is full, taken, or not ours                (exit code 3)
├── FindingsError   a dataset does not hold what was required of it                             (exit code 1)
├── InputError      something that was read is corrupt or contradicts itself                    (exit code 4)
│   └── JournalError  a dataset's own journal is damaged
└── FrameError      one frame failed in a worker; carries the frame's id and the cause          (exit code of the cause)

Each message names the file or frame, the place in it, the value found, and the way out.
"""

from __future__ import annotations

import importlib
from types import ModuleType

__all__ = [
    "FindingsError",
    "FrameError",
    "FramepressError",
    "InputError",
    "JournalError",
    "LabelError",
    "OptionError",
    "OutputError",
    "require",
]


class FramepressError(Exception):
    """Base of every error that this library raises on purpose."""

    exit_code = 1


class OptionError(FramepressError):
    """An option, a label map or a call is wrong; nothing was read or written."""

    exit_code = 2


class LabelError(OptionError):
    """A class is unknown, repeated, or differs from another one only in case."""


class OutputError(FramepressError):
    """The target cannot be written: full, read-only, holding another dataset or the user's own files."""

    exit_code = 3


class FindingsError(FramepressError):
    """A dataset was checked and does not hold what was required of it; it is left as it is."""

    exit_code = 1


class InputError(FramepressError):
    """Something that was read is corrupt, incomplete, or contradicts itself."""

    exit_code = 4


class JournalError(InputError):
    """A dataset's own journal is damaged beyond the torn last line that reopening repairs."""


class FrameError(FramepressError):
    """One frame failed in a worker; `frame_id` names it and `__cause__` is what happened."""

    def __init__(self, frame_id: str, cause: BaseException) -> None:
        said = f"frame {frame_id}"
        super().__init__(str(cause) if str(cause).startswith((f"{said}:", f"{said},")) else f"{said}: {cause}")
        self.frame_id = frame_id
        self.__cause__ = cause
        self.exit_code = getattr(cause, "exit_code", 3 if isinstance(cause, OSError) else 1)


def require(module: str, extra: str) -> ModuleType:
    """Import an optional module where it is used.

    Raises:
        ImportError: with the `pip install` that supplies it.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise ImportError(
            f"{module} is needed here but cannot be imported ({error}): pip install 'framepress[{extra}]'"
        ) from error
