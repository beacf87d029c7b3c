"""Several states in one decode: each gets what it gets alone, to the last bit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from edge.errors import KernelError
from edge.ops import cpu_info
from edge.whisper.engines.native import MOST_CALLS, Call, EngineState, WhisperEngine, decode_all

from .random_whisper import DIMS, HEADS, engine, mel

ENGINES: dict[tuple[str, str, int], WhisperEngine] = {}


@dataclass
class Twins:
    """A state that decodes together with others, and one that does the same alone."""

    together: EngineState
    alone: EngineState

    def advance(self, parents: list[int]) -> None:
        for state in (self.together, self.alone):
            state.reorder(np.array(parents, np.int32))


def engine_of(precision: str, level: str, threads: int, monkeypatch: pytest.MonkeyPatch) -> WhisperEngine:
    if (precision, level, threads) not in ENGINES:
        monkeypatch.setenv("EDGE_CPU", level)
        ENGINES[precision, level, threads] = engine(precision, threads=threads)
    return ENGINES[precision, level, threads]


def twins(model: WhisperEngine, n_beams: int, n_frames: int, seed: int) -> Twins:
    made = Twins(model.new_state(n_beams), model.new_state(n_beams))
    for state in (made.together, made.alone):
        state.encode(mel(n_frames, seed))
    return made


def tokens(n_beams: int, n: int, seed: int) -> NDArray[np.int32]:
    return np.random.default_rng(seed).integers(0, DIMS.n_vocab, (n_beams, n)).astype(np.int32)


def check(calls: list[tuple[Twins, NDArray[np.int32], bool, bool]]) -> None:
    """Decode once together, and once each alone."""
    found = decode_all([Call(one.together, *rest) for one, rest in ((call[0], call[1:]) for call in calls)])
    for (one, ids, last_only, alignment), logits in zip(calls, found, strict=True):
        expected = one.alone.decode(ids, last_only=last_only, alignment=alignment)
        assert logits.tobytes() == expected.tobytes()
        assert one.together.n_past == one.alone.n_past
        if alignment:
            assert one.together.alignment().tobytes() == one.alone.alignment().tobytes()


@pytest.mark.parametrize("precision", ["f32", "int8", "int4"])
@pytest.mark.parametrize("threads", [1, 2, 3])
@pytest.mark.parametrize("level", cpu_info().supported)
def test_each_gets_what_it_gets_alone(
    precision: str, level: str, threads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Clips, positions, beams and questions of their own; states come and go between two decodes."""
    model = engine_of(precision, level, threads, monkeypatch)
    first, second, third = twins(model, 1, 50, 1), twins(model, 5, 32, 2), twins(model, 2, 14, 3)
    check([(first, tokens(1, 7, 1), False, False), (second, tokens(1, 3, 2), True, False)])
    second.advance([0, 0, 0, 0, 0])
    check(
        [
            (first, tokens(1, 1, 3), True, True),
            (third, tokens(2, 2, 4), True, False),
            (second, tokens(5, 1, 5), True, True),
        ]
    )
    second.advance([3, 3, 1, 0, 4])
    check([(second, tokens(5, 1, 6), True, False), (third, tokens(2, 1, 7), False, False)])
    check([(third, tokens(2, 1, 8), True, False), (first, tokens(1, 1, 9), True, False)])


@pytest.mark.parametrize("n_states", [8, 30])
def test_more_rows_than_a_run_holds(n_states: int, monkeypatch: pytest.MonkeyPatch) -> None:
    model = engine_of("int8", cpu_info().chosen, 2, monkeypatch)
    all_twins = [twins(model, 2, 20, seed) for seed in range(n_states)]
    check([(one, tokens(2, 4, seed), seed % 2 == 0, False) for seed, one in enumerate(all_twins)])
    check([(one, tokens(2, 1, seed), True, False) for seed, one in enumerate(all_twins)])


@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_any_calls(data: st.DataObject) -> None:
    model = ENGINES.setdefault(("int8", "", 2), engine("int8", threads=2))
    known = [twins(model, n_beams, 20, n_beams) for n_beams in (1, 2, 3, 4)]
    for seed in range(4):
        calls: list[Any] = []
        for one in data.draw(st.lists(st.sampled_from(known), min_size=1, max_size=4, unique_by=id)):
            left = DIMS.n_text_ctx - one.alone.n_past
            if left:
                n = data.draw(st.integers(1, left))
                calls.append(
                    (one, tokens(one.alone.n_beams, n, seed), data.draw(st.booleans()), data.draw(st.booleans()))
                )
        if calls:
            check(calls)


def test_wrong_calls_change_nothing() -> None:
    model, other = engine("int8"), engine("int8")
    one, two, foreign = twins(model, 1, 20, 1), twins(model, 1, 20, 2), twins(other, 1, 20, 2)
    right, unheard = Call(one.together, tokens(1, 2, 1)), Call(model.new_state(), tokens(1, 2, 1))
    for calls, message in (
        ([right, right], "one state a thread"),
        ([right, Call(foreign.together, tokens(1, 2, 1))], "states of one model"),
        ([right, unheard], "before encode"),
        ([right, Call(two.together, tokens(1, 2, 1) + DIMS.n_vocab)], "is not below"),
        ([right, Call(two.together, tokens(2, 2, 1))], "beams"),
        ([], "1 to 64 calls"),
        ([Call(model.new_state(), tokens(1, 1, 1)) for _ in range(MOST_CALLS + 1)], "1 to 64 calls"),
    ):
        with pytest.raises(KernelError, match=message):
            decode_all(calls)
        assert one.together.n_past == two.together.n_past == 0
    check([(one, tokens(1, 2, 1), False, bool(HEADS)), (two, tokens(1, 3, 1), True, False)])
