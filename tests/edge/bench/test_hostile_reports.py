"""Reports are other people's files: whatever stands in one, it is read and shown, or refused in words."""

from __future__ import annotations

import json
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from edge.bench.markdown import as_markdown
from edge.bench.page.build import Found, page_of
from edge.bench.report import compare, read_report, seal
from edge.bench.result_file import ResultError
from tests.edge.bench.reports import report_of

_EVIL: tuple[Any, ...] = (None, True, -1, 0, 1e308, float("inf"), float("nan"), 10**400, "x", "", [], {}, [0], {"a": 1})


def _whole() -> dict[str, Any]:
    """A report with all that may be in one."""
    language = {
        **{"model": "LM", "precision": "int8", "threads": 2, "n_bytes": 135, "n_read": 128, "n_written": 32},
        **{"read_s": [0.1], "written_s": [0.64]},
    }
    sustained = {
        **{"model": "tiny.en", "precision": "int8", "threads": 2, "audio_s": 30.0, "times_s": [0.5] * 4},
        **{"burst_rate": 60.0, "sustained_rate": 55.0},
    }
    energy = {"joules": 10.0, "audio_s": 100.0, "joules_per_audio_s": 0.1}
    return report_of([0.02, 0.021], language=language, sustained=sustained, energy=energy)


def _places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, one in inner:
        yield (*path, key)
        yield from _places(one, (*path, key))


def _with(report: dict[str, Any], path: tuple[Any, ...], evil: Any) -> dict[str, Any]:
    changed = deepcopy(report)
    inner = changed
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = evil
    return seal({key: value for key, value in changed.items() if key != "seal"})


def test_any_value_in_any_place_is_shown_or_refused(tmp_path: Path) -> None:
    file, whole = tmp_path / "a.json", _whole()
    n_shown = 0
    for path in _places({key: value for key, value in whole.items() if key not in ("seal", "conditions")}):
        for evil in _EVIL:
            file.write_text(json.dumps(_with(whole, path, evil)), encoding="utf-8")
            try:
                report = read_report(file)
            except ResultError:
                continue
            n_shown += 1
            assert as_markdown(report)
            assert page_of(Found({file: report}, {}))
            try:
                compare(whole, report, every=True)
            except ResultError:
                continue
    assert n_shown > 100


@pytest.mark.parametrize("text", ["", "[" * 100_000, '{"kind": []}', "3", "null", '{"kind": "bench"}', "{" * 9 + "\0"])
def test_what_is_no_report_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.json").write_text(text, encoding="utf-8")
    with pytest.raises(ResultError, match=r"a\.json"):
        read_report(tmp_path / "a.json")
