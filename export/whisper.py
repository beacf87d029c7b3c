"""Export a Whisper model: a foreign checkpoint in, a model file out, and what each tensor lost on the way."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from edge.errors import CalibrationError, UnsupportedModelError
from edge.progress import Progress

from .calibrate import calibrate
from .calibrate.moments import Calibration
from .checkpoint import Checkpoint
from .onnx import PRECISIONS as ONNX_PRECISIONS
from .onnx import require_exporter
from .quantize import PRECISIONS, Precision, parse_precision
from .sources import read_checkpoint
from .vocabulary import Assets
from .writers.ctranslate2 import write_ctranslate2
from .writers.gguf import write_model_file
from .writers.huggingface import write_huggingface
from .writers.onnx import OnnxReport, write_onnx
from .writers.whispercpp import write_whispercpp

Target = Literal["gguf", "whispercpp", "huggingface", "ctranslate2", "onnx"]
TARGETS: tuple[Target, ...] = get_args(Target)

_CALIBRATED: tuple[Precision, ...] = ("int8", "int4")

DEFAULT_ONNX_PRECISION = "int8"

_FILE_TARGETS = ("gguf", "whispercpp")
"""The others are folders."""

_FOREIGN: Mapping[str, tuple[Callable[..., None], tuple[Precision, ...]]] = {
    "whispercpp": (write_whispercpp, ("f16", "q8_0")),
    "huggingface": (write_huggingface, ("f16", "f32")),
    "ctranslate2": (write_ctranslate2, ("f16", "f32")),
}
"""How to write the other targets, and at which precisions they are offered."""


@dataclass(frozen=True, slots=True)
class TensorReport:
    """What one tensor became."""

    name: str
    type: str
    """Of the stored numbers: "f32", "f16", "i8", "q8_0" or "q4_0"."""
    n_bytes: int
    """Scales included."""
    error: float
    """Root mean square of the rounding, as a share of the weights' own; 0 where nothing was lost."""


@dataclass(frozen=True, slots=True)
class ExportReport:
    """What an export wrote. As text, it is the summary that the command prints."""

    path: Path
    name: str
    """The model's name, such as "tiny.en"."""
    precision: str
    n_bytes: int
    """Of the file, or of all files of the folder."""
    tensors: tuple[TensorReport, ...]
    """Empty for targets other than GGUF."""
    onnx: OnnxReport | None = None
    """What the graphs became, of that target."""

    def __str__(self) -> str:
        lines = [f"{self.path}: {self.name} at {self.precision}, {self.n_bytes / 1e6:.1f} MB"]
        by_type: dict[str, list[TensorReport]] = {}
        for tensor in self.tensors:
            by_type.setdefault(tensor.type, []).append(tensor)
        for kind, found in by_type.items():
            worst = max(found, key=lambda tensor: tensor.error)
            size = sum(tensor.n_bytes for tensor in found) / 1e6
            loss = f", rounding at most {worst.error:.2%} ({worst.name})" if worst.error else ""
            lines.append(f"  {kind:<5} {len(found):>4} tensors {size:8.1f} MB{loss}")
        if self.onnx is not None:
            lines.append(str(self.onnx))
        return "\n".join(lines)


def export_whisper(
    source: Path,
    out: Path,
    *,
    precision: str | None = None,
    to: str = "gguf",
    name: str | None = None,
    calibration: Sequence[Path] = (),
    keep_in: Path | None = None,
    assets: Assets | None = None,
    clip: Path | None = None,
    progress: Progress | None = None,
) -> ExportReport:
    """Read the checkpoint `source` of any kind and write it to `out`, which appears only when it is whole.

    The same source gives the same bytes. The precision is int8 unless given; that of targets other than
    "gguf" is one that their readers know, f16 unless given. `assets` brings Whisper's vocabularies for
    sources that come without one.

    `calibration`, recordings of speech (`export.calibrate.calibrate`), makes int8 and int4 lose less; what they
    tell of the checkpoint is kept in `keep_in`.

    Target "onnx" is written at `edge.onnx.folder.PRECISIONS`, int8 unless given, and compared with transformers on the
    recording `clip`, or on made-up sound; its extra is `edgewise[onnx-export]`.
    """
    wanted = _precision(precision, to)
    if calibration and (to != "gguf" or wanted not in _CALIBRATED):
        raise CalibrationError(
            f"calibration is for gguf files at {' or '.join(_CALIBRATED)}; {to} at {wanted} has nothing to gain from it"
        )
    if to in _FILE_TARGETS and out.is_dir():
        raise IsADirectoryError(errno.EISDIR, "a folder; name the file to write", str(out))
    if progress is not None:
        progress("reading", 0, 0)
    checkpoint = read_checkpoint(source, name=name, assets=assets)
    reports: tuple[TensorReport, ...] = ()
    onnx = None
    with _naming(out):
        out.parent.mkdir(parents=True, exist_ok=True)
        if to == "gguf":
            calibrated = calibrate(checkpoint, calibration, keep_in, progress) if calibration else None
            reports = _write_gguf(checkpoint, out, parse_precision(wanted), calibrated, progress)
        elif to == "onnx":
            onnx = write_onnx(checkpoint, out, wanted, clip=clip, progress=progress)
        else:
            _FOREIGN[to][0](checkpoint, out, wanted, progress=progress)
    return ExportReport(
        path=out, name=checkpoint.name, precision=wanted, n_bytes=_n_bytes(out), tensors=reports, onnx=onnx
    )


def _precision(precision: str | None, to: str) -> str:
    if to not in TARGETS:
        raise UnsupportedModelError(f"unknown target {to!r}; known are {', '.join(TARGETS)}")
    if to == "onnx":
        wanted = precision or DEFAULT_ONNX_PRECISION
        require_exporter(wanted)  # now: it is known before minutes of work
        return wanted
    if precision in ONNX_PRECISIONS and precision not in PRECISIONS:
        raise UnsupportedModelError(f"precision {precision} is for --to onnx; {to} has {', '.join(_offered(to))}")
    offered = _offered(to)
    known = ("int8" if to == "gguf" else "f16") if precision is None else parse_precision(precision)
    if known not in offered:
        raise UnsupportedModelError(f"{to} is written at {' or '.join(offered)} only, not at {known}")
    return known


def _offered(to: str) -> tuple[Precision, ...]:
    return PRECISIONS if to == "gguf" else _FOREIGN[to][1]


@contextmanager
def _naming(out: Path) -> Iterator[None]:
    """Say of a system error what was being written; a full disk does not tell by itself."""
    try:
        yield
    except OSError as error:
        if error.filename is not None or error.errno is None:
            raise
        raise OSError(error.errno, os.strerror(error.errno), str(out)) from error


def _write_gguf(
    checkpoint: Checkpoint,
    out: Path,
    precision: Precision,
    calibration: Calibration | None,
    progress: Progress | None,
) -> tuple[TensorReport, ...]:
    quantized = write_model_file(checkpoint, out, precision, calibration=calibration, progress=progress)
    return tuple(
        TensorReport(
            name=name,
            type=tensor.parts[0].type.name.lower(),
            n_bytes=sum(part.data.nbytes for part in tensor.parts),
            error=tensor.error,
        )
        for name, tensor in quantized.items()
    )


def _n_bytes(path: Path) -> int:
    files = path.iterdir() if path.is_dir() else (path,)
    return sum(file.stat().st_size for file in files)
