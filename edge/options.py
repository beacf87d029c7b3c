"""How to transcribe: the settings, checked when they are made.

`TranscribeOptions` is the table that command lines, forms and configuration files are made from (edge/settings.py).
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal, TypedDict, get_args

from .correct.settings import BUDGET, CORRECT, Correct, Strength
from .errors import OptionError
from .kinds import Choice, Flag, Real, Special, Text, Whole
from .listen.vad.options import VadOptions
from .lists import (
    MOST_WORDS,
    THE_MODELS_TOKENS,
    language,
    languages,
    read_language,
    read_languages,
    read_temperatures,
    temperatures,
    token_ids,
    word_list,
)
from .llm.names import LANGUAGE_ENGINES, LanguageEngine
from .settings import check_fields, setting, table

Task = Literal["transcribe", "translate"]
Context = Literal["tail", "full"]
Vad = bool | Literal["auto"]
"""Answers to when to listen for speech."""

TEMPERATURES = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
"""Temperatures of openai-whisper: the likeliest text first, and ever freer draws for windows in which that fails."""

MOST_COMPRESSION = 2.4
"""Factor by which zlib makes a text smaller that repeats itself; openai-whisper's bound."""

LEAST_LOGPROB = -1.0
"""Mean log-probability below which a text is a guess; openai-whisper's bound."""

MOST_BEAMS = 32
"""Sequences that the engine decodes at once, at most."""

VOCABULARY_PATHS = 5
"""Paths that are followed at once when words of a vocabulary are looked for."""

CORRECTION_BEAMS = 10
"""Sequences that are followed at once when other readings are looked for, and texts that are judged at once."""

MOST_PROMPT_LETTERS = 10_000
"""Characters of an initial prompt, at most; its last 223 tokens count, which are a tenth of that."""

_SEQUENCES = Whole(1, MOST_BEAMS)
_ALL = "all that the model knows"
_THEIR_OWN = "the model's own list"

_LANGUAGE = Special("a code or English name such as en or German", language, read_language)
_LANGUAGES = Special("codes or names of languages such as en,de", languages, read_languages)
_TOKENS = Special("token ids such as -1,50257", token_ids, str)
_TEMPERATURES = Special("a number from 0 to 2, or several of rising order", temperatures, read_temperatures)
_WORDS = Special(f"up to {MOST_WORDS} words, one a line", word_list, str.splitlines)


class Settings(TypedDict, total=False):
    """Fields of `TranscribeOptions`, for functions that take them as keywords."""

    language: str | None
    languages: Iterable[str] | None
    multilingual: bool
    task: Task
    timestamps: bool
    max_tokens: int | None
    suppress_tokens: str | Iterable[int] | None
    condition_on_previous_text: bool
    parallel: bool
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
    correct: Correct | bool
    correct_budget: float | None
    llm_engine: LanguageEngine


@dataclass(frozen=True, slots=True)
class TranscribeOptions:
    """Settings of one transcription; the names are openai-whisper's, and the defaults mostly so."""

    language: str | None = field(
        default=None, metadata=setting(_LANGUAGE, group="language", metavar="LANG", none="the one detected")
    )
    """Language spoken, by code or English name, such as en or German. None (or "auto") detects it in the first
    window."""
    languages: Iterable[str] | None = field(
        default=None, metadata=setting(_LANGUAGES, group="language", metavar="LANG,LANG", none=_ALL)
    )
    """Languages that detection chooses among, by code or name, such as en,de."""
    multilingual: bool = field(default=False, metadata=setting(Flag(), group="language"))
    """Whether to detect the language in every window, for recordings in which it changes."""
    task: Task = field(default="transcribe", metadata=setting(Choice(get_args(Task)), group="language"))
    """Task of the model: write what is said, or translate it into English."""
    timestamps: bool = field(default=True, metadata=setting(Flag(), group="windows"))
    """Whether to let the model place timestamps, and go on where the last segment ends. Otherwise windows of 30 s
    follow one another."""
    max_tokens: int | None = field(
        default=None, metadata=setting(Whole(1), group="windows", metavar="N", none="half of the model's context")
    )
    """Tokens of a window's text, at most. Half of the context of every published model is 224."""
    suppress_tokens: str | Iterable[int] | None = field(
        default=None, metadata=setting(_TOKENS, group="windows", metavar="ID,ID", none=_THEIR_OWN)
    )
    """Tokens never to write, such as 50257,-1, where -1 stands for the model's own list. That list has annotations such
    as "(laughs)" and quotation marks. As in openai-whisper, a text of numbers between commas will do."""
    condition_on_previous_text: bool = field(default=False, metadata=setting(Flag(), group="windows"))
    """Whether to show the model what it wrote before: names become more consistent, but loops carry over."""
    parallel: bool = field(default=False, metadata=setting(Flag(), group="windows"))
    """Whether to cut a recording in its pauses, and read several of the sections at a time. Where nobody pauses
    for a minute, windows follow one another as ever."""
    beam_size: int | None = field(
        default=None, metadata=setting(_SEQUENCES, group="search", metavar="N", none="the value of `n_best`")
    )
    """Texts that the search at temperature 0 follows; 5 makes fewer errors than 1, and is slower. 1 is greedy."""
    patience: float = field(
        default=1.0,
        metadata=setting(
            Real(sys.float_info.min, 100, "a factor above 0, such as 1.0 or 2.0"), group="search", metavar="P"
        ),
    )
    """Factor of `beam_size`: the beam search ends when so many texts have ended."""
    length_penalty: float | None = field(
        default=None,
        metadata=setting(
            Real(0, 1, "0 to 1"), group="search", metavar="A", none="the mean over the tokens, without a penalty"
        ),
    )
    """Exponent of the length by which texts are ranked, 0 to 1, as in Google's neural machine translation."""
    temperature: float | Iterable[float] = field(
        default=TEMPERATURES, metadata=setting(_TEMPERATURES, group="search", metavar="T")
    )
    """Temperature at which tokens are drawn, 0 for the likeliest, or several of rising order. The next is tried where
    a window's text fails the thresholds."""
    best_of: int = field(default=5, metadata=setting(_SEQUENCES, group="search", metavar="N"))
    """Texts to draw at a temperature above 0, of which the likeliest is taken."""
    n_best: int = field(default=1, metadata=setting(_SEQUENCES, group="search", metavar="N"))
    """Different readings to give of each segment, at most, with their scores. JSON has them; 1 is the text alone."""
    seed: int = field(
        default=0,
        metadata=setting(Whole(0, 2**64 - 1, "a number of 0 or more, below 2**64"), group="search", metavar="N"),
    )
    """Number that decides what is drawn at temperatures above 0: the same seed gives the same text."""
    compression_ratio_threshold: float | None = field(
        default=MOST_COMPRESSION,
        metadata=setting(Real(0, math.inf, "a factor such as 2.4"), group="thresholds", metavar="X", none="no limit"),
    )
    """Factor of compression by zlib above which a text repeats itself too much, and fails."""
    no_speech_threshold: float | None = field(
        default=0.6,
        metadata=setting(Real(0, 1, "a probability, 0 to 1"), group="thresholds", metavar="P", none="no limit"),
    )
    """Probability of no speech above which a window is silent, if its text is unlikely as well."""
    logprob_threshold: float | None = field(
        default=LEAST_LOGPROB,
        metadata=setting(
            Real(-math.inf, math.inf, "a number such as -1.0"), group="thresholds", metavar="X", none="no limit"
        ),
    )
    """Mean log-probability of the tokens below which a text is unlikely: it fails, or the window is silent."""
    context: Context = field(default="tail", metadata=setting(Choice(get_args(Context)), group="windows"))
    """Padding of a clip shorter than 30 s: tail, a few positions that stand for it, or full, all of it. Where the
    result with the tail is suspicious, a second look is taken in full; "full" always costs 30 s of work."""
    max_initial_timestamp: float | None = field(
        default=1.0,
        metadata=setting(
            Real(0, 30, "seconds within the window, 0 to 30"), group="windows", metavar="S", none="no limit"
        ),
    )
    """Seconds into the window at which its first segment begins, at most."""
    word_timestamps: bool = field(default=False, metadata=setting(Flag(), group="words"))
    """Whether to find out when each word is said and how sure it is, which also makes the times of segments exact. It
    costs one more pass of the decoder over each window; segments then begin with their first word and end with their
    last."""
    vad: Vad = field(
        default="auto",
        metadata=setting(Flag("auto"), group="speech detection", default_words="only where a text is in doubt"),
    )
    """Whether to listen for speech first and transcribe only that, chunk by chunk. "auto" listens where a window's
    text is in doubt, and drops it if nobody speaks there; False never listens."""
    vad_options: VadOptions = field(default_factory=VadOptions, metadata=table(VadOptions, prefix="vad_"))
    """Settings of what counts as speech."""
    initial_prompt: str | None = field(
        default=None,
        metadata=setting(Text(MOST_PROMPT_LETTERS), group="vocabulary", metavar="TEXT", none="no prompt"),
    )
    """Text that the model is shown before every window, as if it had been said: names, style, a topic. The last 223
    tokens count, and what `condition_on_previous_text` shows gets the room that is left."""
    vocabulary: Iterable[str] | None = field(
        default=None, metadata=setting(_WORDS, group="vocabulary", metavar="WORDS", none="no words")
    )
    """Words and names that are likely to be said, spelled as they are to be written. One is put where the text is in
    doubt and sounds like it (edge.whisper.vocabulary.boost)."""
    vocabulary_strength: float = field(
        default=3.5,
        metadata=setting(Real(0, 100, "nats a token, such as 3.5"), group="vocabulary", metavar="S"),
    )
    """Nats a token by which a word of a short vocabulary may be less likely than what the model wrote."""
    correct: Correct | bool = field(default="off", metadata=setting(CORRECT, group="correction"))
    """Whether to correct single words by a second opinion: safe, on strong evidence, or most, more of them.
    English alone; the text as it was read stays with each segment."""
    correct_budget: float | None = field(
        default=None, metadata=setting(BUDGET, group="correction", metavar="TIME", none="no limit")
    )
    """Time for the corrections in a window of up to 30 s, such as 200ms. What would come later is left out, so that the
    text depends on how fast the machine is."""
    llm_engine: LanguageEngine = field(
        default="edgewise", metadata=setting(Choice(LANGUAGE_ENGINES), group="correction", metavar="ENGINE")
    )
    """Engine that runs the language model which judges corrections: edgewise, or llama.cpp where it is installed."""

    def __post_init__(self) -> None:
        # Frozen means for everyone else: the fields hold plain values, codes and tuples, whatever was given.
        check_fields(self)
        if self.parallel and self.condition_on_previous_text:
            raise OptionError(
                "parallel is True, but condition_on_previous_text shows each window the text before it, so that they "
                "must be read one after the other: leave one out"
            )
        codes = self.candidate_languages
        if self.language is not None and codes is not None and self.language not in codes:
            among = ", ".join(codes)
            raise OptionError(f"language is {self.language!r}, which is not among languages, {among}: leave one out")
        n_found, name = (self.best_of, "best_of") if self.temperatures[0] else (self.n_beams, "beam_size")
        if self.n_best > n_found:
            raise OptionError(f"n_best is {self.n_best}, but {name} {n_found} finds no more than that: raise {name}")

    @property
    def n_beams(self) -> int:
        """Number of sequences that the search at temperature 0 follows."""
        return self.n_best if self.beam_size is None else self.beam_size

    @property
    def temperatures(self) -> tuple[float, ...]:
        """Temperatures to try, in order."""
        return temperatures(self.temperature)

    @property
    def n_sequences(self) -> int:
        """Sequences that are decoded at once, at most: what a state has to have room for."""
        draws = any(temperature > 0 for temperature in self.temperatures)
        n_search = self.n_beams if self.temperatures[0] == 0 else 1
        n_judged = CORRECTION_BEAMS if self.strength is not None else 1
        return max(n_search, self.best_of if draws else 1, VOCABULARY_PATHS if self.words else 1, n_judged)

    @property
    def strength(self) -> Strength | None:
        """Strength of the correction; None where there is none to be made."""
        return None if self.correct == "off" or isinstance(self.correct, bool) else self.correct

    @property
    def words(self) -> tuple[str, ...]:
        """Words of the vocabulary."""
        return tuple(self.vocabulary or ())

    @property
    def candidate_languages(self) -> tuple[str, ...] | None:
        """Codes that detection chooses among; None is all."""
        return None if self.languages is None else tuple(self.languages)

    def suppressed(self, of_model: Iterable[int]) -> tuple[int, ...]:
        """List the tokens never to write, where `of_model` is the model's list of them."""
        if self.suppress_tokens is None:
            return tuple(of_model)
        given = tuple(map(int, self.suppress_tokens))
        if THE_MODELS_TOKENS not in given:
            return given
        return (*of_model, *(token for token in given if token != THE_MODELS_TOKENS))
