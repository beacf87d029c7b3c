"""Whole exports: the report, reproducible bytes, and nothing left behind by a failure."""

from __future__ import annotations

import errno
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pytest

from edge.errors import ModelNotFoundError, UnsupportedModelError
from edge.gguf.file import open_gguf
from edge.whisper.file.model import open_model
from edge.whisper.file.positions import POSITIONS, sinusoids
from edge.whisper.file.roles import PRECISIONS, Precision
from export.checkpoint.types import Checkpoint
from export.maker import make_plain
from export.sources import read_checkpoint
from export.whisper import export_whisper

MadeCheckpoint = Callable[..., Checkpoint]


@pytest.mark.parametrize("precision", PRECISIONS)
def test_export_at_every_precision(
    tmp_path: Path, source: Path, make_checkpoint: MadeCheckpoint, precision: str
) -> None:
    out = tmp_path / "new folder" / "model.gguf"
    report = export_whisper(source, out, precision=precision)
    expected = make_checkpoint("base")
    assert report.n_bytes == out.stat().st_size
    assert {tensor.name for tensor in report.tensors} == set(expected.tensors)
    with open_model(out) as model:
        assert model.dims == expected.dims
        assert model.precision == precision
        assert model.vocabulary == expected.vocabulary
        assert tuple(model.alignment_heads) == expected.alignment_heads
        assert tuple(model.suppress_tokens) == expected.suppress_tokens
        assert tuple(model.suppress_begin) == expected.suppress_begin
        np.testing.assert_array_equal(model.mel_filters, expected.mel_filters)
    widened = read_checkpoint(out).tensors
    for tensor in report.tensors:
        original = expected.tensors[tensor.name].astype(np.float32)
        error = np.linalg.norm(widened[tensor.name] - original) / np.linalg.norm(original)
        assert error == pytest.approx(tensor.error, rel=1e-4, abs=1e-7), tensor.name


def test_report_as_text(tmp_path: Path, source: Path) -> None:
    report = export_whisper(source, tmp_path / "model.gguf", precision="int8", name="mine")
    first, *types = str(report).splitlines()
    assert first.endswith(f"model.gguf: mine at int8, {report.n_bytes / 1e6:.1f} MB")
    assert [line.split()[0] for line in types] == ["i8", "f32", "f16"]
    assert "rounding at most" in types[0]


def test_same_source_gives_the_same_bytes(tmp_path: Path, source: Path) -> None:
    for name in ("first", "second"):
        export_whisper(source, tmp_path / name, precision="int4")
    assert (tmp_path / "first").read_bytes() == (tmp_path / "second").read_bytes()


@pytest.mark.parametrize("to", ["whispercpp", "huggingface", "ctranslate2"])
def test_other_targets(tmp_path: Path, source: Path, make_checkpoint: MadeCheckpoint, to: str) -> None:
    report = export_whisper(source, tmp_path / "out", precision="f16", to=to)
    assert report.tensors == ()
    assert report.n_bytes > 0
    found = read_checkpoint(tmp_path / "out").tensors
    expected = make_checkpoint("base").tensors
    assert all(np.array_equal(found[name], expected[name]) for name in expected)
    with pytest.raises(UnsupportedModelError, match=f"{to} is written at f16"):
        export_whisper(source, tmp_path / "out8", precision="int8", to=to)


def test_progress_is_reported(tmp_path: Path, source: Path) -> None:
    seen: list[tuple[str, int, int]] = []
    export_whisper(source, tmp_path / "m.gguf", progress=lambda what, done, total: seen.append((what, done, total)))
    assert seen[0] == ("reading", 0, 0)
    quantizing = [(done, total) for what, done, total in seen if what == "quantizing"]
    assert [done for done, _ in quantizing] == list(range(len(quantizing)))
    assert quantizing[-1][0] == quantizing[-1][1]


@pytest.mark.parametrize("to", ["gguf", "whispercpp", "huggingface", "ctranslate2"])
def test_interrupted_export_leaves_nothing(tmp_path: Path, source: Path, to: str) -> None:
    def interrupt(what: str, done: int, total: int) -> None:
        if done == 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        export_whisper(source, tmp_path / "out", precision="f16", to=to, progress=interrupt)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("to", ["gguf", "whispercpp", "huggingface", "ctranslate2"])
def test_full_disk_leaves_nothing(tmp_path: Path, source: Path, to: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match=r"No space left.*out'"):
        export_whisper(source, tmp_path / "out", precision="f16", to=to)
    assert list(tmp_path.iterdir()) == []


def test_wrong_requests(tmp_path: Path, source: Path) -> None:
    with pytest.raises(UnsupportedModelError, match="unknown precision"):
        export_whisper(source, tmp_path / "out", precision="q5_1")
    with pytest.raises(UnsupportedModelError, match="unknown target 'openvino'; known are gguf"):
        export_whisper(source, tmp_path / "out", to="openvino")
    with pytest.raises(UnsupportedModelError, match="precision w4 is for --to onnx; gguf has f32"):
        export_whisper(source, tmp_path / "out", precision="w4")
    with pytest.raises(UnsupportedModelError, match="onnx is written at f32 or int8 or w8 or w4 only, not at int4"):
        export_whisper(source, tmp_path / "out", to="onnx", precision="int4")
    with pytest.raises(ModelNotFoundError):
        export_whisper(tmp_path / "gone", tmp_path / "out")
    with pytest.raises(IsADirectoryError, match="name the file to write"):
        export_whisper(source, tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("to", "precision"), [("gguf", "int8"), ("whispercpp", "f16")])
def test_precision_unless_given(tmp_path: Path, source: Path, to: str, precision: str) -> None:
    assert export_whisper(source, tmp_path / "out", to=to).precision == precision


def test_model_file_can_be_exported_again(tmp_path: Path, source: Path) -> None:
    export_whisper(source, tmp_path / "full.gguf", precision="f16")
    export_whisper(source, tmp_path / "direct.gguf", precision="int8")
    export_whisper(tmp_path / "full.gguf", tmp_path / "again.gguf", precision="int8")
    with open_model(tmp_path / "direct.gguf") as direct, open_model(tmp_path / "again.gguf") as again:
        assert direct.tensors.keys() == again.tensors.keys()
        for name, tensor in direct.tensors.items():
            np.testing.assert_array_equal(again.tensors[name].data, tensor.data)


def test_int4_files_name_the_published_positions(tmp_path: Path, make_checkpoint: MadeCheckpoint) -> None:
    made, path = make_checkpoint("base"), tmp_path / "m.gguf"
    positions = sinusoids(*made.tensors[POSITIONS].shape).astype(np.float16)
    published = replace(made, tensors=MappingProxyType({**made.tensors, POSITIONS: positions}))
    cases: tuple[tuple[Checkpoint, Precision, bool], ...] = (
        (published, "int4", False),
        (published, "int8", True),
        (made, "int4", True),
    )
    for checkpoint, precision, are_held in cases:
        make_plain(checkpoint, precision).write(path)
        with open_gguf(path) as file:
            assert (POSITIONS in file.tensors) == are_held
        found = read_checkpoint(path).tensors[POSITIONS]
        np.testing.assert_allclose(found, checkpoint.tensors[POSITIONS], atol=2**-11)
