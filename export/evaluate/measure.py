"""The words that a model gets wrong on sets of recordings, how sure that is, and how long it takes."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import edge
from edge.errors import ManifestError
from edge.progress import Progress, silent
from edge.whisper.model import EngineName as EngineName

from .manifest import Manifest, Utterance, read_samples
from .scoring import Errors, score, total

_RESAMPLES = 1000


@dataclass(frozen=True, slots=True)
class SetScore:
    """A model on one set."""

    name: str
    manifest_sha256: str
    n_recordings: int
    errors: Errors
    low: float
    """Lower end of the 95 % bootstrap interval of the word error rate; 1.0 is every word."""
    high: float
    ms: float
    """Mean time of a recording, everything but loading: one run, to compare with others of the same machine."""
    encode_ms: float = 0.0
    """Of that, the encoder."""

    @property
    def rate(self) -> float:
        """Word error rate."""
        return self.errors.rate or 0.0


def measure(
    path: Path, manifests: Sequence[Manifest], progress: Progress = silent, *, engine: EngineName = "edgewise"
) -> tuple[SetScore, ...]:
    """Transcribe every recording greedily, without timestamps, in the language that its manifest names.

    `path` is what `engine` runs: a model file, or a folder for onnxruntime.

    Raises:
        ManifestError: a set has no words to compare with.
    """
    model = edge.load(path, engine=engine)
    scores = []
    for manifest in manifests:
        with_words = [utterance for utterance in manifest.utterances if utterance.text is not None]
        errors, seconds, encode_s = [], 0.0, 0.0
        for done, utterance in enumerate(with_words):
            progress(f"measuring on {manifest.name}", done, len(with_words))
            samples = read_samples(utterance)
            began = time.perf_counter()
            transcript = listen(model, utterance, samples)
            seconds += time.perf_counter() - began
            encode_s += transcript.timing.encode_s
            errors.append(score(utterance.text or "", transcript.text, utterance.language))
        if not sum(one.words for one in errors):
            raise ManifestError(f"{manifest.name}: expected recordings with their words, found none")
        low, high = bootstrap(errors)
        scores.append(
            SetScore(
                name=manifest.name,
                manifest_sha256=manifest.sha256,
                n_recordings=len(errors),
                errors=total(errors),
                low=low,
                high=high,
                ms=1000 * seconds / len(errors),
                encode_ms=1000 * encode_s / len(errors),
            )
        )
    return tuple(scores)


def listen(model: edge.Model, utterance: Utterance, samples: NDArray[np.float32]) -> edge.Transcript:
    """Transcribe an utterance greedily, without timestamps, in the language that its manifest names."""
    language = utterance.language if model.tokenizer.is_multilingual else None
    return model.transcribe(samples, language=language, timestamps=False)


def bootstrap(errors: Sequence[Errors]) -> tuple[float, float]:
    """The 95 % interval of the word error rate when whole recordings are drawn again (Bisani and Ney 2004)."""
    edits, words = (np.array([getattr(one, name) for one in errors]) for name in ("edits", "words"))
    drawn = np.random.default_rng(0).integers(len(errors), size=(_RESAMPLES, len(errors)))
    rates = edits[drawn].sum(axis=1) / np.maximum(words[drawn].sum(axis=1), 1)
    low, high = np.percentile(rates, (2.5, 97.5))
    return float(low), float(high)


def mean_rate(scores: Sequence[SetScore]) -> float:
    """Word error rate, every set counting alike."""
    return sum(one.rate for one in scores) / len(scores)
