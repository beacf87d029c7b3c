"""Files of results: JSON that says its kind, the number of its format, and the machine it was measured on."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ..errors import EdgeError
from ..files import write_text
from ..machine import Machine

FORMATS = {
    "asr": 2,
    "bench": 2,
    "boards": 1,
    "compression": 2,
    "confidence": 1,
    "consensus": 1,
    "correction": 1,
    "coverage": 1,
    "dictation": 1,
    "hallucination": 1,
    "joints": 1,
    "kernels": 1,
    "language": 1,
    "longtext": 1,
    "live": 1,
    "nbest": 1,
    "parallel": 1,
    "perplexity": 1,
    "precisions": 1,
    "sentences": 1,
    "serve": 1,
    "step": 1,
    "television": 1,
    "together": 1,
    "tune": 2,
    "vocabulary": 1,
    "wake": 2,
    "words": 1,
    "writing": 1,
}
"""Number of the format of each kind of result; raised when a field changes its meaning."""

OPTIONAL = {"optional": True}
"""Metadata of a field that files which were written before it lack."""


class ResultError(EdgeError, ValueError):
    """A file of results that cannot be read, or two that cannot be compared."""


def make_result(kind: str, machine: Machine, **fields: Any) -> dict[str, Any]:
    """Build what the file of a result holds: what every kind holds, and this kind's own fields."""
    return {"kind": kind, "format": FORMATS[kind], "machine": asdict(machine), **fields}


def write_result(path: Path, result: dict[str, Any]) -> None:
    """Write a result to a file, whole or not at all; makes its folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_text(path, json.dumps(result, indent=1, ensure_ascii=False) + "\n")


def read_result(path: Path) -> dict[str, Any]:
    """Read a result of a kind and a format that are known.

    Raises:
        ResultError: the file cannot be read or holds anything else.
    """
    try:
        result = json.loads(path.read_text(encoding="utf-8"))
        known = result["format"] == FORMATS[result["kind"]]
    except OSError as error:
        raise ResultError(f"cannot read {path}: {error.strerror}") from error
    except (ValueError, TypeError, KeyError, RecursionError):
        known = False
    if not known:
        raise ResultError(f"{path} is not a result of this version's measurements; measure again to compare")
    found: dict[str, Any] = result
    return found
