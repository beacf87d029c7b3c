"""`python -m benchmarks serve` in its shortest form."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

pytest.importorskip("starlette")

from benchmarks.__main__ import main
from edge.store import Store


@pytest.mark.skipif(sys.platform != "linux", reason="a process is measured by /proc")
@pytest.mark.loopback
def test_a_real_server_holds(tiny_en_int8: Path, jfk_clip: Path, tmp_path: Path) -> None:
    if not Store().is_here("silero-vad"):
        pytest.skip("the detector of speech is not in the store: run `edgewise transcribe --demo` once")
    out = tmp_path / "result.json"
    load = ["--connections", "24", "--requests", "8", "--live", "3", "--seconds", "4", "--hostile", "200000"]
    assert main(["serve", "--model", str(tiny_en_int8), "--threads", "2", *load, "--json", str(out)]) == 0
    parts = {part["part"]: part for part in json.loads(out.read_text(encoding="utf-8"))["results"]}
    assert list(parts) == ["at once", "in all", "live", "hostile"]
    assert all(part["wrong"] == 0 for part in parts.values())
    assert set(parts["at once"]["statuses"]) <= {"200", "503"}
    assert sum(parts["at once"]["statuses"].values()) == 24
    assert parts["in all"]["statuses"]["200"] == 8
    assert (parts["live"]["sessions"], parts["live"]["words"] > 5) == (3, True)
    assert (parts["hostile"]["hung"], parts["hostile"]["200"]) == (0, 5)
    grown = {name: parts["hostile"]["after"][name] - parts["at once"]["before"][name] for name in ("n_descriptors",)}
    assert grown["n_descriptors"] <= 3
