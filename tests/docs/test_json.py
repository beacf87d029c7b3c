"""docs/usage.md names the keys of JSON: they are compared with what is written."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from edge.cli.main import main
from edge.store import Store

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
