"""Runs a model on onnxruntime: the Engine and State of edge.whisper.engines.protocol over three graphs.

The window is always whole: there is no tail, and a clip is padded to 30 s. Keys and values stay in onnxruntime's memory
between tokens; going back cuts them, and changing beams copies rows of them.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ...arrays import FloatArray, IntArray
from ...errors import KernelError
from ...onnx.graph import Graph, Value, require_onnxruntime, to_value
from ...threads import default_threads
from ..file.dims import FRAMES_PER_POSITION, WhisperDims
from ..file.model import ModelFile
from . import onnx_folder as names


class OnnxEngine:
    """The open graphs of a model."""

    verifies_drafts = False

    tail = None
    level = "onnxruntime"

    def __init__(self, folder: Path, facts: ModelFile, *, threads: int | None = None) -> None:
        """Open the graphs of a folder whose facts were read (`edge.whisper.engines.onnx_folder.open_folder`).

        Raises:
            EdgeError: onnxruntime is not installed.
            FormatError: a graph is damaged, or is that of another model.
        """
        require_onnxruntime()
        self.dims = facts.dims
        self.threads = threads or default_threads()
        self.n_alignment_heads = len(facts.alignment_heads)
        self._graphs = {
            name: Graph(folder / name, signature, self.threads, names.WEIGHTS)
            for name, signature in names.signatures(self.dims, self.n_alignment_heads).items()
        }

    def new_state(self, n_beams: int = 1) -> OnnxState:
        """Make a state for one transcription at a time."""
        return OnnxState(self._graphs, self.dims, n_beams, self.n_alignment_heads)


class OnnxState:
    """A transcription in progress (edge.whisper.engines.protocol.State)."""

    def __init__(self, graphs: dict[str, Graph], dims: WhisperDims, n_beams: int, n_alignment_heads: int) -> None:
        self.dims = dims
        self.n_beams = n_beams
        self._n_past = 0
        self._graphs = graphs
        self._n_alignment_heads = n_alignment_heads
        self._encoded: FloatArray | None = None  # (n_ctx, n_state)
        self._past: dict[str, Value] = {}  # keys and values of the tokens
        self._n_live = n_beams  # beams that had a part in the last call
        self._audio: dict[str, Value] = {}  # keys and values of the audio
        self._alignment: FloatArray | None = None

    @property
    def n_past(self) -> int:
        """Number of decoder positions filled so far."""
        return self._n_past

    def encode(self, mel: FloatArray) -> None:
        """Run the encoder over a whole window (2 * n_audio_ctx, n_mels).

        Raises:
            KernelError: the shape is a different one, or onnxruntime failed.
        """
        expected = (FRAMES_PER_POSITION * self.dims.n_audio_ctx, self.dims.n_mels)
        if mel.shape != expected:
            raise KernelError(f"mel features: on onnxruntime expected a whole window {expected}, got {mel.shape}")
        self._encoded = None
        features = to_value(np.asarray(mel.T[None], np.float32))
        (states,) = self._graphs[names.ENCODER].run({names.FEATURES: features}, [names.STATES])
        self._encoded = states.numpy()[0]
        self._past, self._audio, self._n_past, self._alignment = {}, {}, 0, None

    def decode(self, tokens: IntArray, *, last_only: bool = True, alignment: bool = False) -> FloatArray:
        """Append tokens (b, n) to the first b beams; gives logits (b, n or 1, n_vocab).

        Raises:
            KernelError: wrong shape or token, no clip encoded, no room left, or onnxruntime gave up.
        """
        self._check_tokens(tokens)
        layers = self.dims.n_text_layer
        wanted = [names.LOGITS, *names.present_names(layers, "decoder")]
        inputs = {names.TOKENS: to_value(tokens.astype(np.int64))}
        if self._n_past:
            graph = self._graphs[names.DECODER_WITH_PAST]
            inputs |= self._rows(self._past, len(tokens)) | self._rows(self._audio, len(tokens))
        else:
            graph = self._graphs[names.DECODER]
            wanted += names.present_names(layers, "encoder")
            inputs[names.ENCODED] = to_value(np.repeat(self.encoder_output()[None], len(tokens), axis=0))
        with_heads = alignment and self._n_alignment_heads > 0
        logits, *found = graph.run(inputs, [*wanted, names.ALIGNMENT] if with_heads else wanted)
        heads = found.pop().numpy() if with_heads else None
        past = names.past_names(layers, "decoder")
        self._past = dict(zip(past, found, strict=False))
        if not self._n_past:
            self._audio = dict(zip(names.past_names(layers, "encoder"), found[len(past) :], strict=True))
        self._n_past += tokens.shape[1]
        self._n_live = len(tokens)
        self._alignment = None
        if alignment:
            empty = np.zeros((len(tokens), 0, tokens.shape[1], self.dims.n_audio_ctx), np.float32)
            self._alignment = empty if heads is None else heads
        all_logits: FloatArray = logits.numpy()
        return all_logits[:, -1:] if last_only else all_logits

    @staticmethod
    def _rows(values: dict[str, Value], n_beams: int) -> dict[str, Value]:
        """Give the first beams' keys and values; the audio's are equal in all beams, so one serves for more."""
        found = {}
        for name, value in values.items():
            rows = value.shape()[0]
            if rows == n_beams:
                found[name] = value
            else:
                array = value.numpy()
                found[name] = to_value(array[:n_beams] if rows > n_beams else np.repeat(array[:1], n_beams, axis=0))
        return found

    def _check_tokens(self, tokens: IntArray) -> None:
        if tokens.ndim != 2 or not 1 <= tokens.shape[0] <= self.n_beams or not tokens.size:
            raise KernelError(f"tokens: expected (1 to {self.n_beams}, n), got {tokens.shape}")
        if self._n_past and tokens.shape[0] > self._n_live:
            raise KernelError(f"tokens: expected at most the last call's {self._n_live} beams, got {tokens.shape[0]}")
        if tokens.min() < 0 or tokens.max() >= self.dims.n_vocab:
            raise KernelError(f"tokens: expected 0 to {self.dims.n_vocab - 1}, got {tokens.min()} to {tokens.max()}")
        if self._n_past + tokens.shape[1] > self.dims.n_text_ctx:
            raise KernelError(
                f"tokens: {tokens.shape[1]} more than the {self._n_past} there are; room is for {self.dims.n_text_ctx}"
            )

    def rewind(self, n_past: int) -> None:
        """Forget the positions from `n_past` on.

        Raises:
            KernelError: there are fewer.
        """
        if not 0 <= n_past <= self._n_past:
            raise KernelError(f"rewind: expected 0 to {self._n_past}, got {n_past}")
        if n_past == self._n_past:
            return
        self._n_past = n_past
        self._past = {name: to_value(value.numpy()[:, :, :n_past]) for name, value in self._past.items() if n_past}

    def reorder(self, parents: IntArray) -> None:
        """Let beam i go on from what was beam `parents[i]`, for the first `len(parents)` beams.

        Raises:
            KernelError: there is no such beam.
        """
        live = self._n_live if self._n_past else self.n_beams
        if not 1 <= len(parents) <= self.n_beams or parents.min() < 0 or parents.max() >= live:
            raise KernelError(f"reorder: expected up to {self.n_beams} beams below {live}, got {parents}")
        self._past = {name: to_value(value.numpy()[parents]) for name, value in self._past.items()}
        self._n_live = len(parents)

    def encoder_output(self) -> FloatArray:
        """Give the encoder's states, (n_ctx, n_state).

        Raises:
            KernelError: no clip is encoded.
        """
        if self._encoded is None:
            raise KernelError("no clip is encoded")
        return self._encoded

    def alignment(self) -> FloatArray:
        """Give the alignment heads' attention in the last `decode(alignment=True)`: (b, n_heads, n_tokens, n_keys).

        Raises:
            KernelError: the last decode did not ask for it.
        """
        if self._alignment is None:
            raise KernelError("alignment: the last decode did not ask for it")
        return self._alignment
