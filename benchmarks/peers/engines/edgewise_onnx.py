"""edgewise's own decoding on onnxruntime, through the public API: what the C engine gains over the same words."""

from __future__ import annotations

from pathlib import Path

from ...errors import BenchmarkError
from .base import EngineKind, EngineSettings, Transcriber
from .edgewise import Edgewise, transcribe_options

_PRECISIONS = ("int8", "f32", "w8", "w4")


def _weights(model: str, precision: str, scratch: Path) -> Path:
    from edge.onnx.folder import is_folder
    from edge.whisper.engines.onnx_folder import open_folder

    if not is_folder(Path(model)):
        from edge.prepare import prepare_onnx

        return prepare_onnx(model, precision)
    with open_folder(Path(model)) as facts:
        if facts.precision != precision:
            raise BenchmarkError(
                f"{model} is at {facts.precision}, not at {precision}: --engines edgewise-onnx:{facts.precision}"
            )
    return Path(model)


def _load(weights: Path, settings: EngineSettings) -> Transcriber:
    import edge

    if settings.beam != 1:
        raise BenchmarkError("edgewise-onnx decodes greedily; leave it out of --engines or use --beam 1")
    model = edge.load(weights, engine="onnxruntime", threads=settings.threads)
    return Edgewise(model, transcribe_options(settings))


KIND = EngineKind(
    name="edgewise-onnx",
    packages=("edgewise", "numpy", "onnxruntime"),
    precisions=_PRECISIONS,
    weights=_weights,
    load=_load,
)
