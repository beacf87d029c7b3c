from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from benchmarks.__main__ import main
from benchmarks.live.fit import fit, least_score
from benchmarks.live.measures import Measures, final_spans, measure
from edge.arrays import FloatArray
from edge.bench.play import BLOCK_S, Heard, SimulatedClock, play, with_quiet
from edge.transcript.events import Event, Final, Partial, Silence, Speech, Stable
from edge.transcript.types import Segment, Word


class Busy:
    """A session whose every call takes a while on the simulated clock."""

    def __init__(self, clock: SimulatedClock, seconds: float) -> None:
        self.clock = clock
        self.seconds = seconds
        self.sizes: list[int] = []

    def feed(self, samples: FloatArray) -> list[Event]:
        self.sizes.append(len(samples))
        self.clock.now += self.seconds
        return [Speech(0.0)]

    def finish(self) -> list[Event]:
        return []


def test_sound_comes_at_the_speed_of_speech() -> None:
    clock = SimulatedClock()
    session: Any = Busy(clock, 0.0)
    played = play(session, clock, np.zeros(16_000, np.float32))
    assert session.sizes == [640] * 25
    assert played.seconds == 1
    assert [round(one.at, 2) for one in played.heard[:2]] == [0.04, 0.08]
    assert played.heard[0].late < 0.01


def test_a_slow_session_gets_what_came_in_the_meantime() -> None:
    clock = SimulatedClock()
    session: Any = Busy(clock, 0.1)
    played = play(session, clock, np.zeros(16_000, np.float32))
    assert sum(session.sizes) == 16_000
    assert set(session.sizes[1:-1]) <= {2 * 640, 3 * 640}
    assert played.most_lag_s <= 0.1 + BLOCK_S


def test_quiet_is_as_loud_as_between_words() -> None:
    samples = np.concatenate([np.full(8000, 0.5, np.float32), np.full(8000, 0.01, np.float32)])
    quiet = with_quiet(samples, 2.0)[16_000:]
    assert len(quiet) == 32_000
    assert 0.005 < quiet.std() < 0.02


def heard(*events: tuple[float, Event]) -> list[Heard]:
    return [Heard(at, 0.0, event) for at, event in events]


def test_measures_of_a_turn() -> None:
    said = heard(
        (0.5, Speech(0.0)),
        (1.0, Partial(0.0, 1.0, " ask nut")),
        (1.5, Stable(0.1, 0.5, " ask")),
        (1.5, Partial(0.0, 1.5, " ask not", 4)),
        (2.5, Stable(0.6, 0.9, " not.")),
        (2.5, Final(Segment(0, 0.0, 1.0, " Ask not."))),
        (2.5, Silence(2.0)),
    )
    measures = Measures()
    measure(measures, said, [Word(0.0, 0.5, " Ask", 1.0), Word(0.5, 1.0, " not.", 1.0)])
    assert measures.stable_latency == [1.0, 1.5]
    assert measures.first_shown == [0.5, 0.5]
    assert (measures.shown, measures.shown_changed) == (3, 1)
    assert (measures.stable, measures.stable_kept, measures.broken) == (2, 2, 0)
    assert final_spans(said) == [(0, 32_000, " Ask not.")]


def test_a_text_that_takes_back_what_was_stable_is_counted() -> None:
    measures = Measures()
    measure(measures, heard((1.0, Stable(0.0, 1.0, " ask")), (2.0, Partial(0.0, 2.0, " nut", 4))), [])
    assert measures.broken == 1


def test_the_fit_finds_the_weights_that_made_the_examples() -> None:
    rng = np.random.default_rng(0)
    x = np.column_stack([np.ones(20_000), rng.standard_normal((20_000, 2))])
    y = rng.random(20_000) < 1 / (1 + np.exp(-(x @ np.array([0.5, 2.0, -1.0]))))
    np.testing.assert_allclose(fit(x, y), [0.5, 2.0, -1.0], atol=0.1)


def test_the_least_score_gives_the_share_asked_for() -> None:
    scores, y = np.array([4.0, 3.0, 2.0, 1.0]), np.array([True, True, False, True])
    assert least_score(scores, y, 1.0) == 3.0
    assert least_score(scores, y, 0.7) == 1.0


def test_the_command_measures_a_set(tiny_en_int8: Path, jfk_clip: Path, tmp_path: Path) -> None:
    pytest.importorskip("jiwer")
    samples = soundfile.read(jfk_clip, dtype="float32")[0][: 4 * 16_000]
    soundfile.write(tmp_path / "a.wav", samples, 16_000)
    entry = {"audio": "a.wav", "text": "and so my fellow americans ask not", "language": "en"}
    (tmp_path / "manifest.jsonl").write_text(json.dumps(entry) + "\n", encoding="utf-8")
    out = tmp_path / "out.json"
    command = ["live", "--manifest", str(tmp_path), "--models", "tiny.en", "--json", str(out)]
    assert main(command) == 0
    (result,) = json.loads(out.read_text(encoding="utf-8"))["results"]
    assert result["spans"] >= 1
    assert result["spans_that_differ"] == 0
    assert result["broken"] == 0
    with pytest.raises(SystemExit):
        main([*command, "--stable", "surest"])
