"""A model that is asked about segments of windows: the one that read them, or another one."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ...options import TranscribeOptions
from ...transcript.types import Segment
from ..engines.protocol import State
from ..features import window_features
from ..file.dims import FRAMES_PER_POSITION
from ..file.landmarks import clip_positions
from ..parts import Parts, rules_of
from ..search.greedy import make_prompt
from ..segments import decoding_of
from ..sound import Sound
from ..tokens import Tokenizer
from .hearing import Hearing


class Voice:
    """A model with a state of its own, or one that it is lent; both have room for `CORRECTION_BEAMS`."""

    def __init__(
        self, model: Parts, state: State, options: TranscribeOptions, give_back: Callable[[], None] = lambda: None
    ) -> None:
        self.model = model
        self._state = state
        self._options = options
        self._rules = rules_of(model, options, timestamps=False)
        self._initial = (options.initial_prompt or "").strip()
        self._encoded: Sound | None = None
        self.close = give_back

    def encode(self, sound: Sound) -> None:
        """Encode a window, unless it is the one that was encoded last."""
        if self._encoded is sound:
            return
        engine = self.model.engine
        n_positions = engine.dims.n_audio_ctx
        if engine.tail is not None and self._options.context == "tail":
            n_positions = clip_positions(engine.tail, sound.n_frames, engine.dims)
        self._state.encode(window_features(sound.raw, n_positions * FRAMES_PER_POSITION))
        self._encoded = sound

    def prompt(self) -> tuple[int, ...]:
        """Make the prompt of a window, without the text of windows before it."""
        tokenizer = self.model.tokenizer
        return make_prompt(
            tokenizer,
            self.model.engine.dims.n_text_ctx,
            language="en",
            timestamps=self._options.timestamps,
            initial=tokenizer.encode(f" {self._initial}") if self._initial else [],
        ).tokens

    def hear(self, context: Sequence[int]) -> Hearing:
        """Turn to the segment of the encoded window that follows the tokens `context`."""
        return Hearing(self._state, self.model.engine.dims, self.model.tokenizer, self._rules, context)


def tokens_before(segments: Sequence[Segment], number: int, tokenizer: Tokenizer, theirs: Tokenizer) -> list[int]:
    """List the tokens of a window up to the text of a segment, in the vocabulary of `theirs`."""
    found: list[int] = []
    for segment in segments[:number]:
        opening, closing = _times(segment, tokenizer)
        found += [*_in(opening, tokenizer, theirs), *theirs.encode(segment.text), *_in(closing, tokenizer, theirs)]
    return [*found, *_in(_times(segments[number], tokenizer)[0], tokenizer, theirs)]


def with_text(segment: Segment, text: Sequence[int], tokenizer: Tokenizer) -> tuple[int, ...]:
    """List the tokens of a segment with others as its text."""
    opening, closing = _times(segment, tokenizer)
    return (*opening, *text, *closing)


def _times(segment: Segment, tokenizer: Tokenizer) -> tuple[list[int], list[int]]:
    """List the timestamps in front of a segment's text, and behind it."""
    tokens = decoding_of(segment).tokens
    first = next((at for at, token in enumerate(tokens) if token < tokenizer.eot), len(tokens))
    stop = next((at for at in range(len(tokens), 0, -1) if tokens[at - 1] < tokenizer.eot), first)
    return list(tokens[:first]), list(tokens[stop:])


def _in(times: Sequence[int], tokenizer: Tokenizer, theirs: Tokenizer) -> list[int]:
    return [token - tokenizer.timestamp_begin + theirs.timestamp_begin for token in times]
