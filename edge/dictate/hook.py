"""A program of the user's that sees each text before it is written."""

from __future__ import annotations

import json
import shlex
import subprocess
from collections.abc import Mapping

from ..errors import OutputError

CONSUMED = 77
"""Exit status that says: the text is dealt with, write nothing."""

WITHIN_S = 10.0
"""Time that the program has."""


def ask_hook(program: str, facts: Mapping[str, object]) -> str | None:
    """Give the program a text, as JSON with the key "text"; return what is to be written, None for nothing.

    Status 0 and JSON with a "text" on its standard output change the text, and no output leaves it; status 77 says
    that the text is dealt with.

    Raises:
        OutputError: it does not start, fails, takes too long, or says something else.
    """
    try:
        done = subprocess.run(
            shlex.split(program),
            input=json.dumps(facts, ensure_ascii=False),
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            timeout=WITHIN_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise OutputError(f"the hook {program} took more than {WITHIN_S:.0f} s") from None
    except (OSError, ValueError) as error:
        raise OutputError(f"the hook {program} cannot be run ({error})") from error
    if done.returncode == CONSUMED:
        return None
    if done.returncode:
        raise OutputError(f"the hook {program} ended with status {done.returncode}; expected 0, or {CONSUMED}")
    return _text_of(done.stdout, program) if done.stdout.strip() else str(facts["text"])


def _text_of(answer: str, program: str) -> str:
    try:
        found = json.loads(answer)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict) or not isinstance(found.get("text"), str):
        raise OutputError(f'the hook {program} did not say {{"text": "..."}}')
    return str(found["text"])
