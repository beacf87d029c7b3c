"""Writers of every language, made once."""

from __future__ import annotations

import pytest

from edge.written import LANGUAGES, Writer, WrittenOptions


@pytest.fixture(scope="session")
def writers() -> dict[str, Writer]:
    pytest.importorskip("text_to_num")
    return {language: Writer(language, WrittenOptions(commands=True, punctuation="end")) for language in LANGUAGES}
