"""The command line is made from the tables, and what it names by itself has a home elsewhere."""

from __future__ import annotations

import argparse
import re
from typing import Any

import pytest

import edge.recognizer
import edge.whisper.engines.onnx_folder
import edge.whisper.file.roles
import export.llm.export
import export.whisper
from edge.cli import export as cli_export
from edge.cli import export_llm as cli_export_llm
from edge.cli.options import model
from edge.cli.options.groups import given
from edge.cli.options.transcribe import add_options
from edge.cli.parser import Parser
from edge.listen.vad.options import VadOptions
from edge.names import DEFAULT_PRECISION
from edge.options import TranscribeOptions
from edge.settings import settings_of
from edge.transcript.formats import FORMATS
from edge.transcript.options import OutputOptions


@pytest.fixture
def parser() -> Parser:
    parser = Parser(prog="edgewise transcribe")
    add_options(parser)
    return parser


def options_of(parser: argparse.ArgumentParser) -> set[str]:
    return {option for action in parser._actions for option in action.option_strings}


@pytest.mark.parametrize("options", [TranscribeOptions, OutputOptions])
def test_every_setting_is_an_option(parser: Parser, options: type) -> None:
    names = {f"--{name.replace('_', '-')}" for name in settings_of(options)}
    assert names <= options_of(parser)


def test_what_is_not_given_is_not_passed_on(parser: Parser) -> None:
    assert given(parser.parse_args([]), TranscribeOptions) == {}
    assert given(parser.parse_args(["--task", "transcribe", "--patience", "1"]), TranscribeOptions) == {}


@pytest.mark.parametrize(
    ("arguments", "settings"),
    [
        (["--no-timestamps"], {"timestamps": False}),
        (["--max-tokens", "9"], {"max_tokens": 9}),
        (["--suppress-tokens", "5,-1"], {"suppress_tokens": (5, -1)}),
        (["--logprob-threshold", "none"], {"logprob_threshold": None}),
        (["--logprob-threshold", "-2"], {"logprob_threshold": -2.0}),
        (["--vad-threshold", "0.6"], {"vad_options": VadOptions(threshold=0.6)}),
        (["--condition-on-previous-text"], {"condition_on_previous_text": True}),
    ],
)
def test_what_is_given_is_passed_on(parser: Parser, arguments: list[str], settings: dict[str, Any]) -> None:
    assert given(parser.parse_args(arguments), TranscribeOptions) == settings


def test_the_help_comes_from_the_tables(parser: Parser) -> None:
    text = " ".join(parser.format_help().split())
    for setting in (*settings_of(TranscribeOptions).values(), *settings_of(OutputOptions).values()):
        if setting.name not in ("temperature", "vocabulary"):
            assert setting.summary.partition("`")[0].replace("%%", "%") in text
    assert "(default: the value of --n-best)" in text
    assert "such as en or German (default: the one detected)" in text


def test_the_commonest_options_come_first(parser: Parser) -> None:
    text = parser.format_help()
    places = [text.index(f"  {option} ") for option in ("-m", "-l", "-f", "-o", "-t")]
    assert places == sorted(places)
    assert places[-1] < text.index("  --beam-size N")


def test_every_format_is_in_the_help(parser: Parser) -> None:
    (formats,) = (str(action.help) for action in parser._actions if action.dest == "formats")
    assert [name for name in FORMATS if not re.search(rf"\b{name}\b", formats)] == []


def test_names_agree_with_their_homes() -> None:
    files, onnx = edge.whisper.file.roles.PRECISIONS, edge.whisper.engines.onnx_folder.PRECISIONS
    assert sorted(model.PRECISIONS) == sorted(files)
    assert sorted(model.ONNX_PRECISIONS) == sorted(set(onnx) - set(files))
    assert model.ENGINES == edge.recognizer.ENGINES
    assert DEFAULT_PRECISION in set(files) & set(onnx)
    assert cli_export.TARGETS == export.whisper.TARGETS
    assert cli_export_llm.TARGETS == export.llm.export.TARGETS
