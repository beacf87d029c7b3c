"""Running the command inside the test's process."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from edge.cli.main import main


@dataclass(frozen=True)
class Outcome:
    """What a run of the command did."""

    status: int
    out: str
    err: str

    @property
    def message(self) -> str:
        """The one line on standard error."""
        (line,) = self.err.splitlines()
        return line


Run = Callable[..., Outcome]


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An empty cache, no network, and no setting of whoever runs the tests."""
    for name in os.environ:
        if name.upper().startswith(("EDGEWISE_", "HF_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("EDGEWISE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("EDGEWISE_OFFLINE", "1")
    monkeypatch.setenv("HF_HOME", str(tmp_path / "no-hub-cache"))


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str]) -> Run:
    """Runs `edgewise ARGUMENTS`."""

    def call(*arguments: object) -> Outcome:
        capfd.readouterr()
        status = main([str(argument) for argument in arguments])
        out, err = capfd.readouterr()
        return Outcome(status, out, err)

    return call
