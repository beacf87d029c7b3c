"""The documents of the project, and what is in them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
README = ROOT / "README.md"
CONTRIBUTING = ROOT / "CONTRIBUTING.md"
PAGES = (README, CONTRIBUTING, ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md")))
"""What a reader of the project reads first."""

FOLDERS = ("benchmarks", "edge", "export", "kernels", "tests")
GUIDES = (*PAGES, *(path for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*.md"))))
"""All documents."""

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^#+ (.*)$", re.MULTILINE)
_LINK = re.compile(r"\]\(([^)\s]+)\)")


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block of a document."""

    language: str
    text: str


def name_of(path: Path) -> str:
    """A document's path within the project, which names it in a test."""
    return path.relative_to(ROOT).as_posix()


def blocks(path: Path, *languages: str) -> list[Block]:
    """The fenced blocks in these languages, in order."""
    found = [Block(language, text) for language, text in _FENCE.findall(path.read_text(encoding="utf-8"))]
    return [block for block in found if block.language in languages]


def prose(path: Path) -> str:
    """The document without its fenced blocks."""
    return _FENCE.sub("", path.read_text(encoding="utf-8"))


def anchors(path: Path) -> set[str]:
    """The anchors of the headings, as GitHub makes them."""
    headings = (re.sub(r"[^\w\- ]", "", heading.lower()) for heading in _HEADING.findall(prose(path)))
    return {heading.strip().replace(" ", "-") for heading in headings}


def links(path: Path) -> list[str]:
    """Where the links lead that stay within the project."""
    return [link for link in _LINK.findall(prose(path)) if "://" not in link]


def matches(shown: str, found: str) -> bool:
    """Whether an output is as shown, where "…" stands for anything on its line."""
    pattern = "\n".join(".*".join(map(re.escape, line.split("…"))) for line in shown.splitlines())
    return re.fullmatch(pattern, "\n".join(found.splitlines())) is not None
