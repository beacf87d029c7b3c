"""Folders for onnxruntime, made by the public command's function where the extra `onnx-export` is installed."""

from __future__ import annotations

import importlib.util
import json
import os
import sys
import wave
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import edge
from edge.errors import EdgeError, FormatError
from edge.onnx.folder import FACTS
from edge.recognizer import EngineName
from edge.whisper.engines import onnx_folder as names
from edge.whisper.engines.onnx_folder import open_folder
from edge.whisper.engines.onnx_inspect import describe_folder
from export.checkpoint.types import Checkpoint
from export.errors import BudgetError, VerificationError
from export.measure.budget import Budget
from export.onnx.result import OnnxReport
from export.result import ExportReport
from export.whisper import export_whisper
from export.writers.ctranslate2 import write_ctranslate2

MadeCheckpoint = Callable[..., Checkpoint]

IS_INSTALLED = all(importlib.util.find_spec(name) for name in ("optimum", "nncf", "onnxruntime"))
IS_REQUIRED = os.environ.get("EDGEWISE_TEST_ONNX_EXPORT") == "1"
"""Set where these tests must not be skipped."""

needs_extra = pytest.mark.skipif(
    not (IS_INSTALLED or IS_REQUIRED), reason='needs pip install "edgewise[onnx-export]" in an environment of its own'
)
pytestmark = pytest.mark.filterwarnings("ignore")  # torch's, transformers' and NNCF's; not ours to mend

Exported = Callable[[str], tuple[Path, ExportReport]]


def loaded(path: Path, engine: EngineName = "onnxruntime") -> edge.Model:
    """The model of a path on an engine."""
    model = edge.load(path, engine=engine)
    assert isinstance(model, edge.Model)
    return model


def compared(report: ExportReport) -> OnnxReport:
    """What the report says of the comparison with transformers."""
    assert isinstance(report.onnx, OnnxReport)
    return report.onnx


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory, source: Path) -> Exported:
    """The folder of a random checkpoint in base's structure at a precision, and its report; made once."""
    made: dict[str, tuple[Path, ExportReport]] = {}

    def make(precision: str) -> tuple[Path, ExportReport]:
        if precision not in made:
            out = tmp_path_factory.mktemp("onnx") / precision
            made[precision] = out, export_whisper(source, out, precision=precision, to="onnx", name="base")
        return made[precision]

    return make


@needs_extra
@pytest.mark.parametrize("precision", names.PRECISIONS)
def test_folder_loads_and_says_what_it_holds(
    exported: Exported, make_checkpoint: MadeCheckpoint, precision: str
) -> None:
    out, report = exported(precision)
    expected = make_checkpoint("base")
    model = loaded(out)
    assert (model.name, model.precision, model.engine.dims) == ("base", precision, expected.dims)
    assert model.tokenizer.vocabulary == expected.vocabulary
    assert tuple(model.suppress_tokens) == expected.suppress_tokens
    assert tuple(model.suppress_begin) == expected.suppress_begin
    np.testing.assert_array_equal(model.mel_filters, expected.mel_filters)
    assert report.n_bytes == sum(path.stat().st_size for path in out.iterdir())
    assert [graph.name for graph in compared(report).graphs] == list(names.GRAPHS)
    noise = np.random.default_rng(0).uniform(-0.1, 0.1, 6000).astype(np.float32)
    assert model.transcribe(noise, language="en", max_tokens=4).timing.n_windows > 0


@needs_extra
def test_each_precision_is_smaller_and_none_is_a_copy(exported: Exported) -> None:
    sizes = [exported(precision)[1].n_bytes for precision in ("f32", "int8")]
    assert sizes == sorted(sizes, reverse=True)
    errors = [max(graph.error for graph in compared(exported(precision)[1]).graphs) for precision in names.PRECISIONS]
    f32, int8, w8, w4 = errors
    assert f32 < 1e-4 < w8 < min(int8, w4)


@needs_extra
def test_float_graphs_equal_our_engine(exported: Exported, source: Path, tmp_path: Path) -> None:
    """Encoder, alignment, and the decoder in steps of several sizes, with several beams."""
    from edge.whisper.engines.native import WhisperEngine

    ours_path = tmp_path / "f32.gguf"
    export_whisper(source, ours_path, precision="f32")
    ours, theirs = loaded(ours_path, "edgewise").engine, loaded(exported("f32")[0]).engine
    assert isinstance(ours, WhisperEngine)
    dims = ours.dims
    mel = np.random.default_rng(2).uniform(-1, 1, (2 * dims.n_audio_ctx, dims.n_mels)).astype(np.float32)
    states = [engine.new_state(2) for engine in (ours, theirs)]
    found = []
    for state in states:
        state.encode(mel)
        logits = [state.decode(np.array([[50258, 50359], [50258, 50360]], np.int32), last_only=False, alignment=True)]
        logits = [one.copy() for one in logits]
        heads = [state.alignment().copy()]
        state.reorder(np.array([1, 0], np.int32))
        logits.append(state.decode(np.array([[7], [8]], np.int32), alignment=True).copy())
        heads.append(state.alignment().copy())
        state.rewind(2)
        logits.append(state.decode(np.array([[9, 10, 11], [12, 13, 14]], np.int32), last_only=False).copy())
        found.append([state.encoder_output(), *logits, *heads])
    for one, other in zip(*found, strict=True):
        np.testing.assert_allclose(one, other, rtol=2e-3, atol=2e-3)


@needs_extra
def test_optimum_reads_the_folder(exported: Exported) -> None:
    """What Hugging Face's own runtime needs of the folder is there, under its names."""
    from optimum.onnxruntime import ORTModelForSpeechSeq2Seq

    model = ORTModelForSpeechSeq2Seq.from_pretrained(exported("f32")[0], use_merged=False, local_files_only=True)
    assert model.config.d_model == loaded(exported("f32")[0]).engine.dims.n_audio_state


@needs_extra
def test_weights_are_stored_once(exported: Exported) -> None:
    out, report = exported("f32")
    _, decoder, with_past = compared(report).graphs
    assert (out / names.WEIGHTS).stat().st_size < decoder.n_bytes + with_past.n_bytes


@pytest.fixture
def spoken(tmp_path: Path) -> Path:
    """A set of one recording, in which nobody speaks."""
    folder = tmp_path / "set"
    folder.mkdir()
    samples = (np.random.default_rng(1).standard_normal(8000) * 3000).astype("<i2")
    with wave.open(str(folder / "a.wav"), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16000)
        file.writeframes(samples.tobytes())
    (folder / "manifest.jsonl").write_text('{"audio": "a.wav", "text": "a b c", "lang": "en"}\n')
    return folder


@needs_extra
def test_a_folder_is_measured_as_onnxruntime_runs_it(tmp_path: Path, source: Path, spoken: Path) -> None:
    import onnxruntime

    pytest.importorskip("jiwer")
    pytest.importorskip("whisper_normalizer")
    out = tmp_path / "out"
    made = export_whisper(source, out, to="onnx", name="base", budget=Budget((spoken,)))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "out.report.json", "out.report.md", "set"]
    written = json.loads((tmp_path / "out.report.json").read_text())
    assert written["engine"] == f"onnxruntime {onnxruntime.__version__}"
    assert (written["scores"][0]["errors"]["words"], written["float32"][0]["errors"]["words"]) == (3, 3)
    assert written["scores"][0]["encode_ms"] > 0
    assert [graph["largest"] for graph in written["onnx"]["graphs"]] == [one.largest for one in compared(made).graphs]
    assert all(graph["largest"] >= graph["mean"] > 0 for graph in written["onnx"]["graphs"])
    facts = (out / FACTS).stat().st_size
    assert written["n_bytes"] < made.n_bytes < written["n_bytes"] + facts
    with open_folder(out) as model:
        assert json.loads(str(model.metadata["edgewise.report"])) == written
    assert f"Report: int8 on onnxruntime {onnxruntime.__version__}, word error rates\n  set: " in describe_folder(out)
    markdown = (tmp_path / "out.report.md").read_text()
    assert f"| {names.ENCODER} |" in markdown
    assert "of words wrong" in str(made)
    assert edge.load(out, engine="onnxruntime").precision == "int8"


@needs_extra
def test_a_folder_that_breaks_the_budget_leaves_nothing(tmp_path: Path, source: Path, spoken: Path) -> None:
    pytest.importorskip("jiwer")
    pytest.importorskip("whisper_normalizer")
    with pytest.raises(BudgetError, match=r"int8 does not meet the budget: .* MB, allowed are 0\.1\. Measured:\n"):
        export_whisper(source, tmp_path / "out", to="onnx", budget=Budget((spoken,), max_bytes=100_000))
    assert [path for path in tmp_path.iterdir() if path != spoken] == []


@needs_extra
def test_a_graph_that_is_off_leaves_nothing(tmp_path: Path, source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from export.onnx import graphs

    export_graphs = graphs.export_graphs

    def broken(*arguments: Any) -> Any:
        made = export_graphs(*arguments)
        for node in made[names.DECODER_WITH_PAST].graph.node:
            if node.op_type == "Softmax":
                node.op_type = "Identity"
                del node.attribute[:]
                break
        return made

    monkeypatch.setattr(graphs, "export_graphs", broken)
    with pytest.raises(VerificationError, match=r"decoder_with_past_model.onnx at f32 is .* off transformers"):
        export_whisper(source, tmp_path / "out", precision="f32", to="onnx")
    assert list(tmp_path.iterdir()) == []


@needs_extra
def test_an_interruption_leaves_nothing(tmp_path: Path, source: Path) -> None:
    def interrupt(what: str, done: int, total: int) -> None:
        if what.startswith("exporting") and done == 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        export_whisper(source, tmp_path / "out", precision="f32", to="onnx", progress=interrupt)
    assert list(tmp_path.iterdir()) == []


@needs_extra
def test_bad_weights_and_taken_names(tmp_path: Path, source: Path, make_checkpoint: MadeCheckpoint) -> None:
    import dataclasses

    checkpoint = make_checkpoint("tiny.en")
    tensors = dict(checkpoint.tensors)
    damaged = tensors["enc.blocks.0.ffn.fc1.weight"].copy()
    damaged[3, 4] = np.nan
    tensors["enc.blocks.0.ffn.fc1.weight"] = damaged
    write_ctranslate2(dataclasses.replace(checkpoint, tensors=tensors), tmp_path / "bad", "f16")
    with pytest.raises(FormatError, match=r"enc\.blocks\.0\.ffn\.fc1\.weight holds NaN"):
        export_whisper(tmp_path / "bad", tmp_path / "out", to="onnx")
    taken = tmp_path / "taken"
    taken.mkdir()
    (taken / "mine.txt").write_text("mine")
    with pytest.raises(FileExistsError, match="name a new folder"):
        export_whisper(source, taken, to="onnx")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bad", "taken"]


def test_without_the_extra(tmp_path: Path, source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "optimum", None)
    monkeypatch.setitem(sys.modules, "optimum.exporters.onnx", None)
    with pytest.raises(EdgeError, match=r'^optimum.exporters.onnx is missing: pip install "edgewise\[onnx-export\]"'):
        export_whisper(source, tmp_path / "out", to="onnx")
    assert list(tmp_path.iterdir()) == []


@needs_extra
def test_real_model_says_the_same(tmp_path: Path, store_offline_ok: bool, jfk_clip: Path, tiny_en_int8: Path) -> None:
    from edge.store import ensure

    out = tmp_path / "tiny.en"
    report = export_whisper(ensure("tiny.en", offline=True), out, to="onnx", name="tiny.en", clip=jfk_clip)
    assert compared(report).n_same > 10
    ours = edge.load(tiny_en_int8).transcribe(jfk_clip).text
    assert edge.load(out, engine="onnxruntime").transcribe(jfk_clip).text == ours
    assert "ask what you can do for your country" in ours
