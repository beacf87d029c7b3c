"""What an export to ONNX wrote, compared with transformers on one input."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class GraphReport:
    """How the numbers of one graph differ from transformers'; differences shared by a whole row are ignored.

    A softmax or a norm takes those away.
    """

    name: str
    n_bytes: int
    """Size with the weights that it uses; graphs may share theirs, so the folder may be smaller than the sum."""
    error: float
    """Root mean square of the differences, as a share of how the values of a row differ among themselves."""
    largest: float
    """Largest difference of any value: of the encoder's states, or of the decoder's logits."""
    mean: float
    """Mean difference of all values, without their signs."""


@dataclass(frozen=True, slots=True)
class OnnxReport:
    """What the graphs of a folder became. As text, it is a part of the summary that the command prints."""

    graphs: tuple[GraphReport, ...]
    n_same: int
    """Greedy tokens that are transformers', from the first on."""
    n_tokens: int
    """Greedy tokens that were compared."""

    def __str__(self) -> str:
        lines = [
            f"  {graph.name:<28}{graph.n_bytes / 1e6:8.1f} MB, off transformers by {graph.error:.1e} of its numbers"
            for graph in self.graphs
        ]
        return "\n".join([*lines, f"  {self.n_same} of {self.n_tokens} greedy tokens as transformers'"])
