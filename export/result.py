"""What an export wrote, for both families of models, and what its system errors name."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from .measure.report import Report
from .onnx.result import OnnxReport


@dataclass(frozen=True, slots=True)
class TensorReport:
    """Report of what one tensor became."""

    name: str
    type: str
    """Type of the stored numbers: "f32", "f16", "i8", "q8_0" or "q4_0"."""
    n_bytes: int
    """Size in bytes, scales included."""
    error: float
    """Root mean square of the rounding, as a share of the weights' own; 0 where nothing was lost."""


@dataclass(frozen=True, slots=True)
class ExportReport:
    """Report of what an export wrote. As text, it is the summary that the command prints."""

    path: Path
    name: str
    """Name of the model, such as "tiny.en"."""
    precision: str
    n_bytes: int
    """Size of the file, or of all files of the folder."""
    tensors: tuple[TensorReport, ...]
    """Reports of the tensors; empty for targets other than GGUF."""
    onnx: OnnxReport | None = None
    """Comparison with transformers, of a folder for onnxruntime."""
    measured: Report | None = None
    """Report of how well the model hears, if it was measured."""

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
        if self.measured is not None:
            lines += [f"  {line}" for line in self.measured.set_lines()]
            lines.append(f"  all that was measured: {self.path}.report.md")
        return "\n".join(lines)


@contextmanager
def naming(out: Path) -> Iterator[None]:
    """Say of a system error what was being written; a full disk does not tell by itself."""
    try:
        yield
    except OSError as error:
        if error.filename is not None or error.errno is None:
            raise
        raise OSError(error.errno, os.strerror(error.errno), str(out)) from error
