"""Real work for a sanitizer to watch: python transcribe.py SECONDS [--threads N].

Threads share one model and its pool, and each has states of its own: first of a tiny model, then, where the store has
them, of tiny.en on the demo's clip, with every way of decoding. Whoever is first, all must give the same.
"""

from __future__ import annotations

import argparse
import sys
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
import tiny_model as tiny
from numpy.typing import NDArray

import edge
from edge import _kernels
from edge.audio import open_audio
from edge.prepare import prepare_model
from edge.store import Store, ensure

SETTINGS: tuple[dict[str, Any], ...] = (
    {"temperature": 0},
    {"beam_size": 3, "n_best": 2},
    {"word_timestamps": True},
    {"temperature": 0.6, "best_of": 2, "seed": 7},
    {"vocabulary": ["Americans", "country"], "initial_prompt": "My fellow citizens."},
)


def tiny_jobs() -> Iterator[Callable[[], object]]:
    """A clip and three tokens on the tiny model at every level and precision; beams that are reordered."""
    for level in (name for name, runs in _kernels.cpu_levels() if runs):
        for kind in (tiny.F32, tiny.INT8, tiny.INT4):
            model = tiny.new_model(kind, threads=3, level=level)
            yield partial(run_alone, model)
            yield partial(beams, model)
            yield partial(run_together, model)


def run_alone(model: _kernels.Model) -> bytes:
    """Logits of a new state."""
    return tiny.run(_kernels.State(model, 1))


def beams(model: _kernels.Model) -> list[int]:
    """The likeliest tokens of three beams that exchange what they hold."""
    state = _kernels.State(model, 3)
    state.encode(tiny.mel(), 20, None)
    tokens, said = np.array([[1], [2], [3]], np.int32), []
    for parents in ([0, 1, 2], [2, 2, 0], [1, 0, 1]):
        logits = np.empty((3, 1, tiny.N_VOCAB), np.float32)
        alignment = np.empty((3, 1, 1, state.n_keys), np.float32)
        state.decode(tokens, 3, 1, logits, True, alignment)
        state.reorder(np.array(parents, np.int32), 3)
        tokens = logits.argmax(-1).astype(np.int32)
        said += tokens.ravel().tolist()
    return said


def run_together(model: _kernels.Model) -> bytes:
    """Logits of three states that decode together, with a clip each."""
    states = [_kernels.State(model, n_beams) for n_beams in (1, 2, 3)]
    logits = [np.empty((n_beams, 3, tiny.N_VOCAB), np.float32) for n_beams in (1, 2, 3)]
    for seed, state in enumerate(states):
        state.encode(tiny.mel(20, seed), 20, None)
    ids = [np.repeat(tiny.TOKENS, n_beams, axis=0) for n_beams in (1, 2, 3)]
    _kernels.State.decode_all([(state, (ids[i], i + 1, 3, logits[i], False, None)) for i, state in enumerate(states)])
    return b"".join(one.tobytes() for one in logits)


def real_jobs() -> Iterator[Callable[[], object]]:
    """Transcriptions of the demo's clip; none where the store lacks it or its model."""
    store = Store()
    if not (store.is_here("tiny.en") and store.is_here("jfk")):
        print("transcribe: no real speech: tiny.en or its clip is not in the store")
        return
    model = edge.load(prepare_model("tiny.en", "int8", offline=True), threads=2)
    assert isinstance(model, edge.Model)
    with open_audio(ensure("jfk", offline=True)) as source:
        clip = np.concatenate(list(source))
    for settings in SETTINGS:
        yield partial(said, model, clip, settings)
    yield partial(said, model, clip[: 16000 * 3], {})


def said(model: edge.Model, clip: NDArray[np.float32], settings: dict[str, Any]) -> str:
    return " ".join(segment.text for segment in model.transcribe(clip, **settings).segments)


def all_give_the_same(jobs: list[Callable[[], object]], seconds: float, n_threads: int) -> tuple[int, list[object]]:
    """How many jobs were done, by threads that begin at different ones, and what each gave."""
    expected = [job() for job in jobs]
    until, done = time.monotonic() + seconds, [0] * n_threads
    failures: list[str] = []

    def work(thread: int) -> None:
        try:
            while not failures and (time.monotonic() < until or done[thread] == 0):
                at = (done[thread] + thread) % len(jobs)
                if (found := jobs[at]()) != expected[at]:
                    failures.append(f"job {at} gave {found!r}, not {expected[at]!r}")
                done[thread] += 1
        except BaseException as error:
            failures.append(repr(error))

    threads = [threading.Thread(target=work, args=(thread,)) for thread in range(n_threads)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        sys.exit(f"transcribe: {failures[0]}")
    return sum(done) + len(jobs), expected


def main() -> None:
    """Work for a while on each model."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("seconds", type=float)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    real = list(real_jobs())
    share = options.seconds / (2 if real else 1)
    count, _ = all_give_the_same(list(tiny_jobs()), share, options.threads)
    print(f"transcribe: {count} runs of the tiny model in {options.threads} threads")
    if real:
        count, texts = all_give_the_same(real, share, options.threads)
        if not all("country" in str(text) for text in texts[: len(SETTINGS)]):
            sys.exit(f"transcribe: not what was said: {texts}")
        print(f"transcribe: {count} transcriptions in {options.threads} threads")


main()
