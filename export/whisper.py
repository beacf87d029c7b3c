"""Export a Whisper model: a foreign checkpoint in, a model file out, and what each tensor lost on the way."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from edge.errors import OptionError, UnsupportedModelError
from edge.files import check_free
from edge.progress import Progress, silent

from .checkpoint.types import Checkpoint
from .checkpoint.vocabulary import Assets
from .errors import CalibrationError
from .measure.budget import Budget, make_yardstick
from .measure.report import Report
from .onnx import PRECISIONS as ONNX_PRECISIONS
from .onnx import require_exporter
from .quantize.policy import PRECISIONS, Precision, Quantized, parse_precision
from .recipe import Kitchen, Made, Recipe
from .search import recipes_to_try, search_recipe
from .sources import read_checkpoint
from .tools.files import size_of
from .writers.ctranslate2 import write_ctranslate2
from .writers.huggingface import write_huggingface
from .writers.onnx import write_onnx
from .writers.whispercpp import write_whispercpp

Target = Literal["gguf", "whispercpp", "huggingface", "ctranslate2", "onnx"]
TARGETS: tuple[Target, ...] = get_args(Target)

DEFAULT_ONNX_PRECISION = "int8"

AUTO = "auto"
"""In the place of a precision: the smallest within a budget."""

_FILE_TARGETS = ("gguf", "whispercpp")
"""The others are folders."""
_MEASURED_TARGETS = ("gguf", "onnx")
"""What can be run here."""

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
    onnx: object | None = None
    """What the graphs became, of that target."""
    measured: Report | None = None
    """How well the model hears, if it was measured."""

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


def export_whisper(
    source: Path,
    out: Path,
    *,
    precision: str | None = None,
    to: str = "gguf",
    name: str | None = None,
    calibration: Sequence[Path] = (),
    compress: float = 0.0,
    recover_s: float = 0.0,
    budget: Budget | None = None,
    keep_in: Path | None = None,
    assets: Assets | None = None,
    clip: Path | None = None,
    progress: Progress | None = None,
) -> ExportReport:
    """Read the checkpoint `source` of any kind and write it to `out`, which appears only when it is whole.

    Without training, the same source gives the same bytes. The precision is int8 unless given; that of targets other
    than "gguf" one that their readers know, f16 unless given. `assets` brings vocabularies for sources without one.

    `calibration`, recordings of speech (`export.calibrate`), makes int8 and int4 lose less; what they tell of the
    checkpoint is kept in `keep_in`. `compress` is the share of the encoder's weights to take away, `recover_s` for how
    many seconds to train what is left (`export.compress`); training keeps checkpoints in `keep_in` until the model is
    written, and goes on from those of the same export when that was interrupted. With a `budget` the model is measured,
    and a report written beside it and into it (`export.measure`); at precision "auto", the smallest within the budget
    is searched for.

    Target "onnx" is written at `PRECISIONS` of export.onnx, int8 unless given, and compared with transformers on the
    recording `clip`, or on made-up sound; its extra is `edgewise[onnx-export]`.

    Raises:
        UnsupportedModelError: no such target, not at that precision, or not one that can be measured.
        CalibrationError: the recipe needs recordings, or has no use for them.
        BudgetError: no recipe meets the budget.
    """
    tell = progress or silent
    wanted = _precision(precision, to)
    recipe = _recipe(wanted, to, calibration, compress, recover_s, budget)
    if to not in _FILE_TARGETS:
        check_free(out)
    elif out.is_dir():
        raise IsADirectoryError(errno.EISDIR, "a folder; name the file to write", str(out))
    tell("reading", 0, 0)
    checkpoint = read_checkpoint(source, name=name, assets=assets)
    if checkpoint.dims.layers and to != "gguf":
        raise UnsupportedModelError(
            f"{source}: its encoder is compressed, which {to} has no form for; export its source"
        )
    with naming(out):
        out.parent.mkdir(parents=True, exist_ok=True)
        if recipe is None:
            return _write_foreign(checkpoint, out, to, wanted, clip, budget, tell)
        kitchen = Kitchen(checkpoint, calibration, keep_in, tell)
        return _write_gguf(kitchen, recipe, out, budget, is_auto=wanted == AUTO)


def _recipe(
    wanted: str, to: str, calibration: Sequence[Path], compress: float, recover_s: float, budget: Budget | None
) -> Recipe | None:
    """What to make of the checkpoint, for "auto" the first to try; None for targets that take it as it is."""
    if budget is not None and to not in _MEASURED_TARGETS:
        raise UnsupportedModelError(
            f"only {' and '.join(_MEASURED_TARGETS)} are run here and can be measured (--eval), not {to}"
        )
    if to != "gguf":
        if calibration or compress or recover_s:
            raise CalibrationError(f"calibration and compression are for gguf files; {to} knows neither")
        return None
    if wanted == AUTO and budget is None:
        raise OptionError("precision auto needs a budget: what to measure on, and what may be lost")
    recipe = Recipe("int4" if wanted == AUTO else parse_precision(wanted), compress, recover_s)
    recipe.check(calibration)
    return recipe


def _write_gguf(kitchen: Kitchen, recipe: Recipe, out: Path, budget: Budget | None, *, is_auto: bool) -> ExportReport:
    measured = None
    if budget is None:
        made = kitchen.make(recipe)
        made.write(out, kitchen.progress)
    else:
        recipes: Iterable[Recipe] = recipes_to_try(kitchen, recipe.recover_s) if is_auto else (recipe,)
        made, measured = search_recipe(kitchen, recipes, budget, out)
    kitchen.tidy()
    return _report(out, made, measured)


def _write_foreign(
    checkpoint: Checkpoint,
    out: Path,
    to: str,
    precision: str,
    clip: Path | None,
    budget: Budget | None,
    progress: Progress,
) -> ExportReport:
    onnx, measured = None, None
    if to == "onnx":
        yardstick = None if budget is None else make_yardstick(checkpoint, budget, out, progress)
        onnx, measured = write_onnx(checkpoint, out, precision, clip=clip, yardstick=yardstick, progress=progress)
    else:
        _FOREIGN[to][0](checkpoint, out, precision, progress=progress)
    return ExportReport(out, checkpoint.name, precision, size_of(out), (), onnx, measured)


def _precision(precision: str | None, to: str) -> str:
    if to not in TARGETS:
        raise UnsupportedModelError(f"unknown target {to!r}; known are {', '.join(TARGETS)}")
    if precision == AUTO:
        if to != "gguf":
            found = ONNX_PRECISIONS if to == "onnx" else _offered(to)
            raise UnsupportedModelError(f"precision auto is for gguf files; {to} is written at {' or '.join(found)}")
        return AUTO
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
def naming(out: Path) -> Iterator[None]:
    """Say of a system error what was being written; a full disk does not tell by itself."""
    try:
        yield
    except OSError as error:
        if error.filename is not None or error.errno is None:
            raise
        raise OSError(error.errno, os.strerror(error.errno), str(out)) from error


def _types(tensor: Quantized) -> str:
    """The type of a tensor, or the types of its bands of rows; scales are no rows."""
    matrices = [part for part in tensor.parts if len(part.shape) > 1] or tensor.parts[:1]
    return "+".join(dict.fromkeys(part.type.name.lower() for part in matrices))


def _report(out: Path, made: Made, measured: Report | None) -> ExportReport:
    tensors = tuple(
        TensorReport(
            name=name,
            type=_types(tensor),
            n_bytes=sum(part.data.nbytes for part in tensor.parts),
            error=tensor.error,
        )
        for name, tensor in made.quantized.items()
    )
    return ExportReport(out, made.checkpoint.name, made.recipe.precision, size_of(out), tensors, measured=measured)
