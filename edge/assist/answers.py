"""Speech for answers, made ahead where the answer is known before it is asked for."""

from __future__ import annotations

from collections import OrderedDict
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress

from ..errors import EdgeError
from .voice import Spoken, Voice

_KEPT = 16
"""Answers whose speech is kept."""


class Answers:
    """Speech by a voice; what is asked for twice is made once."""

    def __init__(self, voice: Voice | None) -> None:
        """Take the voice; None keeps silent."""
        self._voice = voice
        self._made: OrderedDict[str, Future[Spoken]] = OrderedDict()
        self._worker = ThreadPoolExecutor(1, "edgewise-voice")

    def prepare(self, text: str) -> None:
        """Begin to make speech of a text that may be said soon."""
        if self._voice is None or not text:
            return
        if text not in self._made:
            self._made[text] = self._worker.submit(self._voice.speak, text)
        self._made.move_to_end(text)
        while len(self._made) > _KEPT:
            self._made.popitem(last=False)

    def speech(self, text: str) -> Spoken | None:
        """Return speech of a text, at once where it was prepared; None without a voice.

        Raises:
            OutputError: the voice does not speak.
        """
        self.prepare(text)
        made = self._made.get(text)
        if made is None:
            return None
        try:
            return made.result()
        except EdgeError:
            self._made.pop(text, None)
            raise

    def close(self) -> None:
        """End the voice."""
        self._worker.shutdown(cancel_futures=True)
        if self._voice is not None:
            with suppress(EdgeError):
                self._voice.close()
