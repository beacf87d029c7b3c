"""Fit the weights by which a sentence counts as meant, on speech that no table reports.

Half of the references of each set, by their hash, are listed as sentences; so are the sources given with --against.
Whatever the search finds for a recording, beside what it reads freely, is an example: it is right if it is what was
said. The weights are those of a logistic regression; the least score is the one from which on at most one example in an
hour of sound is wrong, sentences of all sources together.
"""

from __future__ import annotations

import argparse
import hashlib
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

import edge
from edge.bench.sets import Manifest, Selection, read_manifests, read_samples
from edge.sentences import Sentences, load
from edge.sentences.decide import Evidence, Weights, evidence_of, score_of
from edge.sentences.spelling import bare
from edge.whisper.closed import ClosedReader
from edge.whisper.model import Model

from ..errors import BenchmarkError
from ..models.known_sets import heard_at_any_time
from ..progress import tell
from .tasks import read_sentences

if TYPE_CHECKING:
    from numpy.typing import NDArray

_RIDGE = 0.1
_ROUNDS = 100
_MOST_AN_HOUR = 1.0
_SPARE = 0.5
"""Score on top of that: there is more speech in the world than the fit has heard."""
_MOST_BEHIND = 60.0
_LONGEST_S = 30.0
_SHOWN = 8
"""Sentences that are shown, of those that are likeliest where none was said."""


@dataclass(frozen=True, slots=True)
class Example:
    """A sentence that was found beside a free reading."""

    evidence: Evidence
    is_right: bool
    is_listed: bool
    """Whether what was said is one of the sentences; where it is not, a wrong one would be a false action."""
    found: str
    free: str


def run_fit(arguments: argparse.Namespace) -> list[Example]:
    """Gather examples with all models, fit the weights, and print them as a table of the file of weights has them."""
    selection = Selection(max_seconds=_LONGEST_S, limit=arguments.limit)
    manifests = heard_at_any_time(read_manifests(arguments.other, arguments.data, selection))
    sources = [read_sentences(source) for source in arguments.against]
    examples: list[Example] = []
    hours = 0.0
    for name in arguments.models:
        model = edge.load(name, precision=arguments.precision, threads=arguments.threads)
        assert isinstance(model, Model)
        for manifest in manifests:
            texts = _listed(manifest)
            hours += sum(one.seconds or 0.0 for one in manifest.utterances) / 3600
            examples += _gather(model, manifest, sources, texts)
    if not any(one.is_right for one in examples) or all(one.is_right for one in examples):
        raise BenchmarkError("expected sentences that were said and others, found one kind alone; name more sets")
    weights = fit(examples, _MOST_AN_HOUR * hours)
    passing = [one for one in examples if score_of(one.evidence, weights) >= weights.least]
    right, others = [one for one in examples if one.is_right], [one for one in examples if not one.is_listed]
    print(
        f"# {hours:.2f} h: of {len(right)} right sentences {sum(one.is_right for one in passing)} pass, "
        f"of {len(others)} where none was said {sum(not one.is_listed for one in passing)}"
    )
    for one in sorted(others, key=lambda one: -score_of(one.evidence, weights))[:_SHOWN]:
        print(f"# {score_of(one.evidence, weights):.2f}: {one.free!r} is {one.found!r}?")
    for field in ("bias", "margin", "likeness", "length", "least"):
        print(f"{field} = {getattr(weights, field):.2f}")
    return examples


def fit(examples: list[Example], most_wrong: float) -> Weights:
    """Fit the weights; the least score lets a sentence pass at most so many times where none was said."""
    rows = [(1.0, one.evidence.margin, one.evidence.likeness, one.evidence.length) for one in examples]
    evidence: NDArray[np.float64] = np.array(rows)
    is_right: NDArray[np.float64] = np.array([one.is_right for one in examples], np.float64)
    weights = np.zeros(evidence.shape[1])
    for _ in range(_ROUNDS):  # Newton's steps
        chances = 1 / (1 + np.exp(-evidence @ weights))
        slope = evidence.T @ (is_right - chances) - _RIDGE * weights
        bend = (evidence * (chances * (1 - chances))[:, None]).T @ evidence + _RIDGE * np.eye(len(weights))
        weights += np.linalg.solve(bend, slope)
    scores = evidence @ weights
    wrong = np.sort(scores[[not one.is_listed for one in examples]])[::-1]
    allowed = int(most_wrong)
    least = float(wrong[allowed]) if len(wrong) > allowed else float(scores.min())
    right = scores[(is_right == 1) & (scores > least)]
    least = (least + float(right.min())) / 2 if len(right) else least  # halfway to the next that is right
    bias, margin, likeness, length = weights.tolist()
    return Weights(bias, margin, likeness, length, least + _SPARE)


def _listed(manifest: Manifest) -> list[str]:
    """List half of what is said in a set."""
    texts = sorted({_plain(one.text or "") for one in manifest.utterances} - {""})
    return [text for text in texts if hashlib.sha256(text.encode()).digest()[0] % 2]


def _gather(model: Model, manifest: Manifest, sources: Sequence[Sentences], texts: Sequence[str]) -> Iterator[Example]:
    own = _sentences(texts) if texts else None
    known = {bare(text) for text in texts}
    language = "en" if model.tokenizer.is_multilingual else None
    for number, utterance in enumerate(manifest.utterances, start=1):
        tell(f"{model.name} on {manifest.name}: recording {number} of {len(manifest.utterances)}")
        said = bare(_plain(utterance.text or ""))
        with closing(model.closed(read_samples(utterance), language)) as reader:
            for sentences in (*sources, *([own] if own else [])):
                example = _example(reader, sentences)
                if example is not None:
                    is_right = bare(example.found) == said
                    yield replace(
                        example, is_right=is_right, is_listed=is_right or (sentences is own and said in known)
                    )
    tell("")


def _sentences(texts: Sequence[str]) -> Sentences:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "texts.txt"
        path.write_text("\n".join(texts), encoding="utf-8")
        return load(path)


def _example(reader: ClosedReader, sentences: Sentences) -> Example | None:
    free = reader.free()
    if not free.text or sentences.graph.read(free.text) is not None or not reader.is_spoken(free):
        return None
    found = reader.listed(sentences.tree(reader.tokenizer).root, free, _MOST_BEHIND)
    if not found:
        return None
    text = reader.tokenizer.decode(found[0].tokens)
    evidence = evidence_of(found[0].total, len(found[0].tokens), text, sum(free.token_logprobs), free.text)
    return Example(evidence, False, False, text.strip(), free.text)


def _plain(text: str) -> str:
    return " ".join("".join(one if one.isalnum() or one in "' " else " " for one in text).lower().split())
