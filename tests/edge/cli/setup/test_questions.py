"""Questions of a setup."""

from __future__ import annotations

import pytest

from edge.cli.setup.questions import Questions
from edge.errors import OptionError


def test_questions_are_asked_until_the_answer_can_be(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    answers = iter(["wrong", "right", "", "YES"])
    monkeypatch.setattr("builtins.input", lambda question: next(answers))

    def check(given: str) -> None:
        if given == "wrong":
            raise OptionError("that is wrong")

    questions = Questions(asks=True)
    assert questions.answer("what", "usual", check) == "right"
    assert capfd.readouterr().out == "that is wrong\n"
    assert questions.answer("what", "usual", check) == "usual"
    assert questions.agrees("really", default=False)
    assert not Questions(asks=False).agrees("really", default=False)
