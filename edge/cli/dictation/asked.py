"""What setup asks about the desktop: keys, ways of typing, and what shows that it listens. Each is tried first."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from ...errors import DesktopError
from ..console.streams import report
from ..setup.questions import Questions

if TYPE_CHECKING:
    from ...dictate.options import DictateOptions

_NONE = "none"


def ask_keys(questions: Questions, usual: DictateOptions) -> dict[str, object]:
    """Ask for the keys; where the desktop gives out none, say what does instead."""
    from ...desktop.choose import BIND, Desktop, choose_trigger, this_desktop

    if questions.asks:
        try:
            choose_trigger({}).close()
        except DesktopError as error:
            report(str(error))
            if BIND in str(error):
                return {}
    has_taken = this_desktop() is Desktop.X11

    def check(given: str) -> None:
        replace(usual, key=given, undo_key=None)
        if has_taken:
            _try_key(given)

    key = questions.answer("key to hold while you speak", usual.key, check)
    undo_key = _ask_undo_key(questions, replace(usual, key=key, undo_key=None), usual.undo_key, check)
    return {"key": key, "undo_key": undo_key}


def _ask_undo_key(
    questions: Questions, keys: DictateOptions, usual: str | None, check: Callable[[str], None]
) -> str | None:
    def check_both(given: str) -> None:
        if given != _NONE:
            replace(keys, undo_key=given)
            check(given)

    usual = None if usual == keys.key else usual
    given = questions.answer(
        "key that deletes what was typed last, such as shift+F9 (none does without)", usual or _NONE, check_both
    )
    return None if given == _NONE else given


def _try_key(name: str) -> None:
    """Take a key and give it back; DesktopError where another program has it."""
    from ...desktop.choose import choose_trigger
    from ...desktop.chords import parse_chord
    from ...desktop.protocol import Key

    trigger = choose_trigger({Key.DICTATE: parse_chord(name)})
    try:
        trigger.start(lambda event: None)
    finally:
        trigger.close()


def ask_signs(questions: Questions, usual: DictateOptions) -> dict[str, object]:
    """Ask what is to show what goes on, of what this desktop can show."""
    from ...desktop.choose import choose_overlay, choose_tray

    sounds = questions.agrees("play a short tone when it listens and when it stops", default=usual.sounds)
    chosen: dict[str, object] = {"sounds": sounds}
    if not questions.asks:
        return chosen
    try:
        choose_overlay().close()
    except DesktopError as error:
        report(f"no small window with what is understood: {error}")
    else:
        question = "show in a small window what is understood while you speak"
        chosen["overlay"] = questions.agrees(question, default=usual.overlay)
    try:
        tray = choose_tray("edgewise dictate", tuple, lambda: None)
        tray.close()
    except DesktopError as error:
        report(f"no icon in the panel: {error}")
        return chosen
    if tray.is_shown:
        chosen["tray"] = questions.agrees("show an icon with a menu in the panel", default=usual.tray)
    else:
        report("no icon in the panel: none here shows icons (StatusNotifierItem)")
    return chosen


def ask_ways(questions: Questions) -> dict[str, object]:
    """Type into a window of our own, where that is agreed to; choose the ways that work unless all do."""
    from ...desktop.choose import try_ways

    if not questions.asks or not questions.agrees("try to type into a small window of our own now", default=True):
        return {}
    try:
        trials = try_ways()
    except DesktopError as error:
        report(str(error))
        return {}
    for trial in trials:
        report(f"  {trial.way}: {'works' if trial.works else 'does not work'}; {trial.finding}")
    working = tuple(str(trial.way) for trial in trials if trial.works)
    return {"ways": working} if 0 < len(working) < len(trials) else {}
