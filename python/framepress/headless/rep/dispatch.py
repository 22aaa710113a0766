"""`BackendDispatch`: every registered backend that accepts the keywords, at once."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

from framepress.headless.rep import file_writes, io_queue
from framepress.headless.rep.backend import BackendGroup, BackendRegistry, BaseBackend, DiskBackend

__all__ = ["BackendDispatch"]

_OLD_NAMES = {
    "s3_bucket": "bucket",
    "s3_region": "region",
    "s3_endpoint": "endpoint_url",
    "s3_key_prefix": "key_prefix",
}


class BackendDispatch(BackendGroup):
    """Args: config: the older way, `{"paths": {"out_dir": folder}, "s3_bucket": ...}`. keywords: of the backends.

    Raises:
        ValueError: no registered backend accepts them.
    """

    def __init__(self, config: Mapping[str, Any] | None = None, **keywords: Any) -> None:
        keywords = {key: value for key, value in (_old(config) | keywords).items() if value is not None}
        classes = BackendRegistry.get_registered_backends()
        super().__init__([made for cls in classes.values() if (made := _made(cls, keywords)) is not None])
        if not self._backends:
            raise ValueError(
                f"no backend accepts the arguments {keywords or 'none'}; give output_dir (known: {', '.join(classes)})"
            )

    @property
    def output_dir(self) -> str:
        """The folder, where there is one backend and it writes to a folder."""
        folders = [backend.output_dir for backend in self._backends if isinstance(backend, DiskBackend)]
        if len(self._backends) != 1 or not folders:
            raise AttributeError("output_dir: a BackendDispatch has one only with a single backend that is a folder")
        return folders[0]

    def write_blob(self, path: str, data: bytes) -> None:
        for backend in self._backends:
            backend.schedule(backend.write_blob, path, data)

    def write_image(self, path: str, data: Any) -> None:
        self.schedule(file_writes.write_image, path=path, data=data)

    def write_array(self, path: str, data: Any) -> None:
        self.schedule(file_writes.write_np, path=path, data=data)

    def write_json(self, path: str, data: Any, **options: Any) -> None:
        self.schedule(file_writes.write_json, path=path, data=data, **options)

    def write_exr(self, path: str, data: Any, exr_flag: Any = None) -> None:
        """Raises: OptionError: always, see `file_writes.write_exr`."""
        file_writes.write_exr(path, data)

    @staticmethod
    def set_max_queue_size(size: int) -> None:
        """From how many waiting jobs on `schedule` pauses."""
        io_queue.set_max_queue_size(size)


def _old(config: Mapping[str, Any] | None) -> dict[str, Any]:
    config = config or {}
    found = {"output_dir": config.get("paths", {}).get("out_dir")}
    if config.get("use_s3", True):
        found |= {new: config.get(old) for old, new in _OLD_NAMES.items()}
    return found


def _made(cls: type[BaseBackend], keywords: Mapping[str, Any]) -> BaseBackend | None:
    """A backend from those of the keywords that its constructor knows; None where they do not suffice."""
    known = inspect.signature(cls).parameters
    takes_any = any(parameter.kind is parameter.VAR_KEYWORD for parameter in known.values())
    try:
        return cls(**{key: value for key, value in keywords.items() if takes_any or key in known})
    except TypeError:  # Replicator's way to find out; an error inside a constructor passes for the same
        return None
