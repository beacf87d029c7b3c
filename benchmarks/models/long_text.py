"""Measure how well a language model reads a text that is far longer than what it looks back at.

The text is read three ways: forgetting the older half whenever the tokens are full, but for the first four, as
`generate` does; the same without these four; and beginning anew with the younger half each time, which costs that much
reading again. Parts of the text are scored apart, so that a collapse or a growth of memory would show.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np

from edge.bench.probabilities import log_softmax
from edge.bench.result_file import make_result
from edge.bench.tables import machine_line, table
from edge.llm.model import LanguageModel
from edge.llm.protocol import TextState
from edge.llm.writing import SINKS
from edge.machine import describe_machine, peak_rss_mb

from ..arguments import add_json, add_threads, positive
from ..checkout import commit
from ..errors import BenchmarkError
from ..progress import tell
from .language_models import add_own_model, open_own_model
from .perplexity import text_of

EXAMPLES = """\
examples:
  python -m benchmarks longtext smollm2-int8.gguf --context 512
  python -m benchmarks longtext edgewise:smollm2.gguf@int8@int8 --tokens 20000
"""

WAYS = ("sinks and window", "window alone", "begun anew")
_BLOCK = 64


@dataclass(frozen=True, slots=True)
class Part:
    """Measurements of a part of the text, read one way."""

    way: str
    last: int
    """Number of tokens up to its end."""
    perplexity: float
    ms_per_token: float
    """Processor time."""
    peak_rss_mb: float
    """Most memory of the process so far."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the model, and the text that it reads."""
    add_own_model(parser)
    parser.add_argument("--text", type=Path, metavar="FILE", help="default: a calibration text in EDGEWISE_TEST_DATA")
    parser.add_argument("--tokens", type=positive, default=16384, help="tokens of the text (default 16384)")
    parser.add_argument("--context", type=positive, default=512, help="tokens that it looks back at (default 512)")
    parser.add_argument("--parts", type=positive, default=8, help="parts that are scored apart (default 8)")
    add_threads(parser)
    add_json(parser)


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """Measure what the command line asks for."""
    if arguments.context % (2 * _BLOCK) and arguments.context > _BLOCK:
        raise BenchmarkError(f"--context is {arguments.context}; expected a multiple of {2 * _BLOCK}")
    model = open_own_model(arguments.model, arguments.context, arguments.threads)
    path, text = text_of(arguments.text)
    tokens = [model.start, *model.tokenizer.encode(text[: 16 * arguments.tokens])][: arguments.tokens + 1]
    found = measure(model, tokens, arguments.parts)
    machine = describe_machine(commit())
    print(f"{machine_line(machine)}; {arguments.threads} threads; {path.name}, {model.n_ctx} tokens in view\n")
    print(part_table(found))
    settings = {"text": path.name, "tokens": len(tokens) - 1, "context": model.n_ctx, "model": arguments.model.name}
    return make_result("longtext", machine, settings=settings, results=[asdict(part) for part in found])


def measure(model: LanguageModel, tokens: Sequence[int], n_parts: int) -> list[Part]:
    """Read the tokens each way, and score what follows each in equal parts."""
    found: list[Part] = []
    size = max(1, (len(tokens) - 1) // n_parts)
    for way in WAYS:
        nats: list[float] = []
        began = process_time()
        for surprises in _read(model.new_state(), tokens, model.n_ctx, way):
            nats += surprises
            tell(f"{way}: {len(nats)} of {len(tokens) - 1} tokens")
            if len(nats) >= size:
                ms = 1000 * (process_time() - began) / len(nats)
                last = size * (1 + sum(part.way == way for part in found))
                found.append(Part(way, last, float(np.exp(np.mean(nats[:size]))), ms, peak_rss_mb() or 0.0))
                nats, began = nats[size:], process_time()
    tell("")
    return found


def _read(state: TextState, tokens: Sequence[int], n_ctx: int, way: str) -> Iterator[list[float]]:
    """Read block by block; gives the surprise in nats of the token after each."""
    half, sinks = n_ctx // 2, min(SINKS, n_ctx // 2) if way == WAYS[0] else 0
    block = min(_BLOCK, half)
    for at in range(0, len(tokens) - 1, block):
        if state.n_past + block > n_ctx and way == WAYS[2]:
            state.rewind(0)
            state.read([tokens[0], *tokens[at - half + 1 : at]])
        elif state.n_past + block > n_ctx:
            state.drop(sinks, half)
        given = list(tokens[at : at + block])[: len(tokens) - 1 - at]
        log_p = log_softmax(state.read_all(given))
        yield [-float(log_p[row, token]) for row, token in enumerate(tokens[at + 1 : at + 1 + len(given)])]


def part_table(found: Sequence[Part]) -> str:
    """Write a row for each part of the text, the ways side by side."""
    of_way = [[part for part in found if part.way == way] for way in WAYS]
    header = ("tokens", *WAYS, "ms/token", "the same, anew", "peak RSS, MB")
    rows = [
        (
            f"{parts[0].last}",
            *(f"{part.perplexity:.2f}" for part in parts),
            f"{parts[0].ms_per_token:.2f}",
            f"{parts[2].ms_per_token:.2f}",
            f"{parts[0].peak_rss_mb:.0f}",
        )
        for parts in zip(*of_way, strict=True)
    ]
    return table(header, rows, n_left=0)
