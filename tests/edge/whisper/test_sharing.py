"""Nothing of one transcription is found in another: real models where they are, threads, and runs again."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import edge
from edge.audio import open_audio
from edge.transcript.transcript import Transcript
from edge.transcript.types import Timing
from edge.whisper.engines.native import WhisperEngine
from edge.whisper.engines.protocol import State
from edge.whisper.model import Model
from edge.whisper.segments import decoding_of

SETTINGS: tuple[dict[str, Any], ...] = (
    {"temperature": 0},
    {"beam_size": 3, "n_best": 2},
    {"temperature": 0.6, "best_of": 2, "seed": 7},
    # Nothing is ever good enough: every temperature is tried.
    {"logprob_threshold": 0.0, "no_speech_threshold": None, "temperature": (0.0, 0.5, 1.0), "best_of": 2},
)


def json_of(transcript: Transcript) -> str:
    """All that does not tell the time."""
    timing = transcript.timing
    counts = Timing(n_windows=timing.n_windows, n_tokens=timing.n_tokens, n_fallbacks=timing.n_fallbacks)
    return f"{transcript.render('json')}{counts}"


@pytest.fixture(scope="module")
def models(tiny_en_int8: Path) -> tuple[Model, Model]:
    first, second = edge.load(tiny_en_int8, threads=1), edge.load(tiny_en_int8, threads=1)
    assert isinstance(first, Model)
    assert isinstance(second, Model)
    return first, second


@pytest.fixture(scope="module")
def clip(jfk_clip: Path) -> NDArray[np.float32]:
    with open_audio(jfk_clip) as source:
        return next(iter(source))[: 4 * 16000]


def test_threads_and_models_do_not_meddle(models: tuple[Model, Model], clip: NDArray[np.float32]) -> None:
    expected = [json_of(models[0].transcribe(clip, **settings)) for settings in SETTINGS]
    assert len(set(expected)) == len(SETTINGS)

    def job(number: int) -> None:
        settings = SETTINGS[number % len(SETTINGS)]
        found = models[number % 2].transcribe(clip, **settings)
        assert json_of(found) == expected[number % len(SETTINGS)]

    numbers = [0, 1, 2, 3, 1, 0, 3, 2, 2, 3, 0, 1]
    with ThreadPoolExecutor(max_workers=4) as pool:
        list(pool.map(job, numbers))


def test_twenty_runs_give_the_same_bytes(models: tuple[Model, Model], clip: NDArray[np.float32]) -> None:
    model = models[0]
    for settings in (SETTINGS[0], SETTINGS[2]):
        assert len({json_of(model.transcribe(clip[:32000], **settings)) for _ in range(20)}) == 1


def test_states_are_used_again(tiny_en_int8: Path, clip: NDArray[np.float32], monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[int] = []
    new_state = WhisperEngine.new_state

    def counting(engine: WhisperEngine, n_beams: int = 1) -> State:
        made.append(n_beams)
        return new_state(engine, n_beams)

    monkeypatch.setattr(WhisperEngine, "new_state", counting)
    model = edge.load(tiny_en_int8, threads=1)
    for settings in SETTINGS:
        for _ in range(2):
            model.transcribe(clip[:16000], **settings)
    assert sorted(made) == [1, 2, 5]


def test_beams_are_at_least_as_likely_as_greedy(models: tuple[Model, Model], jfk_clip: Path) -> None:
    def best(**settings: Any) -> Any:
        return models[0].transcribe(jfk_clip, timestamps=False, temperature=0, **settings).segments[0]

    greedy, beams = best(), best(beam_size=5, n_best=5)
    found = decoding_of(beams)
    assert found.avg_logprob >= decoding_of(greedy).avg_logprob - 1e-9
    assert found.alternatives[0].text == beams.text
    assert 2 <= len(found.alternatives) <= 5
    assert "ask not what your country can do for you" in beams.text.lower().replace(",", "")
