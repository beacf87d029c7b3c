"""Loads a model, from a name or a file: `edge.load`."""

from __future__ import annotations

import os
import time
from functools import partial
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias, TypedDict, Unpack, overload

from .correct.witnesses import Company
from .correct.witnesses import LanguageModel as Judge
from .errors import EdgeError, FormatError, ModelNotFoundError, OptionError, UnsupportedModelError
from .listen.detector import fetch_detector
from .llm.names import LANGUAGE_ENGINES, LANGUAGE_NAMES, Cache, LanguageEngine, LanguageName
from .names import DEFAULT_MODEL, KINDS, Kind, SpeechName, given_path
from .options import TranscribeOptions
from .prepare import model_place, prepare_model, prepare_onnx
from .profile import Profile, read_profile
from .progress import Progress
from .recognizer import ENGINES, EngineName, Recognizer, open_path
from .store import Store
from .threads import usable_threads
from .values import choice, flag, optional, shown, text, whole

if TYPE_CHECKING:
    from .llm.model import LanguageModel

SECOND = {"tiny.en": "base", "tiny": "base", "small": "base", "small.en": "base"}
OTHER_SECOND = "tiny.en"
"""Models that give a second opinion: small ones, which read otherwise than the first."""
JUDGE = "smollm2-135m"
"""Language model that judges words in doubt."""

_LONGEST_NAME = 255
_LONGEST_PRECISION = 100
_MOST_THREADS = 2**31 - 1


AnyProfile: TypeAlias = Profile | str | PathLike[str]
"""A profile, or the file that it is in."""


class _How(TypedDict, total=False):
    """Arguments that a model of any kind is loaded with."""

    precision: str | None
    threads: int | None
    offline: bool | None
    progress: Progress | None


class _OfLanguage(TypedDict, total=False):
    """Arguments of language models alone."""

    n_ctx: int | None
    cache: Cache


class _HowLanguage(_How, _OfLanguage, total=False):
    """Arguments that a language model is loaded with."""


@overload
def load(
    model: SpeechName | PathLike[str] | None = None,
    *,
    kind: Literal["speech"] | None = None,
    engine: EngineName = "edgewise",
    profile: AnyProfile | None = None,
    **how: Unpack[_How],
) -> Recognizer: ...
@overload
def load(
    model: LanguageName,
    *,
    kind: Literal["language"] | None = None,
    engine: LanguageEngine = "edgewise",
    **how: Unpack[_HowLanguage],
) -> LanguageModel: ...
@overload
def load(
    model: str,
    *,
    kind: Literal["speech"],
    engine: EngineName = "edgewise",
    profile: AnyProfile | None = None,
    **how: Unpack[_How],
) -> Recognizer: ...
@overload
def load(
    model: str | PathLike[str],
    *,
    kind: Literal["language"],
    engine: LanguageEngine = "edgewise",
    **how: Unpack[_HowLanguage],
) -> LanguageModel: ...
@overload
def load(
    model: str | PathLike[str],
    *,
    kind: Kind | None = None,
    engine: EngineName | LanguageEngine = "edgewise",
    profile: AnyProfile | None = None,
    **how: Unpack[_HowLanguage],
) -> Recognizer | LanguageModel: ...
def load(
    model: str | PathLike[str] | None = None,
    *,
    kind: Kind | None = None,
    precision: str | None = None,
    engine: EngineName | LanguageEngine = "edgewise",
    threads: int | None = None,
    offline: bool | None = None,
    progress: Progress | None = None,
    profile: AnyProfile | None = None,
    n_ctx: int | None = None,
    cache: Cache = "f32",
) -> Recognizer | LanguageModel:
    """Load a model by name (fetched, and a speech model exported, on first use) or from a .gguf file.

    Args:
        model: a name that `edgewise models list` shows, or the path of a model file. A string is a path if it has a
            folder in it, begins with "." or "~", or ends in .gguf; a file `tiny.en` here is "./tiny.en". None takes the
            profile's, or tiny.en.
        kind: "speech" for a model that transcribes, "language" for one that scores texts and writes. None takes the
            kind that a name has, and a file for a speech model.
        precision: f32, f16, q8_0, int8 or int4, for a speech model given by name; f32, int8 or int4 for a language
            model. None takes int8, or what a file is made for.
        engine: "onnxruntime" runs the folder that `edgewise export whisper SOURCE -o DIR --to onnx` wrote, or a name
            at f32, int8, w8 or w4, whose first use needs the extra `edgewise[onnx-export]`. "llama.cpp" runs the file
            of a language model as it is, and needs `edgewise[llm]`.
        threads: CPU threads, at most as many as processors that this process may run on; None takes its physical cores.
        offline: True never opens a socket; None asks EDGEWISE_OFFLINE.
        progress: called with what is fetched and exported, and how far it is.
        profile: what `edgewise tune` found for this machine, or its file; other arguments, and the settings of a
            transcription, go before it.
        n_ctx: tokens that a language model looks back at; None takes 2048, or as many as it was trained on.
        cache: precision of the keys and values of these tokens: int8 takes a quarter of the memory of f32.

    Raises:
        ModelNotFoundError: there is no such name or file, or the name is of another kind of model.
        FormatError, UnsupportedModelError: the file is damaged, or not one to run.
        StoreError: fetching failed; OfflineError where the network was needed and not allowed.
        KernelError: EDGE_CPU names a level that this processor does not have.
        OptionError: there is no such engine for this kind of model, or a value of another type or range than expected.
        EdgeError: onnxruntime or llama.cpp is asked for but not installed.
    """
    how: _How = {"precision": precision, "threads": threads, "offline": offline, "progress": progress}
    found = profile if profile is None or isinstance(profile, Profile) else read_profile(profile)
    return _load(model, kind, engine, how, {"n_ctx": n_ctx, "cache": cache}, found)


def _load(
    model: str | PathLike[str] | None,
    kind: Kind | None,
    engine: EngineName | LanguageEngine,
    how: _How,
    of_language: _OfLanguage,
    profile: Profile | None,
) -> Recognizer | LanguageModel:
    """Load as it is asked for, then as the profile says; a model that is named has no precision of the profile's."""
    if profile is not None:
        if model is None and how["precision"] is None:
            how["precision"] = profile.precision
        how["threads"] = profile.threads if how["threads"] is None else how["threads"]
        model = profile.model if model is None else model
    model = DEFAULT_MODEL if model is None else model
    if _is_language_model(model, kind, engine, how):
        from .llm.loading import load_language_model

        if profile is not None:
            raise OptionError("a profile is for models that transcribe, not for language models: leave it out")
        ours: LanguageEngine = "llama.cpp" if engine == "llama.cpp" else "edgewise"
        return load_language_model(model, engine=ours, **how, **of_language)
    if of_language != {"n_ctx": None, "cache": "f32"}:
        raise OptionError("n_ctx and cache are about language models; this is a speech model: leave them out")
    loaded = _load_speech_model(model, "onnxruntime" if engine == "onnxruntime" else "edgewise", **how)
    if profile is not None:
        loaded.defaults = TranscribeOptions(**profile.settings)
    return loaded


def _is_language_model(
    model: str | PathLike[str], kind: Kind | None, engine: EngineName | LanguageEngine, how: _How
) -> bool:
    """Check the arguments, and tell whether they ask for a language model."""
    if not isinstance(model, (str, os.PathLike)):
        raise OptionError(f"model is {shown(model)}; expected the name of a model, or the path of a file")
    if any(len(os.fsencode(part)) > _LONGEST_NAME for part in Path(model).parts):
        raise ModelNotFoundError(f"model is {shown(str(model))}, which is longer than a name can be")
    if kind is not None:
        choice("kind", kind, KINDS)
    is_language = kind == "language" or (kind is None and model in LANGUAGE_NAMES)
    engines: tuple[str, ...] = LANGUAGE_ENGINES if is_language else ENGINES
    choice("engine", engine, engines)
    how["precision"] = optional(text, "precision", how["precision"], _LONGEST_PRECISION)
    a_count = "1 or more, or None for the physical cores"
    how["threads"] = optional(whole, "threads", how["threads"], 1, _MOST_THREADS, a_count)
    how["offline"] = optional(flag, "offline", how["offline"])
    return is_language


def _load_speech_model(
    model: str | PathLike[str],
    engine: EngineName,
    *,
    precision: str | None,
    threads: int | None,
    offline: bool | None,
    progress: Progress | None,
) -> Recognizer:
    began = time.perf_counter()
    path = given_path(model)
    how = partial(
        open_path,
        precision=precision,
        engine=engine,
        threads=usable_threads(threads),
        offline=offline,
        began=began,
        find_company=partial(_find_company, threads=threads, offline=offline),
    )
    if path is not None:
        return how(path)
    if engine == "onnxruntime":
        from .onnx.graph import require_onnxruntime

        require_onnxruntime()  # before minutes of work
    find = partial(prepare_onnx if engine == "onnxruntime" else _prepare, str(model), precision)
    find = partial(find, offline=offline, progress=progress)
    try:
        return how(find(verify=False))
    except (FormatError, ModelNotFoundError, UnsupportedModelError):
        return how(find(verify=True))  # made anew if it is damaged; else the same error again


def _find_company(
    name: str, llm_engine: LanguageEngine = "edgewise", *, threads: int | None, offline: bool | None
) -> Company:
    """Find the witnesses beside a model by name: a second model, and a language model if the store has it.

    Raises:
        EdgeError: llama.cpp is to run the language model, and not installed.
    """
    if llm_engine == "llama.cpp":
        from .llm.llama_cpp import require_llama_cpp

        require_llama_cpp()
    second_name = SECOND.get(name, OTHER_SECOND)
    notes = []
    second: Recognizer | None = None
    try:
        second = load(second_name, kind="speech", threads=threads, offline=offline)
    except EdgeError as error:
        notes.append(f"{second_name} cannot give a second opinion: {error}")
    language_model: Judge | None = None
    try:
        language_model = _find_language_model(llm_engine, threads)
    except EdgeError as error:
        notes.append(f"{JUDGE} cannot judge words in doubt: {error}")
    judges = [name, *([second_name] if second else []), *([JUDGE] if language_model else [])]
    heard = f"words in doubt are judged by {', '.join(judges[:-1])} and {judges[-1]}"
    if len(judges) == 1:
        heard = "nobody else was there to judge words in doubt, so that nothing is corrected"
    return Company(second, language_model, notes=(*notes, heard))


def _find_language_model(engine: LanguageEngine, threads: int | None) -> Judge | None:
    """Load the language model that judges; None where it was not pulled, which it never is without being asked for."""
    from .llm.loading import load_language_model

    if not Store().is_here(JUDGE):
        return None
    return load_language_model(JUDGE, engine=engine, threads=threads, offline=True)


def _prepare(
    name: str, precision: str | None, *, offline: bool | None, progress: Progress | None, verify: bool
) -> Path:
    store = Store()
    is_new = not model_place(name, precision, store).exists()
    path = prepare_model(name, precision, store=store, offline=offline, progress=progress, verify=verify)
    if is_new:  # there is a network now, and may be none when the detector is needed
        fetch_detector(store, offline, progress)
    return path
