"""Writes a report for people."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .peaks import Peaks, peaks_line
from .tables import table
from .verdict import spread


def as_markdown(result: dict[str, Any]) -> str:
    """Write a report for people: the machine, what its times are worth, and the times."""
    machine, verdict = result["machine"], result["verdict"]
    lines = [
        f"# {machine['board'] or machine['cpu']}: {verdict['kind']}",
        "",
        *(f"- {reason}" for reason in verdict["reasons"]),
        f"- {machine['cpu']}, {machine['cores']} cores, {machine['memory_gb']:g} GB, kernels {result['level']}",
        f"- {peaks_line(Peaks(**result['peaks']))}",
        f"- edgewise {result['version']}, {machine['system']} {machine['kernel']}, Python {machine['python']}",
        f"- words of the check: {'right' if result['check']['is_right'] else 'WRONG: ' + result['check']['text']}",
        *(f"- logits of {model['name']}: {model['proof']}" for model in result["models"]),
        *(f"- {line}" for line in more_lines(result)),
        "",
        times_table(result),
        "",
    ]
    return "\n".join(lines)


def more_lines(result: dict[str, Any]) -> list[str]:
    """Write what else was measured, a line each: words, starts, live text, a language model, sustained work, energy."""
    lines = []
    for one in result["words"]:
        rate = f"{100 * one['rate']:.1f} % ({100 * one['low']:.1f} to {100 * one['high']:.1f})"
        lines.append(f"{_name(one)}: {rate} of {sum(one['words'])} words wrong, {one['set']}")
    for one in result["starts"]:
        kind, peak = "cold" if one["is_cold"] else "new", one["peak_rss_mb"]
        memory = "" if peak is None else f", {peak:.0f} MB of memory at most"
        took = f"{1e3 * one['total_s']:.0f} ms from a {kind} start to the first words"
        lines.append(f"{_name(one)}: {took}{memory}{_pages(one.get('pages'))}")
    for one in result["live"]:
        late, lag = (_shown(_percentiles(one[name])) for name in ("final_late_s", "partial_lag_s"))
        lines.append(
            f"{_name(one)}, live: final {late} ms (p50/p95/p99) behind the {1e3 * one['endpoint_s']:.0f} ms of silence "
            f"that end a turn; shown {lag} ms behind the speech; {one['cpu_share']:.0%} of the time at work"
        )
    if (language := result["language"]) is not None:
        read, written = (
            language[f"n_{name}"] / float(np.median(language[f"{name}_s"])) for name in ("read", "written")
        )
        lines.append(f"{_name(language)}: {read:.0f} tokens a second read, {written:.0f} written")
    if (sustained := result["sustained"]) is not None:
        first, later = sustained["burst_rate"], sustained["sustained_rate"]
        rates = f"{first:.0f} times as fast as speech at first, {later:.0f} later"
        lines.append(f"{_name(sustained)}: {rates}, over {sum(sustained['times_s']):.0f} s without a pause")
    energy = result["energy"]
    lines.append(f"energy: {energy['joules_per_audio_s']:.3g} J a second of speech" if energy else "energy: not told")
    return lines


def _pages(pages: dict[str, int] | None) -> str:
    """Write the pages that a start read; nothing where they are not told."""
    if pages is None:
        return ""
    read = f"{pages['from_files']:,} pages of {pages['page_bytes'] / 1024:g} KiB read from files"
    return f", {read}, {pages['from_disk']:,} from the disk"


def _name(one: dict[str, Any]) -> str:
    return f"{one['model']} {one['precision']}"


def _shown(times: Sequence[float]) -> str:
    return "/".join(f"{1e3 * time:.0f}" for time in times)


def _percentiles(times: Sequence[float]) -> list[float]:
    return [float(np.percentile(times, q)) for q in (50, 95, 99)] if times else [float("nan")] * 3


def times_table(result: dict[str, Any]) -> str:
    """Write a row for each cell: its times in milliseconds, and how many times as fast as speech that is."""
    rows = []
    for cell in result["cells"]:
        p50, p95, p99 = _percentiles(cell["times_s"])
        rows.append(
            (
                *(cell["model"], cell["precision"], cell["clip"], str(cell["threads"]), f"{cell['audio_s']:.0f}"),
                *(f"{1e3 * p50:.0f}", f"{1e3 * p95:.0f}", f"{1e3 * p99:.0f}", f"{100 * spread(cell['times_s']):.0f}"),
                *(f"{cell['audio_s'] / p50:.0f}", str(len(cell["times_s"]))),
            )
        )
    header = (
        *("model", "precision", "clip", "threads", "clip s", "p50 ms", "p95 ms", "p99 ms", "spread %"),
        *("times as fast as speech", "n"),
    )
    return table(header, rows, n_left=3)
