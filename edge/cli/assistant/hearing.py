"""Wake words of the assistant and of a satellite, and how they show what goes on."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from ...assist.light import Light
from ...assist.options import AssistOptions
from ...assist.phase import Phase
from ...assist.places import words_folder
from ...audio.tones import Sounds, Tone
from ...wake import Spotter
from ...wake.check import checked_by, examples_checked_by, heard_in_doubt
from ...wake.choose import open_word
from ...wake.examples import ExampleWord

if TYPE_CHECKING:
    from ...recognizer import Recognizer

_TONES = {Phase.LISTENING: Tone.START, Phase.ACTING: Tone.STOP}


def open_spotter(options: AssistOptions, load: Callable[[], Recognizer]) -> Spotter:
    """Open the detector of the wake word; a recogniser is loaded where it has to read the phrase too."""
    word = open_word(options.wake, words_folder())
    if isinstance(word, ExampleWord):
        return Spotter(word, threshold=options.wake_threshold, check=examples_checked_by(load(), word.examples))
    if not options.wake_check:
        return Spotter(word, threshold=options.wake_threshold)
    return heard_in_doubt(word, checked_by(load(), word.phrase), options.wake_threshold)


def device_of(options: AssistOptions) -> str | int | None:
    """Return the microphone that is meant; None for the system's."""
    device = options.device
    return int(device) if device is not None and device.isdecimal() else device


def shows(options: AssistOptions, folder: Path, stack: ExitStack) -> Callable[[Phase], object]:
    """Make the function that tells what goes on by tones and by the light."""
    sounds: Sounds | None = None
    if options.sounds:
        sounds = Sounds(folder / "tones")
        stack.callback(sounds.close)
    light: Light | None = None
    if options.light is not None:
        light = Light(options.light)
        stack.callback(light.close)

    def show(phase: Phase) -> None:
        if sounds is not None and phase in _TONES:
            sounds.play(_TONES[phase])
        if light is not None:
            light.show(str(phase))

    return show
