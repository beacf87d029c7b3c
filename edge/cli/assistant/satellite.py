"""`edgewise assist satellite`: a microphone and a loudspeaker in a room, for Home Assistant elsewhere."""

from __future__ import annotations

import argparse
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from ..console.bar import Console
from ..options.groups import add_settings
from ..options.model import add_offline
from ..parser import Parser
from .places import add_settings_file

if TYPE_CHECKING:
    from ...assist.options import AssistOptions
    from ...assist.satellite.satellite import Parts
    from ...assist.settings import AssistSettings
    from ...serve.wyoming.satellite import SatellitePort

_EPILOG = """\
examples:
  edgewise assist satellite --satellite-host 0.0.0.0 --satellite-allow 192.168.1.0/24
  edgewise assist satellite --wake hey_jarvis --satellite-name kitchen

Home Assistant finds it as a device of the Wyoming protocol, and leads the dialogue: it hears what is said after the
wake word, does it, and sends the answer. Sound leaves this machine from the wake word to the end of the command alone.
"""
_GROUPS = ("satellite", "wake", "microphone", "voice")


def declare(parser: Parser) -> None:
    """Declare the command."""
    from ...assist.options import AssistOptions

    parser.description = "Wait for a wake word, and have Home Assistant do what is said after it."
    parser.epilog = _EPILOG
    for group in _GROUPS:
        add_settings(parser, group, AssistOptions, but="endpoint")
    add_settings(parser, "voice", AssistOptions, ["light"])
    add_settings(parser, "model", AssistOptions, ["model", "threads"])
    add_offline(parser.group("model"))
    add_settings_file(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace, console: Console) -> int:
    """Run until the end is asked for."""
    from ...assist.phase import Phase
    from ...assist.satellite.satellite import Satellite
    from ...audio.microphone import Microphone
    from ...serve.requirements import need_wyoming
    from ..stops import held
    from .hearing import device_of
    from .places import wanted_settings

    settings = wanted_settings(args)
    options = settings.assist
    _check_safety(options)
    need_wyoming()
    with ExitStack() as stack:
        stop = stack.enter_context(held())
        port, parts = _parts(settings, stack, console, offline=args.offline or None)
        with Microphone(device_of(options)) as microphone:
            address = port.start(options.satellite_host, options.satellite_port)
            console.say(f"ready: Wyoming satellite, tcp://{address}; Ctrl-C ends")
            parts.show(Phase.WAITING)
            Satellite(parts).run(microphone, lambda: stop.is_asked)
    return 0


def _parts(
    settings: AssistSettings, stack: ExitStack, console: Console, *, offline: bool | None
) -> tuple[SatellitePort, Parts]:
    """Make the parts of a satellite, with the port that it listens at."""
    from ...assist.answers import Answers
    from ...assist.barge import Barge
    from ...assist.echo import open_echo
    from ...assist.satellite.satellite import Parts
    from ...assist.speaker import Speaker
    from ...assist.voice import choose_voice
    from ...listen.detector import Detector
    from ...serve.guard import Guard
    from ...serve.wyoming.satellite import SatellitePort, satellite_info
    from .hearing import open_spotter, shows
    from .parts import load_model

    options = settings.assist
    folder = Path(stack.enter_context(TemporaryDirectory(prefix="edgewise-assist-")))
    answers = Answers(choose_voice(options.voice, options.piper, options.piper_voice, options.language))
    stack.callback(answers.close)
    spotter = open_spotter(options, lambda: load_model(settings, console, offline=offline))
    vad = Detector(offline).open(must=True) if options.barge_in else None
    info = satellite_info(
        options.satellite_name, options.satellite_area, options.wake, spotter.word.phrase, options.language
    )
    guard = Guard(networks=options.satellite_networks)
    port = SatellitePort(info, guard, is_announced=not options.satellite_is_local)
    stack.callback(port.close)
    return port, Parts(
        home=port,
        wake=options.wake,
        spotter=spotter,
        answers=answers,
        speaker=Speaker(folder),
        echo=open_echo(),
        begin_barge=lambda: Barge(vad) if vad is not None else None,
        patience_s=options.patience,
        longest_s=options.longest,
        follow_up_s=options.follow_up,
        tell=console.say,
        show=shows(options, folder, stack),
    )


def _check_safety(options: AssistOptions) -> None:
    """Refuse to be led by strangers; OptionError says what to give."""
    from ...errors import OptionError

    if not options.satellite_is_local and not options.satellite_networks:
        raise OptionError(
            f"{options.satellite_host} can be reached by others, and Wyoming has no passwords: name who may use the "
            "satellite, such as --satellite-allow 192.168.1.0/24"
        )
