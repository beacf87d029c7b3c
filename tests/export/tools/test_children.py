"""Programs of their own: what they print, how they fail, and that they end when the export does."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from edge.errors import EdgeError
from export.tools.children import run_script


def _script(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "script.py"
    path.write_text(text)
    return path


def test_output_and_progress(tmp_path: Path) -> None:
    seen: list[tuple[str, int, int]] = []
    script = _script(
        tmp_path,
        "import sys, time\n"
        "for at in (1, 2, 3): print(at, file=sys.stderr, flush=True); time.sleep(0.3)\n"
        "print('done', *sys.argv[1:])",
    )
    said = run_script(
        script, ["a b"], "working", progress=lambda *tell: seen.append(tell), parse=lambda line: (int(line), 3)
    )
    assert said == "done a b\n"
    assert {("working", 1, 3), ("working", 2, 3)} <= set(seen)


def test_nothing_beside_the_script_is_imported(tmp_path: Path) -> None:
    (tmp_path / "json.py").write_text("raise SystemExit('the wrong one')")
    assert run_script(_script(tmp_path, "import json; print(json.dumps(1))"), [], "working") == "1\n"


@pytest.mark.parametrize("path", ["", ".", "here", f"here{os.pathsep}."])
def test_nothing_in_the_working_folder_is_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    script = _script(tmp_path, "import json; print(json.dumps(1))")
    for folder in (tmp_path / "work", tmp_path / "work" / "here"):
        folder.mkdir()
        (folder / "json.py").write_text("raise SystemExit('the wrong one')")
    monkeypatch.chdir(tmp_path / "work")
    monkeypatch.setenv("PYTHONPATH", path)
    assert run_script(script, [], "working") == "1\n"


def test_folders_that_are_named_in_full_are_imported_from(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "ours.py").write_text("HERE = 7")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(["", str(tmp_path / "there")]))
    assert run_script(_script(tmp_path, "import ours; print(ours.HERE)"), [], "working") == "7\n"


def test_failure_ends_with_what_it_said(tmp_path: Path) -> None:
    with pytest.raises(EdgeError, match=r"^working failed: b; c; d$"):
        run_script(_script(tmp_path, "import sys; sys.exit('a\\nb\\n\\nc\\nd')"), [], "working")
    with pytest.raises(EdgeError, match=r"^working failed: it did not say why$"):
        run_script(_script(tmp_path, "import sys; sys.exit(3)"), [], "working")


def test_crash(tmp_path: Path) -> None:
    with pytest.raises(EdgeError, match=r"^working was killed by signal 6"):
        run_script(_script(tmp_path, "import os; os.abort()"), [], "working")


def test_interrupt_ends_the_child(tmp_path: Path) -> None:
    pids: list[int] = []

    def interrupt(what: str, done: int, total: int) -> None:
        pids.append(done)
        if done:
            raise KeyboardInterrupt

    script = _script(tmp_path, "import os, sys, time; print(os.getpid(), file=sys.stderr, flush=True); time.sleep(60)")
    with pytest.raises(KeyboardInterrupt):
        run_script(script, [], "working", progress=interrupt, parse=lambda line: (int(line), 0))
    with pytest.raises(ProcessLookupError):
        os.kill(pids[-1], 0)
