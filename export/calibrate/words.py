"""The model's own words for a clip: what its decoder is shown in calibration, where there are no transcripts."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
from numpy.typing import NDArray

from edge.arrays import FloatArray
from edge.whisper.features import window_features
from edge.whisper.file.dims import FRAMES_PER_POSITION
from edge.whisper.file.landmarks import Tail, clip_positions
from edge.whisper.search.greedy import Bounds, GreedyDecoder, make_prompt
from edge.whisper.search.language import detect_language
from edge.whisper.search.rules import TokenRules
from edge.whisper.tokens import Tokenizer

from ..checkpoint.types import Checkpoint
from ..engine import engine_of, in_float32
from ..landmarks import landmarks_of


class OwnWords:
    """Listener on a checkpoint in float32, which hears of each clip what the runtime does."""

    def __init__(self, checkpoint: Checkpoint) -> None:
        self._dims = checkpoint.dims
        self._tokenizer = Tokenizer(checkpoint.vocabulary)
        stored = in_float32(checkpoint.tensors)
        name = checkpoint.name
        self.tail: Tail = landmarks_of(engine_of(name, checkpoint.dims, stored), stored)
        """Landmarks of the checkpoint's padding."""
        self._state = engine_of(name, checkpoint.dims, stored, self.tail).new_state()
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
        """Count the encoder positions that the runtime computes for a clip of so many mel frames, landmarks aside."""
        return clip_positions(self.tail, n_frames, self._dims)

    def listen(
        self, raw: FloatArray, ways: Collection[bool] = (True, False)
    ) -> dict[bool, tuple[NDArray[np.int32], int]]:
        """Transcribe raw log-mel (n_frames, n_mels) greedily, with timestamps (True) or without (False).

        Each is the prompt and the tokens after it, (n_tokens,), and how many of them are the prompt's.
        """
        self._state.encode(window_features(raw, self.n_positions(len(raw)) * FRAMES_PER_POSITION))
        language = None
        if self._tokenizer.is_multilingual:
            language = next(iter(detect_language(self._state, self._tokenizer)))
        found = {}
        for timestamps in ways:
            prompt = make_prompt(self._tokenizer, self._dims.n_text_ctx, language=language, timestamps=timestamps)
            decoded = self._decoders[timestamps](self._state, prompt)
            tokens = np.array([*prompt.tokens, *decoded.tokens][: self._dims.n_text_ctx], np.int32)
            found[timestamps] = tokens, len(prompt.tokens)
        return found
