"""Writes a conversation as the prompt of a model, by the template of its file."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TypedDict

from ...errors import EdgeError, FormatError, OptionError
from ...values import shown
from ..protocol import Facts
from . import template

ROLES = ("system", "user", "assistant")
TIMEOUT_S = 10.0
"""Seconds after which a template is given up."""


class Message(TypedDict):
    """A turn of a conversation."""

    role: str
    """Name of who speaks: system, user or assistant."""
    content: str


def to_prompt(facts: Facts, messages: Sequence[Message]) -> str:
    """Write a conversation as a text, up to where the model's answer begins.

    Raises:
        OptionError: the model has no template, a message is none, or holds names of tokens such as <|im_end|>.
        FormatError: the template is broken, takes too long, or writes too much.
        EdgeError: Jinja is not installed.
    """
    if facts.chat_template is None:
        raise OptionError(f"{facts.path}: this model has no template of conversations; give it a prompt instead")
    if not messages:
        raise OptionError("expected a conversation of one or more messages, found none")
    values = {
        "messages": [_checked(facts, message) for message in messages],
        "add_generation_prompt": True,
        "bos_token": facts.tokenizer.decode_bytes([facts.start]).decode(errors="replace"),
        "eos_token": facts.tokenizer.decode_bytes([facts.ends[0]]).decode(errors="replace"),
    }
    return _written(facts.path, facts.chat_template, values)


def _checked(facts: Facts, message: Message) -> Message:
    if not isinstance(message, dict) or set(message) != {"role", "content"} or message["role"] not in ROLES:
        raise OptionError(f"a message is {shown(message)}; expected a role ({' or '.join(ROLES)}) and a content")
    content = message["content"]
    if not isinstance(content, str):
        raise OptionError(f"the content of a message is {shown(content)}; expected a text")
    if facts.tokenizer.encode(content, special=True) != facts.tokenizer.encode(content):
        raise OptionError(f"a message is {shown(content)}; it must not hold names of tokens such as <|im_end|>")
    return {"role": message["role"], "content": content}


def _written(path: Path, text: str, values: dict[str, object]) -> str:
    if find_spec("jinja2") is None:
        raise EdgeError('templates of conversations need jinja2: pip install "edgewise[chat]"')
    given = json.dumps({"template": text, "values": values}).encode()
    command = [sys.executable, "-P", str(Path(template.__file__))]
    try:
        done = subprocess.run(command, input=given, capture_output=True, timeout=TIMEOUT_S, check=False)
    except subprocess.TimeoutExpired:
        raise FormatError(f"{path}: its template of conversations takes longer than {TIMEOUT_S:.0f} s") from None
    if done.returncode != 0:
        raise FormatError(
            f"{path}: its template of conversations takes too much time or memory (status {done.returncode})"
        )
    answer: dict[str, str] = json.loads(done.stdout)
    if "error" in answer:
        raise FormatError(f"{path}: its template of conversations does not take this one: {answer['error']}")
    return answer["text"]
