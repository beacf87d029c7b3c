"""Starts of new processes, and the pages that they read."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import edge
from edge.bench.starts import measure_start
from edge.machine import pages_read


def test_pages_grow_by_what_is_read(tmp_path: Path) -> None:
    before = pages_read()
    if before is None:
        pytest.skip("this system does not tell what a process reads")
    n_bytes = 50 * before.page_bytes
    (tmp_path / "a").write_bytes(bytes(n_bytes))
    assert len((tmp_path / "a").read_bytes()) == n_bytes
    after = pages_read()
    assert after is not None
    assert 50 <= after.from_files - before.from_files < 100
    assert after.from_disk >= before.from_disk
    assert after.minor_faults >= before.minor_faults


@pytest.mark.slow
def test_a_start_reads_the_pages_of_its_model(tiny_en_int8: Path) -> None:
    start = measure_start(edge.load(tiny_en_int8, threads=1, offline=True), 1, np.zeros(8000, np.float32))
    assert start.total_s > start.load_s > 0
    if start.pages is None:
        pytest.skip("this system does not tell what a process reads")
    assert start.pages.from_files * start.pages.page_bytes > tiny_en_int8.stat().st_size
    assert start.pages.minor_faults > 100
