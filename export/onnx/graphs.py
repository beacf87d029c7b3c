"""Turning a Hugging Face folder into the three float32 graphs of a folder for onnxruntime, by optimum's exporter."""

from __future__ import annotations

import contextlib
import io
import logging
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edge.errors import UnsupportedModelError
from edge.whisper.engines.onnx_folder import ALIGNMENT, GRAPHS
from edge.whisper.file.dims import FRAMES_PER_POSITION, WhisperDims

if TYPE_CHECKING:
    import onnx

_TASK = "automatic-speech-recognition"
_TRACED_TOKENS = 4
"""Number of tokens to trace: the graphs take any number, and no model has fewer positions than this."""
_ATTENTION = "cross_attentions"


TorchModel = Any
"""Model of the class `transformers.WhisperForConditionalGeneration`."""


def load_reference(folder: Path) -> TorchModel:
    """Load the model of a Hugging Face folder in float32, in the form that shows its attention."""
    import torch
    import transformers

    with quiet():
        model: TorchModel = transformers.WhisperForConditionalGeneration.from_pretrained(
            folder, local_files_only=True, attn_implementation="eager", torch_dtype=torch.float32
        )
    return model.eval()


def export_graphs(
    model: TorchModel,
    folder: Path,
    dims: WhisperDims,
    alignment_heads: Sequence[tuple[int, int]],
) -> dict[str, onnx.ModelProto]:
    """Export the graphs, by file name; `folder` is for optimum to write into.

    Raises:
        UnsupportedModelError: optimum cannot export the model.
    """
    import onnx
    from optimum.exporters.onnx import onnx_export_from_model

    base = _configuration(model.config)
    configurations = {
        "encoder_model": base.with_behavior("encoder"),
        "decoder_model": base.with_behavior("decoder", use_past=True, use_past_in_inputs=False),
        "decoder_with_past_model": base.with_behavior("decoder", use_past=True, use_past_in_inputs=True),
    }
    try:
        with quiet():
            onnx_export_from_model(
                model,
                folder,
                task=f"{_TASK}-with-past",
                custom_onnx_configs=configurations,
                model_kwargs={"output_attentions": True},
                no_post_process=True,  # would merge the decoders into one graph, which cannot be quantized
                do_validation=False,  # `export.onnx.check` does, with the cache, and on real sound
                nb_max_frames=FRAMES_PER_POSITION * dims.n_audio_ctx,
                sequence_length=_TRACED_TOKENS,
            )
    except (RuntimeError, ValueError) as error:
        raise UnsupportedModelError(
            f"optimum cannot export this model: {' '.join(str(error).split())[:300]}"
        ) from error
    graphs = {name: onnx.load(folder / name) for name in GRAPHS}
    for graph in graphs.values():
        _keep_alignment_heads(graph, alignment_heads)
    return graphs


def _configuration(config: Any) -> Any:
    """Describe Whisper to optimum, with the decoder's attention to the audio among the outputs."""
    from optimum.exporters.onnx.base import ConfigBehavior
    from optimum.exporters.onnx.model_configs import WhisperOnnxConfig

    class WithAttention(WhisperOnnxConfig):  # type: ignore[misc]
        @property
        def outputs(self) -> dict[str, dict[int, str]]:
            outputs: dict[str, dict[int, str]] = super().outputs
            if self._behavior is ConfigBehavior.DECODER:
                axes = {0: "batch_size", 2: "decoder_sequence_length", 3: "encoder_sequence_length"}
                outputs |= {f"{_ATTENTION}.{layer}": axes for layer in range(config.decoder_layers)}
            return outputs

    return WithAttention(config, task=_TASK, use_past=True)


def _keep_alignment_heads(model: onnx.ModelProto, heads: Sequence[tuple[int, int]]) -> None:
    """Put the alignment heads' attention, (beams, heads, tokens, positions), in the place of all layers'."""
    import numpy as np
    from onnx import TensorProto, helper, numpy_helper

    graph = model.graph
    attention = [output for output in graph.output if output.name.startswith(f"{_ATTENTION}.")]
    for output in attention:
        graph.output.remove(output)
    if not attention or not heads:
        return
    taken = []
    for layer in sorted({layer for layer, _ in heads}):  # the pairs are sorted, so this is their order
        name = f"{ALIGNMENT}.{layer}"
        indices = np.array([head for of, head in heads if of == layer], np.int64)
        graph.initializer.append(numpy_helper.from_array(indices, f"{name}.heads"))
        graph.node.append(helper.make_node("Gather", [f"{_ATTENTION}.{layer}", f"{name}.heads"], [name], name, axis=1))
        taken.append(name)
    graph.node.append(helper.make_node("Concat", taken, [ALIGNMENT], ALIGNMENT, axis=1))
    shape: list[str | int | None] = ["batch_size", len(heads), "decoder_sequence_length", "encoder_sequence_length"]
    graph.output.append(helper.make_tensor_value_info(ALIGNMENT, TensorProto.FLOAT, shape))


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Keep what the tools tell of themselves from the terminal: warnings, tables, progress bars of their own."""
    disabled = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with (
            warnings.catch_warnings(),
            contextlib.redirect_stdout(io.StringIO()),
            contextlib.redirect_stderr(io.StringIO()),
        ):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(disabled)
