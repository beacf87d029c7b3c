"""Edits from other readings."""

from __future__ import annotations

import random

from edge.correct.edits import Edit, changes_of, edited, edits_of, gather, is_small, words_of

FIRST = " The quick brown fox, jumps over a dog."


def _edits(other: str) -> list[Edit]:
    return edits_of(words_of(FIRST), words_of(other))


def test_a_word_that_differs_is_an_edit_with_its_signs() -> None:
    assert _edits("The quick brown socks, jumps over a dog.") == [Edit(3, 4, ("socks,",))]


def test_case_signs_and_blanks_alone_are_no_edit() -> None:
    assert _edits("the quick brown fox jumps over a dog") == []
    assert edits_of(["some", "one"], ["someone."]) == []


def test_neighboring_changes_are_one_edit() -> None:
    assert _edits("The quick brown socks jump over a dog.") == [Edit(3, 5, ("socks", "jump"))]
    assert _edits("A quick brown fox jumps over the dog.") == [Edit(0, 1, ("A",)), Edit(6, 7, ("the",))]


def test_all_edits_of_a_reading_give_its_words() -> None:
    rng = random.Random(7)
    for _ in range(300):
        words, other = ([rng.choice("abcde") for _ in range(rng.randrange(9))] for _ in range(2))
        text = edited(" ".join(words), edits_of(words, other))
        assert "".join(words_of(text)) == "".join(other)


def test_all_that_is_not_edited_stays_as_it_is() -> None:
    assert edited("  The  fox\tjumps. ", [Edit(1, 2, ("dog",))]) == "  The  dog\tjumps. "
    assert edited(" The fox jumps.", [Edit(1, 2, ())]) == " The jumps."
    assert edited(" The fox jumps.", [Edit(0, 1, ())]) == " fox jumps."
    assert edited(" The fox.", [Edit(1, 1, ("big",)), Edit(2, 2, ("Yes.",))]) == " The big fox. Yes."


def test_changes_can_be_put_back_from_the_end() -> None:
    edits = [Edit(0, 1, ("A",)), Edit(2, 2, ("big", "old")), Edit(6, 7, ())]
    text, shift = edited(FIRST, edits), 0
    for start, _, before, after in changes_of(FIRST, edits):
        assert text[start + shift : start + shift + len(after)] == after
        shift += len(after) - len(before)


def test_readings_add_their_weight_to_the_edits_that_they_ask_for() -> None:
    words = words_of(FIRST)
    readings = [("The quick brown socks jumps over a dog.", 1.0), ("the quick brown Socks, jumps over the dog", 2.0)]
    assert list(gather(words, readings).items()) == [(Edit(3, 4, ("socks",)), 3.0), (Edit(6, 7, ("the",)), 2.0)]


def test_a_clause_is_no_small_edit() -> None:
    assert is_small(Edit(0, 4, ("a", "b")))
    assert not is_small(Edit(0, 4, ("a",)))
    assert not is_small(Edit(0, 5, ("a", "b", "c", "d")))


def test_edits_at_the_edge_of_each_other_meet() -> None:
    assert Edit(1, 2, ("a",)).meets(Edit(2, 2, ("b",)))
    assert not Edit(1, 2, ("a",)).meets(Edit(3, 4, ("b",)))
