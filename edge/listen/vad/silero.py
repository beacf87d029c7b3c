"""Runs Silero VAD 6.2 on onnxruntime: the probability that somebody speaks, for every 32 ms of sound.

The graph is the one that its authors publish for whole sequences. It is read here in pieces: the state of its one
recurrent layer goes in with each piece and comes out again.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ...arrays import FloatArray
from ...onnx.graph import Graph, Signature, require_onnxruntime, to_value

FRAME_SAMPLES = 512
"""Samples of a frame of 32 ms at 16 kHz."""

_CONTEXT_SAMPLES = 64  # end of the frame before, put in front of each frame
_LENGTH = _CONTEXT_SAMPLES + FRAME_SAMPLES
_STATE = (1, 1, 128)
_MOST_FRAMES = 256
"""Frames that are looked at in one call: 8 s, so that a long recording needs no more memory than a short one."""

_OUTPUTS = ("speech_probs", "hn", "cn")
_SIGNATURE = Signature(
    inputs={"input": (None, _LENGTH), "h": _STATE, "c": _STATE},
    outputs=dict(zip(_OUTPUTS, ((None,), _STATE, _STATE), strict=True)),
)


class SileroVad:
    """A network, ready to run. Threads may share it: every stream has a state of its own."""

    def __init__(self, path: Path) -> None:
        """Open `silero_vad_16k_sequence.onnx`.

        Raises:
            EdgeError: onnxruntime is not installed.
            FormatError: the file is damaged, or another model.
        """
        require_onnxruntime()
        self._graph = Graph(path, _SIGNATURE, threads=1)  # more gain nothing: each frame needs the one before

    def stream(self) -> VadStream:
        """Begin to listen to a recording."""
        return VadStream(self._graph)

    def probabilities(self, samples: FloatArray) -> FloatArray:
        """Return the probability of speech in each frame of a recording (n_samples,); the last frame may be short."""
        stream = self.stream()
        return np.concatenate([stream.feed(samples), stream.finish()])


class VadStream:
    """A listener to one recording, in pieces of any size."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._state = [to_value(np.zeros(_STATE, np.float32)) for _ in range(2)]
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
        frames = np.lib.stride_tricks.sliding_window_view(pending, _LENGTH)[: n_frames * FRAME_SAMPLES : FRAME_SAMPLES]
        return np.concatenate([self._run(frames[at : at + _MOST_FRAMES]) for at in range(0, n_frames, _MOST_FRAMES)])

    def finish(self) -> FloatArray:
        """Return the probability of the last frame, filled up with silence: (1,), or (0,) where nothing was left."""
        n_left = len(self._pending) - _CONTEXT_SAMPLES
        return self.feed(np.zeros(FRAME_SAMPLES - n_left, np.float32)) if n_left else np.zeros(0, np.float32)

    def _run(self, frames: FloatArray) -> FloatArray:
        inputs = dict(zip(_SIGNATURE.inputs, (to_value(frames), *self._state), strict=True))
        probabilities, *self._state = self._graph.run(inputs, _OUTPUTS)
        return np.asarray(probabilities.numpy(), np.float32)
