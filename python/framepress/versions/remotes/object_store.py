"""A remote in an object store, through obstore: S3 and what speaks it, Google Cloud Storage, Azure, memory.

Credentials come from the options or from the environment, as obstore finds them; they are kept nowhere, and are cut out
of what the store says of an error.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

from framepress.errors import InputError, OptionError, OutputError, require
from framepress.versions.remotes.remote import Entry
from framepress.versions.remotes.secrets import without_secrets

__all__ = ["ObjectStoreRemote"]

_IN_ONE = 33 << 20  # bytes that go in one request; more go in parts
_PART = 8 << 20
_PARTS_AT_ONCE = 4
_TIMEOUT = "300s"  # of one request with all its bytes; obstore's 30 s are too few for a slow line
_RETRIES = {
    "max_retries": 8,
    "backoff": {"init_backoff": timedelta(milliseconds=100), "max_backoff": timedelta(seconds=5), "base": 2},
    "retry_timeout": timedelta(minutes=2),
}
# Options of the connection; all others are of the store (endpoint, region, access_key_id, ...).
_OF_CLIENT = frozenset(
    "allow_http allow_invalid_certificates connect_timeout http1_only http2_only pool_idle_timeout "
    "pool_max_idle_per_host proxy_url proxy_ca_certificate proxy_excludes root_certificate timeout read_timeout "
    "user_agent".split()
)
_SWITCHES = frozenset(("allow_http", "allow_invalid_certificates", "http1_only", "http2_only"))


class ObjectStoreRemote:
    """`remote.Remote` at the root of an obstore store.

    Args:
        store: of obstore.
        options: those that it was made with, so that messages leave their secrets out.
    """

    sharing_refused = ""

    def __init__(self, store: Any, where: str, options: Mapping[str, str] | None = None) -> None:
        self.where = where
        self._store = store
        self._obstore: Any = require("obstore", extra="remote")
        self._errors: Any = require("obstore.exceptions", extra="remote")
        self._options = dict(options or {})

    @classmethod
    def at(cls, url: str, options: Mapping[str, str]) -> ObjectStoreRemote:
        """Raises:
        OptionError: obstore does not know the scheme or an option.
        """
        from_url = require("obstore.store", extra="remote").from_url
        client = {key: _switch(key, value) for key, value in options.items() if key in _OF_CLIENT}
        config = {key: value for key, value in options.items() if key not in _OF_CLIENT}
        more: dict[str, Any] = {"retry_config": _RETRIES, "client_options": {"timeout": _TIMEOUT, **client}}
        if config:
            more["config"] = config
        try:
            store = from_url(url, **more)
        except Exception as error:  # of obstore, some without a class of its own
            raise OptionError(f"{_shown(url)}: cannot be opened: {without_secrets(_first(error), options)}") from error
        return cls(store, _shown(url), options)

    def get(self, path: str, limit: int) -> bytes | None:
        try:
            found = self._obstore.get(self._store, path)
            size = int(found.meta["size"])
            if size > limit:
                raise InputError(f"{self.where}/{path}: has {size} bytes, more than {limit}; it is none of ours")
            return bytes(found.bytes())
        except FileNotFoundError as error:
            if "NoSuchBucket" in str(error):
                raise self._unreadable(path, error) from error
            return None
        except (self._errors.BaseError, OSError, ValueError) as error:
            raise self._unreadable(path, error) from error

    def get_range(self, path: str, offset: int, length: int) -> bytes:
        try:
            content = bytes(self._obstore.get_range(self._store, path, start=offset, length=length))
        except (self._errors.BaseError, OSError, ValueError) as error:
            raise self._unreadable(path, error) from error
        if len(content) != length:
            raise InputError(f"{self.where}/{path}: {length} bytes from {offset} on were asked, {len(content)} came")
        return content

    def stream(self, path: str) -> Iterator[bytes]:
        try:
            for block in self._obstore.get(self._store, path).stream(min_chunk_size=_PART):
                yield bytes(block)
        except (self._errors.BaseError, OSError, ValueError) as error:
            raise self._unreadable(path, error) from error

    def put(self, path: str, source: bytes | memoryview | Path) -> None:
        size = source.stat().st_size if isinstance(source, Path) else len(source)
        parts: dict[str, Any] = {"chunk_size": _PART, "max_concurrency": _PARTS_AT_ONCE}
        try:
            self._obstore.put(self._store, path, source, **({"use_multipart": False} if size < _IN_ONE else parts))
        except (self._errors.BaseError, OSError, ValueError) as error:
            raise self._unwritable(path, error) from error

    def create(self, path: str, content: bytes) -> bool:
        try:
            self._obstore.put(self._store, path, content, mode="create", use_multipart=False)
        except (self._errors.AlreadyExistsError, self._errors.PreconditionError):
            # A put that was sent twice, as the first answer was lost, finds its own content there.
            return self._holds(path, content)
        except (self._errors.BaseError, OSError, ValueError) as error:
            raise self._unwritable(path, error) from error
        return True

    def _holds(self, path: str, content: bytes) -> bool:
        try:
            found = self._obstore.get(self._store, path)
            return bool(found.meta["size"] == len(content) and bytes(found.bytes()) == content)
        except (self._errors.BaseError, OSError, ValueError) as error:
            raise self._unreadable(path, error) from error

    def list(self, prefix: str) -> Iterator[Entry]:
        try:
            for some in self._obstore.list(self._store, prefix=prefix or None):
                for found in some:
                    yield Entry(str(found["path"]), int(found["size"]))
        except (self._errors.BaseError, OSError, ValueError) as error:
            raise self._unreadable(prefix, error) from error

    def adding(self) -> AbstractContextManager[Callable[[], None]]:
        return nullcontext(lambda: None)  # nothing here takes anything away

    def delete(self, path: str) -> None:
        with suppress(self._errors.BaseError, OSError):
            self._obstore.delete(self._store, path)

    def _unreadable(self, path: str, error: Exception) -> InputError:
        return InputError(f"{self.where}/{path}: cannot be read: {self._said(error)}")

    def _unwritable(self, path: str, error: Exception) -> OutputError:
        return OutputError(f"{self.where}/{path}: cannot be written: {self._said(error)}")

    def _said(self, error: Exception) -> str:
        said = without_secrets(_first(error), self._options)
        return f"{said}; {_way_out(str(error))}"


def _first(error: Exception) -> str:
    """What happened, without the debug text that obstore adds below it."""
    return str(error).partition("\n")[0][:400] or type(error).__name__


def _way_out(said: str) -> str:
    if "NoSuchBucket" in said:
        return "there is no such bucket; make it first, or correct its name"
    if any(mark in said for mark in ("SignatureDoesNotMatch", "InvalidAccessKeyId", "403 Forbidden", "401 ")):
        return "the store refused the credentials; check the access key, its secret and its rights"
    if any(mark in said for mark in ("error sending request", "Connection refused", "dns error")):
        return "nothing answers there; check the endpoint and the network (plain http needs allow_http=true)"
    return "what was done so far is kept; run it again"


def _switch(key: str, value: str) -> str | bool:
    return value.lower() in ("true", "1", "yes") if key in _SWITCHES else value


def _shown(url: str) -> str:
    """A URL without user, password and query."""
    scheme, _, rest = url.partition("://")
    rest = rest.partition("?")[0].partition("#")[0]
    authority, slash, path = rest.partition("/")
    return f"{scheme}://{authority.rpartition('@')[2]}{slash}{path}".rstrip("/")
