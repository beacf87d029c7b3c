"""Counts of what a server did, as Prometheus reads them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable

_KINDS = {
    "requests": "requests, by path and status",
    "audio_seconds": "seconds of sound that were read, by face",
    "work_seconds": "seconds that answers took, by face",
}


class Metrics:
    """Counters, which only grow, and gauges, which are asked when they are shown."""

    def __init__(self) -> None:
        self._counts: dict[tuple[str, str], float] = defaultdict(float)
        self._gauges: dict[str, tuple[str, Callable[[], float]]] = {}

    def add(self, name: str, amount: float = 1, **labels: str) -> None:
        """Add to a counter."""
        written = ",".join(f'{key}="{value}"' for key, value in sorted(labels.items()))
        self._counts[name, written] += amount

    def gauge(self, name: str, words: str, value: Callable[[], float]) -> None:
        """Show what a function returns."""
        self._gauges[name] = words, value

    def render(self) -> str:
        """Write all of them."""
        lines = []
        for name, words in _KINDS.items():
            lines += [f"# HELP edgewise_{name}_total {words}", f"# TYPE edgewise_{name}_total counter"]
            found = sorted((labels, count) for (kind, labels), count in self._counts.items() if kind == name)
            lines += [f"edgewise_{name}_total{{{labels}}} {count:g}" for labels, count in found]
        for name, (words, value) in self._gauges.items():
            lines += [f"# HELP edgewise_{name} {words}", f"# TYPE edgewise_{name} gauge"]
            lines.append(f"edgewise_{name} {value():g}")
        return "\n".join(lines) + "\n"
