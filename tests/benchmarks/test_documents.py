"""The documents of the benchmarks: every command has its question, every page of the journal is in both lists."""

from __future__ import annotations

import re
from pathlib import Path

from benchmarks.__main__ import COMMANDS

FOLDER = Path(__file__).resolve().parents[2] / "benchmarks"
JOURNAL = FOLDER / "journal"


def test_every_command_answers_a_question_of_the_method() -> None:
    rows = [line for line in (FOLDER / "README.md").read_text(encoding="utf-8").splitlines() if line.startswith("| [")]
    named = {name for row in rows for name in re.findall(r"`(\w+)`", row)}
    assert named == set(COMMANDS)


def test_every_page_of_the_journal_is_found_by_question_and_by_date() -> None:
    index = (JOURNAL / "README.md").read_text(encoding="utf-8")
    by_question, by_date = re.split(r"^## By date$", index, flags=re.MULTILINE)
    pages = {page.name for page in JOURNAL.glob("*.md")} - {"README.md"}
    for part in (by_question, by_date.partition("\n## ")[0]):
        listed = set(re.findall(r"\]\(([\w-]+\.md)\)", part))
        assert listed == pages
