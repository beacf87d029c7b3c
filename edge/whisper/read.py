"""One window of audio to text, with second thoughts: the search, and what is tried when its result fails.

In this order, each only where the one before gave a text to doubt:

1. the search at the first temperature, the model file's tail standing for the padding behind a short clip;
2. the same in full context (edge.whisper.guard says when; a false alarm costs time only);
3. draws at rising temperatures in full context, by openai-whisper's thresholds; silence is not drawn again.

A search that finds several texts gives the best one that passes: the best of all may be a loop, and loops are likely.
Words of a vocabulary are looked for in what a search found (edge.whisper.boost), not in what was drawn.
Where all temperatures fail, the likeliest of their texts that does not repeat itself is taken, as in faster-whisper;
the original takes the last. A window that passes at first is read as if nothing else existed. One in which nobody is
heard (edge.whisper.speech) gets no second thoughts: its text is dropped in any case.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence

import numpy as np

from ..features import FRAMES_PER_SECOND, window_features
from ..format.tail import clip_positions
from ..format.whisper import FRAMES_PER_POSITION
from ..tokens import Tokenizer
from .boost import WordBooster
from .decode import Bounds, DecodedWindow, GreedyDecoder, Hypothesis, Prompt, WindowDecoder, make_prompt, summarize
from .guard import is_suspicious
from .language import detect_language
from .options import TranscribeOptions
from .protocol import Engine, FloatArray, State
from .rules import TokenRules
from .search import BeamDecoder, SampleDecoder

_LOG = logging.getLogger("edge.whisper")

_LEAST_SHOWN = 0.01  # of the probabilities of all languages


class WindowReader:
    """Reads windows with one state of an engine, and counts the work."""

    def __init__(
        self, engine: Engine, state: State, tokenizer: Tokenizer, rules: TokenRules, options: TranscribeOptions
    ) -> None:
        """The state must have room for `options.n_sequences`."""
        self.language = options.language
        """Of the last window; None before the first, where it is to be detected."""
        self.language_probabilities: dict[str, float] = {}
        """Of the first window where the language was detected; of all languages only those that matter."""
        self.n_windows = self.n_tokens = self.n_second_looks = self.n_fallbacks = 0
        self.encode_s = self.decode_s = 0.0
        self.n_window = engine.dims.n_audio_ctx * FRAMES_PER_POSITION
        """Frames of a window."""
        self._dims = engine.dims
        self._tail = engine.tail if options.context == "tail" else None
        self._state = state
        self._tokenizer = tokenizer
        self._options = options
        initial = (options.initial_prompt or "").strip()
        self._initial = tokenizer.encode(f" {initial}") if initial else []
        bounds = Bounds(engine.dims.n_text_ctx, options.max_tokens)
        penalty = options.length_penalty
        self._draw = SampleDecoder(tokenizer, rules, bounds, best_of=options.best_of, length_penalty=penalty)
        self._booster, watch = None, None
        if options.words:
            n_text_ctx = engine.dims.n_text_ctx
            self._booster = WordBooster(tokenizer, n_text_ctx, options.words, options.vocabulary_strength)
            watch = self._booster.first_tokens
        self._search: WindowDecoder = GreedyDecoder(tokenizer, rules, bounds, watch=watch)
        if options.n_beams > 1:
            self._search = BeamDecoder(
                *(tokenizer, rules, bounds),
                beam_size=options.n_beams,
                patience=options.patience,
                length_penalty=penalty,
                watch=watch,
            )

    def read(
        self,
        raw: FloatArray,
        n_frames: int,
        seek: int,
        previous: Sequence[int] = (),
        is_borne_out: Callable[[DecodedWindow], bool] = lambda decoded: True,
    ) -> DecodedWindow:
        """Read the window at frame `seek`, whose raw frames begin with `n_frames` of the recording's.

        `previous` are the tokens of the text before it that the model is shown. `is_borne_out` tells whether the window
        holds the speech that a text in doubt needs: else neither a second look nor a draw makes it speech.
        """
        n_encoded = self.n_window
        if self._tail is not None:
            n_encoded = clip_positions(self._tail, n_frames, self._dims) * FRAMES_PER_POSITION
        first, *later = self._options.temperatures
        prompt = self._encode(window_features(raw, n_encoded), previous)
        decoded = self._decode(prompt, first, seek)
        in_doubt = n_encoded < self.n_window and is_suspicious(decoded, n_frames / FRAMES_PER_SECOND, self._tokenizer)
        if in_doubt and is_borne_out(decoded):
            _LOG.info("in doubt about %r: decoding in full context", decoded.text)
            self.n_second_looks += 1
            prompt = self._encode(window_features(raw, self.n_window), previous)
            decoded = self._decode(prompt, first, seek)
        attempts = [decoded]
        for temperature in later:
            if not self._fails(attempts[-1]) or not is_borne_out(attempts[-1]):
                break
            _LOG.info("%r fails: decoding at temperature %.1f", attempts[-1].text, temperature)
            attempts.append(self._decode(prompt, temperature, seek))
        self.n_fallbacks += len(attempts) > 1
        return self._boosted(self._best(attempts), prompt)

    def is_silent(self, decoded: DecodedWindow) -> bool:
        """Whether the window holds no speech, whatever was read there."""
        options = self._options
        if options.no_speech_threshold is None or decoded.no_speech_prob <= options.no_speech_threshold:
            return False
        return options.logprob_threshold is None or decoded.avg_logprob <= options.logprob_threshold

    def _encode(self, features: FloatArray, previous: Sequence[int]) -> Prompt:
        """Encode a window and find its language: what its decoding starts from."""
        began = time.perf_counter()
        self._state.encode(features)
        encoded = time.perf_counter()
        self.n_windows += 1
        if self._tokenizer.is_multilingual and (self.language is None or self._options.multilingual):
            self._detect()
        self.encode_s += encoded - began
        self.decode_s += time.perf_counter() - encoded
        return make_prompt(
            self._tokenizer,
            self._dims.n_text_ctx,
            language=self.language,
            task=self._options.task,
            timestamps=self._options.timestamps,
            initial=self._initial,
            previous=previous,
        )

    def _detect(self) -> None:
        probabilities = detect_language(self._state, self._tokenizer, self._options.candidate_languages)
        language = next(iter(probabilities))
        _LOG.info("detected language %s (%.0f %%)", language, 100 * probabilities[language])
        self.language = language
        if not self.language_probabilities:
            least = _LEAST_SHOWN if self._options.candidate_languages is None else 0.0
            self.language_probabilities = {code: one for code, one in probabilities.items() if one >= least}

    def _decode(self, prompt: Prompt, temperature: float, seek: int) -> DecodedWindow:
        began = time.perf_counter()
        if temperature == 0:
            decoded = self._search(self._state, prompt)
        else:
            # What is drawn depends on the place in the recording and on nothing that was read before.
            seeds = (self._options.seed, seek, round(temperature * 1000))
            decoded = self._draw(self._state, prompt, temperature, np.random.default_rng(seeds))
        decoded = self._first_sound(decoded)
        self.decode_s += time.perf_counter() - began
        self.n_tokens += len(decoded.tokens)
        return decoded

    def _boosted(self, decoded: DecodedWindow, prompt: Prompt) -> DecodedWindow:
        """With words of the vocabulary, where it sounds like them."""
        if self._booster is None or not decoded.watched or self._fails(decoded):
            return decoded
        began = time.perf_counter()
        is_held = self._options.n_beams == 1  # a greedy search that passes is the last that was decoded
        decoded = self._booster(self._state, prompt, decoded, self.language, is_held=is_held)
        self.decode_s += time.perf_counter() - began
        return decoded

    def _first_sound(self, decoded: DecodedWindow) -> DecodedWindow:
        """The best of what a search found that passes; the best of all if none does."""
        if not self._fails(decoded):
            return decoded
        first = Hypothesis(decoded.tokens, decoded.token_logprobs, decoded.score, decoded.watched)
        found = (first, *decoded.others)
        for one in decoded.others:
            others = tuple(other for other in found if other is not one)
            promoted = summarize(one, decoded.no_speech_prob, self._tokenizer, decoded.temperature, others)
            if not self._fails(promoted):
                return promoted
        return decoded

    def _fails(self, decoded: DecodedWindow) -> bool:
        """Whether openai-whisper would try the next temperature."""
        least = self._options.logprob_threshold
        if least is not None and decoded.avg_logprob < least:
            most = self._options.no_speech_threshold
            return most is None or decoded.no_speech_prob <= most  # otherwise it is silence
        return self._repeats(decoded)

    def _repeats(self, decoded: DecodedWindow) -> bool:
        most = self._options.compression_ratio_threshold
        return most is not None and decoded.compression_ratio > most

    def _best(self, attempts: Sequence[DecodedWindow]) -> DecodedWindow:
        if not self._fails(attempts[-1]):
            return attempts[-1]
        sound = [decoded for decoded in attempts if not self._repeats(decoded)]
        return max(sound or attempts, key=lambda decoded: decoded.avg_logprob)
