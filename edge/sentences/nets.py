"""Turns hassil's templates into nets of words; what a context forbids is left out, and wildcards lead nowhere."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from typing import Any

from hassil.expression import (
    Alternative,
    Expression,
    Group,
    ListReference,
    Permutation,
    RuleReference,
    Sentence,
    TextChunk,
)
from hassil.intents import IntentData, Intents, RangeSlotList, SlotList, TextSlotList, TextSlotValue

from ..errors import FormatError
from .graph import BREAK, Net, Node, new_net
from .spelling import MOST_NUMBERS, Speller

_MOST_IN_ANY_ORDER = 6
"""Parts of a sentence that may come in any order, at most: all orders are kept."""

WEIGHT = "weight"
"""Key of the metadata that tells how much likelier a sentence or a value is than others."""


def net_of(intents: Intents, speller: Speller, context: Mapping[str, Any]) -> Net:
    """Make the net of all sentences; words that may be skipped can stand in front and behind.

    `context` is what is known beside the words, such as the room.
    """
    whole = new_net()
    skipped = _Scope(intents, None, speller, {})
    before, after = Node(), Node()
    whole.start.to(before)
    after.to(whole.end)
    for text in intents.skip_words:
        skipped.chunk(f"{text} ", before, before)
        skipped.chunk(f" {text}", after, after)
    blocks = [data for intent in intents.intents.values() for data in intent.data]
    weights = [_weight(data.metadata) for data in blocks]
    cache: dict[object, Net] = {}
    for data, weight in zip(blocks, weights, strict=True):
        missing = missing_context(data, context)
        scope = _Scope(intents, data, speller, missing, cache)
        for sentence in data.sentences:
            if missing and not scope.supplies(sentence):
                continue
            first = Node()
            before.to(first, weight=weight - max(weights))
            scope.build(sentence.expression, first, after)
    return whole


def refuse_circles(rules: Mapping[str, Sentence]) -> None:
    """Refuse rules that refer to themselves."""
    try:
        TopologicalSorter({name: {*_rules_in(rule.expression)} for name, rule in rules.items()}).prepare()
    except CycleError as error:
        circle = " in ".join(f"<{name}>" for name in error.args[1])
        raise FormatError(f"expected rules that end, found one that refers to itself: {circle}") from None


def missing_context(data: IntentData, context: Mapping[str, Any]) -> dict[str, Any]:
    """List what sentences require of the context that is not in it; the values of their lists have to bring it."""
    return {key: value for key, value in data.requires_context.items() if not _meets(value, context.get(key))}


class _Scope:
    """The rules and lists that a block of sentences sees."""

    def __init__(
        self,
        intents: Intents,
        data: IntentData | None,
        speller: Speller,
        missing: Mapping[str, Any],
        cache: dict[object, Net] | None = None,
    ) -> None:
        self._rules = {**intents.expansion_rules, **(data.expansion_rules if data else {})}
        self._lists = {**intents.slot_lists, **(data.slot_lists if data else {})}
        self._excluded = data.excludes_context if data else {}
        self._speller = speller
        self._missing = missing
        # What is the same in all blocks is made once, unless a block has rules or lists of its own.
        self._cache = {} if cache is None or (data and (data.expansion_rules or data.slot_lists)) else cache
        self._limits = repr((sorted(missing.items(), key=repr), sorted(self._excluded.items(), key=repr)))

    def build(self, expression: Expression, start: Node, end: Node) -> None:
        """Add the ways through an expression from one node to another."""
        if isinstance(expression, TextChunk):
            self.chunk(expression.text, start, end)
        elif isinstance(expression, ListReference):
            start.to(end, self._list(expression))
        elif isinstance(expression, RuleReference):
            start.to(end, self._rule(expression.rule_name))
        elif isinstance(expression, Alternative):
            for item in expression.items:
                self.build(item, start, end)
        elif isinstance(expression, Permutation):
            self._permutation(expression.items, start, end)
        elif isinstance(expression, Group):
            for item in expression.items[:-1]:
                middle = Node()
                self.build(item, start, middle)
                start = middle
            self.build(expression.items[-1] if expression.items else TextChunk(), start, end)

    def chunk(self, text: str, start: Node, end: Node) -> None:
        """Add the way through a piece of text."""
        labels = [label for word in self._speller.words(text) for label in (BREAK, word)][1:]
        labels = [BREAK] * text[:1].isspace() + labels + [BREAK] * text[-1:].isspace()
        for label in labels[:-1]:
            middle = Node()
            start.to(middle, label)
            start = middle
        start.to(end, labels[-1] if labels else "")

    def supplies(self, sentence: Sentence) -> bool:
        """Whether the lists of a sentence bring what is missing of the context."""
        assert isinstance(sentence.expression, Group)
        named = [self._lists.get(name) for name in sentence.expression.list_names(self._rules)]
        brought = {
            key
            for found in named
            if isinstance(found, TextSlotList)
            for value in found.values
            for key in value.context or ()
        }
        return all(key in brought for key in self._missing)

    def _permutation(self, items: list[Expression], start: Node, end: Node) -> None:
        """Add the ways through parts in any order: a node for each set of parts that are behind."""
        if len(items) > _MOST_IN_ANY_ORDER:
            raise FormatError(f"expected at most {_MOST_IN_ANY_ORDER} parts in any order (a;b;c), found {len(items)}")
        everything = (1 << len(items)) - 1
        nodes = {0: start, everything: end}
        for done in range(everything):
            here = nodes.setdefault(done, Node())
            for at, item in enumerate(items):
                if not done >> at & 1:
                    self.build(item, here, nodes.setdefault(done | 1 << at, Node()))

    def _rule(self, name: str) -> Callable[[], Net]:
        if name not in self._rules:
            raise FormatError(f"<{name}>: expected one of the rules, found none of this name")

        def make() -> Net:
            key = ("rule", name, self._limits)
            if key not in self._cache:
                net = self._cache[key] = new_net()
                self.build(self._rules[name].expression, *net)
            return self._cache[key]

        return make

    def _list(self, reference: ListReference) -> Callable[[], Net]:
        name = reference.list_name
        inline = reference.get_inline_range()
        if inline is not None:
            self._lists[name] = RangeSlotList(name, *inline)

        def make() -> Net:
            found = self._lists.get(name)
            key = ("list", name, self._limits)
            if key not in self._cache:
                self._cache[key] = self._net_of_list(name, found)
            return self._cache[key]

        return make

    def _net_of_list(self, name: str, found: SlotList | None) -> Net:
        """Make the net of a list; one that is not given, or a wildcard, leads nowhere."""
        net = new_net()
        if isinstance(found, RangeSlotList):
            n_numbers = (found.stop - found.start) // found.step + 1
            if n_numbers > MOST_NUMBERS:
                raise FormatError(f"{{{name}}}: expected a range of at most {MOST_NUMBERS} numbers, found {n_numbers}")
            for number in found.get_numbers():
                net.start.to(net.end, f"{number:g}" if isinstance(number, float) else str(number))
        elif isinstance(found, TextSlotList):
            values = [value for value in found.values if self._may_be(value)]
            weights = [_weight(value.metadata) for value in values]
            for value, weight in zip(values, weights, strict=True):
                first = Node()
                net.start.to(first, weight=weight - max(weights))
                self.build(value.text_in, first, net.end)
        return net

    def _may_be(self, value: TextSlotValue) -> bool:
        context = value.context or {}
        if any(key in context and not _meets(required, context[key]) for key, required in self._missing.items()):
            return False
        return not any(key in context and _meets(no, context[key]) for key, no in self._excluded.items())


def _rules_in(expression: Expression) -> Iterator[str]:
    if isinstance(expression, RuleReference):
        yield expression.rule_name
    elif isinstance(expression, Group):
        for item in expression.items:
            yield from _rules_in(item)


def _meets(required: object, actual: object) -> bool:
    """Whether a value of the context is one that is required: a value, one of several, or any."""
    if isinstance(required, Mapping):
        required = required.get("value")
    if isinstance(actual, Mapping):
        actual = actual.get("value")
    if required is None or actual is None:
        return required is None and actual is not None
    if isinstance(required, Collection) and not isinstance(required, str):
        return actual in required
    return actual == required


def _weight(metadata: Mapping[str, Any] | None) -> float:
    """Read a weight; gives its logarithm."""
    weight: object = (metadata or {}).get(WEIGHT, 1)
    if isinstance(weight, bool) or not isinstance(weight, int | float) or not 0 < weight < math.inf:
        raise FormatError(f"{WEIGHT} is {weight!r}; expected a number above 0")
    return math.log(weight)
