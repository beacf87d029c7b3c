"""Words against a reference: Whisper's text normalizers, edit counts, and run-on loops."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby

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


def score(reference: str, transcript: str, language: str | None = None, *, joined: bool = False) -> Errors:
    """Count the edits between a reference and a transcript, both normalized.

    With `joined` it counts what was heard, not how it is written: see `join_spelled`.
    """
    import jiwer

    normalize = normalizer(language)
    expected, heard = normalize(reference).split(), normalize(transcript).split()
    said = normalize(reference.translate(_WITHOUT_BRACKETS))  # what stands in brackets counts for nothing, but is read
    loops = int(runs_on(said.split(), heard))
    if joined:
        expected, heard = join_spelled(expected, heard)
    output = jiwer.process_words(" ".join(expected), " ".join(heard))
    return Errors(
        words=len(expected),
        substitutions=output.substitutions,
        deletions=output.deletions,
        insertions=output.insertions,
        loops=loops,
    )


def join_spelled(expected: Sequence[str], heard: Sequence[str]) -> tuple[list[str], list[str]]:
    """Join letters and digits that follow one another to one word, in two normalized texts that are to be compared.

    "p i t t" is "pitt", and where one text has that, "pit t" of the other is the same; so is "4720" beside "4 7 20".
    The letter o and the digit 0 are the same too, as they are to Whisper's normalizer where they stand alone.
    """
    words, runs = _joined(expected)
    others, other_runs = _joined(heard)
    return _meeting(words, other_runs), _meeting(others, runs)


def _joined(words: Sequence[str]) -> tuple[list[str], set[str]]:
    """Join runs of letters and numbers; gives the runs too."""
    found: list[str] = []
    runs: set[str] = set()
    for is_spelled, group in groupby(words, _is_spelled):
        if is_spelled:
            run = _plain(list(group))
            runs.add(run)
            found.append(run)
        else:
            found += group
    return found, runs


def _is_spelled(word: str) -> bool:
    return (len(word) == 1 and word.isalpha()) or word.isdecimal() or word == "one"


def _plain(words: Sequence[str]) -> str:
    """Write words as one, in the way in which runs are compared."""
    return "".join(words).replace("one", "1").replace("o", "0")


def _meeting(words: Sequence[str], runs: Collection[str]) -> list[str]:
    """Put words together that, one after the other, are a run of the other text."""
    longest = max(map(len, runs), default=0)
    found: list[str] = []
    first = 0
    while first < len(words):
        last = first + 1
        while (run := _plain(words[first:last])) not in runs and len(run) < longest and last < len(words):
            last += 1
        is_run = run in runs
        found.append(run if is_run else words[first])
        first = last if is_run else first + 1
    return found


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
