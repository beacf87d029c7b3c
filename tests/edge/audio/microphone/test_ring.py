"""Sound passes through a ring unchanged, however its blocks are cut, and what finds it full is counted."""

from __future__ import annotations

import threading

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.arrays import FloatArray
from edge.audio.microphone.ring import Ring


def numbered(start: int, end: int, n_channels: int = 2) -> FloatArray:
    return np.arange(start * n_channels, end * n_channels, dtype=np.float32).reshape(-1, n_channels)


@given(st.lists(st.one_of(st.integers(0, 30), st.just("read")), max_size=60))
@settings(deadline=None)
def test_whatever_goes_in_comes_out_or_is_counted(steps: list[int | str]) -> None:
    ring, n_in, n_out = Ring(50, 2, seconds=1), 0, 0
    for step in [*steps, "read", 1, "read"]:
        if isinstance(step, int):
            ring.write(numbered(n_in, n_in + step), n_in / 50, overflowed=step == 7)
            n_in += step
            continue
        for block in ring.read():
            n_out += block.n_dropped
            np.testing.assert_array_equal(block.samples, numbered(n_out, n_out + len(block.samples)))
            assert block.time_s == n_out / 50
            assert block.overflowed == (len(block.samples) == 7)
            n_out += len(block.samples)
    assert n_out == n_in


def test_more_blocks_than_there_is_room_for_are_counted() -> None:
    ring = Ring(16000, 1, seconds=0.01)  # 4 blocks, 160 frames
    for number in range(6):
        ring.write(numbered(number, number + 1, 1), float(number), overflowed=False)
    assert [block.n_dropped for block in ring.read()] == [0] * 4
    ring.write(numbered(6, 7, 1), 6.0, overflowed=False)
    assert [(block.n_dropped, block.samples.item()) for block in ring.read()] == [(2, 6.0)]


def test_two_threads_may_use_it_at_once() -> None:
    ring, n_blocks = Ring(48000, 1, seconds=0.05), 4000

    def fill() -> None:
        for number in range(n_blocks):
            ring.write(numbered(number * 48, number * 48 + 48, 1), float(number), overflowed=False)

    writer = threading.Thread(target=fill)
    writer.start()
    n_out, is_over = 0, False
    while not is_over:
        is_over = not writer.is_alive()
        for block in ring.read():
            n_out += block.n_dropped
            np.testing.assert_array_equal(block.samples, numbered(n_out, n_out + 48, 1))
            n_out += 48
    writer.join()
    ring.write(numbered(n_out, n_out, 1), 0.0, overflowed=False)
    n_out += sum(block.n_dropped for block in ring.read())
    assert n_out == n_blocks * 48
