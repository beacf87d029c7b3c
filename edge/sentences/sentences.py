"""Sentences that may be said, with what they ask for."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from ..errors import EdgeError, FormatError
from .files import read_all, require
from .graph import Graph
from .spelling import Speller
from .tree import TokenTree

if TYPE_CHECKING:
    from hassil.intents import Intents, SlotList

    from ..whisper.tokens import Tokenizer

_SHOWN = 12
_SEVERAL = re.compile(r"\w{4,}[.?!][^\w\s]*\s+\w")
"""Pattern of several sentences; behind a short word a point stands for an abbreviation."""
MOST_KEPT = 3_000
"""Places and branches that are kept between two searches, at most: some 100 MB of Home Assistant's sentences."""
_OF_THE_HOME = ("name", "area", "floor")
"""Lists that Home Assistant fills: what there is in a home, and where."""

Lists = Mapping[str, Iterable["str | Mapping[str, Any]"]]
"""Values of slot lists: texts, or tables of `in`, `out`, `context` and `metadata`, as in Home Assistant's files."""


class Sentences:
    """Sentences of one language. Threads may share them."""

    def __init__(self, intents: Intents, *, context: Mapping[str, Any] | None = None) -> None:
        """Make the graph of all sentences; `context` is what is known beside the words, such as the room."""
        from .nets import net_of

        self.language = intents.language
        _checked(intents, lambda: _fill_lists(intents))
        self._intents = intents
        self._context = dict(context or {})
        speller = Speller(intents.language)
        self.graph = Graph(_checked(intents, lambda: net_of(intents, speller, self._context)), speller.forms)
        """Sentences word by word."""
        self._trees: WeakKeyDictionary[Tokenizer, TokenTree] = WeakKeyDictionary()
        self._lock = Lock()

    @property
    def has_wildcards(self) -> bool:
        """Whether any sentence has a place for words that are not listed."""
        from hassil.intents import WildcardSlotList

        return any(isinstance(one, WildcardSlotList) for one in self._intents.slot_lists.values())

    def with_lists(self, lists: Lists) -> Sentences:
        """Return the same sentences with other values of some lists, such as the names of other lamps."""
        from dataclasses import replace

        merged = {**self._intents.slot_lists, **_parse_lists(lists)}
        return Sentences(replace(self._intents, slot_lists=merged), context=self._context)

    def with_context(self, context: Mapping[str, Any]) -> Sentences:
        """Return the same sentences where something else is known beside the words."""
        return Sentences(self._intents, context=context)

    def by_intent(self) -> dict[str, Sentences]:
        """Divide the sentences by what they ask for."""
        from dataclasses import replace

        intents = self._intents.intents.items()
        return {
            name: Sentences(replace(self._intents, intents={name: intent}, skip_words=[]), context=self._context)
            for name, intent in intents
        }

    def read(self, text: str) -> tuple[str, str | None, dict[str, Any]] | None:
        """Find the sentence that a text is, its intent and its slots; None where it is none of them.

        Signs, capitals and the way numbers are written do not count. A wildcard stands for any words of one sentence.
        """
        sentence = self.graph.read(text)
        if sentence is None and (not self.has_wildcards or _SEVERAL.search(text)):
            return None
        found = self.intent_of(text if sentence is None else sentence)
        if found is None:
            return None if sentence is None else (sentence, None, {})
        return text if sentence is None else sentence, *found

    def intent_of(self, text: str) -> tuple[str, dict[str, Any]] | None:
        """Find what a text asks for, and what it says about it, by hassil; None where it is no sentence."""
        from hassil.recognize import recognize_best

        found = recognize_best(text, self._intents, intent_context=self._context, language=self.language)
        if found is None:
            return None
        return found.intent.name, {entity.name: _plain(entity.value) for entity in found.entities_list}

    def summary(self) -> str:
        """Say how many sentences there are, and what they may begin with."""
        blocks = [data for intent in self._intents.intents.values() for data in intent.data]
        n_templates = sum(len(data.sentence_texts) for data in blocks)
        first = self.graph.following(self.graph.start).words
        shown = ", ".join(sorted(first)[:_SHOWN]) + (", …" if len(first) > _SHOWN else "")
        return (
            f"{n_templates} templates of {len(self._intents.intents)} intents in {self.language}; "
            f"{len(first)} words to begin with: {shown}"
        )

    def tree(self, tokenizer: Tokenizer) -> TokenTree:
        """Give the sentences as tokens."""
        with self._lock:
            if self.graph.n_kept + sum(tree.n_kept for tree in self._trees.values()) > MOST_KEPT:
                self.graph = self.graph.anew()  # whoever still searches goes on in the old one
                self._trees.clear()
            if tokenizer not in self._trees:
                self._trees[tokenizer] = TokenTree(self.graph, tokenizer.encode, tokenizer.eot)
            return self._trees[tokenizer]


def load(
    *sources: str | Path,
    lists: Lists | None = None,
    language: str | None = None,
    context: Mapping[str, Any] | None = None,
) -> Sentences:
    """Load sentences from files and folders.

    Args:
        sources: plain lists (.txt, a sentence a line in hassil's syntax), Home Assistant's sentence files, folders of
            both, or "homeassistant" for the sentences that Home Assistant ships.
        lists: values of lists, such as the names of lamps and rooms.
        language: code of the language; None takes that of the files, or English.
        context: what is known beside the words, such as `{"area": "kitchen"}` for the room of the microphone.

    Raises:
        EdgeError: `edgewise[assist]` is not installed.
        OptionError: there is no such file, or no sentence.
        FormatError: a file is not one of sentences.
    """
    require()
    from hassil.intents import Intents

    table: dict[str, Any] = _checked(None, lambda: read_all(sources, language))
    intents: Intents = _checked(None, lambda: Intents.from_dict(table))
    intents.slot_lists.update(_parse_lists(lists or {}))
    return Sentences(intents, context=context)


def _parse_lists(lists: Lists) -> dict[str, SlotList]:
    from hassil.intents import Intents

    table = {name: {"values": [*values]} for name, values in lists.items()}
    parsed: Intents = _checked(None, lambda: Intents.from_dict({"language": "en", "intents": {}, "lists": table}))
    return parsed.slot_lists


def _fill_lists(intents: Intents) -> None:
    """Make those lists empty that whoever uses the sentences fills; any other that is missing is an error."""
    from hassil.expression import Group
    from hassil.intents import TextSlotList

    from .nets import refuse_circles

    refuse_circles(intents.expansion_rules)
    for intent in intents.intents.values():
        for data in intent.data:
            rules = {**intents.expansion_rules, **data.expansion_rules}
            if data.expansion_rules:
                refuse_circles(rules)
            for sentence in data.sentences:
                assert isinstance(sentence.expression, Group)
                for reference in sentence.expression.list_references(rules):
                    name = reference.list_name
                    if name in intents.slot_lists or name in data.slot_lists or reference.is_inline_range:
                        continue
                    if name not in _OF_THE_HOME:
                        raise FormatError(f"{sentence.text!r}: expected a list for {{{name}}}, found none of this name")
                    intents.slot_lists[name] = TextSlotList(name, [])


def _checked(intents: Intents | None, make: Any) -> Any:
    """Make something of sentences; what hassil raises where they are wrong becomes a FormatError."""
    from hassil.errors import HassilError
    from hassil.parser import ParseError

    try:
        return make()
    except (
        HassilError,
        ParseError,
        AssertionError,
        AttributeError,
        KeyError,
        TypeError,
        ValueError,
        RecursionError,
    ) as error:
        if isinstance(error, EdgeError):
            raise
        where = _wrong_sentence(intents)
        what = f"{type(error).__name__}: {error}"
        raise FormatError(f"{where}expected sentences as Home Assistant writes them; hassil says {what}") from error


def _wrong_sentence(intents: Intents | None) -> str:
    """Name the first template that cannot be read, if one is to blame."""
    from hassil.parse_expression import parse_sentence
    from hassil.parser import ParseError

    texts = [
        (name, text)
        for name, intent in (intents.intents.items() if intents else ())
        for data in intent.data
        for text in data.sentence_texts
    ]
    for name, text in texts:
        try:
            parse_sentence(text)
        except (ParseError, AttributeError, TypeError, ValueError, RecursionError):
            return f"{name}: {text!r}: "
    return ""


def _plain(value: Any) -> Any:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value.strip() if isinstance(value, str) else value
