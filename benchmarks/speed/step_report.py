"""What the times of decoder steps say, and their tables."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from itertools import groupby
from typing import Literal

import numpy as np

from edge.bench.stopwatch import StepTime
from edge.bench.tables import table

Cache = Literal["cold", "warm"]


@dataclass(frozen=True, slots=True)
class Case:
    """Conditions of one measurement."""

    model: str
    precision: str
    threads: int
    seconds: float
    """Length of the clip that is attended to."""
    keys: int
    """Keys that the decoder's cross-attention has of the clip."""
    cache: Cache
    """State of the caches; cold: nothing of the model is in one when the decode begins."""


@dataclass(frozen=True, slots=True)
class StepRate:
    """Speed of the steps of one case."""

    model: str
    precision: str
    threads: int
    seconds: float
    keys: int
    cache: Cache
    bytes_read: float
    """Bytes that a step must read, on average."""
    read: float
    """Bytes a second that memory gave between the steps."""
    call_s: tuple[float, ...]
    """Seconds of the decode alone, a median for each round."""
    step_s: tuple[float, ...]
    """Seconds with the search in Python, a median for each round."""
    call_quartiles_s: tuple[float, float, float]
    """Quartiles of the decode's seconds over all rounds."""
    step_quartiles_s: tuple[float, float, float]
    call_rate: float
    """Bytes a second that the median call read."""
    share_of_read: float
    """Share of `read` at which the median call read: above 1 the bytes came from a cache."""
    times_of_bytes: float
    """Time of the whole step over the time that `read` takes for its bytes."""


@dataclass(frozen=True, slots=True)
class DraftRate:
    """Time of several tokens in one call."""

    model: str
    precision: str
    threads: int
    seconds: float
    keys: int
    cache: Cache
    n_tokens: int
    quartiles_s: tuple[float, float, float]
    ratio: float
    """Median time over that of one token: below n_tokens is what a draft can gain."""


def step_rate(
    case: Case, rounds: Sequence[Sequence[StepTime]], read: float, bytes_of: Callable[[int], float]
) -> StepRate:
    """Compute rates from the steps of some rounds; `bytes_of` maps past positions to the bytes a step must read."""
    steps = [step for one in rounds for step in one]
    bytes_read = float(np.mean([bytes_of(step.n_past) for step in steps]))
    call, whole = quartiles([step.call_s for step in steps]), quartiles([step.step_s for step in steps])
    return StepRate(
        **asdict(case),
        bytes_read=bytes_read,
        read=read,
        call_s=tuple(float(np.median([step.call_s for step in one])) for one in rounds),
        step_s=tuple(float(np.median([step.step_s for step in one])) for one in rounds),
        call_quartiles_s=call,
        step_quartiles_s=whole,
        call_rate=bytes_read / call[1],
        share_of_read=bytes_read / call[1] / read,
        times_of_bytes=whole[1] / (bytes_read / read),
    )


def draft_rate(case: Case, n_tokens: int, seconds: Sequence[float], seconds_of_one: Sequence[float]) -> DraftRate:
    """Compare calls with so many tokens with those with one."""
    ratio = float(np.median(seconds) / np.median(seconds_of_one))
    return DraftRate(**asdict(case), n_tokens=n_tokens, quartiles_s=quartiles(seconds), ratio=ratio)


def quartiles(values: Sequence[float]) -> tuple[float, float, float]:
    """Compute first quartile, median and third quartile."""
    lower, median, upper = (float(value) for value in np.percentile(values, (25, 50, 75)))
    return lower, median, upper


def step_table(rates: Sequence[StepRate]) -> str:
    """Write a row for each case; the call's time also as a ratio to the first precision's, round by round."""
    header = (
        *("model", "cache", "clip s", "keys", "MB", "read GB/s", "call ms (quartiles)", "to the first", "GB/s"),
        *("% of read", "step ms (quartiles)", "times of its bytes"),
    )
    first: dict[tuple[str, float, Cache], StepRate] = {}
    rows = []
    for rate in rates:
        beside = first.setdefault((rate.model, rate.seconds, rate.cache), rate)
        ratios = quartiles([mine / its for mine, its in zip(rate.call_s, beside.call_s, strict=True)])
        lower, median, upper = (f"{ratio:.2f}" for ratio in ratios)
        rows.append(
            (
                f"{rate.model} {rate.precision}",
                rate.cache,
                f"{rate.seconds:g}",
                str(rate.keys),
                f"{rate.bytes_read / 1e6:.1f}",
                f"{rate.read / 1e9:.1f}",
                _milliseconds(rate.call_quartiles_s),
                f"{median} ({lower}-{upper})" if rate is not beside else "",
                f"{rate.call_rate / 1e9:.1f}",
                f"{100 * rate.share_of_read:.0f}",
                _milliseconds(rate.step_quartiles_s),
                f"{rate.times_of_bytes:.2f}",
            )
        )
    return table(header, rows, n_left=2)


def draft_table(rates: Sequence[DraftRate]) -> str:
    """Write a row for each case, a column for each number of tokens."""
    counts = sorted({rate.n_tokens for rate in rates})
    rows = []
    for _, group in groupby(rates, key=lambda rate: (rate.model, rate.precision, rate.cache, rate.seconds)):
        of = {rate.n_tokens: rate for rate in group}
        first = of[counts[0]]
        ratios = [f"{of[count].ratio:.2f}" for count in counts[1:]]
        name = f"{first.model} {first.precision}"
        rows.append((name, first.cache, f"{first.seconds:g}", _milliseconds(first.quartiles_s), *ratios))
    header = ("model", "cache", "clip s", "t(1) ms (quartiles)", *(f"t({count})/t(1)" for count in counts[1:]))
    return table(header, rows, n_left=2)


def _milliseconds(seconds: tuple[float, float, float]) -> str:
    lower, median, upper = (f"{1e3 * value:.2f}" for value in seconds)
    return f"{median} ({lower}-{upper})"
