"""What is done about intents: by programs that are here, a server that answers, and a real broker."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Iterator
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest

from edge.assist.intent import Intent, Plan, Skill, first_plan
from edge.assist.skills.clock import clock_skill
from edge.assist.skills.home_assistant import HomeAssistant
from edge.assist.skills.own import command_sentences, command_skill, hook_skill
from edge.assist.skills.volume import volume_skill
from edge.errors import OutputError


def _answer(plan: Plan | None) -> str:
    assert plan is not None
    said = plan.act()
    return plan.say if said is None else said


def test_the_time_and_the_date() -> None:
    skill = clock_skill(lambda: datetime(2026, 11, 29, 13, 5).astimezone())
    assert _answer(skill(Intent("HassGetCurrentTime", ""))) == "It is 1:05 p.m."
    assert _answer(skill(Intent("HassGetCurrentDate", ""))) == "Today is Sunday, November 29, 2026."
    assert skill(Intent("HassTurnOn", "")) is None


def test_the_first_skill_that_has_a_plan_makes_it() -> None:
    def silent(intent: Intent) -> Plan | None:
        return None

    def loud(intent: Intent) -> Plan | None:
        return Plan(intent.text)

    skills: tuple[Skill, ...] = (silent, loud)
    assert first_plan(skills, Intent("", "yes")) == Plan("yes")
    assert first_plan((silent,), Intent("", "yes")) is None


@pytest.mark.parametrize(
    ("intent", "said", "called"),
    [
        (
            Intent("HassSetVolume", "", {"volume_level": 30.0}),
            "Volume 30 percent.",
            "set-sink-volume @DEFAULT_SINK@ 30%",
        ),
        (
            Intent("HassSetVolumeRelative", "", {"volume_step": "down"}),
            "Quieter.",
            "set-sink-volume @DEFAULT_SINK@ -10%",
        ),
        (Intent("HassSetVolumeRelative", "", {"volume_step": 20}), "Louder.", "set-sink-volume @DEFAULT_SINK@ +20%"),
        (Intent("HassMediaPlayerMute", ""), "", "set-sink-mute @DEFAULT_SINK@ 1"),
    ],
)
def test_the_volume_by_a_program_of_the_systems(
    intent: Intent, said: str, called: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "pactl"
    program.write_text(f'#!/bin/sh\necho "$@" > {tmp_path}/called\n')
    program.chmod(0o700)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert _answer(volume_skill(intent)) == said
    assert (tmp_path / "called").read_text().strip() == called


def test_without_such_a_program_that_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(OutputError, match="install one of wpctl, pactl, amixer"):
        _answer(volume_skill(Intent("HassSetVolume", "", {"volume_level": 1})))


def test_a_command_of_the_users_runs_and_its_output_is_said() -> None:
    code = "import os; print('slept', os.environ['EDGEWISE_ROOM'], os.environ['EDGEWISE_TEXT'])"
    skill = command_skill({"lights": "false", "sleep well": f'{sys.executable} -c "{code}"'})
    assert _answer(skill(Intent("Command1", "sleep well", {"room": "attic"}))) == "slept attic sleep well"
    with pytest.raises(OutputError, match="false ended with status 1"):
        _answer(skill(Intent("Command0", "lights")))
    assert skill(Intent("HassTurnOn", "")) is None


def test_the_users_sentences_are_a_file_of_intents() -> None:
    made = json.loads(command_sentences({"(good night|sleep well)": "true"}, "en"))
    assert made == {"language": "en", "intents": {"Command0": {"data": [{"sentences": ["(good night|sleep well)"]}]}}}


def test_a_hook_gets_the_intent_and_answers(tmp_path: Path) -> None:
    program = tmp_path / "hook.py"
    program.write_text("import json, sys; facts = json.load(sys.stdin); print(facts['intent'], facts['slots']['name'])")
    skill = hook_skill(f"{sys.executable} {program}")
    assert _answer(skill(Intent("HassTurnOn", "lamp on", {"name": "lamp"}))) == "HassTurnOn lamp"
    program.write_text("raise SystemExit(77)")
    assert _answer(skill(Intent("", "hello"))) == "Sorry, I cannot do that."
    program.write_text("")
    assert _answer(skill(Intent("", "hello"))) == "Done."
    program.write_text("raise SystemExit(2)")
    with pytest.raises(OutputError, match="status 2; expected 0 or 77"):
        _answer(skill(Intent("", "hello")))


class _House(BaseHTTPRequestHandler):
    """Answers as Home Assistant's API does, to whoever has the token."""

    asked: ClassVar[list[tuple[str, Any]]] = []

    def do_GET(self) -> None:
        self._answer([{"entity_id": "light.desk", "attributes": {"friendly_name": "desk lamp"}}, {"entity_id": "x.y"}])

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.asked.append((self.path, body))
        speech = {"speech": {"plain": {"speech": "Turned on the lamp"}}}
        answers = {"/api/intent/handle": speech, "/api/conversation/process": {"response": speech}}
        self._answer(answers.get(self.path, ["kitchen"]))

    def _answer(self, answer: Any) -> None:
        is_known = self.headers["Authorization"] == "Bearer secret"
        body = json.dumps(answer).encode()
        self.send_response(200 if is_known else 401)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


@pytest.fixture
def house() -> Iterator[str]:
    """The address of a server with Home Assistant's API."""
    _House.asked.clear()
    with ThreadingHTTPServer(("127.0.0.1", 0), _House) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


@pytest.mark.loopback
def test_home_assistant_does_what_has_a_name_and_what_is_only_said(house: str) -> None:
    home = HomeAssistant(house, "secret", "en")
    assert _answer(home.plan(Intent("HassTurnOn", "lamp on", {"name": "lamp"}))) == "Turned on the lamp"
    assert _answer(home.plan(Intent("", "make it cosy"))) == "Turned on the lamp"
    assert _House.asked == [
        ("/api/intent/handle", {"name": "HassTurnOn", "data": {"name": "lamp"}}),
        ("/api/conversation/process", {"text": "make it cosy", "language": "en"}),
    ]


@pytest.mark.loopback
def test_home_assistants_names_become_lists(house: str) -> None:
    lists = HomeAssistant(house, "secret", "en").lists()
    assert lists == {
        "name": [{"in": "desk lamp", "out": "desk lamp", "context": {"domain": "light"}}],
        "area": ["kitchen"],
    }


@pytest.mark.loopback
def test_home_assistant_that_refuses_or_is_away_is_named(house: str) -> None:
    with pytest.raises(OutputError, match="token is not valid"):
        HomeAssistant(house, "wrong", "en").lists()
    with pytest.raises(OutputError, match="does not answer"):
        _answer(HomeAssistant("http://127.0.0.1:9", "secret", "en").plan(Intent("", "hello")))
