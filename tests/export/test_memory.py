"""Memory of an export: a tensor's, however many there are. `peak.py` measures models of the published sizes."""

from __future__ import annotations

import json
import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from export.checkpoint.types import Checkpoint
from export.whisper import export_whisper
from export.writers.huggingface import tokenizer_json

from .conftest import shrunk
from .peak import RandomTensors
from .sources.pt_files import write_pt


def _peak(folder: Path, n_layers: int) -> tuple[int, int]:
    """Bytes that an export of so many layers takes at most, and those of its file."""
    dims = replace(shrunk("tiny"), n_audio_layer=n_layers, n_text_layer=n_layers, n_audio_state=128, n_text_state=128)
    dims = replace(dims, n_audio_head=2, n_text_head=2)
    source, out = folder / f"{n_layers}.pt", folder / f"{n_layers}.gguf"
    write_pt(source, dims, RandomTensors(dims))
    tracemalloc.start()
    try:
        export_whisper(source, out, precision="int8")
        return tracemalloc.get_traced_memory()[1], out.stat().st_size
    finally:
        tracemalloc.stop()


@pytest.mark.slow
def test_it_does_not_grow_with_the_number_of_layers(tmp_path: Path, make_checkpoint: Callable[..., Checkpoint]) -> None:
    (tmp_path / "tokenizer.json").write_text(json.dumps(tokenizer_json(make_checkpoint("tiny"))))
    (few, small), (many, large) = (_peak(tmp_path, n_layers) for n_layers in (2, 40))
    assert large - small > 15_000_000
    assert many - few < 0.2 * (large - small)
