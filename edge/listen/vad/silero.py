"""Runs Silero VAD 6.2: the probability that somebody speaks, for every 32 ms of sound.

The graph is the one that its authors publish for whole sequences. It is read here in pieces: the state of its one
recurrent layer goes in with each piece and comes out again. onnxruntime runs it, or where there is none, numpy.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from ...arrays import FloatArray
from ...errors import EdgeError
from ...onnx.graph import Graph, Signature, require_onnxruntime, to_value
from .network import FRAME_LENGTH, NumpyNetwork

_LOG = logging.getLogger("edge.listen")

FRAME_SAMPLES = 512
"""Samples of a frame of 32 ms at 16 kHz."""

_CONTEXT_SAMPLES = 64  # end of the frame before, put in front of each frame
_STATE = (1, 1, 128)
_MOST_FRAMES = 256
"""Frames that are looked at in one call: 8 s, so that a long recording needs no more memory than a short one."""

_OUTPUTS = ("speech_probs", "hn", "cn")
_SIGNATURE = Signature(
    inputs={"input": (None, FRAME_LENGTH), "h": _STATE, "c": _STATE},
    outputs=dict(zip(_OUTPUTS, ((None,), _STATE, _STATE), strict=True)),
)


class Network(Protocol):
    """The network, by whatever runs it; what it remembers between calls is a stream's."""

    def start(self) -> Any:
        """Give what is remembered before the first frame."""
        ...

    def run(self, frames: FloatArray, memory: Any) -> tuple[FloatArray, Any]:
        """Give the probability of speech in frames (n, 576), (n,), and what is remembered after them."""
        ...


class _Onnx:
    """The network on onnxruntime."""

    def __init__(self, path: Path) -> None:
        self._graph = Graph(path, _SIGNATURE, threads=1)  # more gain nothing: each frame needs the one before

    def start(self) -> list[Any]:
        return [to_value(np.zeros(_STATE, np.float32)) for _ in range(2)]

    def run(self, frames: FloatArray, memory: list[Any]) -> tuple[FloatArray, list[Any]]:
        inputs = dict(zip(_SIGNATURE.inputs, (to_value(frames), *memory), strict=True))
        probabilities, *memory = self._graph.run(inputs, _OUTPUTS)
        return np.asarray(probabilities.numpy(), np.float32), memory


class SileroVad:
    """A network, ready to run. Threads may share it: every stream has a state of its own."""

    def __init__(self, path: Path) -> None:
        """Open `silero_vad_16k_sequence.onnx`.

        Raises:
            FormatError: the file is damaged, or another model.
        """
        self._network = _open(path)

    def stream(self) -> VadStream:
        """Begin to listen to a recording."""
        return VadStream(self._network)

    def probabilities(self, samples: FloatArray) -> FloatArray:
        """Return the probability of speech in each frame of a recording (n_samples,); the last frame may be short."""
        stream = self.stream()
        return np.concatenate([stream.feed(samples), stream.finish()])


class VadStream:
    """A listener to one recording, in pieces of any size."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self._memory = network.start()
        self._pending = np.zeros(_CONTEXT_SAMPLES, np.float32)  # the context, then a part of a frame

    def feed(self, samples: FloatArray) -> FloatArray:
        """Take samples (n_samples,), and return the probabilities of the frames that are complete now, (n_frames,).

        Raises:
            KernelError: onnxruntime failed.
        """
        pending = np.concatenate([self._pending, samples.astype(np.float32, copy=False)])
        n_frames = (len(pending) - _CONTEXT_SAMPLES) // FRAME_SAMPLES
        self._pending = pending[n_frames * FRAME_SAMPLES :].copy()
        if not n_frames:
            return np.zeros(0, np.float32)
        frames = np.lib.stride_tricks.sliding_window_view(pending, FRAME_LENGTH)[
            : n_frames * FRAME_SAMPLES : FRAME_SAMPLES
        ]
        return np.concatenate([self._run(frames[at : at + _MOST_FRAMES]) for at in range(0, n_frames, _MOST_FRAMES)])

    def finish(self) -> FloatArray:
        """Return the probability of the last frame, filled up with silence: (1,), or (0,) where nothing was left."""
        n_left = len(self._pending) - _CONTEXT_SAMPLES
        return self.feed(np.zeros(FRAME_SAMPLES - n_left, np.float32)) if n_left else np.zeros(0, np.float32)

    def _run(self, frames: FloatArray) -> FloatArray:
        probabilities, self._memory = self._network.run(frames, self._memory)
        return probabilities


def _open(path: Path) -> Network:
    try:
        require_onnxruntime()
    except EdgeError as error:
        _LOG.info("numpy runs the speech detector: %s", error)
        return NumpyNetwork(path)
    return _Onnx(path)
