"""Builds the page from a folder of reports; what other people's reports say is written as text, whatever it is."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np

from ...files import write_text
from ...policy import block_hashes
from ..report import read_report
from ..result_file import ResultError
from .charts import Bar, bar_chart, safe
from .rows import Row, machine_names, rows_of

_FILE = Path(__file__).with_name("page.html")
_HOLE = re.compile("@([a-z_]+)@")
_USUAL_S = 8.0
"""Length of speech that charts are about, or the one that is next to it."""
_MOST_REPORTS = 1_000


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the table."""

    name: str
    is_number: bool = False


_COLUMNS = (
    *(Column(name) for name in ("machine", "kernels", "model", "precision", "clip")),
    *(
        Column(name, is_number=True)
        for name in ("threads", "speech s", "p50 ms", "p95 ms", "times as fast", "words wrong %")
    ),
    *(Column(name) for name in ("verdict", "edgewise")),
)
_N_LEFT = 5
"""Columns at the left that hold words."""


@dataclass(frozen=True, slots=True)
class Found:
    """The reports of a folder."""

    shown: Mapping[Path, dict[str, Any]]
    left_out: Mapping[Path, str]
    """Reasons why others are not shown."""


def find_reports(folder: Path, *, every: bool = False) -> Found:
    """Read the reports of a folder, sorted by name; those that are not valid are left out, unless `every`.

    Raises:
        ResultError: there is no report to show.
    """
    shown: dict[Path, dict[str, Any]] = {}
    left_out: dict[Path, str] = {}
    try:
        files = sorted(path for path in folder.iterdir() if path.suffix == ".json")
    except OSError as error:
        raise ResultError(f"cannot read the folder {folder}: {error.strerror}") from error
    for path in files[:_MOST_REPORTS]:
        try:
            report = read_report(path)
            why = None if every else _why_not(report)
        except ResultError as error:
            why = str(error).removeprefix(f"{path} ")
        if why is None:
            shown[path] = report
        else:
            left_out[path] = why
    if not shown:
        reasons = "".join(f"; {path.name}: {why}" for path, why in left_out.items())
        raise ResultError(f"{folder} holds no report to show{reasons or '; `edgewise bench -o FILE` writes one'}")
    return Found(shown, left_out)


def write_page(found: Found, path: Path) -> None:
    """Write the page, whole or not at all; makes its folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_text(path, page_of(found))


def page_of(found: Found) -> str:
    """Return the page of these reports."""
    rows = sorted(rows_of(found.shown), key=lambda row: (row.model, row.precision, row.audio_s, row.p50_s))
    machines = machine_names(found.shown)
    parts = {
        "summary": _summary(found),
        "charts": f'<div class="charts">\n{"".join(_charts(found, rows))}</div>',
        "n_left": str(_N_LEFT),
        "header": "".join(map(_head, _COLUMNS)),
        "rows": "\n".join(map(_table_row, rows)),
        "machines": "\n".join(_machine(machines[path], report) for path, report in found.shown.items()),
        "left_out": _left_out(found.left_out),
        "policy": "@policy@",
    }
    page = _HOLE.sub(lambda hole: parts[hole[1]], _FILE.read_text(encoding="utf-8"))
    hashes = block_hashes(page)
    allowed = "; ".join(f"{kind}-src {' '.join(hashes[kind])}" for kind in ("script", "style"))
    return page.replace("@policy@", f"default-src 'none'; {allowed}; base-uri 'none'; form-action 'none'", 1)


def _why_not(report: Mapping[str, Any]) -> str | None:
    if report["verdict"]["kind"] != "valid":
        return f"it is {report['verdict']['kind']}: {'; '.join(report['verdict']['reasons'])}"
    if not report["check"]["is_right"]:
        return f"its words are wrong: {report['check']['text']}"
    return None


def _summary(found: Found) -> str:
    n = len(found.shown)
    return (
        f"{n} report{'s' if n > 1 else ''} of edgewise bench, each with every single time, the words that were heard, "
        "and the state of the machine meanwhile. Bars are medians; the line through one is where nine of ten runs lie."
    )


def _charts(found: Found, rows: Sequence[Row]) -> Iterator[str]:
    """Draw what each machine does with each model and precision."""
    for (model, precision), group in groupby(rows, key=lambda row: (row.model, row.precision)):
        yield _speed_chart(f"{model} {precision}", list(group))
    names = machine_names(found.shown)
    reports = [(names[path], report) for path, report in found.shown.items()]
    yield _chart_of_times("Live: end of a turn to its final text", "after the silence that ends it, ms", _live(reports))
    yield _chart_of_times("Cold start to the first words", "of a new process, ms", _starts(reports))
    yield _chart_of_times("Language model", "tokens written in a second", _written(reports), of_one=1.0)
    yield _chart_of_times("After minutes of work", "times as fast as speech, second half", _kept(reports), of_one=1.0)


def _speed_chart(title: str, rows: Sequence[Row]) -> str:
    """Draw how fast each machine is, with the number of threads that is fastest there."""
    length = min({row.audio_s for row in rows}, key=lambda seconds: abs(seconds - _USUAL_S))
    fastest: dict[str, Row] = {}
    for row in rows:
        if row.audio_s == length and (row.machine not in fastest or row.speed > fastest[row.machine].speed):
            fastest[row.machine] = row
    bars = [
        Bar(
            f"{row.machine}, {row.threads} thread{'s' if row.threads > 1 else ''}",
            row.speed,
            row.audio_s / row.p95_s,
            row.audio_s / row.low_s,
            f"{row.speed:.0f}",
        )
        for row in sorted(fastest.values(), key=lambda row: -row.speed)
    ]
    return bar_chart(title, f"times as fast as speech, {length:.0f} s of it", bars)


Reports = Sequence[tuple[str, Mapping[str, Any]]]
Values = Iterator[tuple[str, Sequence[float]]]


def _live(reports: Reports) -> Values:
    for name, report in reports:
        for one in report["live"]:
            yield f"{name}, {one['model']} {one['precision']}", one["final_late_s"]


def _starts(reports: Reports) -> Values:
    for name, report in reports:
        for one in report["starts"]:
            yield f"{name}, {one['model']} {one['precision']}", [one["total_s"]]


def _written(reports: Reports) -> Values:
    for name, report in reports:
        if (one := report["language"]) is not None:
            yield f"{name}, {one['model']} {one['precision']}", [one["n_written"] / time for time in one["written_s"]]


def _kept(reports: Reports) -> Values:
    for name, report in reports:
        if (one := report["sustained"]) is not None:
            yield f"{name}, {one['model']} {one['precision']}", [one["sustained_rate"]]


def _chart_of_times(title: str, note: str, values: Values, of_one: float = 1e3) -> str:
    """Draw the medians of values, in units of which one has `of_one`; nothing where there are none."""
    bars = []
    for name, some in values:
        if some:
            low, middle, high = (of_one * float(one) for one in np.percentile(some, (5, 50, 95)))
            bars.append(Bar(name, middle, low, high, f"{middle:.3g}" if middle < 100 else f"{middle:.0f}"))
    return bar_chart(title, note, bars) if bars else ""


def _head(column: Column) -> str:
    kind = "number" if column.is_number else "text"
    return f'<th scope="col" data-kind="{kind}"><button type="button">{safe(column.name)}</button></th>'


def _table_row(row: Row) -> str:
    cells = [
        *map(_words, (row.machine, row.level, row.model, row.precision, row.clip)),
        _number(row.threads, f"{row.threads}"),
        _number(row.audio_s, f"{row.audio_s:.0f}"),
        _number(row.p50_s, f"{1e3 * row.p50_s:.1f}"),
        _number(row.p95_s, f"{1e3 * row.p95_s:.1f}"),
        _number(row.speed, f"{row.speed:.0f}"),
        _words_wrong(row.words),
        *map(_words, (row.verdict, row.version)),
    ]
    return f"<tr>{''.join(cells)}</tr>"


def _words(text: str) -> str:
    return f'<td data-value="{safe(text)}">{safe(text)}</td>'


def _number(value: float, shown: str) -> str:
    return f'<td data-value="{value:.9g}">{shown}</td>'


def _words_wrong(words: Mapping[str, Any] | None) -> str:
    if words is None:
        return "<td>not counted</td>"
    rate, low, high = (100 * words[name] for name in ("rate", "low", "high"))
    return _number(rate, f"{rate:.1f} ({low:.1f} to {high:.1f})")


def _machine(name: str, report: Mapping[str, Any]) -> str:
    machine, reasons = report["machine"], report["verdict"]["reasons"]
    facts = [
        f"{machine['cpu']}, {machine['cores']} cores, {machine['memory_gb']} GB",
        f"governor {machine['governor'] or 'not told'}",
        f"{machine['system']} {machine['kernel']}, Python {machine['python']}",
        f"edgewise {report['version']}, kernels {report['level']}",
        *(str(reason) for reason in reasons),
    ]
    return f"<li><strong>{safe(name)}</strong>: {safe('; '.join(facts))}</li>"


def _left_out(reasons: Mapping[Path, str]) -> str:
    if not reasons:
        return ""
    lines = "\n".join(f"<li><strong>{safe(path.name)}</strong>: {safe(why)}</li>" for path, why in reasons.items())
    return f"<h2>Left out</h2>\n<ul>\n{lines}\n</ul>"
