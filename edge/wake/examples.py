"""A wake word by example: it sounds like one of a few recordings, as far as frames can be laid upon each other."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from ..arrays import FloatArray
from ..errors import FormatError
from ..files import replacing_file
from .features import FRAME_SAMPLES, Features
from .protocol import Score

_FAR = np.float32(1e6)
_SKIP = 1.5
"""Weight of a step over two frames of an example, and of the frame that is skipped."""
_SHORTEST, _LONGEST = 0.6, 1.8
"""Length of what is heard, in lengths of the example."""
_MOST_EXAMPLES, _MOST_FRAMES = 40, 200


@dataclass(frozen=True, slots=True)
class Examples:
    """What is known of a wake word of the user's own."""

    phrase: str
    threshold: float
    frames: tuple[FloatArray, ...]
    """Frames of each example, (n_frames, n_features), each of length 1."""
    readings: tuple[str, ...] = ()
    """Words as which the recogniser reads the examples."""

    @property
    def longest_s(self) -> float:
        """Seconds of the longest that may be heard as the phrase."""
        return max(map(len, self.frames)) * _LONGEST * FRAME_SAMPLES / 16000


def save_examples(path: Path, examples: Examples) -> None:
    """Write a file; OSError if that fails."""
    facts = {"phrase": examples.phrase, "threshold": examples.threshold, "readings": examples.readings}
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with replacing_file(path) as file:
        lengths = np.array([len(each) for each in examples.frames])
        np.savez(file, facts=np.array(json.dumps(facts)), frames=np.concatenate(examples.frames), lengths=lengths)


def load_examples(path: Path) -> Examples:
    """Read a file.

    Raises:
        FormatError: it is none of this kind, or damaged.
    """
    try:
        with path.open("rb") as opened, np.load(opened, allow_pickle=False) as file:
            facts = json.loads(str(file["facts"]))
            lengths, whole = file["lengths"].tolist(), np.asarray(file["frames"], np.float32)
        is_right = 0 < len(lengths) <= _MOST_EXAMPLES and all(0 < length <= _MOST_FRAMES for length in lengths)
        if not is_right or whole.ndim != 2 or sum(lengths) != len(whole):
            raise ValueError("examples of other sizes")
        frames = tuple(np.split(whole, np.cumsum(lengths)[:-1]))
        return Examples(str(facts["phrase"]), float(facts["threshold"]), frames, tuple(map(str, facts["readings"])))
    except (OSError, ValueError, KeyError, TypeError, EOFError, BadZipFile) as error:
        raise FormatError(f"{path}: expected a wake word that `edgewise wake enrol` made ({error})") from error


class ExampleWord:
    """A detector by examples (edge.wake.protocol.WakeWord)."""

    def __init__(self, examples: Examples) -> None:
        """Begin; OptionError if a library is missing."""
        self.examples = examples
        self._at = 0
        self._begin()

    def _begin(self) -> None:
        self._features = Features()
        self._matcher = Matcher(self.examples.frames)

    @property
    def phrase(self) -> str:
        """Phrase, as it is spoken."""
        return self.examples.phrase

    @property
    def threshold(self) -> float:
        """Score from which on it is the phrase."""
        return self.examples.threshold

    def feed(self, samples: FloatArray) -> list[Score]:
        """Take samples (n_samples,), mono at 16 kHz, of any number; gives what is known by now, in order."""
        values = [self._matcher.step(frame) for frame in self._features.feed(samples)]
        self._at += len(samples)
        last = self._at - (len(values) - 1) * FRAME_SAMPLES
        return [Score(max(0, last + number * FRAME_SAMPLES), value) for number, value in enumerate(values)]

    def reset(self) -> None:
        """Forget what was heard; the count of samples goes on."""
        self._begin()


class Matcher:
    """Lays frames upon examples as they come: the best way that ends now, from any beginning."""

    def __init__(self, examples: Sequence[FloatArray]) -> None:
        """Take examples of any lengths, (n_frames, n_features)."""
        longest = max(map(len, examples))
        self._lengths = np.array([len(each) for each in examples])
        padded = [
            np.concatenate([each, np.zeros((longest - len(each), each.shape[1]), np.float32)]) for each in examples
        ]
        self._frames = np.stack(padded)
        self._cost = np.full((len(examples), longest), _FAR, np.float32)
        self._steps = np.ones((len(examples), longest), np.float32)

    def step(self, frame: FloatArray) -> float:
        """Take a frame (n_features,); gives how alike the best way is that ends with it, 0 to 1."""
        far = 1 - (self._frames * frame).sum(axis=2)  # less than BLAS needs to begin
        one, two = self._shifted(1), self._shifted(2)
        costs = np.stack([self._cost + far, one[0] + far, two[0] + np.float32(_SKIP) * far])
        steps = np.stack([self._steps + 1, one[1] + 1, two[1] + np.float32(_SKIP)])
        best = (costs / steps).argmin(axis=0)[None]
        self._cost = np.take_along_axis(costs, best, 0)[0]
        self._steps = np.take_along_axis(steps, best, 0)[0]
        self._cost[:, 0], self._steps[:, 0] = far[:, 0], 1
        each = np.arange(len(self._lengths))
        cost, taken = self._cost[each, self._lengths - 1], self._steps[each, self._lengths - 1]
        fits = (taken >= _SHORTEST * self._lengths) & (taken <= _LONGEST * self._lengths)
        return float(np.where(fits, np.clip(1 - cost / taken, 0, 1), 0).max())

    def _shifted(self, by: int) -> tuple[FloatArray, FloatArray]:
        cost, steps = np.full_like(self._cost, _FAR), np.ones_like(self._steps)
        cost[:, by:], steps[:, by:] = self._cost[:, :-by], self._steps[:, :-by]
        return cost, steps
