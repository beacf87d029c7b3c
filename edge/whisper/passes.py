"""Reads a turn that still goes on: greedily, without timestamps, with the words that are stable as its beginning.

The turn is encoded with landmarks in place of the padding, and the attention by which words are placed is collected
while they are decoded, so that a pass is one encoding and one search.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np

from ..arrays import FloatArray
from ..live.passes import HeardWord, Pass
from ..options import TranscribeOptions
from .engines.protocol import State
from .features import FRAMES_PER_SECOND, LogMel, window_features
from .file.dims import FRAMES_PER_POSITION
from .file.landmarks import clip_positions
from .parts import Parts, rules_of
from .search.greedy import Hypothesis, make_prompt, rank, summarize
from .search.language import detect_language
from .search.rules import IdArray, pick_greedy, probability
from .tokens import Tokenizer
from .trust.doubts import repeats_itself, speech_needed_s, too_much
from .words.align import clean_attention
from .words.pieces import UNSPACED_LANGUAGES, group_words
from .words.times import is_speech, place_words

_SURE_OF_LANGUAGE_S, _SURE_OF_LANGUAGE = 1.0, 0.6
"""Seconds of speech after which the language of a turn is kept, and the probability that it needs."""
_LONG_ENOUGH_S = 4.0
"""Seconds of speech after which the likeliest language is kept, whatever its probability."""
_SHORTEST_S = 2.5
"""Seconds of a turn up to which a share of it must be speech for a text in doubt, and not an amount."""
_LETTER = re.compile(r"\w")
_GROWS = re.compile(rb"[0-9A-Za-z\-\x80-\xff]|'[A-Za-z]")
"""First bytes of a token that goes on with the word before it."""


class WhisperPasses:
    """A reader of one turn (edge.live.passes.PassReader)."""

    def __init__(
        self,
        model: Parts,
        state: State,
        options: TranscribeOptions,
        language: str | None,
        give_back: Callable[[], None] = lambda: None,
    ) -> None:
        """Begin a turn in a language; None detects it. `give_back` is called when the state is free again."""
        self._engine, self._tokenizer = model.engine, model.tokenizer
        self._state = state
        self._options = options
        self._language = language if model.tokenizer.is_multilingual else "en"
        self._give_back: Callable[[], None] | None = give_back
        self._rules = rules_of(model, options, timestamps=False)
        self._lead = model.attention_lead
        self._tail = model.engine.tail if options.context == "tail" else None
        self._log_mel = LogMel(model.mel_filters)
        self._frames = [np.zeros((0, self._log_mel.n_mels), np.float32)]
        initial = (options.initial_prompt or "").strip()
        self._initial = self._tokenizer.encode(f" {initial}") if initial else []
        self._grows: IdArray | None = None

    def feed(self, samples: FloatArray) -> None:
        """Take the next samples (n_samples,), mono at 16 kHz."""
        self._frames.append(self._log_mel.feed(samples))

    def read(self, kept: Sequence[HeardWord], heard_s: float) -> Pass:
        """Read all that has come, with `kept` as the words that it begins with; `heard_s` of it sound like speech."""
        raw = self._raw()
        seconds = len(raw) / FRAMES_PER_SECOND
        self._encode(raw)
        language, is_sure = self._language, True
        if language is None:
            language, is_sure = self._detect(heard_s)
        forced = [token for word in kept[:-1] for token in (*word.tokens, *word.sign_tokens)]
        forced += kept[-1].tokens if kept else ()
        new, logprobs, attention, no_speech = self._search(language, forced, seconds)
        n_signs = self._signs_at(new) if kept else 0
        words = [*kept, *self._group(new[n_signs:], logprobs[n_signs:], language)]
        if kept and n_signs:
            signs = tuple(new[:n_signs])
            words[len(kept) - 1] = _with_signs(kept[-1], self._tokenizer.decode(signs), signs)
        elif kept:
            words[len(kept) - 1] = _with_signs(kept[-1], "", ())
        found = Hypothesis(tuple(new), tuple(logprobs), rank(sum(logprobs), len(new)))
        decoded = summarize(found, no_speech, self._tokenizer)
        placed = self._place(words, len(kept), len(forced) + n_signs, attention, raw)
        needed_s = speech_needed_s(decoded, max(seconds, _SHORTEST_S), self._tokenizer)
        believed = heard_s >= needed_s and not (needed_s and too_much(len(new), heard_s))
        believed = believed and is_sure and not repeats_itself([*forced, *new]) and bool(words)
        return Pass(tuple(placed), seconds, decoded.avg_logprob, believed, language)

    def words(self, text: str, at_s: float) -> tuple[HeardWord, ...]:
        """Divide a text into words, all of them at one second of the turn."""
        tokens = self._tokenizer.encode(text)
        found = self._group(tokens, [0.0] * len(tokens), self._language or "en")
        return tuple(_placed(word, at_s, at_s) for word in found)

    def close(self) -> None:
        """Give back the state; harmless when already done."""
        if self._give_back is not None:
            give_back, self._give_back = self._give_back, None
            give_back()

    def _raw(self) -> FloatArray:
        """Join the frames that came so far, at most a window of them."""
        if len(self._frames) > 1:
            self._frames = [np.concatenate(self._frames)]
        return self._frames[0][: self._engine.dims.n_audio_ctx * FRAMES_PER_POSITION]

    def _encode(self, raw: FloatArray) -> None:
        n_positions = self._engine.dims.n_audio_ctx
        if self._tail is not None:
            n_positions = clip_positions(self._tail, len(raw), self._engine.dims)
        self._state.encode(window_features(raw, n_positions * FRAMES_PER_POSITION))

    def _detect(self, heard_s: float) -> tuple[str, bool]:
        """Detect the language; gives whether it is sure as well, and then keeps it."""
        probabilities = detect_language(self._state, self._tokenizer, self._options.candidate_languages)
        language, share = next(iter(probabilities.items()))
        is_sure = heard_s >= _SURE_OF_LANGUAGE_S and share >= _SURE_OF_LANGUAGE
        if is_sure or heard_s >= _LONG_ENOUGH_S:
            self._language = language
        return language, is_sure

    def _search(
        self, language: str, forced: Sequence[int], seconds: float
    ) -> tuple[list[int], list[float], FloatArray, float]:
        """Find the tokens after `forced`, their log-probabilities, and the attention (n_heads, n_rows, n_keys) of all.

        The first row belongs to the first token of the text; there is one more row than tokens.
        """
        tokenizer, state = self._tokenizer, self._state
        n_text_ctx = self._engine.dims.n_text_ctx
        task = self._options.task
        prompt = make_prompt(
            tokenizer, n_text_ctx, language=language, task=task, timestamps=False, initial=self._initial
        )
        before, start = prompt.tokens[: prompt.sot_index], prompt.tokens[prompt.sot_index :]
        state.rewind(0)
        if before:
            state.decode(np.array([before], np.int32))
        rows = state.decode(np.array([start], np.int32), last_only=False, alignment=True)[0]
        no_speech, logits = probability(rows[0], tokenizer.no_speech), rows[-1]
        attention = [state.alignment()[0]]
        if forced:
            logits = state.decode(np.array([forced], np.int32), alignment=True)[0, -1]
            attention.append(state.alignment()[0])
        most = min(n_text_ctx - len(prompt.tokens) - len(forced), _most_tokens(seconds))
        new: list[int] = []
        logprobs: list[float] = []
        while len(new) < most:
            allowed = self._rules.apply(logits, [*forced, *new])
            if forced and not new and language not in UNSPACED_LANGUAGES:
                allowed[self._growing()] = -np.inf
            token, logprob = pick_greedy(allowed)
            logprobs.append(logprob)
            if token == tokenizer.eot:
                break
            new.append(token)
            logits = state.decode(np.array([[token]], np.int32), alignment=True)[0, -1]
            attention.append(state.alignment()[0])
        return new, logprobs, np.concatenate(attention, axis=1)[:, len(start) - 1 :], no_speech

    def _growing(self) -> IdArray:
        """List the tokens that go on with the word before them: a word that is stable may not grow."""
        if self._grows is None:
            self._grows = _growing_tokens(self._tokenizer)
        return self._grows

    def _signs_at(self, tokens: Sequence[int]) -> int:
        """Count the tokens at the beginning that are signs behind the word before."""
        for index, token in enumerate(tokens):
            text = self._tokenizer.decode([token])
            if text[:1].isspace() or _LETTER.search(text):
                return index
        return len(tokens)

    def _group(self, tokens: Sequence[int], logprobs: Sequence[float], language: str) -> list[HeardWord]:
        """Group tokens into words, without their times."""
        return [
            HeardWord(
                said=self._tokenizer.decode(tokens[word.first : word.spoken_stop]),
                signs=self._tokenizer.decode(tokens[word.spoken_stop : word.stop]),
                start=0.0,
                end=0.0,
                logprob=min(logprobs[word.spoken_first : word.spoken_stop]),
                tokens=tuple(tokens[word.first : word.spoken_stop]),
                sign_tokens=tuple(tokens[word.spoken_stop : word.stop]),
            )
            for word in group_words(tokens, self._tokenizer, language)
        ]

    def _place(
        self, words: Sequence[HeardWord], n_kept: int, n_before: int, attention: FloatArray, raw: FloatArray
    ) -> list[HeardWord]:
        """Place the words after the first `n_kept`, whose tokens come after `n_before` others, in time."""
        open_words = words[n_kept:]
        if not open_words:
            return list(words)
        firsts = np.cumsum([n_before, *(len(word.tokens) + len(word.sign_tokens) for word in open_words)]).tolist()
        spoken = [
            (first, first + len(word.tokens)) for (first, _), word in zip(pairwise(firsts), open_words, strict=True)
        ]
        n_positions = max(1, len(raw) // FRAMES_PER_POSITION)
        gain = clean_attention(attention[:, :, :n_positions])
        if self._lead:
            gain = np.pad(gain, ((0, 0), (self._lead, 0)))[:, :n_positions]
        places = place_words([(0, n_before), *spoken] if n_before else spoken, gain, is_speech(raw))
        at = places[1:] if n_before else places
        timed = [
            _placed(word, first / FRAMES_PER_SECOND, stop / FRAMES_PER_SECOND)
            for word, (first, stop) in zip(open_words, at, strict=True)
        ]
        return [*words[:n_kept], *timed]


def _most_tokens(seconds: float) -> int:
    return round(16 + 12 * seconds)


def _growing_tokens(tokenizer: Tokenizer) -> IdArray:
    grows = (token for token in range(tokenizer.eot) if _GROWS.match(tokenizer.decode_bytes([token])))
    return np.fromiter(grows, np.intp)


def _with_signs(word: HeardWord, signs: str, tokens: tuple[int, ...]) -> HeardWord:
    return HeardWord(word.said, signs, word.start, word.end, word.logprob, word.tokens, tokens)


def _placed(word: HeardWord, start: float, end: float) -> HeardWord:
    return HeardWord(word.said, word.signs, start, end, word.logprob, word.tokens, word.sign_tokens)
