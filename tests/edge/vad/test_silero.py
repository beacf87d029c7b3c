"""The network in numpy beside its definition, and beside onnxruntime on the published file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from edge.errors import FormatError
from edge.vad import FRAME_SAMPLES, SileroVad, load_silero

from .conftest import Weights, onnx_file

FloatArray = NDArray[np.float32]


def noise(n: int, level: float = 0.1) -> FloatArray:
    return (np.random.default_rng(n).standard_normal(n) * level).astype(np.float32)


def with_context(samples: FloatArray) -> FloatArray:
    """(n_frames, 576): 64 samples of the frame before, and 512 of its own."""
    padded = np.pad(samples, (64, -len(samples) % FRAME_SAMPLES))
    return np.stack([padded[at : at + 576] for at in range(0, len(padded) - 64, FRAME_SAMPLES)])


def sigmoid(values: FloatArray) -> FloatArray:
    return 1 / (1 + np.exp(-values))


def defined(weights: Weights, samples: FloatArray) -> list[float]:
    """The network, step by step as its graph has it."""
    hidden, cell = np.zeros(128), np.zeros(128)
    found = []
    for frame in with_context(samples):
        mirrored = np.pad(frame, (0, 64), mode="reflect")
        windows = np.stack([mirrored[at : at + 256] for at in (0, 128, 256, 384)])
        spectrum = windows @ weights["stft.forward_basis_buffer"][:, 0].T
        values = np.sqrt(spectrum[:, :129] ** 2 + spectrum[:, 129:] ** 2).T  # (channels, times)
        for layer, stride in enumerate((1, 2, 2, 1)):
            kernel, bias = weights[f"encoder.{layer}.weight"], weights[f"encoder.{layer}.bias"]
            padded = np.pad(values, ((0, 0), (1, 1)))
            times = range(0, values.shape[1], stride)
            values = np.stack([np.einsum("oik,ik->o", kernel, padded[:, t : t + 3]) + bias for t in times], axis=1)
            values = np.maximum(values, 0)
        gates = weights["onnx::LSTM_209"][0] @ values[:, 0] + weights["onnx::LSTM_210"][0] @ hidden
        gates = gates + weights["onnx::LSTM_211"][0].reshape(2, 512).sum(axis=0)
        let_in, let_out, kept, new = gates.reshape(4, 128)
        cell = sigmoid(kept) * cell + sigmoid(let_in) * np.tanh(new)
        hidden = sigmoid(let_out) * np.tanh(cell)
        logit = weights["output.weight"][0, :, 0] @ np.maximum(hidden, 0) + weights["output.bias"][0]
        found.append(float(sigmoid(logit)))
    return found


@pytest.mark.parametrize("n_samples", [1, 511, 512, 513, 5000])
def test_it_computes_what_is_defined(made_up: Weights, n_samples: int) -> None:
    samples = noise(n_samples, 3.0)
    np.testing.assert_allclose(SileroVad(made_up).probabilities(samples), defined(made_up, samples), atol=2e-6)


def test_pieces_of_any_size_give_the_same(made_up: Weights) -> None:
    vad, samples = SileroVad(made_up), noise(70 * FRAME_SAMPLES + 77)
    stream, at, found = vad.stream(), 0, []
    for size in np.random.default_rng(0).integers(0, 1500, 1000):
        found.append(stream.feed(samples[at : at + size]))
        at += int(size)
    found.append(stream.finish())
    assert len(np.concatenate(found)) == 71
    np.testing.assert_allclose(np.concatenate(found), vad.probabilities(samples), atol=1e-6)


def test_nothing_gives_nothing(made_up: Weights) -> None:
    assert SileroVad(made_up).probabilities(np.zeros(0, np.float32)).shape == (0,)


def test_a_stream_keeps_less_than_a_frame(made_up: Weights) -> None:
    stream = SileroVad(made_up).stream()
    stream.feed(noise(20 * FRAME_SAMPLES + 9))
    assert len(stream._pending) == 64 + 9


def test_another_model_is_refused(made_up: Weights, tmp_path: Path) -> None:
    path = tmp_path / "other.onnx"
    path.write_bytes(onnx_file({name: made_up[name] for name in list(made_up)[:3]}))
    with pytest.raises(FormatError, match=r"expected encoder\.1\.weight .* found no such tensor"):
        load_silero(path)
    path.write_bytes(onnx_file({**made_up, "output.bias": np.zeros(2, np.float32)}))
    with pytest.raises(FormatError, match=r"expected output\.bias of shape \(1,\), found \(2,\)"):
        load_silero(path)


def test_a_file_is_read_as_the_weights_are(made_up: Weights, tmp_path: Path) -> None:
    path = tmp_path / "same.onnx"
    path.write_bytes(onnx_file(made_up))
    samples = noise(3000)
    np.testing.assert_array_equal(load_silero(path).probabilities(samples), SileroVad(made_up).probabilities(samples))


def test_the_published_network_equals_onnxruntime(silero_file: Path, jfk_clip: Path) -> None:
    onnxruntime = pytest.importorskip("onnxruntime")
    import soundfile

    samples, _ = soundfile.read(jfk_clip, dtype="float32")
    session = onnxruntime.InferenceSession(silero_file, providers=["CPUExecutionProvider"])
    nothing = np.zeros((1, 1, 128), np.float32)
    expected, _, _ = session.run(None, {"input": with_context(samples), "h": nothing, "c": nothing})
    np.testing.assert_allclose(load_silero(silero_file).probabilities(samples), expected, atol=2e-5)


def test_the_published_network_hears_speech_and_no_noise(silero_file: Path, jfk_clip: Path) -> None:
    import soundfile

    samples, _ = soundfile.read(jfk_clip, dtype="float32")
    vad = load_silero(silero_file)
    assert np.mean(vad.probabilities(samples) > 0.5) > 0.5
    assert vad.probabilities(noise(32000, 0.01)).max() < 0.3
    assert vad.probabilities(np.zeros(32000, np.float32)).max() < 0.1
