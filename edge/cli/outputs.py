"""Where transcripts go: standard output, or a file that is whole or absent."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from ..transcript import Transcript, write_transcript


def put(transcript: Transcript, format: str, target: Path | None) -> None:
    """Write a transcript to a file, or to standard output if there is none."""
    text = write_transcript(transcript, format)
    if target is not None:
        write_whole(target, text)
    else:
        put_text(text)


def put_text(text: str) -> None:
    """Write to standard output."""
    if not sys.stdout.encoding.lower().startswith("utf"):
        encoding = sys.stdout.encoding  # a terminal of another age: question marks beat a failure
        text = text.encode(encoding, errors="replace").decode(encoding)
    sys.stdout.write(text)
    sys.stdout.flush()


def write_whole(target: Path, text: str) -> None:
    """Write a text file under a temporary name and rename it, so that no reader sees half of it."""
    temporary = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("w", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
