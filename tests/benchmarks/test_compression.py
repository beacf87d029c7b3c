"""The table of sizes and precisions."""

from __future__ import annotations

import pytest

from benchmarks.__main__ import build_parser
from benchmarks.compression import Compressed, table_of
from export.evaluate.measure import SetScore
from export.evaluate.scoring import Errors


def scored(name: str, edits: int) -> SetScore:
    return SetScore(name, "0" * 64, 9, Errors(words=100, deletions=edits, loops=1), 0.0, 1.0, 30.0, encode_ms=12.5)


def test_a_row_for_each_model() -> None:
    scores = (scored("one", 10), scored("two", 21))
    found = [
        Compressed("tiny.en", "int8", 0.0, 41_440_000, 7_610_000, scores),
        Compressed("tiny.en", "f32", 0.152, 148_300_000, 6_460_000, scores),
    ]
    lines = table_of(found).splitlines()
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    assert cells[0][-4:] == ["one", "two", "mean WER %", "loops"]
    assert cells[2] == ["tiny.en", "int8", "whole", "41.4", "7.61", "12.5", "10.00", "21.00", "15.50", "2"]
    assert cells[3][1:5] == ["f32", "-15.2%", "148.3", "6.46"]


def test_shares_are_below_one() -> None:
    parser = build_parser()
    command = ["compression", "--manifest", "a", "--calibration", "b", "--reductions"]
    assert parser.parse_args([*command, "0,0.25"]).reductions == (0.0, 0.25)
    for wrong in ("1.5", "x", "-0.1"):
        with pytest.raises(SystemExit, match="2"):
            parser.parse_args([*command, wrong])
