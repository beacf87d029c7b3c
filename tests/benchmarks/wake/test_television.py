"""A television moves nobody to act, and who calls does."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

import edge
from benchmarks.wake.television import watch
from edge.audio.player import find_player
from edge.listen.vad.silero import SileroVad
from edge.store import Store
from tests.edge.assist.speech import is_here, silence, spoken

pytest.importorskip("pymicro_wakeword")
pytest.importorskip("hassil")


@pytest.fixture(scope="session")
def vad() -> SileroVad:
    if not Store().is_here("silero-vad"):
        pytest.skip("the detector of speech is not in the store: run `edgewise transcribe --demo` once")
    return SileroVad(Store().place("silero-vad"))


def test_a_television_does_nothing_until_somebody_calls(vad: SileroVad, tiny_en_int8: Path, jfk_clip: Path) -> None:
    if not is_here or find_player() is None:
        pytest.skip("no voice or no player: apt install espeak-ng pulseaudio-utils")
    model = edge.load(tiny_en_int8, threads=1)
    samples, _ = soundfile.read(jfk_clip, dtype="float32")
    commands = spoken("what time is it"), silence(1), spoken("set a timer for ten minutes"), silence(1)
    television = np.concatenate([samples, *commands, samples * np.float32(0.3)])
    evening = watch("alexa", television, model, vad)
    assert (evening.woken, evening.done) == (0, [])
    called = np.concatenate([television, spoken("alexa"), silence(0.3), *commands])
    evening = watch("alexa", called, model, vad)
    assert (evening.woken, evening.done) == (1, ["HassGetCurrentTime: what time is it"])
