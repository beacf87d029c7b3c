"""Several recordings at a time: all that is written and said is as if they were read one after the other."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from edge.cli.ahead import ReadingAhead
from edge.cli.main import main
from edge.errors import AudioError, CancelledError
from edge.gaps import Gap
from edge.transcript.transcript import Transcript
from edge.transcript.types import Segment

from .conftest import FakeModel, MakeWav, Outcome, Run

PATIENCE_S = 30
N_JOBS = 3


class SlowModel(FakeModel):
    """Holds back the end of some recordings until others are done."""

    def __init__(self) -> None:
        super().__init__()
        self.n_at_once = N_JOBS
        self.waits_for: dict[str, str] = {}
        """By file name; the recording that is done before."""
        self._done: dict[str, threading.Event] = {}
        self._lock = threading.Lock()

    def done(self, name: str) -> threading.Event:
        with self._lock:
            return self._done.setdefault(name, threading.Event())

    def transcribe(self, audio: Any, **settings: Any) -> Transcript:
        name = Path(str(audio)).name
        try:
            transcript = super().transcribe(audio, **settings)
            if name in self.waits_for:
                assert self.done(self.waits_for[name]).wait(PATIENCE_S)
            return transcript
        finally:
            self.done(name).set()


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch) -> SlowModel:
    """What `edge.load` gives."""
    fake = SlowModel()
    monkeypatch.setattr("edge.load", fake.load, raising=False)
    return fake


@pytest.fixture
def talks(wav: MakeWav, tmp_path: Path) -> Path:
    """Recordings of 0.1 to 0.6 s."""
    for number in range(1, 7):
        wav(number / 10, tmp_path / "talks" / f"{number}.wav")
    return tmp_path / "talks"


def without_speed(outcome: Outcome) -> tuple[int, str, list[str]]:
    """What a run did, without how long it took."""
    return outcome.status, outcome.out, [line.partition(" of audio in ")[0] for line in outcome.err.splitlines()]


@pytest.mark.parametrize("how", [("--format", "txt"), ("--format", "jsonl"), ("--output-dir", "out", "-f", "srt,json")])
def test_all_comes_in_order(
    run: Run, model: SlowModel, talks: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, how: tuple[str, ...]
) -> None:
    monkeypatch.chdir(tmp_path)
    model.fails_with = {"2.wav": AudioError("2.wav is damaged: record it again")}
    model.gaps = {"4.wav": (Gap(0.1, 0.2, "damaged", "damage"),)}
    alone = without_speed(run("transcribe", talks, *how, "--jobs", "1"))
    model.waits_for = {"1.wav": "3.wav", "4.wav": "5.wav"}
    assert without_speed(run("transcribe", talks, *how)) == alone
    assert alone[0] == 1


def test_the_first_is_told_while_it_is_read(model: SlowModel, talks: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Stream(io.StringIO):
        def write(self, text: str) -> int:
            if text.startswith("0.1 s"):
                model.done("told").set()
            return super().write(text)

    monkeypatch.setattr("sys.stdout", Stream())
    model.waits_for = {"1.wav": "told"}
    assert main(["transcribe", str(talks)]) == 0


def test_files_are_there_as_soon_as_they_can_be(run: Run, model: SlowModel, talks: Path, tmp_path: Path) -> None:
    model.waits_for = {"1.wav": "2.wav"}
    model.fails_with = {"3.wav": KeyboardInterrupt()}
    outcome = run("transcribe", talks, "--output-dir", tmp_path / "out")
    assert outcome.status == 130
    there = sorted(path.stem for path in (tmp_path / "out").iterdir())
    assert there[:2] == ["1", "2"]
    assert "3" not in there
    wrote = [f"edgewise: wrote {tmp_path / 'out' / name}.txt" for name in there]
    *told, summary, interrupted = outcome.err.splitlines()
    assert told == wrote, "what has its files is said to have them"
    assert summary.startswith(f"edgewise: {len(there)} of 6 recordings transcribed; {6 - len(there)} left; ")
    assert interrupted == "edgewise: interrupted"


def test_a_reader_that_goes_away_ends_the_run(model: SlowModel, talks: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Gone(io.StringIO):
        def write(self, text: str) -> int:
            raise BrokenPipeError

    monkeypatch.setattr("sys.stdout", Gone())
    assert main(["transcribe", str(talks), "--format", "jsonl"]) == 141


def test_a_stream_among_files_is_read_when_it_is_its_turn(
    run: Run, model: SlowModel, talks: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    named = [talks / "1.wav", "-", talks / "2.wav"]
    recording = (talks / "3.wav").read_bytes()
    for number, jobs in enumerate((1, N_JOBS)):
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(recording)))
        outcome = run("transcribe", *named, "--jobs", jobs)
        lines = [line.split(" s, ")[0] for line in outcome.out.splitlines()]
        assert lines == ["0.1", "0.3", "0.2"], number


def test_no_more_are_begun_than_can_be_told_soon(model: SlowModel, talks: Path) -> None:
    begun: list[str] = []

    def recordings() -> Any:
        for number in range(100):
            begun.append(str(number))
            yield str(talks / f"{1 + number % 6}.wav") + "/" * number, lambda transcript: None

    with ReadingAhead(model.transcribe, recordings(), {}, 2) as ahead:
        assert len(begun) == 8
        ahead.transcribe(str(talks / "1.wav"), on_segment=_nothing, progress=_nothing)
        assert len(begun) == 9


def test_what_is_read_ends_when_nobody_asks_any_more() -> None:
    def on_and_on(name: str, *, on_segment: Callable[[Segment], None], **rest: Any) -> Transcript:
        while True:
            began.set()
            try:
                on_segment(Segment(0, 0.0, 1.0, " on and on"))
            except CancelledError:
                ended.set()
                raise

    began, ended = threading.Event(), threading.Event()
    with ReadingAhead(on_and_on, iter([("endless", _nothing)]), {}, 1) as ahead:
        assert began.wait(PATIENCE_S)
        ahead.stop()
        assert ended.is_set()
        assert not list(ahead.saved())


def test_times_are_those_of_each_alone(
    run: Run, model: SlowModel, talks: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr("edge.cli.ahead.ReadingAhead")
    for option in (("--timing",), ("--jobs", 1), ("--correct", "--correct-budget", "1s")):
        assert run("transcribe", talks, *option).status == 0


def _nothing(*arguments: Any) -> None:
    pass
