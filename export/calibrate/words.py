"""The model's own words for a clip: what its decoder is shown in calibration, where there are no transcripts."""

from __future__ import annotations

from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from edge.format import StoredTensor, TensorType
from edge.format.tail import Tail, clip_positions
from edge.tokens import Tokenizer
from edge.whisper.decode import Bounds, GreedyDecoder, make_prompt
from edge.whisper.language import detect_language
from edge.whisper.rules import TokenRules

from ..checkpoint import Checkpoint
from ..engine import engine_of
from ..tail import landmarks_of

FloatArray: TypeAlias = NDArray[np.float32]


class OwnWords:
    """A checkpoint at work in float32."""

    def __init__(self, checkpoint: Checkpoint) -> None:
        self._dims = checkpoint.dims
        self._tokenizer = Tokenizer(checkpoint.vocabulary)
        stored = {
            name: StoredTensor(name, TensorType.F32, tensor.shape, np.ascontiguousarray(tensor, np.float32))
            for name, tensor in checkpoint.tensors.items()
        }
        engine = engine_of(Path(checkpoint.name), checkpoint.dims, stored)
        self._state = engine.new_state()
        self.tail: Tail = landmarks_of(engine, stored)
        """The landmarks of its padding."""
        self._decoders = {
            timestamps: GreedyDecoder(
                self._tokenizer,
                TokenRules(
                    self._tokenizer,
                    suppress_tokens=checkpoint.suppress_tokens or None,
                    suppress_begin=checkpoint.suppress_begin or None,
                    timestamps=timestamps,
                ),
                Bounds(checkpoint.dims.n_text_ctx),
            )
            for timestamps in (True, False)
        }

    def n_positions(self, n_frames: int) -> int:
        """How many encoder positions the runtime computes for a clip of so many mel frames, landmarks aside."""
        return clip_positions(self.tail, n_frames, self._dims)

    def listen(self, features: FloatArray) -> dict[bool, tuple[NDArray[np.int32], int]]:
        """The greedy transcripts of a whole window of features, with timestamps (True) and without (False).

        Each is the prompt and the tokens after it, (n_tokens,), and how many of them are the prompt's.
        """
        self._state.encode(features)
        language = None
        if self._tokenizer.is_multilingual:
            language = next(iter(detect_language(self._state, self._tokenizer)))
        found = {}
        for timestamps, decoder in self._decoders.items():
            prompt = make_prompt(self._tokenizer, self._dims.n_text_ctx, language=language, timestamps=timestamps)
            decoded = decoder(self._state, prompt)
            tokens = np.array([*prompt.tokens, *decoded.tokens][: self._dims.n_text_ctx], np.int32)
            found[timestamps] = tokens, len(prompt.tokens)
        return found
