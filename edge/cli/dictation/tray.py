"""The menu of the icon in the panel: what goes on, what can be done about it, and the newest texts."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from ...desktop.gestures import Command
from ...desktop.protocol import Entry
from ...dictate.dictation import Dictation, State
from ...dictate.history import Entry as Kept
from ...dictate.history import History
from ...errors import OutputError
from ...transcript.lines import flat

_ERROR = "error: "
_MOST_TEXTS = 10
_MOST_LETTERS = 50
_PART = Entry("")


class TrayMenu:
    """The menu, made anew whenever it is asked for."""

    def __init__(self, dictation: Dictation, history: History, tell: Callable[[str], object]) -> None:
        self._dictation, self._history, self._tell = dictation, history, tell

    def entries(self) -> tuple[Entry, ...]:
        """Return the lines."""
        is_on = self._dictation.state is not State.IDLE
        toggle = "Stop and write" if is_on else "Dictate"
        return (
            Entry(self._dictation.state.capitalize()),
            Entry(toggle, self.toggle),
            Entry("Cancel", partial(self._do, Command.CANCEL) if is_on else None),
            Entry("Undo", partial(self._do, Command.UNDO)),
            _PART,
            Entry("Copy from the history", entries=self._texts()),
            _PART,
            Entry("Quit", self._dictation.end),
        )

    def toggle(self) -> None:
        """Begin to dictate, or end what is being said."""
        self._do(Command.TOGGLE)

    def _do(self, command: Command, detail: str = "") -> None:
        answer = self._dictation.answer(command, detail)
        if answer.startswith(_ERROR):
            self._tell(answer.removeprefix(_ERROR))

    def _texts(self) -> tuple[Entry, ...]:
        try:
            found = self._history.find(most=_MOST_TEXTS)
        except OutputError as error:
            return (Entry(str(error)),)
        if not found:
            return (Entry("Nothing is kept"),)
        return tuple(Entry(_short(kept), partial(self._do, Command.COPY, str(kept.number))) for kept in reversed(found))


def _short(kept: Kept) -> str:
    """Return the beginning of a text, which is enough to know it by."""
    text = flat(kept.text)
    return text if len(text) <= _MOST_LETTERS else f"{text[:_MOST_LETTERS].rstrip()}\u2026"
