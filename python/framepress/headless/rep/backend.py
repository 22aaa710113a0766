"""Where writers put files: roots to which their paths are relative."""

from __future__ import annotations

import inspect
import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NoReturn

from framepress.errors import OptionError
from framepress.headless import host as hosts
from framepress.headless.rep import io_queue

__all__ = ["BackendGroup", "BackendRegistry", "BaseBackend", "DiskBackend", "S3Backend"]

_ROOT = "/omni/replicator/backends/disk/root_dir"


class BaseBackend(ABC):
    """Base of all backends: bytes in and out, everything else through `schedule`."""

    @abstractmethod
    def write_blob(self, path: str, data: bytes) -> None:
        """Store bytes at a path relative to the backend's root."""

    @abstractmethod
    def read_blob(self, path: str) -> bytes:
        """The bytes at a path relative to the backend's root."""

    def initialize(self, *args: Any, **kwargs: Any) -> None:
        """Run the constructor; may be called again."""
        self.__init__(*args, **kwargs)  # type: ignore[misc]  # what Replicator's contract says it is

    @classmethod
    def get_name(cls) -> str:
        return cls.__name__

    def schedule(self, fn: Callable[..., Any], *args: Any, **kwargs: Any) -> None:
        """Queue a call; a function with a parameter `backend_instance` gets this backend there."""
        if takes_backend(fn):
            kwargs.setdefault("backend_instance", self)
        hosts.current().kept(io_queue.WriteQueue).put(fn, args, kwargs)

    @staticmethod
    def is_done_writing() -> bool:
        """Whether the queue of all backends is empty."""
        return io_queue.is_done_writing()

    @staticmethod
    def wait_until_done() -> None:
        """Wait until the queue of all backends is empty."""
        io_queue.wait_until_done()


def takes_backend(fn: Callable[..., Any]) -> bool:
    try:
        return "backend_instance" in inspect.signature(fn).parameters
    except ValueError:  # a builtin without a signature
        return False


class BackendGroup(BaseBackend):
    """Several backends as one: everything is written to each."""

    def __init__(self, backends: Sequence[BaseBackend]) -> None:
        self._backends = list(backends)

    def write_blob(self, path: str, data: bytes) -> None:
        for backend in self._backends:
            backend.write_blob(path, data)

    def read_blob(self, path: str) -> bytes:
        return self._backends[0].read_blob(path)

    def schedule(self, fn: Callable[..., Any], *args: Any, **kwargs: Any) -> None:
        """Queue a call: once for each backend where `fn` takes a `backend_instance`, else once."""
        if not takes_backend(fn) or "backend_instance" in kwargs:
            hosts.current().kept(io_queue.WriteQueue).put(fn, args, kwargs)
            return
        for backend in self._backends:
            backend.schedule(fn, *args, **kwargs)


class DiskBackend(BaseBackend):
    """A folder.

    Args:
        output_dir: where; a relative one is below the setting `/omni/replicator/backends/disk/root_dir`, else below
            `~/omni.replicator_out`.
        overwrite: whether to write into a folder that is there; else the next free `<output_dir>_0001` is taken.
    """

    def __init__(self, output_dir: str, overwrite: bool = True) -> None:
        folder = Path(output_dir).expanduser()
        if not folder.is_absolute():
            root = hosts.current().settings.get(_ROOT) or "~/omni.replicator_out"
            folder = Path(root).expanduser() / folder
        self.output_dir = str(folder if overwrite else _free(folder))
        Path(self.output_dir).mkdir(parents=True, exist_ok=True)

    def resolve_path(self, path: str) -> str:
        """Where in the file system a path of this backend is."""
        return os.path.join(self.output_dir, path)

    def write_blob(self, path: str, data: bytes) -> None:
        target = Path(self.resolve_path(path))
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)

    def read_blob(self, path: str) -> bytes:
        return Path(self.resolve_path(path)).read_bytes()


def _free(folder: Path) -> Path:
    found, count = folder, 0
    while found.exists():
        count += 1
        found = folder.with_name(f"{folder.name}_{count:04d}")
    return found


class S3Backend(BaseBackend):
    """Known by name, so that a script which asks for it is told: the stand-in does not write to a network."""

    def __init__(self, bucket: str, key_prefix: str = "", region: str = "", endpoint_url: str = "") -> None:
        """Raises: OptionError: always."""
        self._refuse(f"s3://{bucket}/{key_prefix}")

    def write_blob(self, path: str, data: bytes) -> None:
        self._refuse(path)

    def read_blob(self, path: str) -> bytes:
        self._refuse(path)

    def _refuse(self, target: str) -> NoReturn:
        raise OptionError(
            f"S3Backend: {target}: the stand-in writes to folders only; give output_dir and copy it after"
        )


class BackendRegistry:
    """Backend classes by name."""

    def __init__(self, host: hosts.Host) -> None:
        self._classes: dict[str, type[BaseBackend]] = {"DiskBackend": DiskBackend, "S3Backend": S3Backend}

    @classmethod
    def register(cls, backend_class: type[BaseBackend]) -> None:
        """Make a backend known to `get`, and to every `BackendDispatch` whose keywords it accepts.

        Raises:
            OptionError: it is no subclass of `BaseBackend`.
        """
        if not (isinstance(backend_class, type) and issubclass(backend_class, BaseBackend)):
            raise OptionError(f"{backend_class!r} is no backend: derive it from BaseBackend")
        hosts.current().kept(cls)._classes[backend_class.__name__] = backend_class

    @classmethod
    def get_registered_backends(cls) -> dict[str, type[BaseBackend]]:
        return dict(hosts.current().kept(cls)._classes)

    @classmethod
    def get(cls, name: str, init_params: dict[str, Any] | None = None) -> BaseBackend:
        """A backend whose constructor has not run, unless `init_params` are given.

        Raises:
            OptionError: no such backend.
        """
        classes = cls.get_registered_backends()
        if name not in classes:
            raise OptionError(f"no backend is called {name!r}; there are {', '.join(classes)}")
        backend = classes[name].__new__(classes[name])
        if init_params:
            backend.initialize(**init_params)
        return backend
