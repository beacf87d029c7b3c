"""Reads one window of audio: the search for its text, and what is tried when the result fails.

The steps come in this order, each only where the one before gave a text in doubt:

1. the search at the first temperature, the model file's tail standing for the padding after a short clip;
2. the same in full context (edge.whisper.trust.doubts tells when; a false alarm costs only time);
3. draws at rising temperatures in full context, by openai-whisper's thresholds; silence is not drawn again, nor a
   window with a pause, whose speech is better read on its own (edge.whisper.passage).

A text that repeats itself is not in doubt where the recording does so too (edge.whisper.trust.repeats).

A search that finds several texts gives the best one that passes: the best of all may be a loop, and loops are likely.
Words of a vocabulary are looked for in the result of a search (edge.whisper.vocabulary.boost), not in a draw.
Where all temperatures fail, the likeliest of their texts that does not repeat itself is taken, as in faster-whisper;
the original takes the last. A window that passes at first is read as if nothing else existed. One in which nobody is
heard (edge.whisper.trust.evidence) gets no second thoughts: its text is dropped in any case.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from copy import copy
from dataclasses import dataclass, field, replace

import numpy as np

from ..arrays import FloatArray
from ..debugging import private
from ..options import TranscribeOptions
from .engines.protocol import Engine, State
from .features import FRAMES_PER_SECOND, window_features
from .file.dims import FRAMES_PER_POSITION
from .file.landmarks import clip_positions
from .search.beam import BeamDecoder, SampleDecoder
from .search.greedy import (
    Bounds,
    DecodedWindow,
    GreedyDecoder,
    Hypothesis,
    Prompt,
    WindowDecoder,
    make_prompt,
    summarize,
)
from .search.language import combine, detect_language
from .search.rules import TokenRules
from .sound import Sound
from .tokens import Tokenizer
from .trust.coverage import is_partly_spoken, speech_start
from .trust.doubts import is_suspicious
from .trust.evidence import Listener
from .trust.repeats import Aligner, is_repeated, without_loop
from .vocabulary.boost import WordBooster

_LOG = logging.getLogger("edge.whisper")

_LEAST_SHOWN = 0.01  # probability of a language, of all of them
_SURE_OF_LANGUAGE = 0.6
"""Probability below which a language is not settled without a look at more speech."""


@dataclass(frozen=True, slots=True)
class Reading:
    """The result of reading a window."""

    decoded: DecodedWindow
    """Text that is most to be believed, without what was only read in a loop."""
    in_doubt: bool
    """Whether all attempts failed: the text is a guess, or was read in a loop."""
    prompt: tuple[int, ...] = ()
    """Tokens after which it was decoded."""
    has_loop: bool = False
    """Whether something was taken out of the text, so that it has less than was read."""


@dataclass(slots=True)
class _Earlier:
    """What was found in earlier looks at windows that go on; a reader and its copies share it."""

    texts: dict[tuple[int, bool], tuple[int, ...]] = field(default_factory=dict)
    """Tokens that were read, by the first frame of the window and whether it was in full context."""
    language_in_doubt: bool = False


class WindowReader:
    """A reader of windows with one state of an engine, which counts the work."""

    def __init__(
        self,
        engine: Engine,
        state: State,
        tokenizer: Tokenizer,
        rules: TokenRules,
        options: TranscribeOptions,
        *,
        listener: Listener | None = None,
        attention_lead: int = 0,
        look_ahead: Callable[[Sound], Sound | None] = lambda sound: None,
    ) -> None:
        """Prepare a reader; the state must have room for `options.n_sequences`.

        Without a `listener` no text needs the support of the recording. `look_ahead` gives what follows a window, where
        its language is in doubt.
        """
        self.language = options.language
        """Language of the last window; None before the first, where it is to be detected."""
        self.language_probabilities: dict[str, float] = {}
        """Probabilities in the window that settled the language; of all languages only those that matter."""
        self._is_settled = options.language is not None
        self._look_ahead = look_ahead
        self.n_windows = self.n_tokens = self.n_second_looks = self.n_fallbacks = 0
        self.encode_s = self.decode_s = 0.0
        self.n_window = engine.dims.n_audio_ctx * FRAMES_PER_POSITION
        """Frames of a window."""
        self._dims = engine.dims
        self._tail = engine.tail if options.context == "tail" else None
        self._state = state
        self._tokenizer = tokenizer
        self._options = options
        self._listener = listener
        self._verifies_drafts = engine.verifies_drafts
        self._has_alignment = engine.n_alignment_heads > 0
        self._attention_lead = attention_lead
        self._said: tuple[DecodedWindow, DecodedWindow] | None = None
        self._earlier: _Earlier | None = None  # of a reader that was copied, or is a copy
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

    def read(self, sound: Sound, previous: Sequence[int] = ()) -> Reading:
        """Read a window; `previous` are the tokens of the text before it that the model is shown.

        Where the window does not hold the speech that a text in doubt needs, it gets neither a second look nor a draw.
        """
        n_encoded = self.n_window
        if self._tail is not None:
            n_encoded = clip_positions(self._tail, sound.n_frames, self._dims) * FRAMES_PER_POSITION
        later = self._options.temperatures[1:]
        more = self._hear_more(sound) if self._expects_doubt else None
        self._encode(window_features(sound.raw, n_encoded))
        self._find_language(sound, n_encoded, more)
        seconds = sound.n_frames / FRAMES_PER_SECOND
        prompt = self._prompt(previous, seconds)
        decoded = self._decode_first(prompt, sound.seek, in_full=n_encoded == self.n_window)
        in_doubt = n_encoded < self.n_window and is_suspicious(decoded, seconds, self._tokenizer)
        if in_doubt and not self._is_said_again(decoded, sound) and self._is_borne_out(decoded, sound):
            _LOG.info("in doubt about %s: decoding in full context", private(decoded.text))
            self.n_second_looks += 1
            self._encode(window_features(sound.raw, self.n_window))
            decoded = self._decode_first(prompt, sound.seek, in_full=True)
        attempts = [decoded]
        for temperature in later:
            if not self._is_worth_a_draw(attempts[-1], sound):
                break
            _LOG.info("%s fails: decoding at temperature %.1f", private(attempts[-1].text), temperature)
            attempts.append(self._decode(prompt, temperature, sound.seek))
        self.n_fallbacks += len(attempts) > 1
        best = self._best(attempts)
        repeats = is_repeated(best, self._tokenizer)
        if not repeats and not self._fails(best):
            return Reading(self._boosted(best, prompt), in_doubt=False, prompt=prompt.tokens)
        said = self._without_loop(best, sound)
        return Reading(said, in_doubt=not repeats or said is not best, has_loop=said is not best)

    def copy(self, look_ahead: Callable[[Sound], Sound | None]) -> WindowReader:
        """Return a reader that goes on from here on its own, on the same state.

        What either of them reads from now on is a draft for the other, should that read the same window.
        """
        self._earlier = self._earlier or _Earlier()
        twin = copy(self)
        twin._look_ahead = look_ahead
        return twin

    def forget_drafts(self, seek: int) -> None:
        """Forget the drafts of windows before frame `seek`."""
        if self._earlier is not None:
            self._earlier.texts = {key: tokens for key, tokens in self._earlier.texts.items() if key[0] >= seek}

    def _decode_first(self, prompt: Prompt, seek: int, *, in_full: bool) -> DecodedWindow:
        """Decode at the first temperature; what was read of the same window before is verified, as far as it holds."""
        drafts = {} if self._earlier is None else self._earlier.texts
        draft = drafts.get((seek, in_full)) or drafts.get((seek, not in_full), ())
        drafted = replace(prompt, draft=draft) if draft and self._verifies_drafts else prompt
        decoded = self._decode(drafted, self._options.temperatures[0], seek)
        drafts[seek, in_full] = decoded.tokens
        return decoded

    def _is_worth_a_draw(self, decoded: DecodedWindow, sound: Sound) -> bool:
        """Whether a text fails, and drawing may find another one."""
        if not self._fails(decoded) or not self._is_borne_out(decoded, sound):
            return False
        if self._listener is not None and is_partly_spoken(sound, self._listener):
            return False
        return not self._is_said_again(decoded, sound)

    def _is_said_again(self, decoded: DecodedWindow, sound: Sound) -> bool:
        """Whether a text repeats itself because the recording does."""
        return is_repeated(decoded, self._tokenizer) and self._without_loop(decoded, sound) is decoded

    def _without_loop(self, decoded: DecodedWindow, sound: Sound) -> DecodedWindow:
        """Remove what was only read in a loop; done once for each text, while the state holds its encoding."""
        if self._said is None or self._said[0] is not decoded:
            self._said = decoded, without_loop(decoded, sound, self._tokenizer, self._listener, self._aligner())
        return self._said[1]

    def _aligner(self) -> Aligner | None:
        """Make an aligner for the tokens of the window read last; None where the model cannot align."""
        if not self._has_alignment:
            return None
        start = (*self._tokenizer.sot_sequence(self.language, self._options.task), self._tokenizer.no_timestamps)
        return Aligner(self._state, start, self._tokenizer.eot, self._attention_lead)

    def _is_borne_out(self, decoded: DecodedWindow, sound: Sound) -> bool:
        """Whether the sound holds the speech that a text in doubt needs, read in a loop or not."""
        return self._listener is None or self._listener.bears_out(self._without_loop(decoded, sound))

    def is_silent(self, decoded: DecodedWindow) -> bool:
        """Whether the window holds no speech, whatever was read there."""
        options = self._options
        if options.no_speech_threshold is None or decoded.no_speech_prob <= options.no_speech_threshold:
            return False
        return options.logprob_threshold is None or decoded.avg_logprob <= options.logprob_threshold

    def _encode(self, features: FloatArray) -> None:
        began = time.perf_counter()
        self._state.encode(features)
        self.n_windows += 1
        self.encode_s += time.perf_counter() - began

    def _prompt(self, previous: Sequence[int], seconds: float) -> Prompt:
        """Make the prompt from which the decoding of a window starts."""
        return make_prompt(
            self._tokenizer,
            self._dims.n_text_ctx,
            language=self.language,
            task=self._options.task,
            timestamps=self._options.timestamps,
            initial=self._initial,
            previous=previous,
            seconds=seconds,
        )

    @property
    def may_look_ahead(self) -> bool:
        """Whether the next window may ask for what follows it: its language is still to be found."""
        return self._tokenizer.is_multilingual and not self._is_settled

    def settle_language(self) -> None:
        """Keep the language that was found for the windows to come: there is speech in the one read last."""
        self._is_settled = True

    @property
    def _expects_doubt(self) -> bool:
        """Whether more speech is to be heard first: after the window, it would have to be encoded once more."""
        return self.may_look_ahead and self._earlier is not None and self._earlier.language_in_doubt

    def _find_language(self, sound: Sound, n_encoded: int, more: list[dict[str, float]] | None) -> None:
        """Find the language of the encoded window, unless it is known; `more` is what more speech says, if heard."""
        if not self._tokenizer.is_multilingual or (self._is_settled and not self._options.multilingual):
            return
        probabilities = self._detect()
        in_doubt = not self._is_settled and next(iter(probabilities.values())) < _SURE_OF_LANGUAGE
        if self._earlier is not None:
            self._earlier.language_in_doubt = in_doubt
        if in_doubt and more is None:
            more = self._hear_more(sound)
            if more:
                self._encode(window_features(sound.raw, n_encoded))
        if in_doubt and more:
            probabilities = combine([probabilities, *more])
        self.language = next(iter(probabilities))
        _LOG.info("detected language %s (%.0f %%)", self.language, 100 * probabilities[self.language])
        if not self._is_settled:
            least = _LEAST_SHOWN if self._options.candidate_languages is None else 0.0
            self.language_probabilities = {code: one for code, one in probabilities.items() if one >= least}

    def _hear_more(self, sound: Sound) -> list[dict[str, float]]:
        """Detect the language of more speech: of this window from where somebody speaks on, and of the next one."""
        found = []
        ahead = self._look_ahead(sound)
        for one in (sound, ahead):
            first = 0 if one is None or self._listener is None else speech_start(one, self._listener)
            if one is None or first is None or (one is sound and not first):
                continue
            self._encode(window_features(one.part(first, one.n_frames).raw, self.n_window))
            found.append(self._detect())
        if self._listener is not None:
            self._listener.turn_to(sound)
        return found

    def _detect(self) -> dict[str, float]:
        began = time.perf_counter()
        probabilities = detect_language(self._state, self._tokenizer, self._options.candidate_languages)
        self.decode_s += time.perf_counter() - began
        return probabilities

    def _decode(self, prompt: Prompt, temperature: float, seek: int) -> DecodedWindow:
        began = time.perf_counter()
        if temperature == 0:
            decoded = self._search(self._state, prompt)
        else:
            # A draw depends on the place in the recording, and on nothing that was read before.
            seeds = (self._options.seed, seek, round(temperature * 1000))
            decoded = self._draw(self._state, prompt, temperature, np.random.default_rng(seeds))
        decoded = self._first_sound(decoded)
        self.decode_s += time.perf_counter() - began
        self.n_tokens += len(decoded.tokens)
        return decoded

    def _boosted(self, decoded: DecodedWindow, prompt: Prompt) -> DecodedWindow:
        """Put in words of the vocabulary, where the text sounds like them."""
        if self._booster is None or not decoded.watched or self._fails(decoded):
            return decoded
        began = time.perf_counter()
        is_held = self._options.n_beams == 1  # a greedy search that passes was decoded last
        decoded = self._booster(self._state, prompt, decoded, self.language, is_held=is_held)
        self.decode_s += time.perf_counter() - began
        return decoded

    def _first_sound(self, decoded: DecodedWindow) -> DecodedWindow:
        """Choose the best reading of a search that passes; the best of all if no reading does."""
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
