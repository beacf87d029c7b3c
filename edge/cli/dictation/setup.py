"""`edgewise dictate setup`: a few questions, each with an answer that is there already, and a settings file."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from ...errors import DesktopError, EdgeError, MicrophoneError, OptionError
from ..console.bar import Console
from ..console.streams import report
from ..parser import Parser
from .places import add_settings_file, settings_file

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ...arrays import FloatArray
    from ...dictate.options import DictateOptions
    from ...dictate.settings import DictateSettings

_EPILOG = """\
examples:
  edgewise dictate setup
  edgewise dictate setup --yes                    all as it is by default, without a question
  edgewise dictate setup --yes --at-login systemd
"""
_LOGINS = ("systemd", "autostart")
_HEARD_S = 3.0
_SYSTEMS = "default"
"""Name of the system's microphone."""


def declare(parser: Parser) -> None:
    """Declare the command."""
    parser.description = "Ask a few questions, try what can be tried, and write the settings file."
    parser.epilog = _EPILOG
    parser.add_argument("--yes", action="store_true", help="take the answer that is there already for each question")
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
    from ...dictate.settings import write_settings

    asks = not args.yes and sys.stdin is not None and sys.stdin.isatty()
    path = settings_file(args)
    chosen = _chosen(Questions(asks=asks), _usual(path))
    old = write_settings(path, chosen)
    report(f"wrote {path}" + (f"; the one before is {old}" if old else ""))
    if args.at_login:
        written, left = write_login(Login(args.at_login))
        report(f"wrote {written}" + (f"; `{left}` begins it" if left else ""))
    report("`edgewise dictate` begins; `edgewise dictate doctor` tries out all of it")
    return 0


class Questions:
    """Asks on the terminal, or takes each answer that is there already."""

    def __init__(self, *, asks: bool) -> None:
        self.asks = asks

    def answer(self, question: str, default: str, check: Callable[[str], object]) -> str:
        """Return an answer that passes the check; an empty one is the default."""
        while self.asks:
            given = input(f"{question} [{default}]: ").strip()
            try:
                if given:
                    check(given)
            except EdgeError as error:
                report(str(error))
                continue
            return given or default
        return default

    def agrees(self, question: str, *, default: bool) -> bool:
        """Return whether the user says yes."""
        return self.answer(f"{question} (yes or no)", "yes" if default else "no", _yes_or_no).lower().startswith("y")


def _yes_or_no(given: str) -> None:
    if given.lower() not in ("y", "yes", "n", "no"):
        raise OptionError("expected yes or no")


def _usual(path: Path) -> DictateSettings:
    """Return the answers that are there already: those of the file, unless it is missing or cannot be read."""
    from ...dictate.options import DictateOptions
    from ...dictate.settings import DictateSettings, read_settings

    try:
        return read_settings(path) if path.exists() else DictateSettings(DictateOptions(sounds=True))
    except OptionError as error:
        report(f"{error}; it is written anew")
        return DictateSettings(DictateOptions(sounds=True))


def _chosen(questions: Questions, settings: DictateSettings) -> Mapping[str, object]:
    """Ask what there is to ask; return what was chosen, by the name of the setting."""
    usual = settings.dictate
    device = _device(questions, usual.device or _SYSTEMS)
    key = questions.answer("key to hold while you speak", usual.key, _check_key)
    model = questions.answer(
        "model: tiny.en is fastest, base knows 99 languages", _model(questions, usual), _check_model
    )
    chosen: dict[str, object] = {"device": device, "key": key, "model": model}
    if not model.endswith(".en"):
        known = usual.language or "detect"
        language = questions.answer("language that you speak (detect finds out)", known, _check_language)
        chosen["language"] = None if language == "detect" else language
    chosen["sounds"] = questions.agrees("play a short tone when it listens and when it stops", default=usual.sounds)
    obeys = settings.written.commands
    if questions.agrees('obey "new line", "scratch that" and "comma"', default=obeys) != obeys:
        chosen |= {"commands": not obeys, "punctuation": "off" if obeys else "end"}
    ways = _ways(questions)
    return chosen if ways is None else chosen | {"ways": ways}


def _model(questions: Questions, usual: DictateOptions) -> str:
    """Return the largest model whose text this machine has soon enough, as far as one of them is there to be timed."""
    from ...dictate.options import DictateOptions
    from .speed import fitting, time_of

    seconds = time_of(usual.threads) if questions.asks else None
    if seconds is None:
        return usual.model
    report(f"this machine reads 8 s of speech with tiny.en in {seconds:.2f} s")
    return fitting(seconds) if usual.model == DictateOptions().model else usual.model


def _device(questions: Questions, usual: str) -> str | None:
    """Choose a microphone and listen to it; None is that of the system."""
    from ...audio.microphone import devices
    from ...audio.microphone.devices import choose

    try:
        found = devices()
    except MicrophoneError as error:
        report(str(error))
        return None if usual == _SYSTEMS else usual
    for each in found:
        report(f"  {each}")
    given = questions.answer(
        "microphone, by its number or name",
        usual,
        lambda name: name == _SYSTEMS or choose(_number_or_name(name), found),
    )
    device = None if given == _SYSTEMS else given if given == usual else choose(_number_or_name(given), found).name
    if questions.asks and found:
        _listen(questions, device)
    return device


def _number_or_name(given: str) -> int | str:
    return int(given) if given.isdecimal() else given


def _listen(questions: Questions, device: str | None) -> None:
    """Show the level for a moment, and play back what was heard."""
    import numpy as np

    from ...audio.microphone import Captured, Microphone, Notice, level_of
    from ..live.layout import meter

    report("say something:")
    heard = [np.zeros(0, np.float32)]
    try:
        with Microphone(device) as microphone:
            until_s = time.monotonic() + _HEARD_S
            for piece in microphone:
                if isinstance(piece, Captured) and len(piece.samples):
                    heard.append(piece.samples)
                    sys.stderr.write(f"\r{meter(level_of(piece.samples).rms_dbfs)} ")
                elif isinstance(piece, Notice):
                    sys.stderr.write(f"\n{piece.text}\n")
                sys.stderr.flush()
                if time.monotonic() >= until_s:
                    break
    except MicrophoneError as error:
        report(str(error))
    sys.stderr.write("\n")
    samples = np.concatenate(heard)
    if len(samples) and questions.agrees("play back what was heard", default=True):
        _play_back(samples)


def _play_back(samples: FloatArray) -> None:
    from ...audio.mono import SAMPLE_RATE_HZ
    from ...audio.player import play_recording

    with tempfile.TemporaryDirectory() as folder:
        if not play_recording(samples, SAMPLE_RATE_HZ, Path(folder) / "heard.wav"):
            report("no program plays sounds here: install pulseaudio-utils, pipewire or alsa-utils")


def _check_key(given: str) -> None:
    from ...dictate.options import DictateOptions

    DictateOptions(key=given)


def _check_model(given: str) -> None:
    from ...store import Store

    if not given.endswith(".gguf") and given not in Store().known():
        raise OptionError(f"there is no model {given!r}: `edgewise models list` shows the names")


def _check_language(given: str) -> None:
    from ...languages import language_code

    if given != "detect":
        language_code(given)


def _ways(questions: Questions) -> tuple[str, ...] | None:
    """Type into a window of our own, where that is agreed to; return the ways that work, None where all do."""
    from ...desktop.choose import try_ways

    if not questions.asks or not questions.agrees("try to type into a small window of our own now", default=True):
        return None
    try:
        trials = try_ways()
    except DesktopError as error:
        report(str(error))
        return None
    for trial in trials:
        report(f"  {trial.way}: {'works' if trial.works else 'does not work'}; {trial.finding}")
    working = tuple(str(trial.way) for trial in trials if trial.works)
    return working if 0 < len(working) < len(trials) else None
