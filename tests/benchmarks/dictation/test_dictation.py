"""`python -m benchmarks dictation` in its shortest form, and what it is made of."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import numpy as np
import pytest

from benchmarks.__main__ import main
from benchmarks.dictation.faults import share_of_words
from benchmarks.dictation.process import between, memory_of, processor_s, queues_of
from benchmarks.dictation.rig import missing
from benchmarks.dictation.speech import noise, read_raw, speech_like
from edge.bench.sets import Utterance
from edge.store import Store


@pytest.mark.skipif(missing() != "", reason=f"no dictation without {missing()}")
def test_it_measures_a_real_dictation(
    tiny_en_int8: Path, jfk_clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if not Store().is_here("silero-vad"):
        pytest.skip("the detector of speech is not in the store: run `edgewise transcribe --demo` once")
    out = tmp_path / "result.json"
    command = ["dictation", "--models", str(tiny_en_int8), "--lengths", "2", "--repeats", "1", "--kills", "1"]
    assert main([*command, "--json", str(out)]) == 0
    (found,) = json.loads(out.read_text(encoding="utf-8"))["results"]
    (taken,) = found["latency"][0]["taken"]
    assert 0 < taken["first_sample_s"] < 10
    assert 0 < taken["complete_s"] < 10
    parts_s = sum(taken[name] for name in ("sound_s", "reading_s", "delivery_s", "window_s"))
    assert 0 <= taken["complete_s"] - parts_s < 1  # the rules of writing take the rest
    (kill,) = found["kills"]
    assert 0 <= kill["lost_s"] < 1
    assert kill["where"] != "nowhere"
    assert "1 kills: lost at most" in capsys.readouterr().out


def utterance(path: Path, seconds: float) -> Utterance:
    return Utterance(path.name, (str(path),), 0.0, None, "en", seconds)


def test_speech_of_a_length_is_near_to_it_or_joined(tmp_path: Path) -> None:
    import soundfile

    pool = []
    for number, seconds in enumerate((0.5, 1.0, 1.1, 4.0)):
        path = tmp_path / f"{number}.wav"
        soundfile.write(path, np.full(round(seconds * 16000), 0.25, np.float32), 16000)
        pool.append(utterance(path, seconds))
    near = speech_like(1.0, 3, pool, tmp_path)
    assert [clip.name for clip in near] == ["1.wav", "2.wav", "1.wav"]
    (joined,) = speech_like(2.0, 1, pool, tmp_path)
    assert joined.name == "0.wav+1.wav"
    samples = read_raw(joined.path)
    assert len(samples) == round((0.5 + 0.3 + 1.0) * 16000)
    assert abs(samples[0] - 0.25) < 1e-3
    assert samples[round(0.6 * 16000)] == 0


def test_noise_is_faint_and_never_exact_silence(tmp_path: Path) -> None:
    noise(1.0, tmp_path / "noise.raw")
    samples = read_raw(tmp_path / "noise.raw")
    assert len(samples) == 16000
    assert 0 < np.abs(samples).max() < 0.01


@pytest.mark.parametrize(
    ("found", "share"), [("Ask what, you can!", 1), ("what you can", 0.75), ("", 0), ("you can ask what", 0.5)]
)
def test_words_are_compared_in_their_order(found: str, share: float) -> None:
    assert share_of_words(["ask", "what", "you", "can"], found.split()) == share


def test_a_process_is_measured() -> None:
    if not Path("/proc/self/schedstat").exists():
        pytest.skip("needs Linux's schedstat")
    before, before_s, queues = memory_of(os.getpid()), processor_s(os.getpid()), queues_of(os.getpid())
    block = np.ones(8_000_000, np.float64)  # above 32 MiB, so that no memory that was freed before serves for it
    until_s = time.process_time() + 0.1
    while time.process_time() < until_s:
        block += 1
    after = memory_of(os.getpid())
    assert 50 < after.own_mb - before.own_mb < 100
    assert after.pss_mb <= after.rss_mb
    assert processor_s(os.getpid()) - before_s >= 0.08
    ran_s, waited_s = between(queues, queues_of(os.getpid()))
    assert ran_s >= 0.08
    assert waited_s >= 0
