"""Listens for a listed sentence, and lets go where something else was said, or nothing."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import numpy as np

from ..audio import SAMPLE_RATE_HZ, AudioInput
from ..audio.source import open_audio
from ..errors import OptionError, UnsupportedModelError
from ..values import shown
from .decide import Weights, evidence_of, is_meant, weights_of
from .match import Match
from .sentences import Sentences

if TYPE_CHECKING:
    from ..arrays import FloatArray
    from ..recognizer import Recognizer
    from ..whisper.closed import ClosedReader
    from ..whisper.search.greedy import DecodedWindow

_MOST_S = 30
_MOST_DOUBTED = 60.0
"""Nats by which a sentence may be less likely than the free reading and still be looked for."""
_OTHERS = 4


def recognize(
    model: Recognizer,
    audio: AudioInput,
    sentences: Sentences,
    *,
    language: str | None = None,
    strictness: float = 0.0,
) -> Match:
    """Tell which of the sentences is said in a short recording, if it is one of them.

    Args:
        model: a Whisper model, as `edge.load` gives it.
        audio: a file, or float32 mono samples at 16 kHz; at most 30 s.
        sentences: what may be said.
        language: code of the language for a model of several; None takes that of the sentences.
        strictness: nats by which a sentence has to be surer than usual (edge.sentences.decide); below 0 lets more pass.

    Raises:
        AudioError: the recording cannot be read.
        OptionError: it is longer than 30 s.
        UnsupportedModelError: the model is of another family.
    """
    from ..whisper.model import Model

    if not isinstance(model, Model):
        raise UnsupportedModelError(f"model is {shown(model)}; expected a Whisper model, as edge.load gives it")
    samples = _samples(audio)
    spoken = language or sentences.language.partition("-")[0]
    with closing(model.closed(samples, spoken if model.tokenizer.is_multilingual else None)) as reader:
        return _match(reader, sentences, weights_of(model.name), strictness)


def _match(reader: ClosedReader, sentences: Sentences, weights: Weights, strictness: float) -> Match:
    root = sentences.tree(reader.tokenizer).root
    free = reader.free(root)
    if not free.text or not reader.is_spoken(free):
        return Match("nothing", "", free_text=free.text)
    read = sentences.graph.read(free.text)
    if read is not None:
        return _sentence(sentences, read, free, free.avg_logprob, 0.0)
    likely = sum(free.token_logprobs)
    found = reader.listed(root, free, _MOST_DOUBTED)
    written = [reader.tokenizer.decode(one.tokens) for one in found]
    texts = [sentences.graph.read(text) or text.strip() for text in written]
    if found:
        best, n_tokens = found[0], len(found[0].tokens)
        evidence = evidence_of(best.total, n_tokens, written[0], likely, free.text)
        if is_meant(evidence, weights, strictness):
            others = tuple(texts[1 : 1 + _OTHERS])
            return _sentence(sentences, texts[0], free, best.total / (n_tokens + 1), best.total - likely, others)
    return _something_else(reader, sentences, free, tuple(texts[:_OTHERS]))


def _sentence(
    sentences: Sentences, text: str, free: DecodedWindow, score: float, margin: float, others: tuple[str, ...] = ()
) -> Match:
    intent, slots = sentences.intent_of(text) or (None, {})
    return Match("sentence", text, intent, slots, score, margin, free.text, others)


def _something_else(reader: ClosedReader, sentences: Sentences, free: DecodedWindow, others: tuple[str, ...]) -> Match:
    """Look for sentences with wildcards among the free readings; the first that is one of them counts."""
    if sentences.has_wildcards:
        several = reader.several()
        texts = [free.text, several.text, *(reader.tokenizer.decode(one.tokens).strip() for one in several.others)]
        for text in dict.fromkeys(texts):
            found = sentences.read(text)
            if found is not None:
                return Match("sentence", *found, free.avg_logprob, 0.0, free.text, others)
    return Match("free", free.text, score=free.avg_logprob, free_text=free.text, others=others)


def _samples(audio: AudioInput) -> FloatArray:
    blocks: list[FloatArray] = []
    n_samples = 0
    with open_audio(audio) as source:
        for block in source:
            blocks.append(block)
            n_samples += len(block)
            if n_samples > _MOST_S * SAMPLE_RATE_HZ:
                raise OptionError(
                    f"{source.name}: expected at most {_MOST_S} s, found more; cut it where nobody speaks"
                )
    return np.concatenate(blocks)
