from __future__ import annotations

from typing import Any

import pytest

from edge.bench.plausible import impossible
from tests.edge.bench.reports import cell_of, report_of

_MACS_OF_8_S = 3.2e9
"""Products of tiny.en's encoder over 400 positions, about."""


def _language(seconds: float, n_bytes: int = 135_000_000) -> dict[str, Any]:
    return {
        **{"model": "LM", "precision": "int8", "threads": 2, "n_bytes": n_bytes, "n_read": 128, "n_written": 32},
        **{"read_s": [0.1], "written_s": [seconds]},
    }


def _told(**changes: Any) -> list[str]:
    return list(impossible(report_of([0.02], **changes)))


def _with_caches(caches: list[str], language: dict[str, Any]) -> list[str]:
    report = report_of([0.02], language=language)
    report["machine"]["caches"] = caches
    return list(impossible(report))


def test_a_time_at_the_peak_is_possible_and_one_far_above_it_is_not() -> None:
    peak = report_of([0.02])["peaks"]["int8"]
    assert _told(cells=[cell_of([1.2 * _MACS_OF_8_S / peak])]) == []
    (told,) = _told(cells=[cell_of([0.5 * _MACS_OF_8_S / peak])])
    assert "tiny.en int8 on jfk 8 s took 1.6 ms" in told


def test_what_others_left_is_no_peak() -> None:
    busy = {"kind": "busy", "reasons": ["other work took 40 %"]}
    assert _told(cells=[cell_of([1e-5])], verdict=busy) == []


def test_a_chapter_is_as_many_windows_as_it_takes() -> None:
    assert _told(cells=[cell_of([0.5], audio_s=300.0)]) == []
    assert _told(cells=[cell_of([0.02], audio_s=300.0)]) != []


def test_a_cell_needs_the_sizes_of_its_model() -> None:
    assert "does not say what that model is" in _told(cells=[cell_of([0.02], model="x")])[0]


def test_weights_are_not_read_faster_than_memory_gives_them() -> None:
    caches = ["L1d 48K", "L2 1024K"]
    at_the_peak = 32 * 135e6 / 1e10
    assert _with_caches(caches, _language(at_the_peak)) == []
    (told,) = _with_caches(caches, _language(at_the_peak / 2))
    assert "20 GB of weights a second; the memory gives 10" in told
    assert _with_caches(["L3 96M"], _language(at_the_peak / 2)) == []  # which holds most of them
    assert _with_caches([], _language(at_the_peak / 2)) == []  # nobody knows what it holds


@pytest.mark.parametrize("value", [0.0, -1.0, float("inf"), float("nan")])
def test_a_time_is_a_positive_number(value: float) -> None:
    assert "without times" in _told(cells=[cell_of([value])])[0]


def test_a_rate_is_that_of_its_words() -> None:
    (words,) = report_of([0.02])["words"]
    assert "not that of its words" in _told(words=[{**words, "rate": 0.05}])[0]
    assert "without words" in _told(words=[{**words, "words": [0, 0]}])[0]
    assert "of other recordings" in _told(words=[{**words, "names": ["a"]}])[0]
