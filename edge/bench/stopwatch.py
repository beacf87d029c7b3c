"""A decoder's state that times each step that a search makes, whatever the search does in between."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from ..arrays import FloatArray, IntArray
from ..whisper.engines.protocol import State

Clock = Callable[[], float]


@dataclass(frozen=True, slots=True)
class StepTime:
    """Time of one step of a search: from one decode's logits to the next one's."""

    n_past: int
    """Positions in the decoder's cache before the step."""
    search_s: float
    """Seconds in Python: rules, choice, and all else between two decodes."""
    call_s: float
    """Seconds of the decode."""

    @property
    def step_s(self) -> float:
        """Seconds of search and decode together."""
        return self.search_s + self.call_s


class TimedState:
    """State (edge.whisper.engines.protocol.State) that times each decode and never lets a search reach its end."""

    def __init__(
        self, state: State, eot: int, before_step: Callable[[], None], clock: Clock = time.perf_counter
    ) -> None:
        """Stand before a state; `before_step` runs before each decode and is not timed."""
        self.steps: list[StepTime] = []
        """Steps of all searches; the first of each, which follows the prompt, is left out."""
        self._state = state
        self._eot = eot
        self._before_step = before_step
        self._clock = clock
        self._returned: float | None = None

    @property
    def n_past(self) -> int:
        """Positions decoded so far, as the state beneath says."""
        return self._state.n_past

    def encode(self, mel: FloatArray) -> None:
        """Pass on to the state beneath."""
        self._state.encode(mel)

    def decode(self, tokens: IntArray, *, last_only: bool = True, alignment: bool = False) -> FloatArray:
        """Decode, note how long it took, and make the end of the text impossible."""
        asked, n_past = self._clock(), self.n_past
        self._before_step()
        began = self._clock()
        logits = self._state.decode(tokens, last_only=last_only, alignment=alignment)
        ended = self._clock()
        if self._returned is not None:
            self.steps.append(StepTime(n_past, asked - self._returned, ended - began))
        logits[..., self._eot] = -float("inf")
        is_prompt = tokens.shape[1] > 1
        self._returned = None if is_prompt else self._clock()
        return logits

    def rewind(self, n_past: int) -> None:
        """Pass on to the state beneath."""
        self._state.rewind(n_past)

    def reorder(self, parents: IntArray) -> None:
        """Pass on to the state beneath."""
        self._state.reorder(parents)

    def encoder_output(self) -> FloatArray:
        """Pass on to the state beneath."""
        return self._state.encoder_output()

    def alignment(self) -> FloatArray:
        """Pass on to the state beneath."""
        return self._state.alignment()
