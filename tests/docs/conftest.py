"""A folder with the recordings that the documents speak of, made of the demo's clip."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from edge.store import Store

_CLIPS = ("talk.flac", "talk.mp3", "meeting.wav", "clip.wav")
_SHORT_S = 3
_DAMAGED_BYTES = 6000

_NEEDED = {
    **dict.fromkeys(("--correct", "correct="), ("base", "smollm2-135m")),
    **dict.fromkeys(("--model base", "where base"), ("base",)),
    "smollm2-135m": ("smollm2-135m",),
}
"""Models beside the demo's that a text with these words needs."""


def skip_without_models(text: str) -> None:
    """Skip the test where a command or block of Python needs a model that is not in the store."""
    needed = [name for words, names in _NEEDED.items() if words in text for name in names]
    for name in needed:
        if not Store().is_here(name):
            pytest.skip(f"{name} is not in the store: run `edgewise models pull {name}` once")


@pytest.fixture(scope="session")
def _recordings(jfk_clip: Path, tiny_en_int8: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    import soundfile

    if not Store().is_here("silero-vad"):
        pytest.skip("the detector of speech is not in the store: run `edgewise transcribe --demo` once")
    folder = tmp_path_factory.mktemp("documents")
    samples, rate_hz = soundfile.read(jfk_clip, dtype="float32")
    for name in _CLIPS:
        soundfile.write(folder / name, samples[: _SHORT_S * rate_hz], rate_hz)
    shutil.copy(jfk_clip, folder / "jfk.wav")
    (folder / "recordings" / "monday").mkdir(parents=True)
    shutil.copy(folder / "clip.wav", folder / "recordings" / "a.wav")
    shutil.copy(folder / "clip.wav", folder / "recordings" / "monday" / "b.wav")
    (folder / "names.txt").write_text("Kennedy\nAmericans  # his own word\n", encoding="utf-8")
    (folder / "list.wav").write_text("jfk.wav\n", encoding="utf-8")
    soundfile.write(folder / "damaged.flac", samples, rate_hz)
    flac = np.fromfile(folder / "damaged.flac", np.uint8)
    flac[len(flac) // 2 :][:_DAMAGED_BYTES] = 0
    flac.tofile(folder / "damaged.flac")
    (folder / "my.gguf").symlink_to(tiny_en_int8)
    return folder


@pytest.fixture
def recordings(_recordings: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of them, which is the working folder."""
    folder = tmp_path / "documents"
    shutil.copytree(_recordings, folder, symlinks=True)
    monkeypatch.chdir(folder)
    monkeypatch.setenv("EDGEWISE_OFFLINE", "1")
    return folder
