"""Random misuse of the compiled part: python misuse.py SECONDS [--seed N] [--threads N] [--calls N].

Meant to run under a sanitizer (run.sh), and worth running without.

Calls are made as they should be, and then spoiled: arguments are exchanged for odd numbers, for buffers of other kinds
and sizes, for objects that run code when they are looked at (which calls again, resizes arrays that are lent, throws
models and states away). With several threads, all share their models, states and arrays. What must hold: no sanitizer
speaks, exceptions are of the documented kinds, every call succeeds now and then, and a model that nobody touches gives
the same bits at the end.
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import gc
import mmap
import random
import struct
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import tiny_model as tiny
from language_calls import LanguageCalls

from edge import _kernels

DOCUMENTED = (TypeError, ValueError, RuntimeError, OverflowError, MemoryError, BufferError)
LEVELS = [name for name, runs in _kernels.cpu_levels() if runs]
ODD_NUMBERS: list[object] = [
    0,
    1,
    -1,
    2,
    3,
    7,
    16,
    31,
    32,
    64,
    100,
    2**31 - 1,
    2**31,
    -(2**31),
    2**32,
    2**62,
    2**63 - 1,
    -(2**63),
]
ODD_NUMBERS += [2**63, 2**64, 2**70, True, 1.5, float("nan"), float("inf"), None, "1", "", b"x", (), [1] * 5]
FORMATS = ["f4", ">f4", "f8", "i4", ">i4", "i8", "u1", "i1", "?", "f2", "O", "S4", "V8", "M8[s]"]
ENOUGH = 2000  # calls that were done: among so many, each kind is
GGUF = struct.pack("<4sIQQ", b"GGUF", 3, 0, 1) + struct.pack("<Q4sIIQQ2sQ1s", 4, b"keys", 9, 8, 2, 2, b"ab", 1, b"c")
STRINGS = (len(GGUF) - 19, 19, 2)  # where the two strings of its array are

Call = tuple[Callable[..., object], list[Any]]


def measured_peak(level: Any, what: Any, threads: Any, buffer: Any) -> None:
    """Measure, but never for long: an odd number of seconds would only be waited for."""
    _kernels.measure_peak(level, what, threads, 1e-6, buffer)


def measured_product(level: Any, what: Any, m: Any, n: Any, k: Any, threads: Any) -> None:
    """Measure, as shortly."""
    _kernels.measure_product(level, what, m, n, k, threads, 0.0)


@dataclass(frozen=True, slots=True)
class Held:
    """A model, or a state of it, and its sizes."""

    object: Any
    dims: tiny.Dims
    n_beams: int = 0
    n_heads: int = 0
    model: Any = None


class Trap:
    """A number, a truth value and, where Python knows that, a buffer: each runs code before it answers."""

    def __init__(self, code: Callable[[], object], given: Any = 1) -> None:
        self.code, self.given = code, given

    def __index__(self) -> int:
        self.code()
        return self.given if isinstance(self.given, int) else 1

    def __bool__(self) -> bool:
        self.code()
        return True

    def __float__(self) -> float:
        self.code()
        return 0.0

    def __buffer__(self, flags: int) -> memoryview:
        self.code()
        return memoryview(self.given)

    def __release_buffer__(self, view: memoryview) -> None:
        self.code()


class Attacker(LanguageCalls):
    """One thread's calls, and the objects that all threads share."""

    def __init__(self, seed: int, is_alone: bool, models: list[Held], states: list[Held], arrays: list[Any]) -> None:
        self.rng = random.Random(seed)
        self.is_alone = is_alone
        self.models, self.states, self.arrays = models, states, arrays
        self.done: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        self.depth = 0

    # --- what is handed over ---

    def numbers(self, dtype: str, *shape: int) -> np.ndarray[Any, Any]:
        """An array that other calls and threads may resize while it is lent."""
        kind, n = np.dtype(dtype), int(np.prod(shape))
        if kind.kind == "f":
            values = np.frombuffer(self.rng.randbytes(n), np.uint8).astype(dtype) / 64 - 2
            if self.rng.random() < 0.05:
                values = np.full(n, self.rng.choice([np.nan, np.inf, 3e38, 1e-42]), dtype)
        else:
            values = np.frombuffer(self.rng.randbytes(n * kind.itemsize), dtype).copy()
        if self.rng.random() < 0.3:
            self.arrays.append(values)
            del self.arrays[:-8]
        return values

    def ids(self, n: int, below: int) -> np.ndarray[Any, Any]:
        values = np.array([self.rng.randrange(below) for _ in range(n)], np.int32)
        if n and self.rng.random() < 0.05:
            values[self.rng.randrange(n)] = self.rng.choice([below, -1, 2**31 - 1, -(2**31)])
        return values

    def odd_buffer(self) -> Any:
        n = self.rng.choice([0, 1, 4, 7, 64, 256, 1024, self.rng.randrange(20000)])
        memory = bytearray(self.rng.randbytes(n + 8))
        released = memoryview(memory)
        released.release()
        choices: list[Callable[[], Any]] = [
            lambda: np.zeros(n // 8, self.rng.choice(FORMATS)),
            lambda: np.zeros((max(n // 16, 1), 4), np.float32, order="F"),
            lambda: np.zeros(n, np.uint8)[:: self.rng.choice([2, -1])],
            lambda: memoryview(memory)[self.rng.randrange(4) :],
            lambda: released,
            lambda: bytes(memory),
            lambda: (ctypes.c_char * max(n, 1))(),
            lambda: mmap.mmap(-1, max(n, 1)),
            lambda: np.float32(n),
            lambda: self.rng.choice(self.states).object if self.states else None,
            lambda: "text",
            lambda: None,
            object,
        ]
        return self.rng.choice(choices)()

    def disguised(self, good: Any) -> Any:
        """The same bytes as another object."""
        raw = np.ascontiguousarray(good).tobytes()
        choices: list[Callable[[], Any]] = [
            lambda: bytearray(raw),
            lambda: memoryview(bytearray(raw + b"\0" * 4))[: len(raw)],
            lambda: memoryview(bytearray(b"\0" + raw))[1:],
            lambda: Trap(self.mischief, good),
            # Not by numpy, which copies without the GIL: a thread that resizes the array would race with that.
            lambda: np.frombuffer(raw + raw[: good.itemsize], good.dtype).copy(),
            lambda: good[:-1],
        ]
        return self.rng.choice(choices)()

    def mischief(self) -> None:
        """What nobody expects in the middle of a call."""
        if self.depth > 3:
            return
        self.depth += 1
        with contextlib.suppress(*DOCUMENTED, IndexError):
            acts: list[Callable[[], object]] = [self.attack, self.attack, self.resize, self.drop_model]
            acts += [self.states.clear, lambda: gc.collect(0)]
            self.rng.choice(acts)()
        self.depth -= 1

    def resize(self) -> None:
        values = self.rng.choice(self.arrays)
        size = values.size
        values.resize(self.rng.choice([0, 1, size // 2, 2 * size]), refcheck=False)
        values.resize(size, refcheck=False)

    def drop_model(self) -> None:
        del self.models[self.rng.randrange(len(self.models))]

    # --- calls as they should be ---

    def new_model(self) -> Call:
        width = self.rng.choice([64, 64, 128])
        small = self.rng.choice([1, 3, 40]), self.rng.choice([17, 33, 100]), self.rng.choice([1, 7, 30])
        heads, text = width // 64, self.rng.choice([1, 4, 60])
        dims = (*small, width, heads, self.rng.choice([1, 2]), text, width, heads, 1)

        def make(*arguments: Any) -> None:
            model = _kernels.Model(*arguments)
            kind = self.rng.choice([tiny.F32, tiny.INT8, tiny.INT4])
            if self.rng.random() < 0.8:
                with contextlib.suppress(*DOCUMENTED):
                    tiny.fill(model, kind, dims)
            n = self.rng.choice([0, 1])
            model.set_alignment_heads(np.zeros(2 * n, np.int32), n)
            self.models.append(Held(model, dims, n_heads=n))
            del self.models[:-4]

        return make, [dims, self.rng.choice(LEVELS), self.rng.choice([1, 2, 3]), self.rng.random() < 0.5]

    def new_state(self) -> Call:
        held = self.rng.choice(self.models)

        def make(model: Any, n_beams: Any) -> None:
            state = _kernels.State(model, n_beams)
            n = n_beams if isinstance(n_beams, int) else 1
            self.states.append(Held(state, held.dims, n, held.n_heads, model))
            del self.states[:-6]

        return make, [held.object, self.rng.choice([1, 2, 5, 32])]

    def shape_layer(self) -> Call:
        held = self.rng.choice(self.models)
        ranks = [self.rng.choice([0, 0, 32, 64]) for _ in range(3)]
        return held.object.shape_layer, [0, (self.rng.choice([16, 48, 64]), self.rng.choice([32, 256]), *ranks)]

    def split_vocabulary(self) -> Call:
        return self.rng.choice(self.models).object.split_vocabulary, [16, self.rng.choice([16, 32])]

    def set_linear(self) -> Call:
        held = self.rng.choice(self.models)
        name, shape = self.rng.choice(list(tiny.linear_shapes(held.dims).items()))
        kind = tiny.best_kind(shape, self.rng.choice([tiny.F32, tiny.INT8, tiny.INT4]))
        weights, scales = tiny.rows(shape, kind, self.rng.randrange(99))
        if self.rng.random() < 0.2:
            name += self.rng.choice([".down", ".next", ".next.next", ".", ".nex", ".down.next"])
        return held.object.set_linear, [name, 0, 0, shape[0], kind, weights, scales]

    def set_floats(self) -> Call:
        held = self.rng.choice(self.models)
        width = held.dims[3]
        stems = ["enc.norm", "dec.norm_cross", "enc.qkv", "dec.fc2", "dec.channels", "enc.positions"]
        name = self.rng.choice(stems) + self.rng.choice(["", ".weight", ".bias", ".bias", ".bias.bias"])
        return held.object.set_floats, [name, 0, 0, width, self.numbers("f4", width)]

    def set_alignment_heads(self) -> Call:
        held = self.rng.choice(self.models)
        return held.object.set_alignment_heads, [np.zeros(2 * held.n_heads, np.int32), held.n_heads]

    def set_tail(self) -> Call:
        held = self.rng.choice(self.models)
        n, n_local = min(2, held.dims[2]), self.rng.choice([0, 1])
        positions = np.array(sorted(self.rng.sample(range(held.dims[2]), n)), np.int32)
        arrays = np.ones(n, np.int32), n_local, np.zeros(n_local, np.int32), self.numbers("f4", n * n_local * 64)
        return held.object.set_tail, [n, positions, *arrays]

    def encode(self) -> Call:
        held = self.rng.choice(self.states)
        n = 2 * self.rng.randint(1, held.dims[2])
        hidden = self.numbers("f4", (held.dims[5] + 1) * (n // 2) * held.dims[3]) if self.rng.random() < 0.3 else None
        return held.object.encode, [self.numbers("f4", n * held.dims[0]), n, hidden]

    def decode(self) -> Call:
        held = self.rng.choice(self.states)
        return held.object.decode, self.decoding(held)

    def decode_all(self) -> Call:
        first = self.rng.choice(self.states)
        others = [held for held in self.states if held.model is first.model or self.rng.random() < 0.1]
        chosen = [first, *self.rng.sample(others, self.rng.randint(0, len(others)))]
        chosen = list({id(held.object): held for held in chosen}.values()) if self.rng.random() < 0.9 else chosen
        pairs: list[Any] = [(held.object, tuple(self.decoding(held))) for held in chosen]
        if self.rng.random() < 0.3:
            at = self.rng.randrange(len(pairs))
            state, arguments = pairs[at][0], list(pairs[at][1])
            spoiled = self.rng.randrange(len(arguments) + 1)
            if spoiled < len(arguments):
                arguments[spoiled] = self.spoil(arguments[spoiled])
                pairs[at] = state, tuple(arguments)
            else:
                pairs[at] = self.rng.choice([(state,), [state, tuple(arguments)], (state, arguments), state, ()])
        return _kernels.State.decode_all, [self.rng.choice([pairs, tuple(pairs), iter(pairs), pairs * 65])]

    def decoding(self, held: Held) -> list[Any]:
        """Arguments of decode."""
        n_beams, n, is_last = self.rng.randint(1, held.n_beams), self.rng.randint(1, 3), self.rng.random() < 0.7
        logits = self.numbers("f4", n_beams * (1 if is_last else n) * held.dims[1])
        asks = self.rng.random() < 0.4
        alignment = self.numbers("f4", n_beams * held.n_heads * n * held.object.n_keys) if asks else None
        if self.rng.random() < 0.5:
            held.object.rewind(0)
        shown = None if is_last and self.rng.random() < 0.3 else logits
        return [self.ids(n_beams * n, held.dims[1]), n_beams, n, shown, is_last, alignment]

    def rewind(self) -> Call:
        state = self.rng.choice(self.states).object
        return state.rewind, [self.rng.randint(0, state.n_past)]

    def reorder(self) -> Call:
        held = self.rng.choice(self.states)
        n = self.rng.randint(1, held.n_beams)
        return held.object.reorder, [self.ids(n, held.n_beams), n]

    def read_encoder(self) -> Call:
        held = self.rng.choice(self.states)
        return held.object.read_encoder, [self.numbers("f4", held.object.n_ctx * held.dims[3])]

    def view(self) -> Call:
        # What a state shows changes with its next step: who reads it meanwhile gets wrong numbers, and nothing worse.
        most = 4096 if self.is_alone else 0
        return lambda state: sum(memoryview(state)[:most]), [self.rng.choice(self.states).object]

    def gguf_parse(self) -> Call:
        data = bytearray(GGUF)
        if self.rng.random() < 0.5:
            data[self.rng.randrange(len(data))] = self.rng.randrange(256)
        return _kernels.gguf_parse, [np.frombuffer(data, np.uint8).copy()]

    def gguf_strings(self) -> Call:
        return _kernels.gguf_strings, [np.frombuffer(GGUF, np.uint8).copy(), *STRINGS]

    def pack(self) -> Call:
        n, k = self.rng.choice([1, 5, 16, 33]), self.rng.choice([32, 64])
        tiles = -(-n // 16) * 16
        if self.rng.random() < 0.3:
            scales = self.numbers("f4", tiles * (k // 32))
            return _kernels.pack_q4, [
                self.numbers("u1", n * k // 32 * 18),
                n,
                k,
                self.numbers("u1", tiles * k // 2),
                scales,
            ]
        kind, function = self.rng.choice([("f4", _kernels.pack_f32), ("i1", _kernels.pack_q8)])
        return function, [self.numbers(kind, n * k), n, k, self.numbers(kind, tiles * k)]

    def quantize(self) -> Call:
        m, k = self.rng.choice([1, 3, 17]), self.rng.choice([1, 33, 64, 100])
        outputs = self.numbers("i1", m * -(-k // 64) * 64), self.numbers("f4", m), self.numbers("i4", m)
        return _kernels.quantize_rows, [self.rng.choice(LEVELS), self.numbers("f4", m * k), m, k, *outputs]

    def sum_exp(self) -> Call:
        n = self.rng.choice([1, 5, 16, 100])
        return _kernels.sum_exp, [self.rng.choice(LEVELS), self.numbers("f4", n), n, 2.0]

    def log_mel(self) -> Call:
        n, m = self.rng.choice([1, 4, 7]), self.rng.choice([1, 3])
        bounds = [[self.rng.randrange(100) for _ in range(m)], [self.rng.randrange(100, 202) for _ in range(m)]]
        filters, frames = self.numbers("f4", m * 201), self.numbers("f4", n * m)
        samples = self.numbers("f4", 160 * (n - 1) + 400)
        return _kernels.log_mel, [self.rng.choice(LEVELS), samples, n, np.array(bounds, np.int32), filters, m, frames]

    def measure(self) -> Call:
        level, threads = self.rng.choice(LEVELS), self.rng.choice([1, 2])
        if self.rng.random() < 0.5:
            return measured_peak, [level, 2, threads, self.numbers("u1", 4096)]
        sizes = [self.rng.choice([1, 33, 64]) for _ in range(3)]
        return measured_product, [level, self.rng.randrange(5), *sizes, threads]

    OPERATIONS = (
        *("new_model", "new_state", "shape_layer", "split_vocabulary", "set_linear", "set_floats"),
        *("set_alignment_heads", "set_tail", "encode", "encode", "encode", "decode", "decode", "decode", "decode"),
        *("decode_all", "decode_all", "decode_all"),
        *("rewind", "reorder", "reorder", "read_encoder", "view", "gguf_parse", "gguf_strings", "pack", "quantize"),
        *("sum_exp", "log_mel", "measure"),
        *LanguageCalls.LANGUAGE_OPERATIONS,
    )

    # --- and spoiled ---

    def spoil(self, argument: Any) -> Any:
        is_buffer = isinstance(argument, np.ndarray)
        if self.rng.random() < (0.3 if is_buffer else 0.5) or isinstance(argument, str):
            return self.rng.choice([*ODD_NUMBERS, self.odd_buffer()])
        if is_buffer:
            return self.disguised(argument) if self.rng.random() < 0.7 else self.odd_buffer()
        return Trap(self.mischief, argument if isinstance(argument, int) else 1)

    def attack(self) -> None:
        """Make one call, spoiled or not."""
        name = self.rng.choice(self.OPERATIONS)
        try:
            call, arguments = getattr(self, name)()
            if self.rng.random() < 0.6:
                at = self.rng.randrange(len(arguments))
                arguments[at] = self.spoil(arguments[at])
            call(*arguments)
        except DOCUMENTED as error:
            self.refused[type(error).__name__] += 1
        except IndexError:  # nothing there to choose from
            self.models or self.new_model()[0](*self.new_model()[1])
            self.llamas or self.new_llama()[0](*self.new_llama()[1])
        else:
            self.done[name] += 1


def main() -> None:
    """Attack for a while, in one thread or several."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("seconds", type=float)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--calls", type=int, default=sys.maxsize, help="of a thread, if the time suffices")
    options = parser.parse_args()
    untouched = _kernels.State(tiny.new_model(tiny.INT8, level=_kernels.best_cpu_level()), 1)
    expected, until = tiny.run(untouched), time.monotonic() + options.seconds
    shared: tuple[list[Any], list[Any], list[Any]] = ([], [], [])
    attackers = [
        Attacker(options.seed * 1000 + number, options.threads == 1, *shared) for number in range(options.threads)
    ]
    failures: list[BaseException] = []

    def work(attacker: Attacker) -> None:
        try:
            for _ in range(options.calls):
                if failures or time.monotonic() > until:
                    break
                attacker.attack()
        except BaseException as error:
            failures.append(error)

    sys.unraisablehook = lambda unraisable: failures.append(unraisable.exc_value or SystemError(unraisable.err_msg))
    threads = [threading.Thread(target=work, args=(attacker,)) for attacker in attackers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
    done = sum((attacker.done for attacker in attackers), Counter())
    refused = sum((attacker.refused for attacker in attackers), Counter())
    print(f"misuse: {done.total() + refused.total()} calls, done {dict(done)}, refused {dict(refused)}")
    missing = set(Attacker.OPERATIONS) - set(done)
    if missing and done.total() > ENOUGH and options.threads == 1:  # threads that share everything leave it to chance
        sys.exit(f"misuse: calls that never succeeded: {sorted(missing)}")
    if tiny.run(untouched) != expected:
        sys.exit("misuse: a model that nobody touched gives other bits")


main()
