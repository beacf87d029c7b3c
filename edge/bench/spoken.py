"""The recordings that `edgewise bench` measures on: a short clip, and a public set whose words are known.

The set is a part of LibriSpeech test-other (Panayotov et al. 2015, CC BY 4.0): ten utterances of one chapter for each
of six readers. `spoken.jsonl` has what is said in them; the sound is fetched on first use.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..arrays import FloatArray
from ..audio import SAMPLE_RATE_HZ, open_audio
from ..progress import Progress
from ..store import Store

CLIP = "jfk"
SET = "librispeech-other"
OF_A_READER = 10
"""Utterances of one reader, which follow one another in the set as in the book."""

_GAP_S = 0.4
_GOLDEN = (5**0.5 - 1) / 2
_TEXTS = Path(__file__).with_name("spoken.jsonl")


@dataclass(frozen=True, slots=True)
class Spoken:
    """A recording (n_samples,), and what is said in it."""

    name: str
    text: str
    samples: FloatArray

    @property
    def seconds(self) -> float:
        """Length of the recording."""
        return len(self.samples) / SAMPLE_RATE_HZ


def read_clip(*, offline: bool | None, progress: Progress) -> FloatArray:
    """Read the clip, (n_samples,) at 16 kHz; fetches it where it is not here.

    Raises:
        StoreError: it cannot be fetched.
    """
    return read_samples_of(Store().ensure(CLIP, offline=offline, progress=progress))


def read_set(*, offline: bool | None, progress: Progress) -> list[Spoken]:
    """Read the set; fetches it where it is not here.

    Raises:
        StoreError: it cannot be fetched.
    """
    folder = Store().ensure(SET, offline=offline, progress=progress)
    return read_spoken(folder)


def read_spoken(folder: Path) -> list[Spoken]:
    """Read the recordings of the set from a folder."""
    lines = [json.loads(line) for line in _TEXTS.read_text(encoding="utf-8").splitlines()]
    return [Spoken(line["audio"], line["text"], read_samples_of(folder / line["audio"])) for line in lines]


def some_of(spoken: Sequence[Spoken], n: int) -> list[Spoken]:
    """Choose `n` recordings, as many of each reader as of any other, as nearly as that goes."""
    step = max(1, len(spoken) // n)
    return list(spoken[::step])[:n]


def spread_out(spoken: Sequence[Spoken]) -> list[Spoken]:
    """Sort recordings so that the first of them, however many, are as long and as short as all are."""
    return [spoken[number] for number in spread_order([one.seconds for one in spoken])]


def spread_order(lengths: Sequence[float], begin: float = 0.0) -> list[int]:
    """Sort lengths so that the first of them, however many, spread as all do; `begin`, 0 to 1, is one order of many.

    Multiples of the golden ratio fill their range evenly, however few they are.
    """
    by_length = np.argsort(lengths, kind="stable")
    places = (begin + np.arange(1, len(lengths) + 1) * _GOLDEN) % 1
    return [int(by_length[rank]) for rank in np.argsort(np.argsort(places))]


def joined(spoken: Sequence[Spoken]) -> Spoken:
    """Join recordings to one, with a pause between two."""
    gap = np.zeros(round(_GAP_S * SAMPLE_RATE_HZ), np.float32)
    pieces = [piece for one in spoken for piece in (gap, one.samples)][1:]
    return Spoken(f"{spoken[0].name}+{len(spoken) - 1}", " ".join(one.text for one in spoken), np.concatenate(pieces))


def read_samples_of(path: Path) -> FloatArray:
    """Read a recording whole, (n_samples,) at 16 kHz."""
    with open_audio(path) as source:
        return np.concatenate(list(source))
