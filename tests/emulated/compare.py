"""Compares what machines heard: compare.py HERE OTHER... prints where another differs, and fails where any does."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

SAME = ("text", "features", "encoder", "logits", "speech")
"""What has to be the same everywhere."""

Heard = dict[str, dict[str, str]]
"""What hear.py said, by clip."""


def read(path: Path) -> Heard:
    """Read what one machine said."""
    return {line["clip"]: line for line in map(json.loads, path.read_text(encoding="utf-8").splitlines())}


def differences(here: Heard, other: Heard) -> Iterator[str]:
    """List where another machine heard something else, or not all of it."""
    if not here or here.keys() != other.keys():
        yield f"heard {', '.join(sorted(other)) or 'nothing'}; expected {', '.join(sorted(here)) or 'something'}"
        return
    for clip, expected in here.items():
        found = other[clip]
        for what in SAME:
            if found[what] != expected[what]:
                yield f"{clip}: {what} is {found[what]!r:.90}, expected {expected[what]!r:.90}"


def main(arguments: list[str]) -> int:
    """Compare files of hear.py's lines; 1 where one differs from the first."""
    here, *others = map(Path, arguments)
    expected, wrong = read(here), False
    for path in others:
        found = read(path)
        lines = list(differences(expected, found))
        wrong |= bool(lines)
        level = next((heard["level"] for heard in found.values()), "no level")
        print(f"{path.name} ({level}): {len(found)} clips, {len(lines)} differences from {here.name}")
        print("".join(f"  {line}\n" for line in lines), end="")
    return int(wrong)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
