"""The assistant that runs: its parts found, put together, and ended in order."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

from ...assist.answers import Answers
from ...assist.assistant import Assistant, Parts, Phase
from ...assist.barge import Barge
from ...assist.ear import Ear, Heard
from ...assist.echo import open_echo
from ...assist.light import Light
from ...assist.options import AssistOptions
from ...assist.places import words_folder
from ...assist.speaker import Speaker
from ...assist.understand import reader
from ...assist.voice import choose_voice
from ...audio.microphone import Microphone
from ...audio.tones import Sounds, Tone
from ...dictate.memory import give_back_large_blocks
from ...listen.detector import Detector
from ...wake import Spotter
from ...wake.check import checked_by
from ...wake.choose import open_word
from ...wake.examples import ExampleWord
from ..console.bar import Console
from ..stops import Stop, held
from .parts import Workings, load_model
from .places import wanted_settings

_TONES = {Phase.LISTENING: Tone.START, Phase.ACTING: Tone.STOP}


def run(args: argparse.Namespace, console: Console) -> int:
    """Run until the end is asked for."""
    settings = wanted_settings(args)
    options = settings.assist
    with ExitStack() as stack:
        stop = stack.enter_context(held())
        give_back_large_blocks()
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="edgewise-assist-")))
        answers = Answers(choose_voice(options.voice, options.piper, options.piper_voice, options.language))
        stack.callback(answers.close)
        workings = Workings(settings, stack, console.say)
        model = load_model(settings, console, offline=args.offline or None)
        vad = Detector(args.offline or None).open(must=True)
        assert vad is not None
        read = reader(model, workings.sentences, free=options.free)

        def begin_ear(patience_s: float, on_pause: Callable[[Heard], object]) -> Ear:
            return Ear(
                vad,
                read,
                endpoint_s=options.endpoint,
                patience_s=patience_s,
                longest_s=options.longest,
                on_pause=on_pause,
            )

        word = open_word(options.wake, words_folder())
        own = word.examples.readings if isinstance(word, ExampleWord) else None
        is_checked = options.wake_check or own is not None
        parts = Parts(
            spotter=Spotter(
                word,
                threshold=options.wake_threshold,
                check=checked_by(model, word.phrase, own or ()) if is_checked else None,
            ),
            begin_ear=begin_ear,
            skills=workings.skills,
            answers=answers,
            speaker=Speaker(folder),
            echo=open_echo(),
            begin_barge=lambda: Barge(vad) if options.barge_in else None,
            patience_s=options.patience,
            follow_up_s=options.follow_up,
            answers_all=options.free,
            tell=console.say,
            show=_shows(options, workings, folder, stack),
            to_say=workings.to_say,
        )
        assistant = Assistant(parts)
        with Microphone(_device(options)) as microphone:
            console.say(f'ready: say "{word.phrase}"; Ctrl-C ends')
            parts.show(Phase.WAITING)
            assistant.run(microphone, lambda: _is_asked(stop))
    return 0


def _is_asked(stop: Stop) -> bool:
    return stop.is_asked


def _device(options: AssistOptions) -> str | int | None:
    device = options.device
    return int(device) if device is not None and device.isdecimal() else device


def _shows(options: AssistOptions, workings: Workings, folder: Path, stack: ExitStack) -> Callable[[Phase], object]:
    """Make the function that tells tones, the light and the broker what goes on."""
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
        if workings.mqtt is not None:
            workings.mqtt.tell_state(str(phase))

    return show
