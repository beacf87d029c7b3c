"""Phrases with detectors that others trained: microWakeWord's, which run in a few thousandths of the time.

`pymicro-wakeword` has four of them in it; a JSON file in its form, beside the network that it names, is a further one.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from ..arrays import FloatArray
from ..errors import FormatError, OptionError
from .protocol import Score

PHRASES = ("okay_nabu", "hey_jarvis", "hey_mycroft", "alexa")
"""Names of the phrases that come with the library."""

_HOP_SAMPLES = 160
_FULL_SCALE = 32767


class ReadyWord:
    """A detector of microWakeWord's (edge.wake.protocol.WakeWord)."""

    def __init__(self, name: str) -> None:
        """Load a phrase by its name, or by the path of its JSON file.

        Raises:
            OptionError: the library is missing, or there is no such phrase.
            FormatError: the file is none of microWakeWord's.
        """
        if find_spec("pymicro_wakeword") is None:
            raise OptionError('a ready wake word needs pymicro-wakeword: pip install "edgewise[assist]"')
        from pymicro_wakeword import MicroWakeWord, MicroWakeWordFeatures, Model

        if name in PHRASES:
            self._network = MicroWakeWord.from_builtin(Model(name))
        else:
            path = Path(name)
            if not path.is_file():
                raise OptionError(f"there is no ready wake word {name!r}; there are {', '.join(PHRASES)}")
            try:
                self._network = MicroWakeWord.from_config(path)
            except (KeyError, TypeError, ValueError, RuntimeError) as error:
                raise FormatError(f"{path}: expected a wake word of microWakeWord's ({error!r})") from error
        self._features = MicroWakeWordFeatures()
        self._pending = np.zeros(0, np.float32)
        self._at = 0

    @property
    def phrase(self) -> str:
        """Phrase, as it is spoken."""
        return str(self._network.wake_word)

    @property
    def threshold(self) -> float:
        """Score from which on it is the phrase, as it was trained."""
        return float(self._network.probability_cutoff)

    def feed(self, samples: FloatArray) -> list[Score]:
        """Take samples (n_samples,), mono at 16 kHz, of any number; gives what is known by now, in order."""
        pending = np.concatenate([self._pending, samples])
        n_hops = len(pending) // _HOP_SAMPLES
        self._pending = pending[n_hops * _HOP_SAMPLES :]
        return [score for hop in pending[: n_hops * _HOP_SAMPLES].reshape(-1, _HOP_SAMPLES) for score in self._hop(hop)]

    def reset(self) -> None:
        """Forget what was heard; the count of samples goes on."""
        self._at += len(self._pending)
        self._pending = self._pending[:0]
        self._network.reset()
        self._features.reset()

    def _hop(self, samples: FloatArray) -> Iterator[Score]:
        self._at += _HOP_SAMPLES
        whole = (np.clip(samples, -1, 1) * _FULL_SCALE).astype("<i2").tobytes()
        for features in self._features.process_streaming(whole):
            value = self._network.process_streaming_prob(features)
            yield Score(self._at, 0.0 if value is None else float(value))
