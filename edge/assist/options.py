"""Options of the assistant, checked when they are made."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..errors import OptionError
from ..kinds import Choice, Flag, Real, Special, Text, Whole
from ..names import DEFAULT_MODEL
from ..serve.options import NETWORKS, Network, is_local, network_of, read_networks
from ..settings import check_fields, setting
from ..values import several, shown
from .voice.choose import VOICES

_LONGEST = 500
_NAME = Text(_LONGEST)
_MOST_FILES = 100
_WAKE, _MICROPHONE, _MODEL, _VOICE, _ACTIONS = "wake", "microphone", "model", "voice", "actions"
_HOME, _MQTT, _SATELLITE = "home_assistant", "mqtt", "satellite"


def _files(value: object) -> tuple[str, ...]:
    names = several("sentences", value, _MOST_FILES, '["lights.yaml", "homeassistant"]')
    for name in names:
        if not isinstance(name, str):
            raise OptionError(f"sentences has {shown(name)}; expected names of files")
    return tuple(map(str, names))


def _read_files(written: str) -> list[str]:
    return [name.strip() for name in written.split(",") if name.strip()]


def _networks(value: object) -> tuple[str, ...]:
    return read_networks("satellite_allow", value)


_SECONDS = Real(0, 600, "seconds, 0 to 600")


@dataclass(frozen=True, slots=True)
class AssistOptions:
    """Settings of an assistant."""

    wake: str = field(default="okay_nabu", metadata=setting(_NAME, group=_WAKE, metavar="NAME"))
    """Wake word: okay_nabu, hey_jarvis, hey_mycroft, alexa, or one that `edgewise wake enrol` made."""
    wake_threshold: float | None = field(
        default=None,
        metadata=setting(
            Real(0, 1, "a number, 0 to 1"), group=_WAKE, metavar="X", none="the one that belongs to the wake word"
        ),
    )
    """Score from which on the wake word counts as said: higher hears it less often, and wakes less often by mistake."""
    wake_check: bool = field(default=True, metadata=setting(Flag(), group=_WAKE))
    """Whether the recogniser reads what may be a ready wake word, and is in doubt, as it reads each of your own."""

    device: str | None = field(
        default=None, metadata=setting(_NAME, group=_MICROPHONE, metavar="NAME", none="the system's")
    )
    """Microphone, by number, or by name or a part of it."""
    endpoint: float = field(
        default=0.7, metadata=setting(Real(0.2, 10, "seconds, 0.2 to 10"), group=_MICROPHONE, metavar="S")
    )
    """Seconds of silence that end a command; half of it is enough after a sentence that is known."""
    patience: float = field(default=5.0, metadata=setting(_SECONDS, group=_MICROPHONE, metavar="S"))
    """Seconds after the wake word in which a command may begin."""
    longest: float = field(
        default=15.0, metadata=setting(Real(1, 30, "seconds, 1 to 30"), group=_MICROPHONE, metavar="S")
    )
    """Seconds that a command may last."""
    follow_up: float = field(default=0.0, metadata=setting(_SECONDS, group=_MICROPHONE, metavar="S"))
    """Seconds after an answer in which the next command needs no wake word."""
    barge_in: bool = field(default=True, metadata=setting(Flag(), group=_MICROPHONE))
    """Whether to stop an answer when somebody speaks into it; the wake word always stops it."""

    model: str = field(default=DEFAULT_MODEL, metadata=setting(_NAME, group=_MODEL, metavar="NAME"))
    """Model, by name or .gguf file."""
    language: str = field(default="en", metadata=setting(_NAME, group=_MODEL, metavar="LANGUAGE"))
    """Code of the language that is spoken."""
    threads: int | None = field(
        default=None, metadata=setting(Whole(1, 1024), group=_MODEL, metavar="N", none="the processor's physical cores")
    )
    """Threads that compute."""
    sentences: tuple[str, ...] = field(
        default=(),
        metadata=setting(
            Special('names of files, such as ["lights.yaml", "homeassistant"]', _files, _read_files),
            group=_MODEL,
            metavar="FILE,FILE",
            default_words="the assistant's own alone",
        ),
    )
    """Files of sentences besides the assistant's own; homeassistant stands for those that Home Assistant ships."""
    free: bool = field(default=True, metadata=setting(Flag(), group=_MODEL))
    """Whether to take other words than the known sentences too: they go to Home Assistant and to the hook."""

    voice: str = field(default=VOICES[0], metadata=setting(Choice(VOICES), group=_VOICE))
    """Voice that answers: Piper where piper_voice is set, or else eSpeak NG."""
    piper: str = field(default="piper", metadata=setting(_NAME, group=_VOICE, metavar="PROGRAM"))
    """Program of Piper, by name or path."""
    piper_voice: str | None = field(
        default=None, metadata=setting(_NAME, group=_VOICE, metavar="FILE", none="no voice of Piper's")
    )
    """Voice of Piper's: the .onnx file, whose .onnx.json is beside it."""
    sounds: bool = field(default=True, metadata=setting(Flag(), group=_VOICE))
    """Whether to play a short tone when it listens, and when it has heard enough."""

    hook: str | None = field(
        default=None, metadata=setting(_NAME, group=_ACTIONS, metavar="PROGRAM", none="no program")
    )
    """Program that gets each intent that is not built in as JSON on its standard input, and prints the answer."""
    light: str | None = field(
        default=None, metadata=setting(_NAME, group=_ACTIONS, metavar="PROGRAM", none="no program")
    )
    """Program that is told waiting, listening, acting and answering, a line each, such as one that switches an LED."""

    ha_url: str | None = field(
        default=None, metadata=setting(_NAME, group=_HOME, metavar="URL", none="no Home Assistant")
    )
    """Address of Home Assistant, such as http://homeassistant.local:8123."""
    ha_token: str | None = field(default=None, metadata=setting(_NAME, group=_HOME, metavar="TOKEN", none="no token"))
    """Long-lived access token, which your profile in Home Assistant makes."""

    mqtt_host: str | None = field(default=None, metadata=setting(_NAME, group=_MQTT, metavar="HOST", none="no broker"))
    """Host of an MQTT broker."""
    mqtt_port: int = field(default=1883, metadata=setting(Whole(1, 65535), group=_MQTT, metavar="N"))
    """Port of the broker."""
    mqtt_username: str | None = field(
        default=None, metadata=setting(_NAME, group=_MQTT, metavar="NAME", none="no name")
    )
    """Name to give to the broker."""
    mqtt_password: str | None = field(
        default=None, metadata=setting(_NAME, group=_MQTT, metavar="TEXT", none="no password")
    )
    """Password to give to the broker."""
    mqtt_prefix: str = field(default="edgewise", metadata=setting(_NAME, group=_MQTT, metavar="TOPIC"))
    """Topic under which all is published."""

    satellite_host: str = field(default="127.0.0.1", metadata=setting(_NAME, group=_SATELLITE, metavar="ADDRESS"))
    """Address to which Home Assistant comes: 127.0.0.1 is this machine alone, 0.0.0.0 everybody who can reach it."""
    satellite_port: int = field(default=10700, metadata=setting(Whole(0, 65535), group=_SATELLITE, metavar="N"))
    """Port of the satellite; 0 takes a free one."""
    satellite_allow: tuple[str, ...] = field(
        default=(),
        metadata=setting(
            Special(NETWORKS, _networks, _read_files), group=_SATELLITE, metavar="NET,NET", default_words="nobody else"
        ),
    )
    """Networks from which Home Assistant may come."""
    satellite_name: str = field(default="edgewise", metadata=setting(_NAME, group=_SATELLITE, metavar="NAME"))
    """Name under which Home Assistant lists it, such as that of its room."""
    satellite_area: str | None = field(
        default=None, metadata=setting(_NAME, group=_SATELLITE, metavar="ROOM", none="chosen in Home Assistant")
    )
    """Room that it is in."""

    def __post_init__(self) -> None:
        check_fields(self)
        if self.ha_url is not None and self.ha_token is None:
            raise OptionError("ha_url is set and ha_token is not; Home Assistant answers nobody without a token")

    @property
    def satellite_networks(self) -> tuple[Network, ...]:
        """Networks from which Home Assistant may come."""
        return tuple(map(network_of, self.satellite_allow))

    @property
    def satellite_is_local(self) -> bool:
        """Whether nobody else than this machine can reach the satellite."""
        return is_local(self.satellite_host)
