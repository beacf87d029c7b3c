"""Kinds of results."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from benchmarks.__main__ import COMMANDS
from edge.bench.result_file import FORMATS

ROOT = Path(__file__).resolve().parents[2] / "benchmarks"


@pytest.mark.parametrize("module", sorted({command.module for command in COMMANDS.values()}))
def test_the_result_of_a_command_is_of_a_known_kind(module: str) -> None:
    source = ROOT.joinpath(*module.split(".")).with_suffix(".py").read_text(encoding="utf-8")
    for kind in re.findall(r'make_result\(\s*"(\w+)"', source):
        assert kind in FORMATS
