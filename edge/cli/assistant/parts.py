"""Parts of the assistant, made by its settings."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from ...assist.intent import Skill
from ...assist.places import timers_path
from ...assist.settings import AssistSettings
from ...assist.skills.clock import clock_skill
from ...assist.skills.home_assistant import HomeAssistant
from ...assist.skills.mqtt import Mqtt
from ...assist.skills.own import command_sentences, command_skill, hook_skill
from ...assist.skills.timers import Timers
from ...assist.skills.volume import volume_skill
from ...assist.understand import load_sentences
from ...errors import OutputError
from ..console.bar import Console

if TYPE_CHECKING:
    from ...recognizer import Recognizer
    from ...sentences import Sentences


class Workings:
    """What does things, and what is understood."""

    def __init__(self, settings: AssistSettings, stack: ExitStack, tell: Callable[[str], object]) -> None:
        """Connect to what is wanted, and load the sentences."""
        self._settings, options = settings, settings.assist
        self.timers = Timers(timers_path())
        self.mqtt: Mqtt | None = None
        if options.mqtt_host is not None:
            self.mqtt = Mqtt(
                options.mqtt_host,
                options.mqtt_port,
                options.mqtt_prefix,
                options.mqtt_username,
                options.mqtt_password,
            )
            stack.callback(self.mqtt.close)
        self._home: HomeAssistant | None = None
        if options.ha_url is not None and options.ha_token is not None:
            self._home = HomeAssistant(options.ha_url, options.ha_token, options.language)
        self.sentences = self._load(tell)

    @property
    def skills(self) -> tuple[Skill, ...]:
        """Skills, those first that know what they are about."""
        options = self._settings.assist
        found: list[Skill] = [command_skill(self._settings.commands), clock_skill(lambda: datetime.now().astimezone())]
        found += [self.timers.plan, volume_skill]
        if options.hook is not None:
            found.append(hook_skill(options.hook))
        elif self._home is not None:
            found.append(self._home.plan)
        elif self.mqtt is not None:
            found.append(self.mqtt.plan)
        return tuple(found)

    def to_say(self) -> list[str]:
        """Return what is to be said unasked: timers that ring, and what the broker brings."""
        rung = [f"Your {timer.label} is done." for timer in self.timers.due()]
        return rung + (self.mqtt.to_say() if self.mqtt is not None else [])

    def _load(self, tell: Callable[[str], object]) -> Sentences:
        options = self._settings.assist
        lists = None
        if self._home is not None:
            try:
                lists = self._home.lists()
            except OutputError as error:
                tell(f"{error}; its names are not known until the next start")
        files: list[str | Path] = [
            name if name == "homeassistant" else Path(name).expanduser() for name in options.sentences
        ]
        if not self._settings.commands:
            return load_sentences(files, options.language, lists)
        with tempfile.TemporaryDirectory() as folder:
            own = Path(folder) / "commands.yaml"
            own.write_text(command_sentences(self._settings.commands, options.language), encoding="utf-8")
            return load_sentences([own, *files], options.language, lists)


def load_model(settings: AssistSettings, console: Console, *, offline: bool | None) -> Recognizer:
    """Load the recogniser."""
    from ... import load

    options = settings.assist
    model = load(options.model, kind="speech", threads=options.threads, offline=offline, progress=console.progress)
    console.clear()
    return model
