"""What a graph may read besides itself: one file of one name, wherever in the graph another is named."""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from edge.errors import FormatError
from edge.onnx.external import check_external

onnx = pytest.importorskip("onnx")

WEIGHTS = "model.onnx_data"


def _tensor(location: str = WEIGHTS, *, offset: object = 0, length: object = 16, dims: tuple[int, ...] = (4,)) -> Any:
    tensor = onnx.TensorProto(name="w", data_type=onnx.TensorProto.FLOAT, dims=dims)
    tensor.data_location = onnx.TensorProto.EXTERNAL
    for key, value in {"location": location, "offset": offset, "length": length}.items():
        if value is not None:
            tensor.external_data.add(key=key, value=str(value))
    return tensor


def _in_initializer(tensor: Any) -> Any:
    graph = onnx.GraphProto(initializer=[tensor])
    return onnx.ModelProto(graph=graph)


def _in_sparse(tensor: Any) -> Any:
    return onnx.ModelProto(graph=onnx.GraphProto(sparse_initializer=[onnx.SparseTensorProto(indices=tensor)]))


def _in_attribute(**held: Any) -> Any:
    node = onnx.NodeProto(op_type="If", attribute=[onnx.AttributeProto(name="a", **held)])
    return onnx.ModelProto(graph=onnx.GraphProto(node=[node]))


def _in_subgraph(tensor: Any) -> Any:
    inner = _in_attribute(g=_in_attribute(t=tensor).graph).graph
    return _in_attribute(graphs=[inner, inner])


def _in_function(tensor: Any) -> Any:
    return onnx.ModelProto(functions=[onnx.FunctionProto(node=_in_attribute(tensors=[tensor]).graph.node)])


def _in_training(tensor: Any) -> Any:
    return onnx.ModelProto(training_info=[onnx.TrainingInfoProto(initialization=_in_initializer(tensor).graph)])


PLACES: list[Callable[[Any], Any]] = [
    _in_initializer,
    _in_sparse,
    _in_subgraph,
    _in_function,
    _in_training,
    lambda tensor: _in_attribute(sparse_tensor=onnx.SparseTensorProto(values=tensor)),
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with 64 bytes of weights, and 16 bytes beside it that are nobody's business."""
    (tmp_path / "secret").write_bytes(bytes(16))
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / WEIGHTS).write_bytes(bytes(64))
    return tmp_path / "model"


def _check(folder: Path, model: Any, weights: str | None = WEIGHTS) -> None:
    path = folder / "graph.onnx"
    path.write_bytes(model if isinstance(model, bytes) else model.SerializeToString())
    check_external(path, weights)


@pytest.mark.parametrize("place", PLACES)
def test_weights_beside_the_graph_are_found_wherever_they_are_named(folder: Path, place: Callable[[Any], Any]) -> None:
    _check(folder, place(_tensor(offset=48)))
    with pytest.raises(FormatError, match=r"'elsewhere'; only model\.onnx_data beside it is read"):
        _check(folder, place(_tensor("elsewhere")))
    with pytest.raises(FormatError, match="only the graph itself is read"):
        _check(folder, place(_tensor()), weights=None)


@pytest.mark.parametrize(
    "location",
    ["../secret", "{secret}", "", ".", "./model.onnx_data", "sub/../model.onnx_data", "*/_ORT_MEM_ADDR_/*", "\x1b[2J"],
)
def test_another_place_is_refused(folder: Path, location: str) -> None:
    with pytest.raises(FormatError, match="are said to be in") as raised:
        _check(folder, _in_initializer(_tensor(location.format(secret=folder.parent / "secret"))))
    assert str(raised.value).isprintable()


def test_two_places_or_none_are_refused(folder: Path) -> None:
    twice = _tensor()
    twice.external_data.add(key="location", value="../secret")
    nowhere = onnx.TensorProto(data_type=1, dims=[4], data_location=onnx.TensorProto.EXTERNAL)
    unmarked = _tensor("../secret")
    unmarked.ClearField("data_location")
    for tensor in (twice, nowhere, unmarked):
        with pytest.raises(FormatError, match="are said to be in"):
            _check(folder, _in_initializer(tensor))


@pytest.mark.parametrize("link", [os.symlink, os.link])
@pytest.mark.parametrize("linked", [WEIGHTS, "graph.onnx"])
def test_links_are_refused(folder: Path, link: Callable[[Path, Path], None], linked: str) -> None:
    _check(folder, _in_initializer(_tensor()))
    (folder / linked).rename(folder.parent / "there")
    link(folder.parent / "there", folder / linked)
    with pytest.raises(FormatError, match=f"{linked}: is a link"):
        check_external(folder / "graph.onnx", WEIGHTS)


def test_what_is_no_file_is_refused(folder: Path) -> None:
    (folder / WEIGHTS).unlink()
    with pytest.raises(FormatError, match="cannot be read"):
        _check(folder, _in_initializer(_tensor()))
    os.mkfifo(folder / WEIGHTS)
    with pytest.raises(FormatError, match="no file"):
        _check(folder, _in_initializer(_tensor()))


@pytest.mark.parametrize(
    "tensor",
    [
        _tensor(offset=49),
        _tensor(offset=-1),
        _tensor(offset=1 << 70),
        _tensor(offset="0x1"),
        _tensor(length=15),
        _tensor(length=None, offset=60),
        _tensor(dims=(1 << 40, 1 << 40)),
        _tensor(dims=(-4, -1)),
    ],
)
def test_places_beyond_the_file_are_refused(folder: Path, tensor: Any) -> None:
    with pytest.raises(FormatError, match=r"said to be .* bytes at byte|expected numbers"):
        _check(folder, _in_initializer(tensor))


def test_without_a_length_the_shape_tells_it(folder: Path) -> None:
    _check(folder, _in_initializer(_tensor(length=None, offset=None)))
    tensor = _tensor(length=7, dims=(13,))
    tensor.data_type = onnx.TensorProto.UINT4
    _check(folder, _in_initializer(tensor))
    tensor.data_type = onnx.TensorProto.STRING
    with pytest.raises(FormatError, match="no form there"):
        _check(folder, _in_initializer(tensor))


@pytest.mark.parametrize(
    "body", [b"", b"\xff", b"\xff" * 40, b"\x0b", b"\x3a\x7f", b"\x3a\xff\xff\xff\xff\x0f\0", b"GGUF"]
)
def test_what_is_no_graph_is_refused(folder: Path, body: bytes) -> None:
    with pytest.raises(FormatError):
        _check(folder, body)


def test_damaged_graphs_end_in_an_error_or_are_whole(folder: Path) -> None:
    body = _in_subgraph(_tensor()).SerializeToString() + _in_function(_tensor()).SerializeToString()
    chance = random.Random(7)
    n_refused = 0
    for _ in range(1500):
        damaged = bytearray(body)
        for _ in range(chance.randint(1, 3)):
            damaged[chance.randrange(len(body))] = chance.choice((0, 1, 0x7F, 0x80, 0xFF, chance.randrange(256)))
        try:
            _check(folder, bytes(damaged[: chance.choice((len(body), chance.randrange(len(body))))]))
        except FormatError:
            n_refused += 1
    assert 0 < n_refused < 1500


def test_endless_shapes_are_refused(folder: Path) -> None:
    with pytest.raises(FormatError, match="100000 dimensions"):
        _check(folder, _in_initializer(_tensor(dims=(1 << 62,) * 100_000)))
