"""Subtitles beside every recording of a folder; a recording that cannot be read does not stop the others.

python docs/examples/folder_to_srt.py recordings/

`edgewise transcribe recordings/ -o recordings -f srt` does the same, and more.
"""

from __future__ import annotations

import sys
from pathlib import Path

import edge

SUFFIXES = {".wav", ".flac", ".mp3", ".ogg"}


def main(folder: str) -> int:
    """Write the files; the number of recordings that failed."""
    model = edge.load("tiny.en")
    n_failed = 0
    for path in sorted(Path(folder).rglob("*")):
        if path.suffix.lower() not in SUFFIXES:
            continue
        try:
            model.transcribe(path).write(path.with_suffix(".srt"), max_line_width=42, max_line_count=2)
            print(f"wrote {path.with_suffix('.srt')}")
        except edge.EdgeError as error:
            print(f"failed: {error}")
            n_failed += 1
    return n_failed


if __name__ == "__main__":
    sys.exit(1 if main(sys.argv[1]) else 0)
