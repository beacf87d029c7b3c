"""Phrases of each language: what is said, and what is written for it."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.written import LANGUAGES, Writer, WrittenOptions

pytest.importorskip("text_to_num")

FOLDER = Path(__file__).parent / "phrases"
OPTIONS = WrittenOptions(commands=True, punctuation="end")
FEWEST = 200


def phrases_of(language: str) -> list[tuple[str, str]]:
    rows = []
    for line in (FOLDER / f"{language}.txt").read_text(encoding="utf-8").splitlines():
        if not line or line.startswith("#"):
            continue
        said, written = line.split(" => ")
        plain = {"=": said, '""': ""}.get(written, written)
        rows.append((said, plain.replace("\\n", "\n").replace("\\t", "\t").replace("~", "\u00a0")))
    return rows


@pytest.fixture(scope="module", params=LANGUAGES)
def language(request: pytest.FixtureRequest) -> str:
    return str(request.param)


ROWS = [(language, *row) for language in LANGUAGES for row in phrases_of(language)]


@pytest.mark.parametrize(("language", "said", "expected"), ROWS)
def test_a_phrase_is_written_as_people_write_it(
    language: str, said: str, expected: str, writers: dict[str, Writer]
) -> None:
    done = writers[language].write(said)
    assert done.text == expected
    assert done.said == said


@pytest.mark.parametrize(("language", "said", "expected"), ROWS)
def test_what_is_written_stays(language: str, said: str, expected: str, writers: dict[str, Writer]) -> None:
    assert writers[language].write(expected).text == expected


@pytest.mark.parametrize("language", LANGUAGES)
def test_there_are_enough_phrases(language: str) -> None:
    rows = phrases_of(language)
    assert len({said for said, _ in rows}) >= FEWEST
    assert sum(said == expected for said, expected in rows) >= FEWEST // 5  # traps
