"""A graph like Silero's that only adds up, so that numpy can say what it gives; the real one if it is here."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest


def write_summing_graph(path: Path, width: int = 576) -> None:
    """Probabilities are the sigmoids of the sum of all frames' means so far, which the states carry on."""
    onnx = pytest.importorskip("onnx")
    node, of, floats = onnx.helper.make_node, onnx.helper.make_tensor_value_info, onnx.TensorProto.FLOAT
    nodes = [
        node("ReduceMean", ["input", "one"], ["means"], keepdims=0),
        node("CumSum", ["means", "zero"], ["sums"]),
        node("Add", ["h", "c"], ["before"]),
        node("Reshape", ["before", "all"], ["flat"]),
        node("Gather", ["flat", "zero"], ["so_far"]),
        node("Add", ["sums", "so_far"], ["totals"]),
        node("Sigmoid", ["totals"], ["speech_probs"]),
        node("ReduceSum", ["means"], ["more"], keepdims=0),
        node("Add", ["h", "more"], ["hn"]),
        node("Identity", ["c"], ["cn"]),
    ]
    constants = {"zero": np.array(0), "one": np.array([1]), "all": np.array([-1])}
    graph = onnx.helper.make_graph(
        nodes,
        "sums",
        [of("input", floats, ["n", width]), *(of(name, floats, [1, 1, 128]) for name in "hc")],
        [of("speech_probs", floats, ["n"]), *(of(name, floats, [1, 1, 128]) for name in ("hn", "cn"))],
        [onnx.numpy_helper.from_array(array, name) for name, array in constants.items()],
    )
    onnx.save(onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 18)], ir_version=10), path)


@pytest.fixture(scope="session")
def summing_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("vad") / "summing.onnx"
    write_summing_graph(path)
    return path


@pytest.fixture(scope="session")
def silero_file() -> Path:
    """The published network."""
    from edge.store import Store

    store = Store()
    if not store.is_here("silero-vad"):
        pytest.skip("silero-vad is not in the store: run `edgewise models pull silero-vad` once")
    return store.place("silero-vad")
