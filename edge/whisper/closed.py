"""Reads a short recording twice, in one encoding: freely, and among listed texts alone."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from statistics import fmean

from ..arrays import FloatArray
from ..audio import SAMPLE_RATE_HZ
from ..options import TranscribeOptions
from .engines.protocol import State
from .features import FRAMES_PER_SECOND, raw_log_mel, window_features
from .file.dims import FRAMES_PER_POSITION
from .file.landmarks import clip_positions
from .judge.hearing import Hearing
from .parts import Parts, rules_of
from .search.beam import BeamDecoder
from .search.closed import Ahead, Branch, ClosedDecoder, Listed, Way, begin
from .search.greedy import Bounds, DecodedWindow, GreedyDecoder, make_prompt
from .sound import Sound
from .trust.evidence import Listener, OpenVad

CLOSED_BEAMS = 5
"""Number of beginnings that are followed at once."""

_SURE = math.log(0.9)
"""Log-probability of a token above which no other is looked for in its place, if a text has it too."""
_STEPS_BACK = 3
"""Tokens before the first in doubt that are looked at again."""
_NEARLY = 6.0
"""Nats by which a text may be less likely than the free reading for the search to rest."""


class ClosedReader:
    """A reader of one recording, which fits into a window."""

    def __init__(
        self,
        model: Parts,
        state: State,
        samples: FloatArray,
        *,
        language: str | None,
        open_vad: OpenVad,
        give_back: Callable[[], None] = lambda: None,
    ) -> None:
        """Encode samples (n_samples,), mono at 16 kHz; the state has room for `CLOSED_BEAMS`."""
        options = TranscribeOptions()
        engine, self.tokenizer = model.engine, model.tokenizer
        dims = engine.dims
        self._state, self._dims = state, dims
        self._verifies_drafts = engine.verifies_drafts
        self.close = give_back
        raw = raw_log_mel(samples, model.mel_filters)
        n_positions = dims.n_audio_ctx
        if engine.tail is not None:
            n_positions = clip_positions(engine.tail, len(raw), dims)
        state.encode(window_features(raw, n_positions * FRAMES_PER_POSITION))
        seconds = len(samples) / SAMPLE_RATE_HZ
        self._rules = rules = rules_of(model, options, timestamps=False)
        bounds = Bounds(dims.n_text_ctx)
        self._prompt = make_prompt(
            self.tokenizer, dims.n_text_ctx, language=language, timestamps=False, seconds=seconds
        )
        self._greedy = GreedyDecoder(self.tokenizer, rules, bounds)
        self._beams = BeamDecoder(self.tokenizer, rules, bounds, beam_size=CLOSED_BEAMS)
        self._closed = ClosedDecoder(self.tokenizer, rules, dims.n_text_ctx, beam_size=CLOSED_BEAMS)
        self._listener = Listener(open_vad, options.vad_options.threshold, self.tokenizer)
        self._listener.turn_to(Sound(0, round(seconds * FRAMES_PER_SECOND), raw, samples, seconds))

    def free(self, root: Branch | None = None) -> DecodedWindow:
        """Read what is said, whatever it is; it takes less time if it is a text of the tree."""
        guess = Ahead(root, self.tokenizer.eot) if root is not None and self._verifies_drafts else None
        return self._greedy(self._state, self._prompt, guess)

    def several(self) -> DecodedWindow:
        """Read what is said in several ways."""
        return self._beams(self._state, self._prompt)

    def begins(self, texts: Sequence[str]) -> float:
        """Compute how likely the text of the recording is to begin with one of some texts.

        That is the log-probability of a token of the likeliest, on average; what may follow does not count.
        """
        hearing = Hearing(self._state, self._dims, self.tokenizer, self._rules, self._prompt.tokens)
        return max(fmean(hearing.token_logprobs(text)[1]) for text in texts)

    def listed(self, root: Branch, free: DecodedWindow, most_behind: float) -> list[Listed]:
        """Find the likeliest texts of a tree, the best first.

        `free` is what `free()` gave last; texts less likely by more than `most_behind` nats are left out. Where the
        reading begins like a text, and surely so, the search begins there; where it then finds none that is nearly as
        likely, it begins anew.
        """
        likely = sum(free.token_logprobs)
        begun = self._begun(root, free)
        found = self._closed(self._state, self._prompt, begun, likely - most_behind)
        if begun.tokens and (not found or found[0].score < likely - _NEARLY):
            (start,) = begin(root, (), ())
            found = self._closed(self._state, self._prompt, start, likely - most_behind)
        return found

    def _begun(self, root: Branch, free: DecodedWindow) -> Way:
        """Follow a reading along a tree to a few tokens before it is in doubt or leaves the tree."""
        doubt = next((at for at, logprob in enumerate(free.token_logprobs) if logprob < _SURE), len(free.tokens))
        ways = [*begin(root, free.tokens[:doubt], free.token_logprobs)]
        return ways[max(0, len(ways) - 1 - _STEPS_BACK)]

    def is_spoken(self, decoded: DecodedWindow) -> bool:
        """Whether the recording holds the speech that a reading needs, as far as that is in doubt."""
        return self._listener.bears_out(decoded)
