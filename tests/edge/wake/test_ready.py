"""The phrases that come with pymicro-wakeword, on real clips of `alexa` where they are here."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edge.audio import open_audio
from edge.errors import FormatError, OptionError
from edge.wake import Spotter

pytest.importorskip("pymicro_wakeword")

from edge.wake.ready import PHRASES, ReadyWord


def test_all_phrases_are_there_and_silent_in_silence() -> None:
    for name in PHRASES:
        word = ReadyWord(name)
        assert word.phrase
        assert not Spotter(word).feed(np.zeros(16000, np.float32))


def test_the_phrase_is_detected_in_pieces_of_any_size(shared_data: Path) -> None:
    clip = shared_data / "wakewords" / "alexa-0.flac"
    if not clip.exists():
        pytest.skip("the clips of wake words are not here")
    with open_audio(clip) as source:
        samples = np.concatenate(list(source))
    found = []
    for size in (len(samples), 1000, 77):
        spotter = Spotter(ReadyWord("alexa"))
        pieces = (samples[at : at + size] for at in range(0, len(samples), size))
        found.append([each.at for piece in pieces for each in spotter.feed(piece)])
    assert len(found[0]) == 1
    assert 1.2 * 16000 < found[0][0] < 1.9 * 16000
    assert found[1] == found[2] == found[0]


def test_the_count_goes_on_after_a_reset() -> None:
    word = ReadyWord("alexa")
    word.feed(np.zeros(1000, np.float32))
    word.reset()
    scores = word.feed(np.zeros(16000, np.float32))
    assert 16800 < scores[-1].at <= 17000


@pytest.mark.parametrize(("content", "error"), [(None, OptionError), ("{}", FormatError)])
def test_what_is_no_phrase_is_refused(tmp_path: Path, content: str | None, error: type[Exception]) -> None:
    path = tmp_path / "mine.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(error, match=r"ready wake word|expected a wake word"):
        ReadyWord(str(path))
