"""Every command in a document is one: it parses, it runs where all that it needs is here, and says what is shown."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sysconfig
from argparse import ArgumentParser
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks.__main__ import build_parser as build_benchmarks_parser
from edge.cli.main import build_parser as build_edgewise_parser
from edge.cli.main import main

from .conftest import skip_without_models
from .markdown import CONTRIBUTING, GUIDES, PAGES, README, ROOT, blocks, matches, name_of

SET_UP = (
    "pip install . && edgewise transcribe --demo",
    'pip install "pip>=25.1" && pip install . --group test && pytest',
)
PARSERS: dict[tuple[str, ...], Callable[[], ArgumentParser]] = {
    ("edgewise",): build_edgewise_parser,
    ("python", "-m", "benchmarks"): build_benchmarks_parser,
}

RUNS = {("transcribe",), ("inspect",), ("doctor",), ("models", "list"), ("models", "where"), ("models", "verify")}
"""Commands that are run."""

NEEDS_MORE = {"--demo", "-", "film.mkv", "onnxruntime", "--cluster"}
"""Words of commands that need a network, a pipe, a film, what is made by another command, or other machines."""


def _commands(block: str) -> list[tuple[str, ...]]:
    """Every command of ours in a shell block, in words, without pipes and redirections."""
    commands = []
    for line in block.replace("\\\n", " ").splitlines():
        for part in re.split(r"&&|\||;", line.partition("  #")[0]):
            words = shlex.split(re.split(r"\s[<>]", part)[0])
            words = words[next((i for i, word in enumerate(words) if "=" not in word), 0) :]
            if any(tuple(words[: len(name)]) == name for name in PARSERS):
                commands.append(tuple(words))
    return commands


def _all_commands(*guides: Path) -> list[tuple[str, ...]]:
    found = [command for guide in guides for block in blocks(guide, "sh") for command in _commands(block.text)]
    return list(dict.fromkeys(found))


def _runs(words: tuple[str, ...]) -> bool:
    is_run = words[1:2] in RUNS or words[1:3] in RUNS
    return words[0] == "edgewise" and is_run and not NEEDS_MORE & set(words)


def test_two_commands_set_everything_up() -> None:
    head = README.read_text(encoding="utf-8").splitlines()[:40]
    assert [line for line in head if line.startswith("pip install")] == list(SET_UP)


@pytest.mark.parametrize("words", _all_commands(*GUIDES), ids=" ".join)
def test_every_command_parses(words: tuple[str, ...]) -> None:
    name = next(name for name in PARSERS if words[: len(name)] == name)
    parser = PARSERS[name]()
    if words[-1] in ("--help", "--version"):
        with pytest.raises(SystemExit, match="0"):
            parser.parse_args(words[len(name) :])
    else:
        parser.parse_args(words[len(name) :])


def test_every_subcommand_is_explained() -> None:
    mentioned = {words[1] for words in _all_commands(*PAGES) if words[0] == "edgewise" and len(words) > 1}
    explained = {"transcribe", "listen", "dictate", "serve", "models", "export", "inspect", "bench", "doctor"}
    assert explained <= mentioned


@pytest.mark.parametrize("words", [words for words in _all_commands(*PAGES) if _runs(words)], ids=" ".join)
def test_it_runs(words: tuple[str, ...], recordings: Path, capfd: pytest.CaptureFixture[str]) -> None:
    skip_without_models(" ".join(words))
    assert main(words[1:]) == 0, capfd.readouterr().err


def _sessions() -> list[tuple[Path, str, str]]:
    """What is typed in each console block, and what is shown to come of it."""
    found = []
    for page in PAGES:
        for block in blocks(page, "console"):
            for typed, shown in re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", block.text, re.MULTILINE):
                found.append((page, typed, shown))
    return found


@pytest.mark.parametrize("page", sorted({page for page, _, _ in _sessions()}), ids=name_of)
def test_it_says_what_is_shown(page: Path, recordings: Path) -> None:
    path = os.pathsep.join([sysconfig.get_path("scripts"), os.environ["PATH"]])
    environment = {**os.environ, "PATH": path, "PYTHONWARNINGS": "ignore"}
    for _, typed, shown in (session for session in _sessions() if session[0] == page):
        skip_without_models(typed)
        done = subprocess.run(
            ["bash", "-c", typed],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=environment,
            timeout=120,
            check=False,
        )
        assert matches(shown, done.stdout), f"$ {typed}\n{done.stdout}"


def test_the_way_to_contribute_is_there() -> None:
    scripts = re.findall(r"\b(?:bash )?((?:tests|\.ci)/[\w/.]+)", "\n".join(b.text for b in blocks(CONTRIBUTING, "sh")))
    assert scripts
    assert [script for script in scripts if not (ROOT / script).exists()] == []
