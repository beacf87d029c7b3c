"""The newcomer's guide tells the truth: commands parse, the example runs, the tree is as drawn."""

from __future__ import annotations

import re
import shlex
import shutil
from argparse import ArgumentParser
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks.__main__ import build_parser as build_benchmarks_parser
from edge.cli.main import build_parser as build_edgewise_parser

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"
GUIDES = (README, ROOT / "benchmarks" / "README.md")

SET_UP = (
    "pip install . && edgewise transcribe --demo",
    'pip install "pip>=25.1" && pip install . --group test && pytest',
)
PLACEHOLDERS = re.compile(r"\b(TODO|TBD|FIXME|XXX|coming soon)\b", re.IGNORECASE)

PARSERS: dict[tuple[str, ...], Callable[[], ArgumentParser]] = {
    ("edgewise",): build_edgewise_parser,
    ("python", "-m", "benchmarks"): build_benchmarks_parser,
}


def _blocks(path: Path, language: str) -> list[str]:
    """The fenced blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", path.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


def _commands() -> list[tuple[str, ...]]:
    """Every command of ours in the guides' shell blocks, in words, without pipes and redirections."""
    commands = []
    for block in (block for guide in GUIDES for block in _blocks(guide, "sh")):
        for line in block.replace("\\\n", " ").splitlines():
            for part in re.split(r"&&|\||;", line.partition("  #")[0]):
                words = shlex.split(re.split(r"\s[<>]", part)[0])
                words = words[next((i for i, word in enumerate(words) if "=" not in word), 0) :]
                if any(tuple(words[: len(name)]) == name for name in PARSERS):
                    commands.append(tuple(words))
    return commands


def test_two_commands_set_everything_up() -> None:
    head = README.read_text(encoding="utf-8").splitlines()[:40]
    lines = [line for line in head if line.startswith("pip install")]
    assert lines == list(SET_UP)


@pytest.mark.parametrize("words", _commands(), ids=" ".join)
def test_every_command_parses(words: tuple[str, ...]) -> None:
    name = next(name for name in PARSERS if words[: len(name)] == name)
    parser = PARSERS[name]()
    if words[-1] in ("--help", "--version"):
        with pytest.raises(SystemExit, match="0"):
            parser.parse_args(words[len(name) :])
    else:
        parser.parse_args(words[len(name) :])


def test_every_subcommand_is_mentioned() -> None:
    mentioned = {words[1] for words in _commands() if words[0] == "edgewise" and len(words) > 1}
    assert {"transcribe", "models", "export", "inspect", "doctor"} <= mentioned


def test_the_example_runs(
    tiny_en_int8: Path,
    jfk_clip: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (example,) = _blocks(README, "python")
    (name,) = set(re.findall(r'"([\w.-]+\.wav)"', example))
    shutil.copy(jfk_clip, tmp_path / name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("EDGEWISE_OFFLINE", "1")
    exec(compile(example, str(README), "exec"), {})
    assert "ask not what your country can do for you" in capsys.readouterr().out.lower()


def test_the_tree_is_as_drawn() -> None:
    drawn = [
        match.group(1)
        for block in _blocks(README, "text")
        for match in re.finditer(r"^([\w./-]+/?)\s{2,}\S", block, re.MULTILINE)
    ]
    assert {"edge/", "export/", "kernels/", "benchmarks/", "tests/"} <= set(drawn)
    assert [name for name in drawn if not (ROOT / name).exists()] == []


def test_links_lead_somewhere() -> None:
    for guide in GUIDES:
        links = re.findall(r"\]\(([^)#:]+)\)", guide.read_text(encoding="utf-8"))
        assert [link for link in links if not (guide.parent / link).exists()] == []


def test_nothing_is_promised() -> None:
    for guide in GUIDES:
        assert PLACEHOLDERS.findall(guide.read_text(encoding="utf-8")) == []
