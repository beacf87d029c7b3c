from __future__ import annotations

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from edge.live.hearing import HeardFrame
from edge.live.turns import Turn, TurnFinder

FRAME = 512


def turns(heard: list[tuple[int, float]], endpoint_s: float = 0.7, power: float = 0.0) -> list[Turn]:
    """The turns in so many frames of each probability, one after the other."""
    finder = TurnFinder(endpoint_s)
    frames = [HeardFrame(probability, power or probability) for n, probability in heard for _ in range(n)]
    return [turn for frame in frames for turn in finder.step(frame)]


def test_a_turn_begins_before_it_is_heard_and_ends_after_silence() -> None:
    begin, pause, end = turns([(40, 0.0), (50, 0.9), (60, 0.0)])
    assert (begin.kind, begin.at) == ("begin", (40 - 9) * FRAME)
    assert (pause.kind, pause.at) == ("pause", (40 + 50 + 6) * FRAME)
    assert (end.kind, end.at) == ("end", (40 + 50 + 22) * FRAME)


def test_a_turn_goes_on_after_a_pause() -> None:
    kinds = [turn.kind for turn in turns([(50, 0.9), (10, 0.0), (20, 0.9), (60, 0.0)])]
    assert kinds == ["begin", "pause", "resume", "pause", "end"]


def test_silence_has_to_be_clear() -> None:
    assert [turn.kind for turn in turns([(50, 0.9), (60, 0.4)])] == ["begin"]


def test_the_next_turn_begins_where_the_last_was_read_to() -> None:
    found = turns([(50, 0.9), (23, 0.0), (50, 0.9)])
    assert [turn.kind for turn in found] == ["begin", "pause", "end", "begin"]
    assert found[3].at == max(found[1].at, (73 - 9) * FRAME)


def test_a_long_turn_is_cut_at_its_longest_pause() -> None:
    heard = [(200, 0.9), (4, 0.0), (100, 0.9), (5, 0.0), (300, 0.9)]
    cut = turns(heard)[1]
    assert cut.kind == "cut"
    assert 300 <= cut.at / FRAME < 309


def test_a_turn_without_a_pause_is_cut_in_the_end() -> None:
    found = turns([(3000, 0.9)])
    assert {turn.kind for turn in found[1:]} == {"cut"}
    cuts = [0, *(turn.at for turn in found[1:])]
    assert all(5 * 16000 <= after - before <= 28 * 16000 for before, after in pairwise(cuts))


def test_speech_is_counted_from_a_sample_on() -> None:
    finder = TurnFinder(0.7)
    for _ in range(100):
        finder.step(HeardFrame(0.9, 0.9))
    assert finder.heard_s() == 3.2
    assert finder.heard_s(50 * FRAME) == 1.6


@given(st.lists(st.tuples(st.integers(1, 90), st.sampled_from([0.0, 0.2, 0.4, 0.6, 1.0])), max_size=40))
@settings(deadline=None, max_examples=150)
def test_turns_follow_each_other(heard: list[tuple[int, float]]) -> None:
    found = turns(heard)
    allowed = {
        "begin": {"pause", "cut"},
        "pause": {"resume", "end"},
        "resume": {"pause", "cut"},
        "cut": {"pause", "cut"},
        "end": {"begin"},
    }
    for before, turn in pairwise(found):
        assert turn.kind in allowed[before.kind]
    begins = [turn.at for turn in found if turn.kind in ("begin", "cut")]
    assert begins == sorted(begins)
    ends = [turn.at for turn in found if turn.kind == "pause"]
    assert ends == sorted(ends)


def test_silence_is_counted_from_the_last_speech_on_whether_a_turn_goes_on_or_not() -> None:
    finder = TurnFinder(0.7)
    counted = []
    for probability in [0.0] * 5 + [0.9] * 20 + [0.0] * 40 + [0.9]:
        finder.step(HeardFrame(probability, probability))
        counted.append(round(finder.silence_s / 0.032))
    assert counted == [0] * 25 + list(range(1, 41)) + [0]
