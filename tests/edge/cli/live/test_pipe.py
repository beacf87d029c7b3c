"""A pipe that can be left."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Iterator

import pytest

from edge.cli.live.pipe import StoppablePipe
from edge.cli.stops import Stop

pytestmark = pytest.mark.skipif(os.name != "posix", reason="waits for pipes")


@pytest.fixture
def stop() -> Iterator[Stop]:
    stop = Stop()
    yield stop
    stop.close()


@pytest.fixture
def ends() -> Iterator[tuple[int, int]]:
    """The end to read from and the end to write to."""
    reading, writing = os.pipe()
    yield reading, writing
    os.close(reading)
    os.close(writing)


def test_it_gives_what_is_there(stop: Stop, ends: tuple[int, int]) -> None:
    pipe = StoppablePipe(ends[0], "x", stop)
    os.write(ends[1], b"one")
    assert pipe.read(10) == b"one"
    os.write(ends[1], b"three")
    assert pipe.read(2) == b"th"
    assert (pipe.name, pipe.fileno()) == ("x", ends[0])


def test_it_ends_while_it_waits(stop: Stop, ends: tuple[int, int]) -> None:
    threading.Timer(0.05, stop.ask).start()
    began = time.monotonic()
    assert StoppablePipe(ends[0], "x", stop).read(10) == b""
    assert 0.04 < time.monotonic() - began < 5


def test_what_is_in_it_is_read_to_the_end_first(stop: Stop, ends: tuple[int, int]) -> None:
    os.write(ends[1], b"one two")
    stop.ask()
    pipe = StoppablePipe(ends[0], "x", stop)
    assert [pipe.read(4), pipe.read(4), pipe.read(4)] == [b"one ", b"two", b""]


def test_a_pipe_that_is_always_full_ends_all_the_same(stop: Stop) -> None:
    descriptor = os.open("/dev/zero", os.O_RDONLY)
    stop.ask()
    pipe = StoppablePipe(descriptor, "x", stop)
    n_bytes = sum(len(data) for data in iter(lambda: pipe.read(1000), b""))
    os.close(descriptor)
    assert 65536 <= n_bytes < 67000


@pytest.mark.skipif(sys.platform != "linux", reason="needs pipes that can be made to hold more")
def test_who_sends_need_not_wait_for_words(stop: Stop, ends: tuple[int, int]) -> None:
    pipe = StoppablePipe(ends[0], "x", stop)
    os.set_blocking(ends[1], False)
    n_held = os.write(ends[1], bytes(1 << 20))
    if n_held < 1 << 20:
        pytest.skip("this system has no more for a pipe of ours")
    stop.ask()
    assert sum(len(data) for data in iter(lambda: pipe.read(1 << 16), b"")) == n_held


def test_one_that_does_not_block_is_waited_for(stop: Stop, ends: tuple[int, int]) -> None:
    os.set_blocking(ends[0], False)
    threading.Timer(0.05, lambda: os.write(ends[1], b"one")).start()
    assert StoppablePipe(ends[0], "x", stop).read(10) == b"one"
