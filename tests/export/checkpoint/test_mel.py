"""The mel filters against openai-whisper's own."""

from __future__ import annotations

import numpy as np
import pytest

from edge.store import Store
from export.checkpoint.mel import hann_window, mel_filters


@pytest.mark.parametrize("n_mels", [80, 128])
def test_filters_equal_openais(n_mels: int) -> None:
    folder = Store().place("whisper-tables")
    if not folder.is_dir():
        pytest.skip("openai-whisper's tables are not in the cache: edgewise models pull whisper-tables")
    with np.load(folder / "mel_filters.npz", allow_pickle=False) as tables:
        np.testing.assert_allclose(mel_filters(n_mels), tables[f"mel_{n_mels}"], atol=1e-7, rtol=0)


def test_a_few_values_of_openais_filters() -> None:
    filters = mel_filters(80)
    assert filters[0, :3] == pytest.approx([0.0, 0.02486259, 0.0], abs=1e-7)
    assert filters[79, 198:] == pytest.approx([0.00089752, 0.00044876, 0.0], abs=1e-7)
    assert mel_filters(128)[0, :3] == pytest.approx([0.0, 0.01237399, 0.0], abs=1e-7)


@pytest.mark.parametrize("n_mels", [80, 128])
def test_filters_have_unit_area(n_mels: int) -> None:
    # Narrow triangles fall between bins, so only the wide upper ones sum to about their area.
    hz_per_bin = 40.0
    areas = mel_filters(n_mels)[n_mels // 2 :].sum(axis=1) * hz_per_bin
    np.testing.assert_allclose(areas, 1.0, atol=0.1)


def test_window_is_periodic() -> None:
    window = hann_window()
    assert window.shape == (400,)
    assert window[0] == 0
    assert window[200] == 1
    np.testing.assert_allclose(window[1:], window[:0:-1], atol=1e-7)
