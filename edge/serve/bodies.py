"""Reads the body of a request as far as its limits go: size, speed, and the parts of a form."""

from __future__ import annotations

import asyncio
import io
import time
from collections.abc import AsyncGenerator
from dataclasses import dataclass

from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect, Request

from ..errors import EdgeError

_GRACE_S = 5.0
_LEAST_BYTES_PER_S = 16_000
_MOST_S = 120.0
_MOST_FIELDS = 16
_MOST_FIELD_BYTES = 1 << 16
_FORM_BYTES = 1 << 20
"""Bytes that a form may have beside its file."""


class BodyError(EdgeError):
    """A refusal of what a request sends."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        """Status of the answer, in HTTP."""


@dataclass(frozen=True, slots=True)
class Form:
    """Fields of a form, and the file in it."""

    fields: dict[str, list[str]]
    file: io.BytesIO
    file_bytes: int


async def read_form(request: Request, most_bytes: int) -> Form:
    """Read a form with one file called "file", in memory: no sound of anybody's reaches a disk.

    Raises:
        BodyError: it is none, is too large, or comes too slowly.
        ClientDisconnect: the client left.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "multipart/form-data":
        raise BodyError(415, f"expected a form (multipart/form-data) with a file, found {kind or 'no type'}")
    length = request.headers.get("content-length", "0")
    if length.isdecimal() and int(length) > most_bytes + _FORM_BYTES:
        raise BodyError(413, _too_large(most_bytes))
    parser = MultiPartParser(
        request.headers,
        _paced(request, most_bytes),
        max_files=1,
        max_fields=_MOST_FIELDS,
        max_part_size=_MOST_FIELD_BYTES,
    )
    parser.spool_max_size = most_bytes + _FORM_BYTES + 1
    try:
        form = await parser.parse()
    except MultiPartException as error:
        raise BodyError(400, f"the form cannot be read: {error.message}") from None
    fields: dict[str, list[str]] = {}
    file: UploadFile | None = None
    for name, value in form.multi_items():
        if isinstance(value, str):
            fields.setdefault(name, []).append(value)
        elif name == "file":
            file = value
    if file is None:
        raise BodyError(400, 'expected a file in the form, in the field "file", found none')
    data = await file.read()
    await form.close()
    return Form(fields, io.BytesIO(data), len(data))


async def _paced(request: Request, most_bytes: int) -> AsyncGenerator[bytes, None]:
    """Yield the body as it comes, unless it is too much or too slow."""
    began = time.monotonic()
    n_bytes = 0
    chunks = request.stream()
    while True:
        seconds = min(_MOST_S, _GRACE_S + n_bytes / _LEAST_BYTES_PER_S)
        try:
            async with asyncio.timeout(max(0.0, began + seconds - time.monotonic())):
                chunk = await anext(chunks, None)
        except TimeoutError:
            raise BodyError(
                408, f"expected {_LEAST_BYTES_PER_S // 1000} kB a second, found {n_bytes} bytes in {seconds:.0f} s"
            ) from None
        if chunk is None:
            return
        n_bytes += len(chunk)
        if n_bytes > most_bytes + _FORM_BYTES:
            raise BodyError(413, _too_large(most_bytes))
        yield chunk


def _too_large(most_bytes: int) -> str:
    return f"expected a recording of at most {most_bytes / 1e6:g} MB, found more; --upload-mb raises the limit"


__all__ = ["BodyError", "ClientDisconnect", "Form", "read_form"]
