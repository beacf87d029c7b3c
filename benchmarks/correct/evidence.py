"""What witnesses say of every edit in recordings, collected once and kept: it takes far longer than to decide by it."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import edge
from edge.audio import SAMPLE_RATE_HZ
from edge.bench.sets import Manifest, Utterance, read_samples
from edge.correct.edits import Edit
from edge.correct.gate import Case
from edge.correct.settings import Strength
from edge.correct.witnesses import Company, Judged
from edge.files import sha256_of
from edge.loading import JUDGE, OTHER_SECOND, SECOND
from edge.prepare import prepare_model
from edge.recognizer import Recognizer, open_path

from ..errors import BenchmarkError
from ..progress import tell

Beside = Literal["alone", "pair"]
COMPANIES: tuple[Beside, ...] = ("alone", "pair")
"""Readers of a recording: the model alone, or a second one as well; a language model judges with either."""

_STRENGTH: Strength = "safe"


@dataclass(frozen=True, slots=True)
class JudgedText:
    """A segment in doubt, with what was said of each edit."""

    number: int
    """Number of the segment in its recording."""
    case: Case


@dataclass(frozen=True, slots=True)
class Heard:
    """A recording, read and judged."""

    set: str
    name: str
    reference: str | None
    seconds: float
    segments: tuple[str, ...]
    judged: tuple[JudgedText, ...]
    plain_s: float
    """Processor time to read it without correction."""
    judged_s: float
    """Processor time to read and judge it."""

    @property
    def text(self) -> str:
        """Text as it was read."""
        return "".join(self.segments)


class Collector:
    """A model that reads recordings and collects what is said of edits, and makes none."""

    def __init__(self, name: str, company: Beside, threads: int) -> None:
        """Load a model by name, and who stands beside it."""
        self._seen: list[Judged] = []
        language_model = edge.load(JUDGE, kind="language", threads=threads)
        place = prepare_model(name, None)
        places = [place, language_model.path]
        second: Recognizer | None = None
        if company == "pair":
            other = prepare_model(SECOND.get(name, OTHER_SECOND), None)
            second = open_path(other, threads=threads)
            places.append(other)
        found = Company(second, language_model, decide=self._decide)
        self._model = open_path(place, threads=threads, find_company=lambda name, engine: found)
        self.made_by = {"model": name, "company": company, "files": [sha256_of(each) for each in places]}

    def __call__(self, set_name: str, utterance: Utterance) -> Heard:
        """Read and judge a recording."""
        samples = read_samples(utterance)
        language = "en" if len(self._model.languages) > 1 else None
        began = time.process_time()
        plain = self._model.transcribe(samples, language=language)
        read = time.process_time()
        self._seen.clear()
        found = self._model.transcribe(samples, language=language, correct=_STRENGTH)
        done = time.process_time()
        segments = tuple(segment.text for segment in found.segments)
        if found.text != plain.text:
            raise BenchmarkError(f"{utterance.name}: expected the text that is read without corrections, found another")
        return Heard(
            set_name,
            utterance.name,
            utterance.text,
            len(samples) / SAMPLE_RATE_HZ,
            segments,
            tuple(_placed(self._seen, segments)),
            read - began,
            done - read,
        )

    def _decide(self, judged: Judged) -> Sequence[Edit]:
        self._seen.append(judged)
        return ()


def collect(file: Path, collector: Collector, sets: Sequence[Manifest]) -> list[Heard]:
    """Read from a file what it has of recordings, and add to it what it has not.

    Raises:
        BenchmarkError: the file was made by other models.
    """
    wanted = [(one.name, utterance) for one in sets for utterance in one.utterances]
    known = _read(file, collector.made_by)
    with file.open("a", encoding="utf-8") as out:
        if not out.tell():
            print(json.dumps(collector.made_by), file=out)
        for number, (set_name, utterance) in enumerate(wanted, start=1):
            if (set_name, utterance.name) not in known:
                tell(f"{file.stem}: recording {number} of {len(wanted)}")
                heard = collector(set_name, utterance)
                known[set_name, utterance.name] = heard
                print(json.dumps(_written(heard)), file=out, flush=True)
    tell("")
    return [known[set_name, utterance.name] for set_name, utterance in wanted]


def _read(file: Path, made_by: dict[str, Any]) -> dict[tuple[str, str], Heard]:
    """Read what a file has; a last line that was interrupted is cut off."""
    if not file.exists():
        return {}
    content = file.read_bytes()
    whole = content[: content.rfind(b"\n") + 1]
    if whole != content:
        file.write_bytes(whole)
    header, *lines = whole.decode().splitlines() or [json.dumps(made_by)]
    if json.loads(header) != made_by:
        raise BenchmarkError(f"{file}: expected evidence of the models that are here, found that of others; remove it")
    found = [_restored(json.loads(line)) for line in lines]
    return {(one.set, one.name): one for one in found}


def _placed(seen: Sequence[Judged], segments: Sequence[str]) -> Iterator[JudgedText]:
    """Find the numbers of the segments that were judged, in the order of the text; what is not in it was read again."""
    number = 0
    for one in seen:
        if one.segment.text in segments[number:]:
            number = segments.index(one.segment.text, number)
            yield JudgedText(number, one.case)
            number += 1


def _written(heard: Heard) -> dict[str, Any]:
    """Write a recording as JSON has it."""
    judged = [
        {
            "number": one.number,
            "words": list(one.case.words),
            "probabilities": [round(each, 4) for each in one.case.probabilities],
            "edits": [
                [edit.start, edit.stop, list(edit.after), {name: round(nats, 3) for name, nats in evidence.items()}]
                for edit, evidence in one.case.edits.items()
            ],
        }
        for one in heard.judged
    ]
    return {name: getattr(heard, name) for name in Heard.__slots__} | {"judged": judged}


def _restored(stored: dict[str, Any]) -> Heard:
    judged = tuple(
        JudgedText(
            one["number"],
            Case(
                one["words"],
                one["probabilities"],
                {Edit(start, stop, tuple(after)): evidence for start, stop, after, evidence in one["edits"]},
            ),
        )
        for one in stored["judged"]
    )
    return Heard(**stored | {"judged": judged, "segments": tuple(stored["segments"])})
