"""Tells what nobody can have measured: rates above the peaks that the same run measured.

On a busy machine the peaks are what others left at those moments, and say nothing of another moment's rates.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..whisper.file.dims import LayerShape, WhisperDims
from .peaks import Peaks
from .roofline import NUMBER_TYPES, Window, encoder_work

_ABOVE = 1.15
"""Factor by which a rate may be above its peak: clocks move, and both are measured."""
_POSITIONS_PER_S = 50
_MOST_CELLS, _MOST_TIMES = 1_000, 100_000
_BEYOND_CACHES = 4
"""Times the size of all caches above which weights are read from memory each time."""


def impossible(report: Mapping[str, Any]) -> Iterator[str]:
    """Yield what in a report, whose fields have the right types, cannot have been measured."""
    cells = report["cells"]
    if not 0 < len(cells) <= _MOST_CELLS:
        yield "holds no cells, or more than anyone measures"
        return
    if not report["check"]["text"].strip():
        yield "has times without words"
    sizes = [size for model in report["models"] for name, size in model["dims"].items() if name != "layers"]
    if min([*report["peaks"].values(), *sizes, 1]) <= 0:
        yield "has peaks or sizes of models that are not above 0"
        return
    busy = Peaks(**dict.fromkeys(("int8", "f32", "read"), float("inf")), threads=report["peaks"]["threads"])
    peaks = busy if report["verdict"]["kind"] == "busy" else Peaks(**report["peaks"])
    dims = {model["name"]: _dims(model["dims"]) for model in report["models"]}
    for cell in cells:
        yield from _of_cell(cell, dims.get(f"{cell['model']} {cell['precision']}"), peaks)
    for words in report["words"]:
        yield from _of_words(words)
    if report["sustained"] is not None:
        yield from _times(report["sustained"], "sustained work")
    yield from _of_language(report["language"], peaks, _cache_bytes(report["machine"]["caches"]))


def _of_cell(cell: Mapping[str, Any], dims: WhisperDims | None, peaks: Peaks) -> Iterator[str]:
    name = f"{cell['model']} {cell['precision']} on {cell['clip']}"
    wrong = list(_times(cell, name))
    yield from wrong
    if wrong:
        return
    if dims is None or cell["precision"] not in NUMBER_TYPES:
        yield f"has times of {name}, and does not say what that model is"
        return
    # What the encoder multiplies at least: the clip's own positions, without what stands for the padding.
    window = Window(max(1, min(int(cell["audio_s"] * _POSITIONS_PER_S), dims.n_audio_ctx)))
    work = encoder_work(dims, NUMBER_TYPES[cell["precision"]], window)
    n_windows = max(1.0, cell["audio_s"] * _POSITIONS_PER_S / dims.n_audio_ctx)
    least_s = n_windows * (work.integer_macs / peaks.int8 + work.float_macs / peaks.f32)
    fastest_s = min(cell["times_s"])
    if fastest_s * _ABOVE < least_s:
        yield (
            f"says that {name} took {1e3 * fastest_s:.3g} ms; at the measured peak, the encoder alone takes "
            f"{1e3 * least_s:.3g} ms"
        )


def _times(cell: Mapping[str, Any], name: str) -> Iterator[str]:
    times = cell["times_s"]
    if not 0 < len(times) <= _MOST_TIMES or not all(0 < time < float("inf") for time in times):
        yield f"holds {name} without times"
    elif not 0 < cell["audio_s"] < float("inf"):
        yield f"holds {name} of {cell['audio_s']} s"


def _of_words(words: Mapping[str, Any]) -> Iterator[str]:
    counted, edits = sum(words["words"]), sum(words["edits"])
    if not counted or min([*words["words"], *words["edits"]]) < 0:
        yield f"holds wrong words of {words['model']} without words"
    elif not len(words["words"]) == len(words["edits"]) == len(words["names"]):
        yield f"holds wrong words of {words['model']} of other recordings than words"
    elif abs(words["rate"] - edits / counted) > 1e-6 or not words["low"] <= words["rate"] <= words["high"]:
        yield f"holds a rate of {words['model']} that is not that of its words"


def _of_language(language: Mapping[str, Any] | None, peaks: Peaks, cache_bytes: int | None) -> Iterator[str]:
    """Yield a rate of writing that would read weights faster than memory gives them."""
    if language is None:
        return
    times = language["written_s"] + language["read_s"]
    if not language["written_s"] or not language["read_s"] or min(times) <= 0:
        yield f"holds {language['model']} without times"
        return
    if cache_bytes is None or language["n_bytes"] < _BEYOND_CACHES * cache_bytes:
        return
    rate = language["n_written"] * language["n_bytes"] / min(language["written_s"])
    if rate > _ABOVE * peaks.read:
        yield (
            f"says that {language['model']} read {rate / 1e9:.3g} GB of weights a second; the memory gives "
            f"{peaks.read / 1e9:.3g}"
        )


def _cache_bytes(caches: list[str]) -> int | None:
    """Add up what caches say of themselves, such as "L2 1024K"; None where one cannot be read."""
    units = {"K": 1 << 10, "M": 1 << 20}
    total = 0
    for cache in caches:
        number, unit = cache.rpartition(" ")[2][:-1], cache[-1:]
        if not number.isdigit() or unit not in units:
            return None
        total += int(number) * units[unit]
    return total or None


def _dims(dims: Mapping[str, Any]) -> WhisperDims:
    return WhisperDims(**{**dims, "layers": tuple(LayerShape(**layer) for layer in dims["layers"])})
