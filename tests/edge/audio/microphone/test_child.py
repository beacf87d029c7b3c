"""Sound passes through the ring unchanged, however its blocks are cut, and what finds it full is counted."""

from __future__ import annotations

import threading
from array import array
from collections.abc import Iterator

from hypothesis import given, settings
from hypothesis import strategies as st

from edge.audio.microphone.child import BLOCK_HEAD, Ring

FRAME_BYTES = 8


def numbered(start: int, end: int) -> memoryview:
    """Frames of two channels, each of which holds its number."""
    return memoryview(array("f", [number for frame in range(start, end) for number in (frame, -frame)])).cast("B")


def blocks_of(ring: Ring) -> Iterator[tuple[float, int, int, bool, bytes]]:
    for block in ring.read():
        time_s, n_frames, n_dropped, overflowed = BLOCK_HEAD.unpack_from(block)
        yield time_s, n_frames, n_dropped, overflowed, block[BLOCK_HEAD.size :]


@given(st.lists(st.one_of(st.integers(0, 30), st.just("read")), max_size=60))
@settings(deadline=None)
def test_whatever_goes_in_comes_out_or_is_counted(steps: list[int | str]) -> None:
    ring, n_in, n_out = Ring(50, FRAME_BYTES, 20), 0, 0
    for step in [*steps, "read", 1, "read"]:
        if isinstance(step, int):
            ring.write(numbered(n_in, n_in + step), step, n_in / 50, overflowed=step == 7)
            n_in += step
            continue
        for time_s, n_frames, n_dropped, overflowed, frames in blocks_of(ring):
            n_out += n_dropped
            assert frames == numbered(n_out, n_out + n_frames)
            assert time_s == n_out / 50
            assert overflowed == (n_frames == 7)
            n_out += n_frames
    assert n_out == n_in


def test_more_blocks_than_there_is_room_for_are_counted() -> None:
    ring = Ring(160, FRAME_BYTES, 4)
    for number in range(6):
        ring.write(numbered(number, number + 1), 1, float(number), overflowed=False)
    assert [n_dropped for _, _, n_dropped, _, _ in blocks_of(ring)] == [0] * 4
    ring.write(numbered(6, 7), 1, 6.0, overflowed=False)
    assert [(time_s, n_dropped) for time_s, _, n_dropped, _, _ in blocks_of(ring)] == [(6.0, 2)]


def test_two_threads_may_use_it_at_once() -> None:
    ring, n_blocks = Ring(2400, FRAME_BYTES, 20), 4000

    def fill() -> None:
        for number in range(n_blocks):
            ring.write(numbered(number * 48, number * 48 + 48), 48, float(number), overflowed=False)

    writer = threading.Thread(target=fill)
    writer.start()
    n_out, is_over = 0, False
    while not is_over:
        is_over = not writer.is_alive()
        for _, n_frames, n_dropped, _, frames in blocks_of(ring):
            n_out += n_dropped
            assert frames == numbered(n_out, n_out + n_frames)
            n_out += n_frames
    writer.join()
    ring.write(numbered(0, 0), 0, 0.0, overflowed=False)
    n_out += sum(n_dropped for _, _, n_dropped, _, _ in blocks_of(ring))
    assert n_out == n_blocks * 48
