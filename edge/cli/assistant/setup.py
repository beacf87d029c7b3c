"""`edgewise assist setup`: a few questions, each with an answer that is there already, and a settings file."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from ...errors import EdgeError, OptionError
from ..console.bar import Console
from ..console.streams import report
from ..parser import Parser
from ..setup.command import declare_setup, questions_of, usual_of, write_chosen
from ..setup.microphone import choose_microphone
from ..setup.questions import Questions
from .places import add_settings_file, settings_file

if TYPE_CHECKING:
    from ...assist.options import AssistOptions

_EPILOG = """\
examples:
  edgewise assist setup
  edgewise assist setup --yes             all as it is by default, without a question
  edgewise assist setup --yes --service   and a unit of systemd's, to run from the start of the computer
"""
_NONE = "none"


def declare(parser: Parser) -> None:
    """Declare the command."""
    declare_setup(parser, _EPILOG)
    parser.add_argument("--service", action="store_true", help="also write a unit of systemd's for the user")
    parser.add_argument("--satellite", action="store_true", help="have the unit run a satellite of Home Assistant's")
    add_settings_file(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace, console: Console) -> int:
    """Ask, write, and say what to do next."""
    from ...assist.service import NEXT, write_unit
    from ...assist.settings import AssistSettings, read_settings, write_settings

    path = settings_file(args)
    usual = usual_of(path, read_settings, AssistSettings()).assist
    write_chosen(path, write_settings, _chosen(questions_of(args, "assist"), usual))
    if args.service:
        report(f"wrote {write_unit(path, is_satellite=args.satellite)}; `{NEXT}` begins it")
    report('`edgewise assist` begins; `edgewise assist say "hello"` tries the voice')
    return 0


def _chosen(questions: Questions, usual: AssistOptions) -> Mapping[str, object]:
    """Ask what there is to ask; return what was chosen, by the name of the setting."""
    from ...wake.ready import PHRASES

    chosen: dict[str, object] = {"device": choose_microphone(questions, usual.device)}
    chosen["wake"] = questions.answer(f"wake word: {', '.join(PHRASES)}, or one of your own", usual.wake, _check_word)
    voice = questions.answer(
        "voice of Piper's, an .onnx file (none takes eSpeak NG)", usual.piper_voice or _NONE, _check_voice
    )
    chosen["piper_voice"] = None if voice == _NONE else voice
    home = questions.answer("address of Home Assistant (none does without)", usual.ha_url or _NONE, _check_url)
    chosen["ha_url"] = None if home == _NONE else home
    if home != _NONE:
        token = questions.answer("its long-lived access token", usual.ha_token or "", lambda given: None)
        chosen["ha_token"] = token or None
        chosen["sentences"] = tuple(dict.fromkeys((*usual.sentences, "homeassistant")))
    _try_voice(questions, chosen["piper_voice"], usual)
    return chosen


def _try_voice(questions: Questions, model: object, usual: AssistOptions) -> None:
    """Say whether the voice speaks, where that is agreed to."""
    from ...assist.voice import choose_voice

    if not questions.asks:
        return
    try:
        voice = choose_voice(usual.voice, usual.piper, None if model is None else str(model), usual.language)
        if voice is not None:
            report(f"{voice.name} speaks: {voice.speak('Hello.').seconds:.1f} s of speech")
            voice.close()
    except EdgeError as error:
        report(str(error))


def _check_word(given: str) -> object:
    from ...assist.places import words_folder
    from ...wake.choose import open_word

    return open_word(given, words_folder())


def _check_voice(given: str) -> None:
    if given != _NONE and not Path(given).expanduser().is_file():
        raise OptionError(f"{given}: there is no such file")


def _check_url(given: str) -> None:
    if given != _NONE and not given.startswith(("http://", "https://")):
        raise OptionError("expected an address such as http://homeassistant.local:8123")
