"""What a dictation shows of itself: tones, notifications, lines on the terminal, and a small window."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from contextlib import ExitStack
from importlib.util import find_spec

from ...arrays import FloatArray
from ...audio.tones import Sounds, Tone
from ...desktop.choose import choose_overlay, choose_tray
from ...desktop.control import runtime_folder
from ...desktop.protocol import Caption, Overlay, Tray
from ...dictate.captions import Captions
from ...dictate.dictation import Dictation, State
from ...dictate.history import History
from ...dictate.options import DictateOptions
from ...dictate.writing import Writing
from ...errors import DesktopError, OutputError
from ...transcript.events import Event, Silence
from ..console.bar import Console
from ..console.colors import shows_colors
from ..console.streams import put_as_it_is
from ..live.display import Display
from ..live.region import Region
from .tray import TrayMenu

_TITLE = "edgewise dictate"


class Signs:
    """The signs that are wanted and can be had, for as long as a stack of things to end lasts."""

    def __init__(self, options: DictateOptions, console: Console, stack: ExitStack, *, prints: bool) -> None:
        """Begin; `prints` says that texts take up the standard output."""
        self._console = console
        self._options = options
        self._notify: Callable[[str, str], object] = _show_nothing
        self._sounds: Sounds | None = None
        self._n_due: Callable[[], int] = lambda: 0
        self._captions = Captions(self._show_caption, lambda: self._n_due())
        self._overlay: Overlay | None = None
        self._tray: Tray | None = None
        if options.notify and not prints:
            self._open_notifications(stack)
        if options.sounds:
            self._make_sounds(stack)
        has_terminal = not prints and sys.stdout is not None and sys.stdout.isatty()
        if options.overlay:
            self._open_overlay(stack, instead="; the terminal shows the words instead" if has_terminal else "")
        wants_lines = options.partials or (options.overlay and self._overlay is None)
        self._display = self._make_display(stack) if wants_lines and has_terminal else None

    @property
    def show_words(self) -> bool:
        """Whether somebody sees what is not final."""
        return self._display is not None or self._overlay is not None

    def follow(self, dictation: Dictation, writing: Writing, history: History, stack: ExitStack) -> None:
        """Take the parts that say what is on its way, and that a menu commands."""
        self._n_due = lambda: writing.n_due
        if self._options.tray:
            self._open_tray(dictation, history, stack)

    def tell(self, message: str) -> None:
        """Tell the user something; never a text."""
        self._console.say(message)
        self._play(Tone.ERROR)
        try:
            self._notify(_TITLE, message)
        except DesktopError:
            self._notify = _show_nothing

    def hear(self, samples: FloatArray) -> None:
        """Take sound, for the meter on the terminal."""
        if self._display is not None:
            self._display.hear(samples)

    def take(self, event: Event) -> None:
        """Take what is read while somebody speaks."""
        if self._display is not None:
            self._display.take(event)
        self._captions.take(event)

    def show(self, state: State) -> None:
        """Say what goes on."""
        if state is not State.PREPARING:
            self._play(Tone.START if state is State.LISTENING else Tone.STOP)
        self._captions.tell(state)
        if self._display is not None:
            if state is State.IDLE:
                self._display.take(Silence(0.0))  # what is read no longer changes: the final text is at the cursor
            self._display.tell(str(state))

    def note_written(self) -> None:
        """Take note that a text is dealt with."""
        self._captions.note_written()

    def _show_caption(self, caption: Caption | None) -> None:
        if self._overlay is not None:
            self._overlay.show(caption)
        if self._tray is not None:
            self._tray.show(str(State.IDLE) if caption is None else caption.state)

    def _play(self, tone: Tone) -> None:
        if self._sounds is not None:
            self._sounds.play(tone)

    def _open_notifications(self, stack: ExitStack) -> None:
        """Show what is told as notifications too, where the desktop has them: the user looks at another window."""
        if find_spec("jeepney") is None:
            return
        from ...desktop.portal.notifications import Notifications

        try:
            notifications = Notifications()
        except DesktopError:
            return
        stack.callback(notifications.close)
        self._notify = notifications.show

    def _make_sounds(self, stack: ExitStack) -> None:
        """Have tones, if they can be."""
        try:
            self._sounds = Sounds(runtime_folder() / "tones")
            stack.callback(self._sounds.close)
        except OutputError as error:
            self.tell(str(error))

    def _open_overlay(self, stack: ExitStack, *, instead: str) -> None:
        """Have the small window; where there is none, the terminal shows the words."""
        try:
            self._overlay = choose_overlay()
        except DesktopError as error:
            self._console.say(f"{error}{instead}")
            return
        stack.callback(self._overlay.close)

    def _open_tray(self, dictation: Dictation, history: History, stack: ExitStack) -> None:
        """Have the icon in the panel; a panel that comes later shows it as well."""
        menu = TrayMenu(dictation, history, self.tell)
        try:
            self._tray = choose_tray(_TITLE, menu.entries, menu.toggle)
        except DesktopError as error:
            self._console.say(str(error))
            return
        stack.callback(self._tray.close)
        if not self._tray.is_shown:
            self._console.say("no panel here shows icons; the icon comes with the first one that does")

    def _make_display(self, stack: ExitStack) -> Display:
        """Make the lines on the terminal, with which messages do not get mixed up."""
        region = Region(put_as_it_is, shutil.get_terminal_size, styled=shows_colors(sys.stdout))
        display = Display(region, hint="Ctrl-C ends", follows=False)
        self._console.make_way = display.erase
        stack.callback(display.erase)
        return display


def _show_nothing(title: str, message: str) -> None:
    """Show nothing: this desktop has no notifications."""
