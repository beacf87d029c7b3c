"""The documents hold together: links lead somewhere, pages are listed and short, the tree is as drawn."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from .markdown import CONTRIBUTING, GUIDES, PAGES, README, ROOT, anchors, blocks, links, name_of

PLACEHOLDERS = re.compile(r"\b(TODO|TBD|FIXME|XXX|coming soon)\b", re.IGNORECASE)
README_BYTES = 6_000
PAGE_BYTES = 24_000

NOT_DRAWN = {"LICENSE", "build", "dist", "shared"}
"""What needs no explanation, and what builds leave behind."""


@pytest.mark.parametrize("guide", GUIDES, ids=name_of)
def test_links_lead_somewhere(guide: Path) -> None:
    for link in links(guide):
        file, _, anchor = link.partition("#")
        target = guide.parent / file if file else guide
        assert target.exists(), f"{link}: there is no such file"
        assert not anchor or anchor in anchors(target), f"{link}: there is no such heading"


@pytest.mark.parametrize("guide", GUIDES, ids=name_of)
def test_nothing_is_promised(guide: Path) -> None:
    assert PLACEHOLDERS.findall(guide.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_a_page_is_short(page: Path) -> None:
    assert page.stat().st_size <= (README_BYTES if page == README else PAGE_BYTES)


def test_every_page_is_in_both_lists() -> None:
    pages = {page.name for page in (ROOT / "docs").glob("*.md")} - {"README.md"}
    assert pages <= set(links(ROOT / "docs" / "README.md"))
    assert {f"docs/{page}" for page in pages} <= set(links(README))


def test_every_example_is_in_the_index() -> None:
    examples = {f"examples/{path.name}" for path in (ROOT / "docs" / "examples").glob("*.py")}
    assert examples <= set(links(ROOT / "docs" / "README.md"))


def test_the_tree_is_as_drawn() -> None:
    drawn = _drawn(blocks(CONTRIBUTING, "text")[0].text)
    assert sorted(name for name in drawn if not (ROOT / name).exists()) == []
    top = {f"{path.name}/" if path.is_dir() else path.name for path in ROOT.iterdir()}
    hidden = {name for name in top if name.startswith(".") and name != ".ci/"}
    assert {name.rstrip("/") for name in top - hidden - drawn} <= NOT_DRAWN


@pytest.mark.parametrize("package", ["edge", "edge/whisper", "export", "kernels"])
def test_every_folder_is_drawn(package: str) -> None:
    drawn = _drawn(blocks(CONTRIBUTING, "text")[0].text)
    folders = {
        f"{package}/{path.name}/" for path in (ROOT / package).iterdir() if path.is_dir() and path.name != "__pycache__"
    }
    assert sorted(folders - drawn) == []


def _drawn(tree: str) -> set[str]:
    """The paths in a drawing whose indentation of two blanks a level says what lies in what."""
    paths: set[str] = set()
    parents: list[str] = []
    for line in tree.splitlines():
        name = line.split()[0]
        del parents[(len(line) - len(line.lstrip())) // 2 :]
        paths.add("".join(parents) + name)
        parents.append(name)
    return paths
