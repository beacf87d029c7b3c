"""The catalogue: every asset that the store knows, read from `catalogue.toml` beside this module."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any


@dataclass(frozen=True, slots=True)
class Archive:
    """One file of a pinned release on the Python package index."""

    project: str
    version: str
    filename: str
    """Name of the file on the index; the ending says whether it is a zip (`.whl`) or a `.tar.gz`."""
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Member:
    """One file inside an archive."""

    archive: Archive
    path: str
    """Exact name inside the archive; nothing is ever unpacked by a name that an archive chose."""


@dataclass(frozen=True, slots=True)
class HubFile:
    """One file of a Hugging Face repository at a pinned revision."""

    repository: str
    revision: str
    """Full commit hash, so that the address can never serve other bytes."""
    path: str


@dataclass(frozen=True, slots=True)
class AssetFile:
    """One file of an asset, as it lies in the cache."""

    name: str
    size: int | None
    """Bytes of the file; None where it was never fetched here, and its hash alone is pinned."""
    sha256: str
    members: tuple[Member, ...] = ()
    """Members of packages that hold these bytes; several are the parts of one file, in order."""
    hub: tuple[HubFile, ...] = ()
    """Files on the hub that hold these bytes, any of them."""
    urls: tuple[str, ...] = ()
    """Addresses that serve these bytes, any of them."""
    about: int = 0
    """Bytes that the file should have by what is in it, where the exact number is not known."""

    @property
    def expected_size(self) -> int:
        """Bytes of the file, or about as many."""
        return self.about if self.size is None else self.size


@dataclass(frozen=True, slots=True)
class Asset:
    """A model, a clip or a table: one file, or a folder of them."""

    name: str
    kind: str
    """Purpose of the asset, such as "whisper" or "voice activity"."""
    summary: str
    license: str
    files: tuple[AssetFile, ...]
    needs: str = ""
    """Name of an asset that it cannot be used without."""
    aliases: tuple[str, ...] = ()
    """Other names that people know it by."""

    @property
    def size(self) -> int:
        """Bytes of all files of the asset, nearly where one was never fetched here."""
        return sum(file.expected_size for file in self.files)


@cache
def read_catalogue() -> Mapping[str, Asset]:
    """Read every asset, by its name, models first."""
    content = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))
    archives = {project: Archive(project=project, **fields) for project, fields in content["archives"].items()}
    assets = {name: _asset(name, fields, archives) for name, fields in content["assets"].items()}
    return MappingProxyType(assets)


def _asset(name: str, fields: dict[str, Any], archives: Mapping[str, Archive]) -> Asset:
    files = tuple(_file(file, archives) for file in fields.pop("files"))
    return Asset(name=name, files=files, aliases=tuple(fields.pop("aliases", ())), **fields)


def _file(fields: dict[str, Any], archives: Mapping[str, Archive]) -> AssetFile:
    members = tuple(Member(archives[member["archive"]], member["path"]) for member in fields.pop("members", ()))
    hub = tuple(HubFile(**file) for file in fields.pop("hub", ()))
    size, urls = fields.pop("size", None), tuple(fields.pop("urls", ()))
    return AssetFile(size=size, members=members, hub=hub, urls=urls, **fields)
