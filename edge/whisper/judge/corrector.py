"""Corrects the segments of a window, while the state of the model that read them holds its encoding.

Segments in whose words the model is sure cost nothing. For others, it and a second model read on from the first word in
doubt, with several beams; where their readings differ from the text, each difference is an edit. Every edited text is
then forced through both decoders, and shown to a language model. Whatever goes wrong, the text stays as it was.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from ...correct.edits import Edit, changes_of, edited, gather, is_small, words_of
from ...correct.gate import Case, Witness, choose, weights_for
from ...correct.protect import is_protected, own_words
from ...correct.settings import Strength
from ...correct.witnesses import LanguageModel
from ...errors import CancelledError
from ...options import CORRECTION_BEAMS
from ...transcript.types import Correction, Segment
from ..segments import decoding_of
from ..sound import Sound
from ..trust.confidence import token_probabilities
from .doubt import word_probabilities
from .hearing import Hearing
from .voice import Voice, tokens_before, with_text

_LOG = logging.getLogger("edge.whisper")

DOUBT = 0.9
"""Probability of a word below which it may be replaced: other edits gain nothing."""
_MOST_EDITS = 14
_OTHERS_FIRST = 10.0
"""Weight of the second model's best reading among others, each of which has 1."""
_SECOND_BEAMS = 5


@dataclass(frozen=True, slots=True)
class Judged:
    """A segment with all edits that were looked at, before any is made."""

    segment: Segment
    case: Case
    witnesses: tuple[Witness, ...]


Decide = Callable[[Judged], Sequence[Edit]]
"""Function that chooses the edits to be made."""


class Corrector:
    """A corrector of one window after another, with the witnesses that there are."""

    def __init__(
        self,
        own: Voice,
        second: Voice | None,
        language_model: LanguageModel | None,
        decide: Decide,
        *,
        vocabulary: Sequence[str] = (),
        budget_s: float | None = None,
        notes: Sequence[str] = (),
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        """Prepare; `own` speaks for the model that reads.

        `budget_s` is the time for a window: a witness whose turn comes later is not heard. `notes` tell who is missing.
        """
        self._own = own
        self._second = second
        self._language_model = language_model
        self._decide = decide
        self._vocabulary = own_words(vocabulary)
        self._budget_s = budget_s
        self._clock = clock
        self._notes = list(dict.fromkeys(notes))
        self._n_late = 0
        self.seconds = 0.0
        """Seconds spent."""

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences that tell who was not heard, and where."""
        late = f"for lack of time, words in doubt in {self._n_late} windows were not judged by all"
        return (*self._notes, *([late] if self._n_late else ()))

    def __call__(self, segments: Sequence[Segment], prompt: Sequence[int], sound: Sound) -> list[Segment]:
        """Judge the segments of a window, which were read after `prompt`, and put in what the gate lets pass."""
        began = self._clock()
        deadline = None if self._budget_s is None else began + self._budget_s
        window = _Window(self, segments, prompt, sound, deadline)
        found = [self._corrected(window, number) for number in range(len(segments))]
        self._n_late += window.is_late
        self.seconds += self._clock() - began
        return found

    def close(self) -> None:
        """Give back what the second model uses."""
        if self._second is not None:
            self._second.close()

    def _corrected(self, window: _Window, number: int) -> Segment:
        segment = window.segments[number]
        try:
            judged = window.judge(number)
            edits = () if judged is None else self._decide(judged)
            return segment if judged is None or not edits else _made(judged, edits, window.hear_own(number))
        except CancelledError:
            raise
        except Exception as error:  # whatever it is, the text stays as it was
            self.note("a segment could not be corrected", error)
            return segment

    def note(self, what: str, error: Exception) -> None:
        """Remember once that something went wrong."""
        _LOG.warning("%s: %s", what, error)
        told = f"{what}: {type(error).__name__}: {error}"
        if told not in self._notes:
            self._notes.append(told)


class _Window:
    """The window in which segments are corrected."""

    def __init__(
        self,
        corrector: Corrector,
        segments: Sequence[Segment],
        prompt: Sequence[int],
        sound: Sound,
        deadline: float | None,
    ) -> None:
        self.segments = segments
        self._corrector = corrector
        self._prompt = prompt
        self._sound = sound
        self._deadline = deadline
        self._second = corrector._second
        self._language_model = corrector._language_model
        self.is_late = False

    def judge(self, number: int) -> Judged | None:
        """Find the edits of a segment and what all witnesses say; None where there is nothing to be done."""
        segment = self.segments[number]
        own = self._corrector._own
        words = words_of(segment.text)
        probabilities = word_probabilities(segment, own.model.tokenizer)
        first = next((at for at, probability in enumerate(probabilities) if probability < DOUBT), None)
        if first is None or (self._second is None and self._language_model is None) or not self._in_time():
            return None
        begun = _text_before(segment.text, first)
        readings = [(text, 1.0) for text, _ in self.hear_own(number).readings(begun, segment.text, CORRECTION_BEAMS)]
        readings += self._readings_of_second(number, begun)
        edits = [edit for edit in gather(words, readings) if self._is_open(edit, words, probabilities)][:_MOST_EDITS]
        if not edits or not self._in_time():
            return None
        texts = [segment.text, *(edited(segment.text, [edit]) for edit in edits)]
        told = {"own": self.hear_own(number).score(texts, CORRECTION_BEAMS), **self._others(number, texts)}
        heard: dict[Witness, Sequence[float]] = {name: said for name, said in told.items() if said is not None}
        if "own" not in heard or len(heard) == 1:
            return None
        case = Case(
            words,
            probabilities,
            {
                edit: {name: said[at] - said[0] for name, said in heard.items()}
                for at, edit in enumerate(edits, start=1)
            },
        )
        return Judged(segment, case, tuple(heard))

    def hear_own(self, number: int) -> Hearing:
        """Turn the model that read the window to a segment."""
        own = self._corrector._own
        tokenizer = own.model.tokenizer
        return own.hear([*self._prompt, *tokens_before(self.segments, number, tokenizer, tokenizer)])

    def _hear_second(self, second: Voice, number: int) -> Hearing:
        second.encode(self._sound)
        mine, theirs = self._corrector._own.model.tokenizer, second.model.tokenizer
        return second.hear([*second.prompt(), *tokens_before(self.segments, number, mine, theirs)])

    def _readings_of_second(self, number: int, begun: str) -> list[tuple[str, float]]:
        """Let the second model read a segment; where it fails, it is not asked again in this window."""
        if self._second is None or not self._in_time():
            return []
        try:
            hearing = self._hear_second(self._second, number)
            found = hearing.readings(begun, self.segments[number].text, _SECOND_BEAMS)
        except CancelledError:
            raise
        except Exception as error:  # the others are still there
            self._corrector.note("the second opinion could not be had", error)
            self._second = None
            return []
        return [(text, 1.0 if at else _OTHERS_FIRST) for at, (text, _) in enumerate(found)]

    def _others(self, number: int, texts: Sequence[str]) -> dict[Witness, Sequence[float] | None]:
        """Ask the witnesses beside the recognizer about texts; one that fails or would be late is not heard."""
        told: dict[Witness, Sequence[float] | None] = {}
        if self._second is not None and self._in_time():
            try:
                told["second"] = self._hear_second(self._second, number).score(texts, CORRECTION_BEAMS)
            except CancelledError:
                raise
            except Exception as error:  # the others are still there
                self._corrector.note("the second opinion could not be had", error)
                self._second = None
        if self._language_model is not None and self._in_time():
            try:
                told["lm"] = self._language_model.score([text.strip() for text in texts])
            except Exception as error:  # the others are still there
                self._corrector.note("the language model could not be asked", error)
                self._language_model = None
        return told

    def _is_open(self, edit: Edit, words: Sequence[str], probabilities: Sequence[float]) -> bool:
        """Whether an edit may be made at all."""
        first = edit.start - (edit.start == edit.stop)
        touched = probabilities[max(0, first) : max(edit.stop, edit.start + 1)]
        if not is_small(edit) or min(touched, default=1.0) >= DOUBT:
            return False
        return not is_protected(words[edit.start : edit.stop], edit.after, self._corrector._vocabulary)

    def _in_time(self) -> bool:
        if self._deadline is not None and self._corrector._clock() > self._deadline:
            self.is_late = True
        return not self.is_late


def by_gate(model: str, strength: Strength) -> Decide:
    """Make the decision by the gate, for a model by name."""

    def decide(judged: Judged) -> Sequence[Edit]:
        weights = weights_for(model, judged.witnesses)
        return [] if weights is None else choose(judged.case, weights, strength)

    return decide


def _made(judged: Judged, edits: Sequence[Edit], hearing: Hearing) -> Segment:
    """Make edits in a segment: its text, its tokens and how sure they are; the text as it was stays with it."""
    segment = judged.segment
    text = edited(segment.text, edits)
    tokens, logprobs = hearing.token_logprobs(text)
    decoding = decoding_of(segment)
    whole = with_text(segment, tokens, hearing.tokenizer)
    known = dict(zip(decoding.tokens, decoding.token_probabilities, strict=False))  # of timestamps
    sure = iter(token_probabilities(logprobs, decoding.avg_logprob))
    probabilities = tuple(next(sure) if token < hearing.tokenizer.eot else known.get(token, 1.0) for token in whole)
    corrections = tuple(
        Correction(start, end, before, after, {name: round(nats, 2) for name, nats in judged.case.edits[edit].items()})
        for edit, (start, end, before, after) in zip(sorted(edits), changes_of(segment.text, edits), strict=True)
    )
    return replace(
        segment,
        text=text,
        original=segment.text,
        corrections=corrections,
        decoding=replace(decoding, tokens=whole, token_probabilities=probabilities),
    )


def _text_before(text: str, number: int) -> str:
    """Return a text up to a word, without the blank in front of it."""
    words = words_of(text)[:number]
    place = 0
    for word in words:
        place = text.index(word, place) + len(word)
    return text[:place]
