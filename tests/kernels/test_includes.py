"""Which folder of kernels/ may include which: upwards nothing, and nothing of a model's family outside of it."""

from __future__ import annotations

import os
import re
from pathlib import Path

KERNELS = Path(__file__).resolve().parents[2] / "kernels"
ALLOWED: dict[str, set[str]] = {
    "common": set(),
    "simd": {"common"},
    "ops": {"common", "simd", "dispatch"},  # attention is made of other kernels, by way of their table
    "dispatch": {"simd", "ops"},
    "gguf": set(),
    "engine": {"common", "dispatch", "ops"},
    "engine/whisper": {"ops", "engine"},
    "python": {"dispatch", "ops", "gguf", "engine", "engine/whisper"},
}


def folder_of(path: Path) -> str:
    """The entry of the table that a file belongs to."""
    inside = path.relative_to(KERNELS).as_posix()
    return max((name for name in ALLOWED if inside.startswith(f"{name}/")), key=len, default="")


def includes() -> list[tuple[Path, Path]]:
    """Each file of kernels/ with each file of kernels/ that it includes."""
    return [
        (path, Path(os.path.normpath(path.parent / name)))
        for path in sorted(KERNELS.rglob("*.[ch]"))
        for name in re.findall(r'^#include "(.+)"$', path.read_text(), re.MULTILINE)
    ]


def test_every_file_is_in_a_folder_of_the_table() -> None:
    assert [path for path in KERNELS.rglob("*.[ch]") if not folder_of(path)] == []


def test_folders_include_only_what_they_may() -> None:
    found = {(folder_of(path), folder_of(other)): path for path, other in includes()}
    assert [path for (a, b), path in found.items() if a != b and b not in ALLOWED[a]] == []


def test_the_table_allows_nothing_that_nobody_needs() -> None:
    found = {(folder_of(path), folder_of(other)) for path, other in includes()}
    assert [(a, b) for a, allowed in ALLOWED.items() for b in allowed if (a, b) not in found] == []


def test_only_attention_goes_back_to_the_table() -> None:
    goes_back = {path.name for path, other in includes() if folder_of(path) == "ops" and folder_of(other) == "dispatch"}
    assert goes_back == {"attention.h"}
