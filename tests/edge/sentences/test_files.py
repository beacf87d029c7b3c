"""What is read as sentences, and what is refused with which words."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("hassil")
pytest.importorskip("home_assistant_intents")

from edge.errors import EdgeError, FormatError, OptionError
from edge.sentences import files as files_module
from edge.sentences import load


def test_a_folder_holds_files_of_both_kinds(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("# a comment\n\nturn on\n", encoding="utf-8")
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "b.yaml").write_text("intents: {Go: {data: [{sentences: ['go {name}']}]}}", encoding="utf-8")
    (tmp_path / "deep" / "lists.yaml").write_text("lists: {name: {values: [home]}}", encoding="utf-8")
    (tmp_path / "notes.md").write_text("{{{", encoding="utf-8")
    sentences = load(tmp_path)
    assert sentences.read("Turn on!") == ("turn on", "a", {})
    assert sentences.read("go home") == ("go home", "Go", {"name": "home"})


def test_home_assistants_sentences_are_there() -> None:
    sentences = load("homeassistant", lists={"area": ["kitchen"], "name": [], "floor": []})
    assert sentences.read("Turn on the lights in the kitchen.") == (
        "turn on the lights in the kitchen",
        "HassTurnOn",
        {"area": "kitchen", "domain": "light"},
    )
    assert sentences.read("set a timer for five minutes") == (
        "set a timer for 5 minutes",
        "HassStartTimer",
        {"minutes": 5},
    )


def test_a_wildcard_stands_for_any_words() -> None:
    sentences = load("homeassistant")
    found = sentences.read("Add oat milk to my shopping list.")
    assert found is not None
    assert found[1:] == ("HassShoppingListAddItem", {"item": "oat milk"})
    assert sentences.graph.read("Add oat milk to my shopping list.") is None
    assert sentences.read("Add Mr. Smith's milk to my shopping list.") is not None
    assert sentences.read("Add it up. That is what you put on my shopping list.") is None
    assert sentences.read("Add butter. And milk to my shopping list.") is None
    assert sentences.read('Who is "there so late?" asked the old woman') is None


def test_other_languages_have_their_sentences() -> None:
    found = load("homeassistant", language="de", lists={"area": ["Küche"]}).read("Schalte das Licht in der Küche ein.")
    assert found is not None
    assert found[1] == "HassTurnOn"


@pytest.mark.parametrize(
    ("name", "content", "complaint"),
    [
        ("a.yaml", b"intents: [", "expected YAML"),
        ("a.yaml", b"- go", "found a list"),
        ("a.yaml", b"intents: [go]", "intents: expected a table, found a list"),
        ("a.yaml", b"intents: {Go: {data: 5}}", "expected sentences as Home Assistant writes them"),
        ("a.yaml", b"intents: {Go: {data: [{sentences: [5]}]}}", "expected sentences as Home Assistant writes them"),
        ("a.txt", b"turn (on", r"a: 'turn \(on'"),
        ("a.txt", b"caf\xe9", "the byte 0xe9"),
        ("a.yaml", b"[" * 5000, "expected YAML"),
    ],
)
def test_a_file_that_holds_no_sentences_is_refused(tmp_path: Path, name: str, content: bytes, complaint: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(FormatError, match=complaint):
        load(tmp_path / name)


def test_nothing_to_listen_for_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="found nothing there"):
        load(tmp_path / "none.txt")
    with pytest.raises(OptionError, match="found none"):
        load(tmp_path)
    (tmp_path / "empty.txt").write_text("# nothing\n", encoding="utf-8")
    with pytest.raises(OptionError, match="expected sentences, found none"):
        load(tmp_path)
    with pytest.raises(OptionError, match=r"Home Assistant has sentences in .*en"):
        load("homeassistant", language="xx")


def test_what_is_missing_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files_module, "find_spec", lambda name: None)
    with pytest.raises(EdgeError, match=r'pip install "edgewise\[assist\]"'):
        load("homeassistant")
