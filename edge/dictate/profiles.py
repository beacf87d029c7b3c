"""Settings for one program, by the class of its window: they go before those that hold for all."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ..desktop.chords import Chord, parse_chord
from ..desktop.protocol import Way
from ..errors import DesktopError, OptionError
from ..settings import keywords_from, settings_of, unknown_setting
from ..values import shown
from ..written import WrittenOptions
from .options import DictateOptions

PASTE = "paste"
"""Name of the setting for the keys that paste into a program."""

OF_DICTATION = ("language", "vocabulary", "formatted", "ways")
"""Settings of a dictation that a program may have for itself."""

OF_WRITING = tuple(name for name, each in settings_of(WrittenOptions).items() if each.group)
"""Settings of what is written that it may have: all but tables."""


@dataclass(frozen=True, slots=True)
class Profile:
    """Settings of one program."""

    paste: Chord | None = None
    """Keys that paste into it; None takes those that it is known for."""
    dictate: Mapping[str, Any] = field(default_factory=dict)
    """Settings of a dictation, by name."""
    written: Mapping[str, Any] = field(default_factory=dict)
    """Settings of what is written, by name."""

    @property
    def ways(self) -> Collection[Way]:
        """Ways of typing into it; none where it has no choice of its own."""
        ways: Collection[Way] = self.dictate.get("ways", ())
        return ways

    def dictation(self, usual: DictateOptions) -> DictateOptions:
        """Return the settings of a dictation into it."""
        return replace(usual, **self.dictate)

    def writing(self, usual: WrittenOptions) -> WrittenOptions:
        """Return the settings of what is written into it."""
        return replace(usual, **self.written)

    def without(self, names: Collection[str]) -> Profile:
        """Return it without what the command line has said."""
        return replace(self, dictate={name: value for name, value in self.dictate.items() if name not in names})


def profile_of(application: str, profiles: Mapping[str, Profile]) -> Profile:
    """Return the settings of a program; none of its own where there are none for its class, in any case of letters."""
    return profiles.get(application.casefold(), Profile())


def read_profile(name: str, found: object) -> Profile:
    """Read what a settings file says of a program: a table, or only the keys that paste into it.

    Raises:
        OptionError: it says something that cannot be; the message names the program.
    """
    try:
        return _from_table(found) if isinstance(found, Mapping) else Profile(_chord(found))
    except (DesktopError, OptionError) as error:
        raise OptionError(f"[applications] {name}: {error}") from None


def _from_table(table: Mapping[str, object]) -> Profile:
    values = dict(table)
    paste = _chord(values.pop(PASTE)) if PASTE in values else None
    known = (PASTE, *OF_DICTATION, *OF_WRITING)
    for name in values:
        if name in settings_of(DictateOptions) and name not in OF_DICTATION:
            raise OptionError(f"{name} holds for all programs; one may have {', '.join(known)}")
        if name not in known:
            raise OptionError(unknown_setting(name, known))
    of_dictation = {name: value for name, value in values.items() if name in OF_DICTATION}
    of_writing = {name: value for name, value in values.items() if name in OF_WRITING}
    return Profile(paste, keywords_from(DictateOptions, of_dictation), keywords_from(WrittenOptions, of_writing))


def _chord(keys: object) -> Chord:
    if not isinstance(keys, str):
        raise OptionError(f"{PASTE} is {shown(keys)}; expected keys such as ctrl+shift+v")
    return parse_chord(keys)
