"""Tables for people."""

from __future__ import annotations

from collections.abc import Sequence

from .machine import Machine
from .results import EngineResult, Summary

_BUSY_SHARE = 0.25
"""More load than this share of the cores, and the times are worth little."""


def machine_line(machine: Machine, threads: int) -> str:
    """The machine in a line or two."""
    facts = [
        machine.cpu,
        f"{machine.cores} cores",
        f"{machine.memory_gb:g} GB",
        f"governor {machine.governor or 'unknown'}",
        f"Linux {machine.kernel}" if machine.system.startswith("Linux") else machine.system,
        f"commit {machine.commit or 'unknown'}",
        f"{threads} threads",
    ]
    line = ", ".join(facts)
    if machine.load_average is not None and machine.load_average > _BUSY_SHARE * machine.cores:
        line += f"\nThe machine is busy (load {machine.load_average}): trust no time below."
    return line


def table(header: Sequence[str], rows: Sequence[Sequence[str]], n_left: int = 1) -> str:
    """A Markdown table, the first `n_left` columns aligned to the left and the others to the right."""
    widths = [max(len(row[column]) for row in (header, *rows)) for column in range(len(header))]

    def line(cells: Sequence[str]) -> str:
        padded = [
            cell.ljust(width) if column < n_left else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(cells, widths, strict=True))
        ]
        return f"| {' | '.join(padded)} |"

    rules = [
        ":" + "-" * (width - 1) if column < n_left else "-" * (width - 1) + ":" for column, width in enumerate(widths)
    ]
    return "\n".join([line(header), line(rules), *(line(row) for row in rows)])


_ASR_HEADER = (
    "engine",
    "WER %",
    "sub/del/ins",
    "loops",
    "mean ms",
    "median",
    "p95",
    "noise %",
    "RTF",
    "x real time",
    "load s",
    "first ms",
    "RSS MB",
    "to fastest peer (quartiles)",
    "means",
)


def asr_table(results: Sequence[EngineResult], summaries: Sequence[Summary]) -> str:
    """One row an engine."""
    rows = [_asr_row(result, summary) for result, summary in zip(results, summaries, strict=True)]
    return table(_ASR_HEADER, rows)


def _asr_row(result: EngineResult, summary: Summary) -> tuple[str, ...]:
    errors, ratio = summary.errors, summary.ratio
    rate = summary.word_error_rate
    return (
        f"{result.engine} {result.precision}",
        "-" if rate is None else f"{100 * rate:.2f}",
        f"{errors.substitutions}/{errors.deletions}/{errors.insertions}",
        str(errors.loops),
        f"{summary.mean_ms:.0f}",
        f"{summary.median_ms:.0f}",
        f"{summary.p95_ms:.0f}",
        f"{100 * summary.pass_spread:.1f}",
        f"{summary.real_time_factor:.3f}",
        f"{1 / summary.real_time_factor:.1f}",
        f"{result.load_s:.2f}",
        f"{1e3 * result.first_s:.0f}",
        f"{result.peak_rss_mb:.0f}",
        "-" if ratio is None else f"{ratio.median:.2f} ({ratio.lower:.2f}-{ratio.upper:.2f})",
        "-" if ratio is None else f"{ratio.of_means:.2f}",
    )
