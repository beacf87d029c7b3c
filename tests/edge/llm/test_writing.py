"""Drafts come out as what is written token by token."""

from __future__ import annotations

from functools import partial
from typing import cast

import numpy as np
import pytest

from edge.llm import drafts
from edge.llm.drafts import Drafter
from edge.llm.model import choose, open_model
from edge.llm.protocol import TextState
from edge.llm.writing import write_tokens

from .conftest import Write

GREEDY = partial(choose, temperature=0.0, top_p=1.0, random=np.random.default_rng(0))


class Counting:
    """A text in progress that counts its calls."""

    def __init__(self, state: TextState) -> None:
        self.state, self.calls = state, 0

    def __getattr__(self, name: str) -> object:
        self.calls += name in ("read", "read_all")
        return getattr(self.state, name)


@pytest.mark.parametrize("n_ctx", [16, 64])
def test_drafts_change_nothing_and_save_calls(write: Write, n_ctx: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drafts, "_LEAST_MATCH", 2)
    model = open_model(write(), threads=1, n_ctx=n_ctx)
    prompt = [0, *model.tokenizer.encode("the cat on the")]
    written, calls = [], []
    for drafter in (None, Drafter()):
        state = Counting(model.new_state())
        tokens = write_tokens(cast(TextState, state), prompt, n_ctx, (), GREEDY, drafter)
        written.append([next(tokens) for _ in range(200)])
        calls.append(state.calls)
    assert written[0] == written[1]
    assert calls[1] < 0.8 * calls[0]  # noise repeats itself


def test_a_draft_is_what_followed_where_the_end_stood_first() -> None:
    drafter = Drafter()
    text = [5, 1, 2, 3, 4, 9, 8, 7, 6, 1, 2, 3]
    for token in text:
        drafter.add(token)
    assert drafter.draft(9) == []  # three that stood before are too few
    drafter.add(4)
    assert drafter.draft(3) == [9, 8, 7]
    drafter.add(0)
    assert drafter.draft(3) == []


def test_the_longest_end_that_stood_before_is_found() -> None:
    random = np.random.default_rng(3)
    drafter, text = Drafter(), list[int]()
    for token in random.integers(0, 3, 400).tolist():
        drafter.add(token)
        text.append(token)
        n, end = drafter._matched, drafter._end[drafter._at]
        assert n == 0 or text[end + 1 - n : end + 1] == text[len(text) - n :]
        longer = [at for at in range(n, len(text) - 1) if text[at - n : at + 1] == text[len(text) - n - 1 :]]
        assert longer == []


def test_memory_of_a_text_without_end_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drafts, "_MOST_TEXT", 64)
    drafter = Drafter()
    for token in list(range(20)) * 30:
        drafter.add(token)
    assert len(drafter._text) <= 64
    assert len(drafter._next) <= 2 * 64
    assert drafter.draft(3) == [0, 1, 2]
