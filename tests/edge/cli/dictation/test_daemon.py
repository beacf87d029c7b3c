"""What a dictation asks of its model."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.cli.dictation.daemon import speech_settings
from edge.dictate.options import DictateOptions
from edge.dictate.settings import read_settings
from edge.errors import OptionError
from edge.options import TranscribeOptions


def test_corrections_are_asked_for_where_they_are_wanted(tmp_path: Path) -> None:
    file = tmp_path / "dictate.toml"
    file.write_text('[model]\ncorrect = "most"\ncorrect_budget = 0.2\nlanguage = "en"\n', encoding="utf-8")
    found = speech_settings(read_settings(file).dictate)
    assert found == {"language": "en", "correct": "most", "correct_budget": 0.2}
    assert TranscribeOptions(**found).strength == "most"
    assert speech_settings(DictateOptions()) == {}


def test_a_strength_that_is_none_is_refused() -> None:
    with pytest.raises(OptionError, match="correct is 'much'; expected off, safe or most"):
        DictateOptions(correct="much")
