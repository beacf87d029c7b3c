"""Loads a language model, from a name or a file, for `edge.load`."""

from __future__ import annotations

from os import PathLike
from pathlib import Path

from ..errors import ModelNotFoundError
from ..names import given_path
from ..progress import Progress
from ..store import Store
from .model import LanguageModel, open_model
from .names import DEFAULT_LANGUAGE_MODEL, Cache, LanguageEngine


def load_language_model(
    model: str | PathLike[str] = DEFAULT_LANGUAGE_MODEL,
    *,
    precision: str | None = None,
    engine: LanguageEngine = "edgewise",
    threads: int | None = None,
    offline: bool | None = None,
    progress: Progress | None = None,
    n_ctx: int | None = None,
    cache: Cache = "f32",
) -> LanguageModel:
    """Load a language model by name, fetched on first use, or from a GGUF file as llama.cpp writes them.

    Args:
        model: a name that `edgewise models list` shows, or the path of a file, told apart as `edge.load` does.
        precision: f32, int8 or int4; None takes int8.
        engine: "llama.cpp" runs the file as it is in llama.cpp, which `edgewise[llm]` brings.
        threads: CPU threads; None takes the physical cores.
        offline: True never opens a socket; None asks EDGEWISE_OFFLINE.
        progress: called with what is fetched, and how far it is.
        n_ctx: tokens that the model looks back at; None takes 2048, or as many as it was trained on.
        cache: precision of the keys and values of these tokens: int8 takes a quarter of the memory of f32.

    Raises:
        ModelNotFoundError: there is no such name or file, or the name is of no language model.
        FormatError, UnsupportedModelError: the file is damaged, or not one to run.
        StoreError: fetching failed; OfflineError where the network was needed and not allowed.
        EdgeError: llama.cpp is asked for, and not installed.
    """
    if engine == "llama.cpp":
        from .llama_cpp import require_llama_cpp

        require_llama_cpp()  # before anything is fetched
    path = given_path(model)
    if path is None:
        path = _stored(str(model), offline, progress)
    return open_model(path, precision=precision, engine=engine, threads=threads, n_ctx=n_ctx, cache=cache)


def _stored(name: str, offline: bool | None, progress: Progress | None) -> Path:
    store = Store()
    kind = store.asset(name).kind
    if kind != "language model":
        raise ModelNotFoundError(f"{name}: expected the name of a language model, found one of kind {kind!r}")
    return store.ensure(name, offline=offline, progress=progress)
