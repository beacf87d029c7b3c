"""The command line: every command explains itself, and no other one's module is imported."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.__main__ import COMMANDS, build_parser, main

ROOT = Path(__file__).resolve().parents[2]


def test_help_lists_every_command_and_imports_none() -> None:
    program = "import sys; from benchmarks.__main__ import main; main(sys.argv[1:])"
    shown = "import atexit, sys; atexit.register(lambda: print(*sys.modules, file=sys.stderr)); "
    done = subprocess.run(
        [sys.executable, "-c", shown + program, "--help"], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert re.findall(r"^    (\w+)\s", done.stdout, re.MULTILINE) == list(COMMANDS)
    loaded = set(done.stderr.split())
    assert "benchmarks.__main__" in loaded
    assert [command.module for command in COMMANDS.values() if f"benchmarks.{command.module}" in loaded] == []


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_says_what_it_measures_and_its_examples_parse(
    name: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "300")
    with pytest.raises(SystemExit, match="0"):
        main([name, "--help"])
    shown = capsys.readouterr().out
    assert f"usage: python -m benchmarks {name} " in shown
    examples = re.findall(r"^  python -m benchmarks (.+)$", shown, re.MULTILINE)
    assert examples
    for example in examples:
        assert build_parser((name,)).parse_args(shlex.split(example)).command == name


def test_a_result_is_written_into_a_folder_that_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchmarks.models.perplexity.run", lambda arguments: {"kind": "perplexity"})
    out = tmp_path / "new" / "result.json"
    assert main(["perplexity", "model.gguf", "--json", str(out)]) == 0
    assert out.read_text(encoding="utf-8") == '{\n "kind": "perplexity"\n}\n'
