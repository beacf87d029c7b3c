"""Reports as `edgewise bench` writes them, without measuring."""

from __future__ import annotations

from typing import Any

from edge.bench.report import seal
from edge.bench.result_file import make_result
from edge.machine import describe_machine


def report_of(times: list[float], *, cpu: str = "CPU A", **changes: Any) -> dict[str, Any]:
    """A sealed report of one cell with these times; `changes` are fields in place of its own."""
    fields: dict[str, Any] = {
        "version": "1",
        "level": "avx2",
        "audio": {"name": "jfk", "seconds": 11.0, "sha256": "a"},
        "models": [{"name": "tiny.en int8", "sha256": "b"}],
        "check": {"text": "And so", "is_right": True},
        "conditions": [],
        "verdict": {"kind": "valid", "reasons": []},
        "cells": [cell_of(times)],
    }
    result = make_result("bench", describe_machine(), **{**fields, **changes})
    return seal({**result, "machine": {**result["machine"], "cpu": cpu, "board": None}})


def cell_of(times: list[float], **changes: Any) -> dict[str, Any]:
    """A cell with these times."""
    cell = {"model": "tiny.en", "precision": "int8", "threads": 1, "audio_s": 8.0, "text": "", "times_s": times}
    return {**cell, **changes}
