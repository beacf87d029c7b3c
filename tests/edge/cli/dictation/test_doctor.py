"""`edgewise dictate doctor` where there is nothing, and where all is there."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks.desktop.cable import Cable, missing
from benchmarks.desktop.screen import missing as missing_screen
from benchmarks.desktop.screen import screen

from ..conftest import Run

HOME = os.environ.get("EDGEWISE_HOME")


def test_what_is_not_there_is_said(run: Run, folders: Path) -> None:
    (folders / "config" / "edgewise").mkdir(parents=True)
    (folders / "config" / "edgewise" / "dictate.toml").write_text("[keyes]\n")
    outcome = run("dictate", "doctor")
    found = {line[4:24].strip(): (line[:3].strip(), line[25:]) for line in outcome.out.splitlines()}
    assert outcome.status == 1
    assert found["settings"][0] == "--"
    assert "there is no section [keyes]" in found["settings"][1]
    assert found["key"] == ("--", "there is no desktop: neither WAYLAND_DISPLAY nor DISPLAY is set; run this in one")
    assert found["typing"][0] == "--"
    assert found["model"][0] == "--"
    assert found["journal"][0] == "ok"


@pytest.mark.parametrize("has_noise", [True, False])
def test_what_is_there_is_tried(has_noise: bool, tiny_en_int8: Path, folders: Path) -> None:
    if missing() or missing_screen():
        pytest.skip(f"no microphone without {missing()}" if missing() else f"no screen without {missing_screen()}")
    (folders / "config" / "edgewise").mkdir(parents=True)
    settings = folders / "config" / "edgewise" / "dictate.toml"
    settings.write_text(f'[model]\nmodel = "{tiny_en_int8}"\n[keys]\nkey = "F7"\n')
    noise = np.random.default_rng(0).normal(0, 30 if has_noise else 0, 100_000)
    noise.astype("<i2").tofile(folders / "noise.raw")
    with Cable(folders / "server") as cable, screen(folders) as (display, _):
        environment = cable.environment | {"DISPLAY": display} | ({} if HOME is None else {"EDGEWISE_HOME": HOME})
        cable.play(folders / "noise.raw")
        done = subprocess.run(
            [sys.executable, "-P", "-m", "edge.cli", "dictate", "doctor"],
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
        )
    found = {line[4:24].strip(): (line[:3].strip(), line[25:]) for line in done.stdout.splitlines()}
    assert found["key"] == ("ok", "F7 by X11 key grab; its release is heard")
    assert found["typing, keys"][0] == found["typing, paste"][0] == "ok", done.stdout
    assert found["model"][0] == "ok", done.stdout
    assert found["microphone"][0] == ("ok" if has_noise else "--"), done.stdout
    assert done.returncode == (0 if has_noise else 1), done.stdout
