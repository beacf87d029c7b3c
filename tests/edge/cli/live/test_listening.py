"""What a run asks of the model, and what it makes of the events, with a stand-in for the model."""

from __future__ import annotations

import json
import wave
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import edge
from edge.arrays import FloatArray
from edge.gaps import Gap
from edge.transcript.events import End, Event, Final, Partial, Silence, Speech
from edge.transcript.types import Segment, Timing

from ..conftest import Run


class Parrot:
    """A model, and a session of it, which says how long each second is."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.asked: list[dict[str, Any]] = []
        self.heard: list[int] = []

    def session(self, **settings: Any) -> Parrot:
        self.asked.append(settings)
        return self

    def listen(self, sound: Iterable[FloatArray | Gap]) -> Iterator[Event]:
        n_samples = 0
        for piece in sound:
            if isinstance(piece, Gap):
                yield piece
                continue
            self.heard.append(len(piece))
            before, n_samples = n_samples // 16000, n_samples + len(piece)
            if n_samples // 16000 > before:
                yield Speech(float(before))
                yield Partial(float(before), n_samples / 16000, " a sec")
                yield Final(Segment(before, float(before), before + 1.0, " a second"))
                yield Silence(before + 1.0)
        notes = ("judged by birds",) if "correct" in self.asked[-1] else ()
        yield End("en", n_samples / 16000, Timing(), notes=notes)

    def __enter__(self) -> Parrot:
        return self

    def __exit__(self, *error: object) -> None: ...


@pytest.fixture
def models(monkeypatch: pytest.MonkeyPatch) -> dict[str, Parrot]:
    """Models that were loaded, by name."""
    loaded: dict[str, Parrot] = {}

    def load(name: str, **options: Any) -> Parrot:
        return loaded.setdefault(name, Parrot(name))

    monkeypatch.setitem(vars(edge), "load", load)
    return loaded


def test_of_a_file_only_what_is_final_is_asked_for(run: Run, models: dict[str, Parrot], clip: Path) -> None:
    outcome = run("listen", clip, "--model", "base", "--language", "de")
    assert (outcome.status, outcome.out, outcome.err) == (0, "a second\n", "")
    assert models["base"].asked == [{"language": "de"}]
    assert max(models["base"].heard) <= 1600


def test_where_the_rest_is_not_wanted_only_the_final_model_is_loaded(
    run: Run, models: dict[str, Parrot], clip: Path
) -> None:
    run("listen", clip, "--final-model", "base")
    assert list(models) == ["base"]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("--endpoint", "quick"), {"endpoint": 0.5, "interval": 10.0, "final_model": None}),
        (("--endpoint", "0.7"), {"endpoint": 0.7, "interval": 10.0, "final_model": None}),
        (("--endpoint", "0.7", "--interval", "1"), {"endpoint": 0.7, "interval": 1.0, "final_model": None}),
        (("-f", "jsonl"), {"endpoint": None, "final_model": None}),
        (("-f", "jsonl", "--endpoint", "none"), {"endpoint": None, "final_model": None}),
        (
            ("-f", "jsonl", "--stable", "sure", "--cpu-share", "0.1"),
            {"endpoint": None, "stable": "sure", "cpu_share": 0.1, "final_model": None},
        ),
    ],
)
def test_live_settings_are_passed_on(
    run: Run, models: dict[str, Parrot], clip: Path, arguments: tuple[str, ...], expected: dict[str, Any]
) -> None:
    assert run("listen", clip, *arguments).status == 0
    assert models["tiny.en"].asked == [expected]


def test_corrections_are_asked_for_and_who_judged_is_said(run: Run, models: dict[str, Parrot], clip: Path) -> None:
    outcome = run("listen", "--correct", clip, "--correct-budget", "200ms")
    assert models["tiny.en"].asked == [{"correct": "safe", "correct_budget": 0.2}]
    assert outcome.message.endswith("edgewise: judged by birds")
    run("listen", clip, "--correct", "most", "--endpoint", "0.5")
    assert models["tiny.en"].asked[-1]["correct"] == "most"


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (("--correct", "strong"), "--correct is 'strong'; expected safe, most or nothing"),
        (("--llm-engine", "llama.cpp"), "--llm-engine are about corrections: give --correct with them"),
    ],
)
def test_corrections_that_cannot_be_are_refused(
    run: Run, models: dict[str, Parrot], clip: Path, options: tuple[str, ...], complaint: str
) -> None:
    outcome = run("listen", clip, *options)
    assert (outcome.status, models) == (2, {})
    assert complaint in outcome.err


def test_a_second_model_reads_what_is_final(run: Run, models: dict[str, Parrot], clip: Path) -> None:
    run("listen", clip, "--final-model", "base", "-f", "jsonl")
    assert models["tiny.en"].asked == [{"endpoint": None, "final_model": models["base"]}]
    assert models["base"].asked == []


def test_events_and_a_file_of_what_was_heard(run: Run, models: dict[str, Parrot], clip: Path, tmp_path: Path) -> None:
    outcome = run("listen", clip, "-f", "jsonl", "--save", tmp_path / "saved.wav")
    kinds = [json.loads(line)["event"] for line in outcome.out.splitlines()]
    assert kinds == ["speech", "partial", "final", "silence", "end"]
    with wave.open(str(clip)) as one, wave.open(str(tmp_path / "saved.wav")) as other:
        assert one.readframes(99999) == other.readframes(99999)


def test_the_suffix_names_the_format(run: Run, models: dict[str, Parrot], clip: Path, tmp_path: Path) -> None:
    outcome = run("listen", clip, "-o", tmp_path / "x.vtt")
    assert (outcome.status, outcome.out) == (0, "")
    assert (tmp_path / "x.vtt").read_text() == "WEBVTT\n\n00:00:00.000 --> 00:00:01.000\na second\n\n"


def test_what_is_missing_of_a_recording_comes_before_the_end(
    run: Run, models: dict[str, Parrot], tmp_path: Path
) -> None:
    import soundfile

    sound = np.zeros(32000, np.float32)
    sound[16000:24000] = np.nan
    soundfile.write(tmp_path / "x.wav", sound, 16000, subtype="FLOAT")
    outcome = run("listen", tmp_path / "x.wav", "-f", "jsonl")
    gap, end = [json.loads(line) for line in outcome.out.splitlines()][-2:]
    assert (gap["event"], gap["start"], gap["end"], end["event"]) == ("gap", 1.0, 1.5, "end")
    assert "something is missing: 1.00 to 1.50 s, damaged" in outcome.err


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a disk that is full")
def test_a_journal_stays_where_words_cannot_be_written(
    run: Run, models: dict[str, Parrot], clip: Path, tmp_path: Path
) -> None:
    (tmp_path / "full").symlink_to("/dev/full")
    outcome = run("listen", clip, "-f", "txt", "-o", tmp_path / "full", "--journal", tmp_path / "spoken")
    assert outcome.status == 1
    assert "full: No space left on device; make room" in outcome.err
    assert "full: its end could not be written: a second" in outcome.err
    assert len(list((tmp_path / "spoken").glob("*.wav"))) == 1
    run("listen", clip, "--journal", tmp_path / "spoken")
    assert len(list((tmp_path / "spoken").glob("*.wav"))) == 1  # the second run's own went with its words
