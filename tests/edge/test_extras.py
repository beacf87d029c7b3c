"""What an extra needs and is not here."""

from __future__ import annotations

import sys
from importlib.metadata import requires

import pytest

from edge import extras


def test_what_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    other = "darwin" if sys.platform != "darwin" else "linux"
    lines = [
        "numpy>=2",
        'nobody-has-this>=1; extra == "dictate"',
        'numpy>=1; extra == "dictate"',
        f'nor-this>=1; (sys_platform == "win32" or sys_platform == "{sys.platform}") and extra == "dictate"',
        f'nobody-has-that>=1; sys_platform == "{other}" and extra == "dictate"',
        'of-another-extra; extra == "assist"',
    ]
    monkeypatch.setattr(extras, "requires", lambda name: lines)
    assert extras.missing_of("dictate") == ["nobody-has-this", "nor-this"]


def test_extras_have_lines_to_read() -> None:
    """A name that is spelled otherwise would find nothing missing."""
    found = [extras._name_in(line, "dictate") for line in requires("edgewise") or []]
    assert "text2num" in found
