from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from benchmarks.words.hallucination import Invented, Row, count_words, inserted_words, invented_table, speech_table
from benchmarks.words.nonspeech import KINDS, clips, with_pauses
from edge.audio import SAMPLE_RATE_HZ
from edge.bench.scoring import Errors


def test_ten_minutes_are_made_and_always_the_same() -> None:
    made = list(clips())
    assert 600 <= sum(len(clip.samples) for clip in made) / SAMPLE_RATE_HZ <= 660
    assert len({clip.name for clip in made}) == len(made) == 3 * len(KINDS)
    for clip, again in zip(made, clips(), strict=True):
        assert clip.samples.dtype == np.float32
        assert np.isfinite(clip.samples).all()
        assert np.abs(clip.samples).max() <= 1.0
        np.testing.assert_array_equal(clip.samples, again.samples)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_but_silence_sounds(kind: str) -> None:
    samples = KINDS[kind](np.random.default_rng(0), SAMPLE_RATE_HZ)
    assert samples.shape == (SAMPLE_RATE_HZ,)
    assert (np.abs(samples).max() > 0) == (kind != "silence")


@pytest.mark.parametrize("seed", range(5))
def test_pauses_are_a_third_and_speech_stays_whole(seed: int) -> None:
    speech = [np.full(SAMPLE_RATE_HZ * seconds, 0.5, np.float32) for seconds in (3, 5, 4)]
    whole, n_paused = with_pauses(speech, seed)
    assert n_paused / len(whole) == pytest.approx(0.3, abs=0.01)
    assert np.count_nonzero(whole == 0.5) == 12 * SAMPLE_RATE_HZ
    again, _ = with_pauses(speech, seed)
    np.testing.assert_array_equal(whole, again)


@pytest.mark.parametrize(("text", "n"), [("", 0), (". . . ♪ -", 0), ("Thank you.", 2), ("I'm 3", 2), ("世界 ...", 1)])
def test_words_are_counted(text: str, n: int) -> None:
    assert count_words(text) == n


@pytest.mark.parametrize(
    ("transcript", "n"),
    [
        ("ask not what your country", 0),
        ("ask not thank you what your country", 2),
        ("you ask not what your country for watching", 3),
        ("ask not what your coun tree", 0),  # two words for one
        ("", 0),
    ],
)
def test_inserted_words_stand_between_right_ones(transcript: str, n: int) -> None:
    pytest.importorskip("jiwer")
    pytest.importorskip("whisper_normalizer")
    assert inserted_words("Ask not what your country", transcript) == n


def test_tables() -> None:
    row = Row(
        "tiny.en",
        "edgewise:int8",
        (Invented("music", 2.0, 3, 1, 4, (("a.flac", "1 2 3 4"),)),),
        (("speech", Errors(words=100, substitutions=5)), ("pauses", Errors())),
        0.5,
    )
    assert "| edgewise:int8 | 2.00 (1/3) |   0.50 |" in invented_table([row])
    assert "|   5.00 |      - |" in speech_table([row])


def test_the_command_measures(
    shared_data: Path, tmp_path: Path, tiny_en_int8: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("jiwer")
    pytest.importorskip("whisper_normalizer")
    from benchmarks.__main__ import main

    out = tmp_path / "out.json"
    arguments = ["--data", str(shared_data), "--silent", "silence", "--speech", "misc_read_en", "--limit", "3"]
    assert main(["hallucination", *arguments, "--engines", "edgewise:int8:vad=off", "--json", str(out)]) == 0
    (row,) = json.loads(out.read_text())["results"]
    assert row["silent"][0]["words"] > 0
    assert [name for name, _ in row["speech"]] == ["misc_read_en", "pauses"]
    assert "words per minute where nobody speaks" in capsys.readouterr().out
