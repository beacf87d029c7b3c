"""Words against a reference: Whisper's text normalizers, edit counts, and run-on loops."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from ..errors import EdgeError

_UNSPACED_LANGUAGES = frozenset({"zh", "ja", "th", "lo", "my", "yue"})
"""Languages written without spaces: every letter counts as a word, as Whisper's authors score them."""

_MAX_PHRASE_WORDS = 12
_LOOP_REPEATS = 4
"""Repeats of one phrase in a row that make a loop, unless the speaker says it as often."""
_WITHOUT_BRACKETS = str.maketrans("()[]<>", " " * 6)
_RUN_ON_RATIO, _RUN_ON_WORDS = 1.5, 8
"""Factor and number of words by which a transcript that reads something twice is longer."""


@dataclass(frozen=True, slots=True)
class Errors:
    """Edits between a reference and a transcript, added up over any number of them."""

    words: int = 0
    """Words of the reference."""
    substitutions: int = 0
    deletions: int = 0
    insertions: int = 0
    loops: int = 0
    """Transcripts that repeat themselves or run on."""

    @property
    def edits(self) -> int:
        """Number of all edits."""
        return self.substitutions + self.deletions + self.insertions

    @property
    def rate(self) -> float | None:
        """Word error rate, 1.0 for as many edits as words; None without a word to hear."""
        return self.edits / self.words if self.words else None


def require_scoring() -> None:
    """Raise EdgeError if the packages that compare words are not installed."""
    try:
        import jiwer  # noqa: F401
        import whisper_normalizer  # noqa: F401
    except ImportError as error:
        raise EdgeError(f'counting wrong words needs more ({error}): pip install "edgewise[export]"') from error


def score(reference: str, transcript: str, language: str | None = None) -> Errors:
    """Count the edits between a reference and a transcript, both normalized."""
    import jiwer

    normalize = normalizer(language)
    expected, heard = normalize(reference), normalize(transcript)
    output = jiwer.process_words(expected, heard)
    said = normalize(reference.translate(_WITHOUT_BRACKETS))  # what stands in brackets counts for nothing, but is read
    return Errors(
        words=len(expected.split()),
        substitutions=output.substitutions,
        deletions=output.deletions,
        insertions=output.insertions,
        loops=int(runs_on(said.split(), heard.split())),
    )


def total(errors: Iterable[Errors]) -> Errors:
    """Add up the edits of several transcripts."""
    counted = list(errors)
    return Errors(
        words=sum(one.words for one in counted),
        substitutions=sum(one.substitutions for one in counted),
        deletions=sum(one.deletions for one in counted),
        insertions=sum(one.insertions for one in counted),
        loops=sum(one.loops for one in counted),
    )


def runs_on(reference: Sequence[str], transcript: Sequence[str]) -> bool:
    """Tell whether a transcript is far longer than what was said, or says one phrase over and over."""
    too_long = len(transcript) > _RUN_ON_RATIO * len(reference)
    if reference and too_long and len(transcript) - len(reference) >= _RUN_ON_WORDS:
        return True
    repeats = longest_repeat(transcript)
    return repeats >= _LOOP_REPEATS and repeats > longest_repeat(reference)


def longest_repeat(words: Sequence[str]) -> int:
    """Count how often the phrase that is repeated most in a row is said there; 1 where no phrase is."""
    most = min(1, len(words))
    for width in range(1, min(_MAX_PHRASE_WORDS, len(words) // 2) + 1):
        matching = 0
        for here, there in zip(words, words[width:], strict=False):
            matching = matching + 1 if here == there else 0
            most = max(most, 1 + matching // width)
    return most


@lru_cache
def normalizer(language: str | None) -> Callable[[str], str]:
    """Return Whisper's normalizer for texts of a language; None is English."""
    if language in (None, "en"):
        from whisper_normalizer.english import EnglishTextNormalizer

        english: Callable[[str], str] = EnglishTextNormalizer()
        return english
    from whisper_normalizer.basic import BasicTextNormalizer

    basic: Callable[[str], str] = BasicTextNormalizer(split_letters=language in _UNSPACED_LANGUAGES)
    return basic
