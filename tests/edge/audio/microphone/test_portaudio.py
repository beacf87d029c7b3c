"""What is missing for a microphone is said in one line."""

from __future__ import annotations

import subprocess
import sys

import pytest

REPORT = """
import edge
try:
    edge.Microphone().__enter__()
except edge.EdgeError as error:
    print(error)
"""


def said(before: str) -> str:
    done = subprocess.run([sys.executable, "-c", before + REPORT], capture_output=True, text=True, check=True)
    (line,) = done.stdout.splitlines()
    return line


def test_without_sounddevice_pip_is_named() -> None:
    line = said("import sys; sys.modules['sounddevice'] = None")
    assert line.endswith("pip install 'edgewise[mic]'")


def test_without_its_library_the_package_is_named() -> None:
    pytest.importorskip("cffi", reason="sounddevice is not installed")
    line = said("import ctypes.util; ctypes.util.find_library = lambda name: None")
    assert "apt install libportaudio2" in line


def test_importing_edge_does_not_import_it() -> None:
    program = "import sys, edge; edge.Microphone; print('sounddevice' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
