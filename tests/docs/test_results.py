"""docs/usage.md names the fields of results and the keys of JSON: they are compared with what there is."""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path
from typing import Any

import pytest

from edge.cli.main import main
from edge.gaps import Gap
from edge.store import Store
from edge.transcript.transcript import Transcript
from edge.transcript.types import Decoding, Segment, Word

from .markdown import ROOT

PAGE = ROOT / "docs" / "usage.md"


def _documented() -> dict[str, list[str]]:
    rows = re.findall(r"^\| (the whole|an? \w+) \| (`.*`) \|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    return {where: re.findall(r"`(\w+)`", keys) for where, keys in rows}


def test_json_has_the_keys_that_are_named(recordings: Path, capfd: pytest.CaptureFixture[str]) -> None:
    if not Store().is_here("base"):
        pytest.skip("base is not in the store: run `edgewise models pull base` once")
    command = "transcribe damaged.flac --model base --n-best 2 --word-timestamps --format json"
    assert main(command.split()) == 0
    whole: dict[str, Any] = json.loads(capfd.readouterr().out)
    segment = max(whole["segments"], key=lambda segment: len(segment.get("alternatives", ())))
    assert _documented() == {
        "the whole": list(whole),
        "a segment": list(segment),
        "a word": list(segment["words"][0]),
        "an alternative": list(segment["alternatives"][0]),
        "a gap": list(whole["gaps"][0]),
    }


@pytest.mark.parametrize("result", [Transcript, Segment, Word, Decoding, Gap])
def test_results_have_the_fields_that_are_named(result: type[Any]) -> None:
    (row,) = re.findall(rf"^\| `{result.__name__}` \|(.*`.*)\|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    named = re.findall(r"`(\w+)`", row)
    fields = [field.name for field in dataclasses.fields(result)]
    assert named[: len(fields)] == fields
    assert all(hasattr(result, name) for name in named[len(fields) :])
