"""Calls of misuse.py for language models, as they should be."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import tiny_model as tiny

from edge import _kernels

Call = tuple[Callable[..., object], list[Any]]
Dims = tuple[int, int, int, int, int, int, int, bool]


@dataclass(frozen=True, slots=True)
class Llama:
    """A language model, or a text in progress of it, and its sizes."""

    object: Any
    dims: Dims
    capacity: int = 0


def linear_shapes(dims: Dims) -> dict[str, tuple[int, int]]:
    """Outputs and inputs of every linear."""
    n_vocab, _, width, _, n_head, n_kv, n_ffn, is_tied = dims
    q, kv = 64 * n_head, 64 * n_kv
    shapes = {"embedding": (n_vocab, width), "qkv": (q + 2 * kv, width), "out": (width, q)}
    shapes |= {"gate_up": (2 * n_ffn, width), "down": (width, n_ffn)}
    return shapes if is_tied else shapes | {"head": (n_vocab, width)}


class LanguageCalls:
    """Part of an attacker."""

    rng: random.Random
    llamas: list[Llama] = []  # noqa: RUF012 - all threads share them
    texts: list[Llama] = []  # noqa: RUF012

    LANGUAGE_OPERATIONS = (
        *("new_llama", "new_text", "new_text", "fill_llama"),
        *("read_text", "read_text", "score_text", "rewind_text", "drop_text", "view_text"),
    )

    def new_llama(self) -> Call:
        """Make one, and mostly fill it."""
        n_kv = self.rng.choice([1, 2])
        dims = (self.rng.choice([17, 33]), self.rng.choice([1, 5, 40]), 64, self.rng.choice([1, 2]))
        whole = (*dims, n_kv * self.rng.choice([1, 2]), n_kv, self.rng.choice([32, 96]), self.rng.random() < 0.5)

        def make(*arguments: Any) -> None:
            model = _kernels.Llama(*arguments)
            kind = self.rng.choice([tiny.F32, tiny.INT8, tiny.INT4])
            with contextlib.suppress(ValueError):  # of other sizes than were meant
                for seed, (name, shape) in enumerate(linear_shapes(whole).items()):
                    for layer in range(1 if name in ("embedding", "head") else whole[3]):
                        model.set_linear(name, layer, 0, shape[0], kind, *tiny.rows(shape, kind, seed))
            self.llamas.append(Llama(model, whole))
            del self.llamas[:-4]

        return make, [whole, 1e-5, self.rng.choice([name for name, runs in _kernels.cpu_levels() if runs]), 2]

    def new_text(self) -> Call:
        """Begin one."""
        held = self.rng.choice(self.llamas)

        def make(model: Any, capacity: Any, is_q8: Any) -> None:
            state = _kernels.LlamaState(model, capacity, is_q8)
            self.texts.append(Llama(state, held.dims, capacity if isinstance(capacity, int) else 1))
            del self.texts[:-6]

        return make, [held.object, self.rng.randint(1, held.dims[1]), self.rng.random() < 0.5]

    def fill_llama(self) -> Call:
        """Set a linear of one; a text forbids it."""
        held = self.rng.choice(self.llamas)
        name, shape = self.rng.choice(list(linear_shapes(held.dims).items()))
        kind = self.rng.choice([tiny.F32, tiny.INT8, tiny.INT4])
        return held.object.set_linear, [name, 0, 0, shape[0], kind, *tiny.rows(shape, kind)]

    def read_text(self) -> Call:
        """Read tokens one after another."""
        held, n, tokens, positions = self._tokens()
        logits = np.zeros(n * held.dims[0], np.float32) if self.rng.random() < 0.5 else None
        return held.object.read, [tokens, positions, n, logits]

    def score_text(self) -> Call:
        """Score targets after tokens."""
        held, n, tokens, positions = self._tokens()
        n_targets = self.rng.randint(1, 4)
        rows = np.sort(np.array([self.rng.randrange(n) for _ in range(n_targets)], np.int32))
        targets = np.array([self.rng.randrange(held.dims[0]) for _ in range(n_targets)], np.int32)
        out = np.zeros(n_targets, np.float32)
        return held.object.score, [tokens, positions, n, rows, targets, n_targets, out]

    def rewind_text(self) -> Call:
        """Go back in a text."""
        held = self.rng.choice(self.texts)
        return held.object.rewind, [self.rng.randint(0, held.object.n_past)]

    def drop_text(self) -> Call:
        """Forget a part of one."""
        held = self.rng.choice(self.texts)
        n = self.rng.randint(0, held.object.n_past)
        return held.object.drop, [self.rng.randint(0, held.object.n_past - n), n]

    def view_text(self) -> Call:
        """Look at what comes next."""
        return lambda state: len(memoryview(state)), [self.rng.choice(self.texts).object]

    def _tokens(self) -> tuple[Llama, int, Any, Any]:
        held = self.rng.choice(self.texts)
        first = self.rng.randint(0, min(held.object.n_past, held.capacity - 1))
        n = self.rng.randint(1, held.capacity - first)
        tokens = np.array([self.rng.randrange(held.dims[0]) for _ in range(n)], np.int32)
        return held, n, tokens, np.arange(first, first + n, dtype=np.int32)
