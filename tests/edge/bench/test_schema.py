from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import pytest

from edge.bench.result_file import OPTIONAL
from edge.bench.schema import report_schema, schema_of, wrong_values
from tests.edge.bench.reports import report_of

ROOT = Path(__file__).resolve().parents[3]


@dataclass(frozen=True)
class _Inner:
    """A part."""

    kind: Literal["a", "b"]
    share: float | None
    """Share of it all."""


@dataclass(frozen=True)
class _Whole:
    """All of it."""

    n: int
    parts: tuple[_Inner, ...]
    note: str | None = field(default=None, metadata=OPTIONAL)


def test_the_documents_have_the_schema_of_reports() -> None:
    written = json.loads((ROOT / "docs" / "report.schema.json").read_text(encoding="utf-8"))
    assert written == report_schema(), "run: python -m edge.bench.schema > docs/report.schema.json"


def test_a_report_fits_the_schema() -> None:
    assert list(wrong_values(report_of([0.02]), report_schema())) == []


def test_a_schema_says_what_fields_are() -> None:
    schema = schema_of(_Whole)
    inner = schema["properties"]["parts"]["items"]
    assert inner["properties"]["share"]["description"] == "Share of it all."
    assert inner["properties"]["share"]["anyOf"] == [schema_of(float), {"type": "null"}]


@pytest.mark.parametrize(
    ("value", "complaint"),
    [
        ({"n": 1, "parts": [{"kind": "c", "share": 1}]}, 'parts[0].kind is "c"; expected a or b'),
        ({"n": True, "parts": []}, "n is true; expected integer"),
        ({"n": 1.5, "parts": []}, "n is 1.5; expected integer"),
        ({"n": 1, "parts": {}}, "parts is {}; expected array"),
        ({"n": 1}, "the report lacks parts"),
        ({"n": 1, "parts": [{"kind": "a", "share": "1"}]}, 'parts[0].share is "1", which is of none of the kinds'),
        ([], "the report is []; expected object"),
    ],
)
def test_what_does_not_fit_is_named_with_its_place(value: object, complaint: str) -> None:
    (found,) = wrong_values(value, schema_of(_Whole))
    assert found.startswith(complaint)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -1e19, 10**400])
def test_a_number_is_one_that_can_be_measured(value: float) -> None:
    (found,) = wrong_values({"n": value, "parts": []}, schema_of(_Whole))
    assert found.startswith("n is ")


def test_whole_numbers_are_numbers_too() -> None:
    assert list(wrong_values({"kind": "a", "share": 1}, schema_of(_Inner))) == []


def test_a_field_that_older_reports_lack_may_be_missing_and_may_not_be_wrong() -> None:
    assert list(wrong_values({"n": 1, "parts": []}, schema_of(_Whole))) == []
    assert list(wrong_values({"n": 1, "parts": [], "note": "a"}, schema_of(_Whole))) == []
    (found,) = wrong_values({"n": 1, "parts": [], "note": 1}, schema_of(_Whole))
    assert found.startswith("note is 1")
