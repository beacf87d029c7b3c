"""Files of results: what is written is read, anything else is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.bench.result_file import FORMATS, ResultError, make_result, read_result, write_result
from edge.machine import describe_machine


def test_what_is_written_is_read(tmp_path: Path) -> None:
    result = make_result("step", describe_machine("abc"), settings={"rounds": 1}, results=[])
    write_result(tmp_path / "new" / "a.json", result)
    found = read_result(tmp_path / "new" / "a.json")
    assert (found["kind"], found["format"], found["results"]) == ("step", FORMATS["step"], [])
    assert found["machine"]["commit"] == "abc"


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"kind": "step", "format": 0}', '{"kind": [], "format": 1}'])
def test_what_is_no_result_is_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(ResultError, match=r"a\.json is not a result"):
        read_result(tmp_path / "a.json")


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ResultError, match=r"cannot read .*gone\.json: No such file"):
        read_result(tmp_path / "gone.json")
