"""Runs Silero VAD 6.2 in numpy, for machines without onnxruntime: the same decisions, and probabilities within 1e-5.

Each frame's magnitudes at 129 frequencies go through four convolutions and one recurrent layer. Products are kept
small, as in `edge.whisper.features`: BLAS would start its threads for larger ones.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ...arrays import FloatArray
from ...errors import FormatError
from ...onnx.initializers import read_initializers

FRAME_LENGTH = 576
"""Samples that the network is shown for a frame: 64 of the one before, and 512 of its own."""

_PAD, _WINDOW, _HOP, _N_BINS, _N_HIDDEN = 64, 256, 128, 129, 128
_SHAPES: Mapping[str, tuple[int, ...]] = {
    "stft.forward_basis_buffer": (2 * _N_BINS, 1, _WINDOW),
    "encoder.0.weight": (128, _N_BINS, 3),
    "encoder.0.bias": (128,),
    "encoder.1.weight": (64, 128, 3),
    "encoder.1.bias": (64,),
    "encoder.2.weight": (64, 64, 3),
    "encoder.2.bias": (64,),
    "encoder.3.weight": (128, 64, 3),
    "encoder.3.bias": (128,),
    "onnx::LSTM_209": (1, 4 * _N_HIDDEN, _N_HIDDEN),
    "onnx::LSTM_210": (1, 4 * _N_HIDDEN, _N_HIDDEN),
    "onnx::LSTM_211": (1, 8 * _N_HIDDEN),
    "output.weight": (1, _N_HIDDEN, 1),
    "output.bias": (1,),
}
"""Names and shapes of all that the published graph holds."""

_STRIDES = (1, 2, 2, 1)

Memory = tuple[FloatArray, FloatArray]
"""State of the recurrent layer between frames: hidden and cell, (128,) each."""


@dataclass(frozen=True, slots=True)
class _Convolution:
    """A convolution over three neighbors in time, with what is negative put to 0."""

    weights: FloatArray
    """Weights of the three neighbors side by side: (3 * n_in, n_out)."""
    bias: FloatArray
    stride: int

    def __call__(self, x: FloatArray) -> FloatArray:
        """Compute the outputs (n, n_times / stride, n_out) of frames (n, n_times, n_in)."""
        padded = np.pad(x, ((0, 0), (1, 1), (0, 0)))
        n_times = x.shape[1]
        neighbors = np.concatenate([padded[:, at : at + n_times : self.stride] for at in range(3)], axis=2)
        y: FloatArray = np.matmul(neighbors, self.weights)
        y += self.bias
        return np.maximum(y, 0, out=y)


class NumpyNetwork:
    """A network, ready to run. Threads may share it."""

    def __init__(self, path: Path) -> None:
        """Read `silero_vad_16k_sequence.onnx`.

        Raises:
            FormatError: the file is damaged, or another model.
        """
        found = read_initializers(path)
        for name, shape in _SHAPES.items():
            if name not in found or found[name].shape != shape:
                what = f"of {found[name].shape}" if name in found else "missing"
                raise FormatError(
                    f"{path}: {name} is {what}, expected {shape}; without onnxruntime, Silero VAD 6.2.3 alone is read"
                )
        basis = found["stft.forward_basis_buffer"][:, 0].T
        self._parts = [np.ascontiguousarray(basis[:, at : at + _N_BINS]) for at in (0, _N_BINS)]
        self._layers = [
            _Convolution(_side_by_side(found[f"encoder.{i}.weight"]), found[f"encoder.{i}.bias"], stride)
            for i, stride in enumerate(_STRIDES)
        ]
        self._input = np.ascontiguousarray(found["onnx::LSTM_209"][0].T)
        self._recurrent = found["onnx::LSTM_210"][0]
        self._gates_bias = found["onnx::LSTM_211"][0].reshape(2, -1).sum(axis=0)
        self._output, self._output_bias = found["output.weight"][0, :, 0], found["output.bias"][0]

    def start(self) -> Memory:
        """Give the state before the first frame."""
        return np.zeros(_N_HIDDEN, np.float32), np.zeros(_N_HIDDEN, np.float32)

    def run(self, frames: FloatArray, memory: Memory) -> tuple[FloatArray, Memory]:
        """Give the probability of speech in frames (n, 576), (n,), and the state after them."""
        x = self._magnitudes(frames)
        for layer in self._layers:
            x = layer(x)
        gates = np.matmul(x, self._input)[:, 0] + self._gates_bias
        hidden, cell = memory
        outputs = np.empty((len(frames), _N_HIDDEN), np.float32)
        for i, given in enumerate(gates):
            # Not a product of BLAS's, which would start threads for it.
            entry, leave, keep, new = (given + np.einsum("ij,j->i", self._recurrent, hidden)).reshape(4, _N_HIDDEN)
            cell = _sigmoid(keep) * cell + _sigmoid(entry) * np.tanh(new)
            outputs[i] = hidden = _sigmoid(leave) * np.tanh(cell)
        np.maximum(outputs, 0, out=outputs)
        return _sigmoid(outputs @ self._output + self._output_bias), (hidden, cell)

    def _magnitudes(self, frames: FloatArray) -> FloatArray:
        """Compute the magnitudes (n, 4, 129) of frames (n, 576), mirrored at their end."""
        padded = np.concatenate([frames, frames[:, -2 : -2 - _PAD : -1]], axis=1)
        windows = np.lib.stride_tricks.sliding_window_view(padded, _WINDOW, axis=1)[:, ::_HOP]
        real, imaginary = (np.matmul(windows, part) for part in self._parts)
        magnitudes: FloatArray = np.sqrt(real * real + imaginary * imaginary)
        return magnitudes


def _side_by_side(weights: FloatArray) -> FloatArray:
    """Turn a convolution's weights (n_out, n_in, 3) into those of one product, (3 * n_in, n_out)."""
    return np.ascontiguousarray(weights.transpose(2, 1, 0).reshape(-1, weights.shape[0]))


def _sigmoid(x: FloatArray) -> FloatArray:
    # By tanh, which does not overflow.
    y: FloatArray = np.float32(0.5) + np.float32(0.5) * np.tanh(np.float32(0.5) * x)
    return y
