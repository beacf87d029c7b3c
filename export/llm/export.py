"""Export a language model: a folder or a GGUF file in, a quantized file or another form out, and what it lost."""

from __future__ import annotations

import dataclasses
import errno
from collections.abc import Mapping
from pathlib import Path
from typing import Literal, cast, get_args

from edge.arrays import IntArray
from edge.errors import EdgeError, ModelNotFoundError, UnsupportedModelError
from edge.files import publish, replacing_folder, workshop
from edge.llm.tokens import CUTS, TextTokenizer
from edge.progress import Progress, silent

from ..onnx.result import OnnxReport
from ..result import ExportReport, TensorReport, naming
from ..sources.gguf import MAGIC
from ..tools.files import size_of
from ..tools.packages import require, require_onnx
from .from_gguf import read_gguf
from .from_huggingface import read_huggingface
from .model import FloatType, LanguageModel
from .numbers import lossless_type, relative_error
from .quantizer import QUANTIZED, quantize
from .texts import cut_texts, source_text
from .to_gguf import write_gguf
from .to_huggingface import write_huggingface
from .to_onnx import ONNX_PRECISIONS, write_onnx
from .to_own import PRECISIONS as OWN
from .to_own import write_own

Target = Literal["gguf", "huggingface", "onnx"]

PRECISIONS: Mapping[Target, tuple[str, ...]] = {
    "gguf": ("f16", *OWN, *QUANTIZED),
    "huggingface": ("f16", "bf16", "f32"),
    "onnx": ONNX_PRECISIONS,
}
"""Precisions that each target is written at."""

_DEFAULTS: Mapping[Target, str] = {"gguf": "int8", "huggingface": "", "onnx": "f32"}

TARGETS: tuple[Target, ...] = get_args(Target)

_KINDS = "a Hugging Face folder with safetensors or a GGUF file, of the Llama family"


def export_llm(
    source: Path,
    out: Path,
    *,
    precision: str | None = None,
    to: str = "gguf",
    name: str | None = None,
    calibration: Path | None = None,
    progress: Progress | None = None,
) -> ExportReport:
    """Read the language model `source` and write it to `out`, which appears only when it is whole.

    GGUF files are int8 unless said. int8 and int4 are for our engine, int4 rounded by what it does to texts: those of
    the file `calibration`, or of Python's own help. The others below f16 are for llama.cpp and made by its own
    quantizer, from the source's numbers and not from a rounded copy. Hugging Face folders are, unless said, of the
    narrowest type that loses nothing. ONNX folders are f32 unless said. A GGUF file is read back when it is written,
    and compared with the source tensor by tensor; an ONNX folder is run and compared with transformers.

    Raises:
        EdgeError: a source that is damaged or of another kind, a package that is missing, a quantizer that failed.
        OSError: the disk is full, or the place cannot be written to.
    """
    target, precision = _choice(to, precision)
    if calibration is not None and precision != "int4":
        raise UnsupportedModelError("texts to calibrate on are for int4; no other precision listens to them")
    if target == "gguf" and out.is_dir():
        raise IsADirectoryError(errno.EISDIR, "a folder; name the file to write", str(out))
    tell = progress or silent
    tell("reading", 0, 0)
    model = read_model(source)
    model = model if name is None else dataclasses.replace(model, name=name)
    tensors: tuple[TensorReport, ...] = ()
    onnx: OnnxReport | None = None
    with naming(out):
        out.parent.mkdir(parents=True, exist_ok=True)
        if target == "gguf":
            tensors = _write_gguf(model, out, precision, calibration, tell)
        elif target == "onnx":
            onnx = _write_onnx(model, out, precision, tell)
        else:
            precision = precision or lossless_type(model, progress)
            with replacing_folder(out) as folder:
                write_huggingface(model, folder, cast(FloatType, precision), progress=progress)
    return ExportReport(
        path=out,
        name=model.name,
        precision=precision,
        n_bytes=size_of(out),
        tensors=tensors,
        onnx=onnx,
    )


def read_model(path: Path) -> LanguageModel:
    """Read a language model of any supported kind.

    Raises:
        ModelNotFoundError: there is nothing.
        UnsupportedModelError: it is not a kind of model that is read here.
        FormatError: it is damaged.
    """
    if not path.exists():
        raise ModelNotFoundError(f"{path}: no such file or folder; expected {_KINDS}")
    if path.is_dir():
        return read_huggingface(path)
    if path.is_file():
        with path.open("rb") as file:
            if file.read(len(MAGIC)) == MAGIC:
                return read_gguf(path)
    raise UnsupportedModelError(f"{path}: no known kind of model; expected {_KINDS}")


def _choice(to: str, precision: str | None) -> tuple[Target, str]:
    """Choose target and precision, if what they need is installed; "" leaves the precision open."""
    if to not in TARGETS:
        raise UnsupportedModelError(f"unknown target {to!r}; known are {', '.join(TARGETS)}")
    if precision is not None and precision not in PRECISIONS[to]:
        raise UnsupportedModelError(f"{to} is written at {' or '.join(PRECISIONS[to])} only, not at {precision}")
    wanted = precision or _DEFAULTS[to]
    if wanted in QUANTIZED:
        require("llm", "llama_cpp")
    if to == "onnx":
        require_onnx(wanted)
    return to, wanted


def _write_gguf(
    model: LanguageModel, out: Path, precision: str, calibration: Path | None, tell: Progress
) -> tuple[TensorReport, ...]:
    with workshop(out) as folder:
        made = folder / "made.gguf"
        if precision in QUANTIZED:
            exact = folder / "exact.gguf"
            write_gguf(model, exact, None, progress=tell)
            quantize(exact, made, precision, progress=tell)
            exact.unlink()
        elif precision in OWN:
            texts = _texts(model, calibration) if precision == "int4" else None
            write_own(model, made, precision, texts, progress=tell)
        else:
            write_gguf(model, made, cast(FloatType, precision), progress=tell)
        reports = _compare(model, read_gguf(made), tell)
        publish(made, out)
    return reports


def _texts(model: LanguageModel, calibration: Path | None) -> IntArray:
    """Cut a text into tokens as the engine will, for a model that it can run."""
    tokenizer = model.tokenizer
    if tokenizer.cut not in CUTS:
        raise UnsupportedModelError(f"{model.path}: int4 is for text cut as {' or '.join(CUTS)}, found {tokenizer.cut}")
    encoder = TextTokenizer(tokenizer.tokens, tokenizer.types, tokenizer.merges, tokenizer.cut)
    start = encoder.special.get("<|endoftext|>", tokenizer.special.get("bos", 0))
    return cut_texts(encoder.encode(source_text(calibration)), start)


def _write_onnx(model: LanguageModel, out: Path, precision: str, tell: Progress) -> OnnxReport:
    """Write by way of a Hugging Face folder, which is what optimum reads; every source becomes one of the same form."""
    with workshop(out) as place, replacing_folder(out) as folder:
        source = place / "source"
        source.mkdir()
        write_huggingface(model, source, lossless_type(model, tell), progress=tell)
        return write_onnx(source, folder, precision, progress=tell)


def _compare(model: LanguageModel, written: LanguageModel, tell: Progress) -> tuple[TensorReport, ...]:
    """Report what became of each tensor; sizes and tokenizer must be the source's."""
    if written.dims != model.dims or written.tokenizer != model.tokenizer:
        raise EdgeError(f"{model.path}: the written file says something else than the source; please report it")
    reports = []
    for done, (name, tensor) in enumerate(model.tensors.items()):
        tell("checking", done, len(model.tensors))
        found = written.tensors[name]
        reports.append(
            TensorReport(
                name=name,
                type=found.type,
                n_bytes=found.n_bytes,
                error=relative_error(found.read(), tensor.read()),
            )
        )
    return tuple(reports)
