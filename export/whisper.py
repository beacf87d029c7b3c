"""Export a Whisper model: a foreign checkpoint in, a model file out, and what each tensor lost on the way."""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Literal, get_args

from edge.errors import OptionError, UnsupportedModelError
from edge.files import check_free, replacing_folder
from edge.progress import Progress, silent
from edge.whisper.engines.onnx_folder import PRECISIONS as ONNX_PRECISIONS
from edge.whisper.file.roles import PRECISIONS, Precision

from .calibrate.recordings import find_recordings
from .checkpoint.types import Checkpoint
from .checkpoint.vocabulary import Assets
from .errors import CalibrationError
from .maker import MadeModel, Maker
from .measure.budget import Budget, make_yardstick, measure_onnx
from .measure.report import Report, write_beside
from .quantize.policy import Quantized, parse_precision
from .recipe import Learning, Recipe, Variety
from .result import ExportReport, TensorReport, naming
from .search import recipes_to_try, search_recipe
from .sources import read_checkpoint
from .tools.files import size_of
from .tools.packages import require_onnx
from .tools.spool import spooling
from .writers.ctranslate2 import write_ctranslate2
from .writers.huggingface import write_huggingface
from .writers.onnx import write_facts, write_onnx
from .writers.whispercpp import write_whispercpp

Target = Literal["gguf", "whispercpp", "huggingface", "ctranslate2", "onnx"]
TARGETS: tuple[Target, ...] = get_args(Target)

DEFAULT_ONNX_PRECISION = "int8"

AUTO = "auto"
"""Word in the place of a precision: the smallest within a budget."""

_FILE_TARGETS = ("gguf", "whispercpp")
"""Targets that are files; the others are folders."""
_MEASURED_TARGETS = ("gguf", "onnx")
"""Targets that can be run here, and so measured."""

_FOREIGN: Mapping[str, tuple[Callable[..., None], tuple[Precision, ...]]] = {
    "whispercpp": (write_whispercpp, ("f16", "q8_0")),
    "huggingface": (write_huggingface, ("f16", "f32")),
    "ctranslate2": (write_ctranslate2, ("f16", "f32")),
}
"""Writers of the other targets, and the precisions at which these are offered."""


def export_whisper(
    source: Path,
    out: Path,
    *,
    precision: str | None = None,
    to: str = "gguf",
    name: str | None = None,
    learning: Learning | None = None,
    budget: Budget | None = None,
    assets: Assets | None = None,
    clip: Path | None = None,
    progress: Progress | None = None,
) -> ExportReport:
    """Read the checkpoint `source` of any kind and write it to `out`, which appears only when it is whole.

    Without training, the same source gives the same bytes. The precision is int8 unless given; that of targets other
    than "gguf" one that their readers know, f16 unless given. `assets` brings vocabularies for sources without one.

    `learning` is for "gguf": what the model may take from recordings of speech. With a `budget` the model is measured,
    and a report written beside it and into it (`export.measure`); at precision "auto", the smallest within the budget
    is searched for.

    Target "onnx" is written at `edge.whisper.engines.onnx_folder.PRECISIONS`, int8 unless given, and compared with
    transformers on the recording `clip`, or on made-up sound; its extra is `edgewise[onnx-export]`.

    Raises:
        UnsupportedModelError: no such target, not at that precision, or not one that can be measured.
        CalibrationError: the recipe needs recordings, or has no use for them.
        BudgetError: no recipe meets the budget.
    """
    tell, learning = progress or silent, learning or Learning()
    wanted = _precision(precision, to)
    recipe = _recipe(wanted, to, learning, budget)
    if to not in _FILE_TARGETS:
        check_free(out)
    elif out.is_dir():
        raise IsADirectoryError(errno.EISDIR, "a folder; name the file to write", str(out))
    recordings, variety = find_recordings(learning.recordings), _found(learning.variety)
    tell("reading", 0, 0)
    checkpoint = read_checkpoint(source, name=name, assets=assets)
    if checkpoint.dims.layers and to != "gguf":
        raise UnsupportedModelError(
            f"{source}: its encoder is compressed, which {to} has no form for; export its source"
        )
    with naming(out):
        out.parent.mkdir(parents=True, exist_ok=True)
        if recipe is not None:
            maker = Maker(checkpoint, recordings, learning.keep_in, tell, variety)
            return _write_gguf(maker, recipe, out, budget, is_auto=wanted == AUTO)
        if to == "onnx":
            return _write_onnx(checkpoint, out, wanted, clip, budget, tell)
        _FOREIGN[to][0](checkpoint, out, wanted, progress=tell)
        return ExportReport(out, checkpoint.name, wanted, size_of(out), ())


def _recipe(wanted: str, to: str, learning: Learning, budget: Budget | None) -> Recipe | None:
    """Choose what to make of the checkpoint, for "auto" the first to try; None for targets that take it as it is."""
    if budget is not None and to not in _MEASURED_TARGETS:
        raise UnsupportedModelError(
            f"only {' and '.join(_MEASURED_TARGETS)} are run here and can be measured (--eval), not {to}"
        )
    if to != "gguf":
        if learning != Learning(keep_in=learning.keep_in):
            raise CalibrationError(f"calibration and compression are for gguf files; {to} knows neither")
        return None
    if wanted == AUTO and budget is None:
        raise OptionError("precision auto needs a budget: what to measure on, and what may be lost")
    recipe = Recipe("int4" if wanted == AUTO else parse_precision(wanted), learning.reduction, learning.recover_s)
    recipe.check(learning.recordings)
    learning.variety.check(trains=bool(recipe.reduction or recipe.recover_s or wanted == AUTO))
    return recipe


def _found(variety: Variety) -> Variety:
    rooms, noises = (
        tuple(recording.path for recording in find_recordings(paths)) for paths in (variety.rooms, variety.noises)
    )
    return replace(variety, rooms=rooms, noises=noises)


def _write_gguf(maker: Maker, recipe: Recipe, out: Path, budget: Budget | None, *, is_auto: bool) -> ExportReport:
    measured = None
    if budget is None:
        with spooling(out.parent) as keep:
            made = maker.make(recipe, keep)
            made.write(out)
    else:
        recipes: Iterable[Recipe] = recipes_to_try(maker, recipe.recover_s) if is_auto else (recipe,)
        made, measured = search_recipe(maker, recipes, budget, out)
    maker.tidy()
    return _report(out, made, measured)


def _write_onnx(
    checkpoint: Checkpoint, out: Path, precision: str, clip: Path | None, budget: Budget | None, progress: Progress
) -> ExportReport:
    """Write the folder; with a budget it gets its name only when it keeps within it, the report being in it."""
    yardstick = None if budget is None else make_yardstick(checkpoint, budget, out, progress)
    measured = None
    with replacing_folder(out) as folder:
        onnx = write_onnx(checkpoint, folder, precision, clip=clip, progress=progress)
        if yardstick is not None:
            measured = measure_onnx(checkpoint, folder, precision, onnx, yardstick)
            write_facts(checkpoint, folder, precision, measured.as_json())
    if measured is not None:
        write_beside(out, measured)
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
        if wanted not in ONNX_PRECISIONS:
            raise UnsupportedModelError(f"onnx is written at {' or '.join(ONNX_PRECISIONS)} only, not at {wanted}")
        require_onnx(wanted, load=True)  # now: it is known before minutes of work
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


def _types(tensor: Quantized) -> str:
    """Name the type of a tensor, or the types of its bands of rows; scales are no rows."""
    matrices = [part for part in tensor.parts if len(part.shape) > 1] or tensor.parts[:1]
    return "+".join(dict.fromkeys(part.type.name.lower() for part in matrices))


def _report(out: Path, made: MadeModel, measured: Report | None) -> ExportReport:
    tensors = tuple(
        TensorReport(
            name=name,
            type=_types(tensor),
            n_bytes=sum(part.n_bytes for part in tensor.parts),
            error=tensor.error,
        )
        for name, tensor in made.quantized.items()
    )
    return ExportReport(out, made.checkpoint.name, made.recipe.precision, size_of(out), tensors, measured=measured)
