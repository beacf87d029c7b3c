"""The documents hold together: links lead somewhere, pages are listed and short, the tree is as drawn."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from .markdown import CONTRIBUTING, FOLDERS, GUIDES, PAGES, README, ROOT, anchors, blocks, links, name_of, prose

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


def test_readme_has_the_numbers_of_the_results() -> None:
    """RESULTS has milliseconds beside the ratio to the fastest peer, which README leaves out."""
    measured = {engine: numbers for engine, *numbers in _rows(ROOT / "benchmarks" / "RESULTS.md") if len(numbers) == 8}
    shown = [row for row in _rows(README) if len(row) == 7 and row[0] != "engine" and not row[0].startswith(":")]
    assert len(shown) > 3
    for engine, *numbers in shown:
        assert numbers == [measured[engine][i] for i in (0, 2, 3, 4, 6, 7)]


def _rows(page: Path) -> list[list[str]]:
    lines = page.read_text(encoding="utf-8").splitlines()
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("|")]


def test_every_page_is_in_both_lists() -> None:
    pages = {page.name for page in (ROOT / "docs").glob("*.md")} - {"README.md"}
    assert pages <= set(links(ROOT / "docs" / "README.md"))
    assert {f"docs/{page}" for page in pages} <= set(links(README))


def test_messages_that_are_explained_exist() -> None:
    """A message stands in italics and begins with "…", which stands for what differs."""
    sources = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "edge").rglob("*.py"))
    written = re.sub(r'"\s*\n\s*f?"', "", sources)  # a message may go over several lines
    page = " ".join(prose(ROOT / "docs" / "troubleshooting.md").split())
    messages = re.findall(r"\*(… [^*]+)\*", page)
    assert len(messages) > 5
    fixed = [part.strip(" ,:…") for message in messages for part in message.split("…")]
    assert [part for part in fixed if part not in written] == []


def test_every_example_is_in_the_index() -> None:
    examples = {f"examples/{path.name}" for path in (ROOT / "docs" / "examples").glob("*.py")}
    assert examples <= set(links(ROOT / "docs" / "README.md"))


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_files_that_are_named_are_there(page: Path) -> None:
    named = re.findall(r"`([\w./]+)`", prose(page))
    paths = [path for path in named if path.startswith(tuple(f"{folder}/" for folder in (*FOLDERS, "docs", ".ci")))]
    assert [path for path in paths if not (ROOT / path).exists()] == []
    modules = [path for path in named if path.endswith(".py") and path not in paths]
    known = {f"/{path.relative_to(ROOT)}" for folder in (*FOLDERS, "docs") for path in (ROOT / folder).rglob("*.py")}
    assert [module for module in modules if not any(path.endswith(f"/{module}") for path in known)] == []


def test_the_picture_is_one_in_light_and_in_the_dark() -> None:
    picture = ElementTree.parse(ROOT / "docs" / "pipeline.svg").getroot()
    assert picture.findtext("{*}title")
    assert "prefers-color-scheme: dark" in (picture.findtext("{*}style") or "")
    folders = [text.text or "" for text in picture.iterfind("{*}text[@class='f']")]
    paths = [path for folder in folders for path in folder.split(", ")]
    places = (ROOT, ROOT / "edge", ROOT / "edge" / "whisper")
    missing = [
        path for path in paths if not any((place / f"{path}{end}").exists() for place in places for end in ("", ".py"))
    ]
    assert paths
    assert missing == []


def test_the_tree_is_as_drawn() -> None:
    drawn = _drawn(blocks(CONTRIBUTING, "text")[0].text)
    assert sorted(name for name in drawn if not (ROOT / name).exists()) == []
    top = {f"{path.name}/" if path.is_dir() else path.name for path in ROOT.iterdir()}
    hidden = {name for name in top if name.startswith(".") and name != ".ci/"}
    assert {name.rstrip("/") for name in top - hidden - drawn} <= NOT_DRAWN


@pytest.mark.parametrize("package", ["benchmarks", "edge", "edge/whisper", "export", "kernels"])
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
