"""The contents of a report of `edgewise bench`; the schema in the documentation is made of these tables."""

from __future__ import annotations

from dataclasses import dataclass

from ..machine import Machine
from ..whisper.file.dims import WhisperDims
from .burst import Cell
from .conditions import Conditions
from .language import LanguageTimes
from .live import LiveTimes
from .peaks import Peaks
from .plain_words import WordRate
from .proof import Proof
from .starts import Start
from .sustained import Sustained
from .verdict import Verdict


@dataclass(frozen=True, slots=True)
class Audio:
    """One clip that times were measured on."""

    name: str
    seconds: float
    sha256: str
    """Hash of the samples as 32-bit floats, low byte first."""


@dataclass(frozen=True, slots=True)
class ModelIdentity:
    """One model file."""

    name: str
    """Name and precision."""
    sha256: str
    n_bytes: int
    dims: WhisperDims
    logits_sha256: str
    """Hash of the logits behind the prompt, for the clip that is checked."""
    proof: Proof
    """Whether that is the hash that edgewise knows of this file, where it knows one: it proves which code ran."""


@dataclass(frozen=True, slots=True)
class Check:
    """The words of the clip, whose text is known."""

    text: str
    """Text of the clip; the first wrong one where a model was wrong."""
    is_right: bool


@dataclass(frozen=True, slots=True)
class Energy:
    """What the processor took by its own counter, or the board by its sensors."""

    joules: float
    audio_s: float
    """Seconds of speech that were transcribed meanwhile."""
    joules_per_audio_s: float


@dataclass(frozen=True, slots=True)
class Report:
    """What was measured, on what, in which state, and what it is worth."""

    machine: Machine
    version: str
    level: str
    """Instruction set of the kernels that ran."""
    package_sha256: str | None
    """Hash of the list of files that the wheel installed; None where none was."""
    kernels_sha256: str
    """Hash of the compiled part."""
    command: str
    """Command that measured."""
    peaks: Peaks
    """Most that the machine can do, the better of two measurements: before the first time and after the last."""
    audio: tuple[Audio, ...]
    models: tuple[ModelIdentity, ...]
    check: Check
    starts: tuple[Start, ...]
    cells: tuple[Cell, ...]
    words: tuple[WordRate, ...]
    """Words of each model and precision; empty where the set of recordings could not be had."""
    live: tuple[LiveTimes, ...]
    language: LanguageTimes | None
    """Times of a language model; None where none was installed."""
    sustained: Sustained | None
    """Minutes of work without a pause; None where they were not asked for."""
    energy: Energy | None
    """Energy of the sustained work, else of the rounds; None where the system does not tell."""
    is_warm: bool
    """Whether three times in a row were within 3 % before the first round."""
    conditions: tuple[Conditions, ...]
    """State of the machine before the work, twice a second meanwhile, and after it."""
    verdict: Verdict
