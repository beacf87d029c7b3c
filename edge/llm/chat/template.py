"""The program that writes a conversation by a Jinja template, in a process of its own.

A template comes with a model file, so nobody vouches for it. Jinja's sandbox keeps it from everything but what it is
given; that it neither takes for ever nor all memory is up to the limits that this process sets itself and its parent's
clock. It is run as a file, takes one JSON object on standard input, and answers with one: `text`, or `error`.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from typing import Any, NoReturn

MOST_CHARACTERS = 1 << 20
"""Longest prompt that is accepted."""

_MOST_BYTES = 512 << 20
_MOST_CPU_S = 5


def main() -> None:
    """Answer one question."""
    asked = json.load(sys.stdin)
    try:
        answer = {"text": _render(asked["template"], asked["values"])}
    except MemoryError:
        answer = {"error": f"it needs more than {_MOST_BYTES >> 20} MiB"}
    except Exception as error:  # whatever a template does
        answer = {"error": f"{type(error).__name__}: {error}"[:500]}
    json.dump(answer, sys.stdout)


def _render(template: str, values: dict[str, Any]) -> str:
    from jinja2.exceptions import TemplateError
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    def refuse(message: object) -> NoReturn:
        raise TemplateError(str(message))

    environment = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=["jinja2.ext.loopcontrols"]
    )
    environment.globals["raise_exception"] = refuse
    environment.filters["tojson"] = lambda value, **how: json.dumps(value, ensure_ascii=False, **how)
    _limit()  # behind the imports, whose memory is not the template's
    return _joined(environment.from_string(template).generate(values))


def _limit() -> None:
    """Set limits to time and memory, where the system can."""
    try:
        import resource
    except ImportError:  # Windows: the parent's clock alone
        return
    resource.setrlimit(resource.RLIMIT_CPU, (_MOST_CPU_S, _MOST_CPU_S))
    resource.setrlimit(resource.RLIMIT_AS, (_MOST_BYTES, _MOST_BYTES))


def _joined(pieces: Iterable[str]) -> str:
    found, length = [], 0
    for piece in pieces:
        found.append(piece)
        length += len(piece)
        if length > MOST_CHARACTERS:
            raise ValueError(f"it writes more than {MOST_CHARACTERS} characters")
    return "".join(found)


if __name__ == "__main__":
    main()
