from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from edge.whisper.features import SILENCE, LogMel, raw_log_mel, window_features

N_FRAMES = 3000


def mel_filters(n_mels: int = 80) -> NDArray[np.float32]:
    """Slaney's triangles, as every Whisper model carries them: (n_mels, 201)."""

    def to_hz(mel: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.where(mel < 15, mel * 200 / 3, 1000 * np.exp((mel - 15) * np.log(6.4) / 27))

    edges = to_hz(np.linspace(0, 15 + 27 * np.log(8) / np.log(6.4), n_mels + 2))
    bins = np.linspace(0, 8000, 201)
    rising = (bins - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
    falling = (edges[2:, None] - bins) / (edges[2:] - edges[1:-1])[:, None]
    triangles = np.maximum(0, np.minimum(rising, falling))
    return (triangles * (2 / (edges[2:] - edges[:-2]))[:, None]).astype(np.float32)


def reference(samples: NDArray[np.float32], filters: NDArray[np.float32]) -> NDArray[np.float64]:
    """openai-whisper's log_mel_spectrogram(pad_or_trim(samples)), in double precision, time-major."""
    padded = np.pad(samples.astype(np.float64), (0, 160 * N_FRAMES - len(samples)))
    padded = np.pad(padded, 200, mode="reflect")
    frames = np.lib.stride_tricks.sliding_window_view(padded, 400)[::160][:N_FRAMES]
    energy: NDArray[np.float64] = np.abs(np.fft.rfft(frames * np.hanning(401)[:-1])) ** 2 @ filters.T.astype(np.float64)
    log = np.log10(np.maximum(energy, 1e-10))
    scaled: NDArray[np.float64] = (np.maximum(log, log.max() - 8) + 4) / 4
    return scaled


def tones(n_samples: int, seed: int = 0) -> NDArray[np.float32]:
    """A sound with loud and quiet parts."""
    rng = np.random.default_rng(seed)
    time = np.arange(n_samples) / 16000
    sound = 0.3 * np.sin(2 * np.pi * (200 + 300 * time) * time) * np.abs(np.sin(time))
    return (sound + rng.standard_normal(n_samples) * 1e-3).astype(np.float32)


@pytest.mark.parametrize("n_samples", [1, 160, 200, 201, 4000, 16000 * 7 + 13, 16000 * 30 - 400])
@pytest.mark.parametrize("n_mels", [80, 128])
def test_features_equal_the_reference(n_samples: int, n_mels: int) -> None:
    samples, filters = tones(n_samples), mel_filters(n_mels)
    features = window_features(raw_log_mel(samples, filters), N_FRAMES)
    assert features.shape == (N_FRAMES, n_mels)
    assert features.dtype == np.float32
    np.testing.assert_allclose(features, reference(samples, filters), atol=1e-5, rtol=0)


def test_features_of_speech_equal_the_reference(shared_data: object) -> None:
    soundfile = pytest.importorskip("soundfile")
    samples, _ = soundfile.read(f"{shared_data}/misc_read_en/jfk.flac", dtype="float32")
    features = window_features(raw_log_mel(samples, mel_filters()), N_FRAMES)
    np.testing.assert_allclose(features, reference(samples, mel_filters()), atol=1e-5, rtol=0)


def test_features_equal_those_of_transformers() -> None:
    transformers = pytest.importorskip("transformers")
    extractor = transformers.WhisperFeatureExtractor()
    samples = tones(16000 * 5)
    filters = extractor.mel_filters.T.astype(np.float32)
    theirs = extractor._np_extract_fbank_features(np.pad(samples, (0, 16000 * 25))[None], "cpu")[0]
    features = window_features(raw_log_mel(samples, filters), N_FRAMES)
    np.testing.assert_allclose(features, theirs.T, atol=1e-5, rtol=0)


@given(st.lists(st.integers(0, 3000), max_size=12))
@settings(deadline=None, max_examples=50)
def test_a_stream_equals_the_whole(sizes: list[int]) -> None:
    samples, filters = tones(sum(sizes)), mel_filters()
    stream = LogMel(filters)
    parts = [stream.feed(part) for part in np.split(samples, np.cumsum(sizes))]
    streamed = np.concatenate([*parts, stream.finish()])
    whole = raw_log_mel(samples, filters)
    assert streamed.shape == whole.shape
    # The matrix product may add in another order for a block of another height.
    np.testing.assert_allclose(streamed, whole, atol=1e-5, rtol=0)


def test_a_stream_can_be_used_again_after_its_end() -> None:
    stream, samples = LogMel(mel_filters()), tones(5000)
    first = np.concatenate([stream.feed(samples), stream.finish()])
    second = np.concatenate([stream.feed(samples), stream.finish()])
    np.testing.assert_array_equal(first, second)
    assert stream.finish().shape == (0, 80)


def test_every_frame_that_holds_sound_is_given() -> None:
    samples = np.zeros(16000, np.float32)
    samples[-1] = 0.5
    raw = raw_log_mel(samples, mel_filters())
    assert len(raw) == 102  # frame 101 is centred on sample 16160 and reaches back to 15960
    assert (raw[:98] == SILENCE).all()
    assert (raw[-1] > SILENCE).any()


def test_digital_silence_has_one_value() -> None:
    features = window_features(raw_log_mel(np.zeros(16000, np.float32), mel_filters()), 200)
    assert (features == (SILENCE + 4) / 4).all()


def test_a_window_is_cut_and_its_floor_is_its_own() -> None:
    raw = np.full((10, 80), SILENCE, np.float32)
    raw[2], raw[9] = 0.0, 2.0
    assert window_features(raw, 4).min() == pytest.approx((0 - 8 + 4) / 4)
    assert window_features(raw, 10).min() == pytest.approx((2 - 8 + 4) / 4)


def test_filters_of_another_shape_are_refused() -> None:
    with pytest.raises(ValueError, match=r"expected mel filters of shape \(n_mels, 201\), found \(201, 80\)"):
        LogMel(np.zeros((201, 80), np.float32))
