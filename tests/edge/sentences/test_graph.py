"""Which sentences the graph holds: beside hassil's own list of them, and by rules and weights that are made up."""

from __future__ import annotations

import math

import pytest

pytest.importorskip("hassil")

from hassil.intents import Intents
from hassil.sample import sample_sentence

from edge.errors import FormatError
from edge.sentences import graph as graph_module
from edge.sentences.graph import Graph, Place
from edge.sentences.sentences import Sentences

from .conftest import LoadOf

TEMPLATES = [
    "turn (on|off) [the] light[s]",
    "(red;green;[deep] blue) now",
    "set <what> to {level} [percent]",
    "[please] {count} time[s] {level}",
    "a[b[c]] d",
]
HOME = """
language: en
intents:
  Test:
    data:
      - sentences: [SENTENCES]
expansion_rules:
  what: "[the] (lamp|<which> fan)"
  which: "(left|right)"
lists:
  count: {range: {from: 1, to: 3}}
  level:
    values: ["low", "very high", {in: "[so] so", out: "medium"}]
"""


def sentences_of(graph: Graph, place: Place | None = None, begun: str = "") -> set[str]:
    """Every sentence of a graph."""
    following = graph.following(graph.start if place is None else place)
    found = {begun.strip()} if following.end is not None else set()
    for word, (after, _) in following.words.items():
        found |= sentences_of(graph, after, f"{begun} {word}")
    return found


@pytest.mark.parametrize("template", TEMPLATES)
def test_the_graph_holds_what_hassil_lists(load_yaml: LoadOf, template: str) -> None:
    text = HOME.replace("SENTENCES", f'"{template}"')
    sentences = load_yaml(text)
    intents: Intents = sentences._intents
    (sentence,) = intents.intents["Test"].data[0].sentences
    samples = sample_sentence(sentence, intents.slot_lists, intents.expansion_rules, language="en")
    digits = {"one": "1", "two": "2", "three": "3"}
    expected = {" ".join(digits.get(word, word) for word in sample.split()) for sample in samples}
    assert sentences_of(sentences.graph) == expected


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("Turn on the lights.", "turn on the lights"),
        ("TURN OFF LIGHT", "turn off light"),
        ("Set twenty-five percent!", "set 25 percent"),
        ("set 25%", "set 25 percent"),
        ("Set 5 percent, please", None),
        ("turn the lights on", None),
        ("turn on the light switch", None),
        ("turn on", None),
        ("", None),
        ("...", None),
    ],
)
def test_a_text_is_read_however_it_is_written(load_text: LoadOf, written: str, read: str | None) -> None:
    graph = load_text("turn (on|off) [the] light[s]", "set {0..100:level} percent").graph
    assert graph.read(written) == read


def test_what_is_read_need_not_be_divided_as_it_was_written(load_text: LoadOf) -> None:
    assert load_text("call {0..9:a} {0..9:b} {0..9:c}").graph.read("Call 412.") == "call 4 1 2"


def test_one_list_is_gone_through_once_for_all_that_refer_to_it(load_text: LoadOf) -> None:
    values = [f"lamp {'abcdefghij'[n % 10]}{n}" for n in range(300)]
    lines = [f"{{name}} {end}" for end in ("on", "off", "up", "down", "left", "right")]
    graph = load_text(*lines, lists={"name": values}).graph
    (after,) = (follow.place for follow in graph.following(graph.start).words.values())
    assert len(graph.following(after).words) == 300
    assert len(after.ways) == 300


def test_weights_tell_what_is_likelier(load_yaml: LoadOf) -> None:
    graph = load_yaml("""
intents:
  Often: {data: [{sentences: ["go {where}"], metadata: {weight: 4}}]}
  Seldom: {data: [{sentences: ["stop"]}]}
lists:
  where: {values: ["left", {in: "right", metadata: {weight: 0.5}}]}
""").graph
    first = graph.following(graph.start).words
    assert first["go"].weight == 0
    assert first["stop"].weight == pytest.approx(math.log(0.25))
    second = graph.following(first["go"].place).words
    assert second["left"].weight == 0
    assert second["right"].weight == pytest.approx(math.log(0.5))


def test_a_context_tells_which_names_are_meant(load_yaml: LoadOf) -> None:
    text = """
intents:
  Lock: {data: [{sentences: ["lock {name}"], requires_context: {domain: lock}}]}
  Any: {data: [{sentences: ["open {name}"], excludes_context: {domain: lock}}]}
  Here: {data: [{sentences: ["dim it"], requires_context: {area: {slot: true}}}]}
"""
    door, lamp = ({"in": n, "out": n, "context": {"domain": d}} for n, d in (("door", "lock"), ("lamp", "light")))
    sentences = load_yaml(text, lists={"name": [door, lamp]})
    assert sentences_of(sentences.graph) == {"lock door", "open lamp"}
    here = sentences.with_context({"area": "attic"})
    assert sentences_of(here.graph) == {"lock door", "open lamp", "dim it"}
    assert here.read("Dim it.") == ("dim it", "Here", {"area": "attic"})


def test_words_that_may_be_skipped_stand_in_front_and_behind(load_yaml: LoadOf) -> None:
    graph = load_yaml("intents: {Go: {data: [{sentences: [go]}]}}\nskip_words: [please, can you]").graph
    for text in ("go", "please go", "can you please go", "go please"):
        assert graph.read(text) == text
    assert graph.read("please") is None


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("intents: {A: {data: [{sentences: ['<a>']}]}}\nexpansion_rules: {a: 'x <b>', b: '[<a>]'}", "refers to itself"),
        ("intents: {A: {data: [{sentences: ['go <where>']}]}}", "<where>: expected one of the rules"),
        ("intents: {A: {data: [{sentences: ['go {where}']}]}}", "expected a list for {where}"),
        ("intents: {A: {data: [{sentences: ['{x}']}]}}\nlists: {x: {values: ['{x} a']}}", "expected words that end"),
        (f"intents: {{A: {{data: [{{sentences: ['{'[a]' * 3}{'(b|c)' * 40}']}}]}}}}", "expected words that end"),
        ("intents: {A: {data: [{sentences: ['{0..99999:n}']}]}}", "at most 10000 numbers"),
        ("intents: {A: {data: [{sentences: ['(a;b;c;d;e;f;g)']}]}}", "at most 6 parts in any order"),
        ("intents: {A: {data: [{sentences: [go], metadata: {weight: 0}}]}}", "weight is 0"),
    ],
)
def test_sentences_that_cannot_be_are_refused(
    load_yaml: LoadOf, monkeypatch: pytest.MonkeyPatch, text: str, complaint: str
) -> None:
    monkeypatch.setattr(graph_module, "_MOST_STEPS", 2_000)
    with pytest.raises(FormatError, match=complaint):
        _walk(load_yaml(text))


def _walk(sentences: Sentences) -> None:
    sentences.graph.following(sentences.graph.start)


def test_a_sentence_of_many_words_is_read(load_text: LoadOf) -> None:
    text = " ".join(["a"] * 2000)
    assert load_text(" ".join(["(a|b)"] * 2000)).graph.read(text) == text
