"""Only an error that says so means that a blob is not there; whatever else goes wrong, nothing is known."""

from __future__ import annotations

import errno
import os
from typing import Any

import pytest

from framepress.errors import OutputError
from framepress.storage.absence import is_absent
from framepress.storage.blobs import BlobOutput

PATH = ".framepress/dataset.json"


class ClientError(Exception):
    """As botocore's: the code is in the response alone."""

    def __init__(self, code: str, status: int) -> None:
        super().__init__(f"An error occurred ({code}) when calling the GetObject operation")
        self.response = {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}


class NoSuchKey(ClientError):
    def __init__(self) -> None:
        super().__init__("NoSuchKey", 404)


class NotFound(Exception):
    """As google.api_core's."""

    code = 404


class Forbidden(Exception):
    code = 403


class ResourceNotFoundError(Exception):
    """As azure.core's, whose `response` is an object, and whose code an attribute of its own."""

    response = object()


class EndpointConnectionError(Exception):
    """As botocore's: no response, for nobody answered."""


def linked(outer: BaseException, *, cause: BaseException | None = None, context: BaseException) -> BaseException:
    """`outer` as `raise outer from cause` leaves it while `context` is handled; without a cause, a bare `raise`."""
    if cause is not None:
        outer.__cause__ = cause  # which sets the context aside
    outer.__context__ = context
    return outer


def set_aside(outer: BaseException, context: BaseException) -> BaseException:
    """As `raise outer from None` leaves it."""
    outer.__context__, outer.__suppress_context__ = context, True
    return outer


ABSENT = {
    "a file": FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), f"/bucket/{PATH}"),
    "a file of Windows": FileNotFoundError(errno.ENOENT, "no such file", "D:\\bucket\\.framepress\\dataset.json"),
    "a file without a name": FileNotFoundError("nothing there"),
    "a mapping": KeyError(PATH),
    "a mapping below a prefix": KeyError(f"aisle/{PATH}"),
    "an object of S3": NoSuchKey(),
    "a head of S3": ClientError("404", 404),
    "a status as a number": NotFound("no such object"),
    "a name alone": ResourceNotFoundError("gone"),
    "a cause": linked(RuntimeError("could not read"), cause=NoSuchKey(), context=KeyError("Body")),
    "a context": linked(RuntimeError("could not read"), context=NoSuchKey()),
}
UNKNOWN = {
    "no permission on a disk": PermissionError(errno.EACCES, "denied"),
    "no permission in S3": ClientError("AccessDenied", 403),
    "a clock that is wrong": ClientError("RequestTimeTooSkewed", 403),
    "a bucket that is not there": ClientError("NoSuchBucket", 404),
    "no network": EndpointConnectionError("could not connect"),
    "a network that is slow": TimeoutError("timed out"),
    "a file of credentials": FileNotFoundError(errno.ENOENT, "no such file", "/home/a/.aws/credentials"),
    "a key of another mapping": KeyError("Body"),
    "an answer that is none": Forbidden("no"),
    "no reader": NotImplementedError(),
    "a refusal where it looked next": linked(ClientError("AccessDenied", 403), context=NoSuchKey()),
    "a network lost where it looked next": linked(
        ConnectionResetError("reset"), cause=NoSuchKey(), context=NoSuchKey()
    ),
    "a context that was set aside": set_aside(RuntimeError("something else"), NoSuchKey()),
    "a cause before a context": linked(RuntimeError("no"), cause=TimeoutError("timed out"), context=NoSuchKey()),
}


class Store:
    def __init__(self, answer: Any) -> None:
        self.answer, self.written = answer, 0

    def write_blob(self, path: str, data: bytes) -> None:
        self.written += 1

    def read_blob(self, path: str) -> bytes:
        if isinstance(self.answer, BaseException):
            raise self.answer
        return self.answer


@pytest.mark.parametrize("error", ABSENT.values(), ids=ABSENT)
def test_what_says_that_it_is_not_there_lets_a_dataset_begin(error: BaseException) -> None:
    assert is_absent(error, PATH)
    output = BlobOutput(Store(error), "a bucket")
    assert not output.exists(PATH)
    output.lock().release()


@pytest.mark.parametrize("error", UNKNOWN.values(), ids=UNKNOWN)
def test_what_says_anything_else_is_told_and_nothing_is_written(error: Exception) -> None:
    assert not is_absent(error, PATH)
    store = Store(error)
    for asked in (lambda output: output.exists(PATH), lambda output: output.lock()):
        with pytest.raises(OutputError, match=r"a bucket: \.framepress/dataset\.json: cannot be read") as caught:
            asked(BlobOutput(store, "a bucket"))
        assert type(error).__name__ in str(caught.value)
        assert "let the backend read and list" in str(caught.value)
        assert caught.value.__cause__ is error
    assert not store.written


def test_an_empty_description_is_one_and_no_answer_is_none() -> None:
    assert BlobOutput(Store(b""), "a bucket").exists(PATH)
    with pytest.raises(OutputError, match="read_blob gave None, and no error"):
        BlobOutput(Store(None), "a bucket").exists(PATH)
