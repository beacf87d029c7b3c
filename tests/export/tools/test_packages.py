"""Packages that may be missing, or that do not go together."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from edge.errors import EdgeError
from export.tools import packages
from export.tools.packages import is_installed, require, require_onnx


def test_modules_are_found_without_importing_them() -> None:
    assert is_installed("json.tool")
    assert not is_installed("no_such_package")
    assert not is_installed("no_such_package.inside")


def test_a_missing_module_is_named_by_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    require("export", "json", "csv", load=True)
    with pytest.raises(EdgeError, match=r'^no_such_package is missing: pip install "edgewise\[export\]"$'):
        require("export", "json", "no_such_package")
    monkeypatch.setitem(sys.modules, "llama_cpp", None)
    with pytest.raises(EdgeError, match=r'^llama-cpp-python is missing: pip install "edgewise\[llm\]"; .* compiles'):
        require("llm", "llama_cpp")


def test_a_module_that_cannot_be_imported_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "too_old_for_the_rest.py").write_text("raise RuntimeError('expected  numpy\\n3')")
    monkeypatch.syspath_prepend(tmp_path)
    require("export", "too_old_for_the_rest")
    with pytest.raises(EdgeError, match=r"cannot be imported \(RuntimeError: expected numpy 3\): pip install"):
        require("export", "too_old_for_the_rest", load=True)


@pytest.mark.parametrize(("precision", "compresses"), [("f32", False), ("int8", False), ("w8", True), ("w4", True)])
def test_only_weights_in_few_bits_need_the_compressor_and_it_is_kept_silent(
    monkeypatch: pytest.MonkeyPatch, precision: str, compresses: bool
) -> None:
    asked: list[str] = []

    def is_there(module: str) -> bool:
        asked.append(module)
        return True

    monkeypatch.setattr(packages, "is_installed", is_there)
    monkeypatch.delenv("NNCF_CI", raising=False)
    require_onnx(precision)
    assert ("nncf" in asked) is compresses
    assert {"optimum.exporters.onnx", "onnxruntime"} <= set(asked)
    assert os.environ["NNCF_CI"]
