"""The prefix tree over tokens: it holds each way to write each sentence, and nothing else."""

from __future__ import annotations

from collections.abc import Callable

import pytest

pytest.importorskip("hassil")

from edge.sentences.tree import Branch, TokenTree
from edge.whisper.tokens import Tokenizer

from .conftest import LoadOf


@pytest.fixture
def tree_of(load_text: LoadOf, english: Tokenizer) -> Callable[..., TokenTree]:
    return lambda *lines: load_text(*lines).tree(english)


def holds(tree: TokenTree, text: str, tokenizer: Tokenizer) -> bool:
    """Whether a tree holds a text, with its end."""
    branch: Branch = tree.root
    for token in tokenizer.encode(text):
        if token not in branch.tokens:
            return False
        branch = branch.after(token)
    return tokenizer.eot in branch.tokens


@pytest.mark.parametrize(
    ("text", "is_held"),
    [
        (" turn on the lights", True),
        (" Turn on the lights.", True),
        (" Turn on the-lights!", True),
        (" Turn on, lights?", True),
        (" Turn, on lights", True),
        ("turn on the lights", False),
        (" turn on the lights..", False),
        (" turn on the lights-", False),
        (" turn on the", False),
        (" turn on the lights now", False),
        (" turn onthe lights", False),
        (".", False),
        ("", False),
    ],
)
def test_the_tree_holds_all_ways_to_write_a_sentence(
    tree_of: Callable[..., TokenTree], english: Tokenizer, text: str, is_held: bool
) -> None:
    assert holds(tree_of("turn on [the] light[s]"), text, english) == is_held


def test_numbers_are_held_in_words_and_figures(tree_of: Callable[..., TokenTree], english: Tokenizer) -> None:
    tree = tree_of("set {1..30:n} percent")
    for text in (" set 25 percent", " Set twenty-five percent.", " set twenty five percent", " set 25%."):
        assert holds(tree, text, english)
    assert not holds(tree, " set 31 percent", english)


def test_the_same_rest_is_one_branch(tree_of: Callable[..., TokenTree], english: Tokenizer) -> None:
    tree = tree_of("(turn|switch) on the lights")
    ends = []
    for word in (" turn", " switch"):
        branch = tree.root
        for token in english.encode(word):
            branch = branch.after(token)
        ends.append(branch)
    assert ends[0] is ends[1]


def test_what_was_searched_is_forgotten_when_it_is_much(
    load_text: LoadOf, english: Tokenizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge.sentences.sentences.MOST_KEPT", 20)
    sentences = load_text("turn (on|off) the {0..100:level} lights", "what is the time")
    kept = []
    for level in range(0, 100, 7):
        text = f"turn on the {level} lights"
        assert holds(sentences.tree(english), f" {text}", english)
        assert sentences.graph.read(text) == text
        kept.append(sentences.graph.n_kept + sentences.tree(english).n_kept)
    assert max(kept) < 60


def test_words_come_before_signs_and_only_what_was_made_is_known(
    tree_of: Callable[..., TokenTree], english: Tokenizer
) -> None:
    root = tree_of("on now", "on").root
    first = english.encode(" on")
    assert root.known(first[0]) is None
    branch = root
    for token in first:
        assert branch.after(token) is branch.known(token)
        branch = branch.after(token)
    tokens = branch.tokens.tolist()
    assert english.encode(" now")[0] == tokens[0]
    assert tokens.index(english.encode(" Now")[0]) < tokens.index(english.eot)
    assert branch.known(0) is None
