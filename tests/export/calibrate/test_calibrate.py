"""Calibrated exports: from recordings to a file that loses less, the same one every time."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from edge.errors import AudioError
from edge.whisper.engines.native import WhisperEngine
from edge.whisper.features import raw_log_mel, window_features
from edge.whisper.file.model import open_model
from export.calibrate import calibrate
from export.calibrate.forward import input_of
from export.calibrate.recordings import find_recordings
from export.checkpoint.types import Checkpoint
from export.errors import CalibrationError
from export.recipe import Learning
from export.sources import read_checkpoint
from export.whisper import export_whisper

MadeCheckpoint = Callable[..., Checkpoint]


@pytest.fixture(scope="module")
def speech(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("speech")
    rng = np.random.default_rng(1)
    for number, seconds in enumerate((0.3, 0.9)):
        soundfile.write(folder / f"{number}.wav", 0.1 * rng.standard_normal(int(16_000 * seconds)), 16_000)
    return folder


@pytest.mark.parametrize("precision", ["int8", "int4"])
def test_the_same_recordings_give_the_same_bytes(tmp_path: Path, source: Path, speech: Path, precision: str) -> None:
    keep_in, seen = tmp_path / "calibrations", []
    for name in ("gathered", "kept"):
        export_whisper(
            source,
            tmp_path / name / "m.gguf",
            precision=precision,
            learning=Learning((speech,), keep_in=keep_in),
            progress=lambda what, done, total: seen.append(what),
        )
    export_whisper(source, tmp_path / "plain.gguf", precision=precision)
    gathered = (tmp_path / "gathered" / "m.gguf").read_bytes()
    assert gathered == (tmp_path / "kept" / "m.gguf").read_bytes()
    assert gathered != (tmp_path / "plain.gguf").read_bytes()
    assert [path.suffix for path in keep_in.iterdir()] == [".npz"]
    assert sum("seconds of speech" in what for what in seen) == 4  # windows of 0.4 s: one, and three; once only


def test_moments_cover_every_linear_and_the_file_names_its_recordings(
    tmp_path: Path, source: Path, speech: Path
) -> None:
    checkpoint = read_checkpoint(source)
    calibration = calibrate(checkpoint, find_recordings([speech]))
    assert set(calibration.moments.matrices) == {found for name in checkpoint.tensors if (found := input_of(name))}
    export_whisper(source, tmp_path / "m.gguf", precision="int4", learning=Learning((speech,)))
    with open_model(tmp_path / "m.gguf") as model:
        assert model.file.metadata["edgewise.calibration.sha256"] == list(calibration.recordings)


def test_wrong_requests_leave_nothing(tmp_path: Path, source: Path, speech: Path) -> None:
    out = tmp_path / "out"
    given: dict[str, Any] = {"precision": "int8", "learning": Learning((speech,))}

    def fails(error: type[Exception], match: str, **options: Any) -> None:
        with pytest.raises(error, match=match):
            export_whisper(source, out, **given | options)
        assert not out.exists()

    fails(CalibrationError, "f16 has nothing to gain", precision="f16")
    fails(CalibrationError, "are for gguf files; whispercpp knows neither", to="whispercpp", precision="f16")
    fails(CalibrationError, "found no such file", learning=Learning((tmp_path / "gone.wav",)))
    (tmp_path / "bad.wav").write_bytes(b"RIFF and nonsense")
    fails(AudioError, r"bad\.wav", learning=Learning((tmp_path / "bad.wav",)))
    soundfile.write(tmp_path / "short.wav", np.zeros(800), 16_000)
    fails(CalibrationError, "shorter than", learning=Learning((tmp_path / "short.wav",)))


def test_recordings_are_found_before_the_checkpoint_is_read(tmp_path: Path, speech: Path) -> None:
    learning = Learning((speech, tmp_path / "gone.wav"))
    with pytest.raises(CalibrationError, match=r"gone\.wav: expected a recording"):
        export_whisper(tmp_path / "no checkpoint", tmp_path / "m.gguf", learning=learning)


def test_an_interrupted_calibration_leaves_nothing(tmp_path: Path, source: Path, speech: Path) -> None:
    def interrupt(what: str, done: int, total: int) -> None:
        if "speech" in what:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        export_whisper(
            source, tmp_path / "m.gguf", learning=Learning((speech,), keep_in=tmp_path / "kept"), progress=interrupt
        )
    assert list(tmp_path.iterdir()) == []


def test_int4_of_a_real_model_loses_less(
    tmp_path: Path, tiny_en_int8: Path, jfk_clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Encoder states of the clip, beside those of the INT8 model that is rounded further, all of it."""
    monkeypatch.setattr("export.maker.measure_int4", lambda *given: [])  # so that nothing stays INT8
    samples = soundfile.read(jfk_clip, dtype="float32")[0]
    errors = {}
    with open_model(tiny_en_int8) as model:
        features = window_features(raw_log_mel(samples, model.mel_filters), 1200)
        exact = _states(WhisperEngine(model), features)
    for name, recordings in {"plain": (), "calibrated": (jfk_clip,)}.items():
        export_whisper(tiny_en_int8, tmp_path / name, precision="int4", learning=Learning(recordings))
        with open_model(tmp_path / name) as model:
            errors[name] = float(np.square(_states(WhisperEngine(model), features) - exact).sum())
    assert errors["calibrated"] < 0.6 * errors["plain"]


def _states(engine: WhisperEngine, features: NDArray[np.float32]) -> NDArray[np.float32]:
    state = engine.new_state()
    state.encode(features)
    return state.encoder_output()
