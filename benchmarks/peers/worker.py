"""The child process: one engine, one model, requests in and replies out as JSON lines.

Requests: `{"do": "load", ...}`, `{"do": "run", ...}`, and the end of the input. Every reply is one object;
`{"error": ...}` in place of any other. The parent is `benchmarks.peers.child`.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, TextIO

from edge.audio import SAMPLE_RATE_HZ
from edge.bench.sets import Utterance, read_samples

from .engines import ENGINES, EngineSettings, Transcriber


def peak_rss_mb() -> float:
    """Return the most memory this process has held, in units of 10^6 bytes."""
    try:
        for line in Path("/proc/self/status").read_text(encoding="utf-8").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024 / 1e6
    except OSError:  # no Linux; below, the parent's own peak may be inherited
        pass
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6


def serve(requests: TextIO, replies: TextIO) -> None:
    """Answer requests until the input ends."""
    engine: Transcriber | None = None
    for line in requests:
        request = json.loads(line)
        try:
            if request["do"] == "load":
                engine, reply = _load(request)
            else:
                assert engine is not None, "load comes first"
                reply = _run(engine, request)
        except Exception as error:  # whatever a foreign engine raises belongs to the parent
            reply = {"error": f"{type(error).__name__}: {error}"}
        replies.write(json.dumps(reply) + "\n")
        replies.flush()


def _load(request: dict[str, Any]) -> tuple[Transcriber, dict[str, Any]]:
    kind = ENGINES[request["engine"]]
    settings = EngineSettings(**request["settings"])
    started = time.perf_counter()
    engine = kind.load(Path(request["weights"]), settings)
    seconds = time.perf_counter() - started
    reply = {"load_s": seconds, "peak_rss_mb": peak_rss_mb(), "packages": _versions(kind.packages)}
    return engine, reply


def _run(engine: Transcriber, request: dict[str, Any]) -> dict[str, Any]:
    utterance = Utterance(**request["utterance"])
    samples = read_samples(utterance)
    started, started_cpu = time.perf_counter(), time.process_time()
    answer = engine.transcribe(samples, utterance.language)
    seconds, cpu_s = time.perf_counter() - started, time.process_time() - started_cpu
    return {
        "text": answer.text,
        "parts": None if answer.parts is None else asdict(answer.parts),
        "seconds": seconds,
        "cpu_s": cpu_s,
        "audio_s": len(samples) / SAMPLE_RATE_HZ,
        "peak_rss_mb": peak_rss_mb(),
    }


def _versions(packages: tuple[str, ...]) -> dict[str, str]:
    found = {}
    for package in packages:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "not installed"
    return found


def main() -> None:
    """Serve, keeping the pipe to the parent for replies; what engines print goes to standard error."""
    with os.fdopen(os.dup(1), "w", encoding="utf-8") as replies:
        os.dup2(2, 1)
        serve(sys.stdin, replies)


if __name__ == "__main__":
    main()
