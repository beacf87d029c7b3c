"""A microphone as a source of live sound."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from ...arrays import FloatArray
from ...audio.microphone import Device, Microphone, Notice, devices
from ...audio.microphone.devices import choose
from ...gaps import Gap
from ..stops import Stop


class MicrophoneSource:
    """A microphone, opened when its sound is asked for."""

    gaps: Sequence[Gap] = ()

    def __init__(
        self, wanted: str | int | None, on_open: Callable[[Device], object], on_notice: Callable[[Notice], object]
    ) -> None:
        """Choose a device, as `Microphone` does; `on_open` gets it, and `on_notice` what the user should know."""
        self._wanted = wanted
        self._on_open, self._on_notice = on_open, on_notice

    def check(self) -> None:
        """See whether the microphone is there, and all that it needs; MicrophoneError where it is not."""
        choose(self._wanted, devices())

    def pieces(self, stop: Stop) -> Iterator[FloatArray | Gap]:
        """Yield sound, also none a few times a second where none comes, until the end is asked for."""
        with Microphone(self._wanted) as microphone:
            self._on_open(microphone.device)
            for piece in microphone.sound(self._on_notice):
                yield piece
                if stop.is_asked:
                    microphone.stop()
