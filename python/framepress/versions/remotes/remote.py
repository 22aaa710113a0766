"""What is asked of a remote."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import NamedTuple, Protocol

__all__ = ["Entry", "Remote"]


class Entry(NamedTuple):
    """A file of a remote: its path below the remote's root with forward slashes, its size in bytes."""

    path: str
    size: int


class Remote(Protocol):
    """Files under names. Safe to use from several threads.

    Reading raises InputError, writing OutputError, both with the remote, the path, the reason and the way out, and
    never with a credential.
    """

    @property
    def where(self) -> str:
        """The remote's name in messages."""

    @property
    def sharing_refused(self) -> str:
        """Why several may not push here at once, as it is known beforehand; "" where a probe must tell."""

    def get(self, path: str, limit: int) -> bytes | None:
        """A small file; None where it is not there. One of more than `limit` bytes is an InputError."""

    def get_range(self, path: str, offset: int, length: int) -> bytes:
        """So many bytes of a file that is there; fewer are an InputError."""

    def stream(self, path: str) -> Iterator[bytes]:
        """A file that is there, in blocks."""

    def put(self, path: str, source: bytes | memoryview | Path) -> None:
        """A file, whole when it returns; one of that name is taken to be the same."""

    def create(self, path: str, content: bytes) -> bool:
        """A file that must be new, whole and durable when it returns: False where one of that name is there already."""

    def list(self, prefix: str) -> Iterator[Entry]:
        """Files below a folder ("" for all), in any order."""

    def adding(self) -> AbstractContextManager[Callable[[], None]]:
        """Held while contents are added, so that nobody takes them away as unneeded before refs name them.

        What it gives makes durable all that was put so far, and raises OutputError where somebody may have taken some
        of it away all the same.
        """

    def delete(self, path: str) -> None:
        """Of a probe of our own."""
