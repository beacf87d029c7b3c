"""Graphs in fewer bits, by the tools that are kept for it: onnxruntime's dynamic INT8, NNCF's INT8 and INT4 weights.

Convolutions stay float32 everywhere: they are 2 % of the bytes and the first thing that sees the audio, onnxruntime's
INT8 convolutions are slower than its float ones, and what NNCF makes of theirs it does not run.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edge.errors import UnsupportedModelError

from .graphs import quiet
from .weights import halve_tables, tie_vocabulary

if TYPE_CHECKING:
    import onnx

_GROUP = 32
"""Number of weights that share a scale in 4 bits."""
_OPSET_WITH_INT4, _IR_WITH_INT4 = 21, 10
_POSITIONS = "embed_positions"
"""Part of the name of the decoder's table of positions: 1 % of the bytes, and added to all else."""


def compress(model: onnx.ModelProto, precision: str, scratch: Path) -> onnx.ModelProto:
    """Bring a float32 graph to one of `edge.whisper.engines.onnx_folder.PRECISIONS`; it may be changed itself.

    Raises:
        UnsupportedModelError: the tool gave up.
    """
    try:
        return _COMPRESS[precision](model, scratch)
    except (OSError, MemoryError):
        raise
    except Exception as error:  # each tool has its own
        reason = " ".join(str(error).split())[:300]
        raise UnsupportedModelError(
            f"this model cannot be brought to {precision} ({type(error).__name__}: {reason}); try another precision"
        ) from error


def _float(model: onnx.ModelProto, scratch: Path) -> onnx.ModelProto:
    tie_vocabulary(model)
    return model


def _dynamic(model: onnx.ModelProto, scratch: Path) -> onnx.ModelProto:
    """Make products of INT8 weights, a scale for each output, with activations rounded as they come."""
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

    return _by_nncf(model, mode=nncf.CompressWeightsMode.INT8_SYM)


def _weights_int4(model: onnx.ModelProto, scratch: Path) -> onnx.ModelProto:
    """Round to INT4 in groups; the token embedding and the vocabulary stay INT8, which NNCF does of itself."""
    import nncf
    from onnx import version_converter

    # Below this version NNCF writes MatMulNBits and adds each bias twice (3.4.0).
    newer = version_converter.convert_version(model, _OPSET_WITH_INT4)
    newer.ir_version = _IR_WITH_INT4
    return _by_nncf(
        newer,
        mode=nncf.CompressWeightsMode.INT4_SYM,
        group_size=_GROUP,
        backup_mode=nncf.BackupMode.INT8_SYM,
    )


def _by_nncf(model: onnx.ModelProto, **settings: Any) -> onnx.ModelProto:
    import nncf

    kept = [
        node.name
        for node in model.graph.node
        if node.op_type == "Conv" or (node.op_type == "Gather" and _POSITIONS in node.input[0])
    ]
    with quiet():
        found: onnx.ModelProto = nncf.compress_weights(model, ignored_scope=nncf.IgnoredScope(names=kept), **settings)
    return found


_COMPRESS: Mapping[str, Callable[[onnx.ModelProto, Path], onnx.ModelProto]] = {
    "f32": _float,
    "int8": _dynamic,
    "w8": _weights_int8,
    "w4": _weights_int4,
}
