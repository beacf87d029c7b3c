"""Engines as the command line names them."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.errors import BenchmarkError
from benchmarks.peers.engines import ENGINES
from benchmarks.peers.specs import EngineSpec, parse_engine


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("edgewise:int4", EngineSpec("edgewise", "int4")),
        ("transcribe-cpp", EngineSpec("transcribe-cpp", "q8_0")),
        ("edgewise:context=full", EngineSpec("edgewise", "int8", (("context", "full"),))),
        ("faster-whisper:beam=5", EngineSpec("faster-whisper", "int8", (("beam", "5"),))),
        ("edgewise:f32:cpu=avx2:context=tail", EngineSpec("edgewise", "f32", (("cpu", "avx2"), ("context", "tail")))),
    ],
)
def test_name_precision_and_options(text: str, expected: EngineSpec) -> None:
    assert parse_engine(text) == expected
    assert parse_engine(expected.label) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("whisper:int8", "edgewise, edgewise-onnx, faster-whisper"),
        ("edgewise-onnx:int4", "no precision 'int4'; it has int8, f32, w8, w4"),
        ("edgewise:int2", "no precision 'int2'"),
        ("edgewise:int8:context=half", "context=half; expected tail or full"),
        ("edgewise:int8:cpu", "cpu=; expected a value"),
        ("edgewise:int8:speed=high", "no option 'speed'; it has context, beam, fallback, vad, parallel, cpu"),
        ("faster-whisper:int8:cpu=avx2", "no option 'cpu'; it has beam"),
    ],
)
def test_what_there_is_not_is_refused(text: str, message: str) -> None:
    with pytest.raises(BenchmarkError, match=message):
        parse_engine(text)


def test_every_engine_has_a_precision() -> None:
    assert all(kind.precisions for kind in ENGINES.values())
    assert all(set(kind.variables) <= set(kind.options) for kind in ENGINES.values())


def test_edgewise_takes_a_file_of_its_precision(tiny_en_int8: Path, tmp_path: Path) -> None:
    weights = ENGINES["edgewise"].weights
    assert weights(str(tiny_en_int8), "int8", tmp_path) == tiny_en_int8
    with pytest.raises(BenchmarkError, match="is at int8, not at int4: --engines edgewise:int8"):
        weights(str(tiny_en_int8), "int4", tmp_path)
