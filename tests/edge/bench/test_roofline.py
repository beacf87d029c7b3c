"""The least work of a recording, against numbers worked out by hand."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edge.bench.peaks import Peaks, higher, peaks_line
from edge.bench.roofline import (
    NUMBER_TYPES,
    Window,
    cache_bytes,
    cross_work,
    decoder_bytes,
    encoder_work,
    recording_floor,
    vocabulary_bytes,
    weight_bytes,
    windows_of,
)
from edge.gguf.types import TensorType
from edge.whisper.file.landmarks import Tail
from edge.whisper.file.model import open_model
from edge.whisper.file.published import PUBLISHED

TINY, BASE = PUBLISHED["tiny.en"], PUBLISHED["base"]
INT8, INT4, F32 = (NUMBER_TYPES[name] for name in ("int8", "int4", "f32"))
PEAKS = Peaks(threads=2, int8=200e9, f32=50e9, read=40e9)


@pytest.mark.parametrize(("model", "giga", "attention"), [("tiny", 18.5, 0.37), ("base", 43.7, 0.32)])
def test_a_full_window_costs_what_the_design_says(model: str, giga: float, attention: float) -> None:
    dims = PUBLISHED[model]
    work = encoder_work(dims, F32, Window(1500))
    assert work.integer_macs == 0
    assert work.float_macs / 1e9 == pytest.approx(giga, abs=0.05)
    products = dims.n_audio_layer * 2 * 1500**2 * dims.n_audio_state
    assert products / work.float_macs == pytest.approx(attention, abs=0.005)


def test_an_encoder_of_eight_seconds() -> None:
    work = encoder_work(TINY, INT8, Window(400))
    convolutions = 800 * 240 * 384 + 400 * 1152 * 384
    layer = 400 * 384 * (1152 + 384 + 1536 + 1536) + 2 * 400 * 400 * 384
    assert work.float_macs == 0
    assert work.integer_macs == convolutions + 4 * layer
    assert work.seconds(PEAKS) == pytest.approx((convolutions + 4 * layer) / 200e9)


def test_a_smaller_layer_costs_less() -> None:
    smaller = replace(TINY.layer_shape(0), key_width=32, ffn_width=1280, fc2_rank=192)
    dims = replace(TINY, layers=(smaller, *(TINY.layer_shape(layer) for layer in (1, 2, 3))))
    saved = encoder_work(TINY, INT8, Window(400)).integer_macs - encoder_work(dims, INT8, Window(400)).integer_macs
    linears = 2 * 6 * 32 * 384 + 256 * 384 + (1536 * 384 - 192 * (1280 + 384))
    assert saved == 400 * linears + 6 * 32 * 400 * 400


def test_a_short_clip_takes_as_long_as_reading_the_weights() -> None:
    work = encoder_work(TINY, INT8, Window(1))
    weights = 240 * 384 + 1152 * 384 + 4 * 384 * (1152 + 384 + 1536 + 1536) + 4 * (2 + 4 * 9) * 384
    assert work.bytes_read == weights
    assert work.seconds(PEAKS) == weights / 40e9


def test_keys_and_values_of_the_clip() -> None:
    work = cross_work(BASE, INT8, Window(100))
    assert work.integer_macs == 6 * 100 * 1024 * 512
    assert work.bytes_read == 6 * (1024 * 512 + 1024 * 4)
    assert cross_work(BASE, F32, Window(100)).float_macs == work.integer_macs


def test_a_step_reads_weights_keys_and_values() -> None:
    weights = 14 * 384 * 384 + 11 * 384 * 4  # codes, and a scale for each output
    cross = 1500 * (2 * 384 + 6 * 4)  # INT8 keys with a scale for each head, and values
    past = 10 * 2 * 384 * 4
    assert decoder_bytes(TINY, INT8, 1500, 10) == 4 * (weights + cross + past)
    assert vocabulary_bytes(TINY, INT8) == 51864 * (384 + 4)
    assert cache_bytes(TINY, INT8, 1500, 10) == 4 * (cross + past)


def test_a_file_tells_what_a_step_reads_of_it(tiny_en_int8: Path) -> None:
    with open_model(tiny_en_int8) as file:
        read = weight_bytes(file.tensors)
        assert read == decoder_bytes(TINY, INT8, 0, 0) + vocabulary_bytes(TINY, INT8)
        tensor = file.tensors["dec.blocks.0.ffn.fc1.weight"]
        mixed = {**file.tensors, tensor.name: replace(tensor, type=TensorType.Q4_0)}
        assert read - weight_bytes(mixed) == 0.375 * 1536 * 384


def test_other_precisions_read_other_bytes() -> None:
    assert decoder_bytes(TINY, F32, 0, 0) == 4 * 14 * 384 * 384 * 4
    assert decoder_bytes(TINY, INT4, 0, 0) == 4 * (14 * 384 * 384 * 0.625 + 11 * 384 * 4)
    rare = 50_256 - 7_008  # rows; the frequent ones and the special ones stay INT8
    expected = (51_864 - rare) * 384 + rare * 384 * 0.625 + 51_864 * 4
    assert vocabulary_bytes(TINY, INT4) == pytest.approx(expected, rel=0.02)
    assert vocabulary_bytes(TINY, F32) == 51864 * 384 * 4


TAIL = Tail(
    stride=48,
    positions=np.array([400, 432, 480, 1499], np.int32),
    counts=np.array([32, 48, 1019, 1], np.int32),
    local_heads=np.zeros(0, np.int32),
    contexts=np.zeros((4, 0, 64), np.float32),
)


@pytest.mark.parametrize(
    ("seconds", "tail", "full"),
    [
        (8.0, [Window(432, 3)], 1),  # 400 positions and a margin of 8, up to a multiple of 48
        (0.001, [Window(48, 4)], 1),
        (29.0, [Window(1500)], 1),
        (70.0, [Window(1500), Window(1500), Window(528, 1)], 3),
    ],
)
def test_windows_of_a_recording(seconds: float, tail: list[Window], full: int) -> None:
    assert windows_of(seconds, TINY, TAIL) == tail
    assert windows_of(seconds, TINY, None) == [Window(1500)] * full


def test_landmarks_are_rows_of_the_layers_alone() -> None:
    with_landmarks, longer = (encoder_work(TINY, INT8, window) for window in (Window(400, 40), Window(440)))
    convolutions_of_a_position = 2 * 240 * 384 + 1152 * 384
    assert longer.integer_macs - with_landmarks.integer_macs == 40 * convolutions_of_a_position
    assert cross_work(TINY, INT8, Window(400, 40)) == cross_work(TINY, INT8, Window(440))


def test_the_floor_of_a_recording_is_the_sum_of_its_parts() -> None:
    floor = recording_floor(TINY, "int8", [Window(400)], 20, PEAKS)
    assert floor.encoder_s == encoder_work(TINY, INT8, Window(400)).seconds(PEAKS)
    assert floor.cross_s == cross_work(TINY, INT8, Window(400)).seconds(PEAKS)
    assert floor.vocabulary_s == pytest.approx(21 * vocabulary_bytes(TINY, INT8) / 40e9)
    steps = decoder_bytes(TINY, INT8, 400, 0) + sum(decoder_bytes(TINY, INT8, 400, 4 + i) for i in range(20))
    assert floor.decoder_s == pytest.approx(steps / 40e9)
    assert floor.total_s == pytest.approx(floor.encode_s + floor.decode_s)


def test_silence_still_costs_its_prompt() -> None:
    floor = recording_floor(TINY, "int8", [Window(400)], 0, PEAKS)
    assert floor.vocabulary_s == vocabulary_bytes(TINY, INT8) / 40e9
    assert floor.decoder_s == decoder_bytes(TINY, INT8, 400, 0) / 40e9


def test_tokens_are_spread_over_the_windows() -> None:
    one = recording_floor(TINY, "int8", [Window(1500)], 30, PEAKS)
    two = recording_floor(TINY, "int8", [Window(1500), Window(1500)], 60, PEAKS)
    assert two.total_s == pytest.approx(2 * one.total_s)


def test_the_better_of_two_measurements_counts() -> None:
    assert higher(PEAKS, Peaks(2, 210e9, 40e9, 40e9)) == Peaks(2, 210e9, 50e9, 40e9)
    assert peaks_line(PEAKS) == "int8 200 GMAC/s, float32 50 GMAC/s, read 40 GB/s"
