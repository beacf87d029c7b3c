"""The standard streams: they may be closed, full, or not ready to take more, and standard output may be a terminal."""

from __future__ import annotations

import errno
import io
import os
import re
import select
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, BinaryIO, TextIO, cast

from ...harmless import harmless

_OUTPUT = "standard output"
_INPUT = "standard input"


def settle() -> None:
    """Make the standard streams of the command's own process fit to be written to, whatever it was started with.

    A closed one is opened on nothing below Python, or the next file that is opened takes its number, and gets what a
    library writes there.
    """
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            with suppress(OSError):
                os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free: this one
    if os.name == "posix":
        sys.stdout, sys.stderr = _patient(sys.stdout), _patient(sys.stderr)


def put(text: str, *, is_json: bool = False) -> None:
    """Write to standard output, now and whole; a terminal gets nothing that it would obey.

    Raises:
        OSError: it is closed, full or broken, and says so by name; BrokenPipeError if its reader went away.
    """
    is_safe = is_json or not standard_output().isatty()  # our JSON has escapes of its own
    put_as_it_is(text if is_safe else harmless(text), is_json=is_json)


def put_as_it_is(text: str, *, is_json: bool = False) -> None:
    """Write to standard output as `put` does, with what a terminal obeys, such as colors."""
    stream = standard_output()
    with _named(_OUTPUT):
        stream.write(_printable(text, stream, is_json=is_json))
        stream.flush()


def report(text: str) -> None:
    """Write a line or several to people on standard output, with nothing that any terminal would obey."""
    put(f"{harmless(text)}\n")


def standard_output() -> TextIO:
    """Return standard output, or raise OSError where there is none."""
    if sys.stdout is None or sys.stdout.closed:
        raise OSError(errno.EBADF, "closed; open it, or have files written with --output-dir", _OUTPUT)
    return sys.stdout


def standard_input() -> BinaryIO:
    """Return standard input, or raise OSError where there is none."""
    if sys.stdin is None or sys.stdin.closed:
        raise OSError(errno.EBADF, "closed; pipe a recording into it, or name a file", _INPUT)
    return sys.stdin.buffer


def abandon_output() -> None:
    """Point standard output at nothing, or the interpreter complains about what it could not write when it ends."""
    with suppress(OSError, ValueError, AttributeError):  # without a descriptor there is nothing to write at the end
        nothing = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, sys.stdout.fileno())
        os.close(nothing)


@contextmanager
def _named(name: str) -> Iterator[None]:
    """Let an error of the system speak of the stream."""
    try:
        yield
    except OSError as error:
        error.filename = name
        raise


def _printable(text: str, stream: TextIO, *, is_json: bool) -> str:
    """Return the text as this stream can show it: on an old terminal, question marks beat a failure."""
    encoding = stream.encoding or "utf-8"  # a stream in memory has none
    if encoding.lower().startswith("utf"):
        return text
    if is_json:
        import json  # such streams are rare, and every process pays for an import

        return re.sub(r"[^\x00-\x7f]", lambda match: json.dumps(match[0])[1:-1], text)
    return text.encode(encoding, errors="replace").decode(encoding)


def _patient(stream: TextIO) -> TextIO:
    """Return a stream of the same descriptor that waits until it has taken all; None and streams in memory stay."""
    try:
        descriptor = stream.fileno()
        stream.flush()
    except (AttributeError, OSError, ValueError):
        return stream
    is_utf8 = stream.encoding.lower().startswith("utf")
    # Names of files may be no UTF-8: they are written as they are.
    errors = "surrogateescape" if is_utf8 and stream is sys.stdout else "backslashreplace"
    # Nothing is kept back: what could not be written must not be tried again when the interpreter ends.
    writer = cast("BinaryIO", _PatientWriter(descriptor))  # of which a wrapper asks no more than it has
    return io.TextIOWrapper(writer, encoding=stream.encoding, errors=errors, write_through=True)


class _PatientWriter(io.RawIOBase):
    """Writes all that it is given, however long the descriptor's other end takes, and lets the descriptor be."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def write(self, data: Any) -> int:
        """Write all of `data`; Python's own writer drops what a stream that does not block has no room for."""
        left = memoryview(data).cast("B")
        n_bytes = len(left)
        while left:
            try:
                left = left[os.write(self._descriptor, left) :]
            except BlockingIOError:
                select.select((), (self._descriptor,), ())
        return n_bytes

    def writable(self) -> bool:
        """Return True."""
        return True

    def fileno(self) -> int:
        """Return the descriptor."""
        return self._descriptor

    def isatty(self) -> bool:
        """Whether the descriptor is a terminal."""
        return os.isatty(self._descriptor)
