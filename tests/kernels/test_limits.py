"""The sizes that a model may have are said once on each side of the border, and both say the same."""

from __future__ import annotations

from dataclasses import astuple, replace

import pytest

from edge import _kernels
from edge.whisper.file.dims import LARGEST, WhisperDims

SMALL = WhisperDims(16, 64, 8, 64, 1, 1, 8, 64, 1, 1)


def engine_of(dims: WhisperDims) -> _kernels.Model:
    """The engine's model of these sizes, without weights."""
    *sizes, _ = astuple(dims)
    return _kernels.Model(tuple(sizes), "ref", 1, False)


def test_a_file_may_say_what_the_engine_takes() -> None:
    *sizes, layers = astuple(LARGEST)
    assert tuple(sizes) == _kernels.LARGEST_SIZES
    assert layers == ()


@pytest.mark.parametrize("name", ["n_mels", "n_audio_ctx", "n_text_ctx", "n_audio_layer", "n_text_layer"])
def test_the_engine_takes_its_largest_size_and_no_larger(name: str) -> None:
    most = getattr(LARGEST, name)
    assert engine_of(replace(SMALL, **{name: most})).missing() is not None
    with pytest.raises(ValueError, match="limits"):
        engine_of(replace(SMALL, **{name: most + 1}))
