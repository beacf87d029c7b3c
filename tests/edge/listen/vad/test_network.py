"""The detector's network in numpy: what its layers compute, and that it decides as onnxruntime does."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from edge.arrays import FloatArray
from edge.errors import FormatError
from edge.listen.vad.network import _SHAPES, FRAME_LENGTH, NumpyNetwork
from edge.listen.vad.silero import FRAME_SAMPLES, SileroVad

Weights = dict[str, FloatArray]


def write_graph(path: Path, weights: Weights) -> Path:
    onnx = pytest.importorskip("onnx")
    tensors = [onnx.numpy_helper.from_array(array, name) for name, array in weights.items()]
    onnx.save(onnx.helper.make_model(onnx.helper.make_graph([], "weights", [], [], tensors)), path)
    return path


@pytest.fixture(scope="module")
def weights() -> Weights:
    rng = np.random.default_rng(0)
    return {name: (rng.standard_normal(shape) * 0.1).astype(np.float32) for name, shape in _SHAPES.items()}


@pytest.fixture(scope="module")
def network_file(weights: Weights, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_graph(tmp_path_factory.mktemp("network") / "network.onnx", weights)


def sigmoid(x: np.ndarray) -> np.ndarray:
    return np.asarray(1 / (1 + np.exp(-x)))


def by_the_book(frames: FloatArray, weights: Weights) -> np.ndarray:
    """Probabilities in double precision, frame by frame and output by output."""
    w = {name: array.astype(np.float64) for name, array in weights.items()}
    h, c, found = np.zeros(128), np.zeros(128), []
    for frame in frames.astype(np.float64):
        sound = np.concatenate([frame, frame[-2:-66:-1]])
        spectrum = np.array([w["stft.forward_basis_buffer"][:, 0] @ sound[at : at + 256] for at in (0, 128, 256, 384)])
        x = np.hypot(spectrum[:, :129], spectrum[:, 129:])
        for layer, stride in enumerate((1, 2, 2, 1)):
            padded = np.pad(x, ((1, 1), (0, 0)))
            kernel, bias = w[f"encoder.{layer}.weight"], w[f"encoder.{layer}.bias"]
            x = np.array([np.einsum("oik,ki->o", kernel, padded[t : t + 3]) + bias for t in range(0, len(x), stride)])
            x = np.maximum(x, 0)
        gates = w["onnx::LSTM_209"][0] @ x[0] + w["onnx::LSTM_210"][0] @ h + sum(np.split(w["onnx::LSTM_211"][0], 2))
        i, o, f, g = np.split(gates, 4)
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        h = sigmoid(o) * np.tanh(c)
        found.append(sigmoid(w["output.weight"][0, :, 0] @ np.maximum(h, 0) + w["output.bias"][0]))
    return np.array(found)


def noise(n_frames: int, level: float = 0.1) -> FloatArray:
    return (np.random.default_rng(n_frames).standard_normal((n_frames, FRAME_LENGTH)) * level).astype(np.float32)


def test_it_computes_what_the_graph_says(network_file: Path, weights: Weights) -> None:
    network, frames = NumpyNetwork(network_file), noise(7, 1.0)
    found, _ = network.run(frames, network.start())
    expected = by_the_book(frames, weights)
    assert np.ptp(expected) > 0.001
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_what_it_remembers_goes_on(network_file: Path) -> None:
    network, frames = NumpyNetwork(network_file), noise(9)
    whole, _ = network.run(frames, network.start())
    first, memory = network.run(frames[:4], network.start())
    second, _ = network.run(frames[4:], memory)
    np.testing.assert_allclose(np.concatenate([first, second]), whole, atol=1e-6)
    assert not np.allclose(network.run(frames[4:], network.start())[0], second, atol=1e-6)


def without_a_tensor(weights: Weights) -> Weights:
    return {name: array for name, array in weights.items() if name != "encoder.2.bias"}


def of_another_shape(weights: Weights) -> Weights:
    return weights | {"encoder.2.bias": np.zeros(65, np.float32)}


@pytest.mark.parametrize("spoil", [without_a_tensor, of_another_shape])
def test_another_model_is_refused(tmp_path: Path, weights: Weights, spoil: Callable[[Weights], Weights]) -> None:
    path = write_graph(tmp_path / "other.onnx", spoil(weights))
    with pytest.raises(FormatError, match=r"encoder\.2\.bias is .*, expected \(64,\); without onnxruntime"):
        NumpyNetwork(path)


def test_a_damaged_file_is_refused(tmp_path: Path, network_file: Path) -> None:
    path = tmp_path / "damaged.onnx"
    path.write_bytes(network_file.read_bytes()[:5000])
    with pytest.raises(FormatError, match="not a sound ONNX graph"):
        NumpyNetwork(path)


class Broken(ModuleType):
    """A package that fails when it is used."""

    def __getattr__(self, name: str) -> object:
        raise RuntimeError("built for another numpy")


@pytest.mark.parametrize("module", [None, ModuleType("onnxruntime"), Broken("onnxruntime")])
def test_without_a_working_onnxruntime(
    network_file: Path, weights: Weights, module: ModuleType | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", module)
    samples = noise(5).reshape(-1)[: 4 * FRAME_SAMPLES + 100]
    padded = np.pad(samples, (64, FRAME_SAMPLES - 100))
    frames = np.stack([padded[at : at + FRAME_LENGTH] for at in range(0, 5 * FRAME_SAMPLES, FRAME_SAMPLES)])
    vad = SileroVad(network_file)
    np.testing.assert_allclose(vad.probabilities(samples), by_the_book(frames, weights), atol=1e-5)
    stream = vad.stream()
    pieces = [stream.feed(samples[at : at + 300]) for at in range(0, len(samples), 300)]
    np.testing.assert_allclose(np.concatenate([*pieces, stream.finish()]), by_the_book(frames, weights), atol=1e-5)


def test_it_decides_as_onnxruntime_does(silero_file: Path, jfk_clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("onnxruntime")
    import soundfile

    samples, _ = soundfile.read(jfk_clip, dtype="float32")
    rng = np.random.default_rng(1)
    loudness = np.repeat(rng.random(len(samples) // 8000 + 1), 8000)[: len(samples)].astype(np.float32)
    samples = np.concatenate([samples, samples * loudness, rng.standard_normal(64000).astype(np.float32) * 0.03])
    expected = SileroVad(silero_file).probabilities(samples)
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    found = SileroVad(silero_file).probabilities(samples)
    np.testing.assert_allclose(found, expected, atol=1e-5)
    for threshold in (0.35, 0.5):
        np.testing.assert_array_equal(found >= threshold, expected >= threshold)
