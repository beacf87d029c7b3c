"""Word errors and run-on loops."""

from __future__ import annotations

import pytest

from edge.bench.scoring import Errors, join_spelled, longest_repeat, runs_on, score, total


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("", 0),
        ("one", 1),
        ("one two three", 1),
        ("no no no", 3),
        ("so it goes so it goes so it goes", 3),
        ("a b a b a", 2),
        ("thank you thank you thank you thank you bye", 4),
    ],
)
def test_longest_repeat(words: str, expected: int) -> None:
    assert longest_repeat(words.split()) == expected


def test_reading_an_utterance_again_is_a_loop() -> None:
    said = ["the", "quick", "brown", "fox", "jumps", "over", "the", "lazy", "dog", "again"]
    assert runs_on(said, said + said)
    assert not runs_on(said, said)
    assert not runs_on(said, [*said, "and", "again"])


def test_repeating_what_the_speaker_repeats_is_no_loop() -> None:
    said = ["row"] * 5
    assert not runs_on(said, said)
    assert runs_on(["row", "the", "boat"], ["row"] * 5)


def test_words_over_silence_loop_only_when_they_repeat() -> None:
    assert not runs_on([], ["thank", "you"])
    assert runs_on([], ["you"] * 4)


def test_total_adds_up_and_knows_no_rate_without_words() -> None:
    both = total([Errors(10, 1, 2, 3, 0), Errors(10, 0, 0, 1, 1)])
    assert both == Errors(words=20, substitutions=1, deletions=2, insertions=4, loops=1)
    assert both.rate == pytest.approx(7 / 20)
    assert total([]).rate is None


def test_score_normalizes_both_sides() -> None:
    pytest.importorskip("whisper_normalizer")
    pytest.importorskip("jiwer")
    assert score("MISTER HALE HAD TWENTY ONE DOGS", "Mr. Hale had 21 dogs.").edits == 0
    assert score("red green blue", "red grain blue sky") == Errors(3, 1, 0, 1, 0)
    assert score("", "Thank you.") == Errors(0, 0, 0, 2, 0)
    assert score("你好世界", "你好,世间", "zh") == Errors(4, 1, 0, 0, 0)


def test_reading_what_stands_in_brackets_is_no_loop() -> None:
    pytest.importorskip("jiwer")
    pytest.importorskip("whisper_normalizer")
    said = "But the first one dated (which also was printed at Maintz by Peter Schoeffer in fourteen sixty-two)"
    read = score(said, said.replace("(", "").replace(")", ""))
    assert (read.words, read.loops) == (5, 0)
    assert score("But the first one dated", said.replace("(", "")).loops == 1


@pytest.mark.parametrize(
    ("expected", "heard", "same"),
    [
        ("p i t t s b u r g h", "pit ts burgh", True),
        ("p i t t", "pitt", True),
        ("pitt", "p i t t", True),
        ("m y name is p i t t", "my name is pitt", True),
        ("p i t t s b u r g h", "p i t t s b e r g", False),
        ("h 0 b a r t", "hobart", True),
        ("4720", "4 7 20", True),
        ("15213", "one 5 2 one 3", True),
        ("15213", "one 5 2 3", False),
        ("enter 41", "enter 41", True),
        ("one of them", "1 of them", True),
        ("he is a man", "he is the man", False),
        ("i saw a ship", "isawa ship", False),
        ("", "p i t t", False),
    ],
)
def test_spelled_words_are_joined_so_that_only_hearing_counts(expected: str, heard: str, same: bool) -> None:
    for one, other in ((expected, heard), (heard, expected)):
        first, second = join_spelled(one.split(), other.split())
        assert (first == second) is same


def test_what_is_not_spelled_stays_as_it_is() -> None:
    words = ["the", "quick", "brown", "fox", "found", "3", "hens"]
    assert join_spelled(words, ["hens"]) == (words, ["hens"])


def test_a_spelled_name_counts_as_a_word() -> None:
    pytest.importorskip("jiwer")
    pytest.importorskip("whisper_normalizer")
    spelled, written = "MY NAME IS P I T T", "My name is Pitt."
    assert (score(spelled, written).words, score(spelled, written).edits) == (7, 4)
    assert (score(spelled, written, joined=True).words, score(spelled, written, joined=True).edits) == (4, 0)
    assert score(spelled, "My name is Pit.", joined=True).edits == 1
