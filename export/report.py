"""The report of an export under a budget: JSON and Markdown beside the file, and the same JSON inside it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from .evaluate.measure import SetScore, mean_rate
from .files import replacing_file


@dataclass(frozen=True, slots=True)
class Tried:
    """A recipe, and what came of it."""

    label: str
    n_bytes: int
    scores: tuple[SetScore, ...]
    misses: tuple[str, ...]
    """What of the budget it does not meet; empty if it does."""


@dataclass(frozen=True, slots=True)
class Report:
    """What a model is, where it comes from, and how well it hears."""

    model: str
    recipe: str
    n_bytes: int
    encoder_macs: int
    """Multiply-adds of the encoder's matrices for one position (20 ms)."""
    source_sha256: str
    calibration_sha256: tuple[str, ...]
    max_wer_increase: float
    float32: tuple[SetScore, ...]
    """The checkpoint in float32, on the same sets."""
    scores: tuple[SetScore, ...]
    tried: tuple[Tried, ...]
    """Every recipe that was tried, in order; the last one is this model's."""
    tensor_errors: Mapping[str, float]
    """Root mean square of the rounding, as a share of the tensor's own."""
    machine: str
    command: str

    def as_json(self, indent: int | None = None) -> str:
        """Everything."""
        return json.dumps(asdict(self), indent=indent)

    def as_markdown(self) -> str:
        """What a person wants to know."""
        increase = 100 * (mean_rate(self.scores) - mean_rate(self.float32))
        lines = [
            f"# {self.model}: {self.recipe}",
            "",
            f"{self.n_bytes / 1e6:.1f} MB, {self.encoder_macs / 1e6:.2f} M multiply-adds for each 20 ms of audio. "
            f"Word error rate {increase:+.2f} beside float32 (allowed +{self.max_wer_increase:.2f}), mean of the sets.",
            "",
            "| set | recordings | float32 % | this % | 95 % interval | ms |",
            "| :-- | --: | --: | --: | :-: | --: |",
            *(self._row(one, whole) for one, whole in zip(self.scores, self.float32, strict=True)),
            "",
            "| tried | MB | word error rate % | within the budget |",
            "| :-- | --: | --: | :-- |",
            *(_tried_row(attempt) for attempt in self.tried),
            "",
            "Tensors that rounding changed most (root mean square, as a share of their own):",
            "",
            *(f"- {name}: {error:.2%}" for name, error in _worst(self.tensor_errors)),
            "",
            f"Made from {self.source_sha256[:16]}…, having heard {len(self.calibration_sha256)} recordings, with",
            "",
            f"    {self.command}",
            "",
            f"Times are of {self.machine}, one run: they compare recipes, and promise nothing.",
        ]
        return "\n".join(lines) + "\n"

    def _row(self, one: SetScore, whole: SetScore) -> str:
        interval = f"{100 * one.low:.2f} to {100 * one.high:.2f}"
        return (
            f"| {one.name} | {one.n_recordings} | {100 * whole.rate:.2f} | {100 * one.rate:.2f} | {interval} | "
            f"{one.ms:.0f} |"
        )


def _tried_row(attempt: Tried) -> str:
    verdict = "; ".join(attempt.misses) or "yes"
    return f"| {attempt.label} | {attempt.n_bytes / 1e6:.1f} | {100 * mean_rate(attempt.scores):.2f} | {verdict} |"


def _worst(errors: Mapping[str, float]) -> Sequence[tuple[str, float]]:
    return sorted(errors.items(), key=lambda item: -item[1])[:8]


def write_beside(out: Path, report: Report) -> None:
    """`OUT.report.json` and `OUT.report.md`."""
    for suffix, text in ((".report.json", report.as_json(indent=2) + "\n"), (".report.md", report.as_markdown())):
        with replacing_file(out.with_name(out.name + suffix)) as file:
            file.write(text.encode())
