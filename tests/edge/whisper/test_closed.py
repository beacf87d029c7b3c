"""Reading one recording in several ways."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from statistics import fmean

import numpy as np
import pytest

import edge
from edge.audio import open_audio
from edge.whisper.model import Model


def test_a_reading_begins_with_what_is_said(tiny_en_int8: Path, jfk_clip: Path) -> None:
    model = edge.load(tiny_en_int8, threads=1, offline=True)
    assert isinstance(model, Model)
    with open_audio(jfk_clip) as source:
        samples = np.concatenate([*source])
    with closing(model.closed(samples, None)) as reader:
        free = reader.free()
        whole = reader.begins([model.tokenizer.decode(free.tokens)])
        begun, other = reader.begins([" And so my fellow"]), reader.begins([" Computer"])
        assert reader.begins([" Computer", " And so my fellow"]) == pytest.approx(begun)
    assert whole == pytest.approx(fmean(free.token_logprobs[: len(free.tokens)]), abs=0.05)
    assert begun > -1 > -8 > other
