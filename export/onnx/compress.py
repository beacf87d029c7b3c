"""Graphs in fewer bits, by the tools that are kept for it: onnxruntime's dynamic INT8, NNCF's INT8 and INT4 weights.

Convolutions stay float32 everywhere: they are 2 % of the bytes and the first thing that sees the audio, onnxruntime's
INT8 convolutions are slower than its float ones, and what NNCF makes of theirs it does not run.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from .graphs import quiet
from .weights import halve_tables, tie_vocabulary

if TYPE_CHECKING:
    import onnx

_GROUP = 32
"""Weights that share a scale in 4 bits."""


def compress(model: onnx.ModelProto, precision: str, scratch: Path) -> onnx.ModelProto:
    """The float32 graph `model` at one of `edge.onnx.folder.PRECISIONS`; it may be changed itself."""
    return _COMPRESS[precision](model, scratch)


def _float(model: onnx.ModelProto, scratch: Path) -> onnx.ModelProto:
    tie_vocabulary(model)
    return model


def _dynamic(model: onnx.ModelProto, scratch: Path) -> onnx.ModelProto:
    """Products of INT8 weights, a scale for each output, with activations rounded as they come."""
    import onnx
    from onnxruntime.quantization import QuantType, quantize_dynamic

    target = scratch / "quantized.onnx"
    with quiet():
        quantize_dynamic(
            model,
            target,
            op_types_to_quantize=["MatMul", "Gemm"],
            per_channel=True,
            weight_type=QuantType.QInt8,
            use_external_data_format=True,  # a graph of more than 2 GB cannot hold its numbers
        )
    quantized = onnx.load(target)
    halve_tables(quantized)
    return quantized


def _weights_int8(model: onnx.ModelProto, scratch: Path) -> onnx.ModelProto:
    import nncf

    with quiet():
        found: onnx.ModelProto = nncf.compress_weights(
            model, mode=nncf.CompressWeightsMode.INT8_SYM, ignored_scope=_not_convolutions()
        )
    return found


def _weights_int4(model: onnx.ModelProto, scratch: Path) -> onnx.ModelProto:
    """INT4 in groups; the token embedding and the vocabulary stay INT8, which NNCF does of itself."""
    import nncf

    with quiet():
        found: onnx.ModelProto = nncf.compress_weights(
            model,
            mode=nncf.CompressWeightsMode.INT4_SYM,
            group_size=_GROUP,
            backup_mode=nncf.BackupMode.INT8_SYM,
            ignored_scope=_not_convolutions(),
        )
    return found


def _not_convolutions() -> object:
    import nncf

    return nncf.IgnoredScope(types=["Conv"], validate=False)


_COMPRESS: Mapping[str, Callable[[onnx.ModelProto, Path], onnx.ModelProto]] = {
    "f32": _float,
    "int8": _dynamic,
    "w8": _weights_int8,
    "w4": _weights_int4,
}
