"""Have a language model write the same texts again and again, to see whether they and what it takes stay the same.

Texts of several seeds, and the likeliest one, are written in turn. Each must be what it was the first time, whatever
was written in between; memory, descriptors and threads are told for equal parts of the time.
"""

from __future__ import annotations

import argparse
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from time import monotonic, process_time
from typing import Any

from edge.bench.result_file import make_result
from edge.bench.tables import machine_line, table
from edge.llm.model import LanguageModel
from edge.machine import describe_machine

from ..arguments import add_json, add_threads, positive
from ..checkout import commit
from ..errors import BenchmarkError
from ..progress import tell
from .language_models import add_own_model, open_own_model

EXAMPLES = """\
examples:
  python -m benchmarks writing smollm2-int8.gguf --minutes 60
"""

PROMPT = "The history of the lighthouse begins"
_PARTS = 6


@dataclass(frozen=True, slots=True)
class Part:
    """Measurements of a part of the time."""

    minutes: float
    """Time from the beginning to its end."""
    texts: int
    """Number of texts written up to its end."""
    others: int
    """Number of these that are not what the same seed gave first."""
    rss_mb: float
    descriptors: int
    threads: int
    cpu_s: float


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the model, and how much it writes."""
    add_own_model(parser)
    parser.add_argument("--minutes", type=float, default=60.0, help="how long it writes (default 60)")
    parser.add_argument("--tokens", type=positive, default=160, help="tokens of each text (default 160)")
    parser.add_argument("--context", type=positive, default=128, help="tokens that it looks back at (default 128)")
    parser.add_argument("--seeds", type=positive, default=4, help="texts that are drawn, beside the likeliest")
    add_threads(parser)
    add_json(parser)


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """Measure what the command line asks for."""
    model = open_own_model(arguments.model, arguments.context, arguments.threads)
    found = measure(model, arguments.minutes, arguments.tokens, arguments.seeds)
    machine = describe_machine(commit())
    print(f"{machine_line(machine)}; {arguments.threads} threads; {model.n_ctx} tokens in view\n")
    header = ("minutes", "texts", "others", "RSS, MB", "descriptors", "threads", "processor, s")
    rows = [
        (
            f"{one.minutes:.1f}",
            f"{one.texts}",
            f"{one.others}",
            f"{one.rss_mb:.1f}",
            f"{one.descriptors}",
            f"{one.threads}",
            f"{one.cpu_s:.0f}",
        )
        for one in found
    ]
    print(table(header, rows, n_left=0))
    settings = {"tokens": arguments.tokens, "context": model.n_ctx, "model": arguments.model.name}
    return make_result("writing", machine, settings=settings, results=[asdict(part) for part in found])


def measure(model: LanguageModel, minutes: float, n_tokens: int, n_seeds: int) -> list[Part]:
    """Write every text at least twice, then on until the time is over."""
    first: dict[int, str] = {}
    found: list[Part] = []
    texts = others = 0
    began, least = monotonic(), 2 * (n_seeds + 1)
    while texts < least or monotonic() - began < 60 * minutes:
        seed = texts % (n_seeds + 1)  # 0 is the likeliest
        pieces = model.generate(PROMPT, most=n_tokens, temperature=0.8 if seed else 0.0, seed=seed)
        text = "".join(pieces)
        others += text != first.setdefault(seed, text)
        texts += 1
        passed = (monotonic() - began) / 60
        tell(f"{texts} texts in {passed:.1f} minutes")
        is_over = texts >= least and passed >= minutes
        if is_over or (texts >= least and passed >= minutes * (len(found) + 1) / _PARTS):
            found.append(_part(passed, texts, others))
    tell("")
    return found


def _part(minutes: float, texts: int, others: int) -> Part:
    process = Path("/proc/self")
    if not process.exists():
        raise BenchmarkError("writing asks Linux for memory and descriptors; run it there")
    rss_pages, page_bytes = int((process / "statm").read_text().split()[1]), os.sysconf("SC_PAGE_SIZE")
    descriptors = len(list((process / "fd").iterdir())) - 1  # but for that of the listing
    threads = len(list((process / "task").iterdir()))
    return Part(minutes, texts, others, rss_pages * page_bytes / 1e6, descriptors, threads, process_time())
