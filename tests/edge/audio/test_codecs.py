from __future__ import annotations

import io
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from edge.audio import open_audio
from edge.errors import AudioError

av = pytest.importorskip("av")


def tone() -> NDArray[np.float32]:
    return (0.4 * np.sin(np.arange(48000) / 20)).astype(np.float32)


def write(path: Path, codec: str, *, video_only: bool = False) -> Path:
    """Three seconds of a tone at 16 kHz, or two pictures without sound."""
    with av.open(path, "w") as container:
        if video_only:
            stream = container.add_stream("mpeg4", rate=10)
            stream.width = stream.height = 64
            frames = [av.VideoFrame(64, 64, "yuv420p") for _ in range(2)]
        else:
            stream = container.add_stream(codec, rate=16000, layout="mono")
            frame = av.AudioFrame.from_ndarray(tone()[None], format="fltp", layout="mono")
            frame.sample_rate = 16000
            frames = [frame]
        for frame in frames:
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def test_aac_is_read_through_pyav(tmp_path: Path) -> None:
    source = open_audio(write(tmp_path / "clip.m4a", "aac"))
    assert source.duration_s == pytest.approx(3, abs=0.2)
    samples = np.concatenate(list(source))
    assert samples.dtype == np.float32
    assert len(samples) == pytest.approx(48000, abs=3000)
    assert np.abs(samples[8000:40000]).max() == pytest.approx(0.4, abs=0.03)


def test_aac_from_a_pipe(tmp_path: Path) -> None:
    data = write(tmp_path / "clip.m4a", "aac").read_bytes()
    assert sum(len(block) for block in open_audio(io.BytesIO(data))) > 40000


def test_a_truncated_file_gives_what_decodes_or_an_error(tmp_path: Path) -> None:
    data = write(tmp_path / "clip.mka", "aac").read_bytes()
    path = tmp_path / "cut.mka"
    path.write_bytes(data[: len(data) * 2 // 3])
    assert 16000 < sum(len(block) for block in open_audio(path)) < 40000
    path.write_bytes(data[:40])
    with pytest.raises(AudioError, match=r"cut\.mka"):
        list(open_audio(path))


def test_a_film_without_sound_is_no_recording(tmp_path: Path) -> None:
    with pytest.raises(AudioError, match=r"silent\.mp4 has no audio track"):
        open_audio(write(tmp_path / "silent.mp4", "", video_only=True))


def test_without_pyav_the_error_names_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path / "clip.m4a", "aac")
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(AudioError, match=r'clip\.m4a is not audio .*pip install "edgewise\[codecs\]"'):
        open_audio(path)
