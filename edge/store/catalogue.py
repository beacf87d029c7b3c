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
    changed_ns: int = 0
    """Time of the last change of a file of the user's when its hash was taken, in nanoseconds; 0 in the store."""

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
    folder: str = ""
    """Folder of the user's own in which the files lie and stay; empty where they lie in the store."""
    precision: str = ""
    """Precision of a model file that runs as it is; empty where models are made of the files."""
    is_calibrated: bool = False
    """Whether edgewise brings what INT4 must know of the model (export.calibrate.known)."""
    sizes: tuple[int, ...] = ()
    """Sizes of a model of the user's own, in the order of `WhisperDims`; empty in the catalogue, which has names."""

    @property
    def size(self) -> int:
        """Bytes of all files of the asset, nearly where one was never fetched here."""
        return sum(file.expected_size for file in self.files)


@cache
def read_catalogue() -> Mapping[str, Asset]:
    """Read every asset, by its name, models first."""
    content = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))
    archives = {project: Archive(project=project, **fields) for project, fields in content["archives"].items()}
    return MappingProxyType({name: parse_asset(name, fields, archives) for name, fields in content["assets"].items()})


def parse_asset(name: str, fields: Mapping[str, Any], archives: Mapping[str, Archive]) -> Asset:
    """Make an asset of the fields of its table."""
    lists = {key: tuple(fields[key]) for key in ("aliases", "sizes") if key in fields}
    return Asset(
        name=name, **{**fields, **lists, "files": tuple(_file(dict(one), archives) for one in fields["files"])}
    )


def _file(fields: dict[str, Any], archives: Mapping[str, Archive]) -> AssetFile:
    members = tuple(Member(archives[member["archive"]], member["path"]) for member in fields.pop("members", ()))
    hub = tuple(HubFile(**file) for file in fields.pop("hub", ()))
    size, urls = fields.pop("size", None), tuple(fields.pop("urls", ()))
    return AssetFile(size=size, members=members, hub=hub, urls=urls, **fields)
