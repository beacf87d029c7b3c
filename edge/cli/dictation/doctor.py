"""`edgewise dictate doctor`: what works here, tried out."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from ...errors import DesktopError, EdgeError, MicrophoneError, OptionError
from ..console.bar import Console
from ..console.streams import report
from ..parser import Parser
from .places import add_settings_file, settings_file, wanted_settings

if TYPE_CHECKING:
    from ...dictate.options import DictateOptions

_HEARD_S = 1.0
_DECODED_S = 5


@dataclass(frozen=True, slots=True)
class Finding:
    """What came of trying something."""

    what: str
    works: bool
    words: str


def declare(parser: Parser) -> None:
    """Declare the command."""
    parser.description = (
        "Try out the settings, the microphone, the key, each way of typing in a window of our own, and the model. "
        "The exit status is 0 where a dictation would work."
    )
    add_settings_file(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace, console: Console) -> int:
    """Try, and show what was found as it is found."""
    from ...dictate.settings import DictateSettings

    try:
        options = wanted_settings(args).dictate
        settings = Finding(
            "settings", True, f"{settings_file(args)}{'' if settings_file(args).exists() else ' (none)'}"
        )
    except OptionError as error:
        options, settings = DictateSettings().dictate, Finding("settings", False, str(error))
    findings = [settings]
    _show(settings)
    tries: tuple[Callable[[], Iterator[Finding]], ...] = (
        partial(_microphone, options),
        partial(_keys, options),
        _typing,
        partial(_model, options),
        partial(_kept, options),
    )
    for each in tries:
        for finding in each():
            findings.append(finding)
            _show(finding)
    console.clear()
    works = {finding.what for finding in findings if finding.works}
    return 0 if works >= {"settings", "microphone", "model"} and any(what.startswith("typing") for what in works) else 1


def _show(finding: Finding) -> None:
    report(f"{'ok' if finding.works else '--':<3} {finding.what:<20} {finding.words}")


def _microphone(options: DictateOptions) -> Iterator[Finding]:
    from ...audio.microphone import Captured, Microphone, Notice, level_of

    device = int(options.device) if options.device is not None and options.device.isdecimal() else options.device
    began_s = time.monotonic()
    try:
        with Microphone(device) as microphone:
            first_s, samples, trouble, loud = None, [np.zeros(0, np.float32)], "", ""
            for piece in microphone:
                if isinstance(piece, Captured) and len(piece.samples):
                    first_s = first_s if first_s is not None else time.monotonic() - began_s
                    samples.append(piece.samples)
                elif isinstance(piece, Notice) and piece.kind == "clipping":
                    loud = f"; {piece.text}"
                elif isinstance(piece, Notice):
                    trouble = piece.text
                if time.monotonic() - began_s >= _HEARD_S + (first_s or 0):
                    break
            level = level_of(np.concatenate(samples))
            name = microphone.device.name
    except MicrophoneError as error:
        yield Finding("microphone", False, str(error))
        return
    if first_s is None or trouble:
        yield Finding("microphone", False, f"{name}: {trouble or f'no sound within {_HEARD_S:.0f} s'}")
        return
    words = f"{name}: sound after {first_s:.2f} s, level {level.rms_dbfs:.0f} dB, peak {level.peak_dbfs:.0f} dB{loud}"
    yield Finding("microphone", True, words)


def _keys(options: DictateOptions) -> Iterator[Finding]:
    from ...desktop.choose import choose_trigger
    from ...desktop.chords import parse_chord
    from ...desktop.control import ask
    from ...desktop.gestures import Command
    from ...desktop.protocol import Key

    try:
        words = f"{options.key} is taken by the dictation that runs ({ask(Command.STATUS)})"
        yield Finding("key", True, words)
        return
    except DesktopError:
        pass  # none runs, so the key is to be had
    try:
        trigger = choose_trigger({Key.DICTATE: parse_chord(options.key)})
        try:
            trigger.start(lambda event: None)
        finally:
            trigger.close()
        release = "its release is heard" if trigger.tells_release else "its release is not heard: it can toggle alone"
        yield Finding("key", True, f"{options.key} by {trigger.name}; {release}")
    except DesktopError as error:
        yield Finding("key", False, str(error))


def _typing() -> Iterator[Finding]:
    from ...desktop.choose import try_ways

    try:
        for trial in try_ways():
            yield Finding(f"typing, {trial.way}", trial.works, f"{trial.finding} ({trial.took_s:.2f} s)")
    except DesktopError as error:
        yield Finding("typing", False, str(error))


def _model(options: DictateOptions) -> Iterator[Finding]:
    from ... import load

    try:
        model = load(options.model, kind="speech", threads=options.threads, offline=True)
        with model.session(endpoint=None):
            pass
    except EdgeError as error:
        yield Finding("model", False, str(error))
        return
    noise = np.random.default_rng(0).normal(0, 0.01, _DECODED_S * 16000).astype(np.float32)
    began_s = time.monotonic()
    model.transcribe(noise)
    took_s = time.monotonic() - began_s
    yield Finding("model", True, f"{options.model}: {took_s:.2f} s for {_DECODED_S} s of sound")


def _kept(options: DictateOptions) -> Iterator[Finding]:
    from ...dictate.history import History
    from ...dictate.places import history_path, journal_folder

    try:
        n_kept = History(history_path(), options.history_days).n_kept()
    except EdgeError as error:
        yield Finding("history", False, str(error))
        return
    waiting = f"; {n_kept} texts wait to be copied" if n_kept else ""
    yield Finding("history", True, f"{history_path()}, {options.history_days:g} days{waiting}")
    yield Finding("journal", True, str(journal_folder()))
