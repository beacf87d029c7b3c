"""`edgewise dictate setup`: a few questions, each with an answer that is there already, and a settings file."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from ...errors import OptionError
from ..console.bar import Console
from ..console.streams import report
from ..parser import Parser
from ..setup.command import declare_setup, questions_of, usual_of, write_chosen
from ..setup.microphone import choose_microphone
from ..setup.questions import Questions
from .asked import ask_keys, ask_signs, ask_ways
from .places import add_settings_file, settings_file

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ...dictate.options import DictateOptions
    from ...dictate.settings import DictateSettings

_EPILOG = """\
examples:
  edgewise dictate setup
  edgewise dictate setup --yes                    all as it is by default, without a question
  edgewise dictate setup --yes --at-login systemd
"""
_LOGINS = ("systemd", "autostart")


def declare(parser: Parser) -> None:
    """Declare the command."""
    declare_setup(parser, _EPILOG)
    parser.add_argument(
        "--at-login",
        choices=_LOGINS,
        help="also write a unit of systemd's, or an autostart entry, that begins to dictate with the session",
    )
    add_settings_file(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace, console: Console) -> int:
    """Ask, write, and say what to do next."""
    from ...dictate.login import Login, write_login
    from ...dictate.options import DictateOptions
    from ...dictate.settings import DictateSettings, read_settings, write_settings

    path = settings_file(args)
    usual = usual_of(path, read_settings, DictateSettings(DictateOptions(sounds=True)))
    write_chosen(path, write_settings, _chosen(questions_of(args, "dictate"), usual))
    if args.at_login:
        written, left = write_login(Login(args.at_login))
        report(f"wrote {written}" + (f"; `{left}` begins it" if left else ""))
    report("`edgewise dictate` begins; `edgewise dictate doctor` tries out all of it")
    return 0


def _chosen(questions: Questions, settings: DictateSettings) -> Mapping[str, object]:
    """Ask what there is to ask; return what was chosen, by the name of the setting."""
    usual = settings.dictate
    chosen: dict[str, object] = {"device": choose_microphone(questions, usual.device)}
    chosen |= ask_keys(questions, usual)
    model = questions.answer(
        "model: tiny.en is fastest, base knows 99 languages", _model(questions, usual), _check_model
    )
    chosen["model"] = model
    if not model.endswith(".en"):
        known = usual.language or "detect"
        language = questions.answer("language that you speak (detect finds out)", known, _check_language)
        chosen["language"] = None if language == "detect" else language
    chosen |= ask_signs(questions, usual)
    obeys = settings.written.commands
    if questions.agrees('obey "new line", "scratch that" and "comma"', default=obeys) != obeys:
        chosen |= {"commands": not obeys, "punctuation": "off" if obeys else "end"}
    return chosen | ask_ways(questions)


def _model(questions: Questions, usual: DictateOptions) -> str:
    """Return the largest model whose text this machine has soon enough, as far as one of them is there to be timed."""
    from ...dictate.options import DictateOptions
    from .speed import fitting, time_of

    seconds = time_of(usual.threads) if questions.asks else None
    if seconds is None:
        return usual.model
    report(f"this machine reads 8 s of speech with tiny.en in {seconds:.2f} s")
    return fitting(seconds) if usual.model == DictateOptions().model else usual.model


def _check_model(given: str) -> None:
    from ...store import Store

    if not given.endswith(".gguf") and given not in Store().known():
        raise OptionError(f"there is no model {given!r}: `edgewise models list` shows the names")


def _check_language(given: str) -> None:
    from ...languages import language_code

    if given != "detect":
        language_code(given)
