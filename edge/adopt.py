"""Makes a checkpoint or model file of the user's own a model by name.

It is read through before it is written down: what has a name can be run.
"""

from __future__ import annotations

import dataclasses
import os
import re
from pathlib import Path
from urllib.parse import urlsplit

from .errors import IntegrityError, ModelNotFoundError, OfflineError, OptionError, StoreError
from .files import sha256_of
from .prepare import read_source
from .progress import Progress, silent
from .store import Asset, AssetFile, Store, is_offline
from .store.download import announced_size
from .store.files import explained
from .store.http import Client, redacted
from .store.own import check_name
from .whisper.file.cost import n_weights
from .whisper.file.dims import WhisperDims

_MOST_BYTES = 20 << 30
"""Bytes that a file behind an address may have: three times the largest Whisper in float32."""

_READ = (".json", ".safetensors", ".txt", ".tiktoken", ".npz")
"""Endings of the files of a folder that a model is made of, besides CTranslate2's `model.bin`."""

_TABLES = "whisper-tables"
_SHA256 = re.compile(r"[0-9a-f]{64}")
_FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
_GGUF = b"GGUF"


def adopt(
    name: str,
    source: str,
    *,
    sha256: str | None = None,
    store: Store | None = None,
    offline: bool | None = None,
    progress: Progress | None = None,
) -> Asset:
    """Make `source` a model by name: a folder or file, which stays where it is, or an address, which is fetched.

    `sha256` is that of the weights' file, which an address must come with; for a folder with several, of one after the
    other in the order of their names.

    Raises:
        OptionError: the name cannot be or is taken, or an address comes without a hash.
        ModelNotFoundError: there is no such file.
        IntegrityError: the file has another hash.
        FormatError, UnsupportedModelError: it is no Whisper model.
        StoreError: it could not be fetched, or written down; OfflineError where the network is forbidden.
    """
    store, tell = store or Store(), progress or silent
    check_name(name, store.known())
    sha256 = sha256.lower() if sha256 is not None else None
    if sha256 is not None and not _SHA256.fullmatch(sha256):
        raise OptionError(f"sha256 is {sha256!r:.80}; expected 64 hexadecimal digits")
    if source.lower().startswith(("http://", "https://")):
        asset = _fetched(name, source, sha256, store, offline, tell)
    else:
        asset = _in_place(name, Path(os.path.expanduser(source)).absolute(), sha256, store, offline, tell)  # noqa: PTH111
    store.add(asset)
    return asset


def _fetched(name: str, url: str, sha256: str | None, store: Store, offline: bool | None, progress: Progress) -> Asset:
    try:
        urlsplit(url)
    except ValueError as error:
        raise OptionError(f"{url!r:.200} is no address: {error}") from None
    if sha256 is None:
        raise OptionError(f"{redacted(url)}: what an address serves may change: name its bytes with --sha256 HEX")
    if is_offline(offline):
        raise OfflineError(f"{redacted(url)}: the network is off; fetch the file elsewhere, and add it by its path")
    if urlsplit(url).username is not None:
        raise OptionError(f"{redacted(url)}: holds a password, which would be written down; put it into ~/.netrc")
    last = Path(urlsplit(url).path).name
    size = announced_size(Client(), url, _MOST_BYTES)
    file = AssetFile(last if _FILE_NAME.fullmatch(last) else "model", size, sha256, urls=(url,))
    asset = Asset(name, "whisper", "", "", (file,))
    path = store.bring(asset, offline=False, progress=progress) / file.name
    try:
        return _described(asset, path, sha256, store, offline, progress)
    except BaseException:
        store.discard(asset)
        raise


def _in_place(
    name: str, path: Path, sha256: str | None, store: Store, offline: bool | None, progress: Progress
) -> Asset:
    if not (path.is_file() or path.is_dir()):
        raise ModelNotFoundError(f"{path}: no such file or folder; expected a checkpoint, a model file or an address")
    try:
        str(path).encode()
    except UnicodeEncodeError:
        raise OptionError(f"{str(path)!r:.200}: its name is not UTF-8 and cannot be written down; rename it") from None
    folder, paths = (path, _parts(path)) if path.is_dir() else (path.parent, [path])
    with explained(folder):
        before = [one.stat() for one in paths]
        progress("reading", 0, 0)
        files = tuple(
            AssetFile(one.name, found.st_size, sha256_of(one), changed_ns=found.st_mtime_ns)
            for one, found in zip(paths, before, strict=True)
        )
    asset = Asset(name, "whisper", "", "", files, folder=str(folder))
    asset = _described(asset, path, sha256, store, offline, progress)
    if [one.stat().st_mtime_ns for one in paths] != [file.changed_ns for file in files]:
        raise StoreError(f"{path}: was written to while it was read; add it again when it is finished")
    return asset


def _parts(folder: Path) -> list[Path]:
    """List the files of a folder that a model is made of."""
    found = (path for path in folder.iterdir() if path.suffix in _READ or path.name == "model.bin")
    paths = sorted(path for path in found if path.is_file())
    if len(paths) < 2:
        raise ModelNotFoundError(f"{folder}: holds no checkpoint; expected weights, config.json and a vocabulary")
    return paths


def _described(
    asset: Asset, path: Path, sha256: str | None, store: Store, offline: bool | None, progress: Progress
) -> Asset:
    """Read a model through, and say of it what the list shows.

    Raises:
        IntegrityError: its weights have another hash than `sha256`.
    """
    with_tables = False

    def tables() -> Path:
        nonlocal with_tables
        with_tables = True
        return store.ensure(_TABLES, offline=offline, progress=progress)

    if path.is_file() and _begins_with(path, _GGUF):
        from .whisper.file.model import open_model

        with open_model(path) as model:
            dims, precision, found = model.dims, model.precision, asset.files[0].sha256
    else:
        (dims, found), precision = read_source(path, tables), ""
    if sha256 not in (None, found):
        raise IntegrityError(f"{path}: expected the SHA-256 {sha256}, found {found}; nothing was added")
    kind = f"a model file at {precision}" if precision else "a checkpoint"
    return dataclasses.replace(
        asset,
        summary=f"{kind} of yours, {n_weights(dims) / 1e6:.0f} M parameters",
        license="yours",
        needs=_TABLES if with_tables else "",
        precision=precision,
        sizes=tuple(getattr(dims, field.name) for field in dataclasses.fields(WhisperDims) if field.name != "layers"),
    )


def _begins_with(path: Path, magic: bytes) -> bool:
    with path.open("rb") as file:
        return file.read(len(magic)) == magic
