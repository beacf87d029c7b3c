"""Silero VAD 6.2: the probability that somebody speaks, for every 32 ms of sound.

The network is small: a Fourier transform of four windows a frame, four convolutions, one LSTM cell, one output. Its
weights are those of the ONNX file that its authors publish for whole sequences; numpy computes it, a block of frames
at a time, at a thousandth of real time on one core. That is twice as fast as onnxruntime on the same file, needs
nothing to be installed or imported, and gives the same probabilities (tests/edge/vad/test_silero.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..errors import FormatError
from .weights import read_initializers

FloatArray = NDArray[np.float32]

FRAME_SAMPLES = 512
"""At 16 kHz: 32 ms."""

_CONTEXT_SAMPLES = 64  # of the frame before, in front of each frame
_WINDOW_SAMPLES, _HOP_SAMPLES = 256, 128
_N_WINDOWS = 4
_N_BINS = _WINDOW_SAMPLES // 2 + 1
_N_STATE = 128
_STRIDES = (1, 2, 2, 1)
_BLOCK_FRAMES = 64

_SHAPES = {
    "stft.forward_basis_buffer": (2 * _N_BINS, 1, _WINDOW_SAMPLES),
    "encoder.0.weight": (128, _N_BINS, 3),
    "encoder.0.bias": (128,),
    "encoder.1.weight": (64, 128, 3),
    "encoder.1.bias": (64,),
    "encoder.2.weight": (64, 64, 3),
    "encoder.2.bias": (64,),
    "encoder.3.weight": (_N_STATE, 64, 3),
    "encoder.3.bias": (_N_STATE,),
    "onnx::LSTM_209": (1, 4 * _N_STATE, _N_STATE),
    "onnx::LSTM_210": (1, 4 * _N_STATE, _N_STATE),
    "onnx::LSTM_211": (1, 8 * _N_STATE),
    "output.weight": (1, _N_STATE, 1),
    "output.bias": (1,),
}


class SileroVad:
    """The network, ready to run. Threads may share it: every stream has a state of its own."""

    def __init__(self, weights: Mapping[str, FloatArray]) -> None:
        """Arrange the weights of the ONNX file, by its names (see `load_silero`)."""
        self._basis = np.ascontiguousarray(weights["stft.forward_basis_buffer"][:, 0].T)
        self._convolutions = [
            (_neighbours_side_by_side(weights[f"encoder.{layer}.weight"]), weights[f"encoder.{layer}.bias"], stride)
            for layer, stride in enumerate(_STRIDES)
        ]
        # Gates in ONNX's order: input, output, forget, cell. A sigmoid is a tanh at half the height and half the
        # argument, so that one tanh serves all four.
        half = np.full(4 * _N_STATE, 0.5, np.float32)
        half[3 * _N_STATE :] = 1
        biases = weights["onnx::LSTM_211"][0]
        self._from_input = np.ascontiguousarray((weights["onnx::LSTM_209"][0] * half[:, None]).T)
        self._from_hidden = np.ascontiguousarray((weights["onnx::LSTM_210"][0] * half[:, None]).T)
        self._gate_bias = (biases[: 4 * _N_STATE] + biases[4 * _N_STATE :]) * half
        self._output = weights["output.weight"][0, :, 0] / 2
        self._output_bias = weights["output.bias"] / 2

    def stream(self) -> VadStream:
        """Begin to listen."""
        return VadStream(self)

    def probabilities(self, samples: FloatArray) -> FloatArray:
        """Probability of speech in each frame of a recording (n_samples,) at 16 kHz; the last frame may be short."""
        stream = self.stream()
        return np.concatenate([stream.feed(samples), stream.finish()])

    def encode(self, frames: FloatArray) -> FloatArray:
        """What the gates get of frames with their context, (n_frames, 576): (n_frames, 512)."""
        mirrored = frames[:, -2 : -2 - _CONTEXT_SAMPLES : -1]
        samples = np.concatenate([frames, mirrored], axis=1)
        windows = np.lib.stride_tricks.sliding_window_view(samples, _WINDOW_SAMPLES, axis=1)[:, ::_HOP_SAMPLES]
        spectrum = windows.reshape(-1, _WINDOW_SAMPLES) @ self._basis
        np.square(spectrum, out=spectrum)
        hidden = np.sqrt(spectrum[:, :_N_BINS] + spectrum[:, _N_BINS:]).reshape(-1, _N_WINDOWS, _N_BINS)
        for weights, bias, stride in self._convolutions:
            hidden = _convolve(hidden, weights, bias, stride)
        gates: FloatArray = hidden.reshape(-1, _N_STATE) @ self._from_input
        gates += self._gate_bias
        return gates

    def recur(self, gates: FloatArray, hidden: FloatArray, cell: FloatArray) -> FloatArray:
        """Probabilities (n_frames,); `hidden` and `cell` (128,) go from before the first frame to after the last."""
        states = np.empty((len(gates), _N_STATE), np.float32)
        for index in range(len(gates)):
            row = gates[index]
            row += hidden @ self._from_hidden
            np.tanh(row, out=row)
            opened = row[: 3 * _N_STATE]
            opened *= 0.5
            opened += 0.5
            let_in, let_out, kept = opened.reshape(3, _N_STATE)
            cell *= kept
            cell += let_in * row[3 * _N_STATE :]
            np.tanh(cell, out=hidden)
            hidden *= let_out
            states[index] = hidden
        np.maximum(states, 0, out=states)
        logits = states @ self._output + self._output_bias
        return np.asarray(np.tanh(logits) * 0.5 + 0.5, np.float32)


class VadStream:
    """Listens to one recording, in pieces of any size."""

    def __init__(self, vad: SileroVad) -> None:
        self._vad = vad
        self._hidden = np.zeros(_N_STATE, np.float32)
        self._cell = np.zeros(_N_STATE, np.float32)
        self._pending = np.zeros(_CONTEXT_SAMPLES, np.float32)  # the context, then what is no whole frame yet

    def feed(self, samples: FloatArray) -> FloatArray:
        """Take samples (n_samples,); the probabilities of the frames that are complete now, (n_frames,)."""
        pending = np.concatenate([self._pending, samples.astype(np.float32, copy=False)])
        n_frames = (len(pending) - _CONTEXT_SAMPLES) // FRAME_SAMPLES
        self._pending = pending[n_frames * FRAME_SAMPLES :].copy()
        if not n_frames:
            return np.zeros(0, np.float32)
        length = _CONTEXT_SAMPLES + FRAME_SAMPLES
        frames = np.lib.stride_tricks.sliding_window_view(pending, length)[: n_frames * FRAME_SAMPLES : FRAME_SAMPLES]
        blocks = [frames[start : start + _BLOCK_FRAMES] for start in range(0, n_frames, _BLOCK_FRAMES)]
        return np.concatenate([self._vad.recur(self._vad.encode(block), self._hidden, self._cell) for block in blocks])

    def finish(self) -> FloatArray:
        """The probability of the last frame, filled up with silence: (1,), or (0,) where nothing was left."""
        n_left = len(self._pending) - _CONTEXT_SAMPLES
        return self.feed(np.zeros(FRAME_SAMPLES - n_left, np.float32)) if n_left else np.zeros(0, np.float32)


def load_silero(path: Path) -> SileroVad:
    """Open `silero_vad_16k_sequence.onnx`.

    Raises:
        FormatError: it is damaged, or another model.
    """
    weights = read_initializers(path)
    for name, shape in _SHAPES.items():
        found = weights[name].shape if name in weights else None
        if found != shape:
            raise FormatError(
                f"{path}: expected {name} of shape {shape}, found {found or 'no such tensor'}; "
                "only silero_vad_16k_sequence.onnx of silero-vad 6.2 is known"
            )
    return SileroVad(weights)


def _neighbours_side_by_side(weights: FloatArray) -> FloatArray:
    """A convolution's (out, in, 3) as the (3 * in, out) of a product."""
    return np.ascontiguousarray(weights.transpose(2, 1, 0).reshape(-1, weights.shape[0]))


def _convolve(values: FloatArray, weights: FloatArray, bias: FloatArray, stride: int) -> FloatArray:
    """Convolve (n_frames, n_times, n_in) with kernels of three, zeros beyond both ends; then take what is positive."""
    n_frames, n_times, n_in = values.shape
    padded = np.zeros((n_frames, n_times + 2, n_in), np.float32)
    padded[:, 1:-1] = values
    neighbours = np.lib.stride_tricks.sliding_window_view(padded, 3, axis=1)[:, ::stride].transpose(0, 1, 3, 2)
    out: FloatArray = neighbours.reshape(-1, 3 * n_in) @ weights
    out += bias
    np.maximum(out, 0, out=out)
    return out.reshape(n_frames, -1, len(bias))
