"""Whether a store's error says that there is no such blob, or only that nobody can tell.

Stores have errors of their own, from libraries that need not be installed where this runs, so they are known by what
they carry: `FileNotFoundError` and a mapping's `KeyError` by the path that was asked for, botocore's `ClientError` by
`response["Error"]["Code"]` (an error's code in Amazon S3's API reference), others by their `code` or class name.
"""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["is_absent"]

_CODES = {"NoSuchKey", "NotFound", "404"}
_NAMES = {"NoSuchKey", "ResourceNotFoundError", "ObjectNotFound", "BlobNotFound"}


def is_absent(error: BaseException, path: str) -> bool:
    """Whether `error`, or what it was raised from, says that there is no blob at `path`.

    The outermost error that says anything decides: a refusal that came of looking elsewhere for what was missing is a
    refusal. Of an error that says nothing of the kind, it is not known, and the answer is False.
    """
    link: BaseException | None = error
    while link is not None:
        said = _says_absent(link, path)
        if said is not None:
            return said
        link = link.__cause__ or (None if link.__suppress_context__ else link.__context__)
    return False


def _says_absent(error: BaseException, path: str) -> bool | None:
    """None: neither that it is not there nor that something else is the matter."""
    if isinstance(error, FileNotFoundError):
        return error.filename is None or str(error.filename).replace("\\", "/").endswith(path)
    if isinstance(error, KeyError):
        return True if error.args and str(error.args[0]).endswith(path) else None
    code = _code(error)
    if code or type(error).__name__ in _NAMES:
        return code in _CODES or type(error).__name__ in _NAMES
    return False if isinstance(error, OSError) else None


def _code(error: BaseException) -> str:
    """Of a service's answer, "" where the error has none."""
    response = getattr(error, "response", None)
    if isinstance(response, Mapping):
        details = response.get("Error")
        return str(details.get("Code", "")) if isinstance(details, Mapping) else ""
    code = getattr(error, "code", "")
    return str(code) if isinstance(code, str | int) else ""
