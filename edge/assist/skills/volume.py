"""The volume of the loudspeaker, by the program that the system has for it."""

from __future__ import annotations

from ...errors import OutputError
from ..intent import Intent, Plan
from .programs import first_here, run_program

_STEP = 10
_COMMANDS: dict[str, dict[str, list[str]]] = {
    "wpctl": {
        "set": ["set-volume", "@DEFAULT_AUDIO_SINK@", "{}%"],
        "up": ["set-volume", "-l", "1", "@DEFAULT_AUDIO_SINK@", "{}%+"],
        "down": ["set-volume", "@DEFAULT_AUDIO_SINK@", "{}%-"],
        "mute": ["set-mute", "@DEFAULT_AUDIO_SINK@", "{}"],
    },
    "pactl": {
        "set": ["set-sink-volume", "@DEFAULT_SINK@", "{}%"],
        "up": ["set-sink-volume", "@DEFAULT_SINK@", "+{}%"],
        "down": ["set-sink-volume", "@DEFAULT_SINK@", "-{}%"],
        "mute": ["set-sink-mute", "@DEFAULT_SINK@", "{}"],
    },
    "amixer": {
        "set": ["-q", "sset", "Master", "{}%"],
        "up": ["-q", "sset", "Master", "{}%+"],
        "down": ["-q", "sset", "Master", "{}%-"],
        "mute": ["-q", "sset", "Master", "{}"],
    },
}
"""Arguments of the programs of PipeWire, PulseAudio and ALSA."""

_MUTES = {"amixer": ("unmute", "mute")}


def volume_skill(intent: Intent) -> Plan | None:
    """Plan a change of the volume, as a skill does."""
    slots = intent.slots
    if intent.name == "HassSetVolume":
        level = min(100, max(0, round(float(slots.get("volume_level", 50)))))
        return Plan(f"Volume {level} percent.", lambda: _change("set", str(level)))
    if intent.name == "HassSetVolumeRelative":
        step = slots.get("volume_step", "up")
        how = step if step in ("up", "down") else "down" if str(step).startswith("-") else "up"
        by = abs(int(step)) if str(step).lstrip("-").isdecimal() else _STEP
        return Plan("Louder." if how == "up" else "Quieter.", lambda: _change(how, str(by)))
    if intent.name in ("HassMediaPlayerMute", "HassMediaPlayerUnmute"):
        is_on = intent.name == "HassMediaPlayerMute"
        return Plan("" if is_on else "The sound is on.", lambda: _mute(is_on=is_on))
    return None


def _mute(*, is_on: bool) -> None:
    words = _MUTES.get(_program(), ("0", "1"))
    _change("mute", words[is_on])


def _change(how: str, value: str) -> None:
    program = _program()
    run_program([program, *(part.format(value) for part in _COMMANDS[program][how])])


def _program() -> str:
    program = first_here(tuple(_COMMANDS))
    if program is None:
        raise OutputError(f"no program changes the volume: install one of {', '.join(_COMMANDS)}")
    return program
