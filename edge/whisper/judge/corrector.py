"""Corrects the segments of a window, while the state of the model that read them holds its encoding.

Segments in whose words the model is sure cost nothing. For others, it and a second model read on from the first word in
doubt, with several beams; where their readings differ from the text, each difference is an edit. Every edited text is
then forced through both decoders, and shown to a language model. Whatever goes wrong, the text stays as it was.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeVar

from ...correct.edits import Edit, changes_of, edited, gather, is_small, words_of
from ...correct.gate import Case, Witness, choose, least_sure, weights_for
from ...correct.pace import Pace
from ...correct.protect import is_protected, own_words
from ...correct.settings import Strength
from ...correct.witnesses import Decide, Judged, LanguageModel
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
_SECOND_BEAMS = 5
_WEIGHTS_OF_SECOND = (10.0, *(1.0 for _ in range(_SECOND_BEAMS)))
"""Weights of the second model's readings, the best first, where each of the model's own has 1."""

_Answer = TypeVar("_Answer")


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
        self._pace = Pace(budget_s, clock)
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
        self._pace.begin()
        window = _Window(self, segments, prompt, sound)
        found = [self._corrected(window, number) for number in range(len(segments))]
        self._n_late += self._pace.is_late
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
    ) -> None:
        self.segments = segments
        self._corrector = corrector
        self._prompt = prompt
        self._sound = sound
        self._pace = corrector._pace
        self._second = corrector._second
        self._language_model = corrector._language_model

    def judge(self, number: int) -> Judged | None:
        """Find the edits of a segment and what all witnesses say; None where there is nothing to be done."""
        segment = self.segments[number]
        words = words_of(segment.text)
        probabilities = word_probabilities(segment, self._corrector._own.model.tokenizer)
        first = next((at for at, probability in enumerate(probabilities) if probability < DOUBT), None)
        if first is None or (self._second is None and self._language_model is None):
            return None
        readings = self._readings(number, _text_before(segment.text, first))
        edits = [edit for edit in gather(words, readings) if self._is_open(edit, words, probabilities)][:_MOST_EDITS]
        if not edits:
            return None
        heard = self._heard(number, [segment.text, *(edited(segment.text, [edit]) for edit in edits)])
        if "own" not in heard or len(heard) == 1:
            return None
        evidence = {
            edit: {name: said[at] - said[0] for name, said in heard.items()} for at, edit in enumerate(edits, start=1)
        }
        return Judged(segment, Case(words, probabilities, evidence), tuple(heard))

    def hear_own(self, number: int) -> Hearing:
        """Turn the model that read the window to a segment."""
        own = self._corrector._own
        tokenizer = own.model.tokenizer
        return own.hear([*self._prompt, *tokens_before(self.segments, number, tokenizer, tokenizer)])

    def _hear_second(self, number: int) -> Hearing:
        second = self._second
        assert second is not None
        second.encode(self._sound)
        mine, theirs = self._corrector._own.model.tokenizer, second.model.tokenizer
        return second.hear([*second.prompt(), *tokens_before(self.segments, number, mine, theirs)])

    def _readings(self, number: int, begun: str) -> list[tuple[str, float]]:
        """Let both models read on from where a segment begins, and weigh what they read."""
        text = self.segments[number].text

        def read(hearing: Hearing, n_beams: int) -> list[str]:
            return [found for found, _ in hearing.readings(begun, text, n_beams)]

        size = len(text) - len(begun)
        own = self._pace.ask("own reading", size, lambda: read(self.hear_own(number), CORRECTION_BEAMS))
        second = self._ask_second("second reading", size, lambda: read(self._hear_second(number), _SECOND_BEAMS))
        return [*((each, 1.0) for each in own or []), *zip(second or [], _WEIGHTS_OF_SECOND, strict=False)]

    def _heard(self, number: int, texts: Sequence[str]) -> dict[Witness, Sequence[float]]:
        """Ask all witnesses about texts; one that fails or would be late is not heard."""
        size, most = sum(map(len, texts)), CORRECTION_BEAMS
        told: dict[Witness, Sequence[float] | None] = {
            "own": self._pace.ask("own", size, lambda: self.hear_own(number).score(texts, most)),
            "second": self._ask_second("second", size, lambda: self._hear_second(number).score(texts, most)),
            "lm": self._ask_language_model(size, [text.strip() for text in texts]),
        }
        return {name: said for name, said in told.items() if said is not None}

    def _ask_second(self, step: str, size: int, answer: Callable[[], _Answer | None]) -> _Answer | None:
        """Ask the second model; where it fails, it is not asked again in this window."""
        if self._second is None:
            return None
        try:
            return self._pace.ask(step, size, answer)
        except CancelledError:
            raise
        except Exception as error:  # the others are still there
            self._corrector.note("the second opinion could not be had", error)
            self._second = None
            return None

    def _ask_language_model(self, size: int, texts: Sequence[str]) -> Sequence[float] | None:
        """Ask the language model; where it fails, it is not asked again in this window."""
        model = self._language_model
        if model is None:
            return None
        try:
            return self._pace.ask("lm", size, lambda: model.score(texts))
        except Exception as error:  # the others are still there
            self._corrector.note("the language model could not be asked", error)
            self._language_model = None
            return None

    def _is_open(self, edit: Edit, words: Sequence[str], probabilities: Sequence[float]) -> bool:
        """Whether an edit may be made at all."""
        if not is_small(edit) or least_sure(probabilities, edit) >= DOUBT:
            return False
        return not is_protected(words[edit.start : edit.stop], edit.after, self._corrector._vocabulary)


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
