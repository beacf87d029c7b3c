"""A folder for onnxruntime whose graphs are simple sums, so that what they give can be said in a line of numpy."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from edge.gguf.file import StoredTensor
from edge.gguf.types import TensorType
from edge.gguf.writer import write_gguf
from edge.onnx.folder import FACTS
from edge.whisper.engines import onnx_folder as names
from edge.whisper.file.dims import WhisperDims
from edge.whisper.tokens import Tokenizer
from export.checkpoint.mel import mel_filters
from export.writers.gguf import frontend_tensors, model_metadata

HEADS = ((0, 1), (1, 0))
HEAD_DIM = 64
OPSET, IR = 18, 10


def float_input(name: str, shape: list[Any]) -> Any:
    onnx = pytest.importorskip("onnx")
    return onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, shape)


class SummingModel:
    """Keys are rows of a table; logits are the sum of the keys so far, and of the encoder's states, times a matrix.

    The encoder repeats the mean of each window's features. The alignment is the number of the token at each position.
    """

    def __init__(self, dims: WhisperDims) -> None:
        generator = np.random.default_rng(3)
        self.dims = dims
        self.table = generator.standard_normal((dims.n_vocab, HEAD_DIM), np.float32)
        self.out = generator.standard_normal((HEAD_DIM, dims.n_vocab), np.float32)

    def encode(self, mel: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.full((self.dims.n_audio_ctx, self.dims.n_audio_state), mel.mean(), np.float32)

    def logits(self, mel: NDArray[np.float32], tokens: list[int]) -> NDArray[np.float32]:
        """Logits of every token: (n_tokens, n_vocab)."""
        sums = np.cumsum(self.table[tokens], axis=0) + mel.mean()
        result: NDArray[np.float32] = sums @ self.out
        return result

    def write(self, folder: Path) -> None:
        onnx = pytest.importorskip("onnx")
        for name, graph in ((names.ENCODER, self._encoder()), *self._decoders()):
            model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", OPSET)], ir_version=IR)
            onnx.save(model, folder / name)

    def _encoder(self) -> Any:
        onnx = pytest.importorskip("onnx")
        dims = self.dims
        nodes = [
            onnx.helper.make_node("ReduceMean", [names.FEATURES, "axes"], ["mean"], keepdims=1),
            onnx.helper.make_node("Expand", ["mean", "shape"], [names.STATES]),
        ]
        constants = [
            onnx.numpy_helper.from_array(np.array([1, 2]), "axes"),
            onnx.numpy_helper.from_array(np.array([1, dims.n_audio_ctx, dims.n_audio_state]), "shape"),
        ]
        return onnx.helper.make_graph(
            nodes,
            "encoder",
            [float_input(names.FEATURES, ["b", dims.n_mels, 2 * dims.n_audio_ctx])],
            [float_input(names.STATES, ["b", dims.n_audio_ctx, dims.n_audio_state])],
            constants,
        )

    def _decoders(self) -> list[tuple[str, Any]]:
        return [
            (names.DECODER, self._decoder(with_past=False)),
            (names.DECODER_WITH_PAST, self._decoder(with_past=True)),
        ]

    def _decoder(self, with_past: bool) -> Any:
        onnx = pytest.importorskip("onnx")
        dims, node = self.dims, onnx.helper.make_node
        keys_shape = ["b", dims.n_text_head, "n", HEAD_DIM]
        nodes = [
            node("Gather", ["table", names.TOKENS], ["rows"]),  # (b, n, 64)
            node("Unsqueeze", ["rows", "one"], ["row_heads"]),
            node("Concat", ["row_heads"] * dims.n_text_head, ["new"], axis=1),  # (b, heads, n, 64)
            node("Shape", ["rows"], ["n"], start=1, end=2),
            node("Neg", ["n"], ["from"]),
        ]
        inputs = [onnx.helper.make_tensor_value_info(names.TOKENS, onnx.TensorProto.INT64, ["b", "n"])]
        outputs = [float_input(names.LOGITS, ["b", "n", dims.n_vocab])]
        outputs.append(float_input(names.ALIGNMENT, ["b", len(HEADS), "n", "k"]))
        past = names.past_names(dims.n_text_layer, "decoder")
        for own, name in zip(names.present_names(dims.n_text_layer, "decoder"), past, strict=True):
            nodes.append(node("Concat", [name, "new"] if with_past else ["new"], [own], axis=2))
            outputs.append(float_input(own, keys_shape))
            inputs += [float_input(name, keys_shape)] if with_past else []
        if with_past:
            audio = names.past_names(dims.n_text_layer, "encoder")
            inputs += [float_input(name, keys_shape) for name in audio]
            last_audio = audio[-1]
        else:
            inputs.append(float_input(names.ENCODED, ["b", "k", dims.n_audio_state]))
            nodes.append(node("Slice", [names.ENCODED, "zero", "width", "two"], ["narrow"]))
            nodes.append(node("Unsqueeze", ["narrow", "one"], ["narrow_heads"]))
            for name in names.present_names(dims.n_text_layer, "encoder"):
                nodes.append(node("Concat", ["narrow_heads"] * dims.n_text_head, [name], axis=1))
                outputs.append(float_input(name, keys_shape))
                last_audio = name
        nodes += [
            node("CumSum", [own, "axis_two"], ["sums"]),
            node("Slice", ["sums", "from", "end", "two"], ["recent"]),
            node("ReduceMean", [last_audio, "two"], ["heard"], keepdims=1),
            node("Add", ["recent", "heard"], ["states"]),
            node("ReduceMean", ["states", "one"], ["state"], keepdims=0),
            node("MatMul", ["state", "out"], [names.LOGITS]),
            node("Cast", [names.TOKENS], ["numbers"], to=onnx.TensorProto.FLOAT),
            node("Unsqueeze", ["numbers", "one_and_three"], ["number"]),
            node("Concat", ["number"] * len(HEADS), ["number_heads"], axis=1),
            node("Expand", ["number_heads", "window"], [names.ALIGNMENT]),
        ]
        arrays = {
            "table": self.table,
            "out": self.out,
            "zero": np.array([0]),
            "one": np.array([1]),
            "two": np.array([2]),
            "axis_two": np.array(2),
            "one_and_three": np.array([1, 3]),
            "width": np.array([HEAD_DIM]),
            "end": np.array([1 << 30]),
            "window": np.array([1, 1, 1, dims.n_audio_ctx]),
        }
        constants = [onnx.numpy_helper.from_array(array, name) for name, array in arrays.items()]
        used = {name for one in nodes for name in one.input}
        return onnx.helper.make_graph(
            nodes, "decoder", inputs, outputs, [constant for constant in constants if constant.name in used]
        )


@pytest.fixture(scope="session")
def summing(dims_of: Callable[[int], WhisperDims]) -> SummingModel:
    """What the graphs of `folder` compute."""
    dims = dataclasses.replace(
        dims_of(51864), n_audio_ctx=20, n_text_ctx=12, n_text_layer=2, n_audio_state=128, n_audio_head=2,
        n_text_state=128, n_text_head=2,
    )  # fmt: skip
    return SummingModel(dims)


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory, summing: SummingModel, english: Tokenizer) -> Path:
    """A whole folder. Tests that change it copy it."""
    path = tmp_path_factory.mktemp("onnx") / "model"
    path.mkdir()
    summing.write(path)
    write_facts(path, summing.dims, english)
    return path


def write_facts(path: Path, dims: WhisperDims, tokenizer: Tokenizer, precision: str = "int8") -> None:
    """The file that says what decoding needs."""
    checkpoint: Any = SimpleNamespace(
        name="tiny.en",
        dims=dims,
        tensors={"one": np.zeros(1, np.float32)},
        vocabulary=tokenizer.vocabulary,
        alignment_heads=HEADS,
        mel_filters=mel_filters(dims.n_mels),
        suppress_tokens=(1, 2),
        suppress_begin=(tokenizer.eot,),
        source_sha256="",
    )
    metadata = model_metadata(checkpoint, precision)
    tensors: list[StoredTensor] = list(frontend_tensors(checkpoint))
    assert {tensor.type for tensor in tensors} == {TensorType.F32}
    write_gguf(path / FACTS, metadata, tensors)
