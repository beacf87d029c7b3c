"""Encoders in turns."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from benchmarks.models.encoder_time import EncoderTime, clips_of, time_encoders
from edge.bench.sets import Manifest, Utterance
from edge.errors import ManifestError
from edge.whisper.file.dims import WhisperDims
from export.compress.shapes import with_layer
from export.maker import make_plain
from export.sources import read_checkpoint


def narrower(dims: WhisperDims, width: int) -> WhisperDims:
    for layer in range(dims.n_audio_layer):
        dims = with_layer(dims, layer, replace(dims.layer_shape(layer), ffn_width=width))
    return dims


def test_fewer_hidden_units_are_arithmetic_saved(tiny_en_int8: Path, tmp_path: Path) -> None:
    whole = read_checkpoint(tiny_en_int8)
    width = 256
    cut: dict[str, NDArray[Any]] = {}
    for layer in range(whole.dims.n_audio_layer):
        fc1, fc2 = f"enc.blocks.{layer}.ffn.fc1", f"enc.blocks.{layer}.ffn.fc2"
        cut[f"{fc1}.weight"] = whole.tensors[f"{fc1}.weight"][:width]
        cut[f"{fc1}.bias"] = whole.tensors[f"{fc1}.bias"][:width]
        cut[f"{fc2}.weight"] = np.ascontiguousarray(whole.tensors[f"{fc2}.weight"][:, :width])
    smaller = replace(whole, dims=narrower(whole.dims, width), tensors={**whole.tensors, **cut})
    file = tmp_path / "smaller.gguf"
    make_plain(smaller, "int8").write(file)

    clips = [np.zeros(seconds * 16_000, np.float32) for seconds in (2, 5)]
    first, second = time_encoders([tiny_en_int8, file], clips, threads=1, rounds=3)
    assert (first.macs_saved, first.share) == (0, None)
    assert 0.4 < second.macs_saved < 0.43
    assert second.ms > 0
    assert second.share is not None


def test_the_share_is_time_for_arithmetic() -> None:
    assert EncoderTime(1, 9.0, (0.1, 0.2, 0.3), 0.25).share == pytest.approx(0.8)


def test_clips_that_fit_no_window_are_left_out(jfk_clip: Path) -> None:
    fitting = Utterance("a", (str(jfk_clip),), 0.0, "ask not", "en", seconds=11.0)
    (clip,) = clips_of([Manifest("one", "0" * 64, (replace(fitting, seconds=31.0), fitting))])
    assert len(clip) == 11 * 16_000
    with pytest.raises(ManifestError, match="no recording of at most 30 s"):
        clips_of([Manifest("one", "0" * 64, (replace(fitting, seconds=31.0),))])
