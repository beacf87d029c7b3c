"""Downloads of files whose size and hash are known, which go on where they stopped."""

from __future__ import annotations

import http.client
import logging
import os
from pathlib import Path

from ..errors import IntegrityError
from ..progress import Progress
from .files import CHUNK_BYTES, check, sha256_of
from .http import MAX_ATTEMPTS, Client, TransferError, redacted

_PROGRESS_BYTES = 1 << 16
"""Bytes that an attempt must bring to count as progress: with a byte each, attempts would never end."""

_LOG = logging.getLogger(__name__)


def announced_size(client: Client, url: str, most: int) -> int:
    """Ask a server how large a file is.

    Raises:
        IntegrityError: it does not say, or names more than `most` bytes.
        TransferError: the request failed.
    """
    attempt = 0
    while True:
        try:
            with client.open(url) as answer:
                found = answer.length
        except TransferError as error:
            attempt += 1
            if not error.transient or attempt >= MAX_ATTEMPTS:
                raise
            client.pause(attempt)
            continue
        if found is None or not 0 < found <= most:
            raise IntegrityError(f"{redacted(url)}: expected at most {most} bytes, the server announces {found}")
        return found


def download(client: Client, url: str, part: Path, *, size: int, sha256: str, label: str, progress: Progress) -> None:
    """Bring a file of known size and hash to `part`, going on from what lies there already.

    A transfer that breaks is taken up again; what arrived stays in `part` for the next call. Bytes that are
    not the pinned ones are deleted: if they began with an older part it starts over, else IntegrityError.
    """
    resumed = part.exists()
    try:
        _transfer(client, url, part, size=size, label=label, progress=progress)
        check(label, part.stat().st_size, sha256_of(part), size=size, sha256=sha256)
    except IntegrityError:
        part.unlink(missing_ok=True)
        if not resumed:
            raise
        _LOG.info("%s: the part that lay here was damaged, starting over", label)
        download(client, url, part, size=size, sha256=sha256, label=label, progress=progress)


def _transfer(client: Client, url: str, part: Path, *, size: int, label: str, progress: Progress) -> None:
    attempt = 0
    while True:
        before = part.stat().st_size if part.exists() else 0
        if before > size:
            part.unlink()
            continue
        if before == size:
            return
        try:
            _append(client, url, part, before, size=size, label=label, progress=progress)
        except TransferError as error:
            arrived = part.stat().st_size if part.exists() else 0
            attempt = 0 if arrived - before >= _PROGRESS_BYTES else attempt + 1
            if not error.transient or attempt >= MAX_ATTEMPTS:
                raise
            _LOG.info("%s; trying again from byte %d", error, arrived)
            client.pause(attempt)


def _append(client: Client, url: str, part: Path, start: int, *, size: int, label: str, progress: Progress) -> None:
    headers = {"Range": f"bytes={start}-"} if start else {}
    with client.open(url, headers=headers) as answer:
        continues = answer.status == 206
        if continues and not answer.headers.get("Content-Range", "").startswith(f"bytes {start}-"):
            raise TransferError(f"{redacted(url)}: the server answers with another range", transient=False)
        done = start if continues else 0
        announced = answer.length  # None when the server does not say
        if announced is not None and done + announced != size:
            raise IntegrityError(f"{redacted(url)}: expected {size} bytes, the server has {done + announced}")
        with part.open("ab" if continues else "wb") as file:
            progress(label, done, size)
            while done < size:
                chunk = _read_some(answer, url)
                if done + len(chunk) > size:
                    raise IntegrityError(f"{redacted(url)}: expected {size} bytes, the server sends more")
                file.write(chunk)
                done += len(chunk)
                progress(label, done, size)
            file.flush()
            os.fsync(file.fileno())


def _read_some(answer: http.client.HTTPResponse, url: str) -> bytes:
    try:
        chunk = answer.read1(CHUNK_BYTES)
    except (OSError, http.client.HTTPException) as error:
        raise TransferError(f"{redacted(url)}: the transfer broke ({error})", transient=True) from error
    if not chunk:
        raise TransferError(f"{redacted(url)}: the server closed the connection early", transient=True)
    return chunk
