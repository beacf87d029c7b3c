"""The engine on onnxruntime: keys and values over steps, beams and ways back; the folder it runs; what it refuses."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import edge
from edge.errors import EdgeError, FormatError, KernelError, ModelNotFoundError, OptionError, UnsupportedModelError
from edge.onnx.folder import FACTS
from edge.whisper.engines import onnx_folder as names
from edge.whisper.engines.onnx import OnnxEngine, OnnxState
from edge.whisper.engines.onnx_folder import open_folder

from .conftest import SummingModel

pytest.importorskip("onnxruntime")
onnx = pytest.importorskip("onnx")


@pytest.fixture
def mel(summing: SummingModel) -> NDArray[np.float32]:
    dims = summing.dims
    return np.random.default_rng(1).standard_normal((2 * dims.n_audio_ctx, dims.n_mels), np.float32)


def engine_of(folder: Path) -> OnnxEngine:
    with open_folder(folder) as facts:
        return OnnxEngine(folder, facts, threads=2)


def state_of(folder: Path, mel: NDArray[np.float32], n_beams: int = 1) -> OnnxState:
    state = engine_of(folder).new_state(n_beams)
    state.encode(mel)
    return state


def ids(*beams: list[int]) -> NDArray[np.int32]:
    return np.array(beams, np.int32)


@pytest.fixture
def copy(folder: Path, tmp_path: Path) -> Path:
    """A folder to change."""
    return Path(shutil.copytree(folder, tmp_path / "copy"))


def test_steps_equal_one_call(folder: Path, summing: SummingModel, mel: NDArray[np.float32]) -> None:
    state = state_of(folder, mel)
    np.testing.assert_allclose(state.encoder_output(), summing.encode(mel), rtol=1e-5)
    tokens = [5, 6, 7, 8, 9]
    expected = summing.logits(mel, tokens)
    np.testing.assert_allclose(state.decode(ids(tokens), last_only=False)[0], expected, rtol=1e-4, atol=1e-3)
    state.rewind(0)
    found = [state.decode(ids(part), last_only=False)[0] for part in ([5, 6], [7], [8, 9])]
    np.testing.assert_allclose(np.concatenate(found), expected, rtol=1e-4, atol=1e-3)
    assert state.n_past == 5


def test_last_only(folder: Path, summing: SummingModel, mel: NDArray[np.float32]) -> None:
    logits = state_of(folder, mel).decode(ids([5, 6, 7]))
    assert logits.shape == (1, 1, summing.dims.n_vocab)
    np.testing.assert_allclose(logits[0], summing.logits(mel, [5, 6, 7])[-1:], rtol=1e-4, atol=1e-3)


def test_rewind_forgets(folder: Path, summing: SummingModel, mel: NDArray[np.float32]) -> None:
    state = state_of(folder, mel)
    state.decode(ids([5, 6, 7, 8]))
    state.rewind(2)
    assert state.n_past == 2
    np.testing.assert_allclose(state.decode(ids([3]))[0], summing.logits(mel, [5, 6, 3])[-1:], rtol=1e-4, atol=1e-3)


def test_beams_go_their_own_ways_and_change_places(
    folder: Path, summing: SummingModel, mel: NDArray[np.float32]
) -> None:
    state = state_of(folder, mel, n_beams=3)
    state.decode(ids([1, 2], [1, 3], [1, 4]))
    state.reorder(ids([2, 0, 0])[0])
    found = state.decode(ids([9], [8], [7]))
    for row, tokens in zip(found, ([1, 4, 9], [1, 2, 8], [1, 2, 7]), strict=True):
        np.testing.assert_allclose(row, summing.logits(mel, tokens)[-1:], rtol=1e-4, atol=1e-3)


def test_encoding_begins_anew(folder: Path, summing: SummingModel, mel: NDArray[np.float32]) -> None:
    state = state_of(folder, mel)
    state.decode(ids([5, 6]))
    state.encode(mel + 1)
    assert state.n_past == 0
    np.testing.assert_allclose(state.decode(ids([4]))[0], summing.logits(mel + 1, [4]), rtol=1e-4, atol=1e-3)


def test_alignment(folder: Path, summing: SummingModel, mel: NDArray[np.float32]) -> None:
    state = state_of(folder, mel)
    state.decode(ids([5, 6]), alignment=True)
    assert state.alignment().shape == (1, 2, 2, summing.dims.n_audio_ctx)
    state.decode(ids([7]), alignment=True)
    assert (state.alignment() == 7).all()
    state.decode(ids([7]))
    with pytest.raises(KernelError, match="did not ask"):
        state.alignment()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda state: state.encode(np.zeros((8, 80), np.float32)), r"whole window \(40, 80\), got \(8, 80\)"),
        (lambda state: state.decode(ids([51864])), "expected 0 to 51863, got 51864"),
        (lambda state: state.decode(ids([1], [2])), r"expected \(1 to 1, n\)"),
        (lambda state: state.decode(np.zeros((1, 0), np.int32)), r"expected \(1 to 1, n\)"),
        (lambda state: state.decode(ids([1] * 13)), "room is for 12"),
        (lambda state: state.rewind(1), "expected 0 to 0, got 1"),
        (lambda state: state.reorder(ids([1])[0]), "expected up to 1 beams below 1"),
    ],
)
def test_wrong_calls(folder: Path, mel: NDArray[np.float32], call: Callable[[OnnxState], object], message: str) -> None:
    with pytest.raises(KernelError, match=message):
        call(state_of(folder, mel))


def test_decode_wants_a_clip(folder: Path) -> None:
    with pytest.raises(KernelError, match="no clip is encoded"):
        engine_of(folder).new_state().decode(ids([1]))


def test_load_transcribes(folder: Path, summing: SummingModel) -> None:
    model = edge.load(folder, engine="onnxruntime", threads=1)
    assert isinstance(model, edge.Model)
    assert (model.name, model.precision, model.engine.threads) == ("tiny.en", "int8", 1)
    assert model.suppress_tokens == (1, 2)
    noise = np.random.default_rng(0).uniform(-0.1, 0.1, 6000).astype(np.float32)
    again = [model.transcribe(noise, max_tokens=4) for _ in range(2)]
    assert again[0].segments == again[1].segments
    assert again[0].timing.n_windows > 0


def test_the_wrong_engine_or_file(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="edgewise or onnxruntime"):
        edge.load(folder, engine="tflite")  # type: ignore[call-overload]
    with pytest.raises(UnsupportedModelError, match="--engine onnxruntime"):
        edge.load(folder)
    with pytest.raises(UnsupportedModelError, match="this is a file"):
        edge.load(folder / FACTS, engine="onnxruntime")
    with pytest.raises(UnsupportedModelError, match="expected precision w4, as was asked for, found int8"):
        edge.load(folder, engine="onnxruntime", precision="w4")
    with pytest.raises(ModelNotFoundError, match="gone"):
        edge.load(tmp_path / "gone", engine="onnxruntime")


@pytest.mark.parametrize("name", [*names.GRAPHS, FACTS])
def test_missing_empty_and_damaged_files(copy: Path, name: str) -> None:
    data = (copy / name).read_bytes()
    for content in (b"", data[: len(data) // 2], b"\xff" * 1000):
        (copy / name).write_bytes(content)
        with pytest.raises(FormatError, match=name):
            edge.load(copy, engine="onnxruntime")
    (copy / name).unlink()
    with pytest.raises(ModelNotFoundError, match=rf"no {name} in it; .* --to onnx"):
        edge.load(copy, engine="onnxruntime")


def change(path: Path, edit: Callable[[Any], None]) -> None:
    model = onnx.load(path)
    edit(model.graph)
    onnx.save(model, path)


def test_graphs_of_another_model(copy: Path) -> None:
    shutil.copy(copy / names.DECODER, copy / names.DECODER_WITH_PAST)
    with pytest.raises(FormatError, match=r"with_past.*input 'encoder_hidden_states' is not known"):
        edge.load(copy, engine="onnxruntime")


def test_sizes_of_another_model(copy: Path) -> None:
    def narrow(graph: Any) -> None:
        graph.input[0].type.tensor_type.shape.dim[1].dim_value = 128

    change(copy / names.ENCODER, narrow)
    with pytest.raises(FormatError, match=r"input input_features: expected float32 \(any, 80, 40\), found .*128"):
        edge.load(copy, engine="onnxruntime")


def test_output_of_another_size(copy: Path, mel: NDArray[np.float32]) -> None:
    """A graph may leave its sizes open and give what it likes."""

    def lie(graph: Any) -> None:
        del graph.output[0].type.tensor_type.shape.dim[1:]
        for size in ("any", "size"):
            graph.output[0].type.tensor_type.shape.dim.add().dim_param = size
        arrays = {"wrong": np.array([1, 20, 64]), "nothing": np.zeros(1, np.float32), "single": np.array([1])}
        graph.initializer.extend(onnx.numpy_helper.from_array(array, name) for name, array in arrays.items())
        node = onnx.helper.make_node
        graph.node[1].input[1] = "found"
        made = [
            node("Mul", ["mean", "nothing"], ["zero"]),  # depends on the features, so that nobody knows beforehand
            node("Reshape", ["zero", "single"], ["flat"]),
            node("Cast", ["flat"], ["number"], to=onnx.TensorProto.INT64),
            node("Add", ["wrong", "number"], ["found"]),
        ]
        for at, one in enumerate(made, 1):
            graph.node.insert(at, one)

    change(copy / names.ENCODER, lie)
    state = engine_of(copy).new_state()
    with pytest.raises(KernelError, match=r"last_hidden_state came as \(1, 20, 64\), expected \(any, 20, 128\)"):
        state.encode(mel)


def test_weights_outside_the_folder_are_not_read(copy: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(bytes(1 << 16))

    def point_outside(graph: Any) -> None:
        table = next(tensor for tensor in graph.initializer if tensor.name == "out")
        table.ClearField("raw_data")
        table.data_location = table.EXTERNAL
        for key, value in (("location", "../secret"), ("offset", "0"), ("length", str(1 << 16))):
            entry = table.external_data.add()
            entry.key, entry.value = key, value

    model = onnx.load(copy / names.DECODER)
    point_outside(model.graph)
    (copy / names.DECODER).write_bytes(model.SerializeToString())
    with pytest.raises(FormatError, match=r"'\.\./secret'; only model\.onnx_data beside it is read"):
        edge.load(copy, engine="onnxruntime")


def test_without_onnxruntime(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(EdgeError, match="pip install onnxruntime"):
        edge.load(folder, engine="onnxruntime")


def test_a_name_that_cannot_be_exported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EDGEWISE_HOME", str(tmp_path))
    for module in ("optimum", "optimum.exporters.onnx"):  # the second may have been imported already
        monkeypatch.setitem(sys.modules, module, None)
    message = r'tiny.en at int8 is not in .*edgewise\[onnx-export\]"; or run `edgewise export whisper tiny.en -o DIR'
    with pytest.raises(EdgeError, match=message):
        edge.load("tiny.en", engine="onnxruntime", offline=True)
    with pytest.raises(UnsupportedModelError, match="unknown precision 'q8_0'; known here are f32, int8, w8, w4"):
        edge.load("tiny.en", engine="onnxruntime", precision="q8_0")
    with pytest.raises(ModelNotFoundError, match="did you mean"):
        edge.load("tinyen", engine="onnxruntime")
