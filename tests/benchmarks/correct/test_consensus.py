"""What several recognizers read, and what most of them say."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.__main__ import main
from benchmarks.correct.consensus import consensus, read_lists
from benchmarks.errors import BenchmarkError

TEXTS = ("the cap sat on the mat", "the cat sat on a mat", "the cat sad on the mat", "a cat sat on the map")
LIST = {"split": "all", "nbest": TEXTS, "votes": [3, 2, 2, 2], "ref": "the cat sat on the mat"}


def test_each_place_is_voted_on_by_itself() -> None:
    assert consensus(TEXTS, [3, 2, 2, 2]) == "the cat sat on the mat"
    assert consensus(TEXTS, [9, 2, 2, 2]) == TEXTS[0]
    assert consensus(("a", ""), [1, 2]) == ""
    assert consensus(("one two", "one too", "one to"), [2, 2, 3]) == "one to"


def test_rates_of_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("jiwer")
    (tmp_path / "nbest.jsonl").write_text(json.dumps(LIST) + "\n")
    assert main(["consensus", "--lists", str(tmp_path), "--json", str(tmp_path / "out.json")]) == 0
    assert capsys.readouterr().out.splitlines()[-1].split()[1:-1:2] == ["all", "1", "16.67", "16.67", "0.00", "16.67"]
    assert json.loads((tmp_path / "out.json").read_text())["results"][0]["consensus"] == 0.0


@pytest.mark.parametrize("line", ["{", "{}", json.dumps({**LIST, "votes": [1]}), json.dumps({**LIST, "nbest": []})])
def test_what_is_no_list_is_refused(tmp_path: Path, line: str) -> None:
    file = tmp_path / "nbest.jsonl"
    with pytest.raises(BenchmarkError, match="expected a file of lists, found none"):
        list(read_lists(file))
    file.write_text(json.dumps(LIST) + "\n" + line)
    with pytest.raises(BenchmarkError, match="line 2: expected nbest, votes, ref and split"):
        list(read_lists(file))
