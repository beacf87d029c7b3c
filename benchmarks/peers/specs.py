"""What `--engines` takes: an engine, its precision, and settings that it alone knows."""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import BenchmarkError
from .engines import ENGINES, EngineKind


@dataclass(frozen=True, slots=True)
class EngineSpec:
    """One engine as it takes part in a comparison."""

    engine: str
    precision: str
    options: tuple[tuple[str, str], ...] = ()
    """Pairs (name, value), in the order given."""

    @property
    def label(self) -> str:
        """Text of the engine on the command line, its precision always written."""
        return ":".join((self.engine, self.precision, *(f"{name}={value}" for name, value in self.options)))


def parse_engine(text: str) -> EngineSpec:
    """Parse `name[:precision][:option=value ...]`; without a precision take the engine's usual one."""
    name, *words = text.split(":")
    if name not in ENGINES:
        raise BenchmarkError(f"unknown engine {name!r}; there are {', '.join(ENGINES)}")
    kind = ENGINES[name]
    precision = words.pop(0) if words and "=" not in words[0] else ""
    if precision and precision not in kind.precisions:
        raise BenchmarkError(f"{name} has no precision {precision!r}; it has {', '.join(kind.precisions)}")
    return EngineSpec(name, precision or kind.precisions[0], tuple(_parse_option(kind, word) for word in words))


def _parse_option(kind: EngineKind, word: str) -> tuple[str, str]:
    option, _, value = word.partition("=")
    if option not in kind.options:
        known = ", ".join(kind.options) or "none"
        raise BenchmarkError(f"{kind.name} has no option {option!r}; it has {known}")
    values = kind.options[option]
    if not value or (values and value not in values):
        raise BenchmarkError(f"{kind.name}: {option}={value}; expected {' or '.join(values) or 'a value'}")
    return option, value
