"""The assistant that runs: its parts found, put together, and ended in order."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

from ...assist.answers import Answers
from ...assist.assistant import Assistant, Parts
from ...assist.barge import Barge
from ...assist.ear import Ear, Heard
from ...assist.echo import open_echo
from ...assist.options import AssistOptions
from ...assist.phase import Phase
from ...assist.speaker import Speaker
from ...assist.understand import reader
from ...assist.voice import choose_voice
from ...audio.microphone import Microphone
from ...listen.detector import Detector
from ...memory import give_back_large_blocks
from ..console.bar import Console
from ..stops import held
from .hearing import device_of, open_spotter, shows
from .parts import Workings, load_model
from .places import wanted_settings


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

        spotter = open_spotter(options, lambda: model)
        parts = Parts(
            spotter=spotter,
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
        with Microphone(device_of(options)) as microphone:
            console.say(f'ready: say "{spotter.word.phrase}"; Ctrl-C ends')
            parts.show(Phase.WAITING)
            assistant.run(microphone, lambda: stop.is_asked)
    return 0


def _shows(options: AssistOptions, workings: Workings, folder: Path, stack: ExitStack) -> Callable[[Phase], object]:
    """Make the function that tells the broker too what goes on."""
    show_here = shows(options, folder, stack)

    def show(phase: Phase) -> None:
        show_here(phase)
        if workings.mqtt is not None:
            workings.mqtt.tell_state(str(phase))

    return show
