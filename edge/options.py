"""How to transcribe: the settings, checked when they are made."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Literal, TypedDict, get_args

from .errors import OptionError
from .languages import LANGUAGES, language_code
from .listen.vad.options import VadOptions
from .values import choice, flag, optional, real, several, shown, text, whole

Task = Literal["transcribe", "translate"]
Context = Literal["tail", "full"]

TEMPERATURES = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
"""openai-whisper's: the likeliest text first, and ever freer draws for windows in which that fails."""

MOST_COMPRESSION = 2.4
"""Factor by which zlib makes a text smaller that repeats itself; openai-whisper's bound."""

LEAST_LOGPROB = -1.0
"""Mean log-probability below which a text is a guess; openai-whisper's bound."""

MOST_BEAMS = 32
"""Sequences that the engine decodes at once."""

VOCABULARY_PATHS = 5
"""Paths that are followed at once when words of a vocabulary are looked for."""

MOST_WORDS = 10_000
"""Of a vocabulary."""

MOST_LETTERS = 80
"""Of a word or name in it."""

MOST_PROMPT_LETTERS = 10_000
"""Of an initial prompt; its last 223 tokens count, which are a tenth of that."""

_MODELS = -1
"""Stands for the model's own list among the ids of `suppress_tokens`."""

_BEAMS = (whole, 1, MOST_BEAMS, f"1 to {MOST_BEAMS}")

_NUMBERS: dict[str, tuple[Callable[..., float], float, float, str]] = {
    "max_tokens": (whole, 1, sys.maxsize, "1 or more, or None for the model's own"),
    "beam_size": _BEAMS,
    "best_of": _BEAMS,
    "n_best": _BEAMS,
    "patience": (real, sys.float_info.min, 100, "a factor above 0, such as 1.0 or 2.0"),
    "length_penalty": (real, 0, 1, "0 to 1, or None for the mean"),
    "seed": (whole, 0, 2**64 - 1, "a number of 0 or more, below 2**64"),
    "compression_ratio_threshold": (real, 0, math.inf, "a factor such as 2.4, or None for none"),
    "no_speech_threshold": (real, 0, 1, "a probability, 0 to 1"),
    "logprob_threshold": (real, -math.inf, math.inf, "a number such as -1.0, or None for none"),
    "max_initial_timestamp": (real, 0, 30, "seconds within the window, 0 to 30"),
    "vocabulary_strength": (real, 0, 100, "nats a token, such as 3.5"),
}
"""What each number may be: its kind, the least, the most, and both in words."""

_MAY_BE_NONE = frozenset(_NUMBERS) - {"best_of", "n_best", "patience", "seed", "vocabulary_strength"}

_MOST_IDS = 1_000_000
_MOST_TEMPERATURES = 100
_VAD = "True, False or 'auto'"

Vad = bool | Literal["auto"]
"""When to listen for speech."""


class Settings(TypedDict, total=False):
    """The fields of `TranscribeOptions`, for functions that take them as keywords."""

    language: str | None
    languages: Iterable[str] | None
    multilingual: bool
    task: Task
    timestamps: bool
    max_tokens: int | None
    suppress_tokens: str | Iterable[int] | None
    condition_on_previous_text: bool
    beam_size: int | None
    patience: float
    length_penalty: float | None
    temperature: float | Iterable[float]
    best_of: int
    n_best: int
    seed: int
    compression_ratio_threshold: float | None
    no_speech_threshold: float | None
    logprob_threshold: float | None
    context: Context
    max_initial_timestamp: float | None
    word_timestamps: bool
    vad: Vad
    vad_options: VadOptions
    initial_prompt: str | None
    vocabulary: Iterable[str] | None
    vocabulary_strength: float


@dataclass(frozen=True, slots=True)
class TranscribeOptions:
    """Settings of one transcription; the names are openai-whisper's, and the defaults mostly so."""

    language: str | None = None
    """Code or English name of the language spoken; None (or "auto") detects it in the first window."""
    languages: Iterable[str] | None = None
    """Codes or names of the languages that detection chooses among; None is all that the model knows."""
    multilingual: bool = False
    """Detect the language in every window, for recordings in which it changes."""
    task: Task = "transcribe"
    """"translate" writes English whatever the language."""
    timestamps: bool = True
    """Let the model place timestamps, and seek by them; otherwise windows of 30 s follow one another."""
    max_tokens: int | None = None
    """Most tokens of a window; None is half of the model's context (224)."""
    suppress_tokens: str | Iterable[int] | None = None
    """Tokens never to write; None is the model's list: annotations such as "(laughs)", quotation marks. -1 among them
    stands for that list, as in openai-whisper, which takes a text such as "-1,50257" too."""
    condition_on_previous_text: bool = False
    """Show the model what it wrote before: more consistent names, but loops carry over."""
    beam_size: int | None = None
    """Sequences that a search at temperature 0 follows; 1 is greedy. None is 1, or `n_best`."""
    patience: float = 1.0
    """The beam search ends when `beam_size` times this many sequences have ended."""
    length_penalty: float | None = None
    """Exponent of Google NMT's length penalty, 0 to 1; None ranks by the mean over the tokens."""
    temperature: float | Iterable[float] = TEMPERATURES
    """A temperature, or several of rising order: the next is tried where a window's text fails the thresholds."""
    best_of: int = 5
    """Sequences to draw at a temperature above 0; the likeliest is taken."""
    n_best: int = 1
    """Readings to give for each segment, at most; 1 for none but its text."""
    seed: int = 0
    """Of what is drawn at temperatures above 0: the same seed gives the same text."""
    compression_ratio_threshold: float | None = MOST_COMPRESSION
    """A text fails that zlib makes smaller by more than this factor: it repeats itself. None never fails it."""
    no_speech_threshold: float | None = 0.6
    """A window is silent when its no-speech probability is above this …"""
    logprob_threshold: float | None = LEAST_LOGPROB
    """… unless its mean log-probability is above this. None for either switches that half off. A text below it
    fails, if the window is not silent."""
    context: Context = "tail"
    """What stands behind a clip shorter than the window: the model file's landmarks of the padding ("tail"), with a
    second look in full where the result is suspicious, or always the whole padding ("full"), at 30 s of work."""
    max_initial_timestamp: float | None = 1.0
    """The first timestamp of a window is at most this many seconds."""
    word_timestamps: bool = False
    """Tell when each word is said and how sure it is, at the cost of one more pass of the decoder over each window.
    Segments then begin with their first word and end with their last."""
    vad: Vad = "auto"
    """Whether to listen for speech: "auto" where a window's text is in doubt, and drops it if nobody speaks there;
    True in all of the recording, transcribing only where somebody speaks, chunk by chunk; False never."""
    vad_options: VadOptions = field(default_factory=VadOptions)
    """What counts as speech."""
    initial_prompt: str | None = None
    """A text that the model is shown before every window, as if it had been said: names, style. The last 223 tokens
    count, and what `condition_on_previous_text` shows gets the room that is left."""
    vocabulary: Iterable[str] | None = None
    """Words and names that are likely to be said, spelled as they are to be written (edge.whisper.vocabulary.boost)."""
    vocabulary_strength: float = 3.5
    """By how many nats a token a word of a short vocabulary may be less likely than what the model wrote."""

    def __post_init__(self) -> None:
        # Frozen means for everyone else: the fields hold plain values, codes and tuples, whatever was given.
        language = None if self.language is None else text("language", self.language, MOST_LETTERS)
        language = None if language in (None, "auto") else language_code(language)
        self._set(
            language=language,
            languages=_language_codes(self.languages, language),
            task=choice("task", self.task, get_args(Task)),
            context=choice("context", self.context, get_args(Context)),
            suppress_tokens=_token_ids(self.suppress_tokens),
            initial_prompt=optional(text, "initial_prompt", self.initial_prompt, MOST_PROMPT_LETTERS),
            vocabulary=word_list(self.vocabulary),
            vad=self.vad if isinstance(self.vad, str) and self.vad == "auto" else flag("vad", self.vad, _VAD),
        )
        for name in ("multilingual", "timestamps", "condition_on_previous_text", "word_timestamps"):
            self._set(**{name: flag(name, getattr(self, name))})
        if not isinstance(self.vad_options, VadOptions):
            raise OptionError(f"vad_options is {shown(self.vad_options)}; expected a VadOptions")
        self._check_numbers()

    def _set(self, **fields: Any) -> None:
        for name, value in fields.items():
            object.__setattr__(self, name, value)

    def _check_numbers(self) -> None:
        self._set(temperature=_temperatures(self.temperature))
        for name, (check, least, most, expected) in _NUMBERS.items():
            value = getattr(self, name)
            if value is not None or name not in _MAY_BE_NONE:
                self._set(**{name: check(name, value, least, most, expected)})
        n_found, name = (self.best_of, "best_of") if self.temperatures[0] else (self.n_beams, "beam_size")
        if self.n_best > n_found:
            raise OptionError(f"n_best is {self.n_best}, but {name} {n_found} finds no more than that: raise {name}")

    @property
    def n_beams(self) -> int:
        """Sequences that the search at temperature 0 follows."""
        return self.n_best if self.beam_size is None else self.beam_size

    @property
    def temperatures(self) -> tuple[float, ...]:
        """The temperatures to try, in order."""
        return _temperatures(self.temperature)

    @property
    def n_sequences(self) -> int:
        """Most sequences that are decoded at once: what a state has to have room for."""
        draws = any(temperature > 0 for temperature in self.temperatures)
        n_search = self.n_beams if self.temperatures[0] == 0 else 1
        return max(n_search, self.best_of if draws else 1, VOCABULARY_PATHS if self.words else 1)

    @property
    def words(self) -> tuple[str, ...]:
        """The vocabulary."""
        return tuple(self.vocabulary or ())

    @property
    def candidate_languages(self) -> tuple[str, ...] | None:
        """The codes that detection chooses among; None for all."""
        return None if self.languages is None else tuple(self.languages)

    def suppressed(self, of_model: Iterable[int]) -> tuple[int, ...]:
        """Tokens never to write, where `of_model` is the model's list of them."""
        if self.suppress_tokens is None:
            return tuple(of_model)
        given = tuple(map(int, self.suppress_tokens))
        return (*of_model, *(token for token in given if token != _MODELS)) if _MODELS in given else given


def word_list(words: Iterable[str] | None) -> tuple[str, ...]:
    """The words of a vocabulary, each once, blanks tidied; OptionError where it is none."""
    example = f"[{shown(words)}]" if isinstance(words, str) else '["Makan", "San Francisco"]'
    given = several("vocabulary", () if words is None else words, 10 * MOST_WORDS, example)
    whole_words = (text("a word of vocabulary", word, MOST_LETTERS * 10) for word in given)
    found = tuple(dict.fromkeys(tidy for tidy in (" ".join(word.split()) for word in whole_words) if tidy))
    if len(found) > MOST_WORDS:
        raise OptionError(f"vocabulary has {len(found)} words; expected at most {MOST_WORDS}")
    for word in found:
        if len(word) > MOST_LETTERS:
            raise OptionError(f"vocabulary has {word[:40]!r}…; expected words of at most {MOST_LETTERS} letters")
    return found


def _language_codes(languages: Iterable[str] | None, language: str | None) -> tuple[str, ...] | None:
    if languages is None:
        return None
    given = several("languages", languages, 10 * len(LANGUAGES), '("en", "de")')
    codes = tuple(dict.fromkeys(language_code(text("a language", name, MOST_LETTERS)) for name in given))
    if not codes:
        raise OptionError("languages is empty; expected at least one, or None for all that the model knows")
    if language is not None and language not in codes:
        raise OptionError(f"language is {language!r}, which is none of languages, {', '.join(codes)}: leave one out")
    return codes


def _token_ids(tokens: str | Iterable[int] | None) -> tuple[int, ...] | None:
    """Ids of a list, or of a text of them between commas; None where they are the model's list."""
    if tokens is None:
        return None
    expected = f"token ids, and {_MODELS} for the model's list"
    if isinstance(tokens, str):  # as openai-whisper takes them
        try:
            tokens = [int(token) for token in tokens.split(",") if token.strip()]
        except ValueError:
            raise OptionError(f"suppress_tokens is {shown(tokens)}; expected {expected}") from None
    given = several("suppress_tokens", tokens, _MOST_IDS, f"[{_MODELS}]")
    found = tuple(dict.fromkeys(whole("suppress_tokens", token, _MODELS, sys.maxsize, expected) for token in given))
    return None if found == (_MODELS,) else found


def _temperatures(temperature: float | Iterable[float]) -> tuple[float, ...]:
    expected = "a number from 0 to 2, or several of rising order"
    is_one = isinstance(temperature, (str, bytes)) or not isinstance(temperature, Iterable)
    if is_one or getattr(temperature, "ndim", None) == 0:
        given: tuple[object, ...] = (temperature,)
    else:
        given = several("temperature", temperature, _MOST_TEMPERATURES, "(0, 0.2, 0.4)")
    found = tuple(real("temperature", one, -math.inf, math.inf, expected) for one in given)
    rising = all(earlier < later for earlier, later in pairwise(found))
    if not found or not rising or not all(0 <= one <= 2 for one in found):
        raise OptionError(f"temperature is {', '.join(f'{one:g}' for one in found) or 'empty'}; expected {expected}")
    return found
