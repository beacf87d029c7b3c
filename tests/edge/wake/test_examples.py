"""Wake words by example, spoken by several voices."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edge.arrays import FloatArray
from edge.errors import AudioError, FormatError, OptionError
from edge.wake import Spotter
from edge.wake.check import check_words
from edge.wake.choose import open_word, own_words, word_path
from edge.wake.enrol import enrol
from edge.wake.examples import Examples, ExampleWord, load_examples, save_examples
from tests.edge.assist.speech import is_here, silence, spoken

pytest.importorskip("pymicro_wakeword")
needs_voice = pytest.mark.skipif(not is_here, reason="no voice: apt install espeak-ng")
VOICES = ("en-us", "en-us+m3", "en-us+f2", "en-gb")


def _examples(read: str | None = None) -> Examples:
    recordings = [spoken("computer", voice=voice) for voice in VOICES]
    return enrol("computer", recordings, None if read is None else lambda samples: read)


def _detected(spotter: Spotter, *parts: FloatArray) -> list[int]:
    whole = np.concatenate([silence(0.5), *parts, silence(0.5)])
    return [found.at for start in range(0, len(whole), 1600) for found in spotter.feed(whole[start : start + 1600])]


@needs_voice
def test_the_phrase_is_heard_in_another_voice_and_other_words_are_not() -> None:
    examples = _examples()
    assert len(_detected(Spotter(ExampleWord(examples), threshold=0.6), spoken("computer", voice="en-us+m7"))) == 1
    assert (
        _detected(Spotter(ExampleWord(examples), threshold=0.6), spoken("the weather is nice", voice="en-us+m7")) == []
    )


@needs_voice
def test_pieces_of_any_size_give_the_same_scores() -> None:
    samples = np.concatenate([silence(0.3), spoken("computer")])
    examples = _examples()
    found = []
    for size in (len(samples), 1234, 100):
        word = ExampleWord(examples)
        scores = [each for at in range(0, len(samples), size) for each in word.feed(samples[at : at + size])]
        found.append([round(each.value, 5) for each in scores])
        assert scores[-1].at <= len(samples)
    assert found[0] == found[1] == found[2]


@needs_voice
def test_a_file_keeps_all_that_is_known(tmp_path: Path) -> None:
    examples = _examples(read="Computer.")
    path = word_path(tmp_path / "wake", "Hey Computer")
    save_examples(path, examples)
    again = load_examples(path)
    assert (again.phrase, again.threshold, again.readings) == ("computer", examples.threshold, ("Computer.",))
    assert all(np.array_equal(one, other) for one, other in zip(again.frames, examples.frames, strict=True))
    assert own_words(tmp_path / "wake") == ["hey_computer"]
    assert open_word("hey computer", tmp_path / "wake").phrase == "computer"


def test_what_is_no_such_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "word.npz"
    path.write_bytes(b"PK\3\4 and nothing else")
    with pytest.raises(FormatError, match="that `edgewise wake enrol` made"):
        load_examples(path)
    with pytest.raises(OptionError, match="there is no wake word 'nobody'; there are okay_nabu"):
        open_word("nobody", tmp_path / "none")


def test_examples_that_are_none_are_refused() -> None:
    tone = np.sin(np.arange(8000) / 5).astype(np.float32)
    with pytest.raises(OptionError, match="3 to 20 examples; found 2"):
        enrol("computer", [tone, tone], None)
    with pytest.raises(AudioError, match="example 2 is silent"):
        enrol("computer", [tone, silence(1), tone], None)
    with pytest.raises(AudioError, match=r"example 3 has 4\.0 s"):
        enrol("computer", [tone, tone, np.tile(tone, 8)], None)


@pytest.mark.parametrize(
    ("heard", "is_it"),
    [("Computer.", True), ("hey compter, lights", True), ("Commuter", True), ("a cheddar block", False), ("", False)],
)
def test_what_is_read_is_near_the_phrase_or_not(heard: str, is_it: bool) -> None:
    check = check_words(lambda samples: heard, "computer")
    assert check(silence(1), 0.4) is is_it


def test_readings_of_the_examples_count_too() -> None:
    check = check_words(lambda samples: "Zorro bow", "Zorbo", ["Zorrow Bow.", "Oh"])
    assert check(silence(1), 0.4)
    assert not check_words(lambda samples: "oh no", "Zorbo", ["Oh"])(silence(1), 0.4)
