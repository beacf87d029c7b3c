"""Sentences out of a few lines; hassil has to be installed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from edge.sentences.sentences import Lists, Sentences, load

LoadOf = Callable[..., Sentences]
"""What the fixture `load_text` is: (*lines, lists=..., context=...)."""


@pytest.fixture
def load_text(tmp_path: Path) -> LoadOf:
    """Loads lines of a plain list."""
    pytest.importorskip("hassil")

    def make(*lines: str, lists: Lists | None = None, context: dict[str, Any] | None = None) -> Sentences:
        path = tmp_path / "lights.txt"
        path.write_text("\n".join(lines), encoding="utf-8")
        return load(path, lists=lists, context=context)

    return make


@pytest.fixture
def load_yaml(tmp_path: Path) -> LoadOf:
    """Loads a text of YAML."""
    pytest.importorskip("hassil")

    def make(text: str, lists: Lists | None = None, context: dict[str, Any] | None = None) -> Sentences:
        path = tmp_path / "home.yaml"
        path.write_text(text, encoding="utf-8")
        return load(path, lists=lists, context=context)

    return make
