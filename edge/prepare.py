"""Turns a model's name and a precision into a file or folder that runs, fetched and exported on first use.

This is the only place where the runtime calls the exporter, which is imported then.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from .errors import EdgeError, IntegrityError, ModelNotFoundError, StoreError, UnsupportedModelError
from .names import DEFAULT_PRECISION
from .progress import Progress
from .store import Asset, Store, is_offline
from .store.files import readable_size, require_space
from .store.store import NOT_AS_WRITTEN
from .store.sums import is_intact
from .whisper.file.cost import file_bytes
from .whisper.file.dims import WhisperDims
from .whisper.file.published import PUBLISHED
from .whisper.file.roles import PRECISIONS

MODEL_REVISION = 6
"""Revision of exported models, to raise when the exporter writes other bytes; older exports are then made anew."""

INT4_REVISION = 8
"""Revision of models at INT4, to raise for the same reason."""

ONNX_REVISION = 1
"""Revision of folders for onnxruntime, to raise for the same reason."""

_ONNX_SPACE = 10
"""Factor of the size of a float16 checkpoint: float32 weights, both decoders' before they share theirs, the result."""

_LOG = logging.getLogger("edge.store")


def model_place(name: str, precision: str | None = None, store: Store | None = None) -> Path:
    """Return where the file of a model that runs lies or would lie; the precision is int8 unless given.

    Raises:
        ModelNotFoundError, UnsupportedModelError: no such model, or not at that precision.
    """
    store = store or Store()
    asset = _speech_model(store, name)
    if asset.precision:
        if precision not in (None, asset.precision):
            raise UnsupportedModelError(
                f"{asset.name} is a model file at {asset.precision}, which runs as it is; to have it at {precision}, "
                f"run `edgewise export whisper {asset.name} -o FILE --precision {precision}`"
            )
        return store.place(name)
    precision = DEFAULT_PRECISION if precision is None else precision
    _check_precision(precision, PRECISIONS)
    revision = INT4_REVISION if precision == "int4" else MODEL_REVISION
    return store.home / "models" / f"{asset.name}-{precision}-r{revision}-{_source_of(asset)}.gguf"


def onnx_place(name: str, precision: str, store: Store | None = None) -> Path:
    """Return where the folder of a model for onnxruntime lies or would lie."""
    from .whisper.engines.onnx_folder import PRECISIONS

    store = store or Store()
    _check_precision(precision, PRECISIONS)
    asset = _speech_model(store, name)
    return store.home / "models" / f"{asset.name}-onnx-{precision}-r{ONNX_REVISION}-{_source_of(asset)}"


def prepare_model(
    name: str,
    precision: str | None = None,
    *,
    store: Store | None = None,
    offline: bool | None = None,
    progress: Progress | None = None,
    folders: Sequence[Path] = (),
    verify: bool = False,
) -> Path:
    """Find or make a model as a file for the runtime; fetched and exported on first use, which is logged.

    The precision is int8 unless given; a model of the user's own that is a model file runs as it is. A file that is not
    what the export wrote is made anew; `verify` reads all of it to find out. `folders` are looked into before anything
    is fetched.

    Raises:
        ModelNotFoundError, UnsupportedModelError: no such model, or not at that precision.
        StoreError: fetching failed, or the exporter is not there.
    """
    store = store or Store()
    target = model_place(name, precision, store)
    asset = _speech_model(store, name)
    if asset.precision:
        return store.ensure(name, offline=offline, progress=progress, folders=folders)
    if target.is_file() and is_intact(target, read=verify):
        return target
    precision = DEFAULT_PRECISION if precision is None else precision
    if not store.is_here(name) and not is_offline(offline):
        _LOG.warning("fetching %s once, %s, into %s", name, readable_size(asset.size), store.place(name))
    with _explaining_damage(target, name):
        source = store.ensure(name, offline=offline, progress=progress, folders=folders)
        tables = _tables(store, asset, offline=offline, progress=progress, folders=folders)
        with store.making(target, verify=verify) as made:
            if made is not None:
                _LOG.warning("exporting %s to %s once, into %s", name, precision, target)
                _export(asset, source, made, precision, tables, progress)
    return target


def prepare_onnx(
    name: str,
    precision: str | None = None,
    *,
    store: Store | None = None,
    offline: bool | None = None,
    progress: Progress | None = None,
    verify: bool = False,
) -> Path:
    """Find or make a model as a folder for onnxruntime; fetched and exported on first use, which is logged.

    `verify` and the errors are those of `prepare_model`.

    Raises:
        EdgeError: the folder is not there, and the packages that export it are not installed.
    """
    store, precision = store or Store(), DEFAULT_PRECISION if precision is None else precision
    target = onnx_place(name, precision, store)
    if target.is_dir() and is_intact(target, read=verify):
        return target
    _require_onnx_exporter(name, precision, target)
    with _explaining_damage(target, name):
        source = store.ensure(name, offline=offline, progress=progress)
        asset = _speech_model(store, name)
        tables = _tables(store, asset, offline=offline, progress=progress)
        with store.making(target, verify=verify) as made:
            if made is not None:
                _LOG.warning("exporting %s to ONNX at %s once, into %s", name, precision, target)
                require_space(target.parent, _ONNX_SPACE * asset.size)
                from export.whisper import export_whisper

                export_whisper(
                    source, made, precision=precision, to="onnx", name=asset.name, assets=tables, progress=progress
                )
    return target


def read_source(path: Path, tables: Callable[[], Path]) -> tuple[WhisperDims, str]:
    """Read a checkpoint through; gives its sizes, and the SHA-256 of its weights.

    `tables` brings Whisper's own tables, and is called only where a model comes without a vocabulary.

    Raises:
        FormatError, UnsupportedModelError: it is no Whisper model.
        StoreError: the exporter is not there.
    """
    with _importing_exporter():
        from export.sources import read_checkpoint
    checkpoint = read_checkpoint(path, assets=tables)
    return checkpoint.dims, checkpoint.source_sha256


@contextmanager
def _importing_exporter() -> Iterator[None]:
    try:
        yield
    except ImportError as error:
        message = f"the exporter cannot be imported ({error}): install edgewise with its `export` package"
        raise StoreError(message) from error


def dims_of(asset: Asset) -> WhisperDims | None:
    """Return the sizes of a Whisper model, by its name or as they were found when it was added; else None."""
    sizes: list[Any] = list(asset.sizes)
    return WhisperDims(*sizes) if sizes else PUBLISHED.get(asset.name)


def _speech_model(store: Store, name: str) -> Asset:
    asset = store.asset(name)
    if asset.kind != "whisper":
        models = ", ".join(known.name for known in store.known().values() if known.kind == "whisper")
        raise ModelNotFoundError(f"{name} ({asset.kind}) is not a speech model; speech models are {models}")
    return asset


def _source_of(asset: Asset) -> str:
    """Return a short hash of what a model is exported from."""
    return hashlib.sha256("".join(file.sha256 for file in asset.files).encode()).hexdigest()[:8]


def _check_precision(precision: str, known: Sequence[str]) -> None:
    """Refuse an unknown precision, since a precision becomes a part of a path."""
    if precision not in known:
        raise UnsupportedModelError(f"unknown precision {precision!r:.80}; known here are {', '.join(known)}")


def _tables(
    store: Store, asset: Asset, *, offline: bool | None, progress: Progress | None, folders: Sequence[Path] = ()
) -> Callable[[], Path] | None:
    """Bring what a model cannot be exported without, such as its vocabulary; None where it has all it needs."""
    if not asset.needs:
        return None
    place = store.ensure(asset.needs, offline=offline, progress=progress, folders=folders)
    return lambda: place


def _export(
    asset: Asset,
    source: Path,
    made: Path,
    precision: str,
    tables: Callable[[], Path] | None,
    progress: Progress | None,
) -> None:
    with _importing_exporter():
        from export.whisper import export_whisper
    dims = dims_of(asset)
    parsed = next(known for known in PRECISIONS if known == precision)
    # The model, and what was rounded before it is written.
    size = asset.size if dims is None else file_bytes(dims, parsed, is_calibrated=asset.is_calibrated)
    require_space(made.parent, 2 * size)
    export_whisper(source, made, precision=precision, name=asset.name, assets=tables, progress=progress)


def _require_onnx_exporter(name: str, precision: str, target: Path) -> None:
    try:
        from export.tools.packages import require_onnx

        require_onnx(precision, load=True)
    except (ImportError, EdgeError) as error:
        command = f"edgewise export whisper {name} -o DIR --to onnx --precision {precision}"
        state = "is damaged" if target.is_dir() else f"at {precision} is not in {target.parent}"
        raise EdgeError(
            f"{name} {state} for onnxruntime, and cannot be made here: {error}; "
            f"or run `{command}` where that is installed, and load DIR"
        ) from error


@contextmanager
def _explaining_damage(target: Path, name: str) -> Iterator[None]:
    """Explain what to do with an exported model that is damaged and cannot be made anew."""
    was_there = target.exists()
    try:
        yield
    except StoreError as error:
        if not was_there:
            raise
        raise IntegrityError(
            f"{target} {NOT_AS_WRITTEN}, and it cannot be made anew: run `edgewise models remove {name}`, "
            f"then `edgewise models pull {name}` with a network ({error})"
        ) from error
