"""ONNX folders by optimum and NNCF: what onnxruntime makes of them beside transformers."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.errors import EdgeError
from export.llm.export import export_llm
from export.llm.to_onnx import ONNX_PRECISIONS

pytest.importorskip("optimum.exporters.onnx", reason="the extra `onnx-export` is not installed")
pytest.importorskip("nncf", reason="the extra `onnx-export` is not installed")


@pytest.mark.parametrize("precision", ONNX_PRECISIONS)
def test_precisions(tmp_path: Path, folder: Path, precision: str) -> None:
    report = export_llm(folder, tmp_path / "out", to="onnx", precision=precision)
    assert {"model.onnx", "config.json", "tokenizer.json"} <= {path.name for path in report.path.iterdir()}
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    assert report.onnx is not None
    (graph,) = report.onnx.graphs
    assert graph.n_bytes == sum(path.stat().st_size for path in report.path.glob("model.onnx*"))
    assert 0 < graph.mean < graph.largest < {"f32": 1e-4, "w8": 0.3, "w4": 3.0}[precision]
    assert precision != "f32" or report.onnx.n_same == report.onnx.n_tokens
    assert f"of {report.onnx.n_tokens} greedy tokens as transformers'" in str(report)


def test_interrupt_and_failure_leave_nothing(tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(what: str, done: int, total: int) -> None:
        if what.startswith("exporting"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        export_llm(folder, tmp_path / "out", to="onnx", progress=interrupt)
    assert list(tmp_path.iterdir()) == []
    said = '{"error": NaN, "largest": NaN, "mean": NaN, "n_same": 0, "n_tokens": 1}'
    monkeypatch.setattr("export.llm.to_onnx.run_script", lambda *_, **__: said)
    with pytest.raises(EdgeError, match="logits are nan away from transformers'; nothing is written"):
        export_llm(folder, tmp_path / "out", to="onnx", precision="w8")
    assert list(tmp_path.iterdir()) == []
