"""The words that a model gets wrong on sets of recordings, how sure that is, and how long it takes."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge.bench.intervals import drawn_rates, interval
from edge.bench.scoring import Errors, score, total
from edge.bench.sets import Manifest, Utterance, read_samples
from edge.errors import ManifestError
from edge.progress import Progress, silent
from edge.recognizer import EngineName as EngineName
from edge.recognizer import Recognizer, open_path
from edge.transcript.transcript import Transcript

AS_RECORDED = (0.0,)
"""The one level at which recordings are heard unless others are named."""


@dataclass(frozen=True, slots=True)
class SetScore:
    """Score of a model on one set."""

    name: str
    manifest_sha256: str
    n_recordings: int
    errors: Errors
    """Errors at all levels together."""
    edits: tuple[int, ...]
    """Number of edits of each recording, at all levels together."""
    words: tuple[int, ...]
    """Number of words of each recording's reference, as often as it was heard."""
    low: float
    """Lower end of the 95 % bootstrap interval of the word error rate; 1.0 is every word."""
    high: float
    ms: float
    """Mean time of a recording, everything but loading: one run, to compare with others of the same machine."""
    encode_ms: float = 0.0
    """Mean time of the encoder, which is a part of `ms`."""
    joined: Errors = field(default_factory=Errors)
    """Errors where letters and digits that follow one another are one word, so that hearing counts alone."""
    joined_edits: tuple[int, ...] = ()
    """Number of these of each recording."""
    joined_words: tuple[int, ...] = ()

    @property
    def rate(self) -> float:
        """Word error rate at all levels together."""
        return self.errors.rate or 0.0


def measure(
    path: Path,
    manifests: Sequence[Manifest],
    progress: Progress = silent,
    *,
    engine: EngineName = "edgewise",
    levels_db: Sequence[float] = AS_RECORDED,
) -> tuple[SetScore, ...]:
    """Transcribe every recording greedily, without timestamps, in the language that its manifest names.

    `path` is what `engine` runs: a model file, or a folder for onnxruntime. Each recording is heard at each of
    `levels_db`, gains in decibels: any small change moves a few words, which several levels even out.

    Raises:
        ManifestError: a set has no words to compare with.
    """
    model = open_path(path, engine=engine)
    scores = []
    for manifest in manifests:
        with_words = [utterance for utterance in manifest.utterances if utterance.text is not None]
        errors, joined, seconds, encode_s = [], [], 0.0, 0.0
        for done, utterance in enumerate(with_words):
            progress(f"measuring on {manifest.name}", done, len(with_words))
            samples = read_samples(utterance)
            heard, alike = [], []
            for level in levels_db:
                began = time.perf_counter()
                transcript = listen(model, utterance, at_level(samples, level))
                seconds += time.perf_counter() - began
                encode_s += transcript.timing.encode_s
                heard.append(score(utterance.text or "", transcript.text, utterance.language))
                alike.append(score(utterance.text or "", transcript.text, utterance.language, joined=True))
            errors.append(total(heard))
            joined.append(total(alike))
        if not sum(one.words for one in errors):
            raise ManifestError(f"{manifest.name}: expected recordings with their words, found none")
        edits, words = tuple(one.edits for one in errors), tuple(one.words for one in errors)
        low, high = bootstrap(edits, words)
        n_heard = len(errors) * len(levels_db)
        scores.append(
            SetScore(
                name=manifest.name,
                manifest_sha256=manifest.sha256,
                n_recordings=len(errors),
                errors=total(errors),
                edits=edits,
                words=words,
                joined=total(joined),
                joined_edits=tuple(one.edits for one in joined),
                joined_words=tuple(one.words for one in joined),
                low=low,
                high=high,
                ms=1000 * seconds / n_heard,
                encode_ms=1000 * encode_s / n_heard,
            )
        )
    return tuple(scores)


def at_level(samples: NDArray[np.float32], decibels: float) -> NDArray[np.float32]:
    """Make samples so many decibels louder."""
    return samples * np.float32(10 ** (decibels / 20))


def listen(model: Recognizer, utterance: Utterance, samples: NDArray[np.float32]) -> Transcript:
    """Transcribe an utterance greedily, without timestamps, in the language that its manifest names."""
    language = utterance.language if len(model.languages) > 1 else None
    return model.transcribe(samples, language=language, timestamps=False)


def bootstrap(edits: Sequence[int], words: Sequence[int]) -> tuple[float, float]:
    """Find the 95 % interval of the word error rate of recordings with these counts."""
    rng = np.random.default_rng(0)
    return interval(drawn_rates(np.array(edits, np.float64), np.array(words, np.float64), rng))


def mean_rate(scores: Sequence[SetScore]) -> float:
    """Average the word error rates, every set counting alike."""
    return sum(one.rate for one in scores) / len(scores)


def increase(scores: Sequence[SetScore], others: Sequence[SetScore]) -> tuple[float, float, float]:
    """Find how far the mean rate is above another model's on the same recordings, and the 95 % interval of that.

    Recording by recording: what both find hard does not widen the interval.
    """
    rng = np.random.default_rng(0)
    drawn = [
        drawn_rates(np.subtract(one.edits, other.edits, dtype=np.float64), np.array(one.words, np.float64), rng)
        for one, other in zip(scores, others, strict=True)
    ]
    return mean_rate(scores) - mean_rate(others), *interval(np.mean(drawn, axis=0))


def as_joined(score: SetScore) -> SetScore:
    """Count letters and digits that follow one another as one word, in a score of which `measure` knows both."""
    edits, words = score.joined_edits, score.joined_words
    return replace(score, errors=score.joined, edits=edits, words=words)
