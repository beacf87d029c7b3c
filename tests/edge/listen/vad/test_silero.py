"""What the network is shown, what it remembers from piece to piece, and what the published one hears."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from edge.arrays import FloatArray
from edge.errors import FormatError
from edge.listen.vad.silero import FRAME_SAMPLES, SileroVad

from .conftest import write_summing_graph

pytest.importorskip("onnxruntime")


def noise(n: int, level: float = 0.1) -> FloatArray:
    return (np.random.default_rng(n).standard_normal(n) * level).astype(np.float32)


def with_context(samples: FloatArray) -> FloatArray:
    """(n_frames, 576): 64 samples of the frame before, and 512 of its own."""
    padded = np.pad(samples, (64, -len(samples) % FRAME_SAMPLES))
    return np.stack([padded[at : at + 576] for at in range(0, len(padded) - 64, FRAME_SAMPLES)])


@pytest.mark.parametrize("n_samples", [1, 511, 512, 513, 5000])
def test_frames_go_in_with_what_came_before_them(summing_file: Path, n_samples: int) -> None:
    samples = noise(n_samples, 3.0)
    expected = 1 / (1 + np.exp(-np.cumsum(with_context(samples).mean(axis=1))))
    np.testing.assert_allclose(SileroVad(summing_file).probabilities(samples), expected, atol=1e-6)


@pytest.mark.parametrize("network", ["summing_file", "silero_file"])
def test_pieces_of_any_size_give_the_same(request: pytest.FixtureRequest, network: str) -> None:
    vad, samples = SileroVad(request.getfixturevalue(network)), noise(300 * FRAME_SAMPLES + 77)
    stream, at, found = vad.stream(), 0, []
    for size in np.random.default_rng(0).integers(0, 1500, 1000):
        found.append(stream.feed(samples[at : at + size]))
        at += int(size)
    found.append(stream.finish())
    assert len(np.concatenate(found)) == 301
    np.testing.assert_allclose(np.concatenate(found), vad.probabilities(samples), atol=1e-5)


def test_streams_know_nothing_of_each_other(summing_file: Path) -> None:
    vad, samples = SileroVad(summing_file), noise(20 * FRAME_SAMPLES)
    one, other = vad.stream(), vad.stream()
    pairs = [(one.feed(samples[at : at + 700]), other.feed(samples[at : at + 700])) for at in range(0, 10_000, 700)]
    for first, second in pairs:
        np.testing.assert_array_equal(first, second)


def test_nothing_gives_nothing(summing_file: Path) -> None:
    assert SileroVad(summing_file).probabilities(np.zeros(0, np.float32)).shape == (0,)


def test_a_stream_keeps_less_than_a_frame(summing_file: Path) -> None:
    stream = SileroVad(summing_file).stream()
    stream.feed(noise(20 * FRAME_SAMPLES + 9))
    assert len(stream._pending) == 64 + 9


def test_another_model_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.onnx"
    write_summing_graph(path, width=512)
    with pytest.raises(FormatError, match=r"other\.onnx: input input: expected float32 \(any, 576\), found .*512"):
        SileroVad(path)
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(FormatError, match="not a sound ONNX graph"):
        SileroVad(path)


def test_without_onnxruntime_a_graph_of_another_kind_is_refused(
    summing_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(FormatError, match=r"without onnxruntime, Silero VAD 6\.2\.3 alone is read"):
        SileroVad(summing_file)


def test_the_published_network_hears_speech_and_no_noise(silero_file: Path, jfk_clip: Path) -> None:
    import soundfile

    samples, _ = soundfile.read(jfk_clip, dtype="float32")
    vad = SileroVad(silero_file)
    assert np.mean(vad.probabilities(samples) > 0.5) > 0.5
    assert vad.probabilities(noise(32000, 0.01)).max() < 0.3
    assert vad.probabilities(np.zeros(32000, np.float32)).max() < 0.1
