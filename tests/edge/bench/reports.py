"""Reports as `edgewise bench` writes them, without measuring."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from edge.bench.burst import Cell
from edge.bench.conditions import observe
from edge.bench.format import Audio, Check, ModelIdentity, Report
from edge.bench.live import LiveTimes
from edge.bench.peaks import Peaks
from edge.bench.plain_words import WordRate
from edge.bench.report import seal
from edge.bench.result_file import make_result
from edge.bench.starts import Start
from edge.bench.verdict import Verdict
from edge.machine import Pages, describe_machine
from edge.whisper.file.dims import WhisperDims

_DIMS = WhisperDims(80, 51864, 1500, 384, 6, 4, 448, 384, 6, 4)


def report_of(times: list[float], *, cpu: str = "CPU A", **changes: Any) -> dict[str, Any]:
    """A sealed report of one cell with these times, as it is read; `changes` are fields in place of its own."""
    report = Report(
        machine=describe_machine(),
        version="1",
        level="avx2",
        package_sha256=None,
        kernels_sha256="c",
        command="edgewise bench",
        peaks=Peaks(threads=2, int8=1e12, f32=1e11, read=1e10),
        audio=(Audio("jfk 8 s", 8.0, "a"),),
        models=(ModelIdentity("tiny.en int8", "b", 40, _DIMS, "d", "unknown"),),
        check=Check("And so", is_right=True),
        starts=(Start("tiny.en", "int8", 1, True, 0.5, 0.2, 0.1, 0.1, 120.0, Pages(4096, 300, 12_000, 2, 20_000)),),
        cells=(Cell("tiny.en", "int8", 1, "jfk 8 s", 8.0, "And so", times),),
        words=(WordRate("tiny.en", "int8", "librispeech-other", ("a", "b"), (10, 10), (1, 2), 0.15, 0.1, 0.2),),
        live=(LiveTimes("tiny.en", "int8", 1, 0.7, (0.01, 0.02), (0.05,), 0.1),),
        language=None,
        sustained=None,
        energy=None,
        is_warm=True,
        conditions=(observe(),),
        verdict=Verdict("valid", ()),
    )
    fields = asdict(report)
    del fields["machine"]
    result = make_result("bench", describe_machine(), **{**fields, **changes})
    result = {**result, "machine": {**result["machine"], "cpu": cpu, "board": None}}
    return seal(json.loads(json.dumps(result)))


def cell_of(times: list[float], **changes: Any) -> dict[str, Any]:
    """A cell with these times."""
    return {**asdict(Cell("tiny.en", "int8", 1, "jfk 8 s", 8.0, "And so", times)), **changes}
