"""Options of a dictation, checked when they are made."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from ..correct.settings import BUDGET, CORRECT, CORRECTIONS
from ..desktop.chords import parse_chord
from ..desktop.gestures import Mode
from ..desktop.protocol import Way
from ..errors import DesktopError, OptionError
from ..kinds import Choice, Flag, Real, Special, Text, Whole
from ..live.options import LiveOptions
from ..names import DEFAULT_MODEL
from ..settings import check_fields, setting, settings_of
from ..values import several, shown

_KEYS, _MICROPHONE, _MODEL, _TEXT, _KEPT = "keys", "microphone", "model", "text", "kept"
_LONGEST_NAME = 500


def _key(value: object) -> str:
    if not isinstance(value, str):
        raise OptionError(f"a key is {shown(value)}; expected a text such as F9, ctrl+alt+d or right ctrl")
    try:
        parse_chord(value)
    except DesktopError as error:
        raise OptionError(str(error)) from None
    return value


def _ways(value: object) -> tuple[Way, ...]:
    names = several("ways", value, len(Way), '["keys", "paste"]')
    for name in names:
        if name not in set(Way):
            raise OptionError(f"ways has {shown(name)}; expected names of ways: {', '.join(Way)}")
    return tuple(map(Way, names))


def _read_ways(written: str) -> list[str]:
    return [name.strip() for name in written.split(",") if name.strip()]


_KEY = Special("a key such as F9, ctrl+alt+d or right ctrl", _key, str)
_NAME = Text(_LONGEST_NAME)


@dataclass(frozen=True, slots=True)
class DictateOptions:
    """Settings of a dictation."""

    key: str = field(default="F9", metadata=setting(_KEY, group=_KEYS, metavar="KEY"))
    """Key to dictate with, such as F9, ctrl+alt+d or right ctrl."""
    mode: str = field(default=str(Mode.AUTO), metadata=setting(Choice(tuple(map(str, Mode))), group=_KEYS))
    """Meaning of the key: hold it while you speak, toggle, or auto, which holds, and toggles at a tap below 0.4 s."""
    cancel_key: str | None = field(
        default="Escape", metadata=setting(_KEY, group=_KEYS, metavar="KEY", none="no such key")
    )
    """Key that gives up what is being said; it is taken from other programs during a dictation only."""

    undo_key: str | None = field(default=None, metadata=setting(_KEY, group=_KEYS, metavar="KEY", none="no such key"))
    """Key that deletes what was typed last, if the cursor is still behind it, such as shift+F9."""

    device: str | None = field(
        default=None, metadata=setting(_NAME, group=_MICROPHONE, metavar="NAME", none="the system's")
    )
    """Microphone, by number, or by name or a part of it."""
    keep_open: float = field(
        default=30.0, metadata=setting(Real(0, 86400, "seconds, 0 to 86400"), group=_MICROPHONE, metavar="S")
    )
    """Seconds that the microphone stays open after a dictation, so that the next one begins at once."""
    always_open: bool = field(default=False, metadata=setting(Flag(), group=_MICROPHONE))
    """Whether to keep the microphone open all the time: no dictation waits for it, and its light stays on."""
    preroll: float = field(default=0.0, metadata=setting(Real(0, 2, "seconds, 0 to 2"), group=_MICROPHONE, metavar="S"))
    """Seconds from before the key that are heard too, where the microphone was open."""
    tail: float = field(default=0.05, metadata=setting(Real(0, 2, "seconds, 0 to 2"), group=_MICROPHONE, metavar="S"))
    """Seconds that are heard after the key was let go, where somebody still speaks then."""
    longest: float = field(
        default=1800.0, metadata=setting(Real(1, 86400, "seconds, 1 to 86400"), group=_MICROPHONE, metavar="S")
    )
    """Seconds after which a dictation ends by itself, should it have been forgotten."""
    endpoint: float | str | None = field(
        default=None,
        metadata=setting(
            settings_of(LiveOptions)["endpoint"].kind, group=_MICROPHONE, metavar="S", none="no pause ends a text"
        ),
    )
    """Seconds of silence after which a text is written while the dictation goes on; it begins at once then."""

    model: str = field(default=DEFAULT_MODEL, metadata=setting(_NAME, group=_MODEL, metavar="NAME"))
    """Model, by name or .gguf file."""
    language: str | None = field(
        default=None, metadata=setting(_NAME, group=_MODEL, metavar="LANGUAGE", none="detected where the model can")
    )
    """Language that is spoken, as a code or an English name."""
    vocabulary: str | None = field(default=None, metadata=setting(_NAME, group=_MODEL, metavar="FILE", none="no words"))
    """File of words and names that you are likely to say, one a line, spelled as they are to be written."""
    correct: str | bool = field(default="off", metadata=setting(CORRECT, group=_MODEL, metavar="|".join(CORRECTIONS)))
    """Whether to correct single words of each text by a second opinion, safe or most, which takes a moment longer."""
    correct_budget: float | None = field(
        default=None, metadata=setting(BUDGET, group=_MODEL, metavar="TIME", none="no limit")
    )
    """Time that corrections of 30 s may take, such as 200ms; what would come later is left out."""
    threads: int | None = field(
        default=None, metadata=setting(Whole(1, 1024), group=_MODEL, metavar="N", none="the processor's physical cores")
    )
    """Threads that compute."""

    unload: float | None = field(
        default=None,
        metadata=setting(Real(0, 86400, "seconds, 0 to 86400"), group=_MODEL, metavar="S", none="it stays"),
    )
    """Seconds after a dictation after which the model leaves the memory; the next one loads it again first."""
    battery: bool = field(default=False, metadata=setting(Flag(), group=_MODEL))
    """Whether to spare a battery while the computer runs on it: microphone and model are let go of after each text."""

    formatted: bool = field(default=True, metadata=setting(Flag(), group=_TEXT))
    """Whether to write as the section [written] says; without, words are written as they are heard."""
    ways: Collection[Way] = field(
        default=(),
        metadata=setting(
            Special("ways of typing", _ways, _read_ways), group=_TEXT, metavar="WAY,WAY", default_words="all there are"
        ),
    )
    """Ways of typing that are used, such as keys,paste; `edgewise dictate doctor` tries them."""
    partials: bool = field(default=False, metadata=setting(Flag(), group=_TEXT))
    """Whether to show on the terminal, while you speak, what is understood by now."""
    overlay: bool = field(default=False, metadata=setting(Flag(), group=_TEXT))
    """Whether to show in a small window, which takes no focus, that it listens and what is understood by now."""
    hook: str | None = field(default=None, metadata=setting(_NAME, group=_TEXT, metavar="PROGRAM", none="no program"))
    """Program that gets each text as JSON on its standard input, and may change it or keep it."""

    sounds: bool = field(default=False, metadata=setting(Flag(), group=_TEXT))
    """Whether to play short tones when it listens, when it stops, and when something went wrong."""
    notify: bool = field(default=True, metadata=setting(Flag(), group=_TEXT))
    """Whether to show what went wrong as a notification of the desktop, where it shows such; never a text."""

    tray: bool = field(default=False, metadata=setting(Flag(), group=_TEXT))
    """Whether to show an icon in the desktop's panel that says what goes on, with a menu."""

    history_days: float = field(
        default=7.0, metadata=setting(Real(0, 36500, "days, 0 to 36500"), group=_KEPT, metavar="DAYS")
    )
    """Days that texts stay in the history; 0 forgets each as soon as it is delivered."""
    keep_audio: bool = field(default=False, metadata=setting(Flag(), group=_KEPT))
    """Whether to keep the recordings as long as their texts."""

    def __post_init__(self) -> None:
        check_fields(self)
        seen: dict[str, str] = {}
        for name in ("key", "cancel_key", "undo_key"):
            key = getattr(self, name)
            other = name if key is None else seen.setdefault(str(parse_chord(key)), name)
            if other != name:
                raise OptionError(f"{name} is {key}, which {other} is as well; choose another key")
