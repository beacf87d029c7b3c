"""Lists of rare words and of distractors."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.__main__ import main
from benchmarks.errors import BenchmarkError
from benchmarks.words.vocabulary import make_lists


def test_lists_are_of_words_that_only_one_side_has() -> None:
    lists = make_lists(["ASK NOT WHAT MANASSEH ASKED", "the eunuch"], "what the others asked of them, Harold, once", 3)
    assert lists.rare == ("eunuch", "manasseh")
    assert set(lists.distractors) <= {"others", "them", "harold", "once"}
    assert len(lists.distractors) == 3
    assert [len(words) for words in lists.named().values()] == [0, 2, 3, 5]
    with pytest.raises(BenchmarkError, match="and 9 that only the texts have; found 2 and 4"):
        make_lists(["manasseh eunuch"], "others them harold once", 9)


def test_the_command(capsys: pytest.CaptureFixture[str], tmp_path: Path, tiny_en_int8: Path, near_clip: Path) -> None:
    pytest.importorskip("jiwer")
    text = "and so my fellow americans ask not what your country can do for you ask what you can do for your country"
    (tmp_path / "set").mkdir()
    item = json.dumps({"audio": "../jfk.wav", "text": text, "lang": "en"})
    (tmp_path / "set" / "manifest.jsonl").write_text(item + "\n", encoding="utf-8")
    texts = tmp_path / "texts.txt"
    texts.write_text("your countries, what fellow; solitary Harold, beyond words", encoding="utf-8")
    out = tmp_path / "out.json"
    arguments = ["vocabulary", "--manifest", str(tmp_path / "set"), "--texts", str(texts), "--distractors", "4"]
    assert main([*arguments, "--threads", "1", "--json", str(out)]) == 0
    assert "rare words found" in capsys.readouterr().out
    results = json.loads(out.read_text())["results"]
    assert [one["list"] for one in results] == ["none", "rare", "distractors", "both"]
    assert [one["unsaid"] for one in results] == [0, 0, 0, 0]
    assert {one["rare_found"] for one in results} == {results[0]["rare_said"]} == {2}
