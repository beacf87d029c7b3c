"""Whole exports: the report, reproducible bytes, and nothing left behind by a failure."""

from __future__ import annotations

import errno
import sys
from pathlib import Path

import pytest

from edge.errors import EdgeError, UnsupportedModelError
from export.llm.export import export_llm, read_model
from export.llm.model import tensor_shapes

from .conftest import DIMS, write_folder

TARGETS = ["gguf", "huggingface"]


def test_report(tmp_path: Path, folder: Path) -> None:
    report = export_llm(folder, tmp_path / "new folder" / "model.gguf", precision="f16", name="mine")
    assert report.n_bytes == report.path.stat().st_size
    assert [tensor.name for tensor in report.tensors] == list(tensor_shapes(DIMS))
    assert read_model(report.path).name == "mine"
    assert all(tensor.error == 0 for tensor in report.tensors)  # the source is float16 too
    first, *types = str(report).splitlines()
    assert first.endswith(f"model.gguf: mine at f16, {report.n_bytes / 1e6:.1f} MB")
    assert [line.split()[:2] for line in types] == [["f16", "15"], ["f32", "5"]]


def test_error_is_that_of_the_rounding(tmp_path: Path) -> None:
    source = write_folder(tmp_path / "source", "f32")
    report = export_llm(source, tmp_path / "model.gguf", precision="f16")
    errors = [tensor.error for tensor in report.tensors if tensor.type == "f16"]
    assert all(5e-5 < error < 5e-4 for error in errors)  # float16 keeps eleven bits


def test_same_source_gives_the_same_bytes(tmp_path: Path, folder: Path) -> None:
    for name in ("first", "second"):
        export_llm(folder, tmp_path / name, precision="f16")
    assert (tmp_path / "first").read_bytes() == (tmp_path / "second").read_bytes()


def test_older_file_is_replaced(tmp_path: Path, folder: Path) -> None:
    (tmp_path / "model.gguf").write_bytes(b"old")
    export_llm(folder, tmp_path / "model.gguf", precision="f16")
    assert (tmp_path / "model.gguf").read_bytes()[:4] == b"GGUF"
    assert len(list(tmp_path.iterdir())) == 1


def test_progress_is_reported(tmp_path: Path, folder: Path) -> None:
    seen: list[tuple[str, int, int]] = []
    export_llm(folder, tmp_path / "m", precision="f16", progress=lambda *said: seen.append(said))
    assert seen[0] == ("reading", 0, 0)
    for what in ("writing tensors", "checking"):
        assert [done for said, done, _ in seen if said == what] == list(range(len(tensor_shapes(DIMS))))


@pytest.mark.parametrize("to", TARGETS)
def test_interrupted_export_leaves_nothing(tmp_path: Path, folder: Path, to: str) -> None:
    def interrupt(what: str, done: int, total: int) -> None:
        if done == 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        export_llm(folder, tmp_path / "out", precision="f16", to=to, progress=interrupt)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("to", TARGETS)
def test_full_disk_leaves_nothing(tmp_path: Path, folder: Path, to: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match=r"No space left.*out'"):
        export_llm(folder, tmp_path / "out", precision="f16", to=to)
    assert list(tmp_path.iterdir()) == []


def test_wrong_requests(tmp_path: Path, folder: Path) -> None:
    with pytest.raises(
        UnsupportedModelError,
        match="gguf is written at f16 or int8 or int4 or q8_0 or q4_0 or iq4_nl only, not at q5_1",
    ):
        export_llm(folder, tmp_path / "out", precision="q5_1")
    with pytest.raises(UnsupportedModelError, match="onnx is written at f32 or w8 or w4 only, not at int8"):
        export_llm(folder, tmp_path / "out", to="onnx", precision="int8")
    with pytest.raises(UnsupportedModelError, match="unknown target 'ctranslate2'; known are gguf, huggingface, onnx"):
        export_llm(folder, tmp_path / "out", to="ctranslate2")
    with pytest.raises(IsADirectoryError, match="name the file to write"):
        export_llm(folder, tmp_path, precision="f16")
    assert list(tmp_path.iterdir()) == []


def test_folder_with_content_is_kept(tmp_path: Path, folder: Path) -> None:
    (tmp_path / "mine").touch()
    with pytest.raises(FileExistsError, match="name a new folder"):
        export_llm(folder, tmp_path, to="huggingface")
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


@pytest.mark.parametrize(
    ("package", "to", "precision", "words"),
    [
        ("llama_cpp", "gguf", "q8_0", r'llama-cpp-python is missing: pip install "edgewise\[llm\]"; .*compiles for'),
        ("nncf", "onnx", "w4", r'is missing: pip install "edgewise\[onnx-export\]"$'),
        ("onnxruntime", "onnx", None, r'is missing: pip install "edgewise\[onnx-export\]"$'),
    ],
)
def test_missing_package_is_named(
    tmp_path: Path,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    package: str,
    to: str,
    precision: str | None,
    words: str,
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(EdgeError, match=words):
        export_llm(folder, tmp_path / "out", to=to, precision=precision)
    assert list(tmp_path.iterdir()) == []
