"""MQTT: intents and what goes on are published, and what is sent to be said is said."""

from __future__ import annotations

import json
import queue
from contextlib import suppress
from typing import Any

from ...errors import OptionError, OutputError
from ..intent import Intent, Plan

_WITHIN_S = 5.0
_QOS = 1


class Mqtt:
    """A connection to a broker, which is made again where it breaks.

    Published are PREFIX/intent/NAME, with the words and the slots as JSON, PREFIX/state, kept by the broker, and
    PREFIX/online. What comes in at PREFIX/say is to be said.
    """

    def __init__(self, host: str, port: int, prefix: str, username: str | None, password: str | None) -> None:
        """Connect.

        Raises:
            OptionError: the library is missing.
            OutputError: there is no broker, or it refuses.
        """
        try:
            from paho.mqtt.client import Client
            from paho.mqtt.enums import CallbackAPIVersion
        except ImportError:
            raise OptionError('MQTT needs paho-mqtt: pip install "edgewise[assist]"') from None
        self._prefix = prefix.strip("/")
        self._said: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._answers: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._client = Client(CallbackAPIVersion.VERSION2)
        if username is not None:
            self._client.username_pw_set(username, password)
        self._client.on_connect = self._connected
        self._client.on_message = self._heard
        self._client.will_set(f"{self._prefix}/online", "false", _QOS, retain=True)
        broker = f"the broker {host}:{port}"
        try:
            self._client.connect(host, port)
            self._client.loop_start()
            refusal = self._answers.get(timeout=_WITHIN_S)
        except (OSError, ValueError, queue.Empty) as error:
            self._client.loop_stop()
            raise OutputError(f"{broker} does not answer: {error or 'no word within 5 s'}") from error
        if refusal:
            self.close()
            raise OutputError(f"{broker} refuses: {refusal}; are mqtt_username and mqtt_password right?")

    def plan(self, intent: Intent) -> Plan:
        """Plan to publish an intent, as a skill does."""
        facts = {"intent": intent.name, "text": intent.text, "slots": dict(intent.slots)}
        topic = f"intent/{intent.name or 'none'}"
        return Plan("Done.", lambda: self._publish(topic, json.dumps(facts, default=str, ensure_ascii=False)))

    def tell_state(self, state: str) -> None:
        """Publish what goes on; where the connection is broken, it is not known to anybody."""
        with suppress(OutputError):
            self._publish("state", state, retain=True, waits=False)

    def to_say(self) -> list[str]:
        """Take the texts that came to be said."""
        texts = []
        with suppress(queue.Empty):
            while True:
                texts.append(self._said.get_nowait())
        return texts

    def close(self) -> None:
        """Say goodbye, and end the connection; harmless after that."""
        with suppress(OutputError):
            self._publish("online", "false", retain=True)
        self._client.disconnect()
        self._client.loop_stop()

    def _publish(self, topic: str, payload: str, *, retain: bool = False, waits: bool = True) -> None:
        try:
            sent = self._client.publish(f"{self._prefix}/{topic}", payload, _QOS, retain=retain)
            if waits:
                sent.wait_for_publish(_WITHIN_S)
            if waits and not sent.is_published():
                raise OutputError("the broker does not take what is published")
        except (RuntimeError, ValueError) as error:
            raise OutputError(f"nothing can be published: {error}") from error

    def _connected(self, client: Any, userdata: Any, flags: Any, reason: Any, properties: Any) -> None:
        if not reason.is_failure:
            client.subscribe(f"{self._prefix}/say", _QOS)
            client.publish(f"{self._prefix}/online", "true", _QOS, retain=True)
        self._answers.put(str(reason) if reason.is_failure else "")

    def _heard(self, client: Any, userdata: Any, message: Any) -> None:
        text = bytes(message.payload).decode(errors="replace").strip()
        if text:
            self._said.put(text)
