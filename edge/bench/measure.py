"""Measures all that a report holds: one after the other, with an eye on the machine."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, distribution
from typing import Any

from ..arrays import FloatArray
from ..audio import SAMPLE_RATE_HZ
from ..errors import StoreError
from ..files import sha256_of
from ..machine import describe_machine
from ..ops import compiled_file, cpu_info
from ..progress import Progress
from ..recognizer import Recognizer
from ..version import __version__
from ..whisper.file.model import open_model
from .burst import Burst, Pace, measure_burst, sound_hash
from .conditions import Conditions
from .energy import joules_between
from .format import Audio, Check, Energy, ModelIdentity, Report
from .language import LanguageTimes, measure_language
from .live import LiveTimes, measure_live
from .peaks import higher, measure_peaks
from .plain_words import WordRate, measure_words
from .proof import logits_hash, proof_of
from .report import seal
from .result_file import make_result
from .spoken import CLIP, OF_A_READER, Spoken, joined, some_of
from .starts import measure_start
from .sustained import Sustained, measure_sustained
from .verdict import judge
from .watch import Watch

_SAID = "andsomyfellowamericansasknotwhatyourcountrycandoforyouaskwhatyoucandoforyourcountry"
_SHORT_S = (3.0, 8.0)
_LONG_S = 30.0

Clips = list[tuple[str, FloatArray]]


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is measured."""

    pace: Pace
    n_words: int
    """Recordings of the set whose words are counted."""
    n_live: int
    """Recordings that are played to live sessions."""
    n_language: int
    """Rounds of a language model, where one is here; 0 leaves it out."""
    is_long: bool
    """Whether 30 s and a chapter are measured as well."""
    sustained_s: float = 0.0
    """Seconds of work without a pause; 0 leaves it out."""


QUICK = Plan(Pace(5, 6.0), n_words=10, n_live=3, n_language=3, is_long=False)
USUAL = Plan(Pace(20, 90.0), n_words=60, n_live=10, n_language=5, is_long=True)
FULL = Plan(Pace(20, 90.0), n_words=60, n_live=10, n_language=5, is_long=True, sustained_s=600.0)


def measure(
    models: Sequence[tuple[int, Recognizer]],
    clip: FloatArray,
    spoken: Sequence[Spoken],
    plan: Plan,
    command: str,
    progress: Progress,
) -> dict[str, Any]:
    """Measure recognizers, each with its number of threads, and return the sealed report.

    `clip` (n_samples,) is the one whose words are checked; `spoken` is the set of recordings, or empty.
    """
    best = _most_threads(models)
    machine = describe_machine()
    peaks = measure_peaks(machine.cores)
    starts = []
    for threads, model in best:
        progress("cold start", 0, len(best))
        starts.append(measure_start(model, threads, clip[: round(_SHORT_S[0] * SAMPLE_RATE_HZ)]))
    clips = _clips(clip, spoken, is_long=plan.is_long)
    work, seen = _watched(models, clips, spoken, plan, progress)
    report = Report(
        machine=machine,
        version=__version__,
        level=cpu_info().chosen,
        package_sha256=_package_hash(),
        kernels_sha256=sha256_of(compiled_file()),
        command=command,
        peaks=higher(peaks, measure_peaks(machine.cores)),
        audio=tuple(Audio(name, len(sound) / SAMPLE_RATE_HZ, sound_hash(sound)) for name, sound in clips),
        models=tuple(_identity(model, clip) for _, model in best),
        check=_check(work.burst),
        starts=tuple(starts),
        cells=work.burst.cells,
        words=work.words,
        live=work.live,
        language=work.language,
        sustained=work.sustained,
        energy=work.energy,
        is_warm=work.burst.is_warm,
        conditions=tuple(seen),
        verdict=judge(seen, machine.cores, [cell.times_s for cell in work.burst.cells], is_warm=work.burst.is_warm),
    )
    fields = asdict(report)
    del fields["machine"]
    return seal(make_result("bench", machine, **fields))


@dataclass(frozen=True, slots=True)
class _Work:
    """What is measured in this process, with an eye on the machine."""

    burst: Burst
    words: tuple[WordRate, ...]
    live: tuple[LiveTimes, ...]
    language: LanguageTimes | None
    sustained: Sustained | None
    energy: Energy | None


def _watched(
    models: Sequence[tuple[int, Recognizer]], clips: Clips, spoken: Sequence[Spoken], plan: Plan, progress: Progress
) -> tuple[_Work, list[Conditions]]:
    """Do the work of the report, and return what was seen of the machine meanwhile."""
    best, watch = _most_threads(models), Watch()
    language, sustained = None, None
    live: tuple[LiveTimes, ...] = ()
    with watch.watching():
        burst = measure_burst(models, clips, plan.pace, progress)
        rounds = [one for one in watch.seen if one.at_s >= burst.began_s]
        words = tuple(measure_words(model, some_of(spoken, plan.n_words), progress) for _, model in best if spoken)
        played = some_of(spoken, plan.n_live) or [Spoken(CLIP, "", clips[0][1])]
        with suppress(StoreError):  # without the speech detector nothing is live, and the rest is still worth having
            live = tuple(measure_live(model, threads, played, progress) for threads, model in best)
        if plan.n_language:
            language = measure_language(max(threads for threads, _ in models), plan.n_language, progress)
        if plan.sustained_s:
            n_before = len(watch.seen)
            threads, model = best[0]
            sustained = measure_sustained(model, threads, clips[-1][1], plan.sustained_s, progress)
            rounds = watch.seen[n_before:]
    energy = _energy(rounds, burst, sustained)
    return _Work(burst, words, live, language, sustained, energy), watch.seen


def _most_threads(models: Sequence[tuple[int, Recognizer]]) -> list[tuple[int, Recognizer]]:
    """Choose of each model and precision the one with the most threads: words do not depend on them."""
    found: dict[tuple[str, str], tuple[int, Recognizer]] = {}
    for threads, model in sorted(models, key=lambda one: one[0]):
        found[model.name, model.precision] = (threads, model)
    return list(found.values())


def _clips(clip: FloatArray, spoken: Sequence[Spoken], *, is_long: bool) -> Clips:
    clips: Clips = [(CLIP, clip)]
    clips += [(f"{CLIP} {seconds:.0f} s", clip[: round(seconds * SAMPLE_RATE_HZ)]) for seconds in _SHORT_S]
    if is_long and spoken:
        chapter = joined(spoken[:OF_A_READER]).samples
        clips += [(f"chapter {_LONG_S:.0f} s", chapter[: round(_LONG_S * SAMPLE_RATE_HZ)]), ("chapter", chapter)]
    return clips


def _check(burst: Burst) -> Check:
    texts = [cell.text for cell in burst.cells if cell.clip == CLIP]
    text = next((text for text in texts if not _is_right(text)), texts[0])
    return Check(text, _is_right(text))


def _is_right(text: str) -> bool:
    """Whether a text has the words of the clip."""
    return "".join(filter(str.isalpha, text)).lower() == _SAID


def _identity(model: Recognizer, clip: FloatArray) -> ModelIdentity:
    sha256, logits = sha256_of(model.path), logits_hash(model.path, clip)
    with open_model(model.path) as file:
        dims = file.dims
    name = f"{model.name} {model.precision}"
    return ModelIdentity(name, sha256, model.path.stat().st_size, dims, logits, proof_of(sha256, logits))


def _energy(seen: Sequence[Conditions], burst: Burst, sustained: Sustained | None) -> Energy | None:
    """Set the energy of some seconds beside the speech that was read in them."""
    joules = joules_between([one.at_s for one in seen], [one.energy_j for one in seen], [one.power_w for one in seen])
    if joules is None:
        return None
    if sustained is not None:
        audio_s = sustained.audio_s * len(sustained.times_s)
    else:
        audio_s = sum(cell.audio_s * len(cell.times_s) for cell in burst.cells)
    return Energy(joules, audio_s, joules / audio_s)


def _package_hash() -> str | None:
    try:
        record = distribution("edgewise").read_text("RECORD")
    except PackageNotFoundError:
        return None
    return None if record is None else hashlib.sha256(record.encode()).hexdigest()
