"""Use the real `edgewise serve` as many do at once, for long, and with bytes that mean harm; measure what comes of it.

Every text has to be the one that belongs to its recording or session. Times are those of the wall: other work on the
machine is in them.
"""

from __future__ import annotations

import argparse
import asyncio
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

import edge
from edge.arrays import FloatArray
from edge.audio import open_audio
from edge.bench.result_file import make_result
from edge.bench.sets import read_manifests, read_samples
from edge.bench.tables import machine_line, table
from edge.machine import describe_machine
from edge.recognizer import Recognizer
from edge.store import ensure

from ..arguments import add_data, add_json, add_threads, names
from ..checkout import commit
from .hostile import attack
from .live import as_sent, speak, texts_alone
from .program import Program, server
from .recordings import Answered, percentile, send, wav

EXAMPLES = """\
examples:
  python -m benchmarks serve --manifest librispeech_test_other --connections 200 --requests 10000 --live 16
  python -m benchmarks serve --soak 3600 --hostile 10000000
"""

_CLIP_S = 4.0
_N_CLIPS = 8
_AT_ONCE = 5
_SOAK_SESSIONS = 4


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what to do, and with what."""
    sets = "sets to take speech from; without any, the clip of the store"
    parser.add_argument("--manifest", type=names, default=(), metavar="SET[,SET...]", help=sets)
    add_data(parser)
    parser.add_argument("--model", default="tiny.en", help="model that is served (default tiny.en)")
    add_threads(parser)
    parser.add_argument("--connections", type=int, default=200, help="recordings sent at once (default 200)")
    parser.add_argument("--requests", type=int, default=1000, help="recordings sent in all (default 1000)")
    parser.add_argument("--live", type=int, default=16, help="live sessions at once (default 16)")
    parser.add_argument("--seconds", type=float, default=30.0, help="length of each (default 30)")
    parser.add_argument("--soak", type=float, default=0.0, metavar="S", help="seconds of all of it, again and again")
    parser.add_argument("--hostile", type=int, default=1_000_000, metavar="BYTES", help="(default 1000000)")
    parser.add_argument("--seed", type=int, default=1, help="of the hostile bytes (default 1)")
    add_json(parser)


def run(arguments: argparse.Namespace) -> dict[str, Any]:
    """Do what the command line asks for."""
    machine = describe_machine(commit())
    print(machine_line(machine, f"{arguments.threads} threads"))
    model = edge.load(arguments.model, threads=arguments.threads)
    sound = _sound(arguments)
    clips = [sound[at : at + round(_CLIP_S * 16000)] for at in _places(len(sound), _CLIP_S, _N_CLIPS)]
    recordings = [(wav(clip), _text(model, clip)) for clip in clips]
    results: list[dict[str, Any]] = []
    with server("--model", arguments.model, "--threads", str(arguments.threads)) as program:
        load = _Load(program, arguments, recordings, sound, model)
        load.recordings(_AT_ONCE, _AT_ONCE)  # warm
        for name, do in load.parts().items():
            began, processor_s, before = time.monotonic(), program.processor_s(), program.memory()
            found = do()
            used = {"wall_s": time.monotonic() - began, "processor_s": program.processor_s() - processor_s}
            results.append({"part": name, **found, **used, "before": asdict(before), "after": asdict(program.memory())})
            print(f"\n{_shown(results[-1])}", flush=True)
    keys = ("model", "threads", "connections", "requests", "live", "seconds", "soak", "hostile", "seed")
    return make_result("serve", machine, settings={key: getattr(arguments, key) for key in keys}, results=results)


class _Load:
    """What is done to a server."""

    def __init__(
        self,
        program: Program,
        arguments: argparse.Namespace,
        recordings: Sequence[tuple[bytes, str]],
        sound: FloatArray,
        model: Recognizer,
    ) -> None:
        self._program, self._arguments, self._recordings = program, arguments, recordings
        self._sound, self._model = sound, model

    def parts(self) -> dict[str, Any]:
        """List what is asked for."""
        asked = self._arguments
        parts = {
            "at once": (asked.connections, lambda: self.recordings(asked.connections, asked.connections)),
            "in all": (asked.requests, lambda: self.recordings(asked.requests, _AT_ONCE)),
            "live": (asked.live, lambda: self.live(asked.live, asked.seconds)),
            "hostile": (asked.hostile, lambda: self.hostile(asked.hostile, asked.seed)),
            "soak": (asked.soak, lambda: self.soak(asked.soak)),
        }
        return {name: do for name, (is_asked, do) in parts.items() if is_asked}

    def recordings(self, n: int, at_once: int) -> dict[str, Any]:
        """Send recordings."""
        answered: Answered = asyncio.run(send(self._program.http, self._recordings, n, at_once))
        times = {
            f"{name} {status} ms": round(percentile(answered.seconds.get(status, ()), at))
            for status in answered.statuses
            for name, at in (("p50", 50), ("p95", 95))
        }
        statuses = {str(status): count for status, count in sorted(answered.statuses.items())}
        return {"statuses": statuses, "wrong": answered.n_wrong, **times}

    def live(self, n: int, seconds: float) -> dict[str, Any]:
        """Speak."""
        length = round(seconds * 16000)
        sounds = [np.resize(self._sound[at:], length) for at in _places(len(self._sound), seconds, n)]
        heard = asyncio.run(speak(self._program.http, [(one, texts_alone(self._model, one)) for one in sounds]))
        lateness = {
            f"{what} {name} ms": round(percentile(found, at))
            for what, found in (("turn", heard.turn_s), ("end", heard.end_s))
            for name, at in (("p50", 50), ("p95", 95))
        }
        return {"sessions": n, "seconds": seconds, "words": heard.n_words, "wrong": heard.n_wrong, **lateness}

    def hostile(self, n_bytes: int, seed: int) -> dict[str, Any]:
        """Send what means harm, and see that the server still answers rightly."""
        n_made, n_hung = asyncio.run(attack(self._program, n_bytes, seed))
        after = self.recordings(_AT_ONCE, _AT_ONCE)
        return {"bytes": n_bytes, "connections": n_made, "hung": n_hung, "wrong": after["wrong"], **after["statuses"]}

    def soak(self, seconds: float) -> dict[str, Any]:
        """Do all of it, again and again; the memory after the first fifth is what the end is compared with."""
        began = time.monotonic()
        counts = {"rounds": 0, "wrong": 0, "hung": 0}
        early_mb = 0.0
        while (spent := time.monotonic() - began) < seconds:
            for found in self._round(int(spent)):
                counts["wrong"] += found["wrong"]
                counts["hung"] += found.get("hung", 0)
            counts["rounds"] += 1
            if not early_mb and spent > seconds / 5:
                early_mb = self._program.memory().own_mb
        return {**counts, "own MB after a fifth": round(early_mb)}

    def _round(self, seed: int) -> Iterator[dict[str, Any]]:
        yield self.recordings(40, _AT_ONCE)
        yield self.live(_SOAK_SESSIONS, 6)
        yield self.hostile(50_000, seed)


def _shown(result: dict[str, Any]) -> str:
    before, after = result.pop("before"), result.pop("after")
    cells = {key: f"{value:.1f}" if isinstance(value, float) else str(value) for key, value in result.items()}
    for name, key in (("own MB", "own_mb"), ("threads", "n_threads"), ("files", "n_descriptors")):
        cells[name] = f"{before[key]:.0f} to {after[key]:.0f}"
    result["before"], result["after"] = before, after
    return table(tuple(cells), [tuple(cells.values())])


def _sound(arguments: argparse.Namespace) -> FloatArray:
    """Return speech to take parts of."""
    if not arguments.manifest:
        with open_audio(ensure("jfk")) as source:
            return np.concatenate(list(source))
    sets = read_manifests(arguments.manifest, arguments.data)
    return np.concatenate([read_samples(one) for each in sets for one in each.utterances[:60]])


def _places(n_samples: int, seconds: float, n: int) -> list[int]:
    """Choose samples at which parts begin, evenly, and no two the same."""
    last = max(n, n_samples - round(seconds * 16000))
    return [min(n_samples - 1, round(at)) for at in np.linspace(0, last, n, endpoint=False)]


def _text(model: Recognizer, samples: FloatArray) -> str:
    return model.transcribe(as_sent(samples)).text
