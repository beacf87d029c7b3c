"""Where the numbers of the graphs lie: each of them once, in one file beside the graphs that use it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from edge.whisper.engines.onnx_folder import WEIGHTS

if TYPE_CHECKING:
    import onnx

_ALIGNMENT = 4096
"""Alignment in bytes: a page, so that onnxruntime can map an array."""
_SMALL = 4096
"""Size in bytes below which arrays stay in the graph."""
_HALF = ".half"


def write_graphs(graphs: Mapping[str, onnx.ModelProto], folder: Path) -> dict[str, int]:
    """Write graphs by file name, and their large arrays into WEIGHTS; gives the bytes that each graph makes use of.

    Both decoders hold the same weights, which are two thirds of a small model: here they share them.
    """
    import onnx

    places: dict[bytes, int] = {}
    sizes = {}
    with (folder / WEIGHTS).open("wb") as file:
        for name, model in graphs.items():
            n_bytes = 0
            for tensor in model.graph.initializer:
                data = _raw(tensor)
                if len(data) < _SMALL:
                    continue
                digest = hashlib.sha256(data).digest()
                if digest not in places:
                    file.write(b"\0" * (-file.tell() % _ALIGNMENT))
                    places[digest] = file.tell()
                    file.write(data)
                _point(tensor, places[digest], len(data))
                n_bytes += len(data)
            onnx.save(model, folder / name)
            sizes[name] = n_bytes + (folder / name).stat().st_size
    return sizes


def _raw(tensor: onnx.TensorProto) -> bytes:
    """Give the bytes of an array as an external file holds them: little-endian, two 4-bit numbers a byte."""
    from onnx import numpy_helper

    if not tensor.HasField("raw_data"):
        tensor.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(tensor), tensor.name))
    return bytes(tensor.raw_data)


def _point(tensor: onnx.TensorProto, offset: int, n_bytes: int) -> None:
    tensor.ClearField("raw_data")
    tensor.ClearField("external_data")
    tensor.data_location = tensor.EXTERNAL
    for key, value in (("location", WEIGHTS), ("offset", offset), ("length", n_bytes)):
        entry = tensor.external_data.add()
        entry.key, entry.value = key, str(value)


def tie_vocabulary(model: onnx.ModelProto) -> None:
    """Let the last product take the token embedding, turned round, in the place of a copy of its own.

    onnxruntime turns it when the graph is opened.
    """
    from onnx import helper, numpy_helper

    graph = model.graph
    tables = _tables(graph)
    for tensor in list(graph.initializer):
        for table in tables.values():
            if list(tensor.dims) != list(table.dims)[::-1] or tensor.dims[0] == tensor.dims[1]:
                continue
            if np.array_equal(numpy_helper.to_array(tensor), numpy_helper.to_array(table).T):
                graph.initializer.remove(tensor)
                graph.node.insert(0, helper.make_node("Transpose", [table.name], [tensor.name], perm=[1, 0]))
                break


def halve_tables(model: onnx.ModelProto) -> None:
    """Store tables of embeddings in float16 where that loses nothing: most checkpoints were published in it."""
    from onnx import TensorProto, helper, numpy_helper

    graph = model.graph
    for name, table in _tables(graph).items():
        values = numpy_helper.to_array(table)
        with np.errstate(over="ignore"):
            half = values.astype(np.float16)
        if not np.array_equal(half.astype(np.float32), values):
            continue
        graph.initializer.remove(table)
        graph.initializer.append(numpy_helper.from_array(half, name + _HALF))
        for at, node in reversed(list(enumerate(graph.node))):
            if node.op_type == "Gather" and node.input[0] == name:
                node.input[0], wide = name + _HALF, node.output[0]
                node.output[0] = wide + _HALF
                cast = helper.make_node("Cast", [wide + _HALF], [wide], wide + _HALF, to=TensorProto.FLOAT)
                graph.node.insert(at + 1, cast)


def _tables(graph: onnx.GraphProto) -> dict[str, Any]:
    """Find the float32 matrices whose rows are looked up, and which nothing else uses, by name."""
    from onnx import TensorProto

    uses: dict[str, set[str]] = {}
    for node in graph.node:
        for name in node.input:
            uses.setdefault(name, set()).add(node.op_type)
    return {
        tensor.name: tensor
        for tensor in graph.initializer
        if tensor.data_type == TensorProto.FLOAT and len(tensor.dims) == 2 and uses.get(tensor.name) == {"Gather"}
    }
