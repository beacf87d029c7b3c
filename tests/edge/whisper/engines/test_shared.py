"""Sessions of many threads on one engine: the same bits as alone, urgent ones first, none waits for ever."""

from __future__ import annotations

import gc
import threading
import time
import weakref
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial

import numpy as np
import pytest
from numpy.typing import NDArray

from edge.errors import BusyError, CancelledError, KernelError
from edge.whisper.engines import native
from edge.whisper.engines.native import Call, EngineState, WhisperEngine
from edge.whisper.engines.protocol import State
from edge.whisper.engines.shared import Scheduler, SharedState

from .random_whisper import DIMS, engine, mel

PATIENCE_S = 30


@pytest.fixture(scope="module")
def model() -> WhisperEngine:
    return engine("int8", threads=2)


def search(state: State, seed: int) -> bytes:
    """A clip, a prompt, and as many steps as there is room for, each token the likeliest."""
    state.encode(mel(20 + 2 * seed, seed))
    logits = state.decode(np.array([[seed, 1, 2]], np.int32), last_only=False)
    said = logits.tobytes()
    while state.n_past < DIMS.n_text_ctx:
        logits = state.decode(logits[:, -1:].argmax(-1).astype(np.int32), alignment=True)
        said += logits.tobytes() + state.alignment().tobytes()
    return said


def until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < end, "it never came true"
        time.sleep(0.001)


def is_waiting(scheduler: Scheduler, n: int) -> bool:
    return len(scheduler._waiting) == n


class Gate:
    """Holds up the engine in its first call, and keeps the order in which states were served."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.began, self.opened = threading.Event(), threading.Event()
        self.served: list[list[EngineState]] = []
        decode_all = native.decode_all

        def gated(calls: list[Call]) -> list[NDArray[np.float32]]:
            self.served.append([call.state for call in calls])
            self.began.set()
            assert self.opened.wait(PATIENCE_S)
            return decode_all(calls)

        monkeypatch.setattr(native, "decode_all", gated)


def encoded(model: WhisperEngine, scheduler: Scheduler, *, is_urgent: bool = False) -> tuple[EngineState, SharedState]:
    state = model.new_state()
    state.encode(mel(20))
    return state, SharedState(state, scheduler, is_urgent=is_urgent)


ONE_TOKEN = np.array([[1]], np.int32)


def test_each_gets_what_it_gets_alone(model: WhisperEngine) -> None:
    expected = [search(model.new_state(), seed) for seed in range(12)]
    scheduler = Scheduler()

    def job(seed: int) -> bytes:
        return search(SharedState(model.new_state(), scheduler, is_urgent=seed % 3 == 0), seed)

    with ThreadPoolExecutor(12) as pool:
        assert list(pool.map(job, range(12))) == expected
    assert scheduler.n_steps < scheduler.n_calls


def test_who_waits_is_served_together_and_urgent_ones_first(
    model: WhisperEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    scheduler, gate = Scheduler(), Gate(monkeypatch)
    states = [encoded(model, scheduler, is_urgent=number == 3) for number in range(4)]
    with ThreadPoolExecutor(4) as pool:
        results: list[Future[NDArray[np.float32]]] = []
        for number, (_, state) in enumerate(states):
            results.append(pool.submit(state.decode, ONE_TOKEN))
            assert gate.began.wait(PATIENCE_S)
            until(partial(is_waiting, scheduler, number))
        gate.opened.set()
        assert len({result.result(PATIENCE_S).tobytes() for result in results}) == 1
    alone, together = gate.served
    assert alone == [states[0][0]]
    assert together == [states[3][0], states[1][0], states[2][0]]


def test_a_cancelled_session_stops_and_the_others_go_on(model: WhisperEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    scheduler, gate = Scheduler(), Gate(monkeypatch)
    (_, first), (_, second), (_, third) = (encoded(model, scheduler) for _ in range(3))
    with ThreadPoolExecutor(3) as pool:
        running = pool.submit(first.decode, ONE_TOKEN)
        assert gate.began.wait(PATIENCE_S)
        waiting = [pool.submit(state.decode, ONE_TOKEN) for state in (second, third)]
        until(partial(is_waiting, scheduler, 2))
        second.cancel()
        with pytest.raises(CancelledError):
            waiting[0].result(PATIENCE_S)
        first.cancel()  # what runs is run to its end
        gate.opened.set()
        running.result(PATIENCE_S)
        waiting[1].result(PATIENCE_S)
        with pytest.raises(CancelledError):
            first.decode(ONE_TOKEN)


def test_a_wrong_call_fails_alone(model: WhisperEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    scheduler, gate = Scheduler(), Gate(monkeypatch)
    states = [encoded(model, scheduler)[1] for _ in range(3)]
    tokens = [ONE_TOKEN, ONE_TOKEN, ONE_TOKEN + DIMS.n_vocab]
    with ThreadPoolExecutor(3) as pool:
        first = pool.submit(states[0].decode, tokens[0])
        assert gate.began.wait(PATIENCE_S)
        others = [pool.submit(state.decode, ids) for state, ids in zip(states[1:], tokens[1:], strict=True)]
        until(partial(is_waiting, scheduler, 2))
        gate.opened.set()
        assert first.result(PATIENCE_S).tobytes() == others[0].result(PATIENCE_S).tobytes()
        with pytest.raises(KernelError, match="is not below"):
            others[1].result(PATIENCE_S)


def test_an_interrupted_thread_leaves_nobody_waiting(model: WhisperEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    scheduler, gate = Scheduler(), Gate(monkeypatch)
    states = [encoded(model, scheduler)[1] for _ in range(3)]
    interrupted = [True]
    gated = native.decode_all

    def interrupt(calls: list[Call]) -> list[NDArray[np.float32]]:
        found = gated(calls)
        if interrupted.pop() if interrupted else False:
            raise KeyboardInterrupt
        return found

    monkeypatch.setattr(native, "decode_all", interrupt)
    with ThreadPoolExecutor(3) as pool:
        first = pool.submit(states[0].decode, ONE_TOKEN)
        assert gate.began.wait(PATIENCE_S)
        others = [pool.submit(state.decode, ONE_TOKEN) for state in states[1:]]
        until(partial(is_waiting, scheduler, 2))
        gate.opened.set()
        with pytest.raises(KeyboardInterrupt):
            first.result(PATIENCE_S)
        assert len({other.result(PATIENCE_S).tobytes() for other in others}) == 1


def test_there_is_room_for_so_many(model: WhisperEngine) -> None:
    scheduler = Scheduler(most_sessions=2)
    first = SharedState(model.new_state(), scheduler)
    second = SharedState(model.new_state(), scheduler)
    with pytest.raises(BusyError, match="2 sessions use this model already"):
        SharedState(model.new_state(), scheduler)
    first.leave()
    third = SharedState(model.new_state(), scheduler)
    del second  # as after an error: nobody said goodbye
    gc.collect()
    assert SharedState(model.new_state(), scheduler) is not third


def test_a_state_that_left_keeps_no_memory(model: WhisperEngine) -> None:
    """A session and its parts know each other, and live on until Python looks for circles."""
    own = model.new_state(1)
    gone = weakref.ref(own)
    shared = SharedState(own, Scheduler())
    shared.leave()
    shared.leave()
    del own
    assert gone() is None
