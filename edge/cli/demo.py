"""`edgewise transcribe --demo`: everything from nothing to words, with the time of each step."""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from ..names import DEFAULT_PRECISION, given_path
from ..transcript.options import OutputOptions
from .console.bar import Console
from .console.colors import LEGEND

CLIP = "jfk"


def run_demo(
    args: argparse.Namespace,
    console: Console,
    settings: Mapping[str, Any],
    options: OutputOptions,
    *,
    in_colors: bool = False,
) -> int:
    """Fetch the clip and the model, export, load and transcribe; steps that a cache saves are not shown."""
    from .. import load
    from ..listen.detector import DETECTOR, fetch_detector
    from ..prepare import model_place, prepare_model
    from ..store import Store, is_offline
    from .console.sinks import PrintSink
    from .console.streams import standard_output

    standard_output()  # where it is closed, better now than after the work
    store = Store()
    offline = is_offline(args.offline or None)
    steps: list[tuple[str, float]] = []
    if not store.is_here(CLIP):
        with _timed(steps, "fetch the clip", console):
            store.ensure(CLIP, offline=offline, progress=console.progress)
    clip = store.ensure(CLIP, offline=offline, progress=console.progress)
    if given_path(args.model) is None and not model_place(args.model, args.precision, store).exists():
        if not store.is_here(args.model):
            with _timed(steps, f"fetch {args.model}", console):
                store.ensure(args.model, offline=offline, progress=console.progress)
        with _timed(steps, f"export it to {args.precision or DEFAULT_PRECISION}", console):
            prepare_model(args.model, args.precision, store=store, offline=offline, progress=console.progress)
    if not offline and DETECTOR in store.catalogue and not store.is_here(DETECTOR):
        with _timed(steps, "fetch the detector", console):
            fetch_detector(store, offline, console.progress)
    with _timed(steps, "load the model", console):
        model = load(
            args.model,
            kind="speech",
            precision=args.precision,
            threads=args.threads,
            offline=offline,
            progress=console.progress,
        )
    with _timed(steps, "transcribe", console):
        transcript = model.transcribe(clip, progress=console.progress, **settings)
    sink = PrintSink(args.formats[0], options, console, LEGEND if in_colors else None, in_colors=in_colors)
    for segment in transcript.segments:
        sink.segment(segment)
    sink.end(transcript)
    for step, seconds in steps:
        console.show(f"  {step:<24} {seconds:6.2f} s")
    console.show(f"  {'the clip':<24} {transcript.duration:6.2f} s of speech")
    return 0


@contextmanager
def _timed(steps: list[tuple[str, float]], step: str, console: Console) -> Iterator[None]:
    began = time.perf_counter()
    yield
    console.clear()
    steps.append((step, time.perf_counter() - began))
