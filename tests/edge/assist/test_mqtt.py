"""A real broker: what is published arrives, and what is sent to be said is said."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from queue import SimpleQueue

import pytest

from edge.assist.intent import Intent
from edge.assist.skills.mqtt import Mqtt
from edge.errors import OutputError

pytest.importorskip("paho.mqtt.client")
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

MOSQUITTO = shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
WITHIN_S = 10.0

pytestmark = [
    pytest.mark.loopback,
    pytest.mark.skipif(MOSQUITTO is None, reason="no broker: apt install mosquitto"),
]


@pytest.fixture
def port(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[int]:
    """The port of a broker of our own, under a rule about who may come in."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        number = int(free.getsockname()[1])
    (tmp_path / "broker.conf").write_text(f"listener {number} 127.0.0.1\nallow_anonymous {request.param}\n")
    assert MOSQUITTO is not None
    broker = subprocess.Popen([MOSQUITTO, "-c", str(tmp_path / "broker.conf")], stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + WITHIN_S
    while time.monotonic() < deadline:
        with socket.socket() as trying:
            if trying.connect_ex(("127.0.0.1", number)) == 0:
                break
        time.sleep(0.02)
    yield number
    broker.kill()
    broker.wait()


def _wait(holds: Callable[[], object]) -> None:
    deadline = time.monotonic() + WITHIN_S
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.mark.parametrize("port", ["true"], indirect=True)
def test_intents_states_and_texts_go_through_a_broker(port: int) -> None:
    came: SimpleQueue[tuple[str, str]] = SimpleQueue()
    other = Client(CallbackAPIVersion.VERSION2)
    other.on_message = lambda client, userdata, message: came.put((message.topic, message.payload.decode()))
    other.connect("127.0.0.1", port)
    other.subscribe("home/#", 1)
    other.loop_start()
    mqtt = Mqtt("127.0.0.1", port, "home/", None, None)
    try:
        assert came.get(timeout=WITHIN_S) == ("home/online", "true")
        plan = mqtt.plan(Intent("HassTurnOn", "lamp on", {"name": "lamp"}))
        assert plan.act() is None
        topic, facts = came.get(timeout=WITHIN_S)
        assert topic == "home/intent/HassTurnOn"
        assert json.loads(facts) == {"intent": "HassTurnOn", "text": "lamp on", "slots": {"name": "lamp"}}
        mqtt.tell_state("listening")
        assert came.get(timeout=WITHIN_S) == ("home/state", "listening")
        other.publish("home/say", "dinner is ready", 1)
        said: list[str] = []
        deadline = time.monotonic() + WITHIN_S
        while not said and time.monotonic() < deadline:
            said += mqtt.to_say()
            time.sleep(0.01)
        assert said == ["dinner is ready"]
    finally:
        mqtt.close()
        _wait(lambda: not came.empty() and came.get() == ("home/online", "false"))
        other.disconnect()
        other.loop_stop()


@pytest.mark.parametrize("port", ["false"], indirect=True)
def test_a_broker_that_refuses_is_named_and_so_is_what_to_look_at(port: int) -> None:
    with pytest.raises(OutputError, match=r"refuses: .*mqtt_username"):
        Mqtt("127.0.0.1", port, "home", "me", "wrong")


def test_a_broker_that_is_not_there_is_named() -> None:
    with pytest.raises(OutputError, match=r"the broker 127\.0\.0\.1:9 does not answer"):
        Mqtt("127.0.0.1", 9, "home", None, None)
