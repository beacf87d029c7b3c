"""Commands of the user's own: a sentence, and the program that it runs."""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Mapping

from ..intent import Intent, Plan, Skill
from .programs import run_program

_PREFIX = "Command"
_LONGEST_ANSWER = 500
NOT_MINE = 77
"""Exit status of a hook that leaves an intent to others."""


def command_sentences(commands: Mapping[str, str], language: str) -> str:
    """Return a file of sentences in Home Assistant's form in which each command is an intent of its own.

    It is written as JSON, which YAML reads.
    """
    intents = {f"{_PREFIX}{number}": {"data": [{"sentences": [said]}]} for number, said in enumerate(commands)}
    return json.dumps({"language": language, "intents": intents}, ensure_ascii=False, indent=1)


def command_skill(commands: Mapping[str, str]) -> Skill:
    """Make the skill that runs the programs; what a program prints is the answer."""
    programs = {f"{_PREFIX}{number}": program for number, program in enumerate(commands.values())}

    def plan(intent: Intent) -> Plan | None:
        if intent.name not in programs:
            return None
        command = shlex.split(programs[intent.name])
        slots = {f"EDGEWISE_{name.upper()}": str(value) for name, value in intent.slots.items()}
        told = os.environ | slots | {"EDGEWISE_TEXT": intent.text}
        return Plan(act=lambda: _answer(run_program(command, environment=told)[1]), is_known=False)

    return plan


def hook_skill(program: str) -> Skill:
    """Make the skill that gives each intent to a program, as JSON; what it prints is the answer."""
    command = shlex.split(program)

    def plan(intent: Intent) -> Plan:
        facts = json.dumps({"intent": intent.name, "text": intent.text, "slots": dict(intent.slots)}, default=str)

        def act() -> str:
            status, printed = run_program(command, given=facts, statuses=(0, NOT_MINE))
            return "Sorry, I cannot do that." if status == NOT_MINE else _answer(printed)

        return Plan(act=act, is_known=False)

    return plan


def _answer(printed: str) -> str:
    return " ".join(printed.split())[:_LONGEST_ANSWER] or "Done."
