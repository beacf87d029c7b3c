"""Calls of the compiled part in which one allocation fails, or all from it on; run with failing_memory.c preloaded.

python failing_memory.py CALL: lets the first, second, third … allocation of CALL fail until none is left to fail. After
each the model must be as it was: it is completed and run, and gives the bits of one to which nothing happened.
"""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import tiny_model as tiny

from edge import _kernels

MOST = 400
SHIM = ctypes.CDLL(None)


def watch() -> None:
    """Point the shim at the compiled part."""
    lines = [line for line in Path("/proc/self/maps").read_text().splitlines() if _kernels.__file__ in line]
    spans = [tuple(int(end, 16) for end in line.split()[0].split("-")) for line in lines]
    first, last = min(start for start, _ in spans), max(end for _, end in spans)
    SHIM.failing_watch(ctypes.c_size_t(first), ctypes.c_size_t(last))


def fails(call: Callable[[], object], n: int, *, forever: bool) -> bool:
    """Whether the call ran out of memory when allocation `n` failed."""
    SHIM.failing_arm(ctypes.c_long(n), int(forever))
    try:
        call()
    except MemoryError:
        return True
    finally:
        SHIM.failing_arm(ctypes.c_long(-1), 0)
    return False


def part(skip: str = "") -> _kernels.Model:
    """A model that lacks the weights of one linear."""
    model = _kernels.Model(tiny.DIMS, "ref", 2, True)
    tiny.fill(model, tiny.INT8, skip=(skip,))
    return model


def complete(model: _kernels.Model, name: str) -> bytes:
    """Give it what it lacks, and run it."""
    if name:
        tiny.fill(model, tiny.INT8, skip=tuple(other for other in tiny.linear_shapes() if other != name))
    return tiny.run(_kernels.State(model, 2))


def set_linear(model: _kernels.Model, name: str = "enc.fc1", kind: int = tiny.INT8) -> None:
    shape = tiny.linear_shapes()[name]
    model.set_linear(name, 0, 0, shape[0], kind, *tiny.rows(shape, kind, 5))


def set_tail(model: _kernels.Model) -> None:
    one = np.full(1, 9, np.int32)
    model.set_tail(1, one, one, 1, np.zeros(1, np.int32), np.ones(64, np.float32))


def decode(state: _kernels.State) -> None:
    logits = np.empty((1, 3, tiny.N_VOCAB), np.float32)
    state.rewind(0)
    state.decode(tiny.TOKENS, 1, 3, logits, False, np.empty((1, 0, 3, state.n_keys), np.float32))


CALLS: dict[str, tuple[str, Callable[[_kernels.Model], object]]] = {
    # name: the linear that the model lacks before the call, and the call
    "set_linear": ("enc.fc1", set_linear),
    "set_linear_f32": ("enc.fc1", lambda model: set_linear(model, kind=tiny.F32)),
    "shape_layer": ("", lambda model: model.shape_layer(0, (32, 128, 32, 32, 32))),
    "split_vocabulary": ("", lambda model: model.split_vocabulary(16, 32)),
    "set_alignment_heads": ("", lambda model: model.set_alignment_heads(np.zeros(2, np.int32), 1)),
    "set_tail": ("", set_tail),
    "new_state": ("", lambda model: _kernels.State(model, 3)),
    "encode": ("", lambda model: _kernels.State(model, 1).encode(tiny.mel(), 20, np.empty((2, 10, 64), np.float32))),
    "decode": ("", lambda model: decode(tiny.new_state(model))),
    "new_model": ("", lambda model: _kernels.Model(tiny.DIMS, "ref", 3, True)),
    "measure_product": ("", lambda model: _kernels.measure_product("ref", 0, 50, 64, 64, 2, 0.0)),
    "measure_peak": ("", lambda model: _kernels.measure_peak("ref", 0, 2, 0.0, bytes(64))),
    "gguf_parse": ("", lambda model: _kernels.gguf_parse(b"GGUF" + bytes([3, *[0] * 19]))),
}


def in_child(state: _kernels.State, expected: bytes) -> int:
    """How many of the attempts in a forked child, which may not have threads, gave other bits."""
    child = os.fork()
    if child == 0:
        SHIM.failing_arm(ctypes.c_long(0), 1)
        wrong = 0
        for _ in range(3):
            logits = np.empty((1, 3, tiny.N_VOCAB), np.float32)
            try:
                state.encode(tiny.mel(), 20, None)
            except MemoryError:
                wrong += 1
            SHIM.failing_arm(ctypes.c_long(-1), 0)
            state.decode(tiny.TOKENS, 1, 3, logits, False, None)
            wrong += logits.tobytes() != expected
        os._exit(wrong)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def main(name: str) -> None:
    watch()
    expected = complete(part(), "")
    if name == "fork":
        state = _kernels.State(part(), 1)
        tiny.run(state)
        print("1 failed, wrong:", in_child(state, expected))
        return
    lacks, call = CALLS[name]
    for forever in (False, True):
        n = 0
        while n < MOST:
            model = part(lacks)
            if not fails(partial(call, model), n, forever=forever):
                break
            if complete(model, lacks) != expected:
                sys.exit(f"{name}: other bits after allocation {n} failed")
            n += 1
        print(f"{n} failed", end=", " if not forever else "\n")


main(sys.argv[1])
