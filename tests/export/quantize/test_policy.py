"""The precision policy and what each stored tensor loses."""

from __future__ import annotations

import numpy as np
import pytest

from edge import quant
from edge.errors import UnsupportedModelError
from edge.gguf.types import TensorType
from edge.whisper.file.dims import tensor_shapes
from edge.whisper.file.published import PUBLISHED
from edge.whisper.file.roles import POLICY, PRECISIONS, Precision, Role, role_of
from export.quantize.policy import parse_precision, quantize_tensor

LINEAR, EMBEDDING = "enc.blocks.0.ffn.fc1.weight", "dec.token_embd.weight"


@pytest.fixture
def weights() -> np.ndarray:
    return np.random.default_rng(3).standard_normal((48, 64), np.float32)


def test_every_tensor_has_a_role() -> None:
    roles = {name: role_of(name) for name in tensor_shapes(PUBLISHED["tiny.en"])}
    of_role = {role: [name for name in roles if roles[name] is role] for role in Role}
    assert of_role[Role.EMBEDDING] == [EMBEDDING]
    assert of_role[Role.CONVOLUTION] == ["enc.conv.0.weight", "enc.conv.1.weight"]
    assert all(name.endswith(".weight") for name in of_role[Role.LINEAR])
    # 4 layers of 6 linear weights in the encoder and of 10 in the decoder
    assert len(of_role[Role.LINEAR]) == 4 * 6 + 4 * 10
    shapes = tensor_shapes(PUBLISHED["tiny.en"])
    assert of_role[Role.POSITIONS] == ["enc.pos_emb.weight", "dec.pos_emb.weight"]
    assert all(len(shapes[name]) == 1 for name in of_role[Role.VECTOR])


def test_policy_covers_every_precision_and_role() -> None:
    assert set(POLICY) == set(PRECISIONS)
    for types in POLICY.values():
        assert set(types) == set(Role)
        assert types[Role.VECTOR] is TensorType.F32
        assert types[Role.CONVOLUTION] in (TensorType.F32, TensorType.F16, TensorType.I8)


@pytest.mark.parametrize(
    ("name", "precision", "kind", "bound"),
    [
        (LINEAR, "f32", TensorType.F32, 0.0),
        (LINEAR, "f16", TensorType.F16, 0.0005),
        (LINEAR, "q8_0", TensorType.Q8_0, 0.007),
        (LINEAR, "int8", TensorType.I8, 0.009),
        (LINEAR, "int4", TensorType.Q4_0, 0.1),
        (EMBEDDING, "int4", TensorType.I8, 0.009),
        ("enc.conv.1.weight", "int8", TensorType.I8, 0.009),
        ("enc.conv.1.weight", "int4", TensorType.I8, 0.009),
        ("enc.conv.1.weight", "q8_0", TensorType.F16, 0.0005),
        ("enc.conv.1.bias", "int8", TensorType.F32, 0.0),
        ("enc.pos_emb.weight", "int4", TensorType.F16, 0.0005),
        ("enc.pos_emb.weight", "q8_0", TensorType.F32, 0.0),
    ],
)
def test_type_and_error(weights: np.ndarray, name: str, precision: Precision, kind: TensorType, bound: float) -> None:
    stored = quantize_tensor(name, weights, POLICY[precision][role_of(name)])
    assert stored.parts[0].name == name
    assert stored.parts[0].type is kind
    assert stored.parts[0].shape == weights.shape
    assert stored.error <= bound
    assert (stored.error > 0) == (bound > 0)


def test_int8_keeps_its_scales_beside_it(weights: np.ndarray) -> None:
    codes, scales = quantize_tensor(LINEAR, weights, TensorType.I8).parts
    assert (scales.name, scales.type, scales.shape) == (f"{LINEAR}_scale", TensorType.F32, (48,))
    assert codes.data.dtype == np.int8
    np.testing.assert_array_equal(quant.dequantize_int8(codes.data, scales.data), codes.data * scales.data[:, None])


def test_error_is_relative_to_the_weights(weights: np.ndarray) -> None:
    once = quantize_tensor(LINEAR, weights, TensorType.I8).error
    scaled = quantize_tensor(LINEAR, weights * np.float32(1024), TensorType.I8).error
    assert scaled == pytest.approx(once, rel=1e-5)
    assert quantize_tensor(LINEAR, np.zeros_like(weights), TensorType.I8).error == 0


def test_float16_weights_stay_as_they_are(weights: np.ndarray) -> None:
    halves = weights.astype(np.float16)
    stored = quantize_tensor(LINEAR, halves, TensorType.F16)
    np.testing.assert_array_equal(stored.parts[0].data, halves)
    assert stored.error == 0


@pytest.mark.parametrize("precision", ["f16", "q8_0", "int4"])
def test_weights_beyond_float16_are_refused(weights: np.ndarray, precision: Precision) -> None:
    weights[0, 0] = 1e6
    with pytest.raises(UnsupportedModelError, match=r"fc1\.weight is out of float16's range"):
        quantize_tensor(LINEAR, weights, POLICY[precision][Role.LINEAR])


def test_unknown_precision_lists_the_known() -> None:
    assert parse_precision("INT8") == "int8"
    with pytest.raises(UnsupportedModelError, match="unknown precision 'int3'; known are f32, f16, q8_0, int8, int4"):
        parse_precision("int3")
