"""Rows of the page's table: one cell of one report each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np


@dataclass(frozen=True, slots=True)
class Row:
    """One model, precision, number of threads and length on one machine."""

    machine: str
    """Name of the machine, and of the report where two reports are of one machine."""
    level: str
    model: str
    precision: str
    threads: int
    clip: str
    audio_s: float
    low_s: float
    """Time that one in twenty runs stays below."""
    p50_s: float
    p95_s: float
    words: Mapping[str, Any] | None
    """Words that the model gets wrong on this machine; None where they were not counted."""
    verdict: str
    version: str

    @property
    def speed(self) -> float:
        """Seconds of speech in a second."""
        return self.audio_s / self.p50_s


def rows_of(reports: Mapping[Path, Mapping[str, Any]]) -> list[Row]:
    """Make the rows of all reports."""
    names = machine_names(reports)
    return [row for path, report in reports.items() for row in _rows(names[path], report)]


def machine_names(reports: Mapping[Path, Mapping[str, Any]]) -> dict[Path, str]:
    """Name the machine of each report, by its file as well where machines would have one name."""
    plain = {path: str(report["machine"]["board"] or report["machine"]["cpu"]) for path, report in reports.items()}
    names = list(plain.values())
    return {path: f"{name} ({path.stem})" if names.count(name) > 1 else name for path, name in plain.items()}


def _rows(machine: str, report: Mapping[str, Any]) -> Iterator[Row]:
    words = {(one["model"], one["precision"]): one for one in report["words"]}
    for cell in report["cells"]:
        low, middle, high = (float(one) for one in np.percentile(cell["times_s"], (5, 50, 95)))
        yield Row(
            machine=machine,
            level=str(report["level"]),
            model=str(cell["model"]),
            precision=str(cell["precision"]),
            threads=int(cell["threads"]),
            clip=str(cell["clip"]),
            audio_s=float(cell["audio_s"]),
            low_s=low,
            p50_s=middle,
            p95_s=high,
            words=words.get((cell["model"], cell["precision"])),
            verdict=str(report["verdict"]["kind"]),
            version=str(report["version"]),
        )
