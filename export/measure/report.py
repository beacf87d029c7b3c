"""The report of an export that was measured: JSON and Markdown beside the model, and the same JSON inside it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from edge.files import replacing_file

from ..onnx.result import OnnxReport
from .measure import SetScore, increase, mean_rate


@dataclass(frozen=True, slots=True)
class Tried:
    """Attempt with a recipe, and what came of it."""

    label: str
    n_bytes: int
    scores: tuple[SetScore, ...]
    """Scores on the sets; empty where the model is too large for the budget and its words were not counted."""
    misses: tuple[str, ...]
    """Limits of the budget that the model does not keep, in words; empty if it keeps all."""


@dataclass(frozen=True, slots=True)
class Report:
    """Report of a model: what it is, where it comes from, and how well it hears."""

    model: str
    recipe: str
    n_bytes: int
    """Size of the file, or of all files of the folder, without this report."""
    encoder_macs: int
    """Multiply-adds of the encoder's matrices for one position (20 ms)."""
    source_sha256: str
    calibration_sha256: tuple[str, ...]
    max_wer_increase: float | None
    """Percentage points that were allowed; None for any."""
    levels_db: tuple[float, ...]
    """Gains in dB at which each recording was scored."""
    float32: tuple[SetScore, ...]
    """Scores of the checkpoint in float32, run by our own engine on the same sets."""
    scores: tuple[SetScore, ...]
    tried: tuple[Tried, ...]
    """Attempts in their order; the last one is this model's."""
    tensor_errors: Mapping[str, float]
    """Root mean square of each tensor's rounding, as a share of its own; empty for folders."""
    machine: str
    command: str
    engine: str
    """Engine that ran the model: "edgewise", or "onnxruntime" and its version."""
    onnx: OnnxReport | None
    """Comparison with transformers, of a folder for onnxruntime."""

    def as_json(self, indent: int | None = None) -> str:
        """Write everything as JSON."""
        return json.dumps(asdict(self), indent=indent)

    def as_markdown(self) -> str:
        """Write what a person wants to know as Markdown."""
        lines = [f"# {self.model}: {self.recipe}", "", self._summary(), "", *self._sets()]
        if len(self.tried) > 1:
            lines += ["", *self._attempts()]
        if self.tensor_errors:
            lines += ["", "Tensors that rounding changed most (root mean square, as a share of their own):", ""]
            lines += [f"- {name}: {error:.2%}" for name, error in _worst(self.tensor_errors)]
        if self.onnx is not None:
            lines += ["", *_graphs(self.onnx)]
        sets = ", ".join(f"{one.name} ({one.manifest_sha256[:16]}…)" for one in self.scores)
        lines += [
            "",
            f"Made from {self.source_sha256[:16]}…, having heard {len(self.calibration_sha256)} recordings, and "
            f"measured on {sets}, with",
            "",
            f"    {self.command}",
            "",
            f"Times are of {self.machine}, one run: they compare recipes, and promise nothing.",
        ]
        return "\n".join(lines) + "\n"

    def set_lines(self) -> Iterator[str]:
        """Give a line for each set and one for their mean, as a terminal shows them."""
        for one, whole in zip(self.scores, self.float32, strict=True):
            yield (
                f"{one.name}: {100 * one.rate:.2f} % of words wrong [{100 * one.low:.2f} to {100 * one.high:.2f}], "
                f"float32 {100 * whole.rate:.2f} %, {one.n_recordings} recordings, {one.ms:.0f} ms each"
            )
        yield f"word error rate {increase_text(self.scores, self.float32)} compared with float32, mean of the sets"

    def _summary(self) -> str:
        levels = ", ".join(f"{level:+g}" for level in self.levels_db)
        heard = f" Every recording was heard at {levels} dB." if any(self.levels_db) else ""
        allowed = "" if self.max_wer_increase is None else f" (allowed {self.max_wer_increase:+.2f})"
        return (
            f"{self.n_bytes / 1e6:.1f} MB ({self.n_bytes:,} bytes), run by {self.engine}; "
            f"{self.encoder_macs / 1e6:.2f} M multiply-adds for each 20 ms of audio. Word error rate "
            f"{increase_text(self.scores, self.float32)} compared with float32{allowed}, mean of the sets.{heard}"
        )

    def _sets(self) -> Iterator[str]:
        yield (
            "| set | recordings | float32 % | this % | 95 % interval | letters joined: float32 % | this % | float32 ms "
            "| this ms | its encoder ms |"
        )
        yield "| :-- | --: | --: | --: | :-: | --: | --: | --: | --: | --: |"
        for one, whole in zip(self.scores, self.float32, strict=True):
            interval = f"{100 * one.low:.2f} to {100 * one.high:.2f}"
            joined = (100 * (score.joined.rate or 0.0) for score in (whole, one))
            cells = (
                one.name,
                f"{one.n_recordings}",
                f"{100 * whole.rate:.2f}",
                f"{100 * one.rate:.2f}",
                interval,
                *(f"{rate:.2f}" for rate in joined),
                f"{whole.ms:.0f}",
                f"{one.ms:.0f}",
                f"{one.encode_ms:.0f}",
            )
            yield f"| {' | '.join(cells)} |"

    def _attempts(self) -> Iterator[str]:
        yield "| tried | MB | word error rate % | within the budget |"
        yield "| :-- | --: | --: | :-- |"
        for attempt in self.tried:
            verdict = "; ".join(attempt.misses) or "yes"
            rate = f"{100 * mean_rate(attempt.scores):.2f}" if attempt.scores else ""
            yield f"| {attempt.label} | {attempt.n_bytes / 1e6:.1f} | {rate} | {verdict} |"


def increase_text(scores: Sequence[SetScore], float32: Sequence[SetScore]) -> str:
    """Say the increase in percentage points, with its 95 % interval."""
    more, low, high = (f"{100 * share:+.2f}" for share in increase(scores, float32))
    return f"{more} [{low} to {high}]"


def _graphs(onnx: OnnxReport) -> Iterator[str]:
    yield (
        f"Compared with transformers in float32 on one clip, {onnx.n_same} of {onnx.n_tokens} greedy tokens are the "
        "same; the encoder's states and the decoders' logits are off by:"
    )
    yield ""
    yield "| graph | MB with its weights | root mean square, of their own | largest | mean |"
    yield "| :-- | --: | --: | --: | --: |"
    for graph in onnx.graphs:
        yield (
            f"| {graph.name} | {graph.n_bytes / 1e6:.1f} | {graph.error:.2%} | {graph.largest:.3g} | {graph.mean:.3g} |"
        )
    yield ""
    yield "float32 is our own engine, which encodes what a recording lasts; onnxruntime encodes 30 s for each."


def _worst(errors: Mapping[str, float]) -> Sequence[tuple[str, float]]:
    return sorted(errors.items(), key=lambda item: -item[1])[:8]


def write_beside(out: Path, report: Report) -> None:
    """Write `OUT.report.json` and `OUT.report.md`."""
    for suffix, text in ((".report.json", report.as_json(indent=2) + "\n"), (".report.md", report.as_markdown())):
        with replacing_file(out.with_name(out.name + suffix)) as file:
            file.write(text.encode())
