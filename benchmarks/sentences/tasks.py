"""Commands with what they ask for, other sound in pieces, and what each way of listening makes of them."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

import edge
from edge.arrays import FloatArray
from edge.audio import SAMPLE_RATE_HZ
from edge.bench.sets import Manifest, find_set, read_manifest, read_samples
from edge.sentences import Sentences, load, recognize
from edge.sentences.spelling import Speller, bare
from edge.whisper.segments import decoding_of

from .closest import closest

_READINGS = 5
_ALIKE = 0.75
"""Share of the letters that a free reading has in common with the sentence that it is taken for."""
_SHORTEST_S, _LONGEST_S = 4.0, 8.0
_QUIET_S = 0.1


@dataclass(frozen=True, slots=True)
class Command:
    """A recording of a command."""

    name: str
    samples: FloatArray = field(repr=False)
    text: str | None
    intent: str | None
    slots: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class Heard:
    """What a way of listening makes of a recording; no text where it acts on nothing."""

    text: str | None
    intent: str | None = None
    slots: dict[str, Any] = field(default_factory=dict)
    cpu_s: float = 0.0


Listen = Callable[[edge.Recognizer, FloatArray, Sentences], Heard]


def read_task(name: str, data: Path | None, limit: int | None) -> tuple[str, Sentences, list[Command]]:
    """Read `SET=SOURCE[+SOURCE...]`: the recordings of a set, and the sentences that are listened for."""
    set_name, _, sources = name.partition("=")
    folder = find_set(set_name, data)
    folder = folder if folder.is_dir() else folder.parent
    return folder.name, read_sentences(sources), [*_commands(folder, limit)]


def read_sentences(sources: str) -> Sentences:
    """Load sentences from sources between plus signs."""
    return load(*sources.split("+"), context={"area": "kitchen"})


def _commands(folder: Path, limit: int | None) -> Iterator[Command]:
    lines = (folder / "manifest.jsonl").read_text(encoding="utf-8").splitlines()
    tables = [json.loads(line) for line in lines if line.strip()][:limit]
    for table, utterance in zip(tables, read_manifest(folder).utterances, strict=False):
        samples = read_samples(utterance)
        yield Command(utterance.name, samples, table.get("text"), table.get("intent"), table.get("slots"))


def is_right(command: Command, heard: Heard, sentences: Sentences) -> bool:
    """Whether what a command asks for was understood; without an intent, whether its words were."""
    if heard.text is None:
        return False
    if command.intent is None:
        return in_figures(command.text or "", sentences.language) == in_figures(heard.text, sentences.language)
    slots = {name: str(value).casefold() for name, value in heard.slots.items()}
    wanted = {name: str(value).casefold() for name, value in (command.slots or {}).items()}
    return heard.intent == command.intent and (not command.slots or slots == wanted)


def in_figures(text: str, language: str) -> str:
    """Reduce a text to letters and figures, numbers written in figures."""
    speller = Speller(language)
    words = speller.words(text.casefold())
    forms = (next((form for form in speller.forms(word) if form.strip()[:1].isdigit()), word) for word in words)
    return bare("".join("0" if form == "oh" else form for form in forms))


def timed(listen: Listen) -> Listen:
    """Measure the processor time of a way of listening."""

    def measured(model: edge.Recognizer, samples: FloatArray, sentences: Sentences) -> Heard:
        began = time.process_time()
        heard = listen(model, samples, sentences)
        return Heard(heard.text, heard.intent, heard.slots, time.process_time() - began)

    return measured


def by_closed(model: edge.Recognizer, samples: FloatArray, sentences: Sentences) -> Heard:
    """Listen for the sentences alone."""
    match = recognize(model, samples, sentences)
    return Heard(match.text if match.kind == "sentence" else None, match.intent, dict(match.slots))


def by_free(model: edge.Recognizer, samples: FloatArray, sentences: Sentences) -> Heard:
    """Read freely, and take the reading if it is a sentence."""
    return _taken(model.transcribe(samples).text, sentences)


def by_nbest(model: edge.Recognizer, samples: FloatArray, sentences: Sentences) -> Heard:
    """Read freely in several ways, and take the best reading that is a sentence."""
    segments = model.transcribe(samples, n_best=_READINGS).segments
    if len(segments) != 1:
        return _taken("".join(one.text for one in segments), sentences)
    readings = [one.text for one in decoding_of(segments[0]).alternatives]
    found = (_taken(text, sentences) for text in readings)
    return next((heard for heard in found if heard.text is not None), Heard(None))


def by_closest(model: edge.Recognizer, samples: FloatArray, sentences: Sentences) -> Heard:
    """Read freely, and take the sentence whose letters are most alike."""
    text = model.transcribe(samples).text
    found = closest(sentences.graph, text)
    if found is None or found[1] > (1 - _ALIKE) * max(len(bare(text)), len(bare(found[0]))):
        return Heard(None)
    return _taken(found[0], sentences)


def _taken(text: str, sentences: Sentences) -> Heard:
    found = sentences.read(text)
    return Heard(None) if found is None else Heard(*found)


def pieces(manifest: Manifest) -> Iterator[FloatArray]:
    """Cut recordings where they are quietest, into pieces of 4 to 8 s, as an endpoint would."""
    for utterance in manifest.utterances:
        left = read_samples(utterance)
        while len(left) > _LONGEST_S * SAMPLE_RATE_HZ:
            at = _quietest(left[: round(_LONGEST_S * SAMPLE_RATE_HZ)])
            yield left[:at]
            left = left[at:]
        if len(left) > SAMPLE_RATE_HZ // 2:
            yield left


def _quietest(samples: FloatArray) -> int:
    first, step = round(_SHORTEST_S * SAMPLE_RATE_HZ), round(_QUIET_S * SAMPLE_RATE_HZ)
    energies = np.add.reduceat(samples[first:].astype(np.float64) ** 2, np.arange(0, len(samples) - first, step))
    return first + int(energies[:-1].argmin()) * step + step // 2
