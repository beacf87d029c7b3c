from __future__ import annotations

from pathlib import Path

import pytest

import edge
from edge.errors import OptionError
from edge.options import TranscribeOptions
from edge.profile import Profile, profile_text, read_profile


def test_a_profile_is_read_as_it_was_written(tmp_path: Path) -> None:
    profile = Profile("base", "int4", 2, {"beam_size": 5, "vad": True}, {"cpu": "A", "words_wrong_percent": 9.5})
    (tmp_path / "p.toml").write_text(profile_text(profile), encoding="utf-8")
    assert read_profile(tmp_path / "p.toml") == profile


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("[loud]\n", "'loud' is no section; expected"),
        ("[load]\nspeed = 1\n", r"\[load\] has 'speed'; expected model, precision, threads"),
        ("[load]\nthreads = 0\n", "threads is 0; expected 1 or more"),
        ("[load]\nmodel = 3\n", "model is 3"),
        ("[transcribe]\nbeam_siz = 3\n", "did you mean beam_size"),
        ("[transcribe]\nbeam_size = 99\n", "beam_size is 99"),
        ("load = 3\n", "'load' is no section"),
        ("[load\n", "not TOML"),
    ],
)
def test_what_cannot_be_is_named_with_the_file(tmp_path: Path, text: str, complaint: str) -> None:
    (tmp_path / "p.toml").write_text(text, encoding="utf-8")
    with pytest.raises(OptionError, match=complaint) as raised:
        read_profile(tmp_path / "p.toml")
    assert "p.toml" in str(raised.value)


def test_a_profile_that_is_not_there_says_what_writes_one(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="edgewise tune -o FILE"):
        read_profile(tmp_path / "p.toml")


@pytest.mark.slow
def test_a_model_is_loaded_and_runs_as_its_profile_says(tiny_en_int8: Path, jfk_clip: Path) -> None:
    profile = Profile(str(tiny_en_int8), threads=1, settings={"timestamps": False})
    model = edge.load(profile=profile, offline=True)
    assert model.defaults == TranscribeOptions(timestamps=False)
    assert len(model.transcribe(jfk_clip).segments) == 1
    assert model.transcribe(jfk_clip, timestamps=True).text
    assert "threads=2" in repr(edge.load(tiny_en_int8, profile=profile, threads=2, offline=True))
