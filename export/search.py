"""The smallest model that keeps the words: recipes are tried, measured on speech and kept or refused."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from edge.files import publish, workshop

from .maker import MadeModel, Maker
from .measure.budget import Budget, budget_error, make_report, make_yardstick, try_model
from .measure.report import Report, Tried, write_beside
from .recipe import REDUCTIONS, Recipe
from .tools.spool import spooling

_RAISED = (0.25, 0.5)
"""Shares of an INT4 model's linear weights that stay INT8, those where INT4 hurts most first."""


def search_recipe(maker: Maker, recipes: Iterable[Recipe], budget: Budget, out: Path) -> tuple[MadeModel, Report]:
    """Try recipes until one keeps within the budget; write it, with its report, to `out` and beside it.

    Raises:
        BudgetError: no recipe does; the message tells of the nearest miss.
        CalibrationError: a recording to measure on is one that was listened to.
        ManifestError: a set is missing or not a manifest.
    """
    left_out = maker.shipped.calibration.recordings if maker.shipped is not None else ()
    yardstick = make_yardstick(maker.checkpoint, budget, out, maker.progress, maker.recordings, left_out)
    tried: list[Tried] = []
    too_large: list[Recipe] = []
    with workshop(out) as folder:
        path = folder / "made.gguf"
        for recipe in recipes:
            if any(recipe.is_no_smaller(other) for other in too_large):
                continue
            maker.progress(f"trying {recipe.label}", 0, 0)
            with spooling(folder) as keep:
                made = maker.make(recipe, keep)
                made.write(path)
                tried.append(try_model(yardstick, recipe.label, path))
                if not tried[-1].scores:
                    too_large.append(recipe)
                if not tried[-1].misses:
                    errors = {name: tensor.error for name, tensor in made.quantized.items() if tensor.error}
                    report = make_report(made.checkpoint, yardstick, tried, heard=made.heard, tensor_errors=errors)
                    made.write(path, report.as_json())
                    publish(path, out)
                    write_beside(out, report)
                    return made, report
    raise budget_error(tried, yardstick)


def recipes_to_try(maker: Maker, recover_s: float) -> Iterator[Recipe]:
    """List recipes, the smallest file first; with speech to learn from and time to recover, smaller encoders too."""
    reductions = (*REDUCTIONS, 0.0) if recover_s else (0.0,)
    for reduction in reductions:
        yield Recipe("int4", reduction, recover_s)
    if maker.recordings or maker.shipped is not None:
        for share in _RAISED:
            yield Recipe("int4", 0.0, recover_s, share)
    for reduction in reductions:
        # INT8 alone loses nothing that training would bring back.
        yield Recipe("int8", reduction, recover_s if reduction else 0.0)
    yield Recipe("f16")
