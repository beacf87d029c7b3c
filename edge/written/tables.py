"""Tables of a language, from its file and the user's settings."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any

from ..errors import OptionError
from ..values import shown

LANGUAGES = ("en", "de", "fr", "es")
"""Languages that have tables; in others the user's replacements and snippets work, and the rules of blanks."""

_PHRASES = ("commands", "actions", "punctuation")
_ACTIONS = ("scratch", "undo")
_LISTS = ("fillers", "small")


@dataclass(frozen=True, slots=True)
class Tables:
    """Everything that rules know about a language."""

    commands: Mapping[str, str] = field(default_factory=dict)
    """Phrase to the text that it stands for, such as a new line."""
    actions: Mapping[str, str] = field(default_factory=dict)
    """Phrase to an action."""
    punctuation: Mapping[str, str] = field(default_factory=dict)
    """Phrase to a sign; a blank in front of it stays, one behind it says that none follows otherwise."""
    not_after: frozenset[str] = frozenset()
    """Words after which a phrase is meant as it is said: "a comma", "the new line"."""
    not_after_too: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """More of them for one phrase."""
    fillers: frozenset[str] = frozenset()
    small: frozenset[str] = frozenset()
    """Words that are no names, and so lose their capital inside a sentence."""
    figures: Mapping[str, Any] = field(default_factory=dict)
    """Section of figures as it stands in the file; `edge.written.figures` reads it."""
    spelling: tuple[tuple[str, str], ...] = ()
    """British and American spellings of a word."""


def tables_of(language: str, own: Mapping[str, Any] | None = None) -> Tables:
    """Return the tables of a language; what the user has of its own replaces, adds, or with False removes.

    Raises:
        OptionError: a section or a value of the user's is none.
    """
    content = dict(_content(language))
    for name, section in (own or {}).items():
        content[name] = _merged(name, content.get(name), section)
    return Tables(
        commands=_texts(content, "commands"),
        actions=_actions(content),
        punctuation=_texts(content, "punctuation"),
        not_after=frozenset(content.get("not_after", ())),
        not_after_too={phrase: frozenset(words) for phrase, words in content.get("not_after_too", {}).items()},
        fillers=frozenset(content.get("fillers", ())),
        small=frozenset(content.get("small", ())),
        figures=content.get("figures", {}),
        spelling=tuple((british, american) for british, american in content.get("spelling", {}).items()),
    )


@cache
def _content(language: str) -> Mapping[str, Any]:
    if language not in LANGUAGES:
        return {}
    file = files(__package__).joinpath("languages", f"{language}.toml")
    return tomllib.loads(file.read_text(encoding="utf-8"))


def _merged(name: str, ours: Any, own: Any) -> Any:
    if name in _PHRASES:
        if not isinstance(own, Mapping):
            raise OptionError(f"{name} is {shown(own)}; expected a table of phrases such as \"new line\" = '\\n'")
        phrases = (ours or {}) | {" ".join(phrase.lower().split()): value for phrase, value in own.items()}
        return {phrase: value for phrase, value in phrases.items() if value is not False}
    if name in _LISTS:
        if not isinstance(own, list) or not all(isinstance(word, str) for word in own):
            raise OptionError(f"{name} is {shown(own)}; expected a list of words, which takes the place of ours")
        return [word.lower() for word in own]
    known = ", ".join((*_PHRASES, *_LISTS))
    raise OptionError(f"there is no table {shown(name)} to change; expected one of {known}")


def _texts(content: Mapping[str, Any], name: str) -> Mapping[str, str]:
    found = content.get(name, {})
    for phrase, text in found.items():
        if not isinstance(text, str) or not phrase:
            raise OptionError(f"{name} has {shown(phrase)} = {shown(text)}; expected a text, or false to remove it")
    return dict(found)


def _actions(content: Mapping[str, Any]) -> Mapping[str, str]:
    found = _texts(content, "actions")
    for phrase, action in found.items():
        if action not in _ACTIONS:
            raise OptionError(f"actions has {shown(phrase)} = {shown(action)}; expected {' or '.join(_ACTIONS)}")
    return found
